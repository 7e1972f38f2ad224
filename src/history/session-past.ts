/** What people are shown of a session as it was: the documented properties that its log tells, and what lies beneath. Plain JSON. */
import type { TimerName } from "../../machines/session-events.ts";
import type { SessionContext } from "../../machines/session-context.ts";
import { fullJid } from "../../machines/session-context.ts";
import { stateName } from "../../machines/state-name.ts";
import type { Counts } from "../domain/session-facts.ts";
import type { SessionView } from "../domain/session-view.ts";
import type { Json } from "../ports.ts";
import type { QueuedStanza, SessionMoment } from "./session-fold.ts";

export interface SessionPast {
  /** The last fact that it knows of: its place in the whole log, and its time in ms since 1970. */
  readonly position: number;
  readonly at: number;
  /** As documented, but for `conn`, which the log does not hold. */
  readonly session: Omit<SessionView, "conn" | "presence" | "roster"> & {
    /** The stanza itself is kept beside the log while it is the last one of a session that counts stanzas; null where it is not. */
    readonly presence: { readonly digest: string; readonly since: number; readonly text: string | null } | null;
    /** As it was then; null before resource binding. */
    readonly roster: SessionView["roster"];
  };
  /** null where it neither has a stream nor waits for one. */
  readonly link: "attached" | "hibernating" | null;
  readonly secure: boolean;
  readonly lang: string | null;
  readonly management: SessionContext["management"];
  /** Milliseconds that it can be resumed once its stream is lost; 0: not at all. */
  readonly resumptionMs: number;
  /** null unless it counts stanzas. */
  readonly counts: Counts | null;
  /** The counts and the queue are those of before: what came since was taken out of the log. */
  readonly compacted: boolean;
  /** Sent, and not acknowledged; those that were queued before the log begins are counted only. */
  readonly queue: readonly QueuedStanza[];
  /** Deadlines, ms since 1970. */
  readonly timers: Readonly<Partial<Record<TimerName, number>>>;
  readonly directed: readonly string[];
  readonly extensions: Readonly<Record<string, Json>>;
  /** Why it ends or has ended. */
  readonly reason: string | null;
  readonly ended: boolean;
}

export interface Beside {
  /** As it was then, by the account's own facts; undefined where they do not tell. */
  readonly roster?: SessionView["roster"] | undefined;
  /** The text of the presence, if it is the one of then. */
  readonly presence?: string | undefined;
}

export function sessionPast(moment: SessionMoment, beside: Beside = {}): SessionPast {
  const { machine, position, at, counts, queue, lang, available, ended } = moment;
  const { context } = machine;
  const connected = machine.hasTag("connected");
  return {
    position,
    at,
    session: {
      id: sessionIdOf(moment.stream),
      state: stateName(machine.value),
      type: machine.hasTag("c2s") ? "c2s" : machine.hasTag("c2s_unauthed") ? "c2s_unauthed" : null,
      notopen: machine.hasTag("notopen"),
      username: context.username,
      host: context.host,
      resource: context.resource,
      full_jid: connected ? fullJid(context) : null,
      priority: context.priority,
      presence: context.presence === null ? null : { digest: context.presence, since: available?.since.at ?? at, text: beside.presence ?? null },
      interested: machine.hasTag("interested") || null,
      roster: connected ? (beside.roster ?? context.roster) : context.roster,
    },
    link: machine.matches({ connected: { link: "hibernating" } }) ? "hibernating" : machine.status === "active" ? "attached" : null,
    secure: context.secure,
    lang,
    management: context.management,
    resumptionMs: context.resumptionMs,
    counts,
    compacted: moment.compacted,
    queue,
    timers: context.timers,
    directed: context.directed,
    extensions: context.extensions,
    reason: context.reason ?? ended?.reason ?? null,
    ended: ended !== null || machine.status !== "active",
  };
}

/** The id in the name of a session's stream, which is `session/HOST/ID`. */
export function sessionIdOf(stream: string): string {
  return stream.slice(stream.lastIndexOf("/") + 1);
}
