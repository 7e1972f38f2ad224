import { existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { subscriptionMachine } from "../../machines/subscription.ts";
import { machineNames } from "../../src/cli/check.ts";
import { checkMachines, shippedModels } from "../../src/cli/check-machines.ts";
import { replayCase } from "../../src/cli/check-replay.ts";
import { asAnyModel, type AnyModel } from "../../src/testing/model/machine-model.ts";
import { subscriptionModel } from "../../src/testing/model/subscription-model.ts";
import { root } from "../tidy/sources.ts";
import { exitStatus, newFolder, refrainLines, spawnRefrain } from "./refrain.ts";

describe("refrain check on the command line", () => {
  it("needs neither server nor folder, says what was covered, and makes the same scripts of the same seed", async () => {
    const cwd = newFolder();
    const line = "check --machine subscription --runs 50 --seed 7";
    const [one, other, json, bare, room] = await refrainLines([line, line, `${line} --json`, "check --machine subscription --runs 0", "check --machine room --runs 0"], { cwd });
    expect(one).toMatchObject({ status: 0, stderr: "" });
    expect(one.stdout).toMatch(/^subscription: everything holds\n {2}50 scripts with .*; seed 7\n {2}\d+ states, all that can be reached/);
    expect(one.stdout).toMatch(/transitions taken: (\d+) of \1\b/);
    expect(one.stdout).not.toContain("\u001B");
    expect(other.stdout).toBe(one.stdout);
    const { ok, verdicts } = JSON.parse(json.stdout) as { readonly ok: boolean; readonly verdicts: readonly { readonly machine: string; readonly runs: number }[] };
    expect([ok, verdicts.map(({ machine, runs }) => [machine, runs])]).toEqual([true, [["subscription", 50]]]);
    expect(bare.stdout).toMatch(/^subscription: everything holds\n {2}no scripts\n/);
    expect(room.stdout).toMatch(/^room: everything holds\n/);
    expect(room.stdout).not.toContain("\nsubscription: ");
    expect(readdirSync(cwd)).toEqual([]);
  });

  it("says what it was called wrongly with, by exit status 2", async () => {
    const outcomes = await refrainLines(
      ["check --machine door", "check --runs many", "check --seed 4294967296", "check --force", "check --replay a.json --seed 1", "check --machine subscription --runs 0 --save /dev/null/cases"],
      { cwd: newFolder() },
    );
    expect(outcomes.map(({ status }) => status)).toEqual([2, 2, 2, 2, 2, 2]);
    expect(outcomes.map(({ stderr }) => stderr.split("\n")[0])).toEqual([
      'error: --machine: expected client-session or subscription or room or bosh, got "door"',
      'error: --runs: expected a whole number from 0 to 100000000, got "many"',
      'error: --seed: expected a whole number from -2147483648 to 2147483647, got "4294967296"',
      "error: --force: is for --save; name a folder with --save DIR",
      "error: --seed: a case that is replayed says itself what is run; leave it out",
      "error: /dev/null/cases: cannot be written into (ENOTDIR); name another folder",
    ]);
  });

  it("lists the machines in its help", async () => {
    const [help] = await refrainLines(["check --help"], { cwd: newFolder() });
    expect(help.stdout).toMatch(/--machine <NAME> {2}only this one: client-session \(or: session\), subscription,\s+room,\s+bosh\n/);
    for (const name of machineNames) expect(help.stdout).toContain(name);
  });

  it("ends with Ctrl-C, and says and saves what was done so far and how to begin again, by exit status 130", async () => {
    const cwd = newFolder();
    const child = spawnRefrain(["check", "--runs", "100000000", "--seed", "42", "--save", "cases"], { cwd });
    let said = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => (said += text));
    await expect.poll(() => existsSync(join(cwd, "cases")), { timeout: 15_000 }).toBe(true);
    child.kill("SIGINT");
    expect(await exitStatus(child)).toBe(130);
    expect(said).toMatch(/^client-session: interrupted; until then everything held\n\n {2}again: refrain check --machine client-session --runs 100000000 --seed 42\n\n {2}[\d,]+ of 100,000,000 scripts with .*; seed 42\n/);
    const others = ["subscription", "room", "bosh"].map((name) => `\n\n${name}: interrupted before it was begun\n  again: refrain check --machine ${name} --runs 100000000 --seed 42`);
    expect(said.endsWith(`${others.join("")}\n`)).toBe(true);
    expect(readFileSync(join(cwd, "cases", "verdict.txt"), "utf8")).toMatch(/^client-session: interrupted; /);
  });

  it("says of a file that it cannot replay what is wrong with it, by exit status 2", async () => {
    const cwd = newFolder();
    const good = { refrain: "check-case", version: 1, machine: "subscription", rule: "r", source: null, problem: "p", seed: 1, path: "", start: "none", events: [] };
    const files: Readonly<Record<string, string>> = {
      "text.json": "hello",
      "other.json": "{}",
      "later.json": JSON.stringify({ ...good, version: 9 }),
      "broken.json": JSON.stringify({ ...good, events: [{}] }),
      "door.json": JSON.stringify({ ...good, machine: "door" }),
      "start.json": JSON.stringify({ ...good, start: "upside down" }),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
    const outcomes = await refrainLines(["missing.json", ...Object.keys(files)].map((file) => `check --replay ${file}`), { cwd });
    expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => 2));
    const said = outcomes.map(({ stderr }) => stderr.split("\n")[0]);
    expect(said.slice(0, 4)).toEqual([
      "error: missing.json: cannot be read (ENOENT); name a case that `refrain check --save DIR` wrote",
      "error: text.json: is no saved case; name one that `refrain check --save DIR` wrote",
      "error: other.json: is no saved case; name one that `refrain check --save DIR` wrote",
      "error: later.json: version: expected 1, got 9; replay it with the release of refrain that wrote it, or a later one",
    ]);
    expect(said[4]).toBe("error: broken.json: events.0.type: expected string, got nothing; the file was changed or is damaged: find the case again with `refrain check --seed 1`");
    expect(said[5]).toBe('error: door.json: machine: expected client-session or subscription or room or bosh, got "door"; name a case of one of these');
    expect(said[6]).toMatch(/^error: start\.json: start: expected .*, got "upside down"; replay it with the release of refrain that wrote it$/);
  });

  it("knows its machines by the names of their models", () => {
    expect(shippedModels.map(({ name }) => name)).toEqual(machineNames);
  });

  it("is the only command that loads the test kit or fast-check, and that when it is asked for", () => {
    const loaded = new Set<string>();
    const visit = (path: string): void => {
      if (loaded.has(path)) return;
      loaded.add(path);
      if (!path.endsWith(".ts")) return;
      const statements = readFileSync(join(root, path), "utf8").matchAll(/^(?:import|export)\s+(?!type\s)(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm);
      for (const [, target = ""] of statements) visit(target.startsWith(".") ? normalize(join(dirname(path), target)) : target);
    };
    visit("src/cli/main.ts");
    expect(loaded).toContain("src/cli/check.ts");
    expect([...loaded].filter((path) => path === "fast-check" || path.startsWith("src/testing/"))).toEqual([]);
  });
});

/** As if whoever asks had been approved beforehand. */
const forgiving = subscriptionMachine.provide({ guards: { isApproved: () => true } });
const planted: AnyModel = { ...asAnyModel(subscriptionModel), machine: forgiving };

/** Holds in every state, and not for ever: only scripts show it. */
const patient: AnyModel = {
  ...asAnyModel(subscriptionModel),
  invariants: [
    {
      name: "Nobody asks five times.",
      source: "RFC 6121 section 3.1.2",
      life: () => {
        let asked = 0;
        return ({ event }) => ((asked += Number(event?.type === "outbound.subscribe")) < 5 ? undefined : "asked for the fifth time");
      },
    },
  ],
};

const asked = { runs: 200, seed: 42, save: undefined, force: false, json: false } as const;

describe("refrain check of a machine that breaks a rule", () => {
  let said = "";
  beforeEach(() => {
    said = "";
    for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, "write").mockImplementation((text) => ((said += String(text)), true));
  });
  afterEach(() => void vi.restoreAllMocks());

  const folder = () => join(mkdtempSync(join(tmpdir(), "refrain-check-")), "cases");

  it("fails, shows how, and goes on to the next machine", async () => {
    await expect(checkMachines([planted, asAnyModel(subscriptionModel)], asked)).rejects.toThrow("something does not hold");
    expect(said).toMatch(/^subscription: something does not hold\n\n {2}✗ .*RFC 6121/);
    expect(said).toContain("  again: refrain check --machine subscription --runs 0\n");
    expect(said).toContain("    sequenceDiagram\n");
    expect(said).toContain("\n\nsubscription: everything holds\n");
  });

  it("makes a script that fails as short as it can be, and names the seed", async () => {
    await expect(checkMachines([patient], asked)).rejects.toThrow();
    expect(said).toMatch(/found by script \d+, made smaller (once|\d+ times), to 5 events:/);
    expect(said).toContain("  5  user → server: <presence> subscribe");
    expect(said).toContain("  again: refrain check --machine subscription --runs 200 --seed 42\n");
  });

  it("can be stopped: what is not begun is named, and nothing is called right that was not looked at", async () => {
    const stopped = AbortSignal.abort();
    const runs = 1_000_000;
    expect(await checkMachines([asAnyModel(subscriptionModel), planted], { ...asked, runs, stop: stopped })).toBe(false);
    expect(said).toMatch(/^subscription: interrupted; until then everything held\n[^]*\nsubscription: interrupted before it was begun\n {2}again: refrain check --machine subscription --runs 1000000 --seed 42\n$/);
    said = "";
    expect(await checkMachines([asAnyModel(subscriptionModel)], { ...asked, runs, stop: stopped, json: true })).toBe(false);
    expect(JSON.parse(said)).toMatchObject({ ok: false, interrupted: true, verdicts: [{ ok: true, interrupted: true, asked: { runs } }] });
    said = "";
    expect(await checkMachines([asAnyModel(subscriptionModel)], { ...asked, stop: new AbortController().signal, json: true })).toBe(true);
    expect(JSON.parse(said)).not.toHaveProperty("interrupted");
  });

  it("has the counterexample in its JSON, step by step", async () => {
    await expect(checkMachines([patient], { ...asked, json: true })).rejects.toThrow();
    const { ok, verdicts } = JSON.parse(said) as { ok: boolean; verdicts: { counterexample: { problem: string; steps: { state: string; event: { type: string } | null }[] } }[] };
    const { problem, steps } = verdicts[0]!.counterexample;
    expect([ok, problem, steps.length]).toEqual([false, "asked for the fifth time", 6]);
    expect(steps.map(({ event, state }) => [event?.type, state]).slice(0, 2)).toEqual([[undefined, "None"], ["outbound.subscribe", "NoneOut"]]);
  });

  it("saves the verdict and a case that can be replayed, for machines and for people; replaces nothing unasked", async () => {
    const save = folder();
    await expect(checkMachines([patient], { ...asked, save })).rejects.toThrow();
    expect(readdirSync(save).toSorted()).toEqual(["subscription-42.json", "subscription-42.md", "verdict.txt"]);
    const file = join(save, "subscription-42.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ refrain: "check-case", machine: "subscription", rule: "Nobody asks five times.", seed: 42, events: Array.from({ length: 5 }, () => ({ type: "outbound.subscribe" })) });
    const page = readFileSync(join(save, "subscription-42.md"), "utf8");
    for (const part of ["# subscription: a rule is broken", "```mermaid\nsequenceDiagram\n", "asked for the fifth time", `refrain check --replay ${file}`]) expect(page).toContain(part);
    expect(readFileSync(join(save, "verdict.txt"), "utf8")).toMatch(/^subscription: something does not hold\n/);

    await expect(checkMachines([patient], { ...asked, save })).rejects.toThrow("verdict.txt: is there already; name another folder, or replace it with --force");
    await expect(checkMachines([patient], { ...asked, save, force: true })).rejects.toThrow("something does not hold");
    expect(readdirSync(save)).toHaveLength(3);

    said = "";
    await expect(replayCase(file, { json: false, models: [patient] })).rejects.toThrow("a rule is broken");
    expect(said).toMatch(/^subscription: a rule is broken\n\nsubscription, begun/);
    expect(said).toContain("✗ Nobody asks five times (RFC 6121 section 3.1.2).");
    said = "";
    await replayCase(file, { json: false });
    expect(said).toContain("subscription: every rule holds now\n");
    expect(said).toContain("the case was: Nobody asks five times. asked for the fifth time\n");
    said = "";
    await replayCase(file, { json: true });
    expect(JSON.parse(said)).toMatchObject({ ok: true, machine: "subscription", expected: "Nobody asks five times.", breach: null });
  });

  it("says of a case with events that the machine does not know that it says nothing of this one", async () => {
    const save = folder();
    await expect(checkMachines([patient], { ...asked, save })).rejects.toThrow();
    const file = join(save, "subscription-42.json");
    const saved = JSON.parse(readFileSync(file, "utf8")) as { events: { type: string }[] };
    writeFileSync(file, JSON.stringify({ ...saved, events: [...saved.events, { type: "inbound.poke" }, { type: "inbound.poke" }] }));
    said = "";
    await expect(replayCase(file, { json: false })).rejects.toThrow(
      `${file}: events: subscription knows no "inbound.poke"; replay it with the release of refrain that wrote it, or find the case again with \`refrain check\``);
    expect(said).toBe("");
    await expect(replayCase(file, { json: false, models: [patient] })).rejects.toThrow("a rule is broken");
  });

  it("saves what was found without scripts under a name without a seed", async () => {
    const save = folder();
    await expect(checkMachines([planted], { ...asked, save })).rejects.toThrow();
    expect(readdirSync(save).toSorted()).toEqual(["subscription-states.json", "subscription-states.md", "verdict.txt"]);
  });

  it("takes another seed each time where none is given", async () => {
    const seeds = new Set<string | undefined>();
    for (let time = 0; time < 3; time += 1) {
      said = "";
      await checkMachines([asAnyModel(subscriptionModel)], { ...asked, runs: 5, seed: undefined });
      seeds.add(/seed (-?\d+)/.exec(said)?.[1]);
    }
    expect(seeds.size).toBe(3);
  });
});
