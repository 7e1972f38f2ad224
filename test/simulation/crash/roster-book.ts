/** A roster as one client knows it: what it was told, and what it asked for. */
import { textOf, type Xml } from "../../support/xml-reader.ts";

interface Entry {
  readonly name: string;
  readonly subscription: string;
  readonly groups: readonly string[];
}

export class RosterBook {
  /** Folded from an answer and the pushes after it. */
  #told = new Map<string, Entry>();
  /** What it will be when all that was asked for is done. */
  #wanted = new Map<string, Entry>();
  #version: string | undefined;

  get version(): string | undefined {
    return this.#version;
  }

  subscription(jid: string): string | undefined {
    return this.#told.get(jid)?.subscription;
  }

  /** The answer to a request. */
  replace(query: Xml | undefined): void {
    this.#told = entriesOf(query);
    this.#version = query?.attrs["ver"];
  }

  /** What a push says (RFC 6121 section 2.1.6). */
  push(query: Xml): void {
    this.#version = query.attrs["ver"];
    for (const [jid, entry] of entriesOf(query)) {
      if (entry.subscription === "remove") this.#told.delete(jid);
      else this.#told.set(jid, entry);
    }
  }

  /** From now on it is as it is told, and changes as this client wants. */
  begin(): void {
    this.#wanted = new Map(this.#told);
  }

  want(jid: string, change: { readonly name: string; readonly groups: readonly string[] } | "remove"): void {
    if (change === "remove") this.#wanted.delete(jid);
    else {
      const subscription = this.#wanted.get(jid)?.subscription ?? "none";
      this.#wanted.set(jid, { subscription, name: change.name, groups: change.groups.toSorted() });
    }
  }

  /** How a whole answer differs from what was told and what was wanted, in words. */
  differences(query: Xml | undefined): readonly string[] {
    const fresh = entriesOf(query);
    return [
      ...compare(fresh, this.#told, "the pushes say"),
      ...compare(fresh, this.#wanted, "was asked for"),
      ...(query?.attrs["ver"] === this.#version ? [] : [`the roster has version ${query?.attrs["ver"]}, the last push said ${this.#version}`]),
    ];
  }
}

function compare(fresh: ReadonlyMap<string, Entry>, other: ReadonlyMap<string, Entry>, whose: string): readonly string[] {
  const jids = new Set([...fresh.keys(), ...other.keys()]);
  return [...jids].flatMap((jid) => {
    const [is, should] = [fresh.get(jid), other.get(jid)].map((entry) => (entry === undefined ? "nothing" : JSON.stringify(entry)));
    return is === should ? [] : [`${jid}: the roster has ${is}, ${should} ${whose}`];
  });
}

function entriesOf(query: Xml | undefined): Map<string, Entry> {
  return new Map(elementsIn(query).map((item) => [item.attrs["jid"] ?? "", entryOf(item)]));
}

function entryOf(item: Xml): Entry {
  const { name = "", subscription = "none" } = item.attrs;
  return { subscription, name, groups: elementsIn(item).map(textOf).toSorted() };
}

function elementsIn(element: Xml | undefined): readonly Xml[] {
  return (element?.children ?? []).filter((child): child is Xml => typeof child !== "string");
}
