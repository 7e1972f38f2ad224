/** A recording of one session: what is told of it while it is watched, and what its log holds, to be looked at from any place. */
import { sessionStream } from "../../domain/facts.ts";
import type { Difference } from "../../history/differences.ts";
import type { SessionRow } from "../../history/source.ts";
import type { WatchBegun, WatchItem } from "../../inspector/protocol.ts";
import type { StoredFact } from "../../ports.ts";
import type { Entry, Moment, Recording, TimelineRow } from "./contract.ts";
import { Folding } from "./folding.ts";
import { Order, type Mark } from "./order.ts";
import { Timeline } from "./timeline.ts";

export type { Mark };

/** Entries of one recording. */
export const entriesMax = 20_000;

/** What it is given is looked at when somebody looks: a recording that nobody looks at costs only its room. */
export class LiveRecording implements Recording {
  readonly id: string;
  readonly #order: Order;
  readonly #timeline = new Timeline();
  readonly #folding: Folding;
  #stream: string | null = null;
  #live = true;
  #closed = false;
  #readVersion = 0;
  #row: SessionRow | null = null;

  constructor(id: string, max = entriesMax) {
    this.id = id;
    const order = (this.#order = new Order(max));
    const streamOfThis = () => this.#stream;
    this.#folding = new Folding({
      id,
      get stream() {
        return streamOfThis();
      },
      entries: order.entries,
      factAt: (index) => order.factAt(index),
      begunAt: (index) => order.begunAt(index),
    });
  }

  /** A watching begins, perhaps again after a while in which nothing was told. */
  begin(begun: WatchBegun): void {
    this.#live = true;
    this.#stream ??= begun.stream;
    this.#order.begin(begun);
  }

  take(item: WatchItem): void {
    if (item.kind === "fact") return this.takeFacts([item.fact]);
    this.#order.take(item);
    if (item.kind !== "closed") return;
    this.#live = false;
    this.#closed = true;
  }

  /** Of its stream, in their order; those that are there are left as they are. */
  takeFacts(facts: readonly StoredFact[]): void {
    for (const fact of facts) {
      this.#stream ??= fact.stream;
      this.#order.takeFact(fact);
    }
  }

  /** A page of its stream: the facts that follow `readVersion`. */
  takePage(facts: readonly StoredFact[]): void {
    this.takeFacts(facts);
    this.#readVersion = facts.at(-1)?.version ?? this.#readVersion;
  }

  /** Nothing more is told: it lives no longer, or is watched no longer. `row`: what the log says of it. */
  end(row: SessionRow | null): void {
    this.#live = false;
    this.#row = row;
    if (row !== null) this.#stream ??= sessionStream(row.host, row.id);
  }

  get stream(): string | null {
    return this.#stream;
  }

  get live(): boolean {
    return this.#live;
  }

  /** It was seen to end. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Its stream was read up to here, a page after the other. */
  get readVersion(): number {
    return this.#readVersion;
  }

  get row(): SessionRow | null {
    return this.#row;
  }

  get leftOut(): number {
    return this.#settled().leftOut;
  }

  get entries(): readonly Entry[] {
    return this.#settled().entries;
  }

  get rows(): readonly TimelineRow[] {
    this.#settled();
    return this.#timeline.rows;
  }

  get facts(): readonly StoredFact[] {
    return this.#order.facts;
  }

  rowOf(index: number): TimelineRow | undefined {
    this.#settled();
    return this.#timeline.rowOf(index);
  }

  momentAt(index: number): Moment {
    const { entries } = this.#settled();
    if (entries.length === 0) return nothing;
    return this.#folding.momentAt(within(index, entries.length));
  }

  differences(from: number, to: number): readonly Difference[] {
    const { entries } = this.#settled();
    return entries.length === 0 ? [] : this.#folding.differences(within(from, entries.length), within(to, entries.length));
  }

  /** Follows the entry that is at this index now. */
  markAt(index: number): Mark {
    const { entries } = this.#settled();
    return this.#order.markAt(within(index, entries.length));
  }

  #settled(): Order {
    const order = this.#order;
    const from = order.settle();
    const { entries } = order;
    this.#timeline.rollback(from);
    if (from < entries.length) {
      this.#folding.changedFrom(from);
      for (let index = from; index < entries.length; index += 1) this.#timeline.add(entries[index]!, order.keyAt(index), order.begunAt(index));
    }
    return order;
  }
}

const nothing: Moment = { index: 0, snapshot: null, past: null, active: [], taken: [], event: null, disagreements: [] };

function within(index: number, length: number): number {
  return Number.isNaN(index) ? 0 : Math.min(Math.max(Math.trunc(index), 0), length - 1);
}
