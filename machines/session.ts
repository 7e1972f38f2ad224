/**
 * The lifecycle of one client session, from the first byte to the last: RFC 6120 and RFC 6121 as a statechart.
 *
 * Pure: what happened arrives in events, what is to be done leaves as emitted effects (session-events.ts).
 * The same events always give the same state, so a recorded session can be folded again at any time.
 */
import { initialContext, type SessionInput } from "./session-context.ts";
import { managementFailure, sasl2Challenge, sasl2Failure, saslChallenge, saslFailure, saslSuccess, tlsProceed } from "./session-elements.ts";
import { boundWords, closeSilently, closeWith, deadlinePassed, ended, failed, outputOf, reasonOf, refuseTls, tooManyLogins } from "./session-endings.ts";
import { session } from "./session-parts.ts";

/** Raised whenever a snapshot of one version could not be continued by another; upgrade.ts then says how it can. */
export const sessionMachineVersion = 3;

/** What a client asks for after this side's end tag: there is nothing more to say to it. */
const unheeded = {
  "stanza.received": {},
  "stream.opened": {},
  "tls.requested": {},
  "sasl.started": {},
  "sasl.continued": {},
  "sasl.aborted": {},
  "sasl2.started": {},
  "sasl2.continued": {},
  "sasl2.aborted": {},
  "bind.requested": {},
  "management.requested": {},
  "resume.requested": {},
} as const;

export const sessionMachine = session.createMachine({
  id: "session",
  initial: "awaitingStream",
  context: ({ input }) => initialContext(input),
  entry: { type: "armNegotiation", params: ({ event }) => startOf(event) },
  output: ({ context }) => outputOf(context),

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
    "stream.opened": closeWith("bad-format", "a stream header within an open stream"),
    // The reason in the words of logs that were written before this was answered with a failure: folding them still agrees with them.
    "tls.requested": refuseTls("policy-violation: TLS cannot be negotiated now"),
    "sasl.started": closeWith("policy-violation", "authentication cannot be negotiated now"),
    "sasl.continued": closeWith("policy-violation", "no authentication is under way"),
    "sasl.aborted": closeWith("policy-violation", "no authentication is under way"),
    // XEP-0388 section 4.8: who is known does not log in again.
    "sasl2.started": closeWith("policy-violation", "authentication cannot be negotiated now"),
    "sasl2.continued": closeWith("policy-violation", "no authentication is under way"),
    "sasl2.aborted": closeWith("policy-violation", "no authentication is under way"),
    "bind.requested": closeWith("not-authorized", "log in before binding a resource"),
    // XEP-0198 section 3: not before a resource is bound, or in its place; that can be mended (section 6).
    "management.requested": { actions: { type: "send", params: managementFailure("unexpected-request") } },
    "resume.requested": { actions: { type: "send", params: managementFailure("unexpected-request") } },
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
              { guard: "isSecure", ...refuseTls("STARTTLS over TLS") },
              { target: "securing", actions: [{ type: "send", params: tlsProceed }, "startTls"] },
            ],
            "sasl.started": { target: "authenticating", actions: "startSasl" },
            "sasl2.started": { target: "signingIn", actions: ["rememberWishes", "startSasl2"] },
            // Without an exchange there is nothing to continue; to abort it is answered all the same (RFC 6120 section 6.4.4).
            "sasl.continued": [
              { guard: "hasSaslTriesLeft", actions: ["countSaslFailure", { type: "send", params: saslFailure("malformed-request", null) }] },
              closeWith("policy-violation", boundWords.logins),
            ],
            "sasl.aborted": [
              { guard: "hasSaslTriesLeft", actions: ["countSaslFailure", "sendSaslFailure"] },
              tooManyLogins("sendSaslFailure"),
            ],
            "sasl2.continued": [
              { guard: "hasSaslTriesLeft", actions: ["countSaslFailure", { type: "send", params: sasl2Failure("malformed-request", null) }] },
              closeWith("policy-violation", boundWords.logins),
            ],
            "sasl2.aborted": [
              { guard: "hasSaslTriesLeft", actions: ["countSaslFailure", "sendSasl2Failure"] },
              tooManyLogins("sendSasl2Failure"),
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
            "close.requested": closeSilently("the server closed the stream during the TLS handshake", "dropLink"),
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
              closeWith("policy-violation", boundWords.logins),
            ],
            "sasl.aborted": [
              { guard: "hasSaslTriesLeft", target: "offering", actions: ["countSaslFailure", "sendSaslFailure"] },
              tooManyLogins("sendSaslFailure"),
            ],
            "sasl.failed": [
              // COMPAT(slixmpp, 1.8): takes -PLUS mechanisms that it cannot speak before those that it can; that is no failed login.
              { guard: "isMechanismRefused", target: "offering", actions: ["countSaslRefusal", "sendSaslFailure"] },
              { guard: "hasSaslTriesLeft", target: "offering", actions: ["countSaslFailure", "sendSaslFailure"] },
              tooManyLogins("sendSaslFailure"),
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
                  "awaitHeader",
                  "restartStream",
                  { type: "armNegotiation", params: undefined },
                ],
              },
            ],
          },
        },
        signingIn: {
          description: "A SASL exchange is under way that says what is to follow, so no other stream does (XEP-0388 section 2.4).",
          on: {
            "sasl.challenged": {
              actions: { type: "send", params: ({ event }) => sasl2Challenge(event.data) },
            },
            "sasl2.continued": { actions: "continueSasl" },
            "sasl2.aborted": [
              { guard: "hasSaslTriesLeft", target: "offering", actions: ["countSaslFailure", "sendSasl2Failure", "forgetWishes"] },
              tooManyLogins("sendSasl2Failure"),
            ],
            "sasl.failed": [
              { guard: "isMechanismRefused", target: "offering", actions: ["countSaslRefusal", "sendSasl2Failure", "forgetWishes"] },
              { guard: "hasSaslTriesLeft", target: "offering", actions: ["countSaslFailure", "sendSasl2Failure", "forgetWishes"] },
              tooManyLogins("sendSasl2Failure"),
            ],
            "sasl.succeeded": [
              {
                guard: "succeedsAsOther",
                ...closeWith("invalid-from", "the stream header claims another account than the one that logged in"),
              },
              {
                guard: "wantsResumption",
                target: "#session.authenticated.fulfilling.returning",
                actions: ["rememberUser", { type: "armNegotiation", params: undefined }, "resumeWished"],
              },
              {
                guard: "wantsBinding",
                target: "#session.authenticated.fulfilling.claiming",
                actions: ["rememberUser", { type: "armNegotiation", params: undefined }, "bindWished"],
              },
              {
                target: "#session.authenticated.binding",
                actions: ["rememberUser", { type: "armNegotiation", params: undefined }, "confirmLogin", "offerFeatures", "forgetWishes"],
              },
            ],
            // XEP-0388 section 2.4: whatever else comes meanwhile ends it.
            "stanza.received": closeWith("not-authorized", "nothing but the login goes on until it is done"),
            "management.requested": closeWith("policy-violation", "nothing but the login goes on until it is done"),
            "resume.requested": closeWith("policy-violation", "nothing but the login goes on until it is done"),
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
        fulfilling: {
          description: "What the login asked for is done before it is confirmed (XEP-0388 section 2.6.1).",
          initial: "claiming",
          states: {
            returning: {
              description: "The session that is to be resumed is looked for, before any resource is bound (XEP-0198 section 9.2).",
              on: {
                "resume.granted": closeSilently("its stream was handed over to the resumed session"),
                "resume.refused": [
                  { guard: "wantsBinding", target: "claiming", actions: ["rememberRefusal", "bindWished"] },
                  {
                    target: "#session.authenticated.binding",
                    actions: ["rememberRefusal", "confirmLogin", "offerFeatures", "forgetWishes"],
                  },
                ],
              },
            },
            claiming: {
              description: "The account is being loaded and a resource claimed, with what goes with it (XEP-0386 section 3.2).",
              on: {
                "resource.bound": {
                  target: "#session.connected",
                  actions: ["rememberResource", "enableWished", "confirmLogin", "offerFeatures", "forgetWishes", "disarmNegotiation"],
                },
                // Who the client is, is known all the same: it can go on to bind a resource by RFC 6120.
                "bind.failed": { target: "#session.authenticated.binding", actions: ["confirmLogin", "offerFeatures", "forgetWishes"] },
              },
            },
          },
        },
        binding: {
          description: "A resource is awaited, or an old session is taken up again (RFC 6120 section 7, XEP-0198 section 5).",
          initial: "idle",
          states: {
            idle: {
              description: "Both are offered, neither is asked for yet (RFC 6120 section 7.4, XEP-0198 section 2).",
              on: {
                "bind.requested": { target: "pending", actions: ["rememberBind", "bindResource"] },
                "resume.requested": { target: "resuming", actions: "resumeSession" },
              },
            },
            pending: {
              description: "The account is being loaded and the resource claimed (RFC 6120 sections 7.6 and 7.7).",
              on: {
                "resource.bound": {
                  target: "#session.connected",
                  actions: ["rememberResource", "sendBindResult", "disarmNegotiation"],
                },
                "bind.failed": [
                  { guard: "hasBindTriesLeft", target: "idle", actions: ["sendBindFailure", "countBindFailure"] },
                  {
                    target: "#session.closing",
                    actions: [
                      "sendBindFailure",
                      {
                        type: "closeStreamWith",
                        params: { condition: "policy-violation", text: boundWords.binds },
                      },
                      { type: "rememberReason", params: `policy-violation: ${boundWords.binds}` },
                    ],
                  },
                ],
              },
            },
            resuming: {
              description: "The session that is to be resumed is looked for (XEP-0198 section 5).",
              on: {
                "resume.granted": closeSilently("its stream was handed over to the resumed session"),
                // XEP-0198 section 5: a resource can still be bound.
                "resume.refused": { target: "idle", actions: "sendResumeFailure" },
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
        "management.requested": [
          {
            guard: "isManaged",
            target: "closing",
            actions: [
              { type: "send", params: managementFailure("unexpected-request") },
              { type: "closeStreamWith", params: { condition: "policy-violation", text: "stream management is enabled already" } },
              { type: "rememberReason", params: "policy-violation: stream management was enabled twice" },
            ],
          },
          { actions: "enableManagement" },
        ],
      },
      states: {
        availability: {
          description: "Whether presence and messages without a resource reach it (RFC 6121 section 4.2).",
          initial: "unavailable",
          states: {
            unavailable: {
              description: "No presence without `to` was sent yet, or the last one was unavailable (RFC 6121 sections 4.2 and 4.5).",
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
          description: "Whether changes of the roster reach it (RFC 6121 section 2.2).",
          initial: "uninterested",
          states: {
            uninterested: {
              description: "The roster was not requested (RFC 6121 section 2.2).",
              on: { "roster.requested": "interested" },
            },
            interested: {
              description: "An interested resource: it receives roster pushes (RFC 6121 section 2.2).",
              tags: ["interested"],
            },
          },
        },
        link: {
          description: "Whether a stream carries the session (XEP-0198 section 5).",
          initial: "attached",
          states: {
            attached: {
              description: "A live stream carries the session (RFC 6120 section 4.1).",
              on: {
                // XEP-0198 section 5: it is resumed while its former link still looks alive.
                "link.attached": { actions: "resendQueue" },
                "link.lost": [
                  { guard: "isResumable", target: "hibernating", actions: "armResumption" },
                  {
                    target: "#session.closed",
                    actions: { type: "rememberReason", params: ({ event }) => reasonOf(event) },
                  },
                ],
                "server.stopping": [
                  {
                    guard: "isResumable",
                    target: "hibernating",
                    actions: [
                      {
                        type: "closeStreamWith",
                        params: { condition: "system-shutdown", text: "the server is stopping; resume when it is back" },
                      },
                      "armResumption",
                    ],
                  },
                  closeWith("system-shutdown", "the server is stopping"),
                ],
                "server.recovered": [
                  { guard: "isResumable", target: "hibernating", actions: "armResumption" },
                  closeSilently("the server was restarted"),
                ],
                "queue.overflowed": { actions: ["loseResumption", "dropQueue"] },
              },
            },
            hibernating: {
              description: "No stream carries the session; it waits to be resumed (XEP-0198 section 5).",
              on: {
                "link.attached": { target: "attached", actions: ["disarmResumption", "resendQueue"] },
                "link.lost": {},
                "stream.failed": {
                  target: "#session.closed",
                  actions: { type: "rememberReason", params: ({ event }) => reasonOf(event) },
                },
                "session.replaced": closeSilently("the resource was bound by another stream"),
                "account.removed": closeSilently("the account was removed"),
                "close.requested": closeSilently("the server closed the session"),
                "queue.overflowed": closeSilently("its queue was full"),
                "host.failed": closeSilently("the server met an error in this session"),
                "timer.expired": { guard: "isArmed", ...closeSilently("it was not resumed in time") },
                "stream.ended": {},
                "server.stopping": {},
                "server.recovered": { actions: "armResumption" },
                ...unheeded,
              },
            },
          },
        },
      },
    },

    closing: {
      // What the peer still sends is read and dropped, against rule 2 of that section: without its resource it has no address to send from.
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
        ...unheeded,
      },
    },

    closed: {
      description: "Nothing is left of the session but its log (RFC 6120 section 4.4).",
      type: "final",
      entry: "disarmAll",
    },
  },
});

export type SessionMachine = typeof sessionMachine;

/** XState starts a machine with an event of its own, which carries the input. */
function startOf(event: unknown): number {
  return (event as { input: SessionInput }).input.at;
}
