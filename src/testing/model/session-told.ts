/**
 * What a session can be told, by state: every type of event, in the values that a guard can tell apart, with boundary values taken from
 * what the session knows. Simplest first.
 */
import type { SessionContext } from "../../../machines/session-context.ts";
import type { SessionSnapshot } from "../../../machines/fold.ts";
import type { SessionEvent, TimerName } from "../../../machines/session-events.ts";

type EventType = SessionEvent["type"];
/** Without its type; the time is that of the script unless it says another. */
type Value<Type extends EventType> = Omit<Extract<SessionEvent, { type: Type }>, "type" | "at"> & { readonly at?: number };
type Values<Type extends EventType> = (context: SessionContext, at: number) => readonly Value<Type>[];

/** All that a host can tell in this state at this time. */
export function sessionEvents(state: SessionSnapshot, at: number): readonly SessionEvent[] {
  return types.filter((type) => canBeTold(state, type)).flatMap((type) => eventsOf(type, state.context, at));
}

/** What leads on in this state, as good clients and servers do; anything where nothing does. */
export function likelySessionEvents(state: SessionSnapshot, at: number): readonly SessionEvent[] {
  const { management } = state.context;
  const leading = (likely.find(({ states }) => state.matches(states as never))?.types ?? []).filter((type) =>
    canBeTold(state, type) && (type !== "management.requested" || management === "off") && (management === "resumable" || !needsResumption.has(type)));
  const found = leading.flatMap((type) => eventsOf(type, state.context, at).slice(0, leadingOn.has(type) ? undefined : 1));
  return found.length > 0 ? found : sessionEvents(state, at);
}

/**
 * What no host tells in this state: an event of another phase. Bytes during a handshake, and elements before the stream's header, are not
 * even illegal: there is nobody to have sent them, and nowhere for an answer to go. Nor is an end during the TLS handshake that is not
 * one of the handshake's own: the machine relies on that.
 */
export function illegalSessionEvents(state: SessionSnapshot, at: number): readonly SessionEvent[] {
  if (state.status !== "active") return [];
  const isSecuring = state.matches({ negotiating: "securing" });
  return types
    .filter((type) => !canBeTold(state, type) && !fromTheWire.has(type) && !(isSecuring && ends.has(type)))
    .flatMap((type) => eventsOf(type, state.context, at).slice(0, 1));
}

export function isHibernating(state: SessionSnapshot): boolean {
  return state.matches({ connected: { link: "hibernating" } });
}

/** No bytes come during a handshake. Whose stream was closed as the server stops may still talk to a session that hibernates. */
function hasNoWire(state: SessionSnapshot): boolean {
  return state.matches({ negotiating: "securing" });
}

/** What only the peer's bytes cause. */
const fromTheWire: ReadonlySet<EventType> = new Set([
  "stream.opened", "stanza.received", "tls.requested", "sasl.started", "sasl.continued", "sasl.aborted", "sasl2.started", "sasl2.continued", "sasl2.aborted",
  "bind.requested", "resume.requested",
  "roster.requested", "presence.changed", "presence.withdrawn", "presence.directed", "management.requested",
]);

const ends: ReadonlySet<EventType> = new Set(["stream.ended", "session.replaced", "account.removed"]);

/** Answered without an end of the stream: a stream is open already when they come. */
const answered: ReadonlySet<EventType> = new Set(["management.requested", "resume.requested"]);

/** What answers an effect that was asked for: nothing else is told before it, and it is told nowhere else. */
const answers: Readonly<Partial<Record<EventType, readonly object[]>>> = {
  "tls.established": [{ negotiating: "securing" }],
  "tls.failed": [{ negotiating: "securing" }],
  "sasl.challenged": [{ negotiating: "authenticating" }, { negotiating: "signingIn" }],
  "sasl.succeeded": [{ negotiating: "authenticating" }, { negotiating: "signingIn" }],
  "sasl.failed": [{ negotiating: "authenticating" }, { negotiating: "signingIn" }],
  "resource.bound": [{ authenticated: { binding: "pending" } }, { authenticated: { fulfilling: "claiming" } }],
  "bind.failed": [{ authenticated: { binding: "pending" } }, { authenticated: { fulfilling: "claiming" } }],
  "resume.granted": [{ authenticated: { binding: "resuming" } }, { authenticated: { fulfilling: "returning" } }],
  "resume.refused": [{ authenticated: { binding: "resuming" } }, { authenticated: { fulfilling: "returning" } }],
};

function canBeTold(state: SessionSnapshot, type: EventType): boolean {
  if (state.status !== "active") return false;
  const asked = answers[type];
  if (asked !== undefined) return asked.some((states) => state.matches(states as never));
  // Of an account there is nothing to remove or to replace before it is known.
  if (type === "account.removed" || type === "session.replaced") return state.context.username !== null;
  // The answer to this side's end may be told late; a failed stream is also what the server tells when it ends every session.
  if (type === "stream.ended") return !state.matches({ negotiating: "securing" });
  // A stream is handed over to a session that is found resumable, and to no other.
  if (type === "link.attached") return state.hasTag("connected") && state.context.management === "resumable";
  if (answered.has(type) && state.hasTag("notopen")) return false;
  return !fromTheWire.has(type) || !hasNoWire(state);
}

/** Around a boundary, the boundary itself first. */
const around = (n: number): readonly number[] => [n, n - 1, n + 1];
const nothing = (): readonly {}[] => [{}];
const because = (why: string) => (): readonly { readonly why: string }[] => [{ why }];

const values: { readonly [Type in EventType]: Values<Type> } = {
  "stream.opened": headers,
  "stream.ended": nothing,
  "stream.failed": () => [
    { condition: "not-well-formed", text: "<<" },
    // XEP-0198 section 4: what is acknowledged was never sent.
    { condition: "undefined-condition", text: "h", detail: { name: "handled-count-too-high", attrs: { xmlns: "urn:xmpp:sm:3" }, children: [] } },
  ],
  "tls.requested": nothing,
  "tls.established": () => [{ protocol: "TLSv1.3" }],
  "tls.failed": because("no cipher"),
  "sasl.started": () => [{ mechanism: "SCRAM-SHA-1" }],
  "sasl.challenged": () => [{ data: "cj0x" }],
  "sasl.continued": nothing,
  "sasl.aborted": nothing,
  "sasl.succeeded": () => [
    { username: "romeo", data: "dj1y" }, { username: "romeo", data: null }, { username: "juliet", data: null }, { username: "romeo", data: null, device: "d1" },
  ],
  "sasl.failed": () => [{ condition: "not-authorized", text: null }, { condition: "invalid-mechanism", text: "not offered" }],
  "sasl2.started": ({ policy }) => [
    { resume: null, bind: { tag: "phone", management: null } },
    { resume: null, bind: { tag: null, management: { resumable: true, max: null } } },
    { resume: null, bind: { tag: null, management: { resumable: false, max: null } } },
    { resume: null, bind: { tag: null, management: { resumable: true, max: Math.max(1, Math.floor(policy.resumptionMs / 2_000)) } } },
    { resume: { id: "old", h: 7 }, bind: { tag: "phone", management: { resumable: true, max: null } } },
    { resume: { id: "old", h: countsEnd - 1 }, bind: null },
    { resume: null, bind: null },
  ].map((wishes) => ({ mechanism: "SCRAM-SHA-256", ...wishes })),
  "sasl2.continued": nothing,
  "sasl2.aborted": nothing,
  "bind.requested": () => [{ id: "b1", resource: "orchard" }, { id: "b2", resource: null }],
  "bind.failed": () => [{ condition: "conflict", text: "in use" }, { condition: "resource-constraint", text: "too many" }],
  "resource.bound": () => [{ resource: "orchard", roster: { version: "7", items: 2 } }, { resource: "balcony", roster: { version: "0", items: 0 } }],
  "resume.requested": () => [0, 7, countsEnd - 1].map((h) => ({ id: "old", h })),
  "resume.granted": nothing,
  "resume.refused": () => [null, ...around(countsEnd), 0].map((h) => ({ condition: "item-not-found", h })),
  "roster.requested": nothing,
  // RFC 6121 section 4.7.2.3: from -128 to 127.
  "presence.changed": () => [0, -1, 127, -128].map((priority) => ({ priority, digest: `d${priority}` })),
  "presence.withdrawn": nothing,
  "presence.directed": (context) => addresses(context).map((to) => ({ to })),
  "presence.undirected": (context) => [...addresses(context), context.directed, []].map((to) => ({ to })),
  "management.requested": ({ policy }) => [
    { resumable: true, max: null },
    { resumable: false, max: null },
    ...[1, ...around(Math.floor(policy.resumptionMs / 1_000))].filter((max) => max > 0).map((max) => ({ resumable: true, max })),
    { resumable: false, max: 10 },
  ],
  "queue.overflowed": nothing,
  "extension.changed": () => [{ name: "carbons", value: true }, { name: "csi", value: { active: false } }],
  "stanza.received": () => [{ kind: "iq", allowed: true }, { kind: "message", allowed: false }, { kind: "presence", allowed: false }],
  "link.lost": because("reset"),
  "link.attached": nothing,
  "timer.expired": expiries,
  "session.replaced": nothing,
  "account.removed": nothing,
  "close.requested": nothing,
  "host.failed": because("bug"),
  "server.stopping": nothing,
  // As long ago, and around what was promised before.
  "server.recovered": ({ timers }, at) => [0, ...around(timers.resumption ?? at)].map((until) => ({ until })),
};

const types = Object.keys(values) as readonly EventType[];
/** Stanzas are counted modulo this (XEP-0198 section 4). */
const countsEnd = 2 ** 32;

function eventsOf(type: EventType, context: SessionContext, at: number): readonly SessionEvent[] {
  return (values[type] as Values<EventType>)(context, at).map((value) => ({ type, at, ...value }) as SessionEvent);
}

/** With what fits and what does not, one by one and together, for the order in which it is asked. */
function headers({ username, host }: SessionContext): readonly Value<"stream.opened">[] {
  const here = host ?? "localhost";
  const elsewhere = here === "localhost" ? "elsewhere" : "localhost";
  const user = username ?? "romeo";
  const good = { host: here, from: null, version: 1 };
  const other = { from: `${user === "juliet" ? "romeo" : "juliet"}@${here}` };
  return [
    good, { ...good, from: `${user}@${here}` }, { ...good, ...other }, { ...good, from: `${user}@${elsewhere}` }, { ...good, host: elsewhere },
    { ...good, host: null }, { ...good, version: 0 }, { ...good, version: 2 }, { ...good, ...other, version: 0 }, { ...good, ...other, host: elsewhere },
    { host: null, from: null, version: 0 },
  ];
}

/** Those that were sent directed presence already, those that were not, and the user's own. */
function addresses({ username, host, directed }: SessionContext): readonly string[] {
  return [...new Set(["nurse@localhost", "friar@elsewhere/cell", ...(username === null ? [] : [`${username}@${host}`]), ...directed])];
}

/** Deadlines that are armed, to the millisecond and beside it, and those of timers that are not. */
function expiries({ timers }: SessionContext, at: number): readonly Value<"timer.expired">[] {
  return (["negotiation", "closing", "resumption"] as const satisfies readonly TimerName[]).flatMap((name) => {
    const armed = timers[name];
    const deadlines = armed === undefined ? [at] : around(armed);
    return deadlines.map((deadline) => ({ at: Math.max(at, deadline), name, deadline }));
  });
}

const likely: readonly { readonly states: object | string; readonly types: readonly EventType[] }[] = [
  { states: "awaitingStream", types: ["stream.opened"] },
  { states: { negotiating: "offering" }, types: ["sasl.started", "sasl2.started", "tls.requested", "stanza.received"] },
  { states: { negotiating: "securing" }, types: ["tls.established"] },
  { states: { negotiating: "authenticating" }, types: ["sasl.succeeded", "sasl.succeeded", "sasl.challenged", "sasl.continued", "sasl.failed"] },
  { states: { negotiating: "signingIn" }, types: ["sasl.succeeded", "sasl.succeeded", "sasl.succeeded", "sasl.challenged", "sasl2.continued", "sasl.failed"] },
  { states: { authenticated: { fulfilling: "returning" } }, types: ["resume.refused"] },
  { states: { authenticated: { fulfilling: "claiming" } }, types: ["resource.bound", "resource.bound", "bind.failed"] },
  { states: { authenticated: "awaitingRestart" }, types: ["stream.opened"] },
  { states: { authenticated: { binding: "idle" } }, types: ["bind.requested", "bind.requested", "resume.requested", "stanza.received"] },
  { states: { authenticated: { binding: "pending" } }, types: ["resource.bound", "resource.bound", "bind.failed"] },
  { states: { authenticated: { binding: "resuming" } }, types: ["resume.refused"] },
  {
    states: { connected: { link: "hibernating" } },
    types: [...Array<EventType>(8).fill("link.attached"), "presence.undirected", "extension.changed", "link.lost", "server.stopping", "server.recovered"],
  },
  {
    states: "connected",
    types: [
      "presence.changed", "presence.withdrawn", "presence.directed", "presence.undirected", "roster.requested", "management.requested",
      ...Array<EventType>(6).fill("link.lost"), "link.attached", "link.attached", "extension.changed", "bind.requested", "queue.overflowed",
      "server.stopping", "server.recovered",
    ],
  },
];

/** Types whose every value leads on, and not the first one only. */
const leadingOn: ReadonlySet<EventType> = new Set([
  "sasl2.started", "bind.requested", "resource.bound", "resume.requested", "resume.refused", "presence.changed", "presence.directed", "presence.undirected",
  "management.requested", "extension.changed", "server.recovered",
]);

/** What ends a session that cannot be resumed, or does not concern it. */
const needsResumption: ReadonlySet<EventType> = new Set(["link.lost", "queue.overflowed", "server.stopping", "server.recovered"]);
