/**
 * What a subscription is told, and what it asks for: closed sets, plain JSON. Outbound is what the user sends, inbound what comes
 * from the contact. The stanza itself stays with whoever tells of it.
 */
import type { RosterItem } from "../src/domain/roster.ts";
import type { SubscriptionOutcome } from "../src/domain/subscription.ts";

type Told<Type extends string> = { readonly type: Type };

export type SubscriptionEvent =
  /** The user asks to see the contact's presence (RFC 6121 section 3.1.2). */
  | Told<"outbound.subscribe">
  /** The user does not want to see it any more (RFC 6121 section 3.3.2). */
  | Told<"outbound.unsubscribe">
  /** The user grants the contact's request (RFC 6121 section 3.1.5), or approves it before there is one (section 3.4.2). */
  | Told<"outbound.subscribed">
  /** The user refuses the contact's request, or takes back what was granted or approved (RFC 6121 section 3.2.2). */
  | Told<"outbound.unsubscribed">
  /** The contact asks to see the user's presence (RFC 6121 section 3.1.3). */
  | Told<"inbound.subscribe">
  /** The contact does not want to see it any more (RFC 6121 section 3.3.3). */
  | Told<"inbound.unsubscribe">
  /** The contact grants the user's request (RFC 6121 section 3.1.6). */
  | Told<"inbound.subscribed">
  /** The contact refuses it, or takes back what it granted (RFC 6121 section 3.2.3). */
  | Told<"inbound.unsubscribed">;

export type SubscriptionEffect =
  /** Sends the user's stanza on to the contact, from bare JID to bare JID. */
  | { readonly type: "route.stanza" }
  /**
   * Gives the contact's stanza to these resources of the user: available ones (RFC 6121 section 3.1.3) or interested ones
   * (section 3.1.6).
   */
  | { readonly type: "deliver.stanza"; readonly to: "available" | "interested" }
  /** Tells the user's interested resources what the contact's item is now (RFC 6121 section 2.1.6). */
  | ({ readonly type: "push.item" } & ShownItem)
  /** Sends the contact the current presence of each available resource of the user (RFC 6121 section 3.1.5). */
  | { readonly type: "show.presence" }
  /** Sends the contact unavailable presence of each available resource of the user (RFC 6121 sections 3.2.2 and 3.3.3). */
  | { readonly type: "hide.presence" }
  /** Keeps the contact's request, whole, until it is answered (RFC 6121 section 3.1.3). */
  | { readonly type: "store.request" }
  /** Forgets it: it was answered or taken back. */
  | { readonly type: "settle.request" }
  /**
   * Sends the contact a stanza of this type for the user. Where the contact sees the user only from then on, it is shown the
   * user's presence.
   */
  | { readonly type: "answer.contact"; readonly answer: NonNullable<SubscriptionOutcome["answer"]> };

/** What a roster item shows of the subscription. */
export type ShownItem = Pick<RosterItem, "subscription" | "ask" | "approved">;
