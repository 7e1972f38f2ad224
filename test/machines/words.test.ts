import { describe, expect, it } from "vitest";
import type { AnyStateNode } from "xstate";
import { boshGuardWords, roomGuardWords, sessionGuardWords, subscriptionGuardWords } from "../../machines/guard-words.ts";
import { boshMachine } from "../../machines/bosh.ts";
import { roomMachine } from "../../machines/room.ts";
import { sessionMachine } from "../../machines/session.ts";
import { stateName } from "../../machines/state-name.ts";
import { outputOf } from "../../machines/session-endings.ts";
import { subscriptionMachine } from "../../machines/subscription.ts";
import { subscriptionParts, subscriptionStateNames, subscriptionStates } from "../../src/domain/subscription.ts";

const below = (node: AnyStateNode): readonly AnyStateNode[] => Object.values(node.states).flatMap((child) => [child, ...below(child)]);

describe("The words for what a guard asks", () => {
  it.each([
    ["session", sessionMachine, sessionGuardWords],
    ["subscription", subscriptionMachine, subscriptionGuardWords],
    ["room", roomMachine, roomGuardWords],
    ["bosh", boshMachine, boshGuardWords],
  ] as const)("are there for each guard of the machine '%s', a sentence with its section", (_, machine, words) => {
    const guards = Object.keys(machine.implementations.guards);
    expect(Object.keys(words).toSorted()).toEqual(guards.toSorted());
    for (const guard of guards) expect(words[guard], guard).toMatch(/^[A-Z].{20,} \((RFC|XEP).* section [\d.]*\d\)\.$/);
  });
});

describe("The description of a session's state, a room's, and a BOSH session's", () => {
  it.each([...below(sessionMachine.root), ...below(roomMachine.root), ...below(boshMachine.root)].map((node) => [node.path.join("."), node.description]))("%s is a sentence with its section", (_, description) => {
    expect(description).toMatch(/^[A-Z].{20,} \((RFC|XEP)[-\dA-Z, ]* sections? .*\d\)\.$/);
  });
});

describe("The description of a subscription's state", () => {
  it.each(subscriptionStates)("%s: its name, what the roster shows, and what waits", (state) => {
    const { subscription, pendingOut, pendingIn } = subscriptionParts[state];
    const description = subscriptionMachine.states[state]!.description ?? "";
    expect(description).toMatch(/^"[^"]+": the roster shows [a-z=' ;]+ \(RFC 6121 appendix A\.1\)\.$/);
    expect(description).toContain(`"${subscriptionStateNames[state]}": the roster shows subscription='${subscription}'`);
    // Nobody is in a roster for having asked (section 3.1.3).
    const said = ["and ask='subscribe'", "if the contact is in it", "request waits for an answer"].map((words) => description.includes(words));
    expect(said).toEqual([pendingOut, subscription === "none" && !pendingOut, pendingIn]);
  });
});

describe("A subscription's transitions", () => {
  it("ask for the approval only where it matters, and name no state that they stay in", () => {
    const answers = subscriptionStates.flatMap((state) => [...subscriptionMachine.states[state]!.transitions.values()]);
    expect(answers).toHaveLength(9 * 8);
    for (const answer of answers) {
      const all = answer.map(({ target, actions }) => JSON.stringify([target?.map(({ key }) => key), actions]));
      expect(new Set(all).size).toBe(answer.length);
      for (const { source, target } of answer) expect(target?.[0]?.key).not.toBe(source.key);
    }
  });

  it("approve only what is not approved, and forget only an approval that there is", () => {
    const answers = subscriptionStates.flatMap((state) => [...subscriptionMachine.states[state]!.transitions.values()].flat());
    for (const { guard, actions } of answers) expect(actions).not.toContain(guard === undefined ? "forgetApproval" : "approve");
    expect(answers.filter(({ actions }) => actions.includes("forgetApproval")).length).toBeGreaterThan(0);
  });
});

describe("The words for an end", () => {
  /** What the transitions of the machine are written with, as far as it is data. */
  const actions = [...below(sessionMachine.root), sessionMachine.root].flatMap(({ transitions }) => [...transitions.values()].flat().flatMap((transition) => transition.actions));
  const params = (name: string) =>
    actions.flatMap((action) => (typeof action === "object" && "type" in action && action.type === name && typeof action.params !== "function" ? [action.params] : []));

  it("are a reason for each end that is known beforehand", () => {
    const reasons = params("rememberReason");
    expect(reasons.length).toBeGreaterThan(40);
    for (const reason of reasons) expect(reason).toMatch(/^\w.*\w$/);
  });

  it("are with each stream error, and the reason begins with its condition", () => {
    const faults = params("closeStreamWith") as readonly { readonly condition: string; readonly text: string }[];
    expect(faults.length).toBeGreaterThan(15);
    for (const { condition, text } of faults) expect([condition, text]).toEqual([expect.stringMatching(/^[a-z-]+$/), expect.stringMatching(/^\w.*\w$/)]);
  });

  it("are there for a session that says nothing", () => {
    expect([outputOf({ reason: null }), outputOf({ reason: "closed" })]).toEqual([{ reason: "unknown" }, { reason: "closed" }]);
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
