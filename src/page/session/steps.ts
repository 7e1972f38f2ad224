/** Steps through a recording: by entry, and by change of state. */
import type { Entry, Recording } from "../model/contract.ts";

/** Places of the entries after which the state is another one than before, in order. */
export function stateChanges(entries: readonly Entry[]): readonly number[] {
  const changes: number[] = [];
  let state: string | undefined;
  for (const { index, what } of entries) {
    if (what.kind !== "told" || what.state === state) continue;
    state = what.state;
    changes.push(index);
  }
  return changes;
}

/** The first of `places` after `from`; undefined if there is none. */
export function nextPlace(places: readonly number[], from: number): number | undefined {
  return places.find((place) => place > from);
}

/** The last of `places` before `from`; undefined if there is none. */
export function previousPlace(places: readonly number[], from: number): number | undefined {
  return places.findLast((place) => place < from);
}

/** `place` as an index; -1 for a recording without entries. */
export function indexOf(place: number | "last", { entries }: Pick<Recording, "entries">): number {
  return place === "last" ? entries.length - 1 : Math.max(Math.min(place, entries.length - 1), Math.min(0, entries.length - 1));
}

/** What an entry is called in a line: the name of its event, of its fact or of its element. */
export function entryName({ what }: Entry): string {
  switch (what.kind) {
    case "told":
      return what.event.type;
    case "fact":
      return what.fact.type;
    case "wire":
      return `${what.direction === "in" ? "→" : "←"} ${/^(?:<\?xml[^>]*\?>)?\s*<\/?([\w.:-]+)/.exec(what.xml)?.[1] ?? "text"}`;
    case "touched":
      return `delivered to ${what.other.jid ?? what.other.session}`;
    case "begun":
      return "the state whole";
    case "closed":
      return "closed";
  }
}

/** How many columns the track of a recording is drawn with. */
const columns = 240;

export interface TrackTick {
  /** 0..1, from the first entry to the last. */
  readonly at: number;
  readonly kind: "state" | "failed";
}

/** Where states changed and where something failed, so few that they can be drawn. */
export function trackTicks({ entries, rows }: Pick<Recording, "entries" | "rows">, changes: readonly number[]): readonly TrackTick[] {
  const last = Math.max(1, entries.length - 1);
  const ticks = new Map<number, TrackTick["kind"]>();
  for (const index of changes) ticks.set(Math.round((index / last) * columns), "state");
  for (const { mark, entries: own } of rows) if (mark === "failed") ticks.set(Math.round((own.at(-1)!.index / last) * columns), "failed");
  return [...ticks].map(([column, kind]) => ({ at: column / columns, kind }));
}
