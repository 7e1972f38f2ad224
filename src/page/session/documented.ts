/** A session as it is documented, field by field, and what lies beneath: what it is at a moment, and what each name means. */
import type { ConnectionView, SessionView } from "../../domain/session-view.ts";
import type { Difference } from "../../history/differences.ts";
import { duration } from "../../history/plain-words.ts";
import type { SessionPast } from "../../history/session-past.ts";
import type { Json } from "../../ports.ts";
import { counted, durationWords } from "../text.ts";
import { timeText } from "./moments.ts";

type Roster = SessionView["roster"];

export interface Field {
  readonly name: string;
  /** null where it is not defined. */
  readonly value: string | null;
  /** Why it is not defined, or something more about its value; "" for nothing. */
  readonly note: string;
  /** What the name means. */
  readonly meaning: string;
}

/**
 * In the documented order. `conn`: what is known of the connection now; undefined where the moment is another one, or the session lives no
 * more. `then`: the roster of the moment; null where nobody knows it, undefined where that is not clear yet.
 */
export function documentedFields(past: SessionPast, conn: Pick<ConnectionView, "address" | "secure"> | undefined, then: Roster | undefined): readonly Field[] {
  const { session } = past;
  const bound = session.full_jid !== null;
  return [
    { name: "conn", ...connection(past, conn), meaning: "The connection that carries the stream." },
    { name: "notopen", value: session.notopen ? "true" : null, note: session.notopen ? "" : "removed: the stream header has arrived", meaning: "True until the stream is initiated, after TLS and login anew." },
    { name: "type", value: session.type, note: session.type === null ? "the stream is closing or closed" : typeWords[session.type], meaning: "c2s_unauthed: not authenticated yet; c2s: of a local client." },
    { name: "username", value: session.username, note: session.username === null ? undefinedBefore("authentication", past) : "", meaning: "The part of the JID before the @." },
    { name: "host", value: session.host, note: session.host === null ? undefinedBefore("the stream is initiated", past) : "", meaning: "The host that the client has asked for." },
    { name: "resource", value: session.resource, note: session.resource === null ? undefinedBefore("resource binding", past) : "", meaning: "The part of the full JID after the /." },
    { name: "full_jid", value: session.full_jid, note: bound ? "" : undefinedBefore("resource binding", past), meaning: "The three together: username@host/resource." },
    { name: "priority", value: String(session.priority), note: session.priority === 0 ? "the default" : session.priority < 0 ? "below 0: no messages to the bare JID come here" : "", meaning: "Of the resource, −128 to 127." },
    { name: "presence", ...presence(past), meaning: "The last presence without a type and without an address; gone when unavailable." },
    { name: "interested", value: session.interested === true ? "true" : null, note: session.interested === true ? "" : "the roster was not asked for", meaning: "True once the roster was requested: roster pushes are sent here." },
    { name: "roster", ...roster(past, then), meaning: "The user's, loaded as soon as the resource is bound." },
  ];
}

export interface Kind {
  readonly name: string;
  readonly is: boolean;
  readonly why: string;
}

/** What kind of resource it is, and why. */
export function kindsOf({ session }: SessionPast): readonly Kind[] {
  const bound = session.full_jid !== null;
  return [
    { name: "connected resource", is: bound, why: bound ? "full_jid, resource and roster are defined" : "full_jid is not defined" },
    { name: "available resource", is: session.presence !== null, why: session.presence !== null ? "presence is defined" : bound ? "presence is not defined" : "it is no connected resource" },
    { name: "interested resource", is: session.interested === true, why: session.interested === true ? "interested is true" : bound ? "interested is not defined" : "it is no connected resource" },
  ];
}

/** What the documented session does not name. `at`: the moment, ms since 1970. */
export function fieldsBeneath(past: SessionPast, at: number): readonly Field[] {
  const { counts, queue } = past;
  return [
    { name: "state", value: past.session.state, note: past.ended ? "it has ended" : "", meaning: "Of the machine; parallel states are joined by +." },
    { name: "link", value: past.link, note: linkWords(past), meaning: "Whether a stream is attached, or the session waits for one." },
    { name: "secure", value: String(past.secure), note: "", meaning: "Whether TLS protects it." },
    { name: "lang", value: past.lang, note: past.lang === null ? "the header named none" : "", meaning: "The language of the client's stream." },
    { name: "management", value: past.management, note: past.resumptionMs > 0 ? `can be resumed for ${duration(past.resumptionMs)}` : "", meaning: "Whether stanzas are counted (XEP-0198), and whether a lost stream can be resumed." },
    {
      name: "counts",
      value: counts === null ? null : `${counts.received} received, ${counts.sent} sent, ${counts.acknowledged} acknowledged`,
      note: counts === null ? "stanzas are not counted" : past.compacted ? "of before: the log was compacted since" : "",
      meaning: "Stanzas of stream management, both ways.",
    },
    { name: "queue", value: counted(queue.length, "stanza"), note: "", meaning: "Sent and not acknowledged." },
    { name: "timers", value: Object.keys(past.timers).length === 0 ? null : timersText(past, at), note: Object.keys(past.timers).length === 0 ? "none is armed" : "", meaning: "Deadlines, and what was left until then." },
    { name: "directed", value: past.directed.length === 0 ? null : past.directed.join(", "), note: past.directed.length === 0 ? "nobody" : "", meaning: "Who was sent directed presence, and is told of its end." },
    { name: "reason", value: past.reason, note: past.reason === null ? "it has not ended" : "", meaning: "Why it ends or has ended." },
  ];
}

/** By the first names of what has changed: `session.priority` is `priority`, and `timers.resumption` is `timers`. */
export function changedNames(found: readonly Difference[]): ReadonlySet<string> {
  return new Set(found.map(({ path }) => path.replace(/^session\./, "").split(".")[0]!));
}

/** Lists are told by what is gone and what is new in them. */
export interface ListChange {
  readonly gone: readonly Json[];
  readonly added: readonly Json[];
}

/** undefined unless both are lists. */
export function listChange(before: Json | undefined, after: Json | undefined): ListChange | undefined {
  if (!Array.isArray(before) || !Array.isArray(after)) return undefined;
  const [old, now] = [new Set(before.map(same)), new Set(after.map(same))];
  return { gone: before.filter((item) => !now.has(same(item))), added: after.filter((item) => !old.has(same(item))) };
}

const same = (item: Json): string => JSON.stringify(item);

/** Without what every entry changes. */
export function worthTelling(found: readonly Difference[]): readonly Difference[] {
  return found.filter(({ path }) => path !== "position" && path !== "at");
}

const typeWords = { c2s_unauthed: "not authenticated yet", c2s: "of a local client" } as const;

function connection({ link, ended, secure }: SessionPast, conn: Pick<ConnectionView, "address" | "secure"> | undefined): Pick<Field, "value" | "note"> {
  if (ended) return { value: null, note: "the session has ended" };
  if (link === "hibernating") return { value: null, note: "the link is lost; the session waits to be resumed" };
  if (link === null) return { value: null, note: "none is attached" };
  if (conn === undefined) return { value: "attached", note: `${secure ? "over TLS; " : ""}the log does not hold its address` };
  return { value: conn.address, note: conn.secure ?? "without TLS" };
}

function roster(past: SessionPast, then: Roster | undefined): Pick<Field, "value" | "note"> {
  const { roster: bound } = past.session;
  if (bound === null) return { value: null, note: undefinedBefore("resource binding", past) };
  if (then === undefined) return { value: "…", note: "" };
  const { items, version } = then ?? bound;
  return { value: counted(items, "item"), note: `version ${version || "unknown"}${then === null ? ", of resource binding: the log does not tell later ones" : ""}` };
}

/** At its end a session gives up what it had; whether it ever had it is not told then. */
function undefinedBefore(what: string, { session: { type } }: SessionPast): string {
  return type === null ? "not defined any more, or never was: the stream is closing or closed" : `not defined before ${what}`;
}

function presence({ session: { presence } }: SessionPast): Pick<Field, "value" | "note"> {
  if (presence === null) return { value: null, note: "not available" };
  const since = `since ${timeText(presence.since)}`;
  return presence.text === null ? { value: `digest ${presence.digest}`, note: `${since}; the stanza itself is not kept` } : { value: presence.text, note: since };
}

function linkWords({ link, timers: { resumption } }: SessionPast): string {
  return link === "hibernating" && resumption !== undefined ? `until ${timeText(resumption)}` : "";
}

function timersText({ timers }: SessionPast, at: number): string {
  return Object.entries(timers).map(([name, deadline]) => `${name} ${deadline >= at ? `in ${durationWords(deadline - at)}` : `passed ${durationWords(at - deadline)} ago`}`).join(", ");
}
