/** Whoever writes an extension can name the type of everything that it is given: `refrain/extension` exports what its own types speak of. */
import { describe, expect, it } from "vitest";
import { sources, type Source } from "../tidy/sources.ts";

/** What the contract's types speak of, and no extension ever holds: why. */
const inner: Readonly<Record<string, string>> = {
  "machines/session-events.ts": "what a session's machine is told: for the server's own",
  "src/session/shared-stanza.ts": "how the server keeps one text for many queues",
  "src/domain/facts.ts AccountFactType": "a part of AccountFact", "src/domain/facts.ts AccountFacts": "a part of AccountFact", "src/domain/facts.ts Owner": "a part of AccountFact",
  "src/pubsub/host.ts": "what Nodes are made of", "src/pubsub/last-items.ts": "who is told of nodes, by the server's own", "src/pubsub/access.ts": "within Nodes",
  "src/domain/account-rows.ts": "what Account is made of", "src/domain/row-maps.ts": "what Account is made of",
  "src/step/batch.ts NewFact": "what a step records: for the server's own", "src/step/outbox.ts": "where a step's output goes: for the server's own",
  "src/muc/": "rooms, by the server's own", "src/service/": "services, by the server's own",
};

const files = new Map(sources("src", "machines").map((source) => [source.path, source]));
const index = files.get("src/extension/index.ts")!;

describe("The types of refrain/extension", () => {
  it("are all that are spoken of in them", () => {
    const exported = new Set(namesIn(index));
    expect(exported.size).toBeGreaterThan(60);
    const reached = new Set<string>();
    const missing: string[] = [];
    const visit = (path: string, name: string): void => {
      const place = `${path} ${name}`;
      if (reached.has(place) || Object.keys(inner).some((known) => place === known || path === known || (known.endsWith("/") && path.startsWith(known)))) return;
      reached.add(place);
      if (!exported.has(place)) missing.push(place);
      const source = files.get(path)!;
      for (const word of wordsOf(source, name)) {
        const at = whereIs(source, word);
        if (at !== undefined) visit(...at);
      }
    };
    for (const place of exported) visit(...(place.split(" ") as [string, string]));
    expect(missing).toEqual([]);
    for (const type of ["src/router/extension.ts ItemsChanged", "src/pubsub/node-config.ts NodeConfig", "src/domain/archive-query.ts ArchivedMessage"]) expect(reached).toContain(type);
  });
});

/** `FILE NAME` of each type that it exports. */
function namesIn(source: Source): readonly string[] {
  const given = [...source.text.matchAll(/^export (type )?\{([^}]*)\} from "([^"]+)"/gm)].flatMap(([, all, names = "", from = ""]) =>
    names.split(",").flatMap((each) => {
      const [, type, name] = /^\s*(type )?(\w+)/.exec(each) ?? [];
      return name === undefined || (all ?? type) === undefined ? [] : [[name, targetOf(source, from)] as const];
    }));
  return given.flatMap(([name, path]) => {
    const at = whereIs(files.get(path)!, name);
    return at === undefined ? [] : [at.join(" ")];
  });
}

/** Where a name in a file is declared: there, or where it is imported from; undefined for what is no type of ours. */
function whereIs(source: Source, name: string): readonly [string, string] | undefined {
  if (declarationOf(source, name) !== undefined) return [source.path, name];
  for (const [, names = "", from = ""] of source.text.matchAll(/^(?:import|export) (?:type )?\{([^}]*)\} from "([^"]+)"/gm)) {
    const found = names.split(",").map((each) => /^\s*(?:type )?(\w+)(?: as (\w+))?/.exec(each)).find((match) => match !== null && (match[2] ?? match[1]) === name);
    if (found?.[1] !== undefined && from.startsWith(".")) return whereIs(files.get(targetOf(source, from))!, found[1]);
  }
  return undefined;
}

function targetOf(source: Source, from: string): string {
  return source.imports.find(({ target, local }) => local && target.endsWith(from.replace(/^(\.\.?\/)+/, "")))!.target;
}

/** Without its comments; of a class what everybody sees. */
function declarationOf({ text }: Source, name: string): string | undefined {
  const code = text.replace(/\/\*[^]*?\*\//g, "").replace(/ \/\/ .*/g, "");
  const type = new RegExp(`^export (?:interface ${name}\\b[^{]*\\{\\n[^]*?^\\}|interface ${name} \\{.*\\}|type ${name}\\b[^=]*=[^]*?;\\n)`, "m").exec(code)?.[0];
  if (type !== undefined) return type;
  const body = new RegExp(`^export class ${name}\\b[^{]*\\{\\n([^]*?)^\\}`, "m").exec(code)?.[1];
  return body?.split("\n").filter((line) => /^ {2}(?!constructor|private|static|readonly #|#)\w[^=]*[({;]/.test(line)).join("\n");
}

function wordsOf(source: Source, name: string): readonly string[] {
  const words = (declarationOf(source, name) ?? "").replace(/"[^"]*"/g, "").match(/\b[A-Z]\w+\b/g) ?? [];
  return [...new Set(words)].filter((word) => word !== name);
}
