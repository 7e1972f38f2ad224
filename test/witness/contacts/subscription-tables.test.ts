/** RFC 6121 appendix A three times: typed in by hand, as the server's table, and as the machine. All say the same of every cell. */
import { describe, expect, it } from "vitest";
import { transition } from "xstate";
import type { SubscriptionEffect } from "../../../machines/subscription-events.ts";
import { subscriptionEvent, subscriptionMachine } from "../../../machines/subscription.ts";
import {
  decideSubscription,
  seesContact,
  showsToContact,
  subscriptionParts,
  subscriptionStateNames,
  subscriptionStates,
  subscriptionTable,
  subscriptionTypes,
  type SubscriptionState,
} from "../../../src/domain/subscription.ts";
import {
  appendixStates,
  appendixTables,
  appendixTypes,
  approvableStates,
  reflections,
  type AppendixState,
  type Consequence,
} from "../../../src/testing/oracle/subscription-tables.ts";
import { sectionsOf } from "../../tidy/sections.ts";
import { reachablePairs, reachableRows, rowName } from "./reachable.ts";

const rows = appendixTables.flatMap(({ rows, ...table }) => rows.map((row) => ({ ...table, row, name: rowName(table.direction, table.type, row) })));

describe("RFC 6121 appendix A, typed in by hand", () => {
  it("has a row for each state in each of its eight tables, and for each state that knows a pre-approval", () => {
    const expected = (["outbound", "inbound"] as const).flatMap((direction) =>
      appendixTypes.flatMap((type) => [
        ...appendixStates.map((state) => rowName(direction, type, { state, approved: false })),
        ...approvableStates.map((state) => rowName(direction, type, { state, approved: true })),
      ]),
    );
    expect(rows.map(({ name }) => name).toSorted()).toEqual(expected.toSorted());
    expect(expected).toHaveLength(96);
  });

  it("names sections that exist", () => {
    const sections = sectionsOf("RFC 6121")!;
    expect(appendixTables.flatMap((table) => [table.appendix, ...table.sections]).filter((section) => !sections.has(section))).toEqual([]);
  });

  it("knows a pre-approval in those states alone: no sequence of stanzas leads to another", () => {
    const approved = reachableRows().filter(({ row }) => row.approved);
    expect([...new Set(approved.map(({ row }) => row.state))].toSorted()).toEqual(approvableStates.toSorted());
  });

  it("keeps both rosters in agreement: whatever two people send each other, one sees whom the other shows itself to, and asks where a request waits", () => {
    const pairs = reachablePairs();
    const disagreeing = pairs.filter(([user, contact]) => {
      const [one, other] = [reflections[user.state], reflections[contact.state]];
      const sees = (subscription: string): boolean => /^(to|both)$/.test(subscription);
      const shows = (subscription: string): boolean => /^(from|both)$/.test(subscription);
      return (
        sees(one.subscription) !== shows(other.subscription) ||
        shows(one.subscription) !== sees(other.subscription) ||
        one.ask !== other.request ||
        one.request !== other.ask
      );
    });
    expect(disagreeing).toEqual([]);
    expect(new Set(pairs.map(([{ state }]) => state)).size).toBe(appendixStates.length);
  });

  it("changes a state, or routes, or answers, or pushes only as section 3 has it", () => {
    const odd = rows.filter(({ row, direction }) => {
      const { consequences, requirement, state, next, approved, approvedNext } = row;
      const passes = consequences.some((consequence) => /^(route|deliver)/.test(consequence));
      const [was, is] = [reflections[state], reflections[next]];
      const shown = was.subscription !== is.subscription || was.ask !== is.ask || approved !== approvedNext;
      return (
        passes !== (requirement === "MUST") ||
        shown !== consequences.includes("push") ||
        (!was.request && is.request) !== consequences.includes("keep request") ||
        (was.request && !is.request) !== consequences.includes("forget request") ||
        (direction === "outbound" && consequences.some((consequence) => consequence.startsWith("answer")))
      );
    });
    expect(odd.map(({ name }) => name)).toEqual([]);
  });
});

describe("RFC 6121 appendix A and the server's table", () => {
  it("know the same states and stanzas, reflected the same in a roster", () => {
    expect(Object.values(subscriptionStateNames).toSorted()).toEqual(appendixStates.toSorted());
    expect(subscriptionTypes.toSorted()).toEqual(appendixTypes.toSorted());
    for (const state of subscriptionStates) {
      const { subscription, pendingOut, pendingIn } = subscriptionParts[state];
      expect({ subscription, ask: pendingOut, request: pendingIn }, state).toEqual(reflections[subscriptionStateNames[state] as AppendixState]);
    }
    for (const { subscription } of Object.values(reflections)) {
      expect(seesContact(subscription)).toBe(/^(to|both)$/.test(subscription));
      expect(showsToContact(subscription)).toBe(/^(from|both)$/.test(subscription));
    }
  });

  it("have as many cells", () => {
    const cells = Object.values(subscriptionTable).flatMap((types) => Object.values(types).flatMap((row) => Object.keys(row)));
    expect(cells).toHaveLength(rows.filter(({ row }) => !row.approved).length);
  });

  it.each(rows)("agree: $name", ({ direction, type, row }) => {
    const { state, approved, requirement, next, approvedNext, consequences } = row;
    const answer = consequences.find((consequence) => consequence.startsWith("answer "))?.slice("answer ".length);
    expect(decideSubscription(direction, type, stateOf(state), approved)).toEqual({
      pass: requirement === "MUST", state: stateOf(next), approved: approvedNext, answer,
    });
  });
});

describe("RFC 6121 appendix A and the machine", () => {
  it.each(rows)("agree: $name", ({ direction, type, row }) => {
    const before = subscriptionMachine.resolveState({ value: stateOf(row.state), context: { approved: row.approved } });
    const [after, actions] = transition(subscriptionMachine, before, subscriptionEvent(direction, type));
    expect({ state: after.value, approved: after.context.approved }).toEqual({ state: stateOf(row.next), approved: row.approvedNext });
    const effects = actions.map(({ type, params }) => {
      expect(type).toBe("xstate.emit");
      return (params as unknown as { readonly event: SubscriptionEffect }).event;
    });
    expect(effects.map(consequenceOf)).toEqual(row.consequences);
    for (const effect of effects) {
      if (effect.type !== "push.item") continue;
      const { subscription, ask } = reflections[row.next];
      expect(effect).toEqual({ type: "push.item", subscription, ask, approved: row.approvedNext });
    }
  });
});

function stateOf(name: AppendixState): SubscriptionState {
  return subscriptionStates.find((state) => subscriptionStateNames[state] === name)!;
}

function consequenceOf(effect: SubscriptionEffect): Consequence {
  switch (effect.type) {
    case "route.stanza":
      return "route";
    case "deliver.stanza":
      return `deliver to ${effect.to}`;
    case "push.item":
      return "push";
    case "show.presence":
      return "show";
    case "hide.presence":
      return "hide";
    case "store.request":
      return "keep request";
    case "settle.request":
      return "forget request";
    case "answer.contact":
      return `answer ${effect.answer}`;
  }
}
