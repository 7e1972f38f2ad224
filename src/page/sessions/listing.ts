/** Which sessions of the list are wanted, and in which order. */
import type { SessionSummary } from "../../domain/session-summary.ts";
import { statesIn } from "./phase.ts";

export interface Wanted {
  /** Words that are all in the JID, the id or the address, in any case. */
  readonly search: string;
  /** One of the active states, by its own name: `hibernating`. Empty for all. */
  readonly state: string;
  readonly tag: string;
}

export type Column = "jid" | "state" | "tags" | "address" | "age" | "received" | "delivered" | "queue";

export interface Order {
  readonly column: Column;
  readonly descending: boolean;
}

/** What has no value in that column comes last, whichever way. Equals are in the order in which they began. */
export function listing(sessions: Iterable<SessionSummary>, wanted: Wanted, order: Order): readonly SessionSummary[] {
  const words = wanted.search.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const found: SessionSummary[] = [];
  for (const session of sessions) if (isWanted(session, wanted, words)) found.push(session);
  return found.toSorted(by(order));
}

function isWanted(session: SessionSummary, { state, tag }: Wanted, words: readonly string[]): boolean {
  if (state !== "" && !statesIn(session.state).includes(state)) return false;
  if (tag !== "" && !session.tags.includes(tag)) return false;
  return words.every((word) => searchable(session).includes(word));
}

/** A summary that has changed is another object. */
const searched = new WeakMap<SessionSummary, string>();

function searchable(session: SessionSummary): string {
  let text = searched.get(session);
  if (text === undefined) {
    text = `${session.jid ?? ""}\n${session.id}\n${session.address ?? ""}`.toLowerCase();
    searched.set(session, text);
  }
  return text;
}

function by({ column, descending }: Order): (a: SessionSummary, b: SessionSummary) => number {
  const direction = descending ? -1 : 1;
  return (a, b) => {
    const [x, y] = [valueOf(a, column), valueOf(b, column)];
    if (x === y) return a.since - b.since || (a.id < b.id ? -1 : 1);
    if (x === null) return 1;
    if (y === null) return -1;
    return x < y ? -direction : direction;
  };
}

function valueOf(session: SessionSummary, column: Column): string | number | null {
  if (column === "tags") return session.tags.join(" ");
  return column === "age" ? -session.since : session[column];
}
