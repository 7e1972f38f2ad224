/** Which conversations show a specification: those whose title names it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = "test/conversations";

/** The files, from the root of the project and in order, by the id of the specification. `root`: the project's folder. */
export function playsOf(root: string): ReadonlyMap<string, readonly string[]> {
  const plays = new Map<string, string[]>();
  for (const name of readdirSync(join(root, folder)).filter((file) => file.endsWith(".play")).toSorted()) {
    const [title = ""] = readFileSync(join(root, folder, name), "utf8").split("\n");
    for (const id of new Set(title.match(/(?:XEP-|RFC )\d{4}/g))) plays.set(id, [...(plays.get(id) ?? []), `${folder}/${name}`]);
  }
  return plays;
}
