/** What a sequence diagram of a span of a recording shows: who takes part, what went from one to another, and where the state changed. */
import type { SessionFactType } from "../../domain/session-facts.ts";
import { dataOf } from "../../history/session-fold.ts";
import type { StoredFact } from "../../ports.ts";
import type { Entry } from "./contract.ts";
import { labelOf, outlineOf, short, words, type WireOutline } from "./wire.ts";

export interface Lane {
  /** `client`, `server`, or the JID (the session's id where it has none yet) of another one. */
  readonly key: string;
  readonly kind: "client" | "server" | "other";
  /** For people: the session's own JID or `client`, the host or `server`, the other's JID. */
  readonly title: string;
}

/** In order, from above to below. */
export type SequenceStep =
  | {
      readonly kind: "arrow";
      /** Of the entry, in the recording. */
      readonly index: number;
      readonly at: number;
      /** Places in `lanes`. */
      readonly from: number;
      readonly to: number;
      /** The lane of the other session that it came from to the server; null where it is the server's own, or not known. */
      readonly origin: number | null;
      /** A few words: `iq get jabber:iq:roster`, `message chat`. */
      readonly label: string;
      /** A stream error, an error as an answer, a failed login. */
      readonly failed: boolean;
      /** Something of it is not shown: `[42 characters]` stands in its place. */
      readonly withheld: boolean;
    }
  | {
      readonly kind: "note";
      readonly index: number;
      readonly at: number;
      /** The lane that it lies on: always the server's. */
      readonly lane: number;
      /** `state`: the state that was entered, by its name; `event`: something that no arrow shows, by the event's name. */
      readonly about: "state" | "event";
      readonly text: string;
    };

export interface SequenceDiagram {
  /** The client first, then the server, then the others in the order in which they come. */
  readonly lanes: readonly Lane[];
  readonly steps: readonly SequenceStep[];
  /** Whether nothing of the wire is known. */
  readonly unwatched: boolean;
  /** Steps that are left out on either side, because there are more than `max`. */
  readonly before: number;
  readonly after: number;
}

export interface SequenceOptions {
  /** At most so many steps are kept: those around `place`. Default: 300. */
  readonly max?: number;
  /** The index of the entry that is looked at. Default: the last. */
  readonly place?: number;
  /** The session's JID and its host, for the lanes' titles. */
  readonly jid?: string | null;
  readonly host?: string | null;
}

/** Of these entries of a recording, in order. */
export function sequenceOf(entries: readonly Entry[], { max = 300, place = Infinity, jid = null, host = null }: SequenceOptions = {}): SequenceDiagram {
  const shown = shownOf(entries, jid);
  const [from, to] = spanAround(shown, place, max);
  const lanes = new Lanes(jid, host);
  const steps = shown.slice(from, to).map((one) => stepOf(one, lanes));
  const unwatched = !entries.some(({ what }) => what.kind === "wire");
  return { lanes: lanes.all, steps, unwatched, before: from, after: shown.length - to };
}

/** An entry that makes a step, and what it is about if that is a state. */
interface Shown {
  readonly entry: Entry;
  readonly entered: string | undefined;
  /** For a client that is not there: it went no further than the server. */
  readonly waits: boolean;
}

/** What is told is shown where it changes the state, or where nothing of the wire shows it; so are stanzas of which the log alone knows. */
function shownOf(entries: readonly Entry[], own: string | null): readonly Shown[] {
  let state: string | undefined;
  let wireStep = "";
  const wireSteps = new Set(entries.flatMap(({ step, what }) => (what.kind === "wire" ? [step] : [])));
  const shown: Shown[] = [];
  for (const entry of entries) {
    const { step, what } = entry;
    if (what.kind === "told") {
      const entered = what.state === state ? undefined : what.state;
      state = what.state;
      if (entered !== undefined || step === "" || step !== wireStep) shown.push({ entry, entered, waits: false });
    } else if (what.kind === "wire" || what.kind === "touched" || what.kind === "closed") {
      if (what.kind === "wire") wireStep = step;
      shown.push({ entry, entered: undefined, waits: false });
    } else if (what.kind === "fact" && !wireSteps.has(step) && passed.has(what.fact.type)) {
      const waits = what.fact.type === "StanzaQueued" && state?.includes("hibernating") === true;
      // What the server itself put aside went nowhere yet.
      if (!waits || originOf(what.fact, own) !== null) shown.push({ entry, entered: undefined, waits });
    }
  }
  return shown;
}

/** Facts of what went over the wire. */
const passed: ReadonlySet<string> = new Set<SessionFactType>(["StanzaQueued", "StanzasAcknowledged"]);

/** Of `max`, a third comes after what is looked at, where there are as many. */
function spanAround(shown: readonly Shown[], place: number, max: number): readonly [from: number, to: number] {
  const looked = Math.max(shown.findLastIndex(({ entry }) => entry.index <= place), 0);
  const to = Math.min(shown.length, Math.max(looked + 1 + Math.floor(max / 3), max));
  return [Math.max(0, to - max), to];
}

function stepOf({ entry: { index, at, what }, entered, waits }: Shown, lanes: Lanes): SequenceStep {
  switch (what.kind) {
    case "wire": {
      const outline = outlineOf(what.xml);
      const [from, to] = what.direction === "in" ? [0, 1] : [1, 0];
      const origin = what.direction === "out" && outline.name === "message" ? lanes.placeOfOrigin(sessionIn(outline.attributes["from"], lanes.own)) : null;
      return { kind: "arrow", index, at, from, to, origin, label: labelOf(outline), failed: isFailure(outline), withheld: withheld.test(what.xml) };
    }
    case "touched": {
      const { stanza, other } = what;
      const label = words(short(stanza.name), short(stanza.type ?? ""));
      return { kind: "arrow", index, at, from: 1, to: lanes.placeOf(other.jid ?? other.session), origin: null, label, failed: stanza.type === "error", withheld: false };
    }
    case "told":
      return { kind: "note", index, at, lane: 1, about: entered === undefined ? "event" : "state", text: short(entered ?? what.event.type, 120) };
    case "fact":
      return arrowOfFact(what.fact, index, at, waits, lanes);
    default:
      return { kind: "note", index, at, lane: 1, about: "event", text: what.kind };
  }
}

function arrowOfFact(fact: StoredFact, index: number, at: number, waits: boolean, lanes: Lanes): SequenceStep {
  if (fact.type === "StanzasAcknowledged") {
    const { acknowledged } = dataOf(fact, "StanzasAcknowledged");
    return { kind: "arrow", index, at, from: 0, to: 1, origin: null, label: `ack ${acknowledged}`, failed: false, withheld: false };
  }
  const { kind, type } = dataOf(fact, "StanzaQueued");
  const origin = lanes.placeOfOrigin(originOf(fact, lanes.own));
  const whole = { kind: "arrow", index, at, label: waits ? `${kind} waits` : words(kind, short(type)), failed: type === "error", withheld: true } as const;
  return waits && origin !== null ? { ...whole, from: origin, to: 1, origin: null } : { ...whole, from: 1, to: 0, origin };
}

/** Of a message that was queued: the other session that it came from, if it is known. */
function originOf(fact: StoredFact, own: string | null): string | null {
  const { kind, from, copy } = dataOf(fact, "StanzaQueued");
  return kind === "message" && !copy ? sessionIn(from, own) : null;
}

/** A full JID is of a session; null for what is the server's, the account's or the session's own. */
function sessionIn(from: string | null | undefined, own: string | null): string | null {
  return from === null || from === undefined || !from.includes("/") || from === own ? null : from;
}

class Lanes {
  readonly all: Lane[];
  readonly #places = new Map<string, number>();
  /** The session's own JID. */
  readonly own: string | null;

  constructor(jid: string | null, host: string | null) {
    this.own = jid;
    this.all = [
      { key: "client", kind: "client", title: short(jid ?? "client") },
      { key: "server", kind: "server", title: short(host ?? "server") },
    ];
  }

  placeOfOrigin(key: string | null): number | null {
    return key === null ? null : this.placeOf(key);
  }

  placeOf(key: string): number {
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.all.length);
    this.all.push({ key, kind: "other", title: short(key) });
    return this.all.length - 1;
  }
}

const withheld = /\[(?:\d+ characters?|withheld)\]/;

function isFailure({ name, attributes }: WireOutline): boolean {
  return attributes["type"] === "error" || name === "failure" || name === "failed" || name === "stream:error" || name === "error";
}
