/**
 * What may be told to a session, by state: enough values to take each branch, none that its host cannot tell.
 * Wild events are any of them; likely ones lead on, so that random walks get far.
 */
import type { SessionSnapshot } from "../../machines/fold.ts";
import type { SessionEvent } from "../../machines/session-events.ts";
import {
  bindFailed, bindRequested, counted, linkAttached, linkLost, opened, presenceChanged, recovered, resourceBound, resumable, resumeRequested, saslFailed,
  saslStarted, saslSucceeded, startAt, type EventType, type Telling,
} from "./telling.ts";

/** Every type of event, in the values that a guard can tell apart. `timer.expired` depends on what is armed. */
const values: { readonly [Type in Exclude<EventType, "timer.expired">]: readonly Extract<Telling, { type: Type }>[] } = {
  "stream.opened": [
    opened, { ...opened, from: "romeo@localhost" }, { ...opened, from: "juliet@localhost" }, { ...opened, host: null },
    { ...opened, host: "elsewhere" }, { ...opened, version: 0 },
  ],
  "stream.ended": [{ type: "stream.ended" }],
  "stream.failed": [{ type: "stream.failed", condition: "not-well-formed", text: "<<" }],
  "tls.requested": [{ type: "tls.requested" }],
  "tls.established": [{ type: "tls.established", protocol: "TLSv1.3" }],
  "tls.failed": [{ type: "tls.failed", why: "no cipher" }],
  "sasl.started": [saslStarted],
  "sasl.challenged": [{ type: "sasl.challenged", data: "cj0x" }],
  "sasl.continued": [{ type: "sasl.continued" }],
  "sasl.aborted": [{ type: "sasl.aborted" }],
  "sasl.succeeded": [saslSucceeded],
  "sasl.failed": [saslFailed, { ...saslFailed, condition: "invalid-mechanism" }],
  "bind.requested": [bindRequested, { ...bindRequested, resource: null }],
  "bind.failed": [bindFailed],
  "resource.bound": [resourceBound],
  "resume.requested": [resumeRequested],
  "resume.granted": [{ type: "resume.granted" }],
  "resume.refused": [
    { type: "resume.refused", condition: "item-not-found", h: null }, { type: "resume.refused", condition: "item-not-found", h: 3 },
  ],
  "roster.requested": [{ type: "roster.requested" }],
  "presence.changed": [presenceChanged, { ...presenceChanged, priority: -128, digest: "d2" }, { ...presenceChanged, priority: 127, digest: "d3" }],
  "presence.withdrawn": [{ type: "presence.withdrawn" }],
  "presence.directed": [{ type: "presence.directed", to: "nurse@localhost" }, { type: "presence.directed", to: "friar@localhost/cell" }],
  "presence.undirected": [
    { type: "presence.undirected", to: "nurse@localhost" },
    { type: "presence.undirected", to: ["friar@localhost/cell", "nurse@localhost"] },
  ],
  "management.requested": [resumable, counted, { ...resumable, max: 10 }],
  "queue.overflowed": [{ type: "queue.overflowed" }],
  "extension.changed": [{ type: "extension.changed", name: "carbons", value: true }],
  "stanza.received": [
    { type: "stanza.received", kind: "iq", allowed: true }, { type: "stanza.received", kind: "message", allowed: false },
  ],
  "link.lost": [linkLost],
  "link.attached": [linkAttached],
  "session.replaced": [{ type: "session.replaced" }],
  "account.removed": [{ type: "account.removed" }],
  "close.requested": [{ type: "close.requested" }],
  "host.failed": [{ type: "host.failed", why: "bug" }],
  "server.stopping": [{ type: "server.stopping" }],
  "server.recovered": [recovered, { ...recovered, until: startAt + 3_600_000 }],
};

const untimed: readonly Telling[] = Object.values(values).flat();

/** What only the peer's bytes cause. */
const fromTheWire: ReadonlySet<EventType> = new Set([
  "stream.opened", "stanza.received", "tls.requested", "sasl.started", "sasl.continued", "sasl.aborted",
  "bind.requested", "resume.requested", "roster.requested", "presence.changed", "presence.withdrawn", "presence.directed",
  "management.requested",
]);

/** Answered without an end of the stream: a stream is open already when they come. */
const answered: ReadonlySet<EventType> = new Set(["management.requested", "resume.requested"]);

/** Whether a host can tell this now: no bytes come without a link, nor during a handshake, and nothing comes after the end. */
export function canBeTold(state: SessionSnapshot, type: EventType): boolean {
  if (state.status !== "active") return false;
  // Of an account there is nothing to remove or to replace before it is known.
  if (type === "account.removed" || type === "session.replaced") return state.context.username !== null;
  // The answer to this side's end may be told late; a failed stream is also what the server tells when it ends every session.
  if (type === "stream.ended") return !state.matches({ negotiating: "securing" });
  // A stream is handed over to a session that is found resumable, and to no other.
  if (type === "link.attached") return state.context.management === "resumable";
  if (answered.has(type) && state.hasTag("notopen")) return false;
  return !fromTheWire.has(type) || !(isHibernating(state) || state.matches({ negotiating: "securing" }));
}

export function isHibernating(state: SessionSnapshot): boolean {
  return state.matches({ connected: { link: "hibernating" } });
}

/** All that can be told in this state at this time. */
export function everything(state: SessionSnapshot, at: number): readonly SessionEvent[] {
  return [...untimed, ...expiries(state)]
    .filter(({ type }) => canBeTold(state, type))
    .map((event) => ({ ...event, at }) as SessionEvent);
}

/** Armed deadlines, and some that are not. */
function expiries({ context }: SessionSnapshot): readonly Telling[] {
  const armed = Object.entries(context.timers).map(([name, deadline]) => ({ type: "timer.expired", name, deadline }) as Telling);
  return [...armed, ...(["negotiation", "closing", "resumption"] as const).map((name) => ({ type: "timer.expired", name, deadline: 1 }) as const)];
}

const likelyTypes: readonly { readonly states: object | string; readonly types: readonly EventType[] }[] = [
  { states: "awaitingStream", types: ["stream.opened"] },
  { states: { negotiating: "offering" }, types: ["tls.requested", "sasl.started", "stanza.received"] },
  { states: { negotiating: "securing" }, types: ["tls.established"] },
  { states: { negotiating: "authenticating" }, types: ["sasl.challenged", "sasl.continued", "sasl.succeeded", "sasl.succeeded", "sasl.failed"] },
  { states: { authenticated: "awaitingRestart" }, types: ["stream.opened"] },
  { states: { authenticated: { binding: "idle" } }, types: ["bind.requested", "bind.requested", "resume.requested", "stanza.received"] },
  { states: { authenticated: { binding: "pending" } }, types: ["resource.bound", "resource.bound", "resource.bound", "bind.failed"] },
  { states: { authenticated: { binding: "resuming" } }, types: ["resume.refused"] },
  {
    states: { connected: { link: "hibernating" } },
    types: ["link.attached", "link.attached", "link.attached", "presence.undirected", "extension.changed", "link.lost", "server.stopping", "server.recovered"],
  },
  {
    states: "connected",
    types: [
      "presence.changed", "presence.changed", "presence.withdrawn", "presence.directed", "presence.undirected", "roster.requested",
      "management.requested", "management.requested", "management.requested", "link.attached", "link.attached", "link.lost", "extension.changed",
      "bind.requested", "queue.overflowed", "server.stopping", "server.recovered",
    ],
  },
];

/** What ends a session that counts no stanzas, or cannot concern it. */
const needsManagement: ReadonlySet<EventType> = new Set(["link.lost", "queue.overflowed", "server.stopping", "server.recovered"]);

/** What a session of a good client is told in this state; everything where nothing leads on. */
export function likely(state: SessionSnapshot, at: number): readonly SessionEvent[] {
  const all = everything(state, at);
  const types = likelyTypes.find(({ states }) => state.matches(states as never))?.types ?? [];
  const isManaged = state.context.management !== "off";
  const found = types
    .filter((type) => (type === "management.requested" ? !isManaged : isManaged || !needsManagement.has(type)))
    .flatMap((type) => all.filter((event) => event.type === type).slice(0, type.startsWith("presence.") ? 3 : 1));
  return found.length > 0 ? found : all;
}
