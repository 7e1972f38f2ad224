/** Sessions: each one folds, its later snapshots are what the facts before them give, and what is kept for it is what it still needs. */
import { evolveHeld, numberOfHeldKey, numberOfQueueKey, numberOfTakenKey, parseQueuedText, presenceKey } from "../domain/session-facts.ts";
import { fixes, type LogCheck, type Report } from "../log/verify/findings.ts";
import type { Content, StoredFact } from "../ports.ts";
import { HistoryError } from "./errors.ts";
import { contextProblem } from "./session-form.ts";
import { dataOf, evolveSession, type SessionMoment } from "./session-fold.ts";

/** Of sessions that have not ended. */
interface Living {
  /** undefined where it cannot be told: that was said already, or nothing is left that would tell. */
  moment: SessionMoment | undefined;
  /** Why it cannot be told. */
  problem: string | undefined;
  /** The last number that was queued before the fold began. */
  before: number;
  /** Numbers of its queue whose texts are missing still. */
  missing: Set<number>;
  /** Numbers of what waits until its client looks; as texts are seen, those whose texts are missing still. */
  held: Set<number>;
  /** Numbers of what another session has; as contents are seen, those of which none says so. */
  taken: Set<number>;
  /** Facts of it are known to be lost: what they said of what waits is not. */
  gapped: boolean;
}

export class SessionsCheck implements LogCheck {
  readonly #report: Report;
  readonly #isSalvaged: (stream: string, version: number) => boolean;
  readonly #living = new Map<string, Living>();
  #folded = false;

  /** `isSalvaged`: whether what came right before a fact is known to be lost. */
  constructor(report: Report, isSalvaged: (stream: string, version: number) => boolean) {
    this.#report = report;
    this.#isSalvaged = isSalvaged;
  }

  see(fact: StoredFact): void {
    const { stream, type, version, position } = fact;
    if (!stream.startsWith("session/")) return;
    const living = this.#living.get(stream) ?? { moment: undefined, problem: undefined, before: 0, missing: new Set(), held: new Set(), taken: new Set(), gapped: false };
    const gapped = this.#isSalvaged(stream, version);
    const before = gapped ? undefined : living.moment;
    if (gapped) {
      living.gapped = true;
      living.held.clear();
    }
    evolveHeld(living.held, fact);
    if (type === "StanzasTaken") for (const number of dataOf(fact, type).numbers) living.taken.add(number);
    try {
      const { moment, disagreements } = evolveSession(before, fact);
      const problem = moment && contextProblem(moment.machine.context, stream.split("/")[1] ?? "");
      if (problem !== undefined) throw new HistoryError(`position ${position} of the log: ${problem}`);
      living.moment = moment;
      if (moment !== undefined) living.problem = undefined;
      if (before === undefined) living.before = moment?.counts?.sent ?? 0;
      for (const { what, folded, recorded } of disagreements) {
        this.#wrong(`${stream}, position ${position}`, `${what} is ${text(recorded)} there, and ${text(folded)} by the facts before it`);
      }
    } catch (error) {
      living.moment = undefined;
      living.problem = error instanceof HistoryError ? error.message : `position ${position} of the log: it cannot be folded (${String(error)})`;
    }
    // Version 0.1.0 recorded no SessionEnded, and its machine is another one: nobody goes on with what has ended.
    const ended = type === "SessionEnded" || (type === "SessionTold" && dataOf(fact, type).state === "closed");
    if (ended) this.#living.delete(stream);
    else if (type === "SessionSnapshotTaken" || this.#living.has(stream)) this.#living.set(stream, living);
  }

  content(stream: string, { key, text: kept }: Content): void {
    if (!stream.startsWith("session/")) return;
    this.#expect();
    const thing = `content ${key} of ${stream}`;
    const living = this.#living.get(stream);
    const number = numberOfQueueKey(key);
    if (living === undefined) return this.#wrong(thing, "there is no such session, or it has ended");
    const held = numberOfHeldKey(key);
    if (held !== undefined) {
      if (!living.held.delete(held) && !living.gapped) this.#wrong(thing, "nothing says that this stanza waits until the client looks");
      return;
    }
    const taken = numberOfTakenKey(key);
    if (taken !== undefined) return this.#taken(thing, living, taken);
    if (number === undefined) {
      if (key !== presenceKey) this.#wrong(thing, "nothing of a session has such a key");
      return;
    }
    const { moment, missing } = living;
    // Of what was queued before the fold began the counts alone tell.
    const expected = missing.delete(number) || (number > (moment?.counts?.acknowledged ?? 0) && number <= living.before);
    if (moment !== undefined && !expected) this.#wrong(thing, "nothing says that this stanza waits to be acknowledged");
    try {
      parseQueuedText(kept);
    } catch (error) {
      this.#wrong(thing, (error as Error).message);
    }
  }

  end(): void {
    this.#expect();
    for (const [stream, { missing, held, taken, problem }] of this.#living) {
      if (problem !== undefined) this.#wrong(stream, `it cannot go on at the next start: ${problem}`);
      for (const number of missing) this.#wrong(`stanza ${number} of ${stream}`, "it waits to be acknowledged, and its text is not kept");
      for (const number of held) this.#wrong(`held stanza ${number} of ${stream}`, "it waits until the client looks, and its text is not kept");
      for (const number of taken) this.#wrong(`stanza ${number} of ${stream}`, "another session has it, and it is not kept as a copy");
    }
  }

  #taken(thing: string, { taken, moment, before }: Living, number: number): void {
    const isExpected = taken.delete(number) || moment === undefined || (number > (moment.counts?.acknowledged ?? 0) && number <= before);
    if (!isExpected) this.#wrong(thing, "nothing says that another session has this stanza");
  }

  /** Which texts are to be found is known once all facts were seen. */
  #expect(): void {
    if (this.#folded) return;
    this.#folded = true;
    for (const living of this.#living.values()) {
      living.missing = new Set(living.moment?.queue.map(({ number }) => number));
      // What is said of a stanza goes with it.
      living.taken = new Set([...living.taken].filter((number) => living.missing.has(number)));
    }
  }

  #wrong(thing: string, problem: string): void {
    this.#report({ thing, problem, fix: fixes.salvage });
  }
}

function text(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
