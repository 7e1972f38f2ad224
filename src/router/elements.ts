/** What clients say beside stanzas, and which extension takes it. */
import type { ElementHandler, Extension } from "./extension.ts";

/** By namespace and name. */
export type ElementTable = ReadonlyMap<string, ElementHandler>;

/** Throws if two extensions claim the same element. */
export function elementTable(extensions: readonly Extension[]): ElementTable {
  const table = new Map<string, ElementHandler>();
  for (const handler of extensions.flatMap(({ elements = [] }) => elements)) {
    for (const name of handler.names) {
      const key = `${handler.xmlns} ${name}`;
      if (table.has(key)) throw new Error(`two extensions take <${name} xmlns='${handler.xmlns}'/>`);
      table.set(key, handler);
    }
  }
  return table;
}
