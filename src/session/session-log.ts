/** A session's stream in the log, from authentication on: snapshots, and everything that happened between them. */
import { recordSnapshot, type SessionSnapshot } from "../../machines/fold.ts";
import { sessionStream } from "../domain/facts.ts";
import { eventsPerSnapshotMin } from "../domain/limits.ts";
import { sessionFactVersions, type Counts, type SessionFacts, type SessionFactType } from "../domain/session-facts.ts";
import type { Json } from "../ports.ts";
import type { NewFact, Step } from "../step/batch.ts";

/** What lies beside the machine and is part of a snapshot. */
export interface Beside {
  readonly counts: Counts | null;
  readonly lang: string | null;
}

type Extras = Pick<NewFact, "contents" | "erases">;

export class SessionLog {
  readonly #id: string;
  readonly #beside: () => Beside;
  #stream: string | undefined;
  /** Since the last snapshot. */
  #facts = 0;
  #factChars = 0;
  #snapshotChars = 0;
  #ended = false;

  /** Those who hear of what is recorded wait until it is durable: so it is for a session that counts stanzas. */
  binding = false;

  constructor(id: string, beside: () => Beside) {
    this.#id = id;
    this.#beside = beside;
  }

  /** Whether there is a stream: not before authentication. */
  get begun(): boolean {
    return this.#stream !== undefined;
  }

  /** undefined before authentication. */
  get stream(): string | undefined {
    return this.#stream;
  }

  begin(host: string): void {
    this.#stream = sessionStream(host, this.#id);
  }

  /** Often enough that folding stays short, and never so often that snapshots outweigh what they sum up. */
  get snapshotDue(): boolean {
    return this.#facts >= eventsPerSnapshotMin && this.#factChars >= this.#snapshotChars;
  }

  /** Returns its ticket; 0 where there is no stream yet. */
  record<Type extends SessionFactType>(step: Step, type: Type, data: SessionFacts[Type], extras: Extras = {}, binding = this.binding): number {
    if (this.#stream === undefined) return 0;
    const chars = type === "StanzaQueued" ? queuedChars : JSON.stringify(data).length;
    this.#facts += 1;
    this.#factChars += chars;
    return step.record(this.#stream, { ...this.#fact(type, data, extras), chars }, binding);
  }

  recordLast<Type extends SessionFactType>(step: Step, type: Type, data: () => SessionFacts[Type]): number {
    if (this.#stream === undefined) return 0;
    this.#facts += 1;
    this.#factChars += countChars;
    return step.recordLast(this.#stream, () => (this.#ended ? undefined : this.#fact(type, data(), {})));
  }

  /** Nothing follows. */
  recordEnd(step: Step, data: SessionFacts["SessionEnded"], extras: Extras): void {
    this.record(step, "SessionEnded", data, extras);
    this.#ended = true;
    step.ifDiscarded(() => (this.#ended = false));
  }

  recordSnapshot(step: Step, snapshot: SessionSnapshot, extras: Extras = {}): void {
    if (this.#stream === undefined || this.#ended) return;
    const data = { ...recordSnapshot(snapshot), ...this.#beside() } as unknown as SessionFacts["SessionSnapshotTaken"];
    const chars = (this.#snapshotChars = JSON.stringify(data).length);
    this.#facts = this.#factChars = 0;
    step.record(this.#stream, { ...this.#fact("SessionSnapshotTaken", data, extras), chars }, this.binding);
  }

  #fact<Type extends SessionFactType>(type: Type, data: SessionFacts[Type], extras: Extras): NewFact {
    return { type, v: sessionFactVersions[type], data: data as unknown as Json, ...extras };
  }
}

/** About what a count takes, and what is recorded of a queued stanza. */
const countChars = 20;
const queuedChars = 200;
