/**
 * Several users with several resources do what they like, all at once, and then it is quiet: nothing was lost, nothing is stale.
 * `CONVERGENCE_RUNS=1000 npx vitest run test/presence/concurrency.test.ts` runs more, `CONVERGENCE_SEED` others.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import fc from "fast-check";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { backstage } from "../support/contacts.ts";
import { login } from "../support/login.ts";
import { checkMessages, noFigures } from "./concurrency/messages.ts";
import { outcomeOf } from "./concurrency/outcome.ts";
import { Play } from "./concurrency/play.ts";
import { checkRequests, checkRosters } from "./concurrency/rosters.ts";
import { scenario } from "./concurrency/scripts.ts";
import { SlowStore } from "./concurrency/slow-store.ts";
import { checkViews } from "./concurrency/views.ts";
import { Witness } from "./concurrency/witness.ts";

const hunt = process.env["CONVERGENCE_RUNS"];
const seed = process.env["CONVERGENCE_SEED"];
const numRuns = Number(hunt ?? 30);

const store = new SlowStore(createMemoryStore(projections));
const behind = backstage();
const witness = new Witness();
let server: TestServer;

beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [behind.extension, witness.extension], parts: { store } });
  await server.addUser("first", "secret");
  await (await login(server, { user: "first", over: "plaintext" })).close();
});
afterAll(() => server.stop());

describe("RFC 6121: rosters, presence and messages converge when everybody acts at once", () => {
  it(`after any of ${numRuns} scripts, and after quiet`, { timeout: 20_000 + numRuns * 2_000 }, async () => {
    const figures = noFigures();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(scenario, async (scenario) => {
        const play = await Play.begin({ server, store, behind, witness }, scenario, ++runs);
        try {
          await play.perform();
          await play.quiet();
          await check(play, figures);
        } catch (error) {
          throw play.told(error);
        } finally {
          await play.end();
        }
      }),
      { numRuns, ...(hunt === undefined ? { interruptAfterTimeLimit: 3_500 } : {}), ...(seed === undefined ? {} : { seed: Number(seed) }) },
    );
    if (hunt !== undefined) console.log(`convergence: ${runs} runs: ${JSON.stringify(figures)}`);
    // A generator that only makes silence would prove little. On a busy machine time may be over before.
    if (runs < numRuns) return;
    expect(figures.received).toBeGreaterThan(0);
    expect(figures.kept).toBeGreaterThan(0);
  });
});

async function check(play: Play, figures: ReturnType<typeof noFigures>): Promise<void> {
  const outcome = await outcomeOf(play);
  checkRosters(outcome);
  checkViews(outcome);
  // Whoever was kept from anybody is not any more, and whatever waits is given to somebody.
  for (const [user] of play.accounts.entries()) {
    const reader = await play.enter(user, "reader");
    play.say(reader, { does: "unblock all" }, { does: "available", priority: 0 });
  }
  await play.quiet();
  const readers = play.connections.slice(-play.accounts.length);
  checkRequests(outcome, new Map(readers.map(({ bare, received }) => [bare, received])));
  checkMessages(outcome, readers, figures);
  const open = { ...outcome, blocked: new Map() };
  checkViews(open);
}
