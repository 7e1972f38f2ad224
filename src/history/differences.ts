/** What differs between two JSON values, by where it is. */
import type { Json } from "../ports.ts";

export interface Difference {
  /** Names joined by dots; empty for the whole. */
  readonly path: string;
  /** undefined: it is not there. */
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** In the order of the names in `before`, then of those that only `after` has. The order of names is no difference. */
export function differences(before: Json | undefined, after: Json | undefined, path = ""): readonly Difference[] {
  if (isRecord(before) && isRecord(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) => differences(before[name], after[name], path === "" ? name : `${path}.${name}`));
  }
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    const same = before.every((item, index) => differences(item, (after as readonly Json[])[index]).length === 0);
    return same ? [] : [{ path, before, after }];
  }
  return before === after ? [] : [{ path, before, after }];
}

function isRecord(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
