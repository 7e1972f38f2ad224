/** The section numbers of the specifications that this project cites, so that a citation can be checked without them. */
import { readFileSync } from "node:fs";

const sections = JSON.parse(readFileSync(new URL("sections.json", import.meta.url), "utf8")) as Readonly<Record<string, string>>;

/** undefined for a document that is not listed. */
export function sectionsOf(document: string): ReadonlySet<string> | undefined {
  const list = sections[document];
  return list === undefined ? undefined : new Set(list.split(" "));
}
