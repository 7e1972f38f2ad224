/** Commits that fail, whether what they were about is on the disk or not: nobody was told of it, and nobody loses what they were told. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { openSqliteStore } from "../../src/log/sqlite/sqlite-store.ts";
import type { ServerParts } from "../../src/server.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Crowd, names } from "./crowd.ts";
import { Dice } from "./dice.ts";
import { FailingDisk, type Failure } from "./failing-disk.ts";

const runs = Number(process.env["REFRAIN_TEST_RUNS"] ?? 1);

const folders: string[] = [];
const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "refrain-failing-"));
  folders.push(folder);
  return folder;
}

async function begin(seed: number, openStore: NonNullable<ServerParts["openStore"]>): Promise<{ readonly server: TestServer; readonly crowd: Crowd }> {
  const server = await startServer({ allowPlaintext: true, parts: { openStore } });
  servers.push(server);
  for (const name of names) await server.addUser(name, "secret");
  const crowd = new Crowd(new Dice(seed));
  await crowd.gather(server);
  return { server, crowd };
}

describe("A commit that fails while people talk", () => {
  const failure: fc.Arbitrary<{ readonly after: number; readonly failure: Failure }> = fc.record({
    after: fc.integer({ min: 0, max: 20 }),
    failure: fc.constantFrom("lost", "kept"),
  });
  const setting = fc.record({ seed: fc.nat(), failures: fc.array(failure, { minLength: 4, maxLength: 4 }) });

  it("loses and doubles nothing, in the order in which it was said, and is seen by nobody", async () => {
    await fc.assert(
      fc.asyncProperty(setting, async ({ seed, failures }) => {
        const disk = new FailingDisk(newFolder());
        const { server, crowd } = await begin(seed, disk.openStore);
        for (const { after, failure } of failures) {
          await crowd.talkUntil(server, disk.failAfter(after, failure));
          await crowd.comeBack(server);
        }
        await crowd.expectWhole();
        await crowd.cut();
        expect(disk.opened).toBe(1 + failures.length);
      }),
      { numRuns: runs, endOnFailure: true },
    );
  }, runs * 60_000);
});

describe("A full disk while people talk", () => {
  it("loses and doubles nothing; when there is room again all goes on", async () => {
    for (let seed = 1; seed <= runs; seed++) {
      const file = join(newFolder(), "refrain.db");
      let fileBytesMax = 1_048_576;
      let failed!: () => void;
      const full = new Promise<void>((resolve) => (failed = resolve));
      const openStore: NonNullable<ServerParts["openStore"]> = (onFatal) =>
        openSqliteStore({ file, durability: "process", fileBytesMax, onFatal: (error) => (failed(), onFatal(error)) });
      const { server, crowd } = await begin(seed, openStore);
      fileBytesMax = 100 * 1_048_576;
      crowd.chars = 4_000;
      await crowd.talkUntil(server, full);
      await crowd.comeBack(server);
      await crowd.expectWhole();
      await crowd.cut();
    }
  }, runs * 60_000);
});
