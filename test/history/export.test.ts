/** A session that leaves as a file, a picture, a test, or under other names. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stateName } from "../../machines/state-name.ts";
import { streamErrorConditions } from "../../src/domain/errors.ts";
import { lifeOf } from "../../src/history/export/life.ts";
import { exportMermaid } from "../../src/history/export/mermaid.ts";
import { pseudonymised } from "../../src/history/export/pseudonyms.ts";
import { exportJson, exportName, exportOfLog, type SessionExport } from "../../src/history/export/session-export.ts";
import { exportTest } from "../../src/history/export/test-file.ts";
import { serverWords } from "../../src/history/export/server-words.ts";
import { evolveSession, type Disagreement, type SessionMoment } from "../../src/history/session-fold.ts";
import { streamOf } from "../../src/history/subject.ts";
import { exports, telling } from "./export-fixtures.ts";
import { loggedServer, type LoggedServer } from "./living.ts";

let stage: LoggedServer;
let recorded: SessionExport;
beforeAll(async () => {
  stage = await loggedServer(["romeo", "juliet"]);
  const juliet = await stage.enter("juliet", "balcony");
  await juliet.ask("<presence/>");
  const romeo = await stage.enterManaged("romeo", "orchard");
  await romeo.ask("<presence><priority>3</priority></presence>");
  await juliet.ask(`<message to='${romeo.jid}' id='m1' type='chat'><body>wherefore</body></message>`);
  await romeo.ask("<presence type='unavailable'/>");
  romeo.cut();
  await romeo.resume();
  await romeo.close();
  await stage.settled();
  const [row] = await stage.sessionsOf("romeo");
  recorded = exportOfLog(row!, await stage.facts(streamOf(row!)), 1_900_000_000_000);
});
afterAll(() => stage.server.stop());

function folded({ facts }: SessionExport): { readonly states: readonly (string | undefined)[]; readonly disagreements: readonly Disagreement[] } {
  const states: (string | undefined)[] = [];
  const disagreements: Disagreement[] = [];
  let moment: SessionMoment | undefined;
  for (const fact of facts) {
    const next = evolveSession(moment, fact);
    moment = next.moment;
    states.push(moment && stateName(moment.machine.value));
    disagreements.push(...next.disagreements);
  }
  return { states, disagreements };
}

/** What is left of a value when each text and each number is taken for any other. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value === "object" && value !== null) return Object.values(value).map(shape);
  return value === null ? null : typeof value;
}

describe("An export", () => {
  it("holds what the log says of the session, and is the same when it is read again", () => {
    expect(recorded.facts.length).toBeGreaterThan(8);
    expect(recorded.facts.map(({ type }) => type)).toEqual(expect.arrayContaining(["SessionSnapshotTaken", "SessionTold", "StanzaQueued", "SessionEnded"]));
    expect(JSON.parse(exportJson(recorded))).toEqual(recorded);
    expect(exportName(recorded)).toBe(`session-romeo-orchard-${recorded.session.id.slice(0, 8)}`);
  });

  it("brings log and watching into one order, each event once", () => {
    fc.assert(
      fc.property(exports, (exported) => {
        const life = lifeOf(exported);
        const told = exported.items.filter(({ kind }) => kind === "told");
        expect(life.filter(({ kind }) => kind === "told").map((step) => "event" in step && step.event)).toEqual(told.map((item) => "event" in item && item.event));
        expect(life.filter(({ position }) => position !== null).map(({ position }) => position)).toEqual(exported.facts.map(({ position }) => position));
        expect(life).toHaveLength(1 + exported.items.length + exported.facts.filter(({ type }) => type !== "SessionTold").length);
      }),
      { numRuns: 50 },
    );
  });

  it("tells events that nobody watched from the log, and those that the log does not hold yet from the watching", () => {
    const told = recorded.facts.filter(({ type }) => type === "SessionTold");
    const [early, late] = [told[1]!, told.at(-1)!];
    const item = (fact: typeof early) => {
      const { event, state } = fact.data as unknown as { readonly event: never; readonly state: string };
      return { at: fact.at, step: fact.step, kind: "told", event, state, transitions: [] } as const;
    };
    const exported = { ...recorded, facts: recorded.facts.filter(({ version }) => version < late.version), items: [item(early), item(late)] };
    const life = lifeOf(exported).filter(({ kind }) => kind === "told");
    expect(life.map(({ position }) => position)).toEqual([...told.slice(0, -1).map(({ position }) => position), null]);
  });
});

describe("An export as a test", () => {
  const folder = mkdtempSync(join(tmpdir(), "refrain-export-"));
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  beforeAll(() => {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules", "refrain"), "junction");
    symlinkSync(join(root, "node_modules", "vitest"), join(folder, "node_modules", "vitest"), "junction");
    writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function run(texts: Readonly<Record<string, string>>): Promise<{ readonly passed: number; readonly failed: readonly string[] }> {
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
    const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
    const ran = await promisify(execFile)(process.execPath, [vitest, "run", "--root", folder, "--reporter=json", "--pool=threads", "--no-isolate", "--maxWorkers=1"], { env: { ...process.env, VITEST: undefined } }).catch(
      (error: { readonly stdout: string }) => error,
    );
    for (const name of Object.keys(texts)) rmSync(join(folder, name));
    const { testResults, numPassedTests } = JSON.parse(ran.stdout) as {
      readonly numPassedTests: number;
      readonly testResults: readonly { readonly message: string; readonly assertionResults: readonly { readonly title: string; readonly status: string }[] }[];
    };
    const failed = testResults.flatMap(({ message, assertionResults }) => [
      ...(message === "" ? [] : [message]), ...assertionResults.filter(({ status }) => status === "failed").map(({ title }) => title),
    ]);
    return { passed: numPassedTests, failed };
  }

  it("runs against the package, and passes: as it was, under other names, and watched from the first byte; it fails where the machine does something else", async () => {
    const watched = fc.sample(exports, { seed: 5, numRuns: 2 });
    const texts = [recorded, pseudonymised(recorded), ...watched, ...watched.map(pseudonymised)].map((exported, index) => [`s${index}.test.ts`, exportTest(exported)] as const);
    const other = texts[0]![1].replace(`"connected.unavailable+uninterested+attached");`, `"connected.available+interested+attached");`);
    expect(other).not.toBe(texts[0]![1]);
    const { passed, failed } = await run(Object.fromEntries([...texts, ["other.test.ts", other]]));
    expect(failed).toEqual([expect.stringMatching(/^\d+ bound the resource orchard/)]);
    expect(passed).toBeGreaterThan(100);
  });

  it("is refused where no snapshot was recorded to begin from", () => {
    const facts = recorded.facts.filter(({ type }) => type !== "SessionSnapshotTaken");
    expect(() => exportTest({ ...recorded, facts, begun: null })).toThrow(/recorded without a snapshot.*export it as json or mermaid/);
  });

  it("stays within its strings, whatever a client chose", () => {
    const hostile = `"); process.exit(1); // */ \u2028 \u202E </script> \${1} \``;
    const text = exportTest({ ...recorded, session: { ...recorded.session, resource: hostile } });
    expect(text).not.toMatch(/[\u2028\u202E]/u);
    expect(text.slice(0, text.indexOf("import")).split("*/")).toHaveLength(2);
    expect(text.split("\n").find((line) => line.startsWith("describe("))).toBe(
      `describe(${JSON.stringify(`session ${recorded.session.id} of romeo@localhost/${hostile}`).replace("\u2028", "\\u2028").replace("\u202E", "\\u202e")}, () => {`,
    );
  });
});

describe("An export as a sequence diagram", () => {
  it("shows who said what, and each state that it led to", () => {
    const text = exportMermaid(recorded);
    expect(text.split("\n").slice(0, 4)).toEqual([
      "sequenceDiagram", `  %% session ${recorded.session.id}`, "  participant C as romeo@localhost/orchard", "  participant S as refrain",
    ]);
    const lines = text.split("\n").map((line) => line.trim().replace(/<br\/>.*/, ""));
    expect(lines).toContain("Note over S: connected.unavailable+uninterested+attached");
    expect(lines).toContain("C->>S: available with priority 3");
    expect(lines).toContain("Note over S: connected.unavailable+uninterested+hibernating");
    expect(lines.filter((line) => line.startsWith("C--xS: lost its link"))).toHaveLength(1);
  });

  it("is shortened in the middle", () => {
    const [first] = recorded.facts;
    const told = Array.from({ length: 3_000 }, (_, index) => ({
      ...first!, version: index + 2, position: first!.position + index + 1, type: "StanzaQueued",
      data: { number: index + 1, kind: "message", type: "chat", id: null, from: null, copy: false, why: null },
    }));
    const lines = exportMermaid({ ...recorded, facts: [first!, ...told] }).split("\n");
    expect(lines.length).toBeLessThan(420);
    expect(lines.some((line) => /Note over C,S: \d+ more/.test(line))).toBe(true);
  });

  it("has nothing in it that Mermaid or a page would take for its own, in any field", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.oneof(fc.constantFrom(..."<>;#:%{}\n\r\"'`|~\\&\u202E\u0000"), fc.string({ unit: "binary", minLength: 1, maxLength: 1 })) }), (text) => {
        const item = { at: 1, step: "s", kind: "wire", direction: "in", xml: `<message type='${text}'/>`, chars: 1 } as const;
        const touched = { at: 1, step: "s", kind: "touched", other: { session: text, jid: text }, stanza: { name: text, type: text, id: text, from: text, to: text } } as const;
        const lines = exportMermaid({ ...recorded, facts: [], items: [item, touched], session: { ...recorded.session, resource: text } }).trimEnd().split("\n");
        expect(lines).toHaveLength(7);
        for (const line of lines.slice(2)) {
          expect(line).toMatch(/^ {2}(participant [CSO]\d* as |C->>S: |S->>O1: )[^<>;"`|~{}%\\]*(#\d+;[^<>;"`|~{}%\\]*)*$/);
          expect(line).not.toMatch(/[\p{Cc}\u202E]/u);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe("The server's own words", () => {
  const source = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
  const words = (text: string, form: RegExp) => [...text.matchAll(form)].map((match) => match.slice(1).findLast((group) => group !== undefined)!.replaceAll("\\\"", '"'));
  const quoted = String.raw`("([^"$]*)"|'([^'$]*)')`;

  it("are all of those in which sessions and links end", () => {
    const machine = ["session.ts", "session-endings.ts"].map((name) => source(`machines/${name}`)).join("\n");
    const xml = readdirSync(new URL("../../src/xml/", import.meta.url)).map((name) => source(`src/xml/${name}`)).join("\n");
    const found = [
      ...words(machine, /closeSilently\("([^"]+)"/g), ...words(machine, /closeWith\("[a-z-]+", "([^"]+)"\)/g), ...words(machine, /params: "(?:[a-z-]+: )?([^"]+)"/g),
      ...words(machine, /text: "([^"]+)"/g),
      ...words(`${xml}${source("src/bosh/session.ts")}${source("src/net/web-socket-link.ts")}`, new RegExp(`(?:notWellFormed|restrictedXml|badFormat)\\(${quoted}\\)`, "g")).filter((text) => !/prefix|namespace|stream is called/.test(text)),
      ...words(["src/net/transport.ts", "src/net/web-socket-link.ts", "src/bosh/session.ts"].map(source).join("\n"), /#lose\((?:[^"\n]*\?\? )?"([^"]+)"\)/g), ...words(source("src/session/silence.ts"), /giveUp\("([^"]+)"\)/g),
    ];
    expect(found.length).toBeGreaterThan(60);
    expect(found.filter((text) => !serverWords.has(text) && !streamErrorConditions.includes(text as never))).toEqual([]);
  });

  it("stay as they are under other names, also behind a condition; what else is said does not", () => {
    const lost = (why: string) => pseudonymised({ ...recorded, facts: [], items: [{ at: 1, step: "s", kind: "told", event: { type: "link.lost", at: 1, why }, state: "closed", transitions: [] }] }).items[0];
    const kept = ["nothing was heard from the client for too long", "read ECONNRESET", "TLS: read ECONNRESET", "policy-violation: too many attempts to log in", "bad-format: "];
    for (const why of kept) expect(lost(why)).toMatchObject({ event: { why } });
    expect(lost("romeo left")).toMatchObject({ event: { why: "text1" } });
    expect(lost("unsupported-stanza-type: <romeo/> is not understood here")).toMatchObject({ event: { why: "unsupported-stanza-type: text1" } });
    expect(lost("romeo: the connection was closed")).toMatchObject({ event: { why: "text1" } });
  });
});

describe("Pseudonyms", () => {
  it("leave no name of anybody anywhere", () => {
    fc.assert(
      fc.property(exports, (exported) => {
        expect(JSON.stringify(exported)).toMatch(telling);
        const { facts, items, begun, session } = pseudonymised(exported);
        for (const part of [session, begun, ...facts, ...items]) expect(JSON.stringify(part)).not.toMatch(telling);
      }),
      { numRuns: 40 },
    );
  });

  it("keep the order, the types, the states, the lengths and the distances in time, and the machine still agrees", () => {
    fc.assert(
      fc.property(exports, (exported) => {
        const other = pseudonymised(exported);
        expect(shape(other)).toEqual(shape(exported));
        expect(folded(exported).disagreements).toEqual([]);
        expect(folded(other)).toEqual(folded(exported));
        const states = ({ items }: SessionExport) => items.map((item) => ("state" in item ? item.state : item.kind));
        expect(states(other)).toEqual(states(exported));
        const distances = ({ facts, exportedAt }: SessionExport) => facts.map(({ at }) => exportedAt - at);
        expect(distances(other)).toEqual(distances(exported));
        expect(lifeOf(other).map(({ kind, position }) => [kind, position])).toEqual(lifeOf(exported).map(({ kind, position }) => [kind, position]));
      }),
      { numRuns: 40 },
    );
  });

  it("are the same for the same name, and begin the time anew", () => {
    const { session, facts } = pseudonymised(recorded);
    expect(session).toMatchObject({ username: "user1", host: "host1.example", resource: "resource1", id: "session1" });
    expect(facts[0]!.at).toBe(Date.UTC(2000, 0, 1));
    expect(new Set(facts.map(({ stream }) => stream))).toEqual(new Set(["session/host1.example/session1"]));
    const bound = facts.find(({ data }) => (data as { readonly event?: { readonly type: string } }).event?.type === "resource.bound");
    expect(bound!.data).toMatchObject({ event: { resource: "resource1" } });
    const queued = facts.filter(({ type }) => type === "StanzaQueued");
    expect(queued.map(({ data }) => (data as { readonly from: string }).from)).toContain("user2@host1.example/resource2");
    expect(folded({ ...recorded, facts }).states).toEqual(folded(recorded).states);
    expect(session.reason).toBe(recorded.session.reason);
  });

  it("go no further than the texts that are withheld already", () => {
    const wire = (xml: string) => pseudonymised({ ...recorded, items: [{ at: 1, step: "s", kind: "wire", direction: "in", xml, chars: 1 }] }).items[0];
    expect(wire(`<message to="a@b" type="chat"><body>[42 characters]</body><x>secret</x></message>`)).toMatchObject({
      xml: "<message to='user3@host2.example' type='chat'><body>[42 characters]</body><x>[6 characters]</x></message>",
    });
  });
});
