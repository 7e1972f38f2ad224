/** The guard and the actions that the subscription's statechart is written with. */
import { assign, emit, setup } from "xstate";
import type { ShownItem, SubscriptionEffect, SubscriptionEvent } from "./subscription-events.ts";

export interface SubscriptionContext {
  /** The user has approved the contact's request before there is one (RFC 6121 section 3.4). */
  readonly approved: boolean;
}

/** As a roster item shows it: whether the user sees the contact ("to"), the contact the user ("from"), or each the other. */
export type SubscriptionTag = ShownItem["subscription"];

export const subscription = setup({
  types: {} as {
    context: SubscriptionContext;
    events: SubscriptionEvent;
    emitted: SubscriptionEffect;
    tags: SubscriptionTag;
  },

  guards: {
    isApproved: ({ context }) => context.approved,
  },

  actions: {
    approve: assign({ approved: true }),
    forgetApproval: assign({ approved: false }),

    routeStanza: emit({ type: "route.stanza" }),
    deliverStanza: emit(({ event }) => ({
      type: "deliver.stanza" as const,
      to: event.type === "inbound.subscribe" ? ("available" as const) : ("interested" as const),
    })),
    pushItem: emit(({ context }, item: Omit<ShownItem, "approved">) => ({
      type: "push.item" as const,
      ...item,
      approved: context.approved,
    })),
    showPresence: emit({ type: "show.presence" }),
    hidePresence: emit({ type: "hide.presence" }),
    storeRequest: emit({ type: "store.request" }),
    settleRequest: emit({ type: "settle.request" }),
    answerContact: emit((_, answer: "subscribed" | "unsubscribed") => ({ type: "answer.contact" as const, answer })),
  },
});
