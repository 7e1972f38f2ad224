/** What people are shown of who sees whom, and why. Plain JSON. */

import type { SubscriptionParts, SubscriptionState } from "./subscription.ts";

export interface PresenceExplanation {
  /** false: no server runs, so nobody is connected. */
  readonly running: boolean;
  /** The two that were asked about, in that order; one if they are the same. */
  readonly parties: readonly PartyView[];
  /** Whether the first sees the second, and the second the first. */
  readonly directions: readonly DirectionView[];
}

export interface PartyView {
  /** Bare. */
  readonly jid: string;
  /** What its account says of the other; null if this server does not have the account. */
  readonly contact: ContactView | null;
  /** Its connected resources. */
  readonly resources: readonly ResourceView[];
}

export interface ResourceView {
  /** Full. */
  readonly jid: string;
  readonly available: boolean;
  /** The addresses of the other that it has sent directed presence to. */
  readonly directedTo: readonly string[];
}

export interface ContactView {
  readonly state: SubscriptionState;
  /** The name that RFC 6121 appendix A.1 gives the state. */
  readonly stateName: string;
  /** Whether the roster has an item for the other. */
  readonly listed: boolean;
  readonly subscription: SubscriptionParts["subscription"];
  /** It has asked the other, and waits for an answer. */
  readonly ask: boolean;
  /** The other has asked it, and waits for an answer. */
  readonly request: boolean;
  /** It has approved the other before being asked (RFC 6121 section 3.4). */
  readonly approved: boolean;
  /** What of its block list means the other, or one of its resources. */
  readonly blocks: readonly string[];
}

export interface DirectionView {
  readonly watcher: string;
  readonly shower: string;
  readonly verdict: PresenceVerdict;
  /** Whether both rosters say the same of this direction; null if only one of them is known. */
  readonly rostersAgree: boolean | null;
  /** One sentence, without a full stop. */
  readonly summary: string;
  readonly why: readonly Reason[];
  /** What each connected resource of the watcher is told. */
  readonly resources: readonly WatcherResourceView[];
}

export type PresenceVerdict =
  /** Both are the same. */
  | "own"
  | "sees"
  /** It is told of changes, but not of what is there when it becomes available. */
  | "changes-only"
  /** No subscription, but some resources of the shower have sent it directed presence. */
  | "directed-only"
  /** One has blocked the other. */
  | "blocked"
  /** The watcher's roster alone says that it sees the shower. */
  | "not-shown"
  /** The watcher has asked, and the shower has not answered. */
  | "waiting"
  /** The watcher has asked, and the shower knows nothing of it. */
  | "not-heard"
  /** The watcher has not asked. */
  | "not-subscribed"
  /** One of them is of another server. */
  | "foreign"
  /** One of them is of an external component (XEP-0114): what it sends is passed on, and what it holds of the other is known to it alone. */
  | "component"
  /** One of them would be of this server, which has no such account. */
  | "no-account";

export interface WatcherResourceView {
  readonly jid: string;
  readonly available: boolean;
  /**
   * The resources of the other that it is told of. Directed presence to a bare JID reached those that were available at that moment,
   * which may have been before this one came.
   */
  readonly told: readonly { readonly jid: string; readonly by: ToldBy }[];
  readonly why: Reason;
}

/** `changes`: of what it does from now on, if the resource of the other was there first. */
export type ToldBy = "own" | "subscription" | "changes" | "directed";

export interface Reason {
  readonly text: string;
  /** Where it stands, such as "RFC 6121 section 4.2.2". */
  readonly rule: string;
}
