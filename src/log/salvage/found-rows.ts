/** Which table a record comes from: its shape tells, and the names in it, where nothing that leads to it may be left. */

import { isStream } from "../verify/fact-form.ts";
import type { FactRow } from "../rows.ts";
import type { Column, FoundRecord } from "./records.ts";

export type FoundRow =
  | { readonly table: "fact"; readonly row: FactRow }
  /** Of the index of the streams: that there was such a fact. */
  | { readonly table: "index"; readonly stream: string; readonly version: number; readonly position: number }
  | { readonly table: "content"; readonly stream: string; readonly key: string; readonly text: string }
  | { readonly table: "secret"; readonly stream: string; readonly type: string; readonly value: string }
  | { readonly table: "forgotten"; readonly stream: string; readonly version: number }
  /** The last position that was ever given. */
  | { readonly table: "sequence"; readonly position: number };

const secretTypes: ReadonlySet<string> = new Set(["PasswordChanged", "FakeSaltKeyMade"]);
const contentKeys = /^(?:(?:offline|queue|held|taken)\/0[0-9]{15}|archive\/[0-9a-z]{9}-[0-9a-z]{4}|presence|vcard)$/;

/** undefined for what is made anew, or is nothing of this program. */
export function toFoundRow({ rowid, columns }: FoundRecord): FoundRow | undefined {
  if (rowid !== undefined) return ofTable(rowid, columns);
  const [first, second, third] = columns;
  if (!isText(first) || !isStream(first)) return undefined;
  if (columns.length === 2) return isNumber(second) ? { table: "forgotten", stream: first, version: second } : undefined;
  if (columns.length !== 3) return undefined;
  if (isNumber(second) && isNumber(third)) return { table: "index", stream: first, version: second, position: third };
  if (!isText(second) || !isText(third)) return undefined;
  if (contentKeys.test(second)) return { table: "content", stream: first, key: second, text: third };
  return secretTypes.has(second) && isJson(third) ? { table: "secret", stream: first, type: second, value: third } : undefined;
}

function ofTable(rowid: number, columns: readonly Column[]): FoundRow | undefined {
  if (columns.length === 2) {
    return columns[0] === "fact" && isNumber(columns[1]) ? { table: "sequence", position: columns[1] } : undefined;
  }
  if (columns.length !== 9) return undefined;
  const [alias, stream, version, type, v, at, step, cause, data] = columns;
  if (alias !== null || !isText(stream) || !isNumber(version) || !isText(type) || !isNumber(v) || !isNumber(at)) return undefined;
  if (!isText(step) || (cause !== null && !isText(cause)) || !isText(data) || rowid < 1 || version < 1 || v < 1 || at < 0) return undefined;
  return { table: "fact", row: { position: rowid, stream, version, type, v, at, step, cause, data } };
}

/** No engine keeps U+0000. */
function isText(column: Column | undefined): column is string {
  return typeof column === "string" && !column.includes("\0");
}

function isNumber(column: Column | undefined): column is number {
  return typeof column === "number" && Number.isSafeInteger(column);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
