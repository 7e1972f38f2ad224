/**
 * Scripts of a few people with a few resources before three witnesses: the tables of RFC 6121 with what its sections make of them, the
 * subscription machine, and a server with a socket for each client. After every action all three say the same.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deliveryRules } from "../../../src/testing/oracle/delivery-tables.ts";
import { appendixTables } from "../../../src/testing/oracle/subscription-tables.ts";
import { startServer, type TestServer } from "../../../src/testing/start-server.ts";
import { numbers } from "./decode.ts";
import { minimise } from "./minimise.ts";
import type { Oracle } from "./oracle.ts";
import { rowName } from "./reachable.ts";
import { byNumbers, byScript, play, type Cast } from "./story.ts";
import { deliveryTour, directedTour, subscriptionTour } from "./tour.ts";

/** Multiplies the scripts. They are the same ones every time, others with another seed. */
const runs = Number(process.env["REFRAIN_TEST_RUNS"] ?? 1);
const seed = Number(process.env["REFRAIN_TEST_SEED"] ?? 6_121);

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
});
afterAll(() => server.stop());

const casts: readonly Cast[] = [
  { names: ["romeo", "juliet"], resources: ["home", "away"] },
  { names: ["romeo", "juliet", "nurse"], resources: ["home"] },
  { names: ["romeo", "juliet", "nurse"], resources: ["home", "away"] },
];

describe("RFC 6121: the tables, the machine and the server say the same after every action", () => {
  it.each(casts)("of $names, each with $resources, whatever they do", async (cast) => {
    const scripts = fc.asyncProperty(numbers(cast.names.length * cast.resources.length, 60), async (script) => {
      await play(server, cast, byNumbers(script));
    });
    // Numbers that shrink would decide something else: it is the actions that are made fewer.
    const { failed, numRuns, counterexamplePath, errorInstance } = await fc.check(scripts, { seed, numRuns: 12 * runs, endOnFailure: true });
    if (!failed) return;
    const least = await minimise(server, cast, errorInstance);
    throw new Error(`script ${numRuns} with REFRAIN_TEST_SEED=${seed} (path ${counterexamplePath}): \n${least instanceof Error ? least.message : String(least)}`);
  }, 120_000 * runs);
});

describe("RFC 6121: every row of the tables and every rule of directed presence, on the running server", () => {
  const cast: Cast = { names: ["romeo", "juliet"], resources: ["home", "away"] };
  const playTour = (script: Parameters<typeof byScript>[0]): Promise<Oracle> =>
    play(server, cast, byScript(script)).catch(async (error: unknown) => Promise.reject(await minimise(server, cast, error)));

  it("appendix A, but for what only a contact could do whose server keeps another roster than ours", async () => {
    const { people } = await playTour(subscriptionTour());
    const rows = appendixTables.flatMap(({ direction, type, rows }) => rows.map((row) => rowName(direction, type, row)));
    // "subscribed" is routed where the user's side has a request, and answered where it has a subscription: the contact's side has asked then,
    // or sees the user. test/subscriptions/appendix-a.test.ts has these with one side put into another state.
    expect(rows.filter((row) => !people.used.has(row))).toEqual([
      "inbound subscribed: None",
      "inbound subscribed: None + Pending In",
      "inbound subscribed: From",
      "inbound subscribed: None, approved",
    ]);
  });

  it("section 8.5", async () => {
    const { people } = await playTour(deliveryTour());
    const rules = deliveryRules.map(({ stanza, situation, address }) => `${stanza}: ${situation}, ${address}`);
    const shared = ["its own", "subscribed", "directed", "not"].map((how) => `presence shared: ${how}`);
    expect([...rules, ...shared].filter((rule) => !people.used.has(rule))).toEqual([]);
  });

  it("section 4.6, rule by rule", async () => {
    const { people } = await playTour(directedTour());
    expect(people.all.flatMap(({ resources }) => resources.flatMap(({ directed }) => directed))).toEqual([]);
  });
});
