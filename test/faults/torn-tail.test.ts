/** Durability full: what anybody was told is there after a power cut, whatever it has made of the commit that was under way. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Crowd, names } from "./crowd.ts";
import { Dice } from "./dice.ts";
import { PowerSupply, type Writing } from "./power.ts";
import { tears, type Tear } from "./tear.ts";

const runs = Number(process.env["REFRAIN_TEST_RUNS"] ?? 1);

const folders: string[] = [];
const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

interface Cut {
  /** Commits before the one in which it happens. */
  readonly after: number;
  readonly tear: Tear;
  readonly writing: Writing;
}

const cut: fc.Arbitrary<Cut> = fc.record({ after: fc.integer({ min: 0, max: 30 }), tear: tears, writing: fc.constantFrom("commit", "models") });
const cuts: fc.Arbitrary<readonly Cut[]> = fc.array(cut, { minLength: 3, maxLength: 5 });

async function play(seed: number, chars: number, cuts: readonly Cut[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "refrain-power-"));
  folders.push(folder);
  const power = new PowerSupply(folder);
  const begin = async (): Promise<TestServer> => {
    const server = await startServer({ allowPlaintext: true, parts: { openStore: power.openStore } });
    servers.push(server);
    return server;
  };
  let server = await begin();
  for (const name of names) await server.addUser(name, "secret");
  const crowd = new Crowd(new Dice(seed));
  await crowd.gather(server);
  crowd.chars = chars;
  for (const { after, tear, writing } of cuts) {
    power.cutAfter(after, tear, writing);
    await crowd.talkUntil(server, power.dark);
    await crowd.cut();
    power.unplug();
    await servers.pop()!.stop();
    const { mayBeFound } = power;
    power.restore();
    server = await begin();
    // What the recovery records comes after it.
    const facts = await server.store.readAll(mayBeFound[0]! - 1, 10_000);
    expect(facts[0]?.position).toBe(mayBeFound[0]);
    await crowd.comeBack(server);
  }
  await crowd.expectWhole();
  await crowd.cut();
}

describe("A power cut in the middle of a commit", () => {
  it("loses nothing that anybody was told, doubles nothing, and is seen by nobody", async () => {
    const setting = fc.record({ seed: fc.nat(), chars: fc.constantFrom(0, 100, 5_000), cuts });
    await fc.assert(fc.asyncProperty(setting, ({ seed, chars, cuts }) => play(seed, chars, cuts)), { numRuns: runs, endOnFailure: true });
  }, runs * 60_000);

  it("may also happen while the log is taken over into the database", async () => {
    const seeds = Array.from({ length: Math.ceil(runs / 2) }, (_, index) => index + 1);
    for (const seed of seeds) {
      await play(seed, 60_000, [
        { after: 25, tear: { how: "patchy", seed }, writing: "commit" },
        { after: 12, tear: { how: "zeroed", seed }, writing: "models" },
      ]);
    }
  }, runs * 60_000);
});
