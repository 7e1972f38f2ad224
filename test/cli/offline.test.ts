import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { importEntriesMax } from "../../src/admin/api.ts";
import { storeFile } from "../../src/config/data-folder.ts";
import { defaultRoomConfig } from "../../src/domain/room-config.ts";
import { roomStream, type RoomFacts } from "../../src/domain/room-facts.ts";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import type { Json } from "../../src/ports.ts";
import { newFolder, type Outcome, refrainEach, refrainLines, refrainOnce } from "./refrain.ts";

let cwd: string;

beforeEach(() => {
  cwd = newFolder();
});

afterEach(() => {
  rmSync(cwd, { recursive: true });
});

function run(line: string, input?: string, env?: Readonly<Record<string, string>>): Promise<Outcome> {
  return refrainOnce(line.split(" "), { cwd, ...(input === undefined ? {} : { input }), ...(env === undefined ? {} : { env }) });
}

/** One after the other, in one process. */
const runEach = <const Lines extends readonly string[]>(...lines: Lines) => refrainLines(lines, { cwd });

const done = (stdout: string) => ({ status: 0, stdout, stderr: "" });

describe("refrain user, while no server runs", () => {
  it("adds, changes, lists and deletes accounts in the data folder, and says what cannot be done", async () => {
    expect(await run("user add juliet@localhost --password-stdin", "secret\n")).toEqual(done("added juliet@localhost to ./data (a new folder; no server runs there)\n"));
    const changes = await runEach(
      "user add Romeo@localhost --password secret", "user list", "user add romeo@localhost --password secret", "user delete tybalt@localhost",
      "user passwd romeo@example.org --password secret",
    );
    expect(changes.slice(0, 2)).toEqual([done("added romeo@localhost to ./data (no server runs there)\n"), done("juliet@localhost\nromeo@localhost\n")]);
    const [, , again, absent, foreign] = changes;
    expect(again).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/^error: romeo@localhost: there is such an account already; /) });
    expect(absent).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: tybalt@localhost: there is no such account; /) });
    expect(foreign).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: example.org: not a host of this server, which has localhost; /) });
    expect(await run("user passwd romeo@localhost --password-stdin", "secret2")).toEqual(done("changed the password of romeo@localhost\n"));
    const [empty, deleted, left] = await refrainEach([
      ["user", "add", "nurse@localhost", "--password", ""],
      ["user", "delete", "romeo@localhost"],
      ["user", "list", "--json", "--domain", "LOCALHOST", "--data", join(cwd, "data")],
    ], { cwd });
    expect(empty).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: password: expected at least one character/) });
    expect([deleted, left]).toEqual([done("deleted romeo@localhost\n"), done('[\n  "juliet@localhost"\n]\n')]);
  });

  it("disables accounts and enables them again, and marks them in the list", async () => {
    const outcomes = await runEach(
      "user add juliet@localhost --password x", "user add romeo@localhost --password x", "user disable Romeo@localhost", "user list", "user list --disabled", "user list --json",
      "user enable romeo@localhost", "user list", "user list --disabled", "user disable tybalt@localhost",
    );
    expect(outcomes.slice(2, 9)).toEqual([
      done("disabled romeo@localhost\n"), done("juliet@localhost\nromeo@localhost  (disabled)\n"), done("romeo@localhost\n"), done('[\n  "juliet@localhost",\n  "romeo@localhost"\n]\n'),
      done("enabled romeo@localhost\n"), done("juliet@localhost\nromeo@localhost\n"), done(""),
    ]);
    expect(outcomes[9]).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: tybalt@localhost: there is no such account; /) });
  });

  it("lists the devices that have tokens, and takes theirs back", async () => {
    await run("user add romeo@localhost --password x");
    const store = await openSqliteStore({ file: storeFile(join(cwd, "data")), durability: "full", onFatal: (error) => { throw error; } });
    const data = { host: "localhost", username: "romeo", device: "0a1b2c3d4e5f6071", why: "login" };
    const token = { mechanism: "HT-SHA-256-NONE", salt: "c2FsdA==", sealed: "c2VhbGVk", madeAt: 0, expiresAt: Date.UTC(2030, 1, 3), count: null };
    const secret = { "0a1b2c3d4e5f6071": { software: "Gajim", label: null, since: 0, seenAt: Date.UTC(2029, 4, 5, 14, 7, 59), current: token, fresh: null } };
    await store.append("account/localhost/romeo", "any", [{ at: 1, step: "s", cause: null, type: "DeviceTokensChanged", v: 1, data, secret }]);
    await store.close();
    const [listed, revoked, left, again, absent] = await runEach(
      "user devices romeo@localhost", "user devices romeo@localhost --revoke 0a1b", "user devices romeo@localhost --json", "user devices romeo@localhost --revoke 0a1b",
      "user devices tybalt@localhost",
    );
    expect(listed).toEqual(done("0a1b2c3d4e5f6071  Gajim  seen 2029-05-05 14:07 UTC  until 2030-02-03\n"));
    expect([revoked, left]).toEqual([done("revoked 0a1b2c3d4e5f6071\n"), done("[]\n")]);
    expect(again).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: romeo@localhost: no such device: "0a1b"; /) });
    expect(absent).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: tybalt@localhost: there is no such account; /) });
  });

  it("takes an account that is deleted from the lists of all rooms", async () => {
    await runEach("user add juliet@localhost --password x", "user add romeo@localhost --password x");
    const open = () => openSqliteStore({ file: storeFile(join(cwd, "data")), durability: "full", onFatal: (error) => { throw error; } });
    const before = await open();
    const owner = { host: "muc.localhost", room: "orchard" };
    const fact = <Type extends "RoomCreated" | "AffiliationSet">(type: Type, data: Omit<RoomFacts[Type], "host" | "room">) =>
      ({ at: 1, step: "s", cause: null, type, v: 1, data: { ...owner, ...data } as unknown as Json });
    const listed = (jid: string, affiliation: "owner" | "member") => fact("AffiliationSet", { jid, affiliation, nick: "one", reason: null });
    await before.append(roomStream(owner), 0, [
      fact("RoomCreated", { by: "juliet@localhost", config: { ...defaultRoomConfig, persistent: true }, locked: false }),
      listed("juliet@localhost", "owner"), listed("romeo@localhost", "member"),
    ]);
    await before.close();
    expect(await run("user delete romeo@localhost")).toEqual(done("deleted romeo@localhost\n"));
    const after = await open();
    const rows = await after.query("room-rows", { prefix: "", limit: 99 });
    expect(rows.map(({ key }) => key).filter((key) => key.includes("/affiliation/"))).toEqual(["muc.localhost/orchard/affiliation/juliet@localhost"]);
    await after.close();
  });

  it("makes no data folder by looking for one, nor without a password", async () => {
    const [[list, none, two], lines] = await Promise.all([
      runEach("user list", "user add romeo@localhost", "user add romeo@localhost --password x --password-stdin"),
      run("user add romeo@localhost --password-stdin", "a\nb\n"),
    ]);
    expect(list).toMatchObject({ status: 1, stderr: expect.stringContaining(`data folder ${join(cwd, "data")}: does not exist; `) });
    expect(none).toMatchObject({ status: 2, stderr: "error: password: none given, and no terminal to ask on; use --password-stdin or --password\n" });
    expect(two).toMatchObject({ status: 2, stderr: expect.stringContaining("two passwords") });
    expect(lines).toMatchObject({ status: 2, stderr: expect.stringContaining("more than one line") });
    expect(existsSync(join(cwd, "data"))).toBe(false);
  });

  it("serves the hosts that are configured", async () => {
    writeFileSync(join(cwd, "r.toml"), '[[hosts]]\ndomain = "a.example"\n');
    const [file, environment] = await Promise.all([
      run("user add romeo@a.example --password x --config r.toml"),
      run("user add romeo@b.example --password x --data other", "", { REFRAIN_HOSTS: "b.example" }),
    ]);
    expect([file, environment]).toEqual([
      done("added romeo@a.example to ./data (a new folder; no server runs there)\n"),
      done("added romeo@b.example to ./other (a new folder; no server runs there)\n"),
    ]);
  });

  it("names a data folder that cannot be, and leaves a file alone that is no database", async () => {
    writeFileSync(join(cwd, "file"), "");
    mkdirSync(join(cwd, "data"), { mode: 0o700 });
    const content = "no database at all, and long enough to be sure of it".repeat(20);
    writeFileSync(join(cwd, "data/refrain.db"), content);
    const [folder, list] = await runEach("user add romeo@localhost --password x --data file", "user list");
    expect(folder).toEqual({ status: 1, stdout: "", stderr: `error: data folder ${join(cwd, "file")}: is not a folder; name a folder with --data\n` });
    expect(list.status).toBe(1);
    expect(list.stderr).toMatch(/^error: \S+refrain\.db: [^\n]+\n$/);
    expect(readFileSync(join(cwd, "data/refrain.db"), "utf8")).toBe(content);
  });

  it("makes no database where it only looks", async () => {
    mkdirSync(join(cwd, "data"), { mode: 0o700 });
    const outcomes = await runEach("user list", "roster romeo@localhost", "log romeo@localhost", "backup copy.db");
    const stderr = `error: ${join(cwd, "data/refrain.db")}: there is no database here; name the server's data folder with --data\n`;
    for (const outcome of outcomes) expect(outcome).toEqual({ status: 1, stdout: "", stderr });
    expect(readdirSync(join(cwd, "data"))).toEqual([]);
  });

  it("has nowhere to keep accounts with durability none", async () => {
    const outcome = await run("user add romeo@localhost --password x", "", { REFRAIN_DURABILITY: "none" });
    expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining("with durability none") });
  });
});

describe("refrain user import", () => {
  it("creates what it can and names the lines of the rest", async () => {
    const lines = ["romeo@localhost\tsecret", "", "no tab here", "juliet@localhost\twith two spaces", "bad@jid@\tx\ty", "Romeo@localhost\tother"];
    const outcome = await run("user import -", `\uFEFF${lines.join("\r\n")}\r\n`);
    expect(outcome.stdout).toBe("imported 2 accounts, 3 lines failed\n");
    expect(outcome.status).toBe(1);
    expect(outcome.stderr.split("\n").slice(0, 3)).toEqual([
      "error: line 3: expected JID, tab, password; there is no tab",
      'error: line 5: JID "bad@jid@": expected USER@HOST, such as romeo@localhost',
      "error: line 6: romeo@localhost: also on line 1, which counts; remove one",
    ]);
    expect(await run("user list")).toEqual(done("juliet@localhost\nromeo@localhost\n"));
  });

  it("takes a file of several batches, and names one that is not there", async () => {
    const jids = Array.from({ length: importEntriesMax + 8 }, (_, index) => `u${String(index).padStart(4, "0")}@localhost`);
    writeFileSync(join(cwd, "users.tsv"), jids.map((jid) => `${jid}\tsecret\n`).join(""));
    const [first, list, again, nowhere] = await runEach("user import users.tsv", "user list", "user import users.tsv", "user import nowhere.tsv");
    expect(first).toEqual(done(`imported ${jids.length} accounts\n`));
    expect(list.stdout.trim().split("\n")).toEqual(jids);
    expect(again).toMatchObject({ status: 1, stdout: `imported 0 accounts, ${jids.length} lines failed\n` });
    expect(again.stderr).toContain(`error: users.tsv:${jids.length}: ${jids.at(-1)}: there is such an account already`);
    expect(nowhere).toMatchObject({ status: 2, stderr: expect.stringMatching(/^error: nowhere.tsv: cannot be read \(ENOENT\); /) });
  });
});

describe("refrain sessions, while no server runs", () => {
  it("shows none and says so", async () => {
    const [table, json] = await runEach("sessions", "sessions --json");
    expect(table).toMatchObject({ status: 0, stdout: "", stderr: expect.stringContaining("no server runs") });
    expect(json).toMatchObject({ status: 0, stdout: "[]\n", stderr: expect.stringContaining("no server runs") });
  });
});

describe("refrain config", () => {
  it("prints a configuration file that says where each value comes from", async () => {
    writeFileSync(join(cwd, "refrain.toml"), '[[hosts]]\ndomain = "a.example"\n');
    const first = await run("config --port 0", "", { REFRAIN_LOG_LEVEL: "warn" });
    expect(first).toMatchObject({ status: 0, stderr: "" });
    expect(first.stdout).toMatch(/^\[listen\.c2s\]\n# .*\nport = 0 +# flag --port$/m);
    expect(first.stdout).toMatch(/^level = "warn" +# environment REFRAIN_LOG_LEVEL$/m);
    expect(first.stdout).toMatch(/^domain = "a\.example" +# file refrain\.toml:2$/m);
    expect(first.stdout).toMatch(/^# A client that is silent .* ms \(at most 1 day\)\.\nsilenceMs = 300000 +# 5 minutes; default$/m);
    expect(first.stdout).toMatch(/^# certificate = "FILE" +# not set$/m);
    writeFileSync(join(cwd, "printed.toml"), first.stdout);
    const [printed, given] = await runEach("config --json --config printed.toml", "config --json --port 0 --log-level warn");
    expect(configOf(printed)).toEqual(configOf(given));
  });

  it("begins a file, and never touches one that exists", async () => {
    const [begun, json, again, after] = await runEach(
      "config --port 7777 --write begun.toml", "config --json --config begun.toml", "config --write begun.toml", "config --json --config begun.toml",
    );
    expect(begun).toMatchObject({ status: 0, stdout: "wrote begun.toml\n" });
    expect(configOf(json)).toMatchObject({ listen: { c2s: { port: 7777 } } });
    expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining("it exists already") });
    expect(after).toEqual(json);
  });

  it("tells all faults at once, and those of the command line with status 2", async () => {
    const outcome = await run("config --port 70000 --log-level loud");
    expect(outcome).toEqual({
      status: 2,
      stdout: "",
      stderr:
        "error: listen.c2s.port: expected 1–65535 (0 picks a free one), got 70000 (flag --port)\n" +
        'error: log.level: expected one of trace, debug, info, warn, error, fatal, silent, got "loud" (flag --log-level)\n',
    });
  });
});

function configOf({ stdout }: Outcome): unknown {
  return (JSON.parse(stdout) as { config: unknown }).config;
}

describe("refrain called wrongly", () => {
  it("suggests the nearest command and exits with 2", async () => {
    const [command, [sub, option, nothing]] = await Promise.all([
      run("strat"),
      refrainEach([["user", "ad"], ["sessions", "--jsn"], []], { cwd }),
    ]);
    const [early, joined] = await runEach("--data here sessions", "--config=one.toml sessions");
    expect(early).toMatchObject({ status: 2, stderr: expect.stringMatching(/^error: unknown option '--data': it stands after the command: refrain sessions --data DIR\n/) });
    expect(joined).toMatchObject({ status: 2, stderr: expect.stringContaining("'--config=one.toml': it stands after the command: refrain sessions --config FILE\n") });
    expect(command).toMatchObject({ status: 2, stdout: "", stderr: expect.stringMatching(/^error: unknown command 'strat'\n\(Did you mean start\?\)/) });
    expect(sub).toMatchObject({ status: 2, stderr: expect.stringContaining("Did you mean add?") });
    expect(option).toMatchObject({ status: 2, stderr: expect.stringContaining("Did you mean --json?") });
    expect(nothing).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining("Commands:") });
  });

  it("tells its version, and shows help with examples, and no colour where there is no terminal", async () => {
    const [top, [version, ...others]] = await Promise.all([
      run("--help"),
      runEach("--version", "start --help", "user add --help", "user import --help", "config --help"),
    ]);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    for (const { status, stdout, stderr } of [top, ...others]) {
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toContain("\nExamples:\n");
      expect(stdout).not.toContain("\u001B");
    }
    expect(others[0].stdout.replaceAll(/\s+/g, " ")).toContain("--http-port <N> port of the HTTP listener, with the inspector");
  });
});
