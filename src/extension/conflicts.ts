/** What two extensions cannot both have: a name, an answer to the same request, an element beside stanzas. */
import type { ConfigProblem } from "../config/errors.ts";
import { problemOf, type Given } from "./problem.ts";

/** All conflicts, each told of the later of the two. */
export function conflicts(all: readonly Given[]): readonly ConfigProblem[] {
  const holders = new Map<string, Given>();
  const problems: ConfigProblem[] = [];
  for (const given of all) {
    for (const { member, keys, both } of claimsOf(given)) {
      const other = keys.map((key) => holders.get(key)).find((holder) => holder !== undefined);
      if (other === undefined) for (const key of keys) holders.set(key, given);
      else problems.push(problemOf(given, member, `two extensions ${both}: this one and ${whose(other)}`, "change one of them"));
    }
  }
  return problems;
}

/** Something that one extension alone can have. */
interface Claim {
  /** Where it stands in the extension. */
  readonly member: string;
  /** Each of them may be claimed once. */
  readonly keys: readonly string[];
  /** What two do that claim it. */
  readonly both: string;
}

function claimsOf({ value: { name, iq = [], elements = [], commands = [] } }: Given): readonly Claim[] {
  return [
    { member: ".name", keys: [`name ${name}`], both: `have the name ${name}` },
    ...iq.map(({ xmlns, name, types, at }, index) => ({
      member: `.iq[${index}]`,
      keys: types.flatMap((type) => at.map((target) => `iq ${xmlns} ${name} ${type} ${target}`)),
      both: `answer <${name} xmlns='${xmlns}'/>`,
    })),
    ...elements.flatMap(({ xmlns, names }, index) => names.map((name) => ({
      member: `.elements[${index}]`,
      keys: [`element ${xmlns} ${name}`],
      both: `take <${name} xmlns='${xmlns}'/>`,
    }))),
    ...commands.map(({ node, may }, index) => ({
      member: `.commands[${index}]`,
      keys: [`command ${may === "owner" ? "account" : "server"} ${node}`],
      both: `have the command ${node}`,
    })),
  ];
}

function whose({ value, path, source }: Given): string {
  return source === undefined ? `the server's own ${value.name} (${value.specification.id})` : `${value.name} (${path}, ${source})`;
}
