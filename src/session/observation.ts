/** What can be seen of all sessions of an epoch: summaries, totals, and everything about those that somebody watches. */
import type { SessionSummary } from "../domain/session-summary.ts";
import type { SessionSnapshot } from "../../machines/fold.ts";
import type { Counts } from "../domain/session-facts.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import type { SessionHost } from "./host.ts";
import { Summaries } from "./summary.ts";
import type { SessionWatcher } from "./watching.ts";

/** A session when somebody began to watch it. */
export interface Watched {
  readonly summary: SessionSummary;
  /** Where its log is: null before authentication, when it has none. */
  readonly stream: string | null;
  readonly snapshot: SessionSnapshot;
  readonly counts: Counts | null;
  readonly lang: string | null;
  /** Ends it. Does nothing after the session's end. */
  stop(): void;
}

export interface Totals {
  readonly sessions: number;
  /** Events that machines were told since the epoch began. */
  readonly told: number;
  /** Failed logins by reason, since the process began. */
  readonly loginFailures: Readonly<Record<string, number>>;
}

/** Told of everything that is delivered to any session, while somebody wants to know. */
export type DeliveryWatcher = (to: SessionHost, step: Step, element: Element) => void;

/** Told of each session that begins, before it says or hears anything. */
export type BeginWatcher = (session: SessionHost) => void;

export class Observation {
  /** Events that machines were told. */
  told = 0;
  readonly #deliveryWatchers = new Set<DeliveryWatcher>();
  readonly #beginWatchers = new Set<BeginWatcher>();
  #onDelivery: DeliveryWatcher | undefined;
  #onBegun: BeginWatcher | undefined;
  readonly #summaries = new Summaries();
  readonly #sessions: () => Iterable<SessionHost>;
  readonly #find: (id: string) => SessionHost | undefined;
  readonly #loginFailures: () => Readonly<Record<string, number>>;
  /** Resolves when everything that was recorded until now is durable. Rejects when it never will be. */
  readonly settled: () => Promise<void>;

  constructor(parts: {
    readonly sessions: () => Iterable<SessionHost>;
    readonly find: (id: string) => SessionHost | undefined;
    readonly loginFailures: () => Readonly<Record<string, number>>;
    readonly settled: () => Promise<void>;
  }) {
    this.#sessions = parts.sessions;
    this.#find = parts.find;
    this.#loginFailures = parts.loginFailures;
    this.settled = parts.settled;
  }

  /** undefined while nobody wants to know: one look at it is all that a delivery costs then. */
  get onDelivery(): DeliveryWatcher | undefined {
    return this.#onDelivery;
  }

  /** The same for sessions that begin. */
  get onBegun(): BeginWatcher | undefined {
    return this.#onBegun;
  }

  /** Returns the way to end it. */
  watchDeliveries(watcher: DeliveryWatcher): () => void {
    return follow(this.#deliveryWatchers, watcher, (all) => (this.#onDelivery = all && ((...delivery) => all.forEach((one) => one(...delivery)))));
  }

  /** Returns the way to end it. */
  watchBegins(watcher: BeginWatcher): () => void {
    return follow(this.#beginWatchers, watcher, (all) => (this.#onBegun = all && ((session) => all.forEach((one) => one(session)))));
  }

  /** Those that have not changed are the same objects as before. */
  *summaries(): Iterable<SessionSummary> {
    for (const session of this.#sessions()) yield this.#summaries.of(session);
  }

  totals(): Totals {
    let sessions = 0;
    for (const _ of this.#sessions()) sessions += 1;
    return { sessions, told: this.told, loginFailures: this.#loginFailures() };
  }

  /** undefined if no such session lives. */
  watch(id: string, watcher: SessionWatcher): Watched | undefined {
    return this.#find(id)?.watch(watcher);
  }
}

/** `set` is given all watchers with each change, undefined for none. */
function follow<Watcher>(watchers: Set<Watcher>, watcher: Watcher, set: (all: ReadonlySet<Watcher> | undefined) => void): () => void {
  watchers.add(watcher);
  set(watchers);
  return () => {
    watchers.delete(watcher);
    set(watchers.size === 0 ? undefined : watchers);
  };
}
