/**
 * Presence subscriptions: RFC 6121 appendix A as a table. Everything is seen from the user, whose contact is at the other end.
 * The table makes the server's decisions, the machine in `machines/subscription.ts`, the page in `diagrams/` and the tests.
 */

/** The nine states of RFC 6121 appendix A.1. "None" is also that of a contact who is not in the roster. */
export const subscriptionStates = ["None", "NoneOut", "NoneIn", "NoneOutIn", "To", "ToIn", "From", "FromOut", "Both"] as const;
export type SubscriptionState = (typeof subscriptionStates)[number];

/** The names that the appendix gives them. */
export const subscriptionStateNames: Readonly<Record<SubscriptionState, string>> = {
  None: "None",
  NoneOut: "None + Pending Out",
  NoneIn: "None + Pending In",
  NoneOutIn: "None + Pending Out+In",
  To: "To",
  ToIn: "To + Pending In",
  From: "From",
  FromOut: "From + Pending Out",
  Both: "Both",
};

export const subscriptionTypes = ["subscribe", "unsubscribe", "subscribed", "unsubscribed"] as const;
export type SubscriptionType = (typeof subscriptionTypes)[number];

/** Outbound is what the user sends, inbound what comes from the contact. */
export type SubscriptionDirection = "outbound" | "inbound";

/** What becomes of one stanza in one state. */
export interface SubscriptionCell {
  /** Outbound: whether it is routed to the contact. Inbound: whether it is delivered to the user. */
  readonly pass: boolean;
  /** The state after it; undefined for no change. */
  readonly next?: SubscriptionState;
  readonly note?: SubscriptionNote;
}

export type SubscriptionNote =
  /** Sets `approved` on the item, which is made if there is none (section 3.4.2). */
  | "preApprove"
  /** Clears `approved` (section 3.4.2). */
  | "cancelPreApproval"
  /** If the contact is approved, nothing is delivered: `subscribed` goes back and the state becomes From or Both (section 3.4.2). */
  | "unlessApproved"
  /** `subscribed` goes back: the contact has what it asks for (section 3.1.3, rule 2). */
  | "answerSubscribed"
  /** `unsubscribed` goes back (appendix A.3.2, note 1). */
  | "answerUnsubscribed";

const pass = (next?: SubscriptionState, note?: SubscriptionNote): SubscriptionCell => ({
  pass: true,
  ...(next === undefined ? {} : { next }),
  ...(note === undefined ? {} : { note }),
});
const ignore = (note?: SubscriptionNote): SubscriptionCell => ({ pass: false, ...(note === undefined ? {} : { note }) });

type Row = Readonly<Record<SubscriptionState, SubscriptionCell>>;

export const subscriptionTable: Readonly<Record<SubscriptionDirection, Readonly<Record<SubscriptionType, Row>>>> = {
  outbound: {
    // Appendix A.2.1.
    subscribe: {
      None: pass("NoneOut"),
      NoneOut: pass(),
      NoneIn: pass("NoneOutIn"),
      NoneOutIn: pass(),
      To: pass(),
      ToIn: pass(),
      From: pass("FromOut"),
      FromOut: pass(),
      Both: pass(),
    },
    // Appendix A.2.2.
    unsubscribe: {
      None: pass(),
      NoneOut: pass("None"),
      NoneIn: pass(),
      NoneOutIn: pass("NoneIn"),
      To: pass("None"),
      ToIn: pass("NoneIn"),
      From: pass(),
      FromOut: pass("From"),
      Both: pass("From"),
    },
    // Appendix A.2.3.
    subscribed: {
      None: ignore("preApprove"),
      NoneOut: ignore("preApprove"),
      NoneIn: pass("From"),
      NoneOutIn: pass("FromOut"),
      To: ignore("preApprove"),
      ToIn: pass("Both"),
      From: ignore(),
      FromOut: ignore(),
      Both: ignore(),
    },
    // Appendix A.2.4.
    unsubscribed: {
      None: ignore("cancelPreApproval"),
      NoneOut: ignore("cancelPreApproval"),
      NoneIn: pass("None"),
      NoneOutIn: pass("NoneOut"),
      To: ignore("cancelPreApproval"),
      ToIn: pass("To"),
      From: pass("None"),
      FromOut: pass("NoneOut"),
      Both: pass("To"),
    },
  },
  inbound: {
    // Appendix A.3.1.
    subscribe: {
      None: pass("NoneIn", "unlessApproved"),
      NoneOut: pass("NoneOutIn", "unlessApproved"),
      NoneIn: ignore(),
      NoneOutIn: ignore(),
      To: pass("ToIn", "unlessApproved"),
      ToIn: ignore(),
      From: ignore("answerSubscribed"),
      FromOut: ignore("answerSubscribed"),
      Both: ignore("answerSubscribed"),
    },
    // Appendix A.3.2.
    unsubscribe: {
      None: ignore(),
      NoneOut: ignore(),
      NoneIn: pass("None", "answerUnsubscribed"),
      NoneOutIn: pass("NoneOut", "answerUnsubscribed"),
      To: ignore(),
      ToIn: pass("To", "answerUnsubscribed"),
      From: pass("None", "answerUnsubscribed"),
      FromOut: pass("NoneOut", "answerUnsubscribed"),
      Both: pass("To", "answerUnsubscribed"),
    },
    // Appendix A.3.3.
    subscribed: {
      None: ignore(),
      NoneOut: pass("To"),
      NoneIn: ignore(),
      NoneOutIn: pass("ToIn"),
      To: ignore(),
      ToIn: ignore(),
      From: ignore(),
      FromOut: pass("Both"),
      Both: ignore(),
    },
    // Appendix A.3.4.
    unsubscribed: {
      None: ignore(),
      NoneOut: pass("None"),
      NoneIn: ignore(),
      NoneOutIn: pass("NoneIn"),
      To: pass("None"),
      ToIn: pass("NoneIn"),
      From: ignore(),
      FromOut: pass("From"),
      Both: pass("From"),
    },
  },
};

/** A cell once it is known whether the user has approved the contact beforehand. */
export interface SubscriptionOutcome {
  readonly pass: boolean;
  /** The state after it, which may be the same. */
  readonly state: SubscriptionState;
  readonly approved: boolean;
  /** What goes back to the contact for the user. */
  readonly answer: "subscribed" | "unsubscribed" | undefined;
}

/** `approved`: the user's pre-approval of the contact. */
export function decideSubscription(
  direction: SubscriptionDirection,
  type: SubscriptionType,
  state: SubscriptionState,
  approved: boolean,
): SubscriptionOutcome {
  const cell = subscriptionTable[direction][type][state];
  const next = cell.next ?? state;
  switch (cell.note) {
    case "preApprove":
      return { pass: false, state, approved: true, answer: undefined };
    case "cancelPreApproval":
      return { pass: false, state, approved: false, answer: undefined };
    case "unlessApproved":
      if (!approved) return { pass: true, state: next, approved, answer: undefined };
      // The record of the approval has served (section 3.4.2, implementation note).
      return { pass: false, state: granted[state] ?? state, approved: false, answer: "subscribed" };
    case "answerSubscribed":
      return { pass: false, state, approved, answer: "subscribed" };
    case "answerUnsubscribed":
      return { pass: cell.pass, state: next, approved, answer: "unsubscribed" };
    default:
      return { pass: cell.pass, state: next, approved, answer: undefined };
  }
}

/** What an approval makes of the states in which the contact has no subscription and has asked for none. */
const granted: Readonly<Partial<Record<SubscriptionState, SubscriptionState>>> = { None: "From", NoneOut: "FromOut", To: "Both" };

/** What a state says, part by part. */
export interface SubscriptionParts {
  /** As a roster item shows it (section 2.1.2.5). */
  readonly subscription: "none" | "to" | "from" | "both";
  /** The user has asked and waits for an answer: `ask='subscribe'`. */
  readonly pendingOut: boolean;
  /** The contact has asked and waits for an answer, which no roster item shows. */
  readonly pendingIn: boolean;
}

export const subscriptionParts: Readonly<Record<SubscriptionState, SubscriptionParts>> = {
  None: { subscription: "none", pendingOut: false, pendingIn: false },
  NoneOut: { subscription: "none", pendingOut: true, pendingIn: false },
  NoneIn: { subscription: "none", pendingOut: false, pendingIn: true },
  NoneOutIn: { subscription: "none", pendingOut: true, pendingIn: true },
  To: { subscription: "to", pendingOut: false, pendingIn: false },
  ToIn: { subscription: "to", pendingOut: false, pendingIn: true },
  From: { subscription: "from", pendingOut: false, pendingIn: false },
  FromOut: { subscription: "from", pendingOut: true, pendingIn: false },
  Both: { subscription: "both", pendingOut: false, pendingIn: false },
};

/** The state that shows so. Parts that no state has (a request from who is subscribed already, say) lose the request. */
export function subscriptionState({ subscription, pendingOut, pendingIn }: SubscriptionParts): SubscriptionState {
  switch (subscription) {
    case "none":
      return pendingOut ? (pendingIn ? "NoneOutIn" : "NoneOut") : pendingIn ? "NoneIn" : "None";
    case "to":
      return pendingIn ? "ToIn" : "To";
    case "from":
      return pendingOut ? "FromOut" : "From";
    case "both":
      return "Both";
  }
}

/** Whether the user sees the contact's presence. */
export function seesContact(subscription: SubscriptionParts["subscription"]): boolean {
  return subscription === "to" || subscription === "both";
}

/** Whether the contact sees the user's presence. */
export function showsToContact(subscription: SubscriptionParts["subscription"]): boolean {
  return subscription === "from" || subscription === "both";
}
