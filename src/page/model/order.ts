/**
 * What is told of a session as it happens, and what its log holds, in one order. Whichever comes first, the order is the same: what
 * is told keeps its own; a fact is found in what was told of the same event, or else follows what else is known of its step, and
 * never comes before the fact that the log has before it. What the log tells of a time of which nothing was told comes by its time.
 */
import type { WatchBegun, WatchItem } from "../../inspector/protocol.ts";
import type { StoredFact } from "../../ports.ts";
import { dataOf, eventOf } from "../../history/session-fold.ts";
import type { Entry, Happening } from "./contract.ts";

/** Follows an entry while others come before it. */
export interface Mark {
  /** Where it is now; -1 once it is not kept any more. */
  readonly index: number;
}

interface Item {
  readonly at: number;
  readonly step: string;
  readonly what: Happening;
  readonly begun: WatchBegun | undefined;
  key: string;
  shown: boolean;
  index: number;
}

interface Recorded {
  readonly fact: StoredFact;
  key: string;
  shown: boolean;
  index: number;
}

/** `entriesMax`: with more than these a tenth goes, the wire of the older half before anything else. */
export class Order {
  readonly entries: Entry[] = [];
  /** How many entries are not kept any more. */
  leftOut = 0;
  readonly #entriesMax: number;
  #items: Item[] = [];
  #facts: Recorded[] = [];
  readonly #itemsOfStep = new Map<string, number[]>();
  readonly #factsOfStep = new Map<string, Recorded[]>();
  #versions = new Set<number>();
  /** Facts up to this version are not kept any more. */
  #droppedVersion = 0;
  #lastKey = 0;
  // Beside each entry: of what it is made, and how much is in it and before it.
  readonly #itemOf: (Item | undefined)[] = [];
  readonly #factOf: (Recorded | undefined)[] = [];
  readonly #itemsUpTo: number[] = [];
  readonly #factsUpTo: number[] = [];
  /** The first entry that may be another one now; Infinity for none. */
  #dirty = Infinity;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  get facts(): readonly StoredFact[] {
    return this.#facts.map(({ fact }) => fact);
  }

  begin(begun: WatchBegun): void {
    this.#add({ at: begun.at, step: "", what: { kind: "begun" }, begun });
  }

  take(item: WatchItem): void {
    if (item.kind === "fact") this.takeFact(item.fact);
    else this.#add({ at: item.at, step: item.kind === "closed" ? "" : item.step, what: happeningOf(item), begun: undefined });
  }

  /** Each version is taken once. */
  takeFact(fact: StoredFact): void {
    const { version, step } = fact;
    if (this.#versions.has(version) || version <= this.#droppedVersion) return;
    this.#versions.add(version);
    const recorded = { fact, key: `f${version}`, shown: false, index: -1 };
    let place = this.#facts.length;
    while (place > 0 && this.#facts[place - 1]!.fact.version > version) place -= 1;
    this.#facts.splice(place, 0, recorded);
    listIn(this.#factsOfStep, step).push(recorded);
    const first = this.#itemsOfStep.get(step)?.[0];
    // Whatever was placed after it may have to make room.
    this.#touch(first === undefined ? (place === 0 ? 0 : this.#facts[place - 1]!.index) : this.#items[first]!.index);
    this.#touch(this.#facts[place + 1]?.index ?? -1);
  }

  /** Brings `entries` up to date. Returns the first index that may have changed; their number where nothing has. */
  settle(): number {
    let from = Math.min(this.#dirty, this.entries.length);
    if (this.#dirty === Infinity) return this.entries.length;
    this.#dirty = Infinity;
    this.#rebuild(from);
    if (this.entries.length > this.#entriesMax) {
      this.#forget();
      from = 0;
    }
    return from;
  }

  factAt(index: number): StoredFact | undefined {
    return this.#factOf[index]?.fact;
  }

  begunAt(index: number): WatchBegun | undefined {
    return this.#itemOf[index]?.begun;
  }

  /** The same for as long as the recording lives. */
  keyAt(index: number): string {
    return this.#itemOf[index]?.key ?? this.#factOf[index]?.key ?? "";
  }

  markAt(index: number): Mark {
    return this.#itemOf[index] ?? this.#factOf[index] ?? { index: -1 };
  }

  #add(item: Omit<Item, "key" | "shown" | "index">): void {
    const { step, at } = item;
    if (step !== "") {
      listIn(this.#itemsOfStep, step).push(this.#items.length);
      for (const { index } of this.#factsOfStep.get(step) ?? []) this.#touch(index);
    }
    this.#items.push({ ...item, key: `i${++this.#lastKey}`, shown: false, index: -1 });
    this.#touch(this.entries.length);
    // Facts of which nothing else was told are placed by their time.
    for (let last = this.entries.length - 1; last >= 0 && this.#itemOf[last] === undefined; last -= 1) {
      const { fact } = this.#factOf[last]!;
      if (fact.at > at && !this.#itemsOfStep.has(fact.step)) this.#touch(last);
    }
  }

  #touch(index: number): void {
    this.#dirty = Math.min(this.#dirty, index < 0 ? this.entries.length : index);
  }

  #rebuild(from: number): void {
    const first = from === 0 ? 0 : this.#itemsUpTo[from - 1]!;
    const facts = this.#facts.slice(from === 0 ? 0 : this.#factsUpTo[from - 1]!);
    const places = this.#place(first, facts);
    for (const list of [this.entries, this.#itemOf, this.#factOf, this.#itemsUpTo, this.#factsUpTo]) list.length = from;
    let next = 0;
    const follow = (index: number) => {
      for (; next < facts.length && places[next]!.after === index && !places[next]!.merged; next += 1) this.#push(undefined, facts[next]!);
    };
    follow(first - 1);
    for (let index = first; index < this.#items.length; index += 1) {
      const merged = places[next]?.merged === true && places[next]!.after === index;
      this.#push(this.#items[index]!, merged ? facts[next]! : undefined);
      if (merged) next += 1;
      follow(index);
    }
  }

  /** For each of these facts the item that it comes after, or that tells the same. `first`: the first item that they may come beside. */
  #place(first: number, facts: readonly Recorded[]): readonly { readonly after: number; readonly merged: boolean }[] {
    let last = first - 1;
    const merged = facts.map(({ fact }) => {
      const found = this.#telling(fact, last);
      if (found !== undefined) last = found;
      return found;
    });
    // Before which item it has to be: the next one that a later fact is found in.
    const limits: number[] = [];
    let limit = this.#items.length;
    for (let index = facts.length - 1; index >= 0; index -= 1) {
      limits[index] = limit;
      limit = merged[index] ?? limit;
    }
    let previous = first - 1;
    return facts.map(({ fact }, index) => {
      const wanted = merged[index] ?? Math.max(previous, Math.min(this.#lastBefore(fact, previous), limits[index]! - 1));
      previous = wanted;
      return { after: wanted, merged: merged[index] !== undefined };
    });
  }

  /** The item after `last` that tells what this fact does. */
  #telling(fact: StoredFact, last: number): number | undefined {
    if (fact.type !== "SessionTold") return undefined;
    const { type } = eventOf(fact);
    return this.#itemsOfStep.get(fact.step)?.find((index) => {
      const { what } = this.#items[index]!;
      return index > last && what.kind === "told" && what.event.type === type;
    });
  }

  #lastBefore({ step, at }: StoredFact, from: number): number {
    const known = this.#itemsOfStep.get(step)?.at(-1);
    if (known !== undefined) return known;
    let index = from;
    while (index + 1 < this.#items.length && this.#items[index + 1]!.at < at) index += 1;
    return index;
  }

  #push(item: Item | undefined, recorded: Recorded | undefined): void {
    const index = this.entries.length;
    if (item !== undefined && recorded !== undefined) {
      // Whichever was shown first gives it its name.
      if (recorded.shown && !item.shown) item.key = recorded.key;
      recorded.key = item.key;
    }
    for (const one of [item, recorded]) {
      if (one === undefined) continue;
      one.index = index;
      one.shown = true;
    }
    const fact = recorded?.fact;
    this.entries.push({
      index,
      at: item?.at ?? fact!.at,
      step: item?.step ?? fact!.step,
      position: fact?.position ?? null,
      what: item?.what ?? happeningOfFact(fact!),
    });
    this.#itemOf.push(item);
    this.#factOf.push(recorded);
    this.#itemsUpTo.push((this.#itemsUpTo[index - 1] ?? 0) + (item === undefined ? 0 : 1));
    this.#factsUpTo.push((this.#factsUpTo[index - 1] ?? 0) + (recorded === undefined ? 0 : 1));
  }

  #forget(): void {
    const surplus = this.entries.length - Math.floor(this.#entriesMax * 0.9);
    const isWire = ({ what }: Entry) => what.kind === "wire" || what.kind === "touched";
    const older = this.entries.slice(0, Math.ceil(this.entries.length / 2));
    const dropped = new Set(older.filter(isWire).slice(0, surplus).map(({ index }) => index));
    if (dropped.size < surplus) {
      // What is left has to begin with a whole state.
      const isWhole = (index: number) => this.begunAt(index) !== undefined || this.factAt(index)?.type === "SessionSnapshotTaken";
      const begin = this.entries.findIndex((_, index) => index >= surplus && isWhole(index));
      for (let index = 0; index < (begin < 0 ? surplus : begin); index += 1) dropped.add(index);
    }
    this.leftOut += dropped.size;
    const gone = new Set([...dropped].flatMap((index) => [this.#itemOf[index], this.#factOf[index]]).filter((one) => one !== undefined));
    for (const one of gone) {
      one.index = -1;
      if ("fact" in one) this.#droppedVersion = Math.max(this.#droppedVersion, one.fact.version);
    }
    this.#items = this.#items.filter((item) => !gone.has(item));
    this.#facts = this.#facts.filter((recorded) => !gone.has(recorded));
    this.#versions = new Set(this.#facts.map(({ fact }) => fact.version));
    this.#itemsOfStep.clear();
    this.#factsOfStep.clear();
    this.#items.forEach(({ step }, index) => {
      if (step !== "") listIn(this.#itemsOfStep, step).push(index);
    });
    for (const recorded of this.#facts) listIn(this.#factsOfStep, recorded.fact.step).push(recorded);
    this.#rebuild(0);
  }
}

function listIn<Value>(lists: Map<string, Value[]>, key: string): Value[] {
  let list = lists.get(key);
  if (list === undefined) lists.set(key, (list = []));
  return list;
}

function happeningOf(item: Exclude<WatchItem, { readonly kind: "fact" }>): Happening {
  switch (item.kind) {
    case "told":
      return { kind: "told", event: item.event, state: item.state, transitions: item.transitions };
    case "wire":
      return { kind: "wire", direction: item.direction, xml: item.xml, chars: item.chars };
    case "touched":
      return { kind: "touched", other: item.other, stanza: item.stanza };
    case "closed":
      return { kind: "closed" };
  }
}

function happeningOfFact(fact: StoredFact): Happening {
  if (fact.type !== "SessionTold") return { kind: "fact", fact };
  return { kind: "told", event: eventOf(fact), state: dataOf(fact, "SessionTold").state, transitions: null };
}
