/** Result set management (XEP-0059): which page of a long list somebody wants, and which one was given. */
import type { Element } from "./element.ts";
import { el } from "./stanza.ts";

export const resultSetNamespace = "http://jabber.org/protocol/rsm";

/** What was asked for; everything may be missing. */
export interface PageRequest {
  /** Items at most. 0: their count alone (XEP-0059 section 2.7). */
  readonly max?: number;
  /** What follows this item. */
  readonly after?: string;
  /** What comes right before this item; empty: the last page (XEP-0059 section 2.5). */
  readonly before?: string;
  /** Where the page begins, from 0 (XEP-0059 section 2.6). */
  readonly index?: number;
}

export interface PageGiven {
  /** The unique ids of the first and the last item; none for an empty page. */
  readonly first?: string | undefined;
  readonly last?: string | undefined;
  /** Of the first item in the whole set, from 0. */
  readonly index?: number | undefined;
  /** Items of the whole set. */
  readonly count?: number | undefined;
}

/** From among the children of a request: nothing where no page is asked for. undefined: malformed. */
export function readPageRequest(parent: Element): PageRequest | undefined {
  const sets = parent.getChildren("set", resultSetNamespace);
  if (sets.length > 1) return undefined;
  const max = textOf(sets[0], "max");
  const after = textOf(sets[0], "after");
  const before = textOf(sets[0], "before");
  const index = textOf(sets[0], "index");
  if ([max, after, before, index].includes(null)) return undefined;
  if ((max !== undefined && !isCount(max)) || (index !== undefined && !isCount(index))) return undefined;
  return {
    ...(max !== undefined && { max: countOf(max) }),
    // "<after/>" is no item, and not the end either: what it says is what it says without.
    ...(after !== undefined && after !== "" && { after: after as string }),
    ...(before !== undefined && { before: before as string }),
    ...(index !== undefined && { index: countOf(index) }),
  };
}

/** XEP-0059 section 2.2. */
export function resultSet({ first, last, index, count }: PageGiven): Element {
  return el(
    "set",
    { xmlns: resultSetNamespace },
    first === undefined ? undefined : el("first", { index: index?.toString() }, first),
    last === undefined ? undefined : el("last", {}, last),
    count === undefined ? undefined : el("count", {}, String(count)),
  );
}

/** undefined: there is none. null: there are two, or there is more in it than text. */
function textOf(set: Element | undefined, name: string): string | null | undefined {
  const found = set?.getChildren(name, resultSetNamespace) ?? [];
  if (found.length === 0) return undefined;
  const [only] = found;
  return found.length > 1 || only?.children.some((child) => typeof child !== "string") === true ? null : only?.getText();
}

function isCount(text: string | null): boolean {
  return text !== null && /^\s*[0-9]+\s*$/.test(text);
}

/** Nobody has more than can be counted exactly. */
function countOf(text: string | null): number {
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}
