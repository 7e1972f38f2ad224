/** What a session host needs of the rest of the server, and what the rest of the server sees of a session. */
import type { SessionEvent } from "../../machines/session-events.ts";
import type { SessionPolicy } from "../../machines/session-context.ts";
import type { StreamErrorCondition } from "../domain/errors.ts";
import type { Jid } from "../domain/jid.ts";
import type { Json } from "../domain/json.ts";
import type { XmlLimits } from "../domain/limits.ts";
import type { Clock, Ids, Log, SecureLink } from "../ports.ts";
import type { Batch, Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import type { Stanza } from "../xml/stanza.ts";
import type { AccountCache } from "./account-cache.ts";
import type { Logins } from "./logins.ts";
import type { Registry } from "./registry.ts";

export interface SessionEnvironment {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly batch: Batch;
  readonly registry: Registry;
  readonly accounts: AccountCache;
  readonly logins: Logins;
  readonly router: StanzaRouter;
  readonly options: SessionOptions;
}

export interface SessionOptions {
  /** Prepared domains; the first answers streams that name none (RFC 6120 section 4.9.1.3). */
  readonly hosts: readonly string[];
  readonly policy: SessionPolicy;
  /** Who gives way when a resource is asked for twice (RFC 6120 section 7.7.2.2). */
  readonly conflict: "replace" | "reject-new" | "rename";
  readonly resourcesPerAccountMax: number;
  readonly limits: XmlLimits;
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
   */
  route(step: Step, session: Session, stanza: Stanza): Promise<void> | undefined;
  /** Tells those who are to know of a change of presence; `change.available` is false when it ends. */
  broadcast(step: Step, session: Session, change: PresenceChange): void;
  /** Whether an extension takes this stanza before a resource is bound. */
  takesEarly(element: Element, stage: FeatureStage["stage"]): boolean;
  /** The features that extensions announce at this stage (RFC 6120 section 4.3.2). */
  streamFeatures(stage: FeatureStage): readonly Element[];
  /** A stanza whose answer shows that the client lives (RFC 6120 section 4.6.4). */
  livenessProbe(session: Session): Element | undefined;
}

export interface FeatureStage {
  readonly stage: "unauthenticated" | "authenticated";
  readonly host: string;
  readonly secure: SecureLink | null;
  readonly mechanisms: readonly string[];
  readonly limits: XmlLimits;
  readonly silenceMs: number;
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
  readonly available: boolean;
  readonly interested: boolean;
  readonly priority: number;
  readonly resource: string;
  /** The last available presence without `to`, as it was sent. */
  readonly presence: Element | undefined;
  /** Whether its user has sent directed presence to this address, or to its bare form. */
  hasDirected(to: Jid): boolean;
  /** The addresses that its user has sent directed presence to and not taken back. */
  readonly directed: readonly string[];
  /** What extensions keep of it, by their names; set by telling `extension.changed`. */
  readonly extensions: Readonly<Record<string, Json>>;
  /** Puts an element into its queue. */
  deliver(step: Step, element: Element): void;
  /**
   * Follows what has been delivered so far until it is certain that the client has it: the socket took the bytes, and after that
   * the client sent something or closed its stream in order. Exactly one of the two is called, in a step of its own.
   */
  onReceipt(step: Step, receipt: Receipt): void;
  /** Tells the machine something, within `step`. */
  tell(step: Step, event: SessionEvent): void;
  /** Ends the session through its machine; without a condition, politely. */
  close(condition?: StreamErrorCondition, text?: string): void;
}
