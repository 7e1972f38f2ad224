/** What a session knows: small JSON, so that it can be recorded and restored. Stanzas and secrets stay with the host. */
import type { Json } from "../src/domain/json.ts";
import type { BindWish, ResumeRefusal, ResumeWish, RosterVersion, TimerName } from "./session-events.ts";

export interface SessionPolicy {
  /** Milliseconds from the first byte to authentication, and again from there to binding. */
  readonly negotiationMs: number;
  /** Milliseconds that a closed stream waits for the peer's end tag (RFC 6120 section 4.4). */
  readonly closingMs: number;
  /** Milliseconds that a lost stream can be resumed, unless its client wants less; 0 where none can. */
  readonly resumptionMs: number;
  /** Failed logins before the stream is closed: 2 to 5 retries (RFC 6120 section 6.4.5). */
  readonly saslTriesMax: number;
  /** Failed binds before the stream is closed: 5 to 10 retries (RFC 6120 section 7.7.3). */
  readonly bindTriesMax: number;
}

export interface SessionInput {
  readonly at: number;
  /** TLS from the first byte (XEP-0368). */
  readonly secure: boolean;
  readonly policy: SessionPolicy;
}

/** What the client wants once it is known (XEP-0388 section 2.3), and what came of it so far. */
export interface Wishes {
  readonly resume: ResumeWish | null;
  readonly bind: BindWish | null;
  readonly refused: ResumeRefusal | null;
}

export interface SessionContext {
  readonly policy: SessionPolicy;
  readonly secure: boolean;
  /** This side's stream header is out, so a stream error needs none before it (RFC 6120 section 4.9.1.2). */
  readonly headerSent: boolean;
  /** What the header claims; believed only over TLS, and then only to be compared (RFC 6120 section 6.4.6). */
  readonly from: string | null;
  readonly host: string | null;
  readonly username: string | null;
  /** Which installation of a client it is, if that is known (XEP-0388 section 2.3); nobody else is told. */
  readonly device: string | null;
  /** What is still to be done before the login is confirmed; null where nothing is. */
  readonly wishes: Wishes | null;
  readonly resource: string | null;
  readonly roster: RosterVersion | null;
  /** -128..127, 0 until set. */
  readonly priority: number;
  /** Digest of the last available presence without `to`. */
  readonly presence: string | null;
  readonly directed: readonly string[];
  readonly saslFailures: number;
  /** Mechanisms that were refused: no failed logins, yet not without end. */
  readonly saslRefusals: number;
  readonly bindFailures: number;
  /** The iq of the bind under way. */
  readonly bindId: string | null;
  readonly management: "off" | "on" | "resumable";
  /** Milliseconds that this session's lost stream can be resumed; 0 unless it is resumable. */
  readonly resumptionMs: number;
  readonly extensions: Readonly<Record<string, Json>>;
  /** Armed deadlines, ms since 1970. */
  readonly timers: Readonly<Partial<Record<TimerName, number>>>;
  /** Why it ended, once it is closing. */
  readonly reason: string | null;
}

export type SessionTag = "notopen" | "c2s_unauthed" | "c2s" | "connected" | "available" | "interested";

export function initialContext({ policy, secure }: SessionInput): SessionContext {
  return {
    policy,
    secure,
    headerSent: false,
    from: null,
    host: null,
    username: null,
    device: null,
    wishes: null,
    resource: null,
    roster: null,
    priority: 0,
    presence: null,
    directed: [],
    saslFailures: 0,
    saslRefusals: 0,
    bindFailures: 0,
    bindId: null,
    management: "off",
    resumptionMs: 0,
    extensions: {},
    timers: {},
    reason: null,
  };
}

/** `username@host/resource`; only where all three are known. */
export function fullJid(context: Pick<SessionContext, "username" | "host" | "resource">): string {
  return `${context.username}@${context.host}/${context.resource}`;
}
