/** The same with the server as people run it: its files are taken away from under it, and its writes really fail. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Crowd, moment, names, until } from "./crowd.ts";
import { Dice } from "./dice.ts";
import { refrain, ServerProcess } from "./server-process.ts";
import { torn } from "./tear.ts";
import { endOfCommits } from "./wal.ts";

const rounds = Number(process.env["REFRAIN_TEST_RUNS"] ?? 2);
const hasPrlimit = spawnSync("prlimit", ["--version"]).status === 0;

const folders: string[] = [];
const servers: ServerProcess[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.end("SIGKILL")));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function start(folder: string): Promise<ServerProcess> {
  const server = await ServerProcess.start({ dataDir: join(folder, "data"), logFile: join(folder, "server.log") });
  servers.push(server);
  return server;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "refrain-harmed-"));
  folders.push(folder);
  return folder;
}

async function begin(seed: number): Promise<{ readonly folder: string; readonly server: ServerProcess; readonly crowd: Crowd; readonly dice: Dice }> {
  const folder = newFolder();
  const accounts = join(folder, "accounts.tsv");
  writeFileSync(accounts, names.map((name) => `${name}@localhost\tsecret\n`).join(""), { mode: 0o600 });
  await refrain("user", "import", accounts, "--data", join(folder, "data"));
  const server = await start(folder);
  const dice = new Dice(seed);
  const crowd = new Crowd(dice);
  await crowd.gather(server);
  return { folder, server, crowd, dice };
}

/** The files of a server that stands still, on another disk; what was being written is half there. */
function takeAway(from: string, dice: Dice): string {
  const folder = newFolder();
  cpSync(join(from, "data"), join(folder, "data"), { recursive: true, filter: (path) => !lstatSync(path).isSocket() });
  const wal = join(folder, "data", "refrain.db-wal");
  if (!existsSync(wal)) return folder;
  const found = readFileSync(wal);
  const certain = found.subarray(0, endOfCommits(found));
  const how = (["zeroed", "cut", "everything"] as const)[dice.below(3)]!;
  writeFileSync(wal, torn(certain, found, { how, seed: 1 + dice.below(1_000), share: dice.below(1_000) / 1_000 }));
  return folder;
}

describe("The files of a running server, copied at any moment", () => {
  it("hold everything that anybody was told until then", async () => {
    let { folder, server, crowd, dice } = await begin(rounds);
    for (let round = 0; round < rounds; round++) {
      crowd.chars = [0, 3_000][round % 2]!;
      await crowd.talkUntil(server, moment(50 + dice.below(300)));
      server.child.kill("SIGSTOP");
      folder = takeAway(folder, dice);
      await crowd.cut();
      await server.end("SIGKILL");
      server = await start(folder);
      await crowd.comeBack(server);
    }
    await crowd.expectWhole();
    await crowd.cut();
  }, 30_000 + rounds * 30_000);
});

describe.skipIf(!hasPrlimit)("A server whose writes fail half done, as on a full disk (needs prlimit)", () => {
  const limit = (pid: number, bytes: number | "unlimited") => execFileSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:`]);

  it("loses and doubles nothing, and goes on by itself when there is room again", async () => {
    const { folder, server, crowd, dice } = await begin(rounds);
    const failures = () => server.log.split('"event":"store.failed"').length - 1;
    for (let round = 1; round < rounds; round++) {
      const before = failures();
      const wal = statSync(join(folder, "data", "refrain.db-wal")).size;
      limit(server.pid, wal + dice.below(30_000));
      await crowd.talkUntil(server, until(() => failures() > before, "the store has failed"));
      await moment(dice.below(500));
      limit(server.pid, "unlimited");
      await crowd.comeBack(server);
    }
    await crowd.expectWhole();
    await crowd.cut();
    expect(failures()).toBeGreaterThanOrEqual(rounds - 1);
    expect(await server.end("SIGTERM")).toBe(0);
  }, 30_000 + rounds * 30_000);
});
