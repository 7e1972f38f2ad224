/** What holds of a session in every state that it can be in. */
import type { SessionSnapshot } from "../../../machines/fold.ts";
import type { TimerName } from "../../../machines/session-events.ts";
import { directedCharsMax } from "../../domain/limits.ts";
import type { SessionInvariant } from "./session-rules.ts";
import { isHibernating } from "./session-told.ts";
import { says, unlike } from "./unlike.ts";

const isClosing = (state: SessionSnapshot): boolean => state.matches("closing");

export const fullJidWhileConnected: SessionInvariant = {
  name: "A session has its full JID and its roster exactly while it is connected.",
  source: "RFC 6120 section 7.1, RFC 6121 section 2.2",
  state: (state) => {
    const { username, host, resource, roster } = state.context;
    const connected = state.hasTag("connected");
    return (
      unlike("resource", resource !== null, connected) ??
      unlike("roster", roster !== null, connected) ??
      says(connected && (username === null || host === null), `it is connected as ${username}@${host}`)
    );
  },
};

export const availableWhileConnected: SessionInvariant = {
  name: "Only a connected resource is available or interested, and its presence is known exactly while it is available.",
  source: "RFC 6121 sections 2.2 and 4.2",
  state: (state) =>
    says((state.hasTag("available") || state.hasTag("interested")) && !state.hasTag("connected"), "it is available or interested, and not connected") ??
    unlike("presence", state.context.presence !== null, state.hasTag("available")),
};

export const learntInOrder: SessionInvariant = {
  name: "No user is known before authentication, no host before the stream header, no resource before binding.",
  source: "RFC 6120 sections 4.2, 6.4.6 and 7.1",
  state: (state) => {
    const { username, host, resource } = state.context;
    return (
      says(state.hasTag("c2s_unauthed") && username !== null, `${username} has not logged in`) ??
      says(state.hasTag("c2s") && (username === null || host === null), `it is authenticated as ${username}@${host}`) ??
      says(state.matches("awaitingStream") && host !== null, `the host is ${host} before the stream header`) ??
      says(!state.hasTag("connected") && resource !== null, `the resource is ${resource} before binding`)
    );
  },
};

export const oneType: SessionInvariant = {
  name: "A session is either unauthenticated or authenticated until it closes.",
  source: "RFC 6120 section 6.4.6",
  state: (state) => {
    const types = ["c2s", "c2s_unauthed"].filter((tag) => state.hasTag(tag as "c2s"));
    const open = state.status === "active" && !isClosing(state);
    return unlike("types", types.length, open ? 1 : 0);
  },
};

export const priorityInBounds: SessionInvariant = {
  name: "The priority is 0 unless an available resource set it, and from -128 to 127.",
  source: "RFC 6121 section 4.7.2.3",
  state: (state) => {
    const { priority } = state.context;
    return (
      says(!Number.isInteger(priority) || priority < -128 || priority > 127, `the priority is ${priority}`) ??
      says(!state.hasTag("available") && priority !== 0, `the priority is ${priority} in a resource that is not available`)
    );
  },
};

export const directedWhileConnected: SessionInvariant = {
  name: "Targets of directed presence are remembered while the resource is connected, each once, as many as there is room for.",
  source: "RFC 6121 section 4.6",
  state: (state) => {
    const { directed } = state.context;
    return (
      says(directed.length > 0 && !state.hasTag("connected"), `${directed.join(", ")} are remembered by a session that is not connected`) ??
      says(new Set(directed).size < directed.length, `a target is there twice: ${directed.join(", ")}`) ??
      says(directed.join("").length > directedCharsMax, "the targets take more room than there is")
    );
  },
};

export const oneDeadline: SessionInvariant = {
  name: "Every state that waits for the peer has a deadline, and no other has one.",
  source: "RFC 6120 section 4.4, XEP-0198 section 5",
  state: (state) => unlike("armed timers", Object.keys(state.context.timers).join(), timerOf(state)),
};

export const resumableWithTime: SessionInvariant = {
  name: "A session that can be resumed has a time for it, which its policy allows; only such a one hibernates.",
  source: "XEP-0198 sections 3 and 5",
  state: (state) => {
    const { management, resumptionMs, policy } = state.context;
    return (
      unlike("time to resume in", resumptionMs > 0, management === "resumable") ??
      says(resumptionMs < 0 || resumptionMs > policy.resumptionMs, `${resumptionMs} ms to resume in, of ${policy.resumptionMs} that there are`) ??
      says(isHibernating(state) && management !== "resumable", `it hibernates, and management is ${management}`)
    );
  },
};

export const endsWithReason: SessionInvariant = {
  name: "A session has a reason exactly once it ends, and leaves it behind.",
  source: "RFC 6120 section 4.4",
  state: (state) => {
    const over = state.status !== "active" || isClosing(state);
    const left = state.status === "done" ? (state.output as { readonly reason: string } | undefined)?.reason : state.context.reason;
    return unlike("a reason", state.context.reason !== null, over) ?? unlike("the reason that it leaves", left, state.context.reason);
  },
};

/** The deadline that a state has. */
function timerOf(state: SessionSnapshot): TimerName | "" {
  if (state.status !== "active") return "";
  if (isClosing(state)) return "closing";
  if (isHibernating(state)) return "resumption";
  return state.hasTag("connected") ? "" : "negotiation";
}
