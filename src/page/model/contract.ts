/** What the parts of the page share: the store of what is known, and a recording of one session that can be looked at from any place. */
import type { ReadonlySignal, Signal } from "@preact/signals";
import type { SessionSnapshot } from "../../../machines/fold.ts";
import type { SessionEvent } from "../../../machines/session-events.ts";
import type { SessionSummary } from "../../domain/session-summary.ts";
import type { SessionView } from "../../domain/session-view.ts";
import type { Difference } from "../../history/differences.ts";
import type { Disagreement } from "../../history/session-fold.ts";
import type { SessionPast } from "../../history/session-past.ts";
import type { SessionRow } from "../../history/source.ts";
import type { StanzaOutline } from "../../history/seen.ts";
import type { Hello } from "../../inspector/protocol.ts";
import type { StoredFact } from "../../ports.ts";

/** One thing that happened in a session, in order. Nothing of an entry changes but what `durable` adds. */
export interface Entry {
  /** Its place in the recording, from 0. */
  readonly index: number;
  readonly at: number;
  /** Empty for what no step made. */
  readonly step: string;
  /** Its place in the log; null for what the log does not hold, or not yet. */
  readonly position: number | null;
  readonly what: Happening;
}

export type Happening =
  /** The watching began here, or the log does: the state whole. */
  | { readonly kind: "begun" }
  /** `transitions`: null where the page has not been told and has to find out itself. */
  | { readonly kind: "told"; readonly event: SessionEvent; readonly state: string; readonly transitions: readonly string[] | null }
  /** Facts besides SessionTold: queued, counted, acknowledged, ended … */
  | { readonly kind: "fact"; readonly fact: StoredFact }
  | { readonly kind: "wire"; readonly direction: "in" | "out"; readonly xml: string; readonly chars: number }
  | { readonly kind: "touched"; readonly other: { readonly session: string; readonly jid: string | null }; readonly stanza: StanzaOutline }
  | { readonly kind: "closed" };

/** Entries as people think of them: one exchange is one row. */
export interface TimelineRow {
  /** The same for as long as the recording lives. */
  readonly key: string;
  /** In order; the first one gives the row its place. */
  readonly entries: readonly Entry[];
  readonly at: number;
  /** From the question to its answer, milliseconds; null where there is none (yet). */
  readonly durationMs: number | null;
  readonly group: "stream" | "tls" | "sasl" | "bind" | "iq" | "message" | "presence" | "management" | "state" | "link" | "end" | "other";
  /** Who began it: the client, the server (other sessions included), or nobody outside; `waits` is what the server keeps for a client that is not there. */
  readonly from: "client" | "server" | "self" | "waits";
  /** A few words: `iq get jabber:iq:roster → result, 12 items`. */
  readonly title: string;
  /** A question without its answer, or an answer that is an error. */
  readonly mark: "open" | "failed" | null;
  /** The state after its last event, where that is another one than before. */
  readonly state: string | null;
}

/** The session as it was after one entry. */
export interface Moment {
  readonly index: number;
  /** null before the first state is known. */
  readonly snapshot: SessionSnapshot | null;
  readonly past: SessionPast | null;
  /** The paths of the active states, parents included: `connected`, `connected.link`, `connected.link.attached`. */
  readonly active: readonly string[];
  /** Names of the transitions that the last event at or before this entry took (`transitionId`). */
  readonly taken: readonly string[];
  /** That event; null where there was none. */
  readonly event: SessionEvent | null;
  /** Where the recording says something else than its fold, up to here. */
  readonly disagreements: readonly Disagreement[];
}

export interface Recording {
  readonly id: string;
  readonly stream: string | null;
  /** Whether more may come. */
  readonly live: boolean;
  readonly entries: readonly Entry[];
  /** Of its stream in the log, in order, as far as they are known; none where it has never logged in. An export holds them as they are. */
  readonly facts: readonly StoredFact[];
  /** What the log knows of it as a whole; null while it lives, and where the log does not know it. */
  readonly row: SessionRow | null;
  /** How many of its oldest entries are not kept any more, because there were too many. */
  readonly leftOut: number;
  readonly rows: readonly TimelineRow[];
  /** Of the row that an entry is in. */
  rowOf(index: number): TimelineRow | undefined;
  /** The session after entry `index`; folding is remembered, so that a slider can be dragged. Indexes outside are brought inside. */
  momentAt(index: number): Moment;
  /** What differs between two places, by name. */
  differences(from: number, to: number): readonly Difference[];
}

export type Route =
  | { readonly view: "overview" }
  /** `log`: what is asked of the log, "" for the newest; without it those that live. */
  | { readonly view: "sessions"; readonly log?: string }
  | { readonly view: "session"; readonly id: string; readonly tab: SessionTab }
  /** A client beside the session that it has (`Store.beside`). */
  | { readonly view: "chat"; readonly tab: SessionTab };

export type SessionTab = "chart" | "timeline" | "sequence" | "session";

export interface PageClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs `task` once after `ms`; returns the way to take it back. */
  after(ms: number, task: () => void): () => void;
}

export interface Totals {
  readonly at: number;
  readonly sessions: number;
  readonly told: number;
  readonly loginFailures: Readonly<Record<string, number>>;
}

/** Everything that the page shows comes from here, and everything that people do goes here. */
export interface Store {
  /** `refused`: the token is missing, wrong or too old; `closed`: the server went away, and is tried again. */
  readonly connection: ReadonlySignal<"connecting" | "open" | "closed" | "refused">;
  /** A few words about what is wrong; "" for nothing. */
  readonly problem: ReadonlySignal<string>;
  readonly hello: ReadonlySignal<Hello | undefined>;
  /** Those that live, by their id. The map is another one after each change. */
  readonly sessions: ReadonlySignal<ReadonlyMap<string, SessionSummary>>;
  /** The last two minutes, oldest first, one a second. */
  readonly totals: ReadonlySignal<readonly Totals[]>;
  /** How much this viewer has missed because it did not keep up. */
  readonly dropped: ReadonlySignal<number>;
  /** In the fragment of the address, so that back and forward work. */
  readonly route: Signal<Route>;
  /** The session that is looked at beside the chat, by its id; undefined for none. */
  readonly beside: Signal<string | undefined>;
  /** The session that is looked at: live, or from the log; undefined for none or while it is looked for. */
  readonly recording: ReadonlySignal<Recording | undefined>;
  /** Raised with each change of the recording, which is the same object. */
  readonly revision: ReadonlySignal<number>;
  /** The entry that is looked at; "last" follows what comes. */
  readonly place: Signal<number | "last">;
  /** The entry that it is compared with; undefined for none. */
  readonly mark: Signal<number | undefined>;
  /** The moment at `place`. */
  readonly moment: ReadonlySignal<Moment | undefined>;
  /** Sessions that begin from now on are watched from their first byte. */
  readonly watchNew: Signal<boolean>;
  /** Sessions of the log by bare JID or by the beginning of an id; the newest for "". Rejects with words for people. */
  find(text: string): Promise<readonly SessionRow[]>;
  /** Facts of other streams that belong to an entry's step. */
  related(entry: Entry): Promise<readonly StoredFact[]>;
  /**
   * The roster of the session's account after this entry, by the account's own facts. null where the log does not hold them; undefined
   * where there is none, or while it is not known: it is asked for when the documented session is shown and its place has rested.
   */
  rosterAt(index: number): SessionView["roster"] | undefined;
  /** The last JID that a session was known by, here; undefined for none, or once many others have gone. */
  lastName(id: string): string | undefined;
  /** The server's clock, ms since 1970. */
  now(): number;
}
