/** What a session host needs of the rest of the server, and what the rest of the server sees of a session. */
import type { SessionEvent } from "../../machines/session-events.ts";
import type { SessionContext, SessionPolicy } from "../../machines/session-context.ts";
import type { Account } from "../domain/account.ts";
import type { StreamErrorCondition } from "../domain/errors.ts";
import type { Jid } from "../domain/jid.ts";
import type { Json } from "../domain/json.ts";
import type { XmlLimits } from "../domain/limits.ts";
import type { ReturnPath } from "../domain/session-facts.ts";
import type { Clock, Ids, Log, SecureLink } from "../ports.ts";
import type { Batch, Step } from "../step/batch.ts";
import type { Tally } from "../step/tally.ts";
import type { Element } from "../xml/element.ts";
import type { Stanza } from "../xml/stanza.ts";
import type { PaceOptions } from "./pace.ts";
import type { Attachment } from "./attachment.ts";
import type { AccountCache } from "./account-cache.ts";
import type { Logins } from "./logins.ts";
import type { Observation } from "./observation.ts";
import type { Registry } from "./registry.ts";
import type { remember } from "./remember.ts";
import type { SharedStanza } from "./shared-stanza.ts";

export interface SessionEnvironment {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly batch: Batch;
  readonly tally: Tally;
  readonly registry: Registry;
  readonly accounts: AccountCache;
  readonly logins: Logins;
  readonly router: StanzaRouter;
  readonly resumption: Resumption;
  readonly observation: Observation;
  readonly options: SessionOptions;
}

/** The sessions that can be resumed, and what is known of those that cannot any more (XEP-0198 section 5). */
export interface Resumption {
  find(id: string): ResumableSession | undefined;
  /** How many stanzas of its client were handled in a session of this user that has ended; undefined if there was none that counted. */
  ended(host: string, username: string, id: string): Promise<number | undefined>;
}

export interface ResumableSession {
  readonly context: SessionContext;
  readonly closed: boolean;
  readonly management: { meantBy(h: number): number | undefined; readonly queue: { readonly sent: number } | undefined };
  /** Resolves when nothing that its client sent is still on its way to be routed. */
  idle(): Promise<void>;
  /** Goes on over this link, whose reading is held; the client has what was sent up to the number `acknowledged`. */
  takeOver(step: Step, attachment: Attachment, acknowledged: number, lang: string | undefined, greeting?: Greeting): void;
  /** The full JID. Throws unless the session is connected. */
  readonly jid: Jid;
}

/** What a client is told that its session is resumed in, where that is not all that it is told (XEP-0198 section 9.2). */
export type Greeting = (resumed: Element) => Element;

export interface SessionOptions {
  /** Prepared domains; the first answers streams that name none (RFC 6120 section 4.9.1.3). */
  readonly hosts: readonly string[];
  readonly policy: SessionPolicy;
  /** Who gives way when a resource is asked for twice (RFC 6120 section 7.7.2.2). */
  readonly conflict: "replace" | "reject-new" | "rename";
  readonly resourcesPerAccountMax: number;
  readonly limits: XmlLimits;
  /** How fast a client is read. */
  readonly pace: PaceOptions;
  /** Stanzas, and bytes of them, that are kept for a client until it acknowledges them (XEP-0198 section 4). */
  readonly queueStanzasMax: number;
  readonly queueBytesMax: number;
  /** Where clients shall come to resume (XEP-0198 section 3), if not where they came before. */
  readonly location: string | undefined;
  /** Milliseconds without input after which a client is asked whether it lives. */
  readonly silenceMs: number;
  /** Milliseconds that it then has to say anything. */
  readonly silenceAnswerMs: number;
}

/** What the host asks of the router. */
export interface StanzaRouter {
  /**
   * Routes a stanza of a connected session. A promise means that something has to be loaded first:
   * the host holds the sender's input until it settles, so that order is kept (RFC 6120 section 10.1).
   * `handled` is called once, in the step in which all that follows from the stanza has happened.
   */
  route(step: Step, session: Session, stanza: Stanza, handled: (step: Step) => void): Promise<void> | undefined;
  /**
   * Gives what the client of a session that is over has not acknowledged to others, or back (XEP-0198 section 4).
   * `jid` is the session's, which is in the registry no more.
   */
  giveBack(step: Step, jid: Jid, stanzas: readonly UnacknowledgedStanza[]): void;
  /** Whether somebody at this address of a host or a service can be told of presence. */
  reaches(to: Jid): boolean;
  /** Lets extensions stamp presence that is sent to nobody in particular, which is not routed. Returns whether it goes on. */
  stamp(step: Step, session: Session, presence: Stanza): boolean;
  /** What the client of a connected session says beside stanzas. Returns whether an extension takes it. */
  takeElement(step: Step, session: Session, element: Element): boolean;
  /** Whether an extension keeps what is about to be sent to a connected session that has a link. */
  holdsBack(step: Step, session: Session, element: Element): boolean;
  /** Tells extensions that a session has no link any more, and waits to be resumed. */
  linkLost(step: Step, session: Session): void;
  /** Tells extensions that a session goes on over another link. */
  sessionResumed(step: Step, session: Session): void;
  /** Tells those who are to know of a change of presence; `change.available` is false when it ends. */
  broadcast(step: Step, session: Session, change: PresenceChange): void;
  /** Whether an extension takes this stanza before a resource is bound. */
  takesEarly(element: Element, stage: FeatureStage["stage"]): boolean;
  /** The features that extensions announce at this stage (RFC 6120 section 4.3.2). */
  streamFeatures(stage: FeatureStage): readonly Element[];
  /** What extensions announce that a login can carry (XEP-0388 section 2.1), and what binding a resource with it can (XEP-0386 section 3.1). */
  inlineFeatures(stage: FeatureStage): readonly Element[];
  bindFeatures(): readonly string[];
  /** Lets extensions look up what they need when a login binds a resource of this account. Never rejects. */
  prepareBinding(account: Account): Promise<PreparedBinding>;
  /** A stanza whose answer shows that the client lives (RFC 6120 section 4.6.4). */
  livenessProbe(session: Session): Element | undefined;
}

/**
 * What extensions do in the step in which a login has bound a resource, before anybody knows of it: with what they have looked up, and with
 * what the client wants. Returns what the client is told of it (XEP-0386 section 3.2).
 */
export type PreparedBinding = (step: Step, session: Session, wishes: readonly Element[]) => readonly Element[];

export interface FeatureStage {
  readonly stage: "unauthenticated" | "authenticated";
  readonly host: string;
  readonly secure: SecureLink | null;
  /** STARTTLS is to be offered. */
  readonly canStartTls: boolean;
  readonly mechanisms: readonly string[];
  /** Those that take tokens (XEP-0484 section 3.1); none where there are none. */
  readonly tokenMechanisms: readonly string[];
  /** A resource is bound already: by the login itself (XEP-0386). */
  readonly bound: boolean;
  /** Stanzas are counted already, too (XEP-0198 section 9.1). */
  readonly counted: boolean;
  readonly limits: XmlLimits;
  readonly silenceMs: number;
}

/** A stanza that was sent to a session. */
export interface UnacknowledgedStanza {
  /** XML text in `jabber:client`. */
  readonly text: string;
  /** When it was sent, ms since 1970. */
  readonly at: number;
  /** Set where it goes back to its sender, and to nobody else. */
  readonly returns?: ReturnPath | undefined;
}

/** What is worth knowing of a stanza that is delivered. */
export interface DeliveryNote {
  /** The rule by which it came here, for people. */
  readonly why?: string | undefined;
  /** A copy of what has another disposition, such as a carbon: if the client never gets it, nobody misses it. */
  readonly copy?: boolean;
  /** Other sessions of the account are given the same. */
  readonly shared?: SharedStanza | undefined;
  /** If the client never acknowledges it, an error goes this way, and it is given to no other resource. */
  readonly returns?: ReturnPath | undefined;
}

/** What is to be known of a stanza that is held back. */
export interface HeldNote {
  /** The same for what is outdated by the latest. */
  readonly subject: string;
  /** Whoever holds it back can tell the same after the next start: it is not recorded. */
  readonly rebuilt?: boolean;
}

export interface PresenceChange {
  readonly jid: Jid;
  readonly available: boolean;
  /** The first one of a period of availability (RFC 6121 section 4.2). */
  readonly initial: boolean;
  /** Whether the resource was available before, so that those who see it know of it. */
  readonly wasAvailable: boolean;
  readonly directed: readonly string[];
  /** The stanza that the client sent, if it was one. */
  readonly element: Element | undefined;
}

export interface Receipt {
  received(step: Step): void;
  /** The session ended before it was certain. */
  lost(step: Step): void;
}

/** A connected session as routing and extensions see it. */
export interface Session {
  readonly id: string;
  /** The full JID. Throws unless the session is connected. */
  readonly jid: Jid;
  /** Connected: it has a full JID. */
  readonly connected: boolean;
  /** Which installation of a client it is, if that is known (XEP-0388 section 2.3): the name by which the operator and the user know it, and nobody else. */
  readonly device: string | null;
  readonly available: boolean;
  readonly interested: boolean;
  /** Its stream is lost, and it waits to be resumed. */
  readonly hibernating: boolean;
  /** The other end of its link: its address, and whether a password may be told over it. undefined: it has no link. */
  readonly peer: { readonly address: string; readonly confidential: boolean } | undefined;
  /** It counts stanzas, and keeps what it is given until its client acknowledges it (XEP-0198 section 4). */
  readonly keeps: boolean;
  /** How many stanzas it was given since it counts them; 0 where it does not. */
  readonly given: number;
  /** The place of the oldest one that it keeps among all that it was given, from 1; undefined if there is none. */
  readonly unacknowledgedFrom: number | undefined;
  /** Since when it has been without a stream, ms since 1970; undefined while it has one. */
  readonly lostAt: number | undefined;
  readonly priority: number;
  readonly resource: string;
  /** The last available presence without `to`, as it was sent. */
  readonly presence: Element | undefined;
  /** Whether its user has sent directed presence to this address, or to its bare form. */
  hasDirected(to: Jid): boolean;
  /** The addresses that its user has sent directed presence to and not taken back. */
  readonly directed: readonly string[];
  /** What extensions keep of it, by their names: each sets its own, by `sessionState`. */
  readonly extensions: Readonly<Record<string, Json>>;
  /**
   * What the server says in it has changed: this is its presence from now on, kept and told to all who see it as if its client had
   * sent it. Its priority stays, and nothing happens where it is not available.
   */
  renewPresence(step: Step, presence: Element): void;
  /** Puts an element into its queue. */
  deliver(step: Step, element: Element, note?: DeliveryNote): void;
  /**
   * Keeps a stanza that an extension holds back (`Extension.holdsBack`), after all that is held of other subjects and in the place of what
   * is held of the same one. Returns false, and keeps nothing more, where there is no room: at most `heldStanzasMax` stanzas and
   * `heldCharsMax` characters. In a session that can be resumed it is recorded: if the process dies, it is delivered with the next start.
   */
  holdBack(step: Step, stanza: Element, note: HeldNote): boolean;
  /** Delivers all that is held back, in order, as copies: nobody misses them. No extension is asked again. `why`: for people. */
  deliverHeldBack(step: Step, why: string): void;
  /**
   * Follows what has been delivered so far until it is certain that the client has it, or that the session keeps it itself. A session
   * that counts stanzas (XEP-0198) keeps them until they are acknowledged: `received` is called at once, within `step`. Else it is
   * certain when the socket took the bytes, and after that the client sent something or closed its stream in order; exactly one of
   * the two is then called, in a step of its own.
   */
  onReceipt(step: Step, receipt: Receipt): void;
  /** Tells the machine something, within `step`. */
  tell(step: Step, event: Exclude<SessionEvent, { readonly type: "extension.changed" }>): void;
  /** Sets what the extension of this name keeps of it. */
  [remember](step: Step, name: string, value: Json): void;
  /** Ends the session through its machine; without a condition, politely. */
  close(condition?: StreamErrorCondition, text?: string): void;
}
