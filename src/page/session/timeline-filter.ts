/** Which rows of a timeline are shown. */
import type { Entry, TimelineRow } from "../model/contract.ts";

export type Group = TimelineRow["group"];

export interface RowFilter {
  /** Groups that are not shown. */
  readonly without: ReadonlySet<Group>;
  /** Only rows that changed the state, only those that failed or wait for their answer, or all. */
  readonly kind: "all" | "states" | "marked";
  /** Words that all must be found, in whatever order; the case of letters is no difference. */
  readonly text: string;
}

export const everything: RowFilter = { without: new Set(), kind: "all", text: "" };

/** In the order of a session's life. */
export const groups: readonly Group[] = [
  "stream", "tls", "sasl", "bind", "management", "presence", "message", "iq", "state", "link", "end", "other",
];

/** The same array if nothing is left out. */
export function shownRows(rows: readonly TimelineRow[], filter: RowFilter): readonly TimelineRow[] {
  if (isEverything(filter)) return rows;
  const words = filter.text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return rows.filter((row) => {
    if (filter.without.has(row.group)) return false;
    if (filter.kind === "states" && row.state === null) return false;
    if (filter.kind === "marked" && row.mark === null) return false;
    return words.every((word) => haystack(row).includes(word));
  });
}

export function isEverything({ without, kind, text }: RowFilter): boolean {
  return without.size === 0 && kind === "all" && text.trim() === "";
}

/** This group alone; everything if it is alone already. */
export function onlyGroup(filter: RowFilter, group: Group): RowFilter {
  const without = new Set(groups.filter((other) => other !== group));
  return { ...filter, without: isOnly(filter, group) ? new Set() : without };
}

export function isOnly({ without }: RowFilter, group: Group): boolean {
  return !without.has(group) && without.size === groups.length - 1;
}

/** Shows it if it is not shown, and the other way round. */
export function toggleGroup(filter: RowFilter, group: Group): RowFilter {
  const without = new Set(filter.without);
  if (!without.delete(group)) without.add(group);
  return { ...filter, without };
}

/** How many rows of each group there are, in the order of `groups`, without those that have none. */
export function groupCounts(rows: readonly TimelineRow[]): readonly { readonly group: Group; readonly count: number }[] {
  const counts = new Map<Group, number>();
  for (const { group } of rows) counts.set(group, (counts.get(group) ?? 0) + 1);
  return groups.filter((group) => counts.has(group)).map((group) => ({ group, count: counts.get(group)! }));
}

/** What is searched of one entry: the rest of a stanza of many kilobytes is not. */
const searchedCharsMax = 4_000;

const known = new WeakMap<TimelineRow, string>();

function haystack(row: TimelineRow): string {
  const found = known.get(row);
  if (found !== undefined) return found;
  const text = [row.title, row.group, row.state ?? "", ...row.entries.map(entryText)].join("\n").toLowerCase();
  known.set(row, text);
  return text;
}

function entryText({ what }: Entry): string {
  switch (what.kind) {
    case "told":
      return `${what.event.type} ${JSON.stringify(what.event)}`.slice(0, searchedCharsMax);
    case "fact":
      return `${what.fact.type} ${JSON.stringify(what.fact.data)}`.slice(0, searchedCharsMax);
    case "wire":
      return what.xml.slice(0, searchedCharsMax);
    case "touched":
      return `${what.other.jid ?? ""} ${what.other.session} ${Object.values(what.stanza).join(" ")}`;
    default:
      return what.kind;
  }
}
