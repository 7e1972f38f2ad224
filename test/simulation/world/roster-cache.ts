/** The roster as one device knows it: kept from one session to the next, and brought up to date by its version (RFC 6121 section 2.6). */
import { textOf, type Xml } from "../../support/xml-reader.ts";

export interface RosterEntry {
  readonly name: string;
  readonly subscription: string;
  readonly ask: boolean;
  readonly approved: boolean;
  readonly groups: readonly string[];
}

export class RosterCache {
  #entries = new Map<string, RosterEntry>();
  #version: string | undefined;
  /** It was asked for in this session, and the answer is there: from then on pushes keep it up to date. */
  isCurrent = false;

  get version(): string | undefined {
    return this.#version;
  }

  get entries(): ReadonlyMap<string, RosterEntry> {
    return this.#entries;
  }

  newSession(): void {
    this.isCurrent = false;
  }

  forget(): void {
    this.isCurrent = false;
    this.#entries = new Map();
    this.#version = undefined;
  }

  /** The answer to a request; empty where what is new follows in pushes. */
  answered(result: Xml): void {
    this.isCurrent = true;
    const query = result.children.find((child): child is Xml => typeof child !== "string");
    if (query === undefined) return;
    this.#entries = entriesOf(query);
    this.#version = query.attrs["ver"];
  }

  /** What a push says (RFC 6121 section 2.1.6). Returns what is wrong with it. */
  push(query: Xml): string | undefined {
    const [change, ...more] = entriesOf(query);
    const { ver } = query.attrs;
    if (change === undefined || more.length > 0 || ver === undefined) return "expected one item and a version";
    this.#version = ver;
    const [jid, entry] = change;
    if (entry.subscription === "remove") this.#entries.delete(jid);
    else this.#entries.set(jid, entry);
    return undefined;
  }
}

/** In the order of a roster, by JID. */
export function entriesOf(query: Xml): Map<string, RosterEntry> {
  const items = query.children.filter((child): child is Xml => typeof child !== "string");
  return new Map(items.map((item) => [item.attrs["jid"] ?? "", entryOf(item)]));
}

function entryOf({ attrs, children }: Xml): RosterEntry {
  return {
    name: attrs["name"] ?? "",
    subscription: attrs["subscription"] ?? "none",
    ask: attrs["ask"] === "subscribe",
    approved: ["true", "1"].includes(attrs["approved"] ?? ""),
    groups: children.filter((child): child is Xml => typeof child !== "string").map(textOf).toSorted(),
  };
}

/** Where two differ, in words; none where they are the same. */
export function rosterDifferences(one: ReadonlyMap<string, RosterEntry>, other: ReadonlyMap<string, RosterEntry>): readonly string[] {
  const jids = [...new Set([...one.keys(), ...other.keys()])].toSorted();
  return jids.flatMap((jid) => {
    const [a, b] = [one.get(jid), other.get(jid)].map((entry) => (entry === undefined ? "nothing" : JSON.stringify(entry)));
    return a === b ? [] : [`${jid}: ${a} and ${b}`];
  });
}
