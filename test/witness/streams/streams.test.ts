/**
 * Three witnesses for the life of a stream: the rules of RFC 6120 and XEP-0198 as data, the session's machine, and the server over a socket.
 * REFRAIN_TEST_RUNS multiplies the generated scripts; REFRAIN_TEST_SEED lets others be generated.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rules } from "../../../src/testing/oracle/stream-oracle.ts";
import { nameOf, play, type Played, type Script, type Stages } from "./play.ts";
import { lateScripts, scripts, tour } from "./scripts.ts";
import { Stage } from "./stage.ts";

const times = Number(process.env["REFRAIN_TEST_RUNS"] ?? 1);
const seed = Number(process.env["REFRAIN_TEST_SEED"] ?? 6_120);
const timeout = 30_000 + times * 60_000;

let stages: Stages;
const played: Played = new Map();
beforeAll(async () => {
  stages = { open: await Stage.open(false), strict: await Stage.open(true) };
});
afterAll(() => Promise.all([stages.open.close(), stages.strict.close()]));

const agreeIn = (generated: fc.Arbitrary<Script>, runs: number): Promise<void> =>
  fc.assert(fc.asyncProperty(generated, (script) => play(stages, script, played)), { numRuns: runs * times, seed });

describe("RFC 6120 and XEP-0198: what the rules allow, what the machine asks for and what the server says", () => {
  it("agree wherever a rule applies", { timeout }, async () => {
    for (const script of tour()) await play(stages, script, played);
  });

  it("agree in generated scripts of several streams", { timeout }, () => agreeIn(scripts, 40));

  it("agree where counts pass 2³² (XEP-0198 section 4)", { timeout }, () => agreeIn(lateScripts, 6));

  it("were compared at each rule", () => {
    expect(rules.map(nameOf).filter((name) => !played.has(name))).toEqual([]);
  });
});
