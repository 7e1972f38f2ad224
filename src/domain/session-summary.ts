/** One line about a session that lives: what a list of thousands can show of each. Plain JSON. */
export interface SessionSummary {
  readonly id: string;
  /** The full JID once it is bound, the bare one once it is known who it is; null before. */
  readonly jid: string | null;
  /** The states of the machine, as in SessionView. */
  readonly state: string;
  readonly tags: readonly string[];
  /** The peer's IP address; null while no connection is attached. */
  readonly address: string | null;
  /** The version of TLS; null in the clear and without a connection. */
  readonly secure: string | null;
  /** When it began, ms since 1970. */
  readonly since: number;
  /** First-level elements that came from the client, and stanzas that were delivered to it, in this process. */
  readonly received: number;
  readonly delivered: number;
  /** Stanzas that wait for the client's acknowledgement; null unless it counts them (XEP-0198). */
  readonly queue: number | null;
}
