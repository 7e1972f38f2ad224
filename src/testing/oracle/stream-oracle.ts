/**
 * What a client can do next and what it must be answered, by the rules of `stream-legality.ts`, `management-legality.ts` and `inline-legality.ts`: a world of
 * streams and of the sessions of one user, with the counts of XEP-0198 section 4. Knows no server.
 */
import { inlineActions, inlineRules, type InlineAction } from "./inline-legality.ts";
import { managementActions, managementRules, type ManagementAction } from "./management-legality.ts";
import { streamActions, streamRules, type StreamAction } from "./stream-legality.ts";
import { phases, type Need, type Outcome, type Phase, type Rule, type Trait } from "./stream-rules.ts";

export type Action = StreamAction | ManagementAction | InlineAction;
export const actions: Readonly<Record<Action, Trait>> = { ...streamActions, ...managementActions, ...inlineActions };
export const rules: readonly Rule<Action>[] = [...streamRules, ...managementRules, ...inlineRules];

const byPhase: ReadonlyMap<Phase, readonly Rule<Action>[]> = new Map(phases.map((phase) => [phase, rules.filter((rule) => rule.phase === phase)]));

export interface StreamState {
  readonly phase: Phase;
  /** Its session, once a resource is bound. */
  readonly session: number | null;
  /** Logins that were tried and did not succeed, those given up for another included. */
  readonly attempts: number;
  /** Of these, those that were refused for what the client said. */
  readonly failures: number;
  readonly binds: number;
  readonly resumes: number;
}

export interface SessionState {
  readonly fate: "attached" | "lost" | "over" | "unclear";
  readonly counts: "nothing" | "stanzas" | "resumably";
  /** null where the server has made it. */
  readonly resource: string | null;
  /** Stanzas of the client, since it counts. Whole numbers that do not wrap. */
  readonly handled: number;
  readonly sent: number;
  readonly acknowledged: number;
  /** The stanzas that are not acknowledged, in words, in order. */
  readonly unacknowledged: readonly string[];
  /** The client has said on this session what it has. */
  readonly answered: boolean;
}

export interface World {
  readonly streams: readonly StreamState[];
  readonly sessions: readonly SessionState[];
}

/** Who acts: the client at one end of a stream, or nobody, for a session that has lost its stream. */
export type Actor = { readonly stream: number } | { readonly lost: number };

export interface Move {
  readonly actor: Actor;
  readonly rule: Rule<Action>;
  /** Of the stanza that is sent, where one is. */
  readonly id: string;
  /** The session that the action is about. */
  readonly session: number | null;
  /** The resource that is asked for. */
  readonly resource: string;
  /** The number that the client names, as it goes over the wire. */
  readonly h: number;
}

export const nowhere: World = { streams: [], sessions: [] };

/** The account that a header claims where it claims the wrong one. */
export const another = "juliet@localhost";

/** A client has connected; `phase` is where its stream begins. */
export function connected(world: World, phase: "opening" | "opening over TLS"): World {
  const stream: StreamState = { phase, session: null, attempts: 0, failures: 0, binds: 0, resumes: 0 };
  return { ...world, streams: [...world.streams, stream] };
}

export function phaseOf(world: World, actor: Actor): Phase {
  if ("stream" in actor) return world.streams[actor.stream]?.phase ?? "closed";
  return world.sessions[actor.lost]?.fate === "lost" ? "lost" : "closed";
}

/** The rules that apply now. */
export function possible(world: World, actor: Actor): readonly Rule<Action>[] {
  const phase = phaseOf(world, actor);
  return (byPhase.get(phase) ?? []).filter(({ action }) => (actions[action].needs ?? []).every((need) => holds(world, actor, action, need)));
}

/** `resource`: a new one. */
export function moveBy(world: World, actor: Actor, rule: Rule<Action>, id: string, resource: string): Move {
  const session = sessionFor(world, actor, rule.action);
  const about = session === null ? undefined : world.sessions[session];
  const conflicts = rule.action.startsWith("bind the resource");
  return { actor, rule, id, session, resource: (conflicts ? about?.resource : undefined) ?? resource, h: toWire(claimOf(about, rule.action)) };
}

/** An outcome with its words, of those that are allowed now. */
export interface Allowed {
  readonly answer: readonly string[];
  readonly other: readonly string[];
  readonly outcome: Outcome;
}

export function allowed(world: World, move: Move): readonly Allowed[] {
  const words = (templates: readonly string[]) => templates.flatMap((template) => render(world, move, template));
  return move.rule.outcomes
    .filter(({ from, until }) => (from ?? 0) <= attemptsOf(world, move) && failuresOf(world, move) <= (until ?? Infinity))
    .map((outcome) => ({ answer: words(outcome.answer), other: words(outcome.other ?? []), outcome }));
}

/** Whether these are the words of an answer, or the beginning of them. */
export function isAnswer(expected: readonly string[], words: readonly string[], whole: boolean): boolean {
  if (whole ? words.length !== expected.length : words.length > expected.length) return false;
  return words.every((word, index) => matches(expected[index] ?? "", word));
}

/** The world after a move that was answered with these words. */
export function after(world: World, move: Move, { outcome }: Allowed, words: readonly string[]): World {
  const { actor, rule: { phase, action }, session, resource } = move;
  if (action === "let the time pass") return { ...world, sessions: world.sessions.map((state) => (state.fate === "lost" ? { ...state, fate: "over" } : state)) };
  const next = outcome.next === "same" ? phase : outcome.next === "back" ? before(phase) : outcome.next;
  let { streams, sessions } = world;
  const setSession = (index: number, change: Partial<SessionState>) => (sessions = sessions.with(index, { ...sessions[index]!, ...change }));

  // Whose session it is from now on.
  let own = "lost" in actor ? actor.lost : (streams[actor.stream]?.session ?? null);
  if (outcome.takes !== undefined && session !== null) {
    streams = streams.map((stream) => (stream.session === session ? { ...stream, phase: "closed", session: null } : stream));
    if (outcome.takes === "its resource") setSession(session, { fate: "over" });
    else {
      const { acknowledged, sent, unacknowledged } = sessions[session]!;
      const known = Math.max(acknowledged, claimOf(sessions[session], action));
      setSession(session, { fate: "attached", acknowledged: known, unacknowledged: unacknowledged.slice(unacknowledged.length - (sent - known)) });
      own = session;
    }
  }
  if ((next === "bound" || next === "resumable") && own === null) {
    const made = words.some((word) => word.endsWith("as one made here"));
    sessions = [...sessions, { ...newSession, resource: made ? null : resource, counts: next === "bound" ? "nothing" : "resumably" }];
    own = sessions.length - 1;
  } else if (own !== null && outcome.takes === undefined) {
    setSession(own, countedAfter(sessions[own]!, move, [...words, ...(outcome.queues ?? []).flatMap((template) => render(world, move, template))]));
  }
  if (own !== null && phase === "bound" && (next === "counting" || next === "resumable")) setSession(own, { counts: next === "counting" ? "stanzas" : "resumably" });
  if (own !== null && next === "closed") setSession(own, { fate: fateAfter(outcome, phase) });

  if ("stream" in actor) {
    const stream = streams[actor.stream]!;
    streams = streams.with(actor.stream, { ...triedAfter(stream, move, words), phase: next, session: next === "closed" ? null : own });
  }
  return { streams, sessions };
}

/** A count as it goes over the wire: 32 bits (XEP-0198 section 4). */
export function toWire(count: number): number {
  return ((count % 2 ** 32) + 2 ** 32) % 2 ** 32;
}

const newSession: SessionState = {
  fate: "attached", counts: "nothing", resource: null, handled: 0, sent: 0, acknowledged: 0, unacknowledged: [], answered: false,
};

/** XEP-0198 section 4: what each side has counted after a move within a session. */
function countedAfter(session: SessionState, { rule: { action, phase } }: Move, words: readonly string[]): Partial<SessionState> {
  if (session.counts === "nothing") return {};
  const stanzas = words.filter((word) => /^(iq|message|presence|bound) /.test(word));
  const said = actions[action].claims !== undefined && !action.startsWith("resume");
  const claimed = claimOf(session, action);
  const acknowledged = said && claimed <= session.sent ? Math.max(session.acknowledged, claimed) : session.acknowledged;
  const unacknowledged = [...session.unacknowledged.slice(acknowledged - session.acknowledged), ...stanzas];
  return {
    handled: session.handled + (actions[action].stanza === true && phase !== "lost" ? 1 : 0),
    sent: session.sent + stanzas.length, acknowledged, unacknowledged, answered: session.answered || said,
  };
}

/** A session that can be resumed may live on when its stream ends; which one does depends on how it ended (XEP-0198 section 7). */
function fateAfter({ leaves }: Outcome, phase: Phase): SessionState["fate"] {
  return leaves === "lost" || (leaves === "unclear" && phase === "resumable") ? leaves : "over";
}

function triedAfter(stream: StreamState, { rule: { action, phase } }: Move, words: readonly string[]): StreamState {
  const failed = words.some((word) => word.startsWith("failure "));
  const refused = failed && !words.includes("failure invalid-mechanism");
  return {
    ...stream,
    attempts: stream.attempts + Number(failed) + Number(isGivenUp(action, phase)),
    failures: stream.failures + Number(refused),
    binds: stream.binds + Number(words.some((word) => action.startsWith("bind") && word.startsWith("iq error"))),
    resumes: stream.resumes + Number(action.startsWith("resume")),
  };
}

/** RFC 6120 section 6.4.2. */
const isGivenUp = (action: Action, phase: Phase): boolean => phase.startsWith("authenticating") && action.startsWith("log in");

function attemptsOf({ streams }: World, { actor, rule: { action, phase } }: Move): number {
  const stream = "stream" in actor ? streams[actor.stream] : undefined;
  if (stream === undefined) return 0;
  if (action.startsWith("bind")) return stream.binds + 1;
  if (action.startsWith("resume")) return stream.resumes + 1;
  return stream.attempts + 1 + Number(isGivenUp(action, phase));
}

function failuresOf(world: World, move: Move): number {
  const { actor, rule: { action } } = move;
  if (action.startsWith("bind")) return attemptsOf(world, move);
  return "stream" in actor ? (world.streams[actor.stream]?.failures ?? 0) + 1 : 0;
}

function before(phase: Phase): Phase {
  return phase === "authenticating" ? "offered" : phase === "authenticating over TLS" || phase === "signing in" ? "offered over TLS" : phase;
}

/** The session that an action is about: the one that it needs, the latest of them, or the stream's own. */
function sessionFor(world: World, actor: Actor, action: Action): number | null {
  const need = actions[action].needs?.find((need) => need.includes("session"));
  if (need !== undefined) {
    const found = world.sessions.findLastIndex((session, index) => isSuch(world, actor, session, index, need, action));
    return found === -1 ? null : found;
  }
  return "lost" in actor ? actor.lost : (world.streams[actor.stream]?.session ?? null);
}

function isSuch(world: World, actor: Actor, session: SessionState, index: number, need: Need, action: Action): boolean {
  if ("stream" in actor && world.streams[actor.stream]?.session === index) return false;
  if (action.startsWith("bind") && session.resource === null) return false;
  const { fate, counts } = session;
  switch (need) {
    case "an attached session":
      return fate === "attached";
    case "an attached resumable session":
      return fate === "attached" && counts === "resumably";
    case "a lost session":
      return fate === "lost";
    case "an ended session":
      return fate === "over" && counts === "resumably";
    default:
      return fate === "unclear";
  }
}

function holds(world: World, actor: Actor, action: Action, need: Need): boolean {
  const index = sessionFor(world, actor, action);
  const session = index === null ? undefined : world.sessions[index];
  const waiting = session === undefined ? 0 : session.sent - session.acknowledged;
  switch (need) {
    case "no stream in negotiation":
      return world.streams.every(({ phase }) => ["bound", "counting", "resumable", "closed"].includes(phase));
    case "something unacknowledged":
      return waiting > 0;
    case "two unacknowledged":
      return waiting > 1;
    case "something acknowledged":
      return session !== undefined && session.acknowledged > 0;
    case "no acknowledgement yet":
      return session?.answered === false;
    case "an acknowledgement before":
      return session?.answered === true;
    default:
      return session !== undefined;
  }
}

function claimOf(session: SessionState | undefined, action: Action): number {
  const { acknowledged, sent } = session ?? newSession;
  switch (actions[action].claims) {
    case "acknowledged+1":
      return acknowledged + 1;
    case "acknowledged-1":
      return acknowledged - 1;
    case "sent":
      return sent;
    case "sent+1":
      return sent + 1;
    default:
      return acknowledged;
  }
}

function render(world: World, move: Move, template: string): readonly string[] {
  const session = move.session === null ? newSession : world.sessions[move.session]!;
  const own = "stream" in move.actor && world.streams[move.actor.stream]?.session === move.session;
  const handled = session.handled + Number(own && actions[move.rule.action].stanza === true);
  if (template === "{unacknowledged}") {
    const known = Math.max(session.acknowledged, claimOf(session, move.rule.action));
    return session.unacknowledged.slice(known - session.acknowledged);
  }
  const values: Readonly<Record<string, string>> = {
    id: move.id, resource: move.resource, another, session: `s${move.session}`, h: String(move.h),
    handled: String(toWire(handled)), sent: String(toWire(session.sent)),
  };
  return [template.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "")];
}

function matches(template: string, word: string): boolean {
  if (!template.includes("*")) return template === word;
  const pattern = template.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".+");
  return new RegExp(`^${pattern}$`).test(word);
}
