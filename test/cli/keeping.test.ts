import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, describe, it } from "vitest";
import type { LogStats } from "../../src/ports.ts";
import { login } from "../support/login.ts";
import { romeoAndJuliet } from "./romeo-and-juliet.ts";
import { type Serving, serving } from "./serving.ts";

const stage = romeoAndJuliet();
let again: Serving | undefined;
afterAll(() => again?.stop());

const path = (...names: readonly string[]) => join(stage.cwd, ...names);
const database = () => path("data", "refrain.db");

// The tests of this file are one story.
describe("What an operator does to keep the log", () => {
  it("is to see how much room it takes, while the server runs", async () => {
    const [text, json] = await stage.runEach(["log", "stats"], ["log", "stats", "--json"]);
    expect([text.status, text.stderr, json.status]).toEqual([0, "", 0]);
    const stats = JSON.parse(json.stdout) as LogStats;
    expect(stats.facts.find(({ name }) => name === "AccountCreated")?.count).toBe(2);
    expect(text.stdout).toMatch(/^KIND +COUNT +BYTES\nfacts +\d+ +\d/);
    for (const line of [/^ {2}AccountCreated +2 /m, /^contents /m, /^ {2}sessions /m, /^secrets +3 /m, /^all values /m, /^ {2}free in it /m, /^write-ahead log /m]) {
      expect(text.stdout).toMatch(line);
    }
    expect(new Set(text.stdout.split("\n").slice(0, -2).map((line) => line.length)).size).toBe(1);
  });

  it("is to copy it while people write to each other: the copy is whole, and what was said until then is in it", async () => {
    const [romeo, juliet] = [await stage.enter("romeo", "orchard"), await stage.enter("juliet", "balcony")];
    juliet.send("<presence/><enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    await juliet.caughtUp();
    const state = { sent: 0, over: false };
    const writing = (async () => {
      while (!state.over) {
        // Fewer than are kept for one who acknowledges none.
        await new Promise((resolve) => setTimeout(resolve, 10));
        for (let burst = 0; burst < 5; burst += 1) romeo.send(`<message type='chat' id='m${(state.sent += 1)}' to='juliet@localhost/balcony'><body>${state.sent}</body></message>`);
        await romeo.caughtUp();
      }
    })();
    while (state.sent < 40) await new Promise((resolve) => setTimeout(resolve, 5));
    const before = state.sent - 10;
    const copies = await Promise.all([1, 2].map((number) => stage.runAlone("backup", path(`copy${number}.db`))));
    state.over = true;
    await writing;
    expect(copies.map(({ status, stderr }) => [status, stderr])).toEqual([[0, ""], [0, ""]]);
    expect(statSync(path("copy1.db")).mode & 0o777).toBe(0o600);
    const [one, two, taken, nowhere] = await stage.runEach(
      ["log", "verify", path("copy1.db")], ["log", "verify", path("copy2.db")], ["backup", path("copy1.db")], ["backup", path("no", "copy.db")],
    );
    for (const { status, stdout } of [one, two]) expect([status, stdout]).toEqual([0, expect.stringMatching(/ facts, nothing wrong\n$/)]);
    expect([taken.status, taken.stderr]).toEqual([1, expect.stringContaining("there is such a file already")]);
    expect([nowhere.status, nowhere.stderr]).toEqual([1, expect.stringContaining("there is no folder")]);
    expect(before).toBeGreaterThan(0);
    // Once more, of what is said when all is quiet: messages that nobody has acknowledged wait in it.
    const quiet = await stage.run("backup", path("quiet.db"));
    expect(quiet.status).toBe(0);
    expect(readFileSync(path("quiet.db")).includes(`<body>${before}</body>`)).toBe(true);
    expect(readdirSync(stage.cwd).filter((name) => name.includes(".part"))).toEqual([]);
  });

  it("is not what needs the file for itself, while the server runs", async () => {
    const outcomes = await stage.runEach(["log", "rebuild"], ["log", "compact"], ["log", "verify"], ["log", "salvage", database(), path("s.db")], ["restore", path("quiet.db")]);
    for (const { status, stderr } of outcomes) {
      expect([status, stderr]).toEqual([1, expect.stringMatching(/data folder .*: a server runs on it; stop it to .*, and start it again afterwards(; or verify a backup of it, which `refrain backup FILE` makes)?\n$/)]);
    }
    expect(existsSync(path("s.db"))).toBe(false);
  });

  it("is to verify it, to make its read models anew and to give free room back, once the server is stopped", async () => {
    await stage.stop();
    const verified = await stage.run("log", "verify");
    const rebuilt = await stage.run("log", "rebuild");
    const one = await stage.run("log", "rebuild", "--projection", "sessions");
    const compacted = await stage.run("log", "compact");
    const [unknown, counted] = await stage.runEach(["log", "rebuild", "--projection", "session"], ["log", "verify", "--json"]);
    expect([verified.status, verified.stdout, verified.stderr]).toEqual([0, expect.stringContaining("nothing wrong"), ""]);
    expect(rebuilt.stdout).toMatch(/^accounts: 2 rows, all as the facts say$/m);
    expect(one.stdout).toMatch(/^sessions: \d+ rows, all as the facts say\nmade from [\d,]+ facts\n$/);
    expect([compacted.status, compacted.stdout]).toEqual([0, expect.stringMatching(/refrain\.db: .* before, .* now\n$/)]);
    expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringContaining('expected one of accounts, account-rows, account-data, archive, sessions, rooms, room-rows, invitations, got "session"')]);
    expect(JSON.parse(counted.stdout)).toMatchObject({ findings: [], more: 0 });
  });

  it("is to save what can be saved when it is damaged, as the refusal to start tells, and to go on with it", async () => {
    const bytes = readFileSync(database());
    bytes.fill(0x2a, 4_096 * 3, 4_096 * 4);
    bytes.fill(0, 0, 4_096);
    writeFileSync(database(), bytes);
    const start = await stage.run("start", "--port", "0", "--tls-port", "0", "--http-port", "0");
    expect(start.status).toBe(1);
    for (const way of ["refrain log verify", `refrain log salvage ${database()} NEW-FILE`, "refrain restore FILE"]) expect(start.stderr).toContain(way);
    const [verified, saved, twice, refused] = await stage.runEach(
      ["log", "verify"], ["log", "salvage", database(), path("saved.db")], ["log", "salvage", database(), path("saved.db")], ["restore", database()],
    );
    expect([verified.status, saved.status, twice.status, refused.status]).toEqual([1, 1, 1, 1]);
    expect(saved.stdout).toMatch(/^pages: \d+, /);
    expect(saved.stderr).toContain(`refrain restore ${path("saved.db")}`);
    expect(twice.stderr).toContain("there is such a file already");
    expect(readFileSync(database()).equals(bytes)).toBe(true);
    const restored = await stage.run("restore", path("saved.db"));
    expect([restored.status, restored.stderr]).toEqual([0, ""]);
    const aside = readdirSync(path("data")).filter((name) => name.startsWith("refrain.db.before-restore-"));
    expect(aside).toHaveLength(1);
    expect(readFileSync(path("data", aside[0]!)).equals(bytes)).toBe(true);
    again = await serving(stage.cwd);
    await again.stop();
  });

  it("is to go back to a backup: it is as it was then", async () => {
    const restored = await stage.run("restore", path("quiet.db"));
    expect([restored.status, restored.stdout]).toEqual([0, expect.stringMatching(/before-restore-.*: the database that was there\n.*restored from .*quiet\.db, [\d,]+ facts; start the server\n$/)]);
    again = await serving(stage.cwd);
    const juliet = await login(again, { user: "juliet", resource: "later", over: "plaintext" });
    const sessions = JSON.parse((await stage.run("sessions", "--json")).stdout) as { readonly full_jid: string | null; readonly conn: object | null }[];
    // She has not come back, and can still resume.
    expect(sessions.find(({ full_jid }) => full_jid === "juliet@localhost/balcony")?.conn).toBeNull();
    await juliet.close();
    expect(await again.stop()).toBe(0);
    expect((await stage.run("log", "verify")).status).toBe(0);
  });

  it("is told by the help, with examples", async () => {
    const helps = await stage.runEach(
      ...[["log", "stats"], ["log", "verify"], ["log", "rebuild"], ["log", "salvage"], ["log", "compact"], ["backup"], ["restore"]].map((command) => [...command, "--help"]),
    );
    for (const { status, stdout } of helps) expect([status, stdout]).toEqual([0, expect.stringContaining("Examples:")]);
    expect((await stage.run("restore", "--help")).stdout).toMatch(/accounts that were made since are gone/);
  });
});
