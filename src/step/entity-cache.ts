/**
 * What facts alone change, in memory: loaded on first need, and dropped when long unused. All who use one of them share one copy.
 */
import type { NewFact, Step } from "./batch.ts";

export interface Entity<AnyFact> {
  /** The bare JID by which it is known. */
  readonly bare: string;
  /** The ticket of the last binding change: what reads it must not leave before it is durable. */
  ticket: number;
  /** The ticket of the last change of any kind: until it is durable, the store knows less than this. */
  lastTicket: number;
  /** Returns the way back, for a step that fails. */
  apply(fact: AnyFact, at: number): () => void;
}

export interface EntityKind<One extends Entity<AnyFact>, AnyFact> {
  /** For people. */
  readonly noun: string;
  /** Resolves with undefined for what does not exist. */
  load(host: string, name: string): Promise<One | undefined>;
  /** Those in use are never dropped. */
  inUse(one: One): boolean;
  /** The stream and the fact as they are recorded. */
  record(one: One, fact: AnyFact): { readonly stream: string; readonly fact: NewFact };
  /** How many are in memory before those that are not in use are dropped. */
  readonly idleMax: number;
}

export class EntityCache<One extends Entity<AnyFact>, AnyFact> {
  readonly #kind: EntityKind<One, AnyFact>;
  readonly #known = new Map<string, One>();
  readonly #loading = new Map<string, Promise<One | undefined>>();
  readonly #holds = new Map<string, Promise<void>>();

  constructor(kind: EntityKind<One, AnyFact>) {
    this.#kind = kind;
  }

  /** What is in memory now, for those who decide nothing by it. */
  get(bareJid: string): One | undefined {
    return this.#known.get(bareJid);
  }

  /** All that are in memory. */
  all(): Iterable<One> {
    return this.#known.values();
  }

  /** What is in memory now, for a step that decides by it: what the step sends waits until what it read is durable. */
  read(step: Step, bareJid: string): One | undefined {
    const one = this.#known.get(bareJid);
    if (one !== undefined) step.dependOn(one.ticket);
    return one;
  }

  /**
   * Changes it by a fact. Binding unless told otherwise. Throws if it is not in memory any more: a copy that was kept over a wait may
   * have been dropped or deleted meanwhile.
   */
  change(step: Step, one: One, fact: AnyFact, binding = true): void {
    if (this.#known.get(one.bare) !== one) throw new Error(`${one.bare}: the ${this.#kind.noun} is not in memory any more`);
    const { stream, fact: recorded } = this.#kind.record(one, fact);
    const written = step.record(stream, recorded, binding);
    const { ticket, lastTicket } = one;
    const undo = one.apply(fact, step.at);
    one.lastTicket = written;
    if (binding) one.ticket = written;
    step.ifDiscarded(() => {
      undo();
      one.ticket = ticket;
      one.lastTicket = lastTicket;
    });
  }

  load(host: string, name: string): Promise<One | undefined> {
    const bareJid = `${name}@${host}`;
    const known = this.#known.get(bareJid);
    if (known !== undefined) return Promise.resolve(known);
    let loading = this.#loading.get(bareJid);
    if (loading === undefined) {
      loading = this.#kind
        .load(host, name)
        .then((one) => {
          // Forgotten while it was loading: the answer is of the past.
          if (one !== undefined && this.#loading.get(bareJid) === loading) this.#keep(bareJid, one);
          return one;
        })
        .finally(() => {
          if (this.#loading.get(bareJid) === loading) this.#loading.delete(bareJid);
        });
      this.#loading.set(bareJid, loading);
    }
    return loading;
  }

  /** Something new, which the store knows nothing of yet. Throws if there is one of that name in memory. */
  add(step: Step, one: One): void {
    if (this.#known.has(one.bare)) throw new Error(`${one.bare}: there is such a ${this.#kind.noun} in memory`);
    this.#loading.delete(one.bare);
    this.#keep(one.bare, one);
    step.ifDiscarded(() => this.forget(one.bare));
  }

  /** What is sent to it waits until `until` is settled, one way or the other. More than one can hold at once. */
  hold(bareJid: string, until: Promise<unknown>): void {
    const hold: Promise<void> = Promise.allSettled([this.#holds.get(bareJid), until]).then(() => {
      if (this.#holds.get(bareJid) === hold) this.#holds.delete(bareJid);
    });
    this.#holds.set(bareJid, hold);
  }

  /** Settles, without error, when nobody has reason to hold what is sent to it; undefined where nobody has. */
  held(bareJid: string): Promise<void> | undefined {
    return this.#holds.get(bareJid);
  }

  forget(bareJid: string): void {
    this.#known.delete(bareJid);
    this.#loading.delete(bareJid);
  }

  #keep(bareJid: string, one: One): void {
    this.#known.set(bareJid, one);
    if (this.#known.size > this.#kind.idleMax) this.#dropOldest();
  }

  /** Looks at a few of the oldest; those in use go to the end, so that the next look finds others. */
  #dropOldest(): void {
    let looks = 0;
    for (const [bareJid, one] of this.#known) {
      this.#known.delete(bareJid);
      if (!this.#kind.inUse(one)) return;
      this.#known.set(bareJid, one);
      if (++looks === looksMax) return;
    }
  }
}

const looksMax = 8;
