/** How much room things take: sums by name, as every engine tells them. */

import type { Content, LogStats, Size } from "../ports.ts";
import type { FactRow } from "./rows.ts";

export interface Kept {
  readonly facts: Iterable<FactRow>;
  readonly contents: Iterable<Content>;
  readonly projections: readonly { readonly name: string; readonly texts: Iterable<string> }[];
  readonly secrets: Iterable<string>;
  readonly position: number;
}

export function statsOf({ facts, contents, projections, secrets, position }: Kept): LogStats {
  const ofFacts = new Sizes();
  const ofContents = new Sizes();
  const ofProjections = new Sizes(projections.map(({ name }) => name));
  const ofSecrets = new Sizes(["secrets"]);
  for (const { type, data } of facts) ofFacts.add(type, data);
  for (const { key, text } of contents) ofContents.add(key.split("/", 1)[0] ?? "", text);
  for (const { name, texts } of projections) for (const text of texts) ofProjections.add(name, text);
  for (const text of secrets) ofSecrets.add("secrets", text);
  return {
    facts: ofFacts.sorted(),
    contents: ofContents.sorted(),
    projections: ofProjections.sorted(),
    secrets: ofSecrets.sorted()[0] ?? { name: "secrets", count: 0, bytes: 0 },
    fileBytes: 0,
    walBytes: 0,
    freeBytes: 0,
    lastPosition: position,
  };
}

/** The largest first; the same ones in the order of their names. */
export function bySize(left: Size, right: Size): number {
  return right.bytes - left.bytes || (left.name < right.name ? -1 : 1);
}

class Sizes {
  readonly #sizes: Map<string, { count: number; bytes: number }>;

  constructor(names: readonly string[] = []) {
    this.#sizes = new Map(names.map((name) => [name, { count: 0, bytes: 0 }]));
  }

  add(name: string, text: string): void {
    const size = this.#sizes.get(name) ?? { count: 0, bytes: 0 };
    size.count += 1;
    size.bytes += Buffer.byteLength(text);
    this.#sizes.set(name, size);
  }

  sorted(): readonly Size[] {
    return [...this.#sizes].map(([name, size]) => ({ name, ...size })).toSorted(bySize);
  }
}
