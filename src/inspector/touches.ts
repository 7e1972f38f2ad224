/** Whom the steps of watched sessions touch: what they, or what follows from them, deliver to other sessions. */
import { inspectorStepsMax } from "../domain/limits.ts";
import type { SessionHost } from "../session/host.ts";
import type { Step } from "../session/watching.ts";
import type { Element } from "../xml/element.ts";
import type { StanzaOutline } from "../history/seen.ts";

export interface Touch {
  /** When, ms since 1970. */
  readonly at: number;
  /** The watched session's own step. */
  readonly step: string;
  readonly other: { readonly session: string; readonly jid: string | null };
  readonly stanza: StanzaOutline;
}

/** Whose steps they are. */
export interface Toucher {
  readonly id: string;
  touched(touch: Touch): void;
}

export class Touches {
  readonly #running = new WeakMap<Step, Set<Toucher>>();
  /** The last steps, by their ids, oldest first. */
  readonly #recent = new Map<string, Set<Toucher>>();

  /** What the step does from now on is this session's doing, beside that of others. */
  note(step: Step, toucher: Toucher): void {
    const known = this.#running.get(step);
    if (known !== undefined) {
      known.add(toucher);
      return;
    }
    const touchers = new Set([toucher]);
    this.#running.set(step, touchers);
    this.#recent.set(step.id, touchers);
    if (this.#recent.size > inspectorStepsMax) this.#recent.delete(this.#recent.keys().next().value!);
  }

  /** Steps of other sessions cost no more than two look-ups: they get no id here. */
  delivered(to: SessionHost, step: Step, element: Element): void {
    const own = this.#running.get(step);
    const causing = step.cause === null ? undefined : this.#recent.get(step.cause);
    if (own === undefined && causing === undefined) return;
    const other = { session: to.id, jid: to.connected ? to.jid.full : null };
    const stanza = outlineOf(element);
    const tell = (touchers: Iterable<Toucher>, by: string): void => {
      for (const toucher of touchers) if (toucher.id !== to.id) toucher.touched({ at: step.at, step: by, other, stanza });
    };
    if (own !== undefined) tell(own, step.id);
    if (causing !== undefined && step.cause !== null) tell([...causing].filter((toucher) => own?.has(toucher) !== true), step.cause);
  }

  clear(): void {
    this.#recent.clear();
  }
}

function outlineOf({ name, attrs }: Element): StanzaOutline {
  const { type = null, id = null, from = null, to = null } = attrs as { readonly [name in "type" | "id" | "from" | "to"]?: string | null };
  return { name, type, id, from, to };
}
