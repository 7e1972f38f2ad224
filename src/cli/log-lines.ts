/** Facts as lines for people: when and where, what happened, what state it left; steps and their causes can be seen. */
import { dataOf } from "../history/session-fold.ts";
import { sessionIdOf } from "../history/session-past.ts";
import { time } from "../history/plain-words.ts";
import { factWords } from "../history/words.ts";
import type { StoredFact } from "../ports.ts";
import { visible } from "./history-access.ts";
import { style } from "./terminal.ts";

/** Steps whose places are remembered, to be named as causes. */
const stepsMax = 10_000;

export class LogLines {
  /** By stream, how its lines are called; without any, there is but one. */
  readonly #names: ReadonlyMap<string, string> | undefined;
  readonly #steps = new Map<string, number>();
  #step = "";
  /** Characters of the longest name, and how many names there were then: sessions come while a log is followed. */
  #width = 0;
  #known = 0;

  constructor(names?: ReadonlyMap<string, string>) {
    this.#names = names;
  }

  /** `content`: what the fact carried, if it is to be shown. */
  line(fact: StoredFact, content?: string): string {
    const { at, position, stream, step, cause } = fact;
    const isFirst = step !== this.#step;
    this.#step = step;
    const name = this.#names === undefined ? [] : [paint("1", this.#nameOf(this.#names, stream))];
    const state = stateAfter(fact);
    const place = isFirst && cause !== null ? this.#steps.get(cause) : undefined;
    const parts = [
      paint("2", time(at)),
      paint("36", String(position).padStart(7)),
      isFirst ? "●" : "│",
      ...name,
      fact.type === "SessionSnapshotTaken" ? paint("2", factWords(fact)) : visible(factWords(fact)),
      ...(state === undefined ? [] : [paint(colourOf(state), `→ ${state}`)]),
      ...(place === undefined ? [] : [paint("2", `← ${place}`)]),
    ];
    this.#remember(step, position);
    const below = content === undefined ? [] : [`${" ".repeat(34)}${visible(content)}`];
    return [parts.join(" "), ...below].join("\n");
  }

  #nameOf(names: ReadonlyMap<string, string>, stream: string): string {
    if (names.size !== this.#known) this.#width = Math.max(...[...names.values()].map(({ length }) => length));
    this.#known = names.size;
    return (names.get(stream) ?? `session ${sessionIdOf(stream).slice(0, 6)}`).padEnd(this.#width);
  }

  /** A step is known by its first fact. */
  #remember(step: string, position: number): void {
    if (this.#steps.has(step)) return;
    this.#steps.set(step, position);
    if (this.#steps.size > stepsMax) this.#steps.delete(this.#steps.keys().next().value ?? "");
  }
}

/** The state that a session is in since; undefined where a fact changes none. */
export function stateAfter(fact: StoredFact): string | undefined {
  return fact.type === "SessionTold" ? dataOf(fact, "SessionTold").state : undefined;
}

function colourOf(state: string): string {
  if (state === "closing" || state === "closed") return "31";
  return state.includes("hibernating") ? "33" : "32";
}

function paint(code: string, text: string): string {
  return style(code, visible(text), process.stdout);
}
