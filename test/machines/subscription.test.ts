import { describe, expect, it } from "vitest";
import { initialTransition, transition } from "xstate";
import type { SubscriptionEffect, SubscriptionEvent } from "../../machines/subscription-events.ts";
import { subscriptionEvent, subscriptionMachine } from "../../machines/subscription.ts";
import {
  decideSubscription,
  subscriptionParts,
  subscriptionStates,
  subscriptionTypes,
  type SubscriptionState,
} from "../../src/domain/subscription.ts";

/** A subscription as it is, and what was asked for on the way there. */
interface Told {
  readonly state: SubscriptionState;
  readonly approved: boolean;
  readonly effects: readonly SubscriptionEffect[];
}

function tell(state: SubscriptionState, approved: boolean, event: SubscriptionEvent): Told {
  const before = subscriptionMachine.resolveState({ value: state, context: { approved } });
  const [after, actions] = transition(subscriptionMachine, before, event);
  return { state: after.value as SubscriptionState, approved: after.context.approved, effects: effectsOf(actions) };
}

function effectsOf(actions: readonly { readonly type: string; readonly params?: unknown }[]): readonly SubscriptionEffect[] {
  return actions.map(({ type, params }) => {
    if (type !== "xstate.emit") throw new Error(`the machine is to emit only, but it does ${type}`);
    return (params as { readonly event: SubscriptionEffect }).event;
  });
}

const directions = ["outbound", "inbound"] as const;
const events = directions.flatMap((direction) => subscriptionTypes.map((type) => ({ direction, type, event: subscriptionEvent(direction, type) })));
const everywhere = subscriptionStates.flatMap((state) => [false, true].map((approved) => ({ state, approved })));

type Word = "route" | "deliver" | "push" | "show" | "hide" | "store" | "settle" | "subscribed" | "unsubscribed";

/** An effect in a word. */
function wordOf(effect: SubscriptionEffect): Word {
  return effect.type === "answer.contact" ? effect.answer : (effect.type.split(".")[0] as Word);
}

/** Effects in order, by hand from RFC 6121 section 3; states that are not named have none. "approved": with a pre-approval. */
const effectsInOrder: Readonly<Record<SubscriptionEvent["type"], Readonly<Partial<Record<SubscriptionState | `${SubscriptionState} approved`, string>>>>> = {
  // Section 3.1.2: after routing, a roster push.
  "outbound.subscribe": {
    None: "route push", NoneOut: "route", NoneIn: "route push", NoneOutIn: "route",
    To: "route", ToIn: "route", From: "route push", FromOut: "route", Both: "route",
  },
  // Section 3.3.2.
  "outbound.unsubscribe": {
    None: "route", NoneOut: "route push", NoneIn: "route", NoneOutIn: "route push",
    To: "route push", ToIn: "route push", From: "route", FromOut: "route push", Both: "route push",
  },
  // Section 3.1.5: route, push, current presence. Section 3.4.2: a pre-approval is pushed, once.
  "outbound.subscribed": {
    "None": "push", "NoneOut": "push", "To": "push",
    "None approved": "", "NoneOut approved": "", "To approved": "",
    "NoneIn": "settle route push show", "NoneOutIn": "settle route push show", "ToIn": "settle route push show",
  },
  // Section 3.2.2: unavailable first, then route, then push. A request that is refused shows in no item.
  "outbound.unsubscribed": {
    "None approved": "push", "NoneOut approved": "push", "To approved": "push",
    "NoneIn": "settle route", "NoneOutIn": "settle route", "ToIn": "settle route",
    "From": "hide route push", "FromOut": "hide route push", "Both": "hide route push",
  },
  // Section 3.1.3: kept whole and delivered, or answered for the user.
  "inbound.subscribe": {
    "None": "store deliver", "NoneOut": "store deliver", "To": "store deliver",
    "None approved": "push subscribed show", "NoneOut approved": "push subscribed show", "To approved": "push subscribed show",
    "From": "subscribed", "FromOut": "subscribed", "Both": "subscribed",
  },
  // Section 3.3.3: deliver, push, unavailable; and the answer of appendix A.3.2.
  "inbound.unsubscribe": {
    NoneIn: "settle deliver unsubscribed", NoneOutIn: "settle deliver unsubscribed", ToIn: "settle deliver unsubscribed",
    From: "deliver push hide unsubscribed", FromOut: "deliver push hide unsubscribed", Both: "deliver push hide unsubscribed",
  },
  // Section 3.1.6: deliver, then push.
  "inbound.subscribed": { NoneOut: "deliver push", NoneOutIn: "deliver push", FromOut: "deliver push" },
  // Section 3.2.3: the same.
  "inbound.unsubscribed": {
    NoneOut: "deliver push", NoneOutIn: "deliver push", To: "deliver push", ToIn: "deliver push", FromOut: "deliver push", Both: "deliver push",
  },
};

describe.each(events)("RFC 6121 section 3: $event.type", ({ direction, type, event }) => {
  it.each(everywhere)("in $state, approved: $approved, is as the table says", ({ state, approved }) => {
    const outcome = decideSubscription(direction, type, state, approved);
    expect(tell(state, approved, event)).toMatchObject({ state: outcome.state, approved: outcome.approved });
  });

  it.each(everywhere)("in $state, approved: $approved, has the effects of section 3 in their order", ({ state, approved }) => {
    const expected = effectsInOrder[event.type];
    const words = (approved ? expected[`${state} approved`] : undefined) ?? expected[state] ?? "";
    expect(tell(state, approved, event).effects.map(wordOf).join(" ")).toBe(words);
  });
});

describe("what the effects carry", () => {
  const all = events.flatMap(({ event }) => everywhere.map(({ state, approved }) => ({ event, told: tell(state, approved, event) })));

  it("is, for a push, the item in its new state (RFC 6121 appendix A.1)", () => {
    const pushes = all.flatMap(({ told }) => told.effects.filter((effect) => effect.type === "push.item").map((push) => ({ push, told })));
    expect(pushes.length).toBeGreaterThan(30);
    for (const { push, told } of pushes) {
      const { subscription, pendingOut } = subscriptionParts[told.state];
      expect(push).toEqual({ type: "push.item", subscription, ask: pendingOut, approved: told.approved });
    }
  });

  it("is, for a delivery, to whom: requests to available resources (section 3.1.3), the rest to interested ones", () => {
    for (const { event, told } of all) {
      for (const effect of told.effects) {
        if (effect.type === "deliver.stanza") expect(effect.to).toBe(event.type === "inbound.subscribe" ? "available" : "interested");
      }
    }
  });
});

describe("the way of a subscription", () => {
  it("begins where nobody knows the other", () => {
    const [start, actions] = initialTransition(subscriptionMachine);
    expect(start).toMatchObject({ value: "None", context: { approved: false }, status: "active" });
    expect(actions).toEqual([]);
  });

  it("leads to every state, tagged by what the roster shows", () => {
    const key = ({ state, approved }: Pick<Told, "state" | "approved">) => `${state} ${approved}`;
    const found = new Map<string, Told>();
    const open: Told[] = [{ state: "None", approved: false, effects: [] }];
    for (let here = open.pop(); here !== undefined; here = open.pop()) {
      if (found.has(key(here))) continue;
      found.set(key(here), here);
      for (const { event } of events) open.push(tell(here.state, here.approved, event));
    }
    expect(new Set([...found.values()].map(({ state }) => state))).toEqual(new Set(subscriptionStates));
    // An approval is for a request that is still to come (section 3.4): nowhere else.
    expect([...found.values()].filter(({ approved }) => approved).map(({ state }) => state).toSorted()).toEqual(["None", "NoneOut", "To"]);
    for (const state of subscriptionStates) {
      expect(subscriptionMachine.resolveState({ value: state, context: { approved: false } }).tags).toEqual(new Set([subscriptionParts[state].subscription]));
    }
  });

  it("asks to keep a request exactly while one waits", () => {
    for (const { event } of events) {
      for (const { state, approved } of everywhere) {
        const told = tell(state, approved, event);
        const [waited, waits] = [subscriptionParts[state].pendingIn, subscriptionParts[told.state].pendingIn];
        const words = new Set(told.effects.map(wordOf));
        expect([words.has("store"), words.has("settle")], `${event.type} in ${state}`).toEqual([!waited && waits, waited && !waits]);
      }
    }
  });

  it("is the same for both ends after each exchange, seen from either side", () => {
    // The contact's machine is told what the user's routes and answers, and the other way round.
    const mirrored: Readonly<Record<SubscriptionState, SubscriptionState>> = {
      None: "None", NoneOut: "NoneIn", NoneIn: "NoneOut", NoneOutIn: "NoneOutIn",
      To: "From", ToIn: "FromOut", From: "To", FromOut: "ToIn", Both: "Both",
    };
    for (const state of subscriptionStates) {
      for (const type of subscriptionTypes) {
        const sent = tell(state, false, subscriptionEvent("outbound", type));
        let here: Told = sent;
        let there: SubscriptionState = mirrored[state];
        if (sent.effects.some((effect) => effect.type === "route.stanza")) {
          const received = tell(there, false, subscriptionEvent("inbound", type));
          there = received.state;
          for (const effect of received.effects) {
            if (effect.type === "answer.contact") here = tell(here.state, here.approved, subscriptionEvent("inbound", effect.answer));
          }
        }
        expect(there, `${type} in ${state}`).toBe(mirrored[here.state]);
      }
    }
  });
});

describe("orders that other servers have been seen to get wrong", () => {
  it.each(["From", "FromOut", "Both"] as const)("outbound unsubscribed in %s hides the user before it is routed (section 3.2.2)", (state) => {
    expect(tell(state, false, { type: "outbound.unsubscribed" }).effects.map(wordOf).slice(0, 2)).toEqual(["hide", "route"]);
  });

  it.each(["From", "FromOut", "Both"] as const)("inbound unsubscribe in %s sends unavailable presence back (section 3.3.3)", (state) => {
    expect(tell(state, false, { type: "inbound.unsubscribe" }).effects).toContainEqual({ type: "hide.presence" });
  });

  it.each(["From", "FromOut", "Both"] as const)("outbound subscribed in %s is asked for nothing at all (section 3.4.2, rule 1)", (state) => {
    expect(tell(state, false, { type: "outbound.subscribed" })).toEqual({ state, approved: false, effects: [] });
  });
});
