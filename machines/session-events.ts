/**
 * What a session is told, and what it asks for: closed sets, plain JSON, nothing in them comes unchecked from the wire.
 * Told is `noun.past`, asked is `verb.noun`. Secrets and stanzas never ride in an event: the host keeps them beside the actor.
 */
import type { SaslErrorCondition, StanzaErrorCondition, StreamErrorCondition } from "../src/domain/errors.ts";
import type { Json } from "../src/domain/json.ts";

/** Told at `at`, in milliseconds since 1970: the only clock that a session knows. */
type Told<Type extends string, Data = unknown> = { readonly type: Type; readonly at: number } & Data;

export type SessionEvent =
  /** The peer's stream header (RFC 6120 section 4.7), prepared at the border. */
  | Told<
      "stream.opened",
      {
        /** The host asked for, if it is one that is served here. */
        readonly host: string | null;
        /** The bare JID that the header claims, if any. */
        readonly from: string | null;
        /** Major version; 0 for a header without one (section 4.7.5). */
        readonly version: number;
      }
    >
  /** The peer's end tag. */
  | Told<"stream.ended">
  /** The input is no stream, or breaks a rule of streams (section 4.9.3). */
  | Told<
      "stream.failed",
      {
        readonly condition: StreamErrorCondition;
        readonly text: string;
        /** A condition of an application's own, beside the defined one (section 4.9.4). */
        readonly detail?: ElementData;
        /** Whom a header names that is answered so. */
        readonly from?: string;
      }
    >
  | Told<"tls.requested">
  /** `protocol`: the version of TLS, for people. */
  | Told<"tls.established", { readonly protocol: string }>
  | Told<"tls.failed", { readonly why: string }>
  | Told<"sasl.started", { readonly mechanism: string }>
  /** `data` is base64, as it goes over the wire. */
  | Told<"sasl.challenged", { readonly data: string }>
  | Told<"sasl.continued">
  | Told<"sasl.aborted">
  /** `device`: which installation of a client it is, by a name that is of use here alone. */
  | Told<"sasl.succeeded", { readonly username: string; readonly data: string | null; readonly device?: string }>
  | Told<"sasl.failed", { readonly condition: SaslErrorCondition; readonly text: string | null }>
  /** A login that says at once what the client wants when it is known (XEP-0388 section 2.3). Answered by sasl.*, as the other one is. */
  | Told<"sasl2.started", { readonly mechanism: string; readonly resume: ResumeWish | null; readonly bind: BindWish | null }>
  | Told<"sasl2.continued">
  | Told<"sasl2.aborted">
  /** `id` is that of the iq, to be answered. `resource` is null where the server is to choose. */
  | Told<"bind.requested", { readonly id: string; readonly resource: string | null }>
  | Told<"bind.failed", { readonly condition: StanzaErrorCondition; readonly text: string }>
  /** The account is loaded and the resource is this session's alone. */
  | Told<"resource.bound", { readonly resource: string; readonly roster: RosterVersion }>
  /** `id` is that of the session to be resumed, `h` how many of its stanzas the client has, both as it says (XEP-0198 section 5). */
  | Told<"resume.requested", { readonly id: string; readonly h: number }>
  | Told<"resume.granted">
  /** `h`: how many of the client's stanzas were handled in a session that is gone; null where that is not known. */
  | Told<"resume.refused", { readonly condition: StanzaErrorCondition; readonly h: number | null }>
  | Told<"roster.requested">
  /** Available presence without `to`; the stanza itself stays with the host. */
  | Told<"presence.changed", { readonly priority: number; readonly digest: string }>
  | Told<"presence.withdrawn">
  | Told<"presence.directed", { readonly to: string }>
  /** `to`: one address, or many at once. */
  | Told<"presence.undirected", { readonly to: string | readonly string[] }>
  /**
   * The client wants its stanzas counted, and to be able to resume if `resumable` (XEP-0198 section 3).
   * `max`: for how long at most, in seconds, more than 0; null where it does not say.
   */
  | Told<"management.requested", { readonly resumable: boolean; readonly max: number | null }>
  /** More is unacknowledged than is kept for a client. */
  | Told<"queue.overflowed">
  | Told<"extension.changed", { readonly name: string; readonly value: Json }>
  /** Outside `connected` only. `allowed`: an enabled extension has declared its namespace for this phase. */
  | Told<"stanza.received", { readonly kind: "message" | "presence" | "iq"; readonly allowed: boolean }>
  | Told<"link.lost", { readonly why: string }>
  | Told<"link.attached">
  | Told<"timer.expired", { readonly name: TimerName; readonly deadline: number }>
  | Told<"session.replaced">
  | Told<"account.removed">
  /** This side wants to end it politely: no error. */
  | Told<"close.requested">
  | Told<"host.failed", { readonly why: string }>
  | Told<"server.stopping">
  /** The server was started again. `until`: what can be resumed can be so until then at least, ms since 1970. */
  | Told<"server.recovered", { readonly until: number }>;

/** How many items the roster had when it was loaded, and its version (RFC 6121 section 2.6). */
export interface RosterVersion {
  readonly version: string;
  readonly items: number;
}

/** The session that is to be resumed before anything else (XEP-0198 section 9.2), as the client says. */
export interface ResumeWish {
  readonly id: string;
  readonly h: number;
}

/** A resource that is to be bound, with what is to be so from its first moment on (XEP-0386 section 3.2). */
export interface BindWish {
  /** What the resource begins with. */
  readonly tag: string | null;
  /** The client wants its stanzas counted, as `management.requested` says it. */
  readonly management: { readonly resumable: boolean; readonly max: number | null } | null;
}

/** Why nothing was resumed, as `resume.refused` says it. */
export interface ResumeRefusal {
  readonly condition: StanzaErrorCondition;
  readonly h: number | null;
}

export type TimerName = "negotiation" | "closing" | "resumption";

/** An element to send, in the shape that a pure machine can build. */
export interface ElementData {
  readonly name: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly children: readonly (ElementData | string)[];
}

export type SessionEffect =
  /** Sends this side's stream header (RFC 6120 section 4.7). `versioned`: with a version. */
  | { readonly type: "open.stream"; readonly from: string | null; readonly to: string | null; readonly versioned: boolean }
  /** Sends the features of the stream at this stage (RFC 6120 section 4.3.2). */
  | { readonly type: "offer.features" }
  /** Sends an element of negotiation. */
  | { readonly type: "send.element"; readonly element: ElementData }
  /** Routes the stanza that was told of last, before a resource is bound. */
  | { readonly type: "handle.stanza" }
  /** Begins the TLS handshake once what was sent has left. Answered by tls.*. */
  | { readonly type: "start.tls" }
  /** Begins a SASL exchange with the payload that lies beside. Answered by sasl.*. */
  | { readonly type: "start.sasl"; readonly mechanism: string }
  /** The same for a login whose success ends negotiation or nearly so: whatever else it carries lies beside, too. Answered by sasl.*. */
  | { readonly type: "start.sasl2"; readonly mechanism: string }
  /** Goes on with it. Answered by sasl.*. */
  | { readonly type: "continue.sasl" }
  /** Expects a new stream header, under the limits of those who are known. */
  | { readonly type: "restart.stream" }
  /** Loads the account and claims a resource; null lets the server choose. Answered by resource.bound or bind.failed. */
  | { readonly type: "bind.resource"; readonly resource: string | null }
  /** The same for a resource that the server makes of the tag and of the device. Answered by resource.bound or bind.failed. */
  | { readonly type: "bind.tagged"; readonly tag: string | null }
  /**
   * Tells the client of its success, with all that came of what it wanted (XEP-0388 section 2.6.1). `jid`: the full one once a resource is
   * bound, else the bare one. `refused`: what it wanted to resume is not.
   */
  | { readonly type: "confirm.login"; readonly jid: string; readonly refused: ResumeRefusal | null }
  /** Looks for the session to be resumed. Answered by resume.*. */
  | { readonly type: "resume.session"; readonly id: string; readonly h: number }
  /** Says so, and counts from here on (XEP-0198 section 3). `resumptionMs`: for how long a lost stream can be resumed; 0: not at all. */
  | { readonly type: "enable.management"; readonly resumptionMs: number }
  /** Says that the session is resumed, and sends again what was not acknowledged (XEP-0198 section 5). */
  | { readonly type: "resend.queue" }
  /** What is sent from now on is not kept any more. */
  | { readonly type: "drop.queue" }
  /** Tells those who are to know of a change of presence. */
  | {
      readonly type: "broadcast.presence";
      readonly jid: string;
      readonly available: boolean;
      /** The first one of a period of availability (RFC 6121 section 4.2). */
      readonly initial: boolean;
      /** The resource was available until now, so those who see it know of it. */
      readonly wasAvailable: boolean;
      /** Who was sent directed presence and is told of the end too (RFC 6121 section 4.6.3). */
      readonly directed: readonly string[];
    }
  /** Tells `timer.expired` at the deadline, ms since 1970. Replaces the one of that name. */
  | { readonly type: "arm.timer"; readonly name: TimerName; readonly deadline: number }
  /** Takes it back. */
  | { readonly type: "disarm.timer"; readonly name: TimerName }
  /** Sends a stream error, if there is a condition, and this side's end tag (RFC 6120 section 4.4). */
  | {
      readonly type: "close.stream";
      readonly condition: StreamErrorCondition | null;
      readonly text: string | null;
      /** What stands beside the condition. */
      readonly detail?: ElementData;
    }
  /** Closes the transport when what was sent has left. */
  | { readonly type: "drop.link" }
  /** Takes the full JID out of the registry, and gives what is left in the queue to others or back. */
  | { readonly type: "destroy.session"; readonly jid: string };
