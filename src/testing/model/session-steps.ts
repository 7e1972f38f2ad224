/** What holds of whatever a session is told: what it learns, from whom, and what it asks for in answer. */
import { fullJid } from "../../../machines/session-context.ts";
import type { SessionSnapshot } from "../../../machines/fold.ts";
import type { SessionEvent } from "../../../machines/session-events.ts";
import { directedCharsMax } from "../../domain/limits.ts";
import { afterEvent, asked, sessionStartAt, type SessionInvariant } from "./session-rules.ts";
import { isHibernating } from "./session-told.ts";
import { says, unlike } from "./unlike.ts";

export const identityFromSasl: SessionInvariant = {
  name: "The user comes from authentication alone and stays; the host stays from then on; the resource comes from binding alone.",
  source: "RFC 6120 sections 6.4.6 and 7.1",
  step: afterEvent(({ context: was }, event, { context: is }) => {
    const login = event.type === "sasl.succeeded" ? event.username : undefined;
    const bound = event.type === "resource.bound" ? event.resource : undefined;
    return (
      says(is.username !== was.username && (was.username !== null || is.username !== login), `${event.type} made ${was.username} ${is.username}`) ??
      says(was.username !== null && is.host !== was.host, `${event.type} moved ${was.username} from ${was.host} to ${is.host}`) ??
      says(is.resource !== was.resource && is.resource !== null && (was.resource !== null || is.resource !== bound), `${event.type} made the resource ${is.resource}`)
    );
  }),
};

export const headerIsAnswered: SessionInvariant = {
  name: "A stream header is answered by one that is addressed to whom it names, with a version if it has one.",
  source: "RFC 6120 sections 4.7.2 and 4.7.5",
  step: afterEvent((_, event, __, step) => {
    const [header] = asked(step, "open.stream");
    if (header === undefined) return undefined;
    const [from, version] = event.type === "stream.opened" ? [event.from, event.version] : [null, 1];
    return unlike("to", header.to, from) ?? unlike("versioned", header.versioned, version !== 0);
  }),
};

export const plaintextForgotten: SessionInvariant = {
  name: "TLS begins once, and what was learnt before it is forgotten.",
  source: "RFC 6120 sections 5.4.2.2 and 5.4.3.3",
  step: afterEvent(({ context: was }, event, after, step) => {
    const { secure, host, from, headerSent } = after.context;
    return (
      says(was.secure && asked(step, "start.tls").length > 0, "TLS is negotiated over TLS") ??
      says(secure !== was.secure && (was.secure || event.type !== "tls.established"), `${event.type} made it ${secure ? "secure" : "insecure"}`) ??
      (secure !== was.secure ? unlike("known after TLS", { host, from, headerSent }, { host: null, from: null, headerSent: false }) : undefined)
    );
  }),
};

export const claimIsChecked: SessionInvariant = {
  name: "Nobody who claims another account over TLS logs in, and nobody binds whose new stream claims another.",
  source: "RFC 6120 sections 4.9.3.9 and 6.4.6",
  step: afterEvent((before, event, after) => {
    if (event.type === "sasl.succeeded" && after.context.username !== null && before.context.secure) {
      const { from, host } = before.context;
      return says(from !== null && from !== `${event.username}@${host}`, `${from} logged in as ${event.username}@${host}`);
    }
    const opens = before.matches({ authenticated: "awaitingRestart" }) && after.matches({ authenticated: "binding" });
    if (event.type !== "stream.opened" || !opens) return undefined;
    const { username, host } = before.context;
    return unlike("host", event.host, host) ?? says(event.from !== null && event.from !== `${username}@${host}`, `${username}@${host} went on as ${event.from}`);
  }),
};

export const directedIsNoPresence: SessionInvariant = {
  name: "Directed presence is no presence of the session.",
  source: "RFC 6121 section 4.6",
  step: afterEvent(({ context: was, value }, event, after, { effects }) => {
    if (event.type !== "presence.directed" && event.type !== "presence.undirected") return undefined;
    const { presence, priority } = after.context;
    return (
      unlike("presence and priority", [presence, priority], [was.presence, was.priority]) ??
      unlike("the state", after.value, value) ?? unlike("what it asks for", effects, []) ??
      (after.hasTag("connected") ? unlikeTargets(was.directed, event, after.context.directed) : undefined)
    );
  }),
};

/** All targets stay while there is room for them, then the latest; how much room there is is a rule of its own. */
function unlikeTargets(were: readonly string[], event: Extract<SessionEvent, { type: `presence.${"" | "un"}directed` }>, are: readonly string[]): string | undefined {
  const others = were.filter((to) => !(typeof event.to === "string" ? [event.to] : event.to).includes(to));
  if (event.type === "presence.undirected") return unlike("targets", are, others);
  const all = [...others, event.to];
  const fitting = all.join("").length <= directedCharsMax ? all : all.slice(-Math.max(are.length, 1));
  return unlike("targets", are, fitting);
}

export const presenceIsRemembered: SessionInvariant = {
  name: "An available resource has the presence and the priority that it sent last.",
  source: "RFC 6121 sections 4.2.2 and 4.4.2",
  step: afterEvent(({ context: was }, event, after) => {
    if (!after.hasTag("available")) return undefined;
    const expected = event.type === "presence.changed" ? [event.digest, event.priority] : [was.presence, was.priority];
    return unlike("presence and priority", [after.context.presence, after.context.priority], expected);
  }),
};

export const onlyConnectedRoutes: SessionInvariant = {
  name: "Nothing is routed for a session that is not connected, but what an extension takes; whatever else it sends closes the stream.",
  source: "RFC 6120 sections 4.9.3.12 and 7.1",
  step: afterEvent((before, event, after, step) => {
    const open = before.status === "active" && !before.hasTag("connected") && !before.matches("closing");
    // XEP-0388 section 2.4: while a login goes on nothing else does.
    const allows = event.type === "stanza.received" && event.allowed && !before.matches({ negotiating: "signingIn" });
    const refused = event.type === "stanza.received" && !allows && open;
    return (
      says(asked(step, "handle.stanza").length !== (allows && !before.matches("closing") && !isHibernating(before) ? 1 : 0), "handle.stanza was asked for wrongly") ??
      says(refused && asked(step, "close.stream")[0]?.condition !== "not-authorized", "a stanza before binding does not close the stream with not-authorized") ??
      says(refused && !after.matches("closing"), "the stream stays open after a stanza before binding")
    );
  }),
};

export const actsAsItself: SessionInvariant = {
  name: "A session speaks under its own full JID, and gives it up once, when it leaves.",
  source: "RFC 6120 section 8.1.2.1",
  step: afterEvent((before, _, after, step) => {
    const jid = before.hasTag("connected") ? fullJid(before.context) : after.hasTag("connected") ? fullJid(after.context) : undefined;
    const leaves = before.hasTag("connected") && !after.hasTag("connected");
    const others = [...asked(step, "broadcast.presence"), ...asked(step, "destroy.session")].filter((effect) => effect.jid !== jid);
    return unlike("destroy.session", asked(step, "destroy.session").length, leaves ? 1 : 0) ?? says(others.length > 0, `it acts as ${others[0]?.jid}, and is ${jid}`);
  }),
};

export const oneEndOfAvailability: SessionInvariant = {
  name: "Each period of availability is told to begin once and to end once, its end to whom presence was directed too.",
  source: "RFC 6121 sections 4.2.2, 4.5.2 and 4.6.3",
  step: afterEvent((before, event, after, step) => {
    const told = asked(step, "broadcast.presence");
    const [was, is] = [before.hasTag("available"), after.hasTag("available")];
    const { directed } = before.context;
    const leaves = before.hasTag("connected") && !after.hasTag("connected");
    const ends = (was && !is) || (directed.length > 0 && (leaves || event.type === "presence.withdrawn"));
    const end = told.find(({ available }) => !available);
    return (
      unlike("beginnings told", told.filter(({ initial }) => initial).length, !was && is ? 1 : 0) ??
      unlike("ends told", told.filter(({ available }) => !available).length, ends ? 1 : 0) ??
      (end && unlike("the end told", { wasAvailable: end.wasAvailable, directed: end.directed }, { wasAvailable: was, directed })) ??
      unlike("presence told", told.filter(({ available }) => available).length, is && event.type === "presence.changed" ? 1 : 0) ??
      says(ends && !is && after.context.directed.length > 0, "who was told of the end is told again")
    );
  }),
};

export const interestStays: SessionInvariant = {
  name: "A resource is interested from its first request of the roster to its end.",
  source: "RFC 6121 section 2.2",
  step: afterEvent((before, event, after) => {
    if (!after.hasTag("connected")) return undefined;
    return unlike("interested", after.hasTag("interested"), before.hasTag("interested") || event.type === "roster.requested");
  }),
};

export const extensionsChangeNothingElse: SessionInvariant = {
  name: "What an extension keeps changes nobody's right to do anything.",
  step: afterEvent(({ context: was, value }, event, after, { effects }) => {
    if (event.type !== "extension.changed") return undefined;
    return (
      unlike("the state", after.value, value) ?? unlike("what it asks for", effects, []) ??
      unlike("the context", after.context, { ...was, extensions: { ...was.extensions, [event.name]: event.value } })
    );
  }),
};

export const firstReasonStands: SessionInvariant = {
  name: "The first reason to end is the reason.",
  step: afterEvent(({ context: { reason } }, _, after) => (reason === null ? undefined : unlike("the reason", after.context.reason, reason))),
};

export const closingHasLink: SessionInvariant = {
  name: "A stream that is being closed has a link to be closed on.",
  source: "RFC 6120 section 4.4",
  step: afterEvent((before, _, after) => says(after.matches("closing") && isHibernating(before), "it hibernates, and goes on to close a stream")),
};

export const deadlineEnds: SessionInvariant = {
  name: "No state outlives its deadline: the stream is closed then, or the session is over. Any other moment changes nothing.",
  source: "RFC 6120 section 4.4, XEP-0198 section 5",
  step: afterEvent((before, event, after, { effects }) => {
    if (event.type !== "timer.expired" || before.status !== "active") return undefined;
    if (before.context.timers[event.name] !== event.deadline) return unlike("the state", whole(after), whole(before)) ?? unlike("what it asks for", effects, []);
    const over = after.status === "done" || (after.matches("closing") && !before.matches("closing"));
    return says(!over, `it goes on after its deadline of ${event.name}`);
  }),
};

export const deadlinesHold: SessionInvariant = {
  name: "A deadline stays as it was set: from the start, from authentication, from the close of the stream.",
  source: "RFC 6120 section 4.4",
  step: ({ before, event, after }) => {
    const { timers, policy } = after.context;
    const was = before?.context.timers;
    const at = event?.at ?? sessionStartAt;
    const restarts = before?.context.username === null && after.context.username !== null;
    return (
      (timers.negotiation === undefined ? undefined : unlike("negotiation", timers.negotiation, restarts ? at + policy.negotiationMs : (was?.negotiation ?? at + policy.negotiationMs))) ??
      (timers.closing === undefined ? undefined : unlike("closing", timers.closing, was?.closing ?? at + policy.closingMs))
    );
  },
};

function whole({ value, context, status }: SessionSnapshot): unknown {
  return { value, context, status };
}

/** What can only be told because a link came or went, or the server did. */
export const ofTheLink: ReadonlySet<SessionEvent["type"]> = new Set(["link.lost", "link.attached", "server.stopping", "server.recovered"]);
