/** The subscription between a user and a contact, with everything that either can send. */
import { initialTransition, type SnapshotFrom } from "xstate";
import type { SubscriptionEffect, SubscriptionEvent } from "../../../machines/subscription-events.ts";
import { subscriptionEvent, subscriptionMachine } from "../../../machines/subscription.ts";
import { subscriptionTypes } from "../../domain/subscription.ts";
import type { MachineModel } from "./machine-model.ts";
import { subscriptionInvariants } from "./subscription-invariants.ts";

export type SubscriptionSnapshot = SnapshotFrom<typeof subscriptionMachine>;

const everything: readonly SubscriptionEvent[] = (["outbound", "inbound"] as const).flatMap((direction) => subscriptionTypes.map((type) => subscriptionEvent(direction, type)));

/** The model of `subscriptionMachine`. Nothing is illegal: whoever is at the other end can send any of them at any time. */
export const subscriptionModel: MachineModel<SubscriptionSnapshot, SubscriptionEvent, SubscriptionEffect> = {
  name: "subscription",
  machine: subscriptionMachine,
  starts: [{ name: "strangers", input: undefined }],
  startAt: 0,
  events: () => everything,
  // What changes something, where something does.
  likely: (snapshot) => everything.filter((event) => snapshot.can(event)),
  keyOf: ({ value, context }) => JSON.stringify([value, context.approved]),
  // It has no end, for two people can always begin anew: from everywhere there is a way back to strangers.
  isEnd: ({ value, context }) => value === strangers.value && !context.approved,
  invariants: subscriptionInvariants,
};

const [strangers] = initialTransition(subscriptionMachine);
