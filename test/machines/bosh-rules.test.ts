/** Rules that can fail: a BOSH session that breaks one is found out. */
import { createMachine } from "xstate";
import { describe, expect, it } from "vitest";
import { boshMachine } from "../../machines/bosh.ts";
import { boshModel } from "../../src/testing/model/bosh-model.ts";
import { checkMachine } from "../../src/testing/model/check-machine.ts";

const holds = (machine: unknown, runs = 0): boolean => checkMachine({ ...boshModel, machine: machine as typeof boshMachine }, [], { runs, seed: 1 }).ok;

describe("XEP-0124: the rules of a BOSH session", () => {
  it("hold of the machine as it is, also where it is built anew", () => {
    expect(holds(boshMachine, 200)).toBe(true);
    expect(holds(createMachine(boshMachine.config as never, boshMachine.implementations as never), 200)).toBe(true);
  });

  const { guards, actions } = boshMachine.implementations as { readonly guards: object; readonly actions: object };

  // What is refused may be refused for more reasons than need be: that harms nobody but the client, and the conversations in test/bosh tell.
  const lenient = new Set(["isTooSoon", "isTooMany"]);

  it.each(Object.keys(guards).filter((name) => !lenient.has(name)))("fail where the guard %s is never asked", (guard) => {
    const [always, never] = [true, false].map((answer) => holds(boshMachine.provide({ guards: { [guard]: () => answer } } as never)));
    expect([always, never]).toContain(false);
  });

  // These say what the client is told, and when it is away: the conversations in test/bosh tell.
  const wordings = new Set(["displace", "forgetWhatIsCertain", "rememberEnding", "holdInput", "releaseInput", "keepForItsTurn"]);

  it.each(Object.keys(actions).filter((name) => !wordings.has(name)))("fail where %s does nothing", (action) => {
    expect(holds(boshMachine.provide({ actions: { [action]: () => {} } } as never))).toBe(false);
  });
});
