/** What a subscription keeps to, whatever either side sends. That both sides agree is a matter of two rosters: the simulation's. */
import type { SnapshotFrom } from "xstate";
import type { SubscriptionEffect, SubscriptionEvent } from "../../../machines/subscription-events.ts";
import type { subscriptionMachine } from "../../../machines/subscription.ts";
import { seesContact, showsToContact, subscriptionParts, subscriptionStateNames, type SubscriptionParts, type SubscriptionState } from "../../domain/subscription.ts";
import { appendixRow, reflections, type AppendixDirection, type AppendixRow, type AppendixType, type Consequence } from "../oracle/subscription-tables.ts";
import type { Invariant, ModelStep } from "./machine-model.ts";
import { says, unlike } from "./unlike.ts";

type Snapshot = SnapshotFrom<typeof subscriptionMachine>;
type Step = ModelStep<Snapshot, SubscriptionEvent, SubscriptionEffect>;
type Rule = Invariant<Snapshot, SubscriptionEvent, SubscriptionEffect>;

const itemIsShown: Rule = {
  name: "Each state shows one subscription in the roster.",
  source: "RFC 6121 sections 2.1.2.5 and A.1",
  state: (state) => unlike("what the roster shows", [...state.tags].toString(), partsOf(state).subscription),
};

const approvalIsForLater: Rule = {
  name: "An approval waits only where the contact neither sees the user nor has asked to.",
  source: "RFC 6121 section 3.4.2",
  state: (state) => {
    const { subscription, pendingIn } = partsOf(state);
    return says(state.context.approved && (pendingIn || showsToContact(subscription)), "an approval waits for what is there already");
  },
};

const userSeesByConsent: Rule = {
  name: "The user comes to see the contact only because it asked and the contact granted it, and ceases to when either says so.",
  source: "RFC 6121 sections 3.1.6, 3.2.3 and 3.3.2",
  step: afterEvent((was, event, is) => {
    const [saw, sees] = [seesContact(was.subscription), seesContact(is.subscription)];
    return (
      says(!saw && sees && !(event.type === "inbound.subscribed" && was.pendingOut), `${event.type} subscribed the user`) ??
      says(sees && (event.type === "outbound.unsubscribe" || event.type === "inbound.unsubscribed"), `${event.type} left the user subscribed`) ??
      says(saw && !sees && event.type !== "outbound.unsubscribe" && event.type !== "inbound.unsubscribed", `${event.type} unsubscribed the user`)
    );
  }),
};

const contactSeesByConsent: Rule = {
  name: "The contact comes to see the user only by the user's grant of its request, given then or before, and ceases to when either says so.",
  source: "RFC 6121 sections 3.1.5, 3.2.2, 3.3.3 and 3.4.2",
  step: afterEvent((was, event, is, { before }) => {
    const [saw, sees] = [showsToContact(was.subscription), showsToContact(is.subscription)];
    const granted = (event.type === "outbound.subscribed" && was.pendingIn) || (event.type === "inbound.subscribe" && before!.context.approved);
    return (
      says(!saw && sees && !granted, `${event.type} subscribed the contact`) ??
      says(sees && (event.type === "outbound.unsubscribed" || event.type === "inbound.unsubscribe"), `${event.type} left the contact subscribed`) ??
      says(saw && !sees && event.type !== "outbound.unsubscribed" && event.type !== "inbound.unsubscribe", `${event.type} unsubscribed the contact`)
    );
  }),
};

const presenceFollows: Rule = {
  name: "The contact is shown the user's presence when it comes to see it, and shown its end when it ceases to.",
  source: "RFC 6121 sections 3.1.5, 3.2.2 and 3.3.3",
  step: afterEvent((was, _, is, step) => {
    const [saw, sees] = [showsToContact(was.subscription), showsToContact(is.subscription)];
    return unlike("show.presence", count(step, "show.presence"), !saw && sees ? 1 : 0) ?? unlike("hide.presence", count(step, "hide.presence"), saw && !sees ? 1 : 0);
  }),
};

const requestIsKept: Rule = {
  name: "A request of the contact is kept from its arrival to its answer.",
  source: "RFC 6121 section 3.1.3",
  step: afterEvent((was, _, is, step) =>
    unlike("store.request", count(step, "store.request"), !was.pendingIn && is.pendingIn ? 1 : 0) ??
    unlike("settle.request", count(step, "settle.request"), was.pendingIn && !is.pendingIn ? 1 : 0)),
};

const changeIsPushed: Rule = {
  name: "The user's resources are told of each change that the roster shows, as it is then, and of no other.",
  source: "RFC 6121 section 2.1.6",
  step: afterEvent((was, _, is, step) => {
    const shown = (parts: SubscriptionParts, approved: boolean) => ({ subscription: parts.subscription, ask: parts.pendingOut, approved });
    const [old, now] = [shown(was, step.before!.context.approved), shown(is, step.after.context.approved)];
    const pushes = step.effects.filter(({ type }) => type === "push.item");
    return unlike("pushes", pushes, JSON.stringify(old) === JSON.stringify(now) ? [] : [{ type: "push.item", ...now }]);
  }),
};

const goesItsWay: Rule = {
  name: "What the user sends is never delivered to the user, what the contact sends never routed back.",
  source: "RFC 6121 sections 3.1.2 and 3.1.3",
  step: afterEvent((_, event, __, step) => {
    const outbound = event.type.startsWith("outbound");
    return says(count(step, outbound ? "deliver.stanza" : "route.stanza") > 0, `${event.type} went the wrong way`) ??
      says(outbound && count(step, "answer.contact") > 0, `${event.type} is answered`);
  }),
};

const keepsToAppendix: Rule = {
  name: "Each stanza does what the appendix's tables say of it: the state after, the approval, and what follows, in this order.",
  source: "RFC 6121 sections 3, A.2 and A.3",
  step: ({ before, event, after, effects }) => {
    if (before === undefined || event === undefined) return undefined;
    const [direction, type] = event.type.split(".") as [AppendixDirection, AppendixType];
    const row = appendixRow(direction, type, nameOf(before), before.context.approved);
    return (
      unlike("the state", nameOf(after), row.next) ?? unlike("the approval", after.context.approved, row.approvedNext) ??
      unlike("what follows", effects, row.consequences.map((consequence) => effectOf(consequence, row)))
    );
  },
};

export const subscriptionInvariants: readonly Rule[] = [
  itemIsShown, approvalIsForLater, userSeesByConsent, contactSeesByConsent, presenceFollows, requestIsKept, changeIsPushed, goesItsWay,
  keepsToAppendix,
];

function afterEvent(check: (was: SubscriptionParts, event: SubscriptionEvent, is: SubscriptionParts, step: Step) => string | undefined) {
  return (step: Step): string | undefined => {
    const { before, event, after } = step;
    return before === undefined || event === undefined ? undefined : check(partsOf(before), event, partsOf(after), step);
  };
}

function partsOf({ value }: Snapshot): SubscriptionParts {
  return subscriptionParts[value as SubscriptionState];
}

function count({ effects }: Step, type: SubscriptionEffect["type"]): number {
  return effects.filter((effect) => effect.type === type).length;
}

function nameOf({ value }: Snapshot): AppendixRow["state"] {
  return subscriptionStateNames[value as SubscriptionState] as AppendixRow["state"];
}

function effectOf(consequence: Consequence, { next, approvedNext }: AppendixRow): SubscriptionEffect {
  switch (consequence) {
    case "route": return { type: "route.stanza" };
    case "deliver to available": return { type: "deliver.stanza", to: "available" };
    case "deliver to interested": return { type: "deliver.stanza", to: "interested" };
    case "push": return { type: "push.item", subscription: reflections[next].subscription, ask: reflections[next].ask, approved: approvedNext };
    case "show": return { type: "show.presence" };
    case "hide": return { type: "hide.presence" };
    case "keep request": return { type: "store.request" };
    case "forget request": return { type: "settle.request" };
    case "answer subscribed": return { type: "answer.contact", answer: "subscribed" };
    case "answer unsubscribed": return { type: "answer.contact", answer: "unsubscribed" };
  }
}
