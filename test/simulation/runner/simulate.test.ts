/** The run with real child processes, and worlds that are broken for a reason that is known. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { caseVersion, readCase } from "./case-file.ts";
import { simulate } from "./command.ts";
import { PlayingChild, ruleOfDeath, ruleOfEnding } from "./playing-child.ts";

const here = new URL(".", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "refrain-runner-"));
const child = join(folder, "code", "runner", "child.js");

beforeAll(() => {
  const tsc = join(here, "../../../node_modules/typescript/bin/tsc");
  const options = ["--ignoreConfig", "--noCheck", "--module", "nodenext", "--target", "es2023", "--rewriteRelativeImportExtensions", "--verbatimModuleSyntax"];
  execFileSync(process.execPath, [tsc, ...options, "--rootDir", join(here, ".."), "--outDir", join(folder, "code"), join(here, "child.ts")]);
  writeFileSync(join(folder, "code", "package.json"), `{ "type": "module" }`);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("npm run simulate", () => {
  it.concurrent("plays every seed once, on two processes as on one, and sums what they came to", async () => {
    const [two, one] = await Promise.all([run(["--seeds", "120", "--jobs", "2"], calm), run(["--seeds", "120", "--jobs", "1"], calm)]);
    expect(two.status, two.text).toBe(0);
    // Seeds 1 to 120, each an hour long for its one client, with as many tasks as its number.
    expect(two.text).toMatch(/^120 seeds with 120\.00 client-hours in \d+\.\d s, [\d.]+ seeds a second\n2 of them played again, to see that they come to the same\n/m);
    expect(two.text).toContain("tasks 7260 ");
    expect(two.lines.at(-1)).toMatch(/^seeds 120 client-hours 120\.0 problems 0 digest [0-9a-f]{16}$/);
    expect(two.lines.at(-1)).toBe(one.lines.at(-1));
    expect((await run(["--seeds", "119", "--jobs", "1"], calm)).lines.at(-1)!.slice(-16)).not.toBe(two.lines.at(-1)!.slice(-16));
    const single = (await run(["--seed", "3"], calm)).text;
    expect(single).toMatch(/^1 seed with 1\.00 client-hours in /m);
    expect(single).not.toContain("played again");
  });

  it.concurrent("ends with the first broken seed, makes it smaller, saves it, shows it, and plays it again", async () => {
    const { status, text, lines } = await run(["--seeds", "1000", "--jobs", "2"], cutsAndCrashes);
    expect(status, text).toBe(1);
    expect(text).toMatch(/^BROKEN: No crash after a cut\nseed 7, at /m);
    expect(text).toMatch(/^made smaller, from 60 happenings to 2, by playing \d+ worlds:$/m);
    expect(text).toContain("what was said and done, around what went wrong:\n  link\n  server\n");
    expect(lines.at(-1)).toMatch(/problems 1 digest/);
    const [, path = ""] = /^play it: npm run simulate -- --replay (.+\.json)$/m.exec(text) ?? [];
    expect(readCase(path).plan.happenings.map(({ kind, choice }) => [kind, choice])).toEqual([["link", 0], ["server", 0]]);
    expect(readFileSync(path.replace(/json$/, "md"), "utf8")).toContain("# No crash after a cut");

    const again = await run(["--replay", path], cutsAndCrashes);
    expect(again.status).toBe(1);
    expect(again.text).toContain("BROKEN at 00:00.000: No crash after a cut\na link came before a server");
    expect(again.lines.at(-1)).toBe("still broken: No crash after a cut");
    const mended = await run(["--replay", path], calm);
    expect([mended.status, mended.lines.at(-1)]).toEqual([0, "this rule holds now: No crash after a cut"]);
    expect(mended.lines).toContain("all was well");
  });

  it.concurrent("saves a broken world as it is where it is not to be made smaller", async () => {
    const { status, text, lines } = await run(["--seed", "7", "--minimise", "0"], cutsAndCrashes, { save: join(folder, "whole") });
    expect(status).toBe(1);
    expect(text).toContain("as it was found, with 60 happenings:\n");
    expect(text).toContain("\n  (and 36 more)\n");
    const [, path = ""] = /^saved: (.+\.json); all that was said and done is in the \.md beside it$/m.exec(text) ?? [];
    expect(path).toBe(join(folder, "whole", "seed-7-no-crash-after-a-cut.json"));
    expect(lines).toContain(`play it: npm run simulate -- --replay ${path}`);
    expect(readCase(path)).toMatchObject({ rule: "No crash after a cut", found: 7, plan: { happenings: { length: 60 } }, transcript: { length: 60 } });
  });

  it.concurrent("shows what was found also where it cannot be saved any more", async () => {
    const save = join(folder, "lost");
    const { status, text, lines } = await run(["--seed", "7", "--minimise", "0"], `import { rmSync, writeFileSync } from "node:fs"; ${cutsAndCrashes.replace("async (plan) => {", `$&
      rmSync(${JSON.stringify(save)}, { recursive: true, force: true });
      writeFileSync(${JSON.stringify(save)}, "");`)}`, { save });
    expect(status).toBe(1);
    expect(text).toContain(`not saved: ${save}: cannot be written into (EEXIST); name another folder with --save\nplay it: npm run simulate -- --seed 7\n`);
    expect(lines.at(-1)).toMatch(/^seeds 1 /);
  });

  it.concurrent("goes on if asked, and tells one seed for each rule", async () => {
    const { status, lines } = await run(["--seeds", "30", "--keep-going", "--json", "--minimise", "5"], twoReasons);
    const found = JSON.parse(lines.join("")) as { seeds: number; problems: unknown; cases: { seed: number; rule: string; path: string }[] };
    expect(status).toBe(1);
    expect(found).toMatchObject({ seeds: 30, problems: [{ rule: "Not by three", seeds: 10 }, { rule: "Not by seven", seeds: 3 }] });
    expect(found.cases.map(({ seed, rule }) => [seed, rule])).toEqual([[3, "Not by three"], [7, "Not by seven"]]);
    for (const { path, rule } of found.cases) expect(readCase(path)).toMatchObject({ version: caseVersion, rule });
  });

  it.concurrent("takes a world that never ends, one that ends its process and one that throws for broken", async () => {
    const { lines, text } = await run(["--seeds", "9", "--keep-going", "--jobs", "2", "--deadline", "1", "--json", "--minimise", "0"], wild);
    const { problems, cases } = JSON.parse(lines.join("")) as { problems: { rule: string }[]; cases: { rule: string; text: string }[] };
    expect(problems.map(({ rule }) => rule).toSorted(), text).toEqual([ruleOfEnding, "Nothing is thrown (TypeError at Module.playWorld)", ruleOfDeath].toSorted());
    expect(cases.find(({ rule }) => rule === ruleOfDeath)!.text).toBe("it ended with exit status 9; it wrote last:\nnow I go");
    expect(cases.find(({ rule }) => rule === ruleOfEnding)!.text).toBe("no answer after 1 s of real time");
  });

  it.concurrent("finds out a world that does not come to the same again", async () => {
    const { status, text } = await run(["--from", "50", "--seeds", "1"], `${plan} let worlds = 0; export const playWorld = async (plan) => well(plan, String(worlds += 1));`);
    expect(status).toBe(1);
    expect(text).toContain("BROKEN: The same plan always comes to the same\nseed 50, at 00:00.000:\n  played once the digest was 1, played again it was 2");
  });

  it.concurrent("says so if a seed is well when it is played again", async () => {
    const { text } = await run(["--seeds", "1"], `${plan} let worlds = 0; export const playWorld = async (plan) => (worlds += 1) === 1 ? broken(plan, "Not at first") : well(plan);`);
    expect(text).toMatch(/the rule held when the world was played again; .*, so there is no case to save\nplay it: npm run simulate -- --seed 1\n/);
  });

  it.concurrent("says of worlds of one room that they are, so that the same is played", async () => {
    const notAtFirst = `${plan} let worlds = 0; export const playWorld = async (plan) => (worlds += 1) <= 2 ? broken(plan, "Not at first") : well(plan);`;
    const { text } = await run(["--room", "5", "--seeds", "2", "--jobs", "1", "--keep-going"], notAtFirst);
    expect(text).toMatch(/so there is no case to save\nplay it: npm run simulate -- --room 5 --seed 1\n/);
    expect(text).toContain("broken with this seed too: 2; play one: npm run simulate -- --room 5 --seed 2\n");
  });

  it.concurrent("ends its processes and prints what it has when it is stopped", { timeout: 10_000 }, async ({ expect }) => {
    const stop = new AbortController();
    const running = run(["--minutes", "5", "--jobs", "2"], `${plan} import { writeFileSync } from "node:fs"; export const playWorld = async (plan) => {
      if (plan.seed > 20) {
        writeFileSync(${JSON.stringify(join(folder, "at-"))} + plan.seed, "");
        for (;;);
      }
      return well(plan);
    }`, { stop });
    await expect.poll(() => [21, 22].every((seed) => existsSync(join(folder, `at-${seed}`))), { timeout: 9_000 }).toBe(true);
    stop.abort();
    const { status, lines, text } = await running;
    expect(status).toBe(130);
    expect(text).toContain(`\ninterrupted; go on: npm run simulate -- --from 21 --minutes 5 --save ${join(folder, "cases")}\n20 seeds with 20.00 client-hours in `);
    expect(lines.at(-1)).toMatch(/^seeds 20 client-hours 20\.0 problems 0 digest/);
  });

  it.concurrent("says with which seeds to go on, however many were played beyond the one that was not", { timeout: 10_000 }, async ({ expect }) => {
    const stop = new AbortController();
    const marks = join(folder, "beyond");
    const running = run(["--seeds", "90", "--from", "11", "--jobs", "2"], `${plan} import { writeFileSync } from "node:fs"; export const playWorld = async (plan) => {
      if (plan.seed === 30) writeFileSync(${JSON.stringify(marks)}, "");
      if (plan.seed === 13 || plan.seed === 30) for (;;);
      return well(plan);
    }`, { stop });
    await expect.poll(() => existsSync(marks), { timeout: 9_000 }).toBe(true);
    stop.abort();
    const { status, text, lines } = await running;
    expect([status, lines.at(-1)!.slice(0, 8)]).toEqual([130, "seeds 18"]);
    expect(text).toContain("interrupted; go on: npm run simulate -- --from 13 --seeds 88 ");
  });

  it.concurrent("shows the broken world when it is stopped while that is made smaller", { timeout: 10_000 }, async ({ expect }) => {
    const stop = new AbortController();
    const marks = join(folder, "smaller");
    const running = run(["--seeds", "7", "--jobs", "1"], cutsAndCrashes.replace("async (plan) => {", `$&
      if (plan.happenings.length < 60) {
        (await import("node:fs")).writeFileSync(${JSON.stringify(marks)}, "");
        for (;;);
      }`), { stop });
    await expect.poll(() => existsSync(marks), { timeout: 9_000 }).toBe(true);
    stop.abort();
    const { status, text } = await running;
    expect(status).toBe(130);
    expect(text).toMatch(/^BROKEN: No crash after a cut\nseed 7, /m);
    expect(text).toContain("to 60, by playing ");
    expect(text).toContain("; interrupted:\n");
    expect(text).toContain("\nplay it: npm run simulate -- --replay ");
    expect(text).toContain("interrupted; every seed was played\n");
  });

  it("teaches, and refuses what it cannot do", async () => {
    const { status, text } = await run(["--help"], calm);
    expect(status).toBe(0);
    expect(text).toContain("npm run simulate -- --seeds 10000 --jobs 2");
    const write = process.stderr.write;
    let errors = "";
    process.stderr.write = ((text: string) => (errors += text).length > 0) as typeof process.stderr.write;
    try {
      writeFileSync(join(folder, "text.json"), "seed 17");
      const wrong = [
        ["--seeds", "x"], ["--jobs", "0"], ["--seed", "1", "--seeds", "2"], ["--deadline", "0"], ["--nothing"],
        ["--replay", join(folder, "none.json")], ["--replay", join(folder, "text.json")],
      ];
      for (const args of wrong) expect((await run(args, calm)).status).toBe(2);
      // Before anything is played: this player cannot even be loaded.
      expect((await run(["--seeds", "1"], "export const planWorld = ;", { save: "/dev/null/cases" })).status).toBe(2);
      expect((await run(["--replay", "a.json", "--save", folder], calm)).status).toBe(2);
    } finally {
      process.stderr.write = write;
    }
    expect(errors).toContain("--seeds and --seed exclude each other");
    expect(errors.split("\n").slice(-5)).toEqual([
      `error: --replay: ${join(folder, "none.json")}: cannot be read (ENOENT); name a case, \`.json\`, that \`npm run simulate -- --save DIR\` wrote`,
      `error: --replay: ${join(folder, "text.json")}: is no saved world; name a case, \`.json\`, that \`npm run simulate -- --save DIR\` wrote`,
      "error: --save: /dev/null/cases cannot be written into (ENOTDIR); name another folder",
      "error: --save: a case that is replayed is saved already; leave it out",
      "",
    ]);
    await expect(run(["--seeds", "1"], "export const planWorld = ;")).rejects.toThrow(/the player .+ cannot be loaded: [^]*SyntaxError/);
  });
});

describe("A child that plays", () => {
  it.concurrent("goes on in a new process after one has ended, and is gone when it is ended", async ({ expect }) => {
    const player = new PlayingChild({ child, player: moduleOf(wild) }, 5_000);
    expect((await player.play(4))?.problems[0]?.rule).toBe(ruleOfDeath);
    expect((await player.play(1))?.problems).toEqual([]);
    const { pid } = player;
    player.end();
    expect(await player.play(1)).toBeUndefined();
    await expect.poll(() => isThere(pid!)).toBe(false);
  });

  it.concurrent("tells the next world if its process ended between two", async ({ expect }) => {
    const player = new PlayingChild({ child, player: moduleOf(`${plan} export const playWorld = async (plan) => {
      if (plan.seed === 1) setTimeout(() => { throw new Error("too late"); }, 5);
      return well(plan);
    };`) }, 5_000);
    expect((await player.play(1))?.problems).toEqual([]);
    await expect.poll(() => player.pid).toBeUndefined();
    expect((await player.play(2))?.problems[0]).toMatchObject({ rule: ruleOfDeath, text: expect.stringMatching(/^after the world before this one: [^]*too late/) });
    expect((await player.play(2))?.problems).toEqual([]);
    player.end();
  });
});

/** Sixty happenings of every kind, by the seed; `well` and `broken` are reports. */
const plan = `
  const hourMs = 3600000;
  const kinds = ["act", "misbehave", "link", "server"];
  export const planWorld = (seed) => ({
    seed, accounts: 2, devices: [1, 2], lengthMs: hourMs, network: { delayMs: [1, 9] }, disk: { commitMs: [0, 3] },
    happenings: Array.from({ length: 60 }, (_, i) => ({ at: i * 1000, kind: kinds[(i * 3 + seed) % 4], device: i % 3, choice: i * seed })),
  });
  const counts = { tasks: 0, logins: 0, resumptions: 0, messages: 0, copies: 0, pages: 0, items: 0, pauses: 0, presences: 0, rosterChanges: 0, crashes: 0, restarts: 0, linkFaults: 0, diskFaults: 0, misdeeds: 0 };
  const well = (plan, digest = "d" + plan.seed) =>
    ({ plan, problems: [], clientMs: hourMs, counts: { ...counts, tasks: plan.seed }, transcript: ["all was well"], digest });
  const broken = (plan, rule, text = "") =>
    ({ ...well(plan), problems: [{ rule, text, at: plan.lengthMs }], transcript: plan.happenings.map(({ kind }) => kind) });`;

const calm = `${plan} export const playWorld = async (plan) => well(plan);`;

const cutsAndCrashes = `${plan} export const playWorld = async (plan) => {
  const cut = plan.happenings.findIndex(({ kind }) => kind === "link");
  const crash = plan.happenings.findLastIndex(({ kind }) => kind === "server");
  return plan.seed % 7 === 0 && cut >= 0 && crash > cut ? broken(plan, "No crash after a cut", "a link came before a server") : well(plan);
};`;

const twoReasons = `${plan} export const playWorld = async (plan) =>
  plan.seed % 3 === 0 ? broken(plan, "Not by three") : plan.seed % 7 === 0 ? broken(plan, "Not by seven") : well(plan);`;

const wild = `${plan} export async function playWorld(plan) {
  if (plan.seed === 2) for (;;);
  if (plan.seed === 4) {
    process.stderr.write("now I go");
    process.exit(9);
  }
  if (plan.seed === 6) undefined.seven;
  return well(plan);
}`;

interface Parts {
  readonly stop?: AbortController;
  readonly save?: string;
}

async function run(args: readonly string[], player: string, { stop = new AbortController(), save = join(folder, "cases") }: Parts = {}): Promise<{ status: number; lines: readonly string[]; text: string }> {
  const lines: string[] = [];
  const saving = args.includes("--replay") ? [] : ["--save", save];
  const status = await simulate([...args, ...saving], { place: { child, player: moduleOf(player) }, print: (text) => lines.push(...text.split("\n")), stop: stop.signal });
  return { status, lines, text: lines.join("\n") };
}

function moduleOf(text: string): string {
  return `data:text/javascript,${encodeURIComponent(text)}`;
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
