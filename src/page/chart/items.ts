/** What of the picture can be pointed at, in the order in which the keyboard goes through it. */
import type { Picture, PictureLine } from "./picture.ts";

/** `state:PATH`, or `line:NAME` with the name of its first transition. */
export type ItemKey = `state:${string}` | `line:${string}`;

export function stateKey(id: string): ItemKey {
  return `state:${id}`;
}

/** Null for a line that is no transition but an action. */
export function lineKey({ transitions }: PictureLine): ItemKey | null {
  const [first] = transitions;
  return first === undefined ? null : `line:${first}`;
}

/** Each state, the lines inside its box, and those of the arrows that leave it. */
export function itemsOf({ nodes, edges }: Picture): readonly ItemKey[] {
  return nodes.filter(({ kind }) => kind !== "initial").flatMap(({ id, pieces }) => [
    stateKey(id),
    ...pieces.flatMap((piece) => (piece.kind === "line" ? (lineKey(piece.line) ?? []) : [])),
    ...edges.filter(({ from }) => from === id).flatMap(({ label }) => (label?.lines ?? []).flatMap((line) => lineKey(line) ?? [])),
  ]);
}

/** Where the keyboard goes from an item; null for keys that do not move. */
export function nextItem(items: readonly ItemKey[], current: ItemKey, key: string): ItemKey | null {
  const at = items.indexOf(current);
  const next = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1 }[key];
  return next === undefined ? null : (items[Math.min(Math.max(next, 0), items.length - 1)] ?? null);
}
