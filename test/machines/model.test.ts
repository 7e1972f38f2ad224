/**
 * Every state that the machines can be in, with everything that they can be told there: the rules hold, all ends are near, nothing is
 * dead, and the shortest way to take each transition is the one that is written in `paths/`.
 */
import { createActor } from "xstate";
import { describe, expect, it } from "vitest";
import { sessionMachine } from "../../machines/session.ts";
import { stateName } from "../../machines/state-name.ts";
import { subscriptionStates } from "../../src/domain/subscription.ts";
import { checkMachine } from "../../src/testing/model/check-machine.ts";
import { explore } from "../../src/testing/model/explore.ts";
import { asAnyModel } from "../../src/testing/model/machine-model.ts";
import { pathsText } from "../../src/testing/model/paths-text.ts";
import { boshModel } from "../../src/testing/model/bosh-model.ts";
import { roomModel } from "../../src/testing/model/room-model.ts";
import { sessionModel } from "../../src/testing/model/session-model.ts";
import { subscriptionModel } from "../../src/testing/model/subscription-model.ts";
import { statesOf, transitionsOfMachine } from "../../src/testing/model/transitions.ts";
import { endless, waysTo } from "../../src/testing/model/ways.ts";
import type { SessionSnapshot } from "../../machines/fold.ts";
import { policy, startAt, tell } from "./telling.ts";

const scripts = 250 * Number(process.env["REFRAIN_TEST_RUNS"] ?? 1);
const models = [asAnyModel(sessionModel), asAnyModel(subscriptionModel), asAnyModel(roomModel), asAnyModel(boshModel)].map((model) => ({ name: model.name, model, explored: explore(model) }));
const session = models[0]!.explored;
const sessionStates = [...session.states.values()].map((reached) => ({ ...reached, snapshot: reached.snapshot as SessionSnapshot }));

describe.each(models)("The machine $name", ({ model, explored }) => {
  it("keeps its rules in every state and on every event, legal or not, takes each of its transitions, and leads from everywhere to its end", () => {
    const verdict = checkMachine(model, [], { runs: scripts });
    expect(verdict).toMatchObject({ ok: true, problems: [], runs: scripts, states: explored.states.size });
    expect(verdict.counterexample).toBeUndefined();
    // What was never asked would be no rule.
    expect(verdict.invariants.filter(({ checked }) => checked < verdict.states)).toEqual([]);
    expect(verdict.coverage.guards.filter(({ held, failed }) => !held || !failed)).toEqual([]);
    expect(verdict.coverage.pairs.taken).toBeGreaterThan(verdict.coverage.pairs.possible / 10);
  }, 30_000 + 100 * scripts);

  it("has a shortest legal way to each of its transitions, the one that was written down (npx vitest run test/machines -u writes it anew)", async () => {
    expect([...waysTo(explored).keys()].toSorted()).toEqual([...transitionsOfMachine(model.machine).keys()].toSorted());
    await expect(pathsText(model, explored)).toMatchFileSnapshot(new URL(`paths/${model.name}.txt`, import.meta.url).pathname);
  });

  it("has targets that exist, and says of each state what it is", () => {
    for (const { target } of transitionsOfMachine(model.machine).values()) {
      for (const { id } of target ?? []) expect(model.machine.getStateNodeById(id)).toBeDefined();
    }
    for (const { type, states, config, path } of statesOf(model.machine)) {
      if (type === "compound") expect(Object.keys(states)).toContain(config.initial);
      expect(config.description, path.join(".")).toMatch(/^["A-Z][^]*\.$/);
    }
  });
});

describe("The session", () => {
  it("starts", () => {
    const actor = createActor(sessionMachine, { input: { at: startAt, secure: false, policy } }).start();
    expect(actor.getSnapshot().value).toBe("awaitingStream");
    actor.stop();
  });

  it("reaches each of its states", () => {
    expect([...new Set(sessionStates.map(({ snapshot }) => stateName(snapshot.value)))].toSorted()).toEqual([
      "authenticated.awaitingRestart", "authenticated.binding.idle", "authenticated.binding.pending", "authenticated.binding.resuming",
      "authenticated.fulfilling.claiming", "authenticated.fulfilling.returning", "awaitingStream", "closed", "closing",
      ...["available", "unavailable"].flatMap((availability) =>
        ["interested", "uninterested"].flatMap((interest) => ["attached", "hibernating"].map((link) => `connected.${availability}+${interest}+${link}`))),
      "negotiating.authenticating", "negotiating.offering", "negotiating.securing", "negotiating.signingIn",
    ].toSorted());
  });
});

describe("Invariant 14: each state has a way to its end", () => {
  it("in one event", () => {
    for (const { key, edges } of sessionStates) if (key !== "closed") expect(edges.some(({ to, illegal }) => to === "closed" && !illegal), key).toBe(true);
  });

  it("by nothing but its deadline, and the one that follows, where a deadline runs", () => {
    let waiting = 0;
    for (const { snapshot } of sessionStates) {
      let state = snapshot;
      for (let steps = 0; state.status === "active" && Object.keys(state.context.timers).length > 0; steps++) {
        expect(steps, stateName(state.value)).toBeLessThan(2);
        const [[name, deadline]] = Object.entries(state.context.timers) as [["negotiation", number]];
        state = tell(state, { type: "timer.expired", at: deadline, name, deadline }).snapshot;
      }
      if (Object.keys(snapshot.context.timers).length === 0) continue;
      waiting += 1;
      expect(state.status, stateName(snapshot.value)).toBe("done");
    }
    expect(waiting).toBeGreaterThan(100);
  });

  it("and no way back", () => {
    expect(session.states.get("closed")).toMatchObject({ snapshot: { status: "done" }, edges: [] });
    expect(endless(asAnyModel(sessionModel), session)).toEqual([]);
  });
});

describe("RFC 6121 section A.1: a subscription", () => {
  it("reaches each of its states, approved beforehand only where a request is still to come", () => {
    const states = [...models[1]!.explored.states.values()].map(({ snapshot: { value, context } }) => `${value as string}${context.approved ? " approved" : ""}`);
    expect(states.toSorted()).toEqual([...subscriptionStates, "None approved", "NoneOut approved", "To approved"].toSorted());
  });
});
