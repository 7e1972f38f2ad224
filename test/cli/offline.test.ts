import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newFolder, type Outcome, refrain } from "./refrain.ts";

let cwd: string;

beforeEach(() => {
  cwd = newFolder();
});

afterEach(() => {
  rmSync(cwd, { recursive: true });
});

function run(line: string, input?: string, env?: Readonly<Record<string, string>>): Promise<Outcome> {
  return refrain(line.split(" "), { cwd, ...(input === undefined ? {} : { input }), ...(env === undefined ? {} : { env }) });
}

const done = (stdout: string) => ({ status: 0, stdout, stderr: "" });

describe("refrain user, while no server runs", () => {
  it("adds, changes, lists and deletes accounts in the data folder", async () => {
    expect(await run("user add Romeo@localhost --password secret")).toEqual(done("added romeo@localhost\n"));
    expect(await run("user add juliet@localhost --password-stdin", "secret\n")).toEqual(done("added juliet@localhost\n"));
    expect(await run("user passwd romeo@localhost --password-stdin", "secret2")).toEqual(done("changed the password of romeo@localhost\n"));
    expect(await run("user list")).toEqual(done("juliet@localhost\nromeo@localhost\n"));
    expect(await run("user delete romeo@localhost")).toEqual(done("deleted romeo@localhost\n"));
    expect(await run(`user list --json --domain LOCALHOST --data ${join(cwd, "data")}`)).toEqual(done('[\n  "juliet@localhost"\n]\n'));
  });

  it("says what cannot be done, and what to do", async () => {
    await run("user add romeo@localhost --password secret");
    const [again, absent, foreign, empty] = await Promise.all([
      run("user add romeo@localhost --password secret"),
      run("user delete juliet@localhost"),
      run("user passwd romeo@example.org --password secret"),
      refrain(["user", "add", "juliet@localhost", "--password", ""], { cwd }),
    ]);
    expect(again).toMatchObject({ status: 1, stdout: "", stderr: expect.stringMatching(/^error: romeo@localhost: there is such an account already; /) });
    expect(absent).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: juliet@localhost: there is no such account; /) });
    expect(foreign).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: example.org: not a host of this server, which has localhost; /) });
    expect(empty).toMatchObject({ status: 1, stderr: expect.stringMatching(/^error: password: expected at least one character/) });
  });

  it("wants a password from somewhere", async () => {
    const [none, two, lines] = await Promise.all([
      run("user add romeo@localhost"),
      run("user add romeo@localhost --password x --password-stdin", "x"),
      run("user add romeo@localhost --password-stdin", "a\nb\n"),
    ]);
    expect(none).toMatchObject({ status: 2, stderr: "error: password: none given, and no terminal to ask on; use --password-stdin or --password\n" });
    expect(two).toMatchObject({ status: 2, stderr: expect.stringContaining("two passwords") });
    expect(lines).toMatchObject({ status: 2, stderr: expect.stringContaining("more than one line") });
    expect(existsSync(join(cwd, "data"))).toBe(false);
  });

  it("makes no data folder by looking for one", async () => {
    const outcome = await run("user list");
    expect(outcome).toMatchObject({ status: 1, stderr: expect.stringContaining(`data folder ${join(cwd, "data")}: does not exist; `) });
    expect(existsSync(join(cwd, "data"))).toBe(false);
  });

  it("serves the hosts that are configured", async () => {
    writeFileSync(join(cwd, "r.toml"), '[[hosts]]\ndomain = "a.example"\n');
    expect(await run("user add romeo@a.example --password x --config r.toml")).toEqual(done("added romeo@a.example\n"));
    expect(await run("user add romeo@b.example --password x", "", { REFRAIN_HOSTS: "b.example" })).toEqual(done("added romeo@b.example\n"));
  });

  it("names a data folder that cannot be", async () => {
    writeFileSync(join(cwd, "file"), "");
    const outcome = await run("user add romeo@localhost --password x --data file");
    expect(outcome).toEqual({ status: 1, stdout: "", stderr: `error: data folder ${join(cwd, "file")}: is not a folder; name a folder with --data\n` });
  });

  it("leaves a file alone that is no database", async () => {
    await run("user add romeo@localhost --password secret");
    writeFileSync(join(cwd, "data/refrain.db"), "no database at all, and long enough to be sure of it".repeat(20));
    const outcome = await run("user list");
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toMatch(/^error: \S+refrain\.db: [^\n]+\n$/);
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

  it("takes a file of several batches", async () => {
    const jids = Array.from({ length: 600 }, (_, index) => `u${String(index).padStart(4, "0")}@localhost`);
    writeFileSync(join(cwd, "users.tsv"), jids.map((jid) => `${jid}\tsecret\n`).join(""));
    expect(await run("user import users.tsv")).toEqual(done("imported 600 accounts\n"));
    expect((await run("user list")).stdout.trim().split("\n")).toEqual(jids);
    const again = await run("user import users.tsv");
    expect(again).toMatchObject({ status: 1, stdout: "imported 0 accounts, 600 lines failed\n" });
    expect(again.stderr).toContain("error: users.tsv:600: u0599@localhost: there is such an account already");
  });

  it("names a file that is not there", async () => {
    expect(await run("user import nowhere.tsv")).toMatchObject({ status: 2, stderr: expect.stringMatching(/^error: nowhere.tsv: cannot be read \(ENOENT\); /) });
  });
});

describe("refrain sessions, while no server runs", () => {
  it("shows none and says so", async () => {
    const [table, json] = await Promise.all([run("sessions"), run("sessions --json")]);
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
    expect(first.stdout).toMatch(/^# A client that is silent .* ms\.\nsilenceMs = 300000 +# default$/m);
    expect(first.stdout).toMatch(/^# certificate = "FILE" +# not set$/m);
    writeFileSync(join(cwd, "printed.toml"), first.stdout);
    const values = async (line: string) => (JSON.parse((await run(line)).stdout) as { config: unknown }).config;
    expect(await values("config --json --config printed.toml")).toEqual(await values("config --json --port 0 --log-level warn"));
  });

  it("begins a file, and never touches one that exists", async () => {
    expect(await run("config --port 7777 --write begun.toml")).toMatchObject({ status: 0, stdout: "wrote begun.toml\n" });
    const { config } = JSON.parse((await run("config --json --config begun.toml")).stdout) as { config: { listen: { c2s: { port: number } } } };
    expect(config.listen.c2s.port).toBe(7777);
    expect(await run("config --write begun.toml")).toMatchObject({ status: 1, stderr: expect.stringContaining("it exists already") });
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

describe("refrain called wrongly", () => {
  it("suggests the nearest command and exits with 2", async () => {
    const [command, sub, option, nothing] = await Promise.all([run("strat"), run("user ad"), run("sessions --jsn"), refrain([], { cwd })]);
    expect(command).toMatchObject({ status: 2, stdout: "", stderr: expect.stringMatching(/^error: unknown command 'strat'\n\(Did you mean start\?\)/) });
    expect(sub).toMatchObject({ status: 2, stderr: expect.stringContaining("Did you mean add?") });
    expect(option).toMatchObject({ status: 2, stderr: expect.stringContaining("Did you mean --json?") });
    expect(nothing).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining("Commands:") });
  });

  it("shows help with examples, and no colour where there is no terminal", async () => {
    const outcomes = await Promise.all(["--help", "start --help", "user add --help", "user import --help", "config --help"].map((line) => run(line)));
    for (const { status, stdout, stderr } of outcomes) {
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toContain("\nExamples:\n");
      expect(stdout).not.toContain("\u001B");
    }
    expect(outcomes[1]!.stdout.replaceAll(/\s+/g, " ")).toContain("--http-port <N> reserved for the inspector and WebSocket");
  });

  it("tells its version", async () => {
    expect((await run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
