/** What an extension is: one value that declares its specification and what it adds, in terms that know no other extension. */
import type { Account } from "../domain/account.ts";
import type { EntityDescription, EntityForm, EntityIdentity } from "../domain/entity-caps.ts";
import type { Jid } from "../domain/jid.ts";
import type { StoredRosterItem } from "../domain/roster.ts";
import type { Json } from "../ports.ts";
import type { RoomExtension } from "../muc/contract.ts";
import type { NodeConfig } from "../pubsub/node-config.ts";
import type { AccessChange, ItemsChange } from "../pubsub/nodes.ts";
import type { FeatureStage, PresenceChange, Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import type { Stanza, StanzaFault } from "../xml/stanza.ts";
import type { Service } from "../service/services.ts";
import type { Command } from "./commands.ts";
import type { House, HouseLimits } from "./house.ts";
import type { PhaseHandlers } from "./phases.ts";
import type { SessionState } from "./session-state.ts";

export type { House };

/**
 * What it declares is read once, at the start; its functions are called from then on, from several sessions in turn and never at once.
 * Unless it says otherwise a function is called within a step, and decides at once: it must not be async, nor keep the step for later
 * (`house.run` gives another). What it throws discards the step and ends the session whose input that was, with
 * internal-server-error (RFC 6120 section 4.9.3.8); others go on.
 */
export interface Extension {
  /** Kebab-case, the noun of its file, and no other extension's. What it keeps goes by this name (`House.data`, `Session.extensions`). */
  readonly name: string;
  /** Which document it implements, and what of it is not there. */
  readonly specification: Specification;
  /** What service discovery tells of the server (XEP-0030 section 3). */
  readonly serverFeatures?: readonly string[] | ((limits: HouseLimits) => readonly string[]);
  /** What service discovery tells of an account, to those who see its presence. */
  readonly accountFeatures?: readonly string[] | ((house: House) => readonly string[]);
  /** What service discovery says that the server is besides a server (XEP-0030 section 3.1). */
  readonly serverIdentities?: readonly EntityIdentity[] | ((limits: HouseLimits) => readonly EntityIdentity[]);
  /** What it says that an account is besides a registered account. */
  readonly accountIdentities?: readonly EntityIdentity[];
  /** What service discovery tells of the server in forms (XEP-0128). */
  readonly serverForms?: (house: House) => readonly EntityForm[];
  /** What an account has below it (XEP-0030 section 4). */
  readonly accountNodes?: AccountNodes;
  /** How nodes of accounts with these names are configured where their owner has not said otherwise (XEP-0163): what differs from others. */
  readonly nodeDefaults?: Readonly<Record<string, Partial<NodeConfig>>>;
  /** Nodes under which service discovery tells of the server what it tells without one (XEP-0030 section 3.2). */
  readonly serverNodes?: (house: House) => readonly string[];
  /** What the server has below it (XEP-0030 section 4), beside the services. */
  readonly serverItems?: ServerNodes;
  /** What people can execute from a client: of the server, or of their own account. */
  readonly commands?: readonly Command[];
  /** Domains beside the hosts. Asked once, when all extensions are there. */
  readonly services?: (house: House) => readonly Service[];
  /** What it adds to rooms (XEP-0045). */
  readonly rooms?: RoomExtension;
  /** Requests that it answers: for the server, and on behalf of accounts. No other extension may answer the same. */
  readonly iq?: readonly (IqHandler | SessionlessIqHandler)[];
  /**
   * What it does with stanzas on their way, whoever sends them: each phase lets them pass (undefined), stops them or refuses them. In
   * every phase the server's own extensions come first.
   */
  readonly phases?: PhaseHandlers;
  /** What clients of connected sessions may say beside stanzas. */
  readonly elements?: readonly ElementHandler[];
  /** What it keeps of each session. */
  readonly sessionState?: SessionState;
  /** A resource became available, changed its presence or left; those who see its user have been told. */
  readonly presenceChanged?: (change: PresenceChanged) => void;
  /** What is known of a client's capabilities has changed (XEP-0115), while it is available. */
  readonly featuresLearned?: (learned: FeaturesLearned) => void;
  /** A value that some extension keeps for an account was set (`House.data`), within the step. */
  readonly dataChanged?: (change: DataChanged) => void;
  /** Items of a node of an account were published, or taken out (`House.nodes`), within the step. */
  readonly itemsChanged?: (change: ItemsChanged) => void;
  /** Who may have the items of a node of an account may be others than before: it was configured, or affiliations changed, within the step. */
  readonly accessChanged?: (change: AccessChanged) => void;
  /** An account is no more: what is kept of it beside the store goes now. Not within a step; not told of what was deleted while no server ran. */
  readonly accountRemoved?: (removed: { readonly bareJid: string; readonly house: House }) => void;
  /** A contact was added, changed or removed. */
  readonly rosterChanged?: (change: RosterChanged) => void;
  /** A session goes on over another link (XEP-0198 section 5): what depends on the link is set anew. */
  readonly sessionResumed?: (resumed: SessionResumed) => void;
  /**
   * Something is about to be sent to a connected session that has a link, whoever sends it: not counted, not yet in its queue. True: this
   * extension keeps it. What it gives to `Session.holdBack` outlives a crash, and is delivered by `Session.deliverHeldBack`; what it keeps
   * itself it may give to `Session.deliver` later, which asks here again. Called for each stanza and each session, so it
   * must cost next to nothing where it does not apply. It must not throw.
   */
  readonly holdsBack?: (outgoing: Outgoing) => boolean;
  /** A session that can be resumed has lost its link: from now on its queue takes what it is given. Not called for sessions that end so. */
  readonly linkLost?: (lost: SessionLinkLost) => void;
  /** Features of the stream at this stage, if there are any (RFC 6120 section 4.3.2). Called for each stream; not within a step. */
  readonly streamFeature?: (stage: FeatureStage, house: House) => Element | readonly Element[] | undefined;
  /** What a login can carry for it (XEP-0388 section 2.1), as it is announced at this stage. As `streamFeature`. */
  readonly inlineFeature?: (stage: FeatureStage, house: House) => Element | undefined;
  /** What it adds to a login that binds a resource (XEP-0386). */
  readonly inlineBinding?: InlineBinding;
  /** Whether it takes this iq before authentication: from anybody, so it must cost nothing. Its `iq` answers it. */
  readonly takesUnauthenticated?: (element: Element) => boolean;
  /** A request that every living client answers, for one that has been silent. The first extension that has one is asked. */
  readonly livenessProbe?: (session: Session, house: House) => Element;
}

export interface Specification {
  /** `XEP-0199`, `RFC 6121`; for something of one's own any text that names it. */
  readonly id: string;
  readonly title: string;
  /** The version that was read; RFCs have none. */
  readonly version?: string;
  /** What of it is not there, and why, in a sentence each. Without it all of it is there that a server has to do. */
  readonly missing?: readonly string[];
}

/** What clients may want, and are told, in the very step in which a login binds a resource: nothing comes in between (XEP-0386). */
export interface InlineBinding {
  /** The namespace by which it is announced, and which what clients want has. */
  readonly feature?: string;
  /** Whether it is; without it always. */
  readonly offered?: (house: House) => boolean;
  /** A client wants this, an element with the namespace of `feature`. What it returns is told in `<bound/>`. */
  readonly enable?: (wish: { readonly step: Step; readonly session: Session; readonly element: Element; readonly house: House }) => Element | undefined;
  /**
   * Looks up what is to be known in that step; the client waits for it. Resolves with what is done there, undefined for nothing, and what
   * that returns is told in `<bound/>`. Where it rejects, or takes longer than `extensionAnswerMs`, nothing is done and told.
   */
  readonly prepare?: (asked: { readonly account: Account; readonly house: House }) => Promise<((bound: { readonly step: Step; readonly session: Session; readonly house: House }) => Element | undefined) | undefined>;
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

/** Nodes of the server, for those who may know of them. Each returns undefined where the node is not this extension's. */
export interface ServerNodes {
  items(asked: ServerNodeQuestion): readonly Element[] | undefined;
  info(asked: ServerNodeQuestion): EntityDescription | { readonly fault: StanzaFault } | undefined;
}

export interface ServerNodeQuestion {
  readonly house: House;
  /** The host that is asked. */
  readonly host: string;
  readonly node: string;
  /** Who asks. */
  readonly from: Jid;
}

export interface IqHandler {
  /** The namespace of the payload. */
  readonly xmlns: string;
  /** The name of the payload. */
  readonly name: string;
  /** Which of them it answers. */
  readonly types: readonly ("get" | "set")[];
  /** Whom it may be addressed to: the server, or an account on whose behalf the server answers. */
  readonly at: readonly ("server" | "account")[];
  /**
   * Answers at once, or later: until then nothing else that the sender sends is taken (RFC 6120 section 10.1). What it throws
   * closes the session that asked. After a wait `request.step` is over: `house.run` gives another. Who has not answered within
   * `extensionAnswerMs` is not waited for: the client is told of an internal-server-error, and what comes then is not sent.
   */
  handle(request: IqRequest): IqReply | Promise<IqReply>;
  /** Only sessions of this server are answered: whoever else asks, such as a component (XEP-0114), is told service-unavailable. */
  readonly sessionless?: false;
}

/** One that answers whoever asks: also a component (XEP-0114), in the name of somebody of its domain, who has no session here. */
export interface SessionlessIqHandler extends Omit<IqHandler, "handle" | "sessionless"> {
  readonly sessionless: true;
  handle(request: SessionlessIqRequest): IqReply | Promise<IqReply>;
}

export interface SessionlessIqRequest extends Omit<IqRequest, "session"> {
  /** The session that asked; undefined where somebody has asked who has none here. */
  readonly session: Session | undefined;
}

export interface IqRequest {
  /** What follows at once follows within it; after a wait it is over. */
  readonly step: Step;
  /** The stanza: `type`, `id`, `from` and `to` as they were checked, and the whole `element`. */
  readonly iq: Stanza;
  /** Its child, which has the handler's name and namespace. What is in it nobody has looked at. */
  readonly payload: Element;
  /** The session that asked; not `connected` before a resource is bound. */
  readonly session: Session;
  /** What may be asked of the server. */
  readonly house: House;
  /** Whom it is addressed to: one of the handler's `at`. */
  readonly target: "server" | "account";
  /** The sender asks its own account: with its bare JID, or without `to`. */
  readonly own: boolean;
  /** The account that is asked; undefined for the server, and where there is none. */
  readonly account: Account | undefined;
  /** The account lets the sender see its presence: a subscription of type from or both, and nobody blocked. */
  readonly shared: boolean;
}

export type IqReply =
  /** `before` runs right before the answer is sent and `afterwards` right after, in the same step; neither where it comes too late. */
  | { readonly result: Element | undefined; readonly before?: (step: Step) => void; readonly afterwards?: (step: Step) => void }
  /** `payload`: what it says beside the error, as an answer to what was asked (RFC 6120 section 8.3.1). */
  | { readonly fault: StanzaFault; readonly payload?: Element };

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

export interface ItemsChanged extends ItemsChange {
  readonly house: House;
}

export interface AccessChanged extends AccessChange {
  readonly house: House;
}

export interface Outgoing {
  readonly step: Step;
  readonly session: Session;
  readonly element: Element;
  readonly house: House;
}

export interface SessionLinkLost {
  readonly step: Step;
  readonly session: Session;
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
  /** As it was; undefined if it was not there. */
  readonly before: StoredRosterItem | undefined;
  /** The account's interested resources (RFC 6121 section 2.2), the one that asked for the change first. */
  readonly interested: readonly Session[];
  readonly house: House;
}
