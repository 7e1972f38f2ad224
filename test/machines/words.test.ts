import { describe, expect, it } from "vitest";
import { sessionGuardWords, subscriptionGuardWords } from "../../machines/guard-words.ts";
import { sessionMachine } from "../../machines/session.ts";
import { stateName } from "../../machines/state-name.ts";
import { subscriptionMachine } from "../../machines/subscription.ts";

describe("The words for what a guard asks", () => {
  it.each([
    ["session", sessionMachine, sessionGuardWords],
    ["subscription", subscriptionMachine, subscriptionGuardWords],
  ] as const)("are there for each guard of the machine '%s', a sentence with its section", (_, machine, words) => {
    const guards = Object.keys(machine.implementations.guards);
    expect(Object.keys(words).toSorted()).toEqual(guards.toSorted());
    for (const guard of guards) expect(words[guard], guard).toMatch(/^[A-Z].{20,} \((RFC|XEP).* section [\d.]*\d\)\.$/);
  });
});

describe("A state's name", () => {
  it.each([
    ["awaitingStream", "awaitingStream"],
    [{ authenticated: { binding: "idle" } }, "authenticated.binding.idle"],
    [{ connected: { availability: "available", interest: "interested", link: "attached" } }, "connected.available+interested+attached"],
    [{ connected: { link: { attached: "fine" }, interest: "interested" } }, "connected.attached.fine+interested"],
    [{}, ""],
  ])("of %j is %s", (value, name) => {
    expect(stateName(value)).toBe(name);
  });
});
