/** The ways in which a session ends, as transitions. */
import type { StreamErrorCondition } from "../src/domain/errors.ts";
import type { SessionContext } from "./session-context.ts";
import { tlsFailure } from "./session-elements.ts";
import type { SessionEvent } from "./session-events.ts";
import { told, type Fault } from "./session-parts.ts";

/** What is said of a stream that has come to one of its bounds. */
export const boundWords = {
  logins: "too many attempts to log in",
  binds: "too many attempts to bind a resource",
  negotiation: "the stream was not negotiated in time",
} as const;

/** Goes to `closing` with a stream error that is known beforehand. */
export function closeWith(condition: StreamErrorCondition, text: string) {
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
export function closeSilently(reason: string, ...first: ("dropLink")[]) {
  return { target: "#session.closed", actions: [...first, { type: "rememberReason", params: reason }] } as const;
}

/** Goes to `closing` with the fault that the event names. */
export const failed = {
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
export const ended = {
  target: "#session.closed",
  actions: ["openStreamIfNeeded", "closeStream", "dropLink", { type: "rememberReason", params: "the client closed its stream" }],
} as const;

export const deadlinePassed = {
  guard: "isArmed",
  ...closeWith("connection-timeout", boundWords.negotiation),
} as const;

/** RFC 6120 section 5.4.2.2: TLS that was not offered is refused with a failure of its own and the end of the stream, which is no stream error. */
export function refuseTls(reason: string) {
  return {
    target: "#session.closing",
    actions: ["openStreamIfNeeded", { type: "send", params: tlsFailure }, "closeStream", { type: "rememberReason", params: reason }],
  } as const;
}

/** RFC 6120 section 6.4.5: the last failure is still answered, then the stream ends. */
export function tooManyLogins<Sent extends "sendSaslFailure" | "sendSasl2Failure">(sent: Sent) {
  return {
    target: "#session.closing",
    actions: [
      sent,
      { type: "closeStreamWith", params: { condition: "policy-violation", text: boundWords.logins } },
      { type: "rememberReason", params: `policy-violation: ${boundWords.logins}` },
    ],
  } as const;
}

function faultOf(event: SessionEvent): Fault {
  const { condition, text, detail } = told(event, "stream.failed");
  return detail === undefined ? { condition, text } : { condition, text, detail };
}

/** What a session leaves when it is over. */
export function outputOf({ reason }: Pick<SessionContext, "reason">): { readonly reason: string } {
  return { reason: reason ?? "unknown" };
}

/** The words in which an event says why. */
export function reasonOf(event: SessionEvent): string {
  if (event.type === "stream.failed") return `${event.condition}: ${event.text}`;
  return "why" in event ? event.why : event.type;
}
