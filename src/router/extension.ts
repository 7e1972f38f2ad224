/** What an extension is: one value that declares its specification and what it adds, in terms that know no other extension. */
import type { Account } from "../domain/account.ts";
import type { EntityDescription, EntityForm, EntityIdentity } from "../domain/entity-caps.ts";
import type { Jid } from "../domain/jid.ts";
import type { StoredRosterItem } from "../domain/roster.ts";
import type { Json } from "../ports.ts";
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
  /** What service discovery says that the server, or an account, is besides what it is anyway. */
  readonly serverIdentities?: readonly EntityIdentity[];
  readonly accountIdentities?: readonly EntityIdentity[];
  /** What service discovery tells of the server in forms (XEP-0128). */
  readonly serverForms?: (house: House) => readonly EntityForm[];
  /** What an account has below it (XEP-0030 section 4). */
  readonly accountNodes?: AccountNodes;
  /** Nodes under which service discovery tells of the server what it tells without one (XEP-0030 section 3.2). */
  readonly serverNodes?: (house: House) => readonly string[];
  readonly iq?: readonly IqHandler[];
  readonly phases?: PhaseHandlers;
  /** What clients of connected sessions may say beside stanzas. */
  readonly elements?: readonly ElementHandler[];
  /** A resource became available, changed its presence or left; those who see its user have been told. */
  readonly presenceChanged?: (change: PresenceChanged) => void;
  /** What is known of a client's capabilities has changed (XEP-0115), while it is available. */
  readonly featuresLearned?: (learned: FeaturesLearned) => void;
  /** A value that some extension keeps for an account was set (`House.data`), within the step. */
  readonly dataChanged?: (change: DataChanged) => void;
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
  /** What of it is not there, and why, in a sentence each. Without it all of it is there that a server has to do. */
  readonly missing?: readonly string[];
}

/** A first-level element that is no stanza, from a client whose session is connected. It is not counted (XEP-0198 section 4). */
export interface ElementHandler {
  readonly xmlns: string;
  readonly names: readonly string[];
  handle(said: { readonly step: Step; readonly session: Session; readonly element: Element; readonly house: House }): void;
}

/** Nodes of an account, for those who may know of them. Each resolves to undefined where the node is not this extension's. */
export interface AccountNodes {
  /** `node` undefined: what is listed of the account itself, besides its resources; it then resolves to items in any case. */
  items(asked: NodeQuestion): Promise<readonly Element[] | undefined>;
  info(asked: NodeQuestion & { readonly node: string }): Promise<EntityDescription | undefined>;
}

export interface NodeQuestion {
  readonly house: House;
  readonly account: Account;
  readonly node: string | undefined;
  /** Who asks. */
  readonly from: Jid;
  readonly own: boolean;
  /** The account lets the sender see its presence. */
  readonly shared: boolean;
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

export interface FeaturesLearned {
  readonly step: Step;
  readonly session: Session;
  readonly account: Account;
  readonly features: ReadonlySet<string>;
  /** What was known before. */
  readonly before: ReadonlySet<string>;
  readonly house: House;
}

export interface DataChanged {
  readonly step: Step;
  readonly account: Account;
  /** Whose value it is: an extension's name. */
  readonly space: string;
  readonly key: string;
  /** null: it was removed. */
  readonly value: Json;
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
