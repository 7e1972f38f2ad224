/** The formats in which accounts are taken out of a server and into one. */
import type { AccountFileReader } from "./account-file.ts";
import { JsonLinesReader } from "./json-lines.ts";
import { Xep0227Reader } from "./xep-0227-file.ts";

export const accountFormats = ["json", "xep-0227"] as const;
export type AccountFormat = (typeof accountFormats)[number];

/** The format of a file that begins so; undefined if it is neither. */
export function guessFormat(start: Buffer): AccountFormat | undefined {
  const text = start.toString("utf8", 0, 1_024).replace(/^\uFEFF/, "").trimStart();
  if (text.startsWith("<")) return "xep-0227";
  return text.startsWith("{") ? "json" : undefined;
}

/** `at`: when the accounts are made, in ms since 1970. */
export function createAccountFileReader(format: AccountFormat, at: number): AccountFileReader {
  return format === "json" ? new JsonLinesReader() : new Xep0227Reader(at);
}
