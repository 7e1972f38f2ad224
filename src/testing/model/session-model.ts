/** The client session, with everything that it can be told. */
import type { SessionSnapshot } from "../../../machines/fold.ts";
import type { SessionContext, SessionInput, SessionPolicy } from "../../../machines/session-context.ts";
import type { SessionEffect, SessionEvent } from "../../../machines/session-events.ts";
import { sessionMachine } from "../../../machines/session.ts";
import { stateName } from "../../../machines/state-name.ts";
import type { MachineModel } from "./machine-model.ts";
import { sessionInvariants } from "./session-invariants.ts";
import { sessionStartAt } from "./session-rules.ts";
import { illegalSessionEvents, likelySessionEvents, sessionEvents } from "./session-told.ts";

/** Few tries, so that they are used up soon. */
const policy: SessionPolicy = { negotiationMs: 30_000, closingMs: 5_000, resumptionMs: 60_000, saslTriesMax: 2, bindTriesMax: 2 };
const input: SessionInput = { at: sessionStartAt, secure: false, policy };

/**
 * The model of `sessionMachine`. To check a changed machine: `{ ...sessionModel, machine: changed }`; to hold more rules, give them to
 * `checkMachine`.
 */
export const sessionModel: MachineModel<SessionSnapshot, SessionEvent, SessionEffect> = {
  name: "client-session",
  machine: sessionMachine,
  starts: [
    { name: "over plain TCP", input },
    { name: "over TLS from the first byte", input: { ...input, secure: true } },
    { name: "over TLS, with one try to log in and no resumption", input: { ...input, secure: true, policy: { ...policy, saslTriesMax: 1, resumptionMs: 0 } } },
  ],
  startAt: sessionStartAt,
  events: sessionEvents,
  likely: likelySessionEvents,
  illegal: illegalSessionEvents,
  keyOf,
  invariants: sessionInvariants,
};

/**
 * What any guard reads, and what decides whether an action asks for something. Times and texts are neither; what another machine knows
 * besides may be.
 */
function keyOf(state: SessionSnapshot): string {
  const { value, context, status } = state;
  // What has ended is one state, whatever it was.
  if (status === "done") return "closed";
  const {
    policy, secure, headerSent, from, host, username, resource, saslFailures, saslRefusals, bindFailures, bindId, management, directed, timers,
    wishes, device: _______, roster: _, priority: __, presence: ___, resumptionMs: ____, extensions: _____, reason: ______, ...others
  } = context;
  // A claim is believed over TLS only; whether it names this host matters, and not what other host it names.
  const claim = secure && from !== null ? (from.endsWith(`@${host}`) ? from.slice(0, from.indexOf("@")) : "elsewhere") : null;
  const phase =
    // Nothing matters any more but whose it was.
    state.matches("closing") ? [username === null]
    : username === null ? [secure, claim, saslFailures, saslRefusals, wished(wishes)]
    : resource === null ? [bindFailures, bindId, wished(wishes)]
    : [management, directed.length];
  const resumptionMs = management === "off" && !state.matches("closing") ? policy.resumptionMs : null;
  return JSON.stringify([stateName(value), headerSent, Object.keys(timers), resumptionMs, others, ...phase]);
}

/** What of it is still to come, and of which kind: which session, which tag and for how long is no difference. */
function wished(wishes: SessionContext["wishes"]): string | null {
  if (wishes === null) return null;
  const { resume, bind } = wishes;
  const management = (bind?.management ?? null) === null ? "uncounted" : bind?.management?.resumable === true ? "resumable" : "counted";
  return `${resume === null ? "" : "resume "}${bind === null ? "" : management}`;
}
