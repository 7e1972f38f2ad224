/** What an extension is: one value that declares its specification and what it adds, in terms that know no other extension. */
import type { Account } from "../domain/account.ts";
import type { StoredRosterItem } from "../domain/roster.ts";
import type { FeatureStage, PresenceChange, Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import type { Stanza, StanzaFault } from "../xml/stanza.ts";
import type { House, HouseLimits } from "./house.ts";
import type { PhaseHandlers } from "./phases.ts";

export type { House };

export interface Extension {
  /** Kebab-case, the noun of its file. */
  readonly name: string;
  readonly specification: Specification;
  /** What service discovery tells of the server (XEP-0030 section 3). */
  readonly serverFeatures?: readonly string[] | ((limits: HouseLimits) => readonly string[]);
  /** What service discovery tells of an account. */
  readonly accountFeatures?: readonly string[];
  /** Nodes under which service discovery tells of the server what it tells without one (XEP-0030 section 3.2). */
  readonly serverNodes?: (house: House) => readonly string[];
  readonly iq?: readonly IqHandler[];
  readonly phases?: PhaseHandlers;
  /** A resource became available, changed its presence or left; those who see its user have been told. */
  readonly presenceChanged?: (change: PresenceChanged) => void;
  /** A contact was added, changed or removed. */
  readonly rosterChanged?: (change: RosterChanged) => void;
  /** A session goes on over another link (XEP-0198 section 5): what depends on the link is set anew. */
  readonly sessionResumed?: (resumed: SessionResumed) => void;
  /** Features of the stream at this stage, if there are any. */
  readonly streamFeature?: (stage: FeatureStage, house: House) => Element | readonly Element[] | undefined;
  /** Whether it takes this stanza before authentication. */
  readonly takesUnauthenticated?: (element: Element) => boolean;
  /** A request that every living client answers. */
  readonly livenessProbe?: (session: Session, house: House) => Element;
}

export interface Specification {
  /** `XEP-0199`, `RFC 6121`. */
  readonly id: string;
  readonly title: string;
  /** The version that was read; RFCs have none. */
  readonly version?: string;
}

export interface IqHandler {
  readonly xmlns: string;
  /** The name of the payload. */
  readonly name: string;
  readonly types: readonly ("get" | "set")[];
  /** Whom it may be addressed to: the server, or an account on whose behalf the server answers. */
  readonly at: readonly ("server" | "account")[];
  /**
   * Answers at once, or later: until then nothing else that the sender sends is taken (RFC 6120 section 10.1). What it throws
   * closes the session that asked. After a wait `request.step` is over: `house.run` gives another.
   */
  handle(request: IqRequest): IqReply | Promise<IqReply>;
}

export interface IqRequest {
  readonly step: Step;
  readonly iq: Stanza;
  readonly payload: Element;
  /** The session that asked. */
  readonly session: Session;
  readonly house: House;
  readonly target: "server" | "account";
  /** The sender asks its own account. */
  readonly own: boolean;
  /** The account that is asked; undefined for the server, and where there is none. */
  readonly account: Account | undefined;
  /** The account lets the sender see its presence: a subscription of type from or both, and nobody blocked. */
  readonly shared: boolean;
}

export type IqReply =
  /** `afterwards` runs after the answer was sent, in the same step. */
  | { readonly result: Element | undefined; readonly afterwards?: (step: Step) => void }
  | { readonly fault: StanzaFault };

export interface PresenceChanged {
  readonly step: Step;
  readonly session: Session;
  readonly account: Account;
  readonly change: PresenceChange;
  readonly house: House;
}

export interface SessionResumed {
  readonly step: Step;
  readonly session: Session;
  readonly house: House;
}

export interface RosterChanged {
  readonly step: Step;
  readonly account: Account;
  /** The contact. */
  readonly jid: string;
  /** undefined if the contact was removed. */
  readonly item: StoredRosterItem | undefined;
  /** The account's interested resources (RFC 6121 section 2.2), the one that asked for the change first. */
  readonly interested: readonly Session[];
  readonly house: House;
}
