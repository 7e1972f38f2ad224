/** Keeps the log small: of sessions that ended some time ago it deletes what was counted and queued, and later all that is left of them. */
import { serverStream, sessionStream } from "../domain/facts.ts";
import {
  compactSessions, sessionsCompactedType, type EndedPlace, type SessionsCompacted, type Superfluous,
} from "../domain/sessions-compacted.ts";
import { forgetSessions, type ForgottenSession } from "../domain/sessions-forgotten.ts";
import { retentionFactsMax, retentionRoundMs, retentionSessionsMax } from "../domain/limits.ts";
import type { Clock, Fact, Ids, Log, Store, StoredFact } from "../ports.ts";
import { Rhythm } from "../step/rhythm.ts";
import { SessionSource } from "./session-source.ts";
import { Superfluity } from "./superfluity.ts";

export interface RetentionOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Milliseconds after its end that a session is compacted, and forgotten. */
  readonly compactMs: number;
  readonly keepMs: number;
  /** Whether the store has more to do than it can: then this waits. */
  readonly busy: () => boolean;
}

/** What one portion did. */
interface Portion {
  readonly facts: number;
  readonly sessions: number;
  /** There is nothing to do before the next round. */
  readonly done: boolean;
}

/** Facts of a long session that go last, from its begin: with them a read model that is made anew says the same of it. */
const beginKept = 32;

const nothing: Portion = { facts: 0, sessions: 0, done: true };

export class Retention {
  readonly #options: RetentionOptions;
  readonly #source: SessionSource;
  readonly #rhythm: Rhythm;
  #place: SessionsCompacted | undefined;
  /** The session that was too long for one portion. */
  #reading: { readonly id: string; readonly after: number; readonly superfluity: Superfluity } | undefined;
  #round = { compactedFacts: 0, forgottenSessions: 0 };

  /** The store must have the projection `sessions`. */
  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#source = new SessionSource(options.store);
    const { clock, busy } = options;
    this.#rhythm = new Rhythm({ clock, busy, roundMs: retentionRoundMs, portion: () => this.#portion(), rounded: (failure) => this.#rounded(failure) });
  }

  /** Begins in a minute. */
  start(): void {
    this.#rhythm.start();
  }

  /** What is under way may still end. */
  stop(): void {
    this.#rhythm.stop();
  }

  #rounded(failure: { readonly error: unknown } | undefined): void {
    if (failure === undefined) return this.#report();
    this.#options.log.warn({ event: "history.kept", err: failure.error }, "what ended long ago could not be taken out of the log; it is tried again");
  }

  /** Returns whether there is more to do. */
  async #portion(): Promise<boolean> {
    const forgotten = await this.#forget();
    this.#round.forgottenSessions += forgotten.sessions;
    if (!forgotten.done) return true;
    const compacted = await this.#compact();
    this.#round.compactedFacts += compacted.facts;
    return !compacted.done;
  }

  async #forget(): Promise<Portion> {
    const { clock, keepMs, store } = this.#options;
    const due = await this.#source.endedUntil(clock.now() - keepMs, retentionSessionsMax);
    if (due.length === 0) {
      // The last of these facts names sessions still.
      if ((await this.#lastForgotten()) > 0) await this.#append(forgetSessions([]));
      return nothing;
    }
    const chosen: ForgottenSession[] = [];
    let facts = 0;
    for (const session of due) {
      const page = await store.read(sessionStream(session.host, session.id), 0, retentionFactsMax);
      if (page.length === retentionFactsMax) {
        // Too many for one commit: what a rebuilt read model needs goes last.
        if (chosen.length > 0) break;
        await this.#thin(session, page);
        return { facts: page.length, sessions: 0, done: false };
      }
      if (facts + page.length > retentionFactsMax) break;
      facts += page.length;
      chosen.push(session);
    }
    await this.#append(forgetSessions(chosen));
    return { facts, sessions: chosen.length, done: false };
  }

  async #thin({ host, id, endedAt }: ForgottenSession, page: readonly StoredFact[]): Promise<void> {
    const versions = page.slice(beginKept).flatMap(({ type, version }) => (type === "SessionEnded" ? [] : [version]));
    const { reached } = await this.#reached();
    await this.#mark([{ host, id, versions }], { reached, partly: { host, id, endedAt: endedAt ?? 0 } });
  }

  async #compact(): Promise<Portion> {
    const { clock, compactMs, store } = this.#options;
    const before = await this.#reached();
    const due = await this.#source.endedUntil(clock.now() - compactMs, retentionSessionsMax, before.reached ?? undefined);
    if (due.length === 0) return nothing;
    const chosen: Superfluous[] = [];
    let [room, reached, partly]: [number, EndedPlace | null, EndedPlace | null] = [retentionFactsMax, before.reached, null];
    for (const { host, id, endedAt } of due) {
      const reading = this.#reading?.id === id ? this.#reading : { id, after: 0, superfluity: new Superfluity() };
      const page = await store.read(sessionStream(host, id), reading.after, room);
      const versions = page.flatMap((fact) => reading.superfluity.see(fact));
      if (versions.length > 0) chosen.push({ host, id, versions });
      room -= page.length;
      if (room === 0) {
        // It may go on: so does the next portion.
        this.#reading = { ...reading, after: page.at(-1)?.version ?? reading.after };
        partly = { host, id, endedAt };
        break;
      }
      this.#reading = undefined;
      reached = { host, id, endedAt };
    }
    if (chosen.length > 0 || reached !== before.reached) await this.#mark(chosen, { reached, partly });
    return { facts: chosen.reduce((sum, { versions }) => sum + versions.length, 0), sessions: 0, done: false };
  }

  async #mark(sessions: readonly Superfluous[], place: SessionsCompacted): Promise<void> {
    await this.#append(compactSessions(sessions, place));
    this.#place = place;
  }

  /** Where the run before came to. */
  async #reached(): Promise<SessionsCompacted> {
    const last = (await this.#serverFacts()).findLast(({ type }) => type === sessionsCompactedType);
    return (this.#place ??= (last?.data as SessionsCompacted | undefined) ?? { reached: null, partly: null });
  }

  async #lastForgotten(): Promise<number> {
    const last = (await this.#serverFacts()).findLast(({ type }) => type === "SessionsForgotten");
    return (last?.data as { readonly sessions: readonly unknown[] } | undefined)?.sessions.length ?? 0;
  }

  #serverFacts(): Promise<readonly StoredFact[]> {
    return this.#options.store.read(serverStream, 0, retentionFactsMax);
  }

  async #append(fact: Pick<Fact, "type" | "v" | "data" | "forgets">): Promise<void> {
    const { store, clock, ids } = this.#options;
    if (this.#rhythm.stopped) return;
    await store.append(serverStream, "any", [{ ...fact, at: clock.now(), step: ids.next(), cause: null }]);
  }

  #report(): void {
    const { compactedFacts, forgottenSessions } = this.#round;
    this.#round = { compactedFacts: 0, forgottenSessions: 0 };
    if (compactedFacts + forgottenSessions === 0) return;
    this.#options.log.info({ event: "history.kept", compactedFacts, forgottenSessions }, "sessions that ended long ago were compacted and forgotten");
  }
}
