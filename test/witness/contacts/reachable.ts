/** Which rows of RFC 6121 appendix A two people of one server can come to by what they send, and how: found by trying everything. */
import {
  appendixRow,
  appendixTypes,
  reflections,
  type AppendixDirection,
  type AppendixRow,
  type AppendixState,
  type AppendixType,
} from "../../../src/testing/oracle/subscription-tables.ts";

/** One of the two sends it, or removes the other from the roster. */
export interface Move {
  readonly by: 0 | 1;
  readonly what: AppendixType | "remove";
}

export interface ReachableRow {
  readonly name: string;
  readonly direction: AppendixDirection;
  readonly type: AppendixType;
  readonly row: AppendixRow;
  /** A shortest way to come there from nothing; the last move is the one in which the row is used. */
  readonly moves: readonly Move[];
}

/** `inbound subscribe: None, approved`. */
export function rowName(direction: AppendixDirection, type: AppendixType, { state, approved }: Pick<AppendixRow, "state" | "approved">): string {
  return `${direction} ${type}: ${state}${approved ? ", approved" : ""}`;
}

export function reachableRows(): readonly ReachableRow[] {
  return [...explore().rows.values()];
}

/** How the two can stand to each other. */
export function reachablePairs(): readonly Pair[] {
  return explore().pairs;
}

/** Shortest ways first. */
function explore(): { readonly rows: ReadonlyMap<string, ReachableRow>; readonly pairs: readonly Pair[] } {
  const rows = new Map<string, ReachableRow>();
  const found: { readonly pair: Pair; readonly moves: readonly Move[] }[] = [{ pair: [nothing, nothing], moves: [] }];
  const seen = new Set([JSON.stringify([nothing, nothing])]);
  for (const { pair, moves } of found) {
    for (const move of allMoves) {
      const way = [...moves, move];
      const after = play(pair, move, (direction, type, row) => {
        const name = rowName(direction, type, row);
        if (!rows.has(name)) rows.set(name, { name, direction, type, row, moves: way });
      });
      const key = JSON.stringify(after);
      if (!seen.has(key)) found.push({ pair: after, moves: way });
      seen.add(key);
    }
  }
  return { rows, pairs: found.map(({ pair }) => pair) };
}

export interface Side {
  readonly state: AppendixState;
  readonly approved: boolean;
}
export type Pair = readonly [Side, Side];
type Used = (direction: AppendixDirection, type: AppendixType, row: AppendixRow) => void;

const nothing: Side = { state: "None", approved: false };
const allMoves: readonly Move[] = ([0, 1] as const).flatMap((by) => [...appendixTypes, "remove" as const].map((what) => ({ by, what })));

function play(pair: Pair, { by, what }: Move, used: Used): Pair {
  const sides: [Side, Side] = [...pair];
  const receive = (who: 0 | 1, direction: AppendixDirection, type: AppendixType): void => {
    const { state, approved } = sides[who];
    const row = appendixRow(direction, type, state, approved);
    used(direction, type, row);
    sides[who] = { state: row.next, approved: row.approvedNext };
    const other = who === 0 ? 1 : 0;
    for (const consequence of row.consequences) {
      if (consequence === "route") receive(other, "inbound", type);
      if (consequence === "answer subscribed") receive(other, "inbound", "subscribed");
      if (consequence === "answer unsubscribed") receive(other, "inbound", "unsubscribed");
    }
  };
  if (what !== "remove") {
    receive(by, "outbound", what);
    return sides;
  }
  // RFC 6121 section 2.5.2.
  const { subscription, ask, request } = reflections[sides[by].state];
  const other = by === 0 ? 1 : 0;
  sides[by] = nothing;
  if (/^(to|both)$/.test(subscription) || ask) receive(other, "inbound", "unsubscribe");
  if (/^(from|both)$/.test(subscription) || request) receive(other, "inbound", "unsubscribed");
  return sides;
}
