/**
 * The lifecycle of one client session, from the first byte to the last: RFC 6120 and RFC 6121 as a statechart.
 *
 * Pure: what happened arrives in events, what is to be done leaves as emitted effects (session-events.ts).
 * The same events always give the same state, so a recorded session can be folded again at any time.
 */
import { assign, emit, enqueueActions, setup } from "xstate";
import type { StreamErrorCondition } from "../src/domain/errors.ts";
import { bindError, bindResult, saslChallenge, saslFailure, saslSuccess, tlsFailure, tlsProceed } from "./session-elements.ts";
import type { ElementData, JsonValue, RosterVersion, SessionEffect, SessionEvent, TimerName } from "./session-events.ts";

/** Raised whenever a snapshot of one version could not be continued by another. */
export const sessionMachineVersion = 1;

export interface SessionPolicy {
  /** Milliseconds from the first byte to authentication, and again from there to binding. */
  readonly negotiationMs: number;
  /** Milliseconds that a closed stream waits for the peer's end tag (RFC 6120 section 4.4). */
  readonly closingMs: number;
  /** Milliseconds that a lost stream can be resumed. */
  readonly resumptionMs: number;
  /** Failed logins before the stream is closed: 2 to 5 retries (RFC 6120 section 6.4.5). */
  readonly saslTriesMax: number;
  /** Failed binds before the stream is closed: 5 to 10 retries (RFC 6120 section 7.7.3). */
  readonly bindTriesMax: number;
}

export interface SessionInput {
  readonly at: number;
  /** TLS from the first byte (XEP-0368). */
  readonly secure: boolean;
  readonly policy: SessionPolicy;
}

export interface SessionContext {
  readonly policy: SessionPolicy;
  readonly secure: boolean;
  /** This side's stream header is out, so a stream error needs none before it (RFC 6120 section 4.9.1.2). */
  readonly headerSent: boolean;
  /** What the header claims; believed only over TLS, and then only to be compared (RFC 6120 section 6.4.6). */
  readonly from: string | null;
  readonly host: string | null;
  readonly username: string | null;
  readonly resource: string | null;
  readonly roster: RosterVersion | null;
  /** -128..127, 0 until set. */
  readonly priority: number;
  /** Digest of the last available presence without `to`. */
  readonly presence: string | null;
  readonly directed: readonly string[];
  readonly saslFailures: number;
  readonly bindFailures: number;
  /** The iq of the bind under way. */
  readonly bindId: string | null;
  readonly management: "off" | "on" | "resumable";
  readonly extensions: Readonly<Record<string, JsonValue>>;
  /** Armed deadlines, ms since 1970. */
  readonly timers: Readonly<Partial<Record<TimerName, number>>>;
  /** Why it ended, once it is closing. */
  readonly reason: string | null;
}

export type SessionTag = "notopen" | "c2s_unauthed" | "c2s" | "connected" | "available" | "interested";

/** Directed presence is remembered for at most this many targets; the oldest are forgotten first. */
const directedMax = 1_000;

interface Fault {
  readonly condition: StreamErrorCondition;
  readonly text: string;
}

const definition = setup({
  types: {
    context: {} as SessionContext,
    events: {} as SessionEvent,
    emitted: {} as SessionEffect,
    input: {} as SessionInput,
    tags: {} as SessionTag,
    output: {} as { readonly reason: string },
  },

  guards: {
    isUnknownHost: ({ event }) => event.type === "stream.opened" && event.host === null,
    isUnsupportedVersion: ({ event }) => event.type === "stream.opened" && event.version !== 1,
    isOtherHost: ({ context, event }) => event.type === "stream.opened" && event.host !== context.host,
    claimsOtherAccount: ({ context, event }) =>
      event.type === "stream.opened" && event.from !== null && event.from !== `${context.username}@${context.host}`,
    succeedsAsOther: ({ context, event }) =>
      event.type === "sasl.succeeded" && context.secure && context.from !== null &&
      context.from !== `${event.username}@${context.host}`,
    isSecure: ({ context }) => context.secure,
    hasSaslTriesLeft: ({ context }) => context.saslFailures + 1 < context.policy.saslTriesMax,
    isMechanismRefused: ({ event }) => event.type === "sasl.failed" && event.condition === "invalid-mechanism",
    hasBindTriesLeft: ({ context }) => context.bindFailures + 1 < context.policy.bindTriesMax,
    hasInlineBind: ({ context }) => context.bindId !== null,
    isAllowedStanza: ({ event }) => event.type === "stanza.received" && event.allowed,
    isArmed: ({ context, event }) =>
      event.type === "timer.expired" && context.timers[event.name] === event.deadline,
    isResumable: ({ context }) => context.management === "resumable",
  },

  actions: {
    armNegotiation: enqueueActions(({ context, event, enqueue }, at: number | undefined) => {
      const deadline = (at ?? event.at) + context.policy.negotiationMs;
      enqueue.assign({ timers: { ...context.timers, negotiation: deadline } });
      enqueue.emit({ type: "arm.timer", name: "negotiation", deadline });
    }),
    disarmNegotiation: enqueueActions(({ context, enqueue }) => {
      const { negotiation, ...timers } = context.timers;
      enqueue.assign({ timers });
      if (negotiation !== undefined) enqueue.emit({ type: "disarm.timer", name: "negotiation" });
    }),
    armResumption: enqueueActions(({ context, event, enqueue }) => {
      const deadline = event.at + context.policy.resumptionMs;
      enqueue.assign({ timers: { ...context.timers, resumption: deadline } });
      enqueue.emit({ type: "arm.timer", name: "resumption", deadline });
    }),
    disarmResumption: enqueueActions(({ context, enqueue }) => {
      const { resumption, ...timers } = context.timers;
      enqueue.assign({ timers });
      if (resumption !== undefined) enqueue.emit({ type: "disarm.timer", name: "resumption" });
    }),
    armClosing: enqueueActions(({ context, event, enqueue }) => {
      const deadline = event.at + context.policy.closingMs;
      enqueue.assign({ timers: { closing: deadline } });
      enqueue.emit({ type: "arm.timer", name: "closing", deadline });
      for (const name of Object.keys(context.timers) as TimerName[]) enqueue.emit({ type: "disarm.timer", name });
    }),
    disarmAll: enqueueActions(({ context, enqueue }) => {
      enqueue.assign({ timers: {} });
      for (const name of Object.keys(context.timers) as TimerName[]) enqueue.emit({ type: "disarm.timer", name });
    }),

    rememberHeader: assign(({ context, event }) =>
      event.type === "stream.opened" ? { host: event.host ?? context.host, from: event.from, headerSent: true } : {},
    ),
    openStream: emit(({ context, event }) => ({
      type: "open.stream" as const,
      from: event.type === "stream.opened" ? event.host : context.host,
      to: event.type === "stream.opened" ? event.from : context.from,
      versioned: !(event.type === "stream.opened" && event.version === 0),
    })),
    openStreamIfNeeded: enqueueActions(({ context, enqueue }) => {
      if (context.headerSent) return;
      enqueue.emit({ type: "open.stream", from: context.host, to: null, versioned: true });
      enqueue.assign({ headerSent: true });
    }),
    offerFeatures: emit({ type: "offer.features" }),
    send: emit((_, element: ElementData) => ({ type: "send.element" as const, element })),

    startTls: emit({ type: "start.tls" }),
    /** RFC 6120 section 5.4.3.3: what was learnt before TLS is discarded. */
    forgetPlaintext: assign({ secure: true, headerSent: false, host: null, from: null }),

    startSasl: emit(({ event }) => ({
      type: "start.sasl" as const,
      mechanism: event.type === "sasl.started" ? event.mechanism : "",
    })),
    continueSasl: emit({ type: "continue.sasl" }),
    countSaslFailure: assign({ saslFailures: ({ context }) => context.saslFailures + 1 }),
    sendSaslFailure: emit(({ event }) => ({
      type: "send.element" as const,
      element: event.type === "sasl.failed" ? saslFailure(event.condition, event.text) : saslFailure("aborted", null),
    })),
    rememberUser: assign(({ event }) =>
      event.type === "sasl.succeeded" ? { username: event.username, headerSent: false } : {},
    ),
    restartStream: emit({ type: "restart.stream" }),

    rememberBind: assign(({ event }) => (event.type === "bind.requested" ? { bindId: event.id } : {})),
    bindResource: emit(({ event }) => ({
      type: "bind.resource" as const,
      resource: event.type === "bind.requested" ? event.resource : null,
    })),
    countBindFailure: assign({ bindFailures: ({ context }) => context.bindFailures + 1 }),
    sendBindFailure: emit(({ context, event }) => ({
      type: "send.element" as const,
      element:
        event.type === "bind.failed"
          ? bindError(context.bindId ?? "", event.condition, event.text)
          : bindError(context.bindId ?? "", "internal-server-error", ""),
    })),
    refuseSecondBind: emit(({ event }) => ({
      type: "send.element" as const,
      element: bindError(event.type === "bind.requested" ? event.id : "", "not-allowed", "this stream has a resource already"),
    })),
    rememberResource: assign(({ event }) =>
      event.type === "resource.bound" ? { resource: event.resource, roster: event.roster } : {},
    ),
    sendBindResult: emit(({ context }) => ({
      type: "send.element" as const,
      element: bindResult(context.bindId ?? "", fullJid(context)),
    })),
    resumeSession: emit(({ event }) => ({
      type: "resume.session" as const,
      id: event.type === "resume.requested" ? event.id : "",
    })),

    handleStanza: emit({ type: "handle.stanza" }),

    rememberPresence: assign(({ event }) =>
      event.type === "presence.changed" ? { priority: event.priority, presence: event.digest } : {},
    ),
    broadcastInitial: emit(({ context }) => broadcast(context, true, true)),
    broadcastLater: emit(({ context }) => broadcast(context, true, false)),
    /** Each one who was told of this period of availability is told of its end (RFC 6121 sections 4.5.2 and 4.6.3). */
    broadcastUnavailable: enqueueActions(({ context, enqueue }) => {
      if (context.presence !== null || context.directed.length > 0) enqueue.emit(broadcast(context, false, false));
    }),
    forgetPresence: assign({ presence: null, priority: 0, directed: [] }),
    rememberDirected: assign(({ context, event }) =>
      event.type === "presence.directed"
        ? { directed: [...context.directed.filter((to) => to !== event.to), event.to].slice(-directedMax) }
        : {},
    ),
    forgetDirected: assign(({ context, event }) =>
      event.type === "presence.undirected" ? { directed: context.directed.filter((to) => to !== event.to) } : {},
    ),
    rememberManagement: assign(({ event }) =>
      event.type === "management.enabled" ? { management: event.resumable ? ("resumable" as const) : ("on" as const) } : {},
    ),
    loseResumption: assign({ management: "on" }),
    rememberExtension: assign(({ context, event }) =>
      event.type === "extension.changed" ? { extensions: { ...context.extensions, [event.name]: event.value } } : {},
    ),
    resendQueue: emit({ type: "resend.queue" }),
    destroySession: emit(({ context }) => ({
      type: "destroy.session" as const,
      jid: context.resource === null ? null : fullJid(context),
    })),
    forgetResource: assign({ resource: null, roster: null }),

    /** The first reason stands: what follows is only its consequence. */
    rememberReason: assign(({ context }, reason: string) => ({ reason: context.reason ?? reason })),
    closeStream: emit({ type: "close.stream", condition: null, text: null }),
    closeStreamWith: emit((_, { condition, text }: Fault) => ({ type: "close.stream" as const, condition, text })),
    dropLink: emit({ type: "drop.link" }),
  },
});

/** Goes to `closing` with a stream error that is known beforehand. */
function closeWith(condition: StreamErrorCondition, text: string) {
  return {
    target: "#session.closing",
    actions: [
      "openStreamIfNeeded",
      { type: "closeStreamWith", params: { condition, text } },
      { type: "rememberReason", params: `${condition}: ${text}` },
    ],
  } as const;
}

/** Goes to `closed` at once: the link is gone, or is of no more use. */
function closeSilently(reason: string, ...first: ("dropLink")[]) {
  return { target: "#session.closed", actions: [...first, { type: "rememberReason", params: reason }] } as const;
}

const failed = {
  target: "#session.closing",
  actions: [
    "openStreamIfNeeded",
    {
      type: "closeStreamWith",
      params: ({ event }: { event: SessionEvent }) => faultOf(event),
    },
    { type: "rememberReason", params: ({ event }: { event: SessionEvent }) => reasonOf(event) },
  ],
} as const;

/** The peer said goodbye: so does this side, and the link can go (RFC 6120 section 4.4). */
const ended = {
  target: "#session.closed",
  actions: ["openStreamIfNeeded", "closeStream", "dropLink", { type: "rememberReason", params: "the client closed its stream" }],
} as const;

const deadlinePassed = {
  guard: "isArmed",
  ...closeWith("connection-timeout", "the stream was not negotiated in time"),
} as const;

export const sessionMachine = definition.createMachine({
  id: "session",
  initial: "awaitingStream",
  context: ({ input }) => ({
    policy: input.policy,
    secure: input.secure,
    headerSent: false,
    from: null,
    host: null,
    username: null,
    resource: null,
    roster: null,
    priority: 0,
    presence: null,
    directed: [],
    saslFailures: 0,
    bindFailures: 0,
    bindId: null,
    management: "off",
    extensions: {},
    timers: {},
    reason: null,
  }),
  entry: { type: "armNegotiation", params: ({ event }) => startOf(event) },
  output: ({ context }) => ({ reason: context.reason ?? "unknown" }),

  on: {
    "stream.failed": failed,
    "stream.ended": ended,
    "link.lost": {
      target: "#session.closed",
      actions: { type: "rememberReason", params: ({ event }) => reasonOf(event) },
    },
    "timer.expired": deadlinePassed,
    "session.replaced": closeWith("conflict", "the resource was bound by another stream"),
    "account.removed": closeWith("not-authorized", "the account was removed"),
    "close.requested": {
      target: "#session.closing",
      actions: ["openStreamIfNeeded", "closeStream", { type: "rememberReason", params: "the server closed the stream" }],
    },
    "host.failed": closeWith("internal-server-error", "the server met an error in this session"),
    "server.stopping": closeWith("system-shutdown", "the server is stopping"),
    "server.recovered": closeSilently("the server was restarted"),
    "stanza.received": [
      { guard: "isAllowedStanza", actions: "handleStanza" },
      closeWith("not-authorized", "stanzas are not processed before authentication and binding"),
    ],
    // What belongs to another phase of negotiation: once that is over it does not begin again.
    "tls.requested": closeWith("policy-violation", "TLS cannot be negotiated now"),
    "sasl.started": closeWith("policy-violation", "authentication cannot be negotiated now"),
    "sasl.continued": closeWith("policy-violation", "no authentication is under way"),
    "sasl.aborted": closeWith("policy-violation", "no authentication is under way"),
    "bind.requested": closeWith("not-authorized", "log in before binding a resource"),
    "extension.changed": { actions: "rememberExtension" },
  },

  states: {
    awaitingStream: {
      description: "The client's stream header is awaited (RFC 6120 section 4.2).",
      tags: ["notopen", "c2s_unauthed"],
      on: {
        "stream.opened": [
          {
            guard: "isUnknownHost",
            target: "closing",
            actions: [
              "openStream",
              { type: "closeStreamWith", params: { condition: "host-unknown", text: "this server does not serve that host" } },
              { type: "rememberReason", params: "host-unknown" },
            ],
          },
          {
            guard: "isUnsupportedVersion",
            target: "closing",
            actions: [
              "rememberHeader",
              "openStream",
              { type: "closeStreamWith", params: { condition: "unsupported-version", text: "only XMPP 1.x is spoken here" } },
              { type: "rememberReason", params: "unsupported-version" },
            ],
          },
          { target: "negotiating", actions: ["rememberHeader", "openStream", "offerFeatures"] },
        ],
      },
    },

    negotiating: {
      description: "Features are offered; TLS and authentication are negotiated (RFC 6120 sections 5 and 6).",
      tags: ["c2s_unauthed"],
      initial: "offering",
      states: {
        offering: {
          description: "The client chooses a feature (RFC 6120 section 4.3.2).",
          on: {
            "tls.requested": [
              {
                guard: "isSecure",
                target: "#session.closing",
                actions: [
                  { type: "send", params: tlsFailure },
                  "closeStream",
                  { type: "rememberReason", params: "STARTTLS over TLS" },
                ],
              },
              { target: "securing", actions: [{ type: "send", params: tlsProceed }, "startTls"] },
            ],
            "sasl.started": { target: "authenticating", actions: "startSasl" },
            // Without an exchange there is nothing to continue; to abort it is answered all the same (RFC 6120 section 6.4.4).
            "sasl.continued": [
              { guard: "hasSaslTriesLeft", actions: ["countSaslFailure", { type: "send", params: saslFailure("malformed-request", null) }] },
              closeWith("policy-violation", "too many attempts to log in"),
            ],
            "sasl.aborted": [
              { guard: "hasSaslTriesLeft", actions: ["countSaslFailure", "sendSaslFailure"] },
              tooManyLogins(),
            ],
          },
        },
        securing: {
          description: "The TLS handshake is under way (RFC 6120 section 5.4.3).",
          on: {
            "tls.established": { target: "#session.awaitingStream", actions: "forgetPlaintext" },
            "tls.failed": {
              target: "#session.closed",
              actions: ["dropLink", { type: "rememberReason", params: ({ event }) => `TLS: ${event.why}` }],
            },
            "stream.failed": closeSilently("the server could not go on during the TLS handshake", "dropLink"),
            "timer.expired": { guard: "isArmed", ...closeSilently("the TLS handshake took too long", "dropLink") },
            "host.failed": closeSilently("the server met an error during the TLS handshake", "dropLink"),
            "server.stopping": closeSilently("the server is stopping", "dropLink"),
          },
        },
        authenticating: {
          description: "A SASL exchange is under way (RFC 6120 section 6.4.3).",
          on: {
            "sasl.challenged": {
              actions: { type: "send", params: ({ event }) => saslChallenge(event.data) },
            },
            "sasl.continued": { actions: "continueSasl" },
            "sasl.started": [
              { guard: "hasSaslTriesLeft", actions: ["countSaslFailure", "startSasl"] },
              closeWith("policy-violation", "too many attempts to log in"),
            ],
            "sasl.aborted": [
              { guard: "hasSaslTriesLeft", target: "offering", actions: ["countSaslFailure", "sendSaslFailure"] },
              tooManyLogins(),
            ],
            "sasl.failed": [
              // COMPAT(slixmpp, 1.8): takes -PLUS mechanisms that it cannot speak before those that it can; that is no failed login.
              { guard: "isMechanismRefused", target: "offering", actions: "sendSaslFailure" },
              { guard: "hasSaslTriesLeft", target: "offering", actions: ["countSaslFailure", "sendSaslFailure"] },
              tooManyLogins(),
            ],
            "sasl.succeeded": [
              {
                guard: "succeedsAsOther",
                ...closeWith("invalid-from", "the stream header claims another account than the one that logged in"),
              },
              {
                target: "#session.authenticated",
                actions: [
                  { type: "send", params: ({ event }) => saslSuccess(event.data) },
                  "rememberUser",
                  "restartStream",
                  { type: "armNegotiation", params: undefined },
                ],
              },
            ],
          },
        },
      },
    },

    authenticated: {
      description: "The client is who it says; it has no resource yet (RFC 6120 section 7).",
      tags: ["c2s"],
      initial: "awaitingRestart",
      states: {
        awaitingRestart: {
          description: "The new stream header that follows authentication is awaited (RFC 6120 section 6.4.6).",
          tags: ["notopen"],
          on: {
            "stream.opened": [
              {
                guard: "isOtherHost",
                ...closeWith("not-authorized", "the stream must be opened again to the host of the account"),
              },
              {
                guard: "claimsOtherAccount",
                ...closeWith("invalid-from", "the stream header claims another account than the one that logged in"),
              },
              {
                guard: "isUnsupportedVersion",
                ...closeWith("unsupported-version", "only XMPP 1.x is spoken here"),
              },
              { target: "binding", actions: ["rememberHeader", "openStream", "offerFeatures"] },
            ],
          },
        },
        binding: {
          description: "A resource is awaited, or an old session is taken up again (RFC 6120 section 7, XEP-0198 section 5).",
          initial: "idle",
          states: {
            idle: {
              description: "Neither is asked for yet.",
              on: {
                "bind.requested": { target: "pending", actions: ["rememberBind", "bindResource"] },
                "resume.requested": { target: "resuming", actions: "resumeSession" },
              },
            },
            pending: {
              description: "The account is being loaded and the resource claimed.",
              on: {
                "resource.bound": {
                  target: "#session.connected",
                  actions: ["rememberResource", "sendBindResult", "disarmNegotiation"],
                },
                "bind.failed": [
                  { guard: "hasBindTriesLeft", target: "idle", actions: ["countBindFailure", "sendBindFailure"] },
                  {
                    target: "#session.closing",
                    actions: [
                      "sendBindFailure",
                      {
                        type: "closeStreamWith",
                        params: { condition: "policy-violation", text: "too many attempts to bind a resource" },
                      },
                      { type: "rememberReason", params: "policy-violation: too many attempts to bind a resource" },
                    ],
                  },
                ],
              },
            },
            resuming: {
              description: "The session that is to be resumed is looked for (XEP-0198 section 5).",
              on: {
                "resume.granted": closeSilently("its stream was handed over to the resumed session"),
                "resume.refused": [{ guard: "hasInlineBind", target: "pending" }, { target: "idle" }],
              },
            },
          },
        },
      },
    },

    connected: {
      description: "A connected resource: it has a full JID and can send and receive stanzas (RFC 6120 section 7.1).",
      tags: ["c2s", "connected"],
      type: "parallel",
      exit: ["broadcastUnavailable", "destroySession", "forgetPresence", "forgetResource"],
      on: {
        "bind.requested": { actions: "refuseSecondBind" },
        "presence.directed": { actions: "rememberDirected" },
        "presence.undirected": { actions: "forgetDirected" },
        "management.enabled": { actions: "rememberManagement" },
      },
      states: {
        availability: {
          initial: "unavailable",
          states: {
            unavailable: {
              description: "No presence without `to` was sent yet, or the last one was unavailable.",
              on: {
                "presence.changed": { target: "available", actions: ["rememberPresence", "broadcastInitial"] },
                "presence.withdrawn": { actions: ["broadcastUnavailable", "forgetPresence"] },
              },
            },
            available: {
              description: "An available resource: it receives what is sent to the bare JID (RFC 6121 section 4.2).",
              tags: ["available"],
              on: {
                "presence.changed": { actions: ["rememberPresence", "broadcastLater"] },
                "presence.withdrawn": { target: "unavailable", actions: ["broadcastUnavailable", "forgetPresence"] },
              },
            },
          },
        },
        interest: {
          initial: "uninterested",
          states: {
            uninterested: {
              description: "The roster was not requested.",
              on: { "roster.requested": "interested" },
            },
            interested: {
              description: "An interested resource: it receives roster pushes (RFC 6121 section 2.2).",
              tags: ["interested"],
            },
          },
        },
        link: {
          initial: "attached",
          states: {
            attached: {
              description: "A live stream carries the session.",
              on: {
                "link.attached": { actions: ["dropLink", "resendQueue"] },
                "link.lost": [
                  { guard: "isResumable", target: "hibernating", actions: "armResumption" },
                  {
                    target: "#session.closed",
                    actions: { type: "rememberReason", params: ({ event }) => reasonOf(event) },
                  },
                ],
                "queue.overflowed": { actions: "loseResumption" },
              },
            },
            hibernating: {
              description: "The stream is lost; the session waits to be resumed (XEP-0198 section 5).",
              on: {
                "link.attached": { target: "attached", actions: ["disarmResumption", "resendQueue"] },
                "link.lost": {},
                "session.replaced": closeSilently("the resource was bound by another stream"),
                "account.removed": closeSilently("the account was removed"),
                "close.requested": closeSilently("the server closed the session"),
                "queue.overflowed": closeSilently("its queue was full"),
                "host.failed": closeSilently("the server met an error in this session"),
                "timer.expired": { guard: "isArmed", ...closeSilently("it was not resumed in time") },
                "stream.ended": {},
                "server.stopping": {},
              },
            },
          },
        },
      },
    },

    closing: {
      description: "This side's stream is closed; the peer's end is awaited (RFC 6120 section 4.4).",
      entry: "armClosing",
      on: {
        "stream.ended": closeSilently("closed", "dropLink"),
        "stream.failed": closeSilently("closed", "dropLink"),
        "link.lost": closeSilently("closed"),
        "timer.expired": { guard: "isArmed", ...closeSilently("closed", "dropLink") },
        "session.replaced": {},
        "account.removed": {},
        "close.requested": {},
        "host.failed": closeSilently("closed", "dropLink"),
        "server.stopping": {},
        "stanza.received": {},
        "tls.requested": {},
        "sasl.started": {},
        "sasl.continued": {},
        "sasl.aborted": {},
        "bind.requested": {},
      },
    },

    closed: {
      description: "Nothing is left of the session but its log.",
      type: "final",
      entry: "disarmAll",
    },
  },
});

export type SessionMachine = typeof sessionMachine;

/** RFC 6120 section 6.4.5: the last failure is still answered, then the stream ends. */
function tooManyLogins() {
  return {
    target: "#session.closing",
    actions: [
      "sendSaslFailure",
      { type: "closeStreamWith", params: { condition: "policy-violation", text: "too many attempts to log in" } },
      { type: "rememberReason", params: "policy-violation: too many attempts to log in" },
    ],
  } as const;
}

/** `username@host/resource`; only where all three are known. */
export function fullJid(context: Pick<SessionContext, "username" | "host" | "resource">): string {
  return `${context.username}@${context.host}/${context.resource}`;
}

function broadcast(context: SessionContext, available: boolean, initial: boolean): SessionEffect {
  return { type: "broadcast.presence", jid: fullJid(context), available, initial, directed: context.directed };
}

function faultOf(event: SessionEvent): Fault {
  return event.type === "stream.failed"
    ? { condition: event.condition, text: event.text }
    : { condition: "internal-server-error", text: "" };
}

function reasonOf(event: SessionEvent): string {
  if (event.type === "stream.failed") return `${event.condition}: ${event.text}`;
  return "why" in event ? event.why : event.type;
}

/** XState starts a machine with an event of its own, which carries the input. */
function startOf(event: unknown): number {
  return (event as { input: SessionInput }).input.at;
}
