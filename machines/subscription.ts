/**
 * The subscription between a user and a contact, seen from the user: RFC 6121 appendix A as a statechart. It is made from the
 * table in src/domain/subscription.ts, by which the server decides; what is to be done leaves as emitted effects, in the order
 * of RFC 6121 section 3.
 */
import {
  decideSubscription,
  showsToContact,
  subscriptionParts,
  subscriptionStateNames,
  subscriptionStates,
  subscriptionTypes,
  type SubscriptionDirection,
  type SubscriptionState,
  type SubscriptionType,
} from "../src/domain/subscription.ts";
import type { ShownItem, SubscriptionEvent } from "./subscription-events.ts";
import { subscription } from "./subscription-parts.ts";

export const subscriptionMachine = subscription.createMachine({
  id: "subscription",
  // "None" is also the state of a contact who is not in the roster (RFC 6121 appendix A.1).
  initial: "None",
  context: () => ({ approved: false }),
  states: recordOf(subscriptionStates, (state) => ({
    description: describe(state),
    tags: [subscriptionParts[state].subscription],
    on: answersOf(state),
  })),
});

export type SubscriptionMachine = typeof subscriptionMachine;

/** The events of a direction and a type of stanza. */
export function subscriptionEvent(direction: SubscriptionDirection, type: SubscriptionType): SubscriptionEvent {
  return { type: `${direction}.${type}` };
}

type Action =
  | "approve" | "forgetApproval"
  | "routeStanza" | "deliverStanza"
  | "showPresence" | "hidePresence"
  | "storeRequest" | "settleRequest"
  | { readonly type: "pushItem"; readonly params: Omit<ShownItem, "approved"> }
  | { readonly type: "answerContact"; readonly params: "subscribed" | "unsubscribed" };

interface Answer {
  readonly target?: SubscriptionState;
  readonly actions?: readonly Action[];
}

type Answers = Readonly<Record<SubscriptionEvent["type"], Answer | readonly (Answer & { readonly guard?: "isApproved" })[]>>;

function answersOf(state: SubscriptionState): Answers {
  const directions = ["outbound", "inbound"] as const;
  const stanzas = directions.flatMap((direction) => subscriptionTypes.map((type) => ({ direction, type })));
  const answers = stanzas.map(({ direction, type }) => {
    const [approved, otherwise] = [answerTo(direction, type, state, true), answerTo(direction, type, state, false)];
    const differs = JSON.stringify(approved) !== JSON.stringify(otherwise);
    const answer = differs ? [{ guard: "isApproved" as const, ...approved }, otherwise] : otherwise;
    return [subscriptionEvent(direction, type).type, answer] as const;
  });
  return Object.fromEntries(answers) as Answers;
}

/** `approved`: the user's pre-approval of the contact. */
function answerTo(direction: SubscriptionDirection, type: SubscriptionType, state: SubscriptionState, approved: boolean): Answer {
  const outcome = decideSubscription(direction, type, state, approved);
  const [was, is] = [subscriptionParts[state], subscriptionParts[outcome.state]];
  const [showed, shows] = [showsToContact(was.subscription), showsToContact(is.subscription)];
  const outbound = direction === "outbound";
  const differs = was.subscription !== is.subscription || was.pendingOut !== is.pendingOut || approved !== outcome.approved;
  const actions: readonly (Action | false)[] = [
    approved !== outcome.approved && (outcome.approved ? "approve" : "forgetApproval"),
    // Section 3.2.2: while the contact may still know of it.
    outbound && showed && !shows && "hidePresence",
    !was.pendingIn && is.pendingIn && "storeRequest",
    was.pendingIn && !is.pendingIn && "settleRequest",
    outcome.pass && (outbound ? "routeStanza" : "deliverStanza"),
    differs && { type: "pushItem", params: { subscription: is.subscription, ask: is.pendingOut } },
    !outbound && showed && !shows && "hidePresence",
    outcome.answer !== undefined && { type: "answerContact", params: outcome.answer },
    !showed && shows && "showPresence",
  ];
  const done = actions.filter((action) => action !== false);
  return outcome.state === state ? { actions: done } : { target: outcome.state, actions: done };
}

/** The name that the appendix gives the state, and what the roster shows of it. */
function describe(state: SubscriptionState): string {
  const { subscription, pendingOut, pendingIn } = subscriptionParts[state];
  const shown = `the roster shows subscription='${subscription}'${pendingOut ? " and ask='subscribe'" : ""}`;
  // Nobody is added to a roster by asking (RFC 6121 section 3.1.3).
  const unlisted = subscription === "none" && !pendingOut ? " if the contact is in it" : "";
  const waiting = pendingIn ? "; the contact's request waits for an answer" : "";
  return `"${subscriptionStateNames[state]}": ${shown}${unlisted}${waiting} (RFC 6121 appendix A.1).`;
}

function recordOf<Key extends string, Value>(keys: readonly Key[], valueOf: (key: Key) => Value): Record<Key, Value> {
  return Object.fromEntries(keys.map((key) => [key, valueOf(key)])) as Record<Key, Value>;
}
