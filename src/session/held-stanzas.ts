/**
 * What was to be sent to a client and waits, because an extension holds it back: of each subject the latest only, in the order in which
 * those came, bounded. Where the session outlives the process, so does what nothing else would tell of afterwards.
 */
import type { SessionContext } from "../../machines/session-context.ts";
import { heldCharsMax, heldStanzasMax } from "../domain/limits.ts";
import { heldKey, heldThrough, recordedId } from "../domain/session-facts.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace, stanzaKindOf } from "../xml/stanza.ts";
import type { HeldNote } from "./environment.ts";
import type { SessionLog } from "./session-log.ts";

/** One that waited when the process died. */
export interface RestoredHeld {
  readonly number: number;
  readonly element: Element;
}

interface Held {
  /** Greater than that of all that came before it. */
  readonly place: number;
  readonly element: Element;
  readonly chars: number;
  /** The next server knows it by itself. */
  readonly rebuilt: boolean;
  /** Under which it is recorded, or was recorded what it has outdated; undefined if neither is. */
  readonly number: number | undefined;
}

/** The part of the host that this needs. */
export interface HoldingHost {
  readonly context: SessionContext;
  readonly management: { sumUp(step: Step): void };
}

export class HeldStanzas {
  readonly #host: HoldingHost;
  readonly #log: SessionLog;
  #stanzas = new Map<string, Held>();
  #chars = 0;
  #places = 0;
  /** The last number of those that are recorded; 0 for none. */
  #last = 0;

  constructor(host: HoldingHost, log: SessionLog, restored: readonly RestoredHeld[] = []) {
    this.#host = host;
    this.#log = log;
    for (const { number, element } of restored) {
      this.#stanzas.set(`restored ${number}`, { place: (this.#places += 1), element, chars: 0, rebuilt: false, number });
      this.#last = number;
    }
  }

  /** Takes the place of what is held of the same subject. Returns false, and holds nothing more, where there is no room. */
  add(step: Step, element: Element, { subject, rebuilt = false }: HeldNote): boolean {
    if (stanzaKindOf(element) === undefined) return false;
    const stanzas = this.#stanzas;
    const text = serialise(element, clientNamespace);
    const before = stanzas.get(subject);
    const more = text.length - (before?.chars ?? 0);
    if (this.#chars + more > heldCharsMax || (before === undefined && stanzas.size >= heldStanzasMax)) return false;
    const number = rebuilt || !this.#outlives ? before?.number : this.#record(step, element, text, before?.number);
    // What came between the two of them stays before the second one.
    stanzas.delete(subject);
    stanzas.set(subject, { place: (this.#places += 1), element, chars: text.length, rebuilt, number });
    this.#chars += more;
    step.ifDiscarded(() => {
      stanzas.delete(subject);
      if (before !== undefined) putBack(stanzas, subject, before);
      this.#chars -= more;
    });
    return true;
  }

  /** All of it, which waits no more. */
  take(step: Step): readonly Element[] {
    if (this.#stanzas.size === 0) return [];
    const [stanzas, chars, last] = [this.#stanzas, this.#chars, this.#last];
    this.#stanzas = new Map();
    this.#chars = this.#last = 0;
    step.ifDiscarded(() => {
      this.#stanzas = stanzas;
      this.#chars = chars;
      this.#last = last;
    });
    if (last > 0) this.#log.record(step, "HeldStanzasReleased", { through: last }, { erases: heldThrough(last) }, false);
    return [...stanzas.values()].map(({ element }) => element);
  }

  /** The session has come to outlive the process: what has waited until now does so too. */
  outlive(step: Step): void {
    if (!this.#outlives) return;
    const stanzas = this.#stanzas;
    for (const [subject, held] of stanzas) {
      if (held.rebuilt || held.number !== undefined) continue;
      const number = this.#record(step, held.element, serialise(held.element, clientNamespace), undefined);
      stanzas.set(subject, { ...held, number });
      step.ifDiscarded(() => stanzas.set(subject, held));
    }
  }

  get #outlives(): boolean {
    return this.#host.context.management === "resumable";
  }

  /** Nobody waits until it is on the disk: what nobody was told of may be lost. Returns its number. */
  #record(step: Step, element: Element, text: string, replaces: number | undefined): number {
    const number = this.#last + 1;
    this.#last = number;
    step.ifDiscarded(() => (this.#last = number - 1));
    const { type, id, from = null } = element.attrs as { readonly type?: string; readonly id?: string; readonly from?: string };
    const data = { number, kind: stanzaKindOf(element) ?? "message", type: recordedId(type) ?? "", id: recordedId(id), from, replaces: replaces ?? null };
    const erases = replaces === undefined ? {} : { erases: [heldKey(replaces)] };
    this.#log.record(step, "StanzaHeld", data, { contents: [{ key: heldKey(number), text }], ...erases }, false);
    this.#host.management.sumUp(step);
    return number;
  }
}

/** Where it was. */
function putBack(stanzas: Map<string, Held>, subject: string, held: Held): void {
  const all = [...stanzas, [subject, held] as const].toSorted(([, a], [, b]) => a.place - b.place);
  stanzas.clear();
  for (const [subject, held] of all) stanzas.set(subject, held);
}
