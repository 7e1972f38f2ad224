/** Sessions out of files, and of a log that no server has open: checked, looked at, exported. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { lifeOf } from "../../src/history/export/life.ts";
import { pseudonymised } from "../../src/history/export/pseudonyms.ts";
import { exportMermaid } from "../../src/history/export/mermaid.ts";
import { exportJson, exportOf, exportOfLog, type SessionExport } from "../../src/history/export/session-export.ts";
import { exportTest } from "../../src/history/export/test-file.ts";
import { factsOf } from "../../src/history/source.ts";
import { findSession, streamOf } from "../../src/history/subject.ts";
import type { FromServer, WatchBegun } from "../../src/inspector/protocol.ts";
import { parseExport, recordedFrames, recordedSource } from "../../src/inspector/recorded.ts";
import { LiveRecording } from "../../src/page/model/recording.ts";
import { exitStatus, newFolder, refrain, refrainLines, spawnRefrain } from "../cli/refrain.ts";
import { serving } from "../cli/serving.ts";
import { exports } from "../history/export-fixtures.ts";
import { eventually } from "../session/watching.ts";
import { login } from "../support/login.ts";
import { watchedServer } from "./setting.ts";

const [sample] = fc.sample(exports, { seed: 11, numRuns: 1 }) as [SessionExport];

describe("An exported file", () => {
  it("is read as it was written, whatever happened in the session", () => {
    const isSame = fc.property(exports, (exported) => {
      expect(parseExport(exportJson(exported), "f.json")).toEqual(exported);
    });
    fc.assert(isSame, { numRuns: 25 });
  });

  it("is refused in words that name the file, the place and the fix", () => {
    const text = exportJson(sample);
    const changed = (change: object) => JSON.stringify({ ...sample, ...change });
    const fact = sample.facts[3]!;
    const withFact = (other: object) => changed({ facts: sample.facts.with(3, { ...fact, ...other }) });
    const cases: readonly (readonly [string, RegExp])[] = [
      ["", /^f\.json: line 1: it is not JSON, or not whole; export/],
      [text.slice(0, text.indexOf(`"facts"`) + 200), /^f\.json: line \d\d: it is not JSON, or not whole/],
      [`{ "refrain": "account" }`, /^f\.json: it is JSON, and no exported session; export one with/],
      ["[1]", /^f\.json: it is JSON, and no exported session/],
      [changed({ version: 2 }), /^f\.json: version: expected 1, got 2; open it with the release/],
      [changed({ session: { ...sample.session, id: "a/b" } }), /^f\.json: session\.id: expected the id of a session; the file was changed/],
      [withFact({ position: "7" }), /^f\.json: facts\[3\]\.position: /],
      [withFact({ stream: "session/elsewhere/x" }), /^f\.json: facts\[3\]: expected a fact of session\/\S+, got one of session\/elsewhere\/x/],
      [withFact({ version: 1 }), /^f\.json: facts\[3\]: expected a version after 3, got 1/],
      [withFact({ type: "SessionSnapshotTaken", data: { machine: "session", version: 99, value: "closed", context: {} } }), /^f\.json: position \d+ of the log: snapshot\.version: expected 1–\d+/],
      [withFact({ type: "SessionSnapshotTaken", data: { machine: "session", version: 2, value: "closed", context: {} } }), /^f\.json: facts\[3\]: its context has no policy/],
      [withFact({ data: "DEEP" }).replace('"DEEP"', "[".repeat(6_000) + "]".repeat(6_000)), /^f\.json: its JSON has more than 100 levels, as no exported session has; the file was changed/],
      [withFact({ type: "SessionTold", data: null }), /^f\.json: facts\[3\]: it cannot be folded/],
      [changed({ begun: { ...sample.begun, snapshot: { ...sample.begun!.snapshot, machine: "other" } } }), /^f\.json: begun: snapshot\.machine: expected "session", got "other"/],
    ];
    expect(() => parseExport(exportMermaid(sample), "f.mmd")).toThrow(/^f\.mmd: it is a diagram for Mermaid, from which/);
    expect(() => parseExport(exportTest(sample), "f.ts")).toThrow(/^f\.ts: it is a test, from which/);
    for (const [broken, message] of cases) expect(() => parseExport(broken, "f.json")).toThrow(message);
  });

  it("is a log of this one session", async () => {
    const source = recordedSource(sample);
    const found = await findSession(source, sample.session.id.slice(0, 8));
    expect(found).toEqual(sample.session);
    const facts = [];
    for await (const fact of factsOf(source, streamOf(found))) facts.push(fact);
    expect(facts).toEqual(sample.facts);
    expect(await source.streamFacts("account/zqhost.invalid/zqromeo", 0)).toEqual([]);
    expect(await source.allFacts(sample.facts.at(-1)!.position)).toEqual([]);
    expect(await source.sessionsOf(sample.session.host, sample.session.username, "")).toEqual([sample.session]);
  });

  it("gives the page the recording that it was exported from", () => {
    fc.assert(
      fc.property(exports, (exported) => {
        const recording = new LiveRecording(exported.session.id);
        for (const frame of recordedFrames(exported).map((text) => JSON.parse(text) as FromServer)) {
          if (frame.type === "watching") recording.begin(frame satisfies WatchBegun);
          else if (frame.type === "items") for (const item of frame.items) recording.take(item);
        }
        recording.takeFacts(exported.facts);
        const again = exportOf(recording, exported.exportedAt);
        expect(again.items).toEqual(exported.items);
        expect(again.facts).toEqual(exported.facts);
        expect(again.begun).toEqual(exported.begun);
      }),
      { numRuns: 25 },
    );
  });
});

describe("A session that was watched while it lived", () => {
  const names = /zq|secret/i;

  it("leaves under other names with all of its stanzas, opens again as it was, and folds to the same states", async () => {
    const setting = await watchedServer(["zqromeo", "zqjuliet"], { bodies: true });
    try {
      const page = setting.open();
      page.say({ type: "watch-new", on: true });
      const juliet = await setting.enter("zqjuliet", "zqbalcony");
      await juliet.ask("<presence/>");
      const romeo = await setting.enterManaged("zqromeo", "zqorchard &lt;b&gt;&amp;'");
      await romeo.ask(`<presence xml:lang='zq'><show>away</show><status>zq is away</status><c xmlns='http://jabber.org/protocol/caps' node='http://zq.example' hash='sha-1' ver='zqver'/></presence>`);
      await romeo.ask(`<iq type='set' id='zq1'><query xmlns='jabber:iq:roster'><item jid='zqnurse@localhost' name='zq &amp; co'><group>zqgroup</group></item></query></iq>`);
      await romeo.ask(`<message to='${juliet.jid}' type='chat' id='zqm1'><body>zq says &lt;hi&gt;</body><zqx xmlns='urn:zq' zqa='zq'/></message>`);
      await juliet.ask(`<message to='zqromeo@localhost' type='chat' id='zqm2'><body>zq answers</body></message>`);
      await romeo.ask(`<presence to='zqfriar@localhost/zqcell'/>`);
      romeo.cut();
      await romeo.resume();
      await romeo.close();
      const id = (await setting.sessionsOf("zqromeo"))[0]!.id;
      const recording = new LiveRecording(id);
      await eventually(() => page.items("closed", id)[0]);
      await eventually(() => page.items("fact", id).find(({ fact }) => fact.type === "SessionEnded"));
      for (const message of page.told) {
        if (message.type === "watching" && message.summary.id === id) recording.begin(message);
        if (message.type === "items") for (const item of message.items) if (item.session === id) recording.take(item);
      }
      const exported = exportOf(recording, Date.now());
      expect(exported.items.filter(({ kind }) => kind === "wire").length).toBeGreaterThan(20);
      expect(exported.items.some(({ kind }) => kind === "touched")).toBe(true);
      const other = pseudonymised(exported);
      for (const part of [other.session, other.begun, ...other.facts, ...other.items]) expect(JSON.stringify(part)).not.toMatch(names);
      for (const each of [exported, other]) {
        const again = parseExport(exportJson(each), "f.json");
        expect(again).toEqual(each);
        expect(exportMermaid(again)).toMatch(/C->>S: #60;message#62; chat #60;body#62; to /);
        const folded = lifeOf(again).flatMap((step) => (step.kind === "told" ? [step.state] : []));
        expect(folded).toEqual(exported.items.flatMap((item) => (item.kind === "told" ? [item.state] : [])));
        expect(folded.at(-1)).toBe("closed");
      }
      const shape = ({ items }: SessionExport) => items.map((item) => (item.kind === "wire" ? `${item.direction} ${/^<\/?[^\s>]*/.exec(item.xml)?.[0]}` : item.kind));
      expect(shape(other)).toEqual(shape(exported));
    } finally {
      setting.feed.close();
      await setting.server.stop();
    }
  });
});

describe("refrain inspect, of what is recorded", () => {
  let cwd: string;
  let id: string;
  beforeAll(async () => {
    cwd = newFolder();
    const server = await serving(cwd);
    await refrain(["user", "add", "romeo@localhost", "--password-stdin"], { cwd, input: "secret\n" });
    const client = await login(server, { user: "romeo", over: "plaintext", resource: "orchard" });
    await client.ask("<presence/>");
    client.raw.send("</stream:stream>");
    await client.raw.closed;
    await server.stop();
    const log = await refrain(["log", "romeo@localhost/orchard", "--json"], { cwd });
    id = (JSON.parse(log.stdout.split("\n")[0]!) as { readonly stream: string }).stream.split("/")[2]!;
  });
  afterAll(() => rmSync(cwd, { recursive: true }));

  it("exports a session of the log in three forms, and under other names", async () => {
    const lines = await refrainLines([
      `inspect romeo@localhost/orchard --export session.json`,
      `inspect --export - --format mermaid -- ${id}`,
      `inspect session.json --export session.test.ts --format test --pseudonyms`,
      `inspect session.json --export session.json`,
      `inspect romeo@localhost --export session.json --force`,
      `inspect session.json --force`,
      `inspect session.test.ts`,
      `inspect session.json --export other --format svg`,
      `inspect missing.json`,
      `inspect --export x.json -- ${id.slice(0, 3)}`,
    ], { cwd });
    const [json, mermaid, test, again, forced, lone, unreadable, format, missing, short] = lines;
    expect(json).toEqual({ status: 0, stdout: "", stderr: expect.stringMatching(new RegExp(`^session\\.json: session ${id}, \\d+ facts of its log\\n$`)) });
    const exported = parseExport(readFileSync(join(cwd, "session.json"), "utf8"), "session.json");
    expect(exported).toEqual(exportOfLog(exported.session, exported.facts, exported.exportedAt));
    expect(exported.session).toMatchObject({ id, username: "romeo", resource: "orchard", reason: "the client closed its stream" });
    expect(mermaid.stdout).toMatch(/^sequenceDiagram\n[^]*C->>S: available with priority 0\n[^]*Note over S: closed<br\/>/);
    expect(test.status).toBe(0);
    const text = readFileSync(join(cwd, "session.test.ts"), "utf8");
    expect(text).toContain(`describe("session session1 of user1@host1.example/resource1"`);
    expect(text).not.toMatch(/romeo|orchard/);
    expect(again).toMatchObject({ status: 2, stderr: "error: session.json: is there already; name another file, or replace it with --force\n" });
    expect(forced).toMatchObject({ status: 0, stderr: json.stderr });
    expect(lone).toMatchObject({ status: 2, stderr: expect.stringContaining("--force: is for an export; name its file with --export") });
    expect(unreadable).toMatchObject({ status: 1, stderr: expect.stringContaining("session.test.ts: it is a test, from which the session cannot be read again; ") });
    expect(format).toMatchObject({ status: 2, stderr: expect.stringContaining(`--format: expected json, mermaid, test, got "svg"`) });
    expect(missing).toMatchObject({ status: 1, stderr: expect.stringContaining("missing.json: there is no such file") });
    expect(short).toMatchObject({ status: 1, stderr: expect.stringContaining("too short") });
  });

  it("opens the page on a file, where there is neither a server nor a data folder, and on a session of a folder that nobody serves", async () => {
    const elsewhere = newFolder();
    writeFileSync(join(elsewhere, "session.json"), exportJson(sample));
    try {
      for (const [what, folder, session] of [["session.json", elsewhere, sample.session.id], [id, cwd, id]] as const) {
        const child = spawnRefrain(["inspect", "--", what], { cwd: folder });
        let stdout = "";
        child.stdout!.on("data", (chunk) => (stdout += String(chunk)));
        const page = new URL(await eventually(() => /^http\S+(?=\n)/m.exec(stdout)?.[0]));
        expect(page.hostname).toBe("127.0.0.1");
        expect(page.pathname).toBe("/inspect");
        const token = page.hash.slice("#token=".length);
        const entered = await fetch(`${page.origin}/inspect/enter`, { method: "POST", body: JSON.stringify({ token }), headers: { origin: page.origin } });
        const cookie = entered.headers.get("set-cookie")!.split(";")[0]!;
        const told: FromServer[] = [];
        const socket = new WebSocket(`${page.origin.replace("http", "ws")}/inspect/feed`, { headers: { cookie, origin: page.origin } });
        socket.on("message", (data) => told.push(JSON.parse(String(data)) as FromServer));
        await eventually(() => (told.length > 0 ? true : undefined));
        expect(told[0]).toMatchObject({ type: "hello", live: false, bodies: false, opened: [{ id: session }] });
        const { host } = (told[0] as Extract<FromServer, { type: "hello" }>).opened[0]!;
        socket.send(JSON.stringify({ type: "ask", id: 1, question: { kind: "facts", stream: `session/${host}/${session}`, after: 0 } }));
        const answer = await eventually(() => told.find((message) => message.type === "answer"));
        expect((answer as unknown as { readonly result: readonly { readonly type: string }[] }).result[0]).toMatchObject({ type: "SessionSnapshotTaken" });
        socket.close();
        child.kill("SIGINT");
        expect(await exitStatus(child)).toBe(0);
      }
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });
});
