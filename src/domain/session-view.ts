/** What people are shown of a session: its documented properties under their documented names. Plain JSON. */
export interface SessionView {
  readonly id: string;
  /** The states of the machine, joined by dots: `connected.available`. */
  readonly state: string;
  /** null while the stream is closing, when it is neither. */
  readonly type: "c2s_unauthed" | "c2s" | null;
  /** Until the stream header has arrived, the one after TLS or SASL included. */
  readonly notopen: boolean;
  /** null before authentication. */
  readonly username: string | null;
  /** null before the stream header. */
  readonly host: string | null;
  /** null before resource binding. */
  readonly resource: string | null;
  /** `username@host/resource`; null before resource binding. */
  readonly full_jid: string | null;
  /** -128..127 (RFC 6121 section 4.7.2.3). */
  readonly priority: number;
  /** The last non-directed presence stanza without a type, as text; null when unavailable. */
  readonly presence: string | null;
  /** true once the resource has asked for the roster; null before. */
  readonly interested: boolean | null;
  /** null before resource binding. */
  readonly roster: { readonly version: string; readonly items: number } | null;
  /** null while no connection is attached. */
  readonly conn: ConnectionView | null;
}

export interface ConnectionView {
  /** The peer's IP address. */
  readonly address: string;
  readonly transport: string;
  /** The version of TLS; null in the clear. */
  readonly secure: string | null;
  /** When it was made, ms since 1970: later than the session, once it was resumed. */
  readonly since: number;
}
