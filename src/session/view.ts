/** The documented session: its properties under their documented names, and its two methods. For people; nothing routes by it. */
import { stateName } from "../../machines/state-name.ts";
import type { Account } from "../domain/account.ts";
import type { StreamErrorCondition } from "../domain/errors.ts";
import type { StoredRosterItem } from "../domain/roster.ts";
import type { ConnectionView, SessionView } from "../domain/session-view.ts";
import type { Element } from "../xml/element.ts";
import { parseElement, restoreElement } from "../xml/parse-element.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace } from "../xml/stanza.ts";
import type { SessionHost } from "./host.ts";

/** RFC 6121 section 2. */
export interface Roster {
  /** Opaque to clients; changes with each change of the roster (RFC 6121 section 2.6). */
  readonly version: string;
  readonly items: readonly StoredRosterItem[];
}

/** A live session, read-only: each property is what holds when it is read; undefined where the documentation says nil or not defined. */
export interface DocumentedSession {
  /** The connection; undefined when there is none any more. */
  readonly conn: ConnectionView | undefined;
  /** true until the stream header has arrived, the one after TLS or SASL included; undefined after. */
  readonly notopen: true | undefined;
  /** undefined while the stream is closing, when it is neither, and after. */
  readonly type: "c2s_unauthed" | "c2s" | undefined;
  /** undefined before authentication. */
  readonly username: string | undefined;
  /** undefined before the stream header. */
  readonly host: string | undefined;
  /** undefined before resource binding. */
  readonly resource: string | undefined;
  /** `username@host/resource`; undefined before resource binding. */
  readonly full_jid: string | undefined;
  /** -128..127, 0 until set (RFC 6121 section 4.7.2.3). */
  readonly priority: number;
  /** A copy of the last non-directed presence without a type; undefined when unavailable. */
  readonly presence: Element | undefined;
  /** true once the resource has asked for the roster; undefined before. */
  readonly interested: true | undefined;
  /** The user's roster, one for all the user's sessions; undefined before resource binding. */
  readonly roster: Roster | undefined;
  /**
   * Sends one element. What is given, text or not, goes through the parser first. Throws SyntaxError if it is not one
   * well-formed element, RangeError for characters that XML has not, and Error while no stream is open to send it on.
   */
  send(x: Element | string): void;
  /** Ends the session through its machine: politely, or with a stream error. Does nothing for one that has ended. */
  close(condition?: StreamErrorCondition, text?: string): void;
}

export function documentedSession(session: SessionHost): DocumentedSession {
  return {
    get conn() {
      return connectionOf(session);
    },
    get notopen() {
      return session.snapshot.hasTag("notopen") || undefined;
    },
    get type() {
      return typeOf(session);
    },
    get username() {
      return session.context.username ?? undefined;
    },
    get host() {
      return session.context.host ?? undefined;
    },
    get resource() {
      return session.context.resource ?? undefined;
    },
    get full_jid() {
      return session.connected ? session.jid.full : undefined;
    },
    get priority() {
      return session.priority;
    },
    get presence() {
      const text = presenceOf(session);
      return text === undefined ? undefined : restoreElement(text);
    },
    get interested() {
      return session.interested || undefined;
    },
    get roster() {
      return session.connected ? rosterOf(session.environment.accounts.get(session.jid.bare)) : undefined;
    },
    send: (x) => send(session, x),
    close: (condition, text) => session.close(condition, text),
  };
}

/** The same as plain JSON, as it is now. */
export function viewOf(session: SessionHost): SessionView {
  const { snapshot, context } = session;
  return {
    id: session.id,
    state: stateName(snapshot.value),
    type: typeOf(session) ?? null,
    notopen: snapshot.hasTag("notopen"),
    username: context.username,
    host: context.host,
    resource: context.resource,
    full_jid: session.connected ? session.jid.full : null,
    priority: context.priority,
    presence: presenceOf(session) ?? null,
    interested: session.interested || null,
    roster: rosterVersionOf(session),
    conn: connectionOf(session) ?? null,
  };
}

function typeOf({ snapshot }: SessionHost): "c2s_unauthed" | "c2s" | undefined {
  if (snapshot.hasTag("c2s")) return "c2s";
  return snapshot.hasTag("c2s_unauthed") ? "c2s_unauthed" : undefined;
}

function rosterOf(account: Account | undefined): Roster | undefined {
  return account && { version: account.rosterVersion(), items: [...account.contacts.values()] };
}

/** What the machine knows is what was there when the resource was bound; the account knows what is there now. */
function rosterVersionOf(session: SessionHost): SessionView["roster"] {
  const account = session.connected ? session.environment.accounts.get(session.jid.bare) : undefined;
  return account === undefined ? session.context.roster : { version: account.rosterVersion(), items: account.contacts.size };
}

function presenceOf({ available, presence }: SessionHost): string | undefined {
  return available && presence !== undefined ? serialise(presence, clientNamespace) : undefined;
}

function connectionOf(session: SessionHost): ConnectionView | undefined {
  if (session.closed || session.hibernating) return undefined;
  const { link, linkedAt: since } = session;
  return { address: link.remoteAddress, transport: link.transport, secure: link.secure?.protocol ?? null, since };
}

function send(session: SessionHost, x: Element | string): void {
  const element = parseElement(typeof x === "string" ? x : serialise(x, clientNamespace));
  if (!isOpen(session)) {
    throw new Error(`session ${session.id} is ${stateName(session.snapshot.value)}: it is sent something only while its stream is open`);
  }
  session.environment.batch.run(null, (step) => session.deliver(step, element));
}

/** This side's stream header is out, its end tag is not, and no TLS handshake is under way. */
function isOpen(session: SessionHost): boolean {
  const { snapshot, context } = session;
  return context.headerSent && typeOf(session) !== undefined && !snapshot.matches({ negotiating: "securing" });
}
