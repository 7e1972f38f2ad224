import { expect, it } from "vitest";
import { checkMachine } from "../../src/testing/model/check-machine.ts";
import { sessionModel } from "../../src/testing/model/session-model.ts";
import { subscriptionModel } from "../../src/testing/model/subscription-model.ts";
it("full", () => {
  for (const seed of [11, 12]) for (const model of [sessionModel, subscriptionModel] as any[]) {
    const c = process.cpuUsage();
    const v = checkMachine(model, [], { runs: 2000, seed });
    console.log("VERDICT", v.machine, v.ok, v.runs, v.states, v.steps, v.invariants.length, v.problems, Math.round(process.cpuUsage(c).user / 1000));
    expect(v.ok).toBe(true);
  }
}, 300_000);
