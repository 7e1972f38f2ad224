/**
 * One epoch after another: when the store fails, its epoch ends, and as soon as the store can be opened again the next one begins.
 * Between them streams are told to come back, and operators too.
 */
import type { StoreAdmin } from "../admin/api.ts";
import { AdminError } from "../admin/errors.ts";
import { turnAway } from "../component/refusal.ts";
import { reopenDelayMsMax, reopenDelayMsMin, stopCommitMs, stopSessionsMs } from "../domain/limits.ts";
import { StoreLockedError, StoreOpenError, type StoreOpenCode } from "../log/errors.ts";
import type { SessionHost } from "../session/host.ts";
import type { Observation } from "../session/observation.ts";
import type { Link } from "../xml/link.ts";
import { Doorkeeper } from "./doorkeeper.ts";
import { Epoch, type EpochOptions, type Leaving } from "./epoch.ts";
import type { EpochFigures } from "./figures.ts";
import { within } from "./within.ts";

export interface SuccessionOptions extends Omit<EpochOptions, "onLeaving"> {
  /** A store that cannot be opened twice has one epoch. */
  readonly reopens: boolean;
  /** The last epoch has ended by its store's failure, and there will be no other. */
  readonly onOver: (error: Error) => void;
  /** Another epoch has begun, after one that failed. */
  readonly onEpoch: () => void;
}

export class Succession {
  /** Rejects with AdminError store-failed between two epochs. */
  readonly admin: StoreAdmin;
  readonly #options: SuccessionOptions;
  readonly #doorkeeper: Doorkeeper;
  #current: Epoch | undefined;
  /** What is left of former epochs: sessions that are being closed, and stores. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #held = new Set<Promise<void>>();
  /** Settles when the attempts to begin the next epoch have come to an end. */
  #reopening: Promise<void> | undefined;
  #delayMs = reopenDelayMsMin;
  #wake: (() => void) | undefined;
  /** Why there is no epoch now. */
  #why = "see the server's log";
  /** Nobody is let in any more, and no other epoch begins. */
  #over = false;
  /** Settles when nothing is under way of other epochs, or when that has been waited for long enough. */
  #cleared: Promise<void> | undefined;

  constructor(options: SuccessionOptions) {
    const { clock, ids, log, config, tally } = options;
    this.#options = options;
    this.#doorkeeper = new Doorkeeper({
      refused: tally.refused,
      clock,
      ids,
      log,
      hosts: config.hosts.map((host) => host.domain),
      negotiationMs: config.session.negotiationTimeoutMs,
      closingMs: config.session.closeTimeoutMs,
    });
    this.admin = adminOf((work) => this.#ask(work));
  }

  /** The first epoch. Rejects, with nothing left open, if its store cannot be opened. */
  async begin(): Promise<void> {
    try {
      this.#install(await this.#open());
    } catch (error) {
      await this.#allLeft();
      throw error;
    }
  }

  receive(link: Link): void {
    if (this.#over) link.destroy();
    else if (this.#current === undefined) this.#doorkeeper.receive(link);
    else this.#current.begin(link);
  }

  receiveComponent(link: Link): void {
    const { clock, ids, config } = this.#options;
    if (this.#over) link.destroy();
    else if (this.#current === undefined) turnAway(link, { clock, ids, closingMs: config.session.closeTimeoutMs });
    else this.#current.beginComponent(link);
  }

  find(idOrFullJid: string): SessionHost | undefined {
    return this.#current?.find(idOrFullJid);
  }

  /** Of the epoch that is now; undefined between two. */
  get observation(): Observation | undefined {
    return this.#current?.observation;
  }

  /** undefined between two epochs. */
  get now(): EpochFigures | undefined {
    return this.#current?.figures;
  }

  /** Why clients are sent away now; undefined if they are not. */
  get unready(): string | undefined {
    if (this.#over) return "the server is stopping";
    return this.#current === undefined ? `the store is being opened again (${this.#why})` : undefined;
  }

  /** For the log: sessions of the epoch that is now, and logins that have failed since the process began. */
  get figures(): { readonly sessions: number; readonly loginFailures: Readonly<Record<string, number>> } {
    return { sessions: this.#current?.size ?? 0, loginFailures: Object.fromEntries(this.#options.tally.loginsFailed) };
  }

  /** Ends all sessions in order. Rejects if the last commit failed or came too late. `close` follows. */
  async stop(): Promise<void> {
    this.#over = true;
    this.#wake?.();
    this.#doorkeeper.close();
    await Promise.all([this.#current?.stop(), (this.#cleared ??= this.#clear())]);
  }

  async close(): Promise<void> {
    this.#over = true;
    this.#wake?.();
    this.#doorkeeper.close();
    await (this.#cleared ??= this.#clear());
    await this.#current?.close();
  }

  async #open(): Promise<Epoch> {
    return Epoch.open({ ...this.#options, onLeaving: (left) => this.#track(left) });
  }

  #install(epoch: Epoch): void {
    this.#current = epoch;
    void epoch.failed.then((error) => this.#end(epoch, error));
  }

  #end(epoch: Epoch, error: Error): void {
    const { log, clock, reopens, onOver } = this.#options;
    const { sessions, loginFailures } = this.figures;
    // Who stops the server is told by `stop`.
    if (this.#over) return;
    if (!reopens) {
      log.error({ event: "store.failed", err: error, loginFailures }, "the store failed: every session is closed");
      this.#over = true;
      onOver(error);
      return;
    }
    log.error(
      { event: "store.failed", err: error, sessions, loginFailures },
      `the store failed: every session is closed, and the store is opened again by itself (${error.message}); see to its disk`,
    );
    this.#current = undefined;
    this.#why = error.message;
    this.#track(epoch.leave());
    if (clock.now() - epoch.since >= reopenDelayMsMax) this.#delayMs = reopenDelayMsMin;
    this.#reopening = this.#reopen(clock.now());
  }

  /** Tries until it is done, until it is of no use, or until the server stops. */
  async #reopen(failedAt: number): Promise<void> {
    const { log, clock, onOver } = this.#options;
    for (let attempts = 1; ; attempts += 1) {
      await this.#pause();
      if (this.#over) return;
      try {
        const epoch = await this.#open();
        if (this.#over) return this.#track(epoch.leave());
        this.#install(epoch);
        this.#options.onEpoch();
        log.info({ event: "store.reopened", attempts, downMs: clock.now() - failedAt }, "the store is open again: sessions can begin");
        this.#doorkeeper.handOver((link) => epoch.begin(link));
        return;
      } catch (error) {
        if (this.#over) return;
        this.#why = this.#explain(error);
        if (isHopeless(error)) {
          log.error({ event: "store.lost", err: error, attempts }, `the store cannot be opened again: ${error.message}`);
          this.#over = true;
          this.#doorkeeper.close();
          onOver(error);
          return;
        }
        log.error({ event: "store.closed", err: error, attempts }, `${this.#why}; the next attempt is in ${this.#delayMs / 1000} s`);
      }
    }
  }

  /** Longer from time to time: also for a store that can be opened and then fails at once. */
  async #pause(): Promise<void> {
    const { clock } = this.#options;
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(2 * delayMs, reopenDelayMsMax);
    await within(clock, delayMs, new Promise<void>((resolve) => (this.#wake = resolve)));
    this.#wake = undefined;
  }

  #explain(error: unknown): string {
    const message = error instanceof Error ? error.message : String(error);
    if (!(error instanceof StoreLockedError) || this.#held.size === 0) return message;
    return `${error.file}: a commit of this server that counts as failed has not ended, and still holds it; look at the disk`;
  }

  #track({ sessions, store }: Leaving): void {
    const { log } = this.#options;
    const keep = (until: Set<Promise<void>>, left: Promise<void>, thing: string): void => {
      const gone: Promise<void> = left
        .catch((error: unknown) => log.warn({ event: "store.left", err: error }, `${thing} of an epoch that is over could not be closed in order`))
        .finally(() => until.delete(gone));
      until.add(gone);
    };
    keep(this.#leaving, sessions, "the sessions");
    keep(this.#held, store, "the store");
  }

  async #allLeft(): Promise<void> {
    await Promise.all([...this.#leaving, ...this.#held]);
  }

  /** Waits for what is under way of other epochs than this one, but not for a disk that hangs. */
  async #clear(): Promise<void> {
    const { clock, log } = this.#options;
    const gone = (async () => {
      await this.#reopening;
      await this.#allLeft();
    })();
    if (await within(clock, stopSessionsMs + stopCommitMs, gone)) return;
    log.error({ event: "store.held" }, "the store that failed could not be closed: a commit of it has not ended; look at its disk");
  }

  async #ask<Result>(work: (admin: StoreAdmin) => Result | Promise<Result>): Promise<Result> {
    const epoch = this.#current;
    if (epoch === undefined || epoch.failure !== undefined) throw closed(this.#over, epoch?.failure?.message ?? this.#why);
    return epoch.untilFailed(() => work(epoch.admin));
  }
}

/** What no other attempt can mend, and nobody but an operator with the file in hand. */
const hopeless = new Set<StoreOpenCode>(["not-a-database", "damaged", "foreign", "newer", "lost-database", "projection", "no-driver"]);

function isHopeless(error: unknown): error is StoreOpenError {
  return error instanceof StoreOpenError && hopeless.has(error.code);
}

function closed(over: boolean, why: string): AdminError {
  const now = over ? "failed, and the server ends; start it again" : "failed and is being opened again; try again in a moment";
  return new AdminError("store-failed", `the store: it ${now} (${why})`);
}

type Operation = keyof StoreAdmin;
type Asking = <Result>(work: (admin: StoreAdmin) => Result | Promise<Result>) => Promise<Result>;

/** Each once; the types keep it whole. */
const operations = Object.keys({
  userAdd: true,
  userPasswd: true,
  userDelete: true,
  userDisable: true,
  userEnable: true,
  userDevices: true,
  userRevoke: true,
  userDisabled: true,
  userList: true,
  userImport: true,
  userInvite: true,
  userInvitations: true,
  userUninvite: true,
  userInvitation: true,
  roster: true,
  explainPresence: true,
  sessionsEnd: true,
  announce: true,
  motd: true,
  motdSet: true,
  motdDelete: true,
  accountExport: true,
  accountsExport: true,
  accountsImport: true,
  archiveExport: true,
  archiveImport: true,
  archivedId: true,
  streamFacts: true,
  allFacts: true,
  streamContents: true,
  sessionsById: true,
  sessionsOf: true,
  newestSessionsOf: true,
  newestSessions: true,
  newestSessionsOfNames: true,
  logStats: true,
  backup: true,
  sessions: true,
} satisfies Readonly<Record<Operation, true>>) as readonly Operation[];

/** The same operations, each of whatever epoch it is when it is asked for. */
function adminOf(ask: Asking): StoreAdmin {
  type Run = (...values: readonly unknown[]) => unknown;
  const entries = operations.map((name) => [name, (...values: readonly unknown[]) => ask((admin) => (admin[name] as Run)(...values))]);
  return Object.fromEntries(entries) as StoreAdmin;
}
