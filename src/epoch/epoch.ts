/** What lives as long as one opening of the store: how it begins, fails and ends. */
import type { StoreAdmin } from "../admin/api.ts";
import { AdminError } from "../admin/errors.ts";
import { stopCommitMs } from "../domain/limits.ts";
import { StoreFailedError } from "../log/errors.ts";
import { readMotd } from "../log/motd.ts";
import { pastSessions } from "../log/past-sessions.ts";
import { fakeSaltKey } from "../log/server-secret.ts";
import type { Store } from "../ports.ts";
import type { SessionHost } from "../session/host.ts";
import type { Observation } from "../session/observation.ts";
import { recoverSessions } from "../session/recovery.ts";
import type { Link } from "../xml/link.ts";
import { assemble, type AssemblyOptions, type Opened, type Parts } from "./assembly.ts";
import { epochFigures, type EpochFigures } from "./figures.ts";
import { within } from "./within.ts";

/** Opens the store, once for each epoch. `onFatal` is told if a commit fails later on. */
export type OpenStore = (onFatal: (error: Error) => void) => Promise<Store>;

/** What lives longer than an epoch. */
export interface EpochOptions extends AssemblyOptions {
  readonly openStore: OpenStore;
  /** Told of what goes on after an epoch that could not begin. */
  readonly onLeaving: (leaving: Leaving) => void;
}

/** What is left of an epoch for a while. */
export interface Leaving {
  /** Resolves when no session has a link any more. */
  readonly sessions: Promise<void>;
  /** Resolves when the store is closed. */
  readonly store: Promise<void>;
}

export class Epoch {
  /** When it began, ms since 1970. */
  readonly since: number;
  /** Resolves if it is over because its store failed. Then every session is being closed, and nothing that was not durable will leave. */
  readonly failed: Promise<Error>;
  readonly #options: EpochOptions;
  readonly #store: Store;
  readonly #parts: Parts;
  /** Ends the work that cannot be done any more. */
  readonly #waiting = new Set<(error: Error) => void>();
  #failure: Error | undefined;
  #over = false;
  #reportFailure!: (error: Error) => void;

  /** Everything is in its place when it resolves, and nobody was let in. Rejects with what the opening rejects with. */
  static async open(options: EpochOptions): Promise<Epoch> {
    const opening: { epoch?: Epoch; failure?: Error } = {};
    const store = await options.openStore((error) => {
      opening.failure ??= error;
      opening.epoch?.fail(error);
    });
    try {
      const saltKey = await fakeSaltKey(store, options);
      const motd = await readMotd(store);
      const epoch = (opening.epoch = new Epoch(options, { store, saltKey, motd }));
      const broken = epoch.failed.then((error) => Promise.reject(error));
      // Who was there before is restored here, before the first link and, at the start, before any listener.
      await Promise.race([epoch.#recover(), broken]);
      if (opening.failure !== undefined) throw opening.failure;
      // Accounts may have been deleted while nobody ran.
      void options.uploads?.forgetStrangers((owner) => epoch.#exists(owner)).catch((err: unknown) => options.log.error({ err }, "files of accounts that are no more could not be removed"));
      epoch.#parts.keeping.start();
      return epoch;
    } catch (error) {
      options.onLeaving(opening.epoch?.leave() ?? { sessions: Promise.resolve(), store: store.close() });
      throw error;
    }
  }

  private constructor(options: EpochOptions, opened: Omit<Opened, "onFailed">) {
    options.tally.storeOpenings += 1;
    this.since = options.clock.now();
    this.failed = new Promise((resolve) => (this.#reportFailure = resolve));
    this.#options = options;
    this.#store = opened.store;
    this.#parts = assemble(options, { ...opened, onFailed: (error) => this.fail(error) });
  }

  /** For as long as the epoch lasts: `untilFailed` says when it does not. */
  get admin(): StoreAdmin {
    return this.#parts.admin;
  }

  get observation(): Observation {
    return this.#parts.observation;
  }

  /** Sessions that live. */
  get size(): number {
    return this.#parts.sessions.size;
  }

  /** For operators, as it is now. */
  get figures(): EpochFigures {
    return epochFigures(this.#parts);
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  begin(link: Link): void {
    this.#parts.sessions.begin(this.#parts.environment, link);
  }

  /** A component connects. */
  beginComponent(link: Link): void {
    this.#parts.components.begin(link);
  }

  find(idOrFullJid: string): SessionHost | undefined {
    return this.#parts.sessions.find(idOrFullJid);
  }

  /** Does `work` unless the epoch ends before it is done: then it rejects with AdminError store-failed, also if the work itself hangs. */
  untilFailed<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      const explain = (error: unknown): void => reject(error instanceof StoreFailedError ? interrupted() : (error as Error));
      Promise.resolve().then(work).then(resolve, explain).finally(() => this.#waiting.delete(reject));
    });
  }

  /** Memory is ahead of the disk: nobody goes on with it. Only the first call counts, and none after `stop`. */
  fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = error;
    const { batch, sessions, components, keeping, stopWatching } = this.#parts;
    stopWatching();
    keeping.stop();
    // Before the sessions: what they record of their end would else be waited for.
    batch.abandon(error);
    sessions.fail();
    components.fail();
    for (const reject of this.#waiting) reject(interrupted());
    this.#waiting.clear();
    this.#reportFailure(error);
  }

  /**
   * Ends the sessions in order, with the last commit. Rejects if the store fails over it, or the commit does not end in time.
   * `close` or `leave` follows.
   */
  async stop(): Promise<void> {
    const known = this.#failure;
    const { batch, sessions, components, keeping } = this.#parts;
    keeping.stop();
    // First, so that clients are told who goes.
    components.stop();
    await sessions.stop();
    const inTime = await within(this.#options.clock, stopCommitMs, batch.settle());
    this.#over = true;
    if (this.#failure !== undefined && this.#failure !== known) throw this.#failure;
    if (!inTime) throw new Error(`the last commit did not end within ${stopCommitMs / 1000} s; what it held may be lost`);
  }

  /** Lets go of the store and of every session that is still there: what can be resumed is on the disk. */
  async close(): Promise<void> {
    this.#endWork();
    this.#parts.sessions.abandon();
    this.#parts.components.abandon();
    await this.#store.close();
  }

  /** After a failure. Sessions get a while to read why. */
  leave(): Leaving {
    this.#endWork();
    const { sessions } = this.#parts;
    return { sessions: sessions.stop().then(() => sessions.abandon()), store: this.#store.close() };
  }

  #endWork(): void {
    this.#over = true;
    const { keeping, stopWatching, end } = this.#parts;
    stopWatching();
    keeping.stop();
    end();
  }

  #exists(bareJid: string): Promise<boolean> {
    const at = bareJid.indexOf("@");
    return this.#parts.accounts.exists(bareJid.slice(at + 1), bareJid.slice(0, at));
  }

  async #recover(): Promise<void> {
    const { services, environment, sessions, past, batch, invitations } = this.#parts;
    for (const service of services.all()) await service.load?.();
    const recovered = await recoverSessions(environment, sessions, pastSessions(past));
    for (const service of services.all()) service.sessionsRestored?.();
    await invitations.begin();
    await batch.settle();
    if (recovered.resumable + recovered.ended > 0) this.#options.log.info(recovered, "sessions of before were recovered");
  }
}

function interrupted(): AdminError {
  const problem = "it failed before the request was done, so that may or may not have happened";
  return new AdminError("store-failed", `the store: ${problem}; it is opened again by itself: look, and ask again in a moment`);
}
