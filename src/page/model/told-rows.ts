/** What the events of a session are about, and who causes them: a table over the closed set of what a session is told. */
import type { SessionEvent } from "../../../machines/session-events.ts";
import type { TimelineRow } from "./contract.ts";

type Type = SessionEvent["type"];

const groups: { readonly [Name in Type]: TimelineRow["group"] } = {
  "stream.opened": "stream",
  "stream.ended": "end",
  "stream.failed": "end",
  "tls.requested": "tls",
  "tls.established": "tls",
  "tls.failed": "tls",
  "sasl.started": "sasl",
  "sasl.challenged": "sasl",
  "sasl.continued": "sasl",
  "sasl.aborted": "sasl",
  "sasl.succeeded": "sasl",
  "sasl.failed": "sasl",
  "sasl2.started": "sasl",
  "sasl2.continued": "sasl",
  "sasl2.aborted": "sasl",
  "bind.requested": "bind",
  "bind.failed": "bind",
  "resource.bound": "bind",
  "resume.requested": "management",
  "resume.granted": "management",
  "resume.refused": "management",
  "roster.requested": "iq",
  "presence.changed": "presence",
  "presence.withdrawn": "presence",
  "presence.directed": "presence",
  "presence.undirected": "presence",
  "management.requested": "management",
  "queue.overflowed": "management",
  "extension.changed": "state",
  "stanza.received": "other",
  "link.lost": "link",
  "link.attached": "link",
  "timer.expired": "state",
  "session.replaced": "state",
  "account.removed": "state",
  "close.requested": "state",
  "host.failed": "state",
  "server.stopping": "state",
  "server.recovered": "state",
};

/** The log may hold an event that this version does not know. */
export function groupOfEvent(type: Type): TimelineRow["group"] {
  return Object.hasOwn(groups, type) ? groups[type] : "other";
}

const clients: ReadonlySet<Type> = new Set<Type>([
  "stream.opened", "stream.ended", "stream.failed", "tls.requested", "sasl.started", "sasl.continued", "sasl.aborted",
  "sasl2.started", "sasl2.continued", "sasl2.aborted", "bind.requested",
  "resume.requested", "roster.requested", "presence.changed", "presence.withdrawn", "presence.directed", "management.requested", "stanza.received",
  "link.attached",
]);

/** Whether the client causes it, by what it sends. */
export function isClients(type: Type): boolean {
  return clients.has(type);
}
