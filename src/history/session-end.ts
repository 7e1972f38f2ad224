/** Why a session ended: the events that led there, what they came of, and what became of what its client had not got. */
import { stateName } from "../../machines/state-name.ts";
import type { SessionEvent } from "../../machines/session-events.ts";
import { resumptionGraceMs } from "../domain/limits.ts";
import type { StoredFact } from "../ports.ts";
import type { Neighbourhood } from "./neighbourhood.ts";
import { duration, time } from "./plain-words.ts";
import { dataOf, type Disagreement, evolveSession, eventOf, type QueuedStanza, type SessionMoment } from "./session-fold.ts";
import { type Beside, sessionPast, type SessionPast } from "./session-past.ts";
import { factWords, stanzaWords } from "./words.ts";

export interface EndExplanation {
  readonly id: string;
  /** Full, or bare if no resource was ever bound. */
  readonly jid: string;
  /** ms since 1970: of its authentication and of its end; null while it lives. */
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** One sentence, without a full stop. */
  readonly summary: string;
  /** The rule that says so, where one does. */
  readonly rule: string | null;
  readonly chain: readonly ChainLink[];
  /** Everything else that befell its link, in order: losses, resumptions, stops and starts of the server. None that is in `chain`. */
  readonly life: readonly ChainLink[];
  /** What its client had not acknowledged, with what the log says of it. */
  readonly unacknowledged: readonly { readonly stanza: string; readonly number: number; readonly wentTo: string }[];
  readonly last: SessionPast;
  readonly disagreements: readonly Disagreement[];
}

/** One fact that led there. */
export interface ChainLink {
  readonly position: number;
  readonly at: number;
  /** `event`: of the session itself; `with`: of another stream, in the same step; `cause`: of the step that led to it. */
  readonly relation: "event" | "with" | "cause";
  readonly stream: string;
  readonly text: string;
  /** The state that a session is in since; null where it is no session's. */
  readonly state: string | null;
}

export interface Now extends Pick<Beside, "roster"> {
  /** Whether a server has the session now; without one nobody can come back to it before the next start. Default: true. */
  readonly running?: boolean;
}

/** A fact of the session, and when it cannot be resumed any more by what its machine has armed since. */
interface Turn {
  readonly fact: StoredFact;
  readonly until: number | undefined;
}

/** Takes the facts of the session's stream in order; `explain` then needs what is near the place of `decisive`. */
export class SessionEnd {
  #moment: SessionMoment | undefined;
  #full: string | undefined;
  #startedAt: number | undefined;
  /** Told since the session was last what its user wanted it to be: attached, and not about to end. */
  #tail: Turn[] = [];
  readonly #life: Turn[] = [];
  #decisive: { readonly fact: StoredFact; readonly queue: readonly QueuedStanza[] } | undefined;
  readonly #disagreements: Disagreement[] = [];

  take(fact: StoredFact): void {
    this.#startedAt ??= fact.at;
    const before = this.#moment;
    const { moment, disagreements } = evolveSession(before, fact);
    this.#moment = moment;
    this.#disagreements.push(...disagreements);
    if (moment === undefined) return;
    this.#full = sessionPast(moment).session.full_jid ?? this.#full;
    if (fact.type === "SessionEnded") this.#decide(fact, before);
    if (fact.type !== "SessionTold") return;
    const state = stateName(moment.machine.value);
    const ends = state === "closing" || state === "closed";
    const turn = { fact, until: moment.machine.context.timers.resumption };
    if (befallsLink(eventOf(fact))) this.#life.push(turn);
    // What changes nothing on the way to the end, presence above all, did not lead there.
    if (!ends && !state.includes("hibernating")) this.#tail = [];
    else if (ends || leadsOn(eventOf(fact))) this.#tail.push(turn);
    if (ends) this.#decide(fact, before);
  }

  /** Where to look for what it came of; undefined while the session lives. */
  get decisive(): StoredFact | undefined {
    return this.#decisive?.fact;
  }

  /** undefined if the stream has no snapshot. */
  explain(near: Neighbourhood, { roster, running = true }: Now = {}): EndExplanation | undefined {
    const moment = this.#moment;
    if (moment === undefined) return undefined;
    const last = sessionPast(moment, { roster });
    const { username, host, id } = last.session;
    const events = this.#tail.map(({ fact, until }) => link(fact, "event", until));
    const beside = this.#tail.flatMap(({ fact }) => [
      ...near.causesOf(fact.cause).flat().map((cause) => link(cause, "cause")),
      ...near.ofStep(fact.step).filter(isTelling(moment.stream)).map((other) => link(other, "with")),
    ]);
    const chain = inOrder([...events, ...beside]);
    const told = new Set(chain.map(({ position }) => position));
    return {
      id,
      jid: this.#full ?? `${username}@${host}`,
      startedAt: this.#startedAt ?? moment.at,
      endedAt: last.ended ? (this.#decisive?.fact.at ?? moment.at) : null,
      ...this.#verdict(last, running),
      chain,
      life: this.#life.filter(({ fact }) => !told.has(fact.position)).map(({ fact, until }) => link(fact, "event", until)),
      unacknowledged: this.#unacknowledged(near),
      last,
      disagreements: this.#disagreements,
    };
  }

  /** The first one counts: what follows is its consequence. */
  #decide(fact: StoredFact, before: SessionMoment | undefined): void {
    this.#decisive ??= { fact, queue: before?.queue ?? [] };
  }

  #verdict(last: SessionPast, running: boolean): Pick<EndExplanation, "summary" | "rule"> {
    const { session, reason, ended, link, timers } = last;
    const name = this.#full ?? `${session.username}@${session.host}`;
    if (!ended && !running) return waitingForServer(name, last);
    if (!ended) {
      const deadline = timers.resumption === undefined ? "" : `, until ${time(timers.resumption)}`;
      if (link === "hibernating") return { summary: `${name} has not ended: it waits for its client to resume it${deadline}`, rule: "XEP-0198 section 5" };
      return { summary: `${name} has not ended: it is ${session.state}`, rule: null };
    }
    const event = this.#decisive === undefined || this.#decisive.fact.type !== "SessionTold" ? undefined : eventOf(this.#decisive.fact);
    return { summary: `${name} has ended: ${reason === null || reason === "" ? "the log does not say why" : reason}`, rule: event === undefined ? null : ruleOf(event) };
  }

  #unacknowledged(near: Neighbourhood): EndExplanation["unacknowledged"] {
    const { fact, queue } = this.#decisive ?? {};
    const others = fact === undefined ? [] : near.ofStep(fact.step);
    return (queue ?? []).map((stanza) => ({ number: stanza.number, stanza: stanzaWords(stanza), wentTo: destinationOf(stanza, others) }));
  }
}

/** Events of a session without a link that had a part in its end. */
function leadsOn({ type }: SessionEvent): boolean {
  return ["link.lost", "server.stopping", "server.recovered", "queue.overflowed"].includes(type);
}

function befallsLink({ type }: SessionEvent): boolean {
  return ["link.lost", "link.attached", "server.stopping", "server.recovered"].includes(type);
}

/** What the next start makes of a session that has not ended. */
function waitingForServer(name: string, { at, session, link, timers, management, resumptionMs }: SessionPast): Pick<EndExplanation, "summary" | "rule"> {
  const waits = link === "hibernating";
  const was = `${name} has not ended, and no server runs; where its log stops (${time(at)}) it ${waits ? "waited for its client" : `was ${session.state}`}`;
  if (session.full_jid === null || management !== "resumable") return { summary: `${was}; at the next start it ends, for it cannot be resumed`, rule: null };
  const least = duration(resumptionGraceMs);
  const deadline = waits && timers.resumption !== undefined
    ? `until ${time(timers.resumption)}, and for ${least} from that start at least`
    : `for ${duration(Math.max(resumptionMs, resumptionGraceMs))} from that start`;
  return { summary: `${was}; at the next start it can be resumed ${deadline}`, rule: "XEP-0198 section 5" };
}

/** Facts of other streams that say more than that something was counted. */
function isTelling(own: string) {
  return ({ stream, type }: StoredFact) => stream !== own && !countings.has(type);
}

const countings: ReadonlySet<string> = new Set([
  "SessionSnapshotTaken", "StanzaQueued", "StanzasCounted", "StanzasAcknowledged", "QueueDropped", "StanzaHeld", "HeldStanzasReleased", "OfflineMessageStored", "OfflineMessagesRemoved",
]);

function destinationOf({ id, kind, type, copy }: QueuedStanza, others: readonly StoredFact[]): string {
  const taken = others.filter((fact) => {
    const data = fact.data as { readonly id?: unknown };
    return (fact.type === "StanzaQueued" || fact.type === "OfflineMessageStored") && id !== null && data.id === id;
  });
  if (taken.length > 0) return taken.map((fact) => `${factWords(fact)} in ${fact.stream} at ${fact.position}`).join("; ");
  if (copy || kind === "presence" || ["error", "headline", "result"].includes(type)) return "dropped: nobody misses it";
  if (kind === "iq" || type === "groupchat") return "answered service-unavailable to its sender, if that was still there";
  return "given to a resource that does not count stanzas, or back to its sender; that leaves no trace";
}

function link(fact: StoredFact, relation: ChainLink["relation"], until?: number): ChainLink {
  const { position, at, stream } = fact;
  const state = fact.type === "SessionTold" ? dataOf(fact, "SessionTold").state : null;
  return { position, at, relation, stream, text: factWords(fact, until), state };
}

function inOrder(links: readonly ChainLink[]): readonly ChainLink[] {
  const byPosition = new Map(links.toReversed().map((link) => [link.position, link]));
  return [...byPosition.values()].toSorted((a, b) => a.position - b.position);
}

/** The rule by which an event ends a session. */
function ruleOf(event: SessionEvent): string | null {
  if (event.type === "timer.expired") return event.name === "resumption" ? "XEP-0198 section 5" : "RFC 6120 section 4.9.3.4";
  return rules[event.type] ?? null;
}

const rules: Readonly<Partial<Record<SessionEvent["type"], string>>> = {
  "stream.ended": "RFC 6120 section 4.4",
  "stream.failed": "RFC 6120 section 4.9",
  "link.lost": "RFC 6120 section 4.6.1",
  "session.replaced": "RFC 6120 section 7.7.2.2",
  "account.removed": "RFC 6120 section 4.9.3.12",
  "bind.failed": "RFC 6120 section 7.7.3",
  "sasl.failed": "RFC 6120 section 6.4.5",
  "management.requested": "XEP-0198 section 3",
  "queue.overflowed": "XEP-0198 section 4",
  "resume.granted": "XEP-0198 section 5",
  "host.failed": "RFC 6120 section 4.9.3.8",
  "server.stopping": "RFC 6120 section 4.9.3.20",
  "server.recovered": "XEP-0198 section 5",
};
