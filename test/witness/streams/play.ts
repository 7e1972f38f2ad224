/** Plays scripts between the three witnesses: what the rules allow, what the machine asks for, what the server says. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  after, allowed, connected, isAnswer, moveBy, nowhere, phaseOf, possible, type Action, type Actor, type Move, type World,
} from "../../../src/testing/oracle/stream-oracle.ts";
import type { Phase, Rule } from "../../../src/testing/oracle/stream-rules.ts";
import { connectRaw } from "../../support/raw-client.ts";
import { actorsIn, decide } from "./decisions.ts";
import { MachineWitness } from "./machine-witness.ts";
import { control } from "./machine-words.ts";
import { answerOf, lastWords, markerOf, patienceMs } from "./reading.ts";
import type { Stage } from "./stage.ts";
import { textOf, type Speaker } from "./texts.ts";
import { Wire, type Remembered } from "./wire.ts";

/** TLS from the first byte, or not. */
export type Way = "clear" | "tls";
/**
 * What comes next: a connection, an action by its name, or a number that decides it among what is possible. `leap`: the counts of the
 * newest session, which is lost and has nothing unacknowledged, are so high, and the server starts again. `insistOn`: again and again,
 * until the stream is closed for it.
 */
export type Pick = number | { readonly connect: Way } | { readonly leap: number } | { readonly insistOn: Action } | Action;
export type Picks = readonly Pick[];
export interface Script {
  /** On a server where nobody logs in without TLS. */
  readonly strict: boolean;
  readonly picks: Picks;
  /** So many picks at the beginning are only the way to the others: what follows an answer is looked at with the next one. */
  readonly hasty?: number;
}

export interface Stages {
  readonly open: Stage;
  readonly strict: Stage;
}

/** How often each rule was played, by its name. */
export type Played = Map<string, number>;

export const nameOf = ({ phase, action }: { readonly phase: Phase; readonly action: Action }): string => `${phase}: ${action}`;

/** The witnesses differ, or one of them says what is not allowed. */
export class Disagreement extends Error {}

/** More than any rule allows. */
const triesMax = 20;
let runs = 0;

/** Rejects with a Disagreement that holds the conversation. */
export async function play(stages: Stages, { strict, picks, hasty = 0 }: Script, played: Played): Promise<void> {
  const run = new Run(strict ? stages.strict : stages.open, played);
  try {
    for (const [index, pick] of picks.entries()) await run.take(pick, index < hasty);
    await run.end();
  } finally {
    run.leave();
  }
}

class Run {
  readonly #stage: Stage;
  readonly #played: Played;
  readonly #prefix = `w${++runs}-`;
  readonly #machine: MachineWitness;
  readonly #remembered: Remembered;
  readonly #wires: Wire[] = [];
  readonly #logins: ("SCRAM" | "PLAIN")[] = [];
  /** The full JID of each session. */
  readonly #jids: string[] = [];
  readonly #lines: string[] = [];
  #world: World = nowhere;
  #moves = 0;
  #hasty = false;

  constructor(stage: Stage, played: Played) {
    this.#stage = stage;
    this.#played = played;
    this.#machine = new MachineWitness(stage.user);
    const isAskedResource = (resource: string) => resource.startsWith(this.#prefix);
    this.#remembered = { sessions: new Map(), streamIds: stage.streamIds, isAskedResource };
  }

  async take(pick: Pick, hasty: boolean): Promise<void> {
    this.#hasty = hasty;
    if (typeof pick === "object") {
      if ("insistOn" in pick) return this.#insistOn(pick.insistOn);
      return "leap" in pick ? this.#leap(pick.leap) : this.#connect(pick.connect);
    }
    if (typeof pick === "string") return this.#act(this.#actorFor(pick), pick);
    return this.#decide(pick);
  }

  /** No stream was told anything that it was not to be told. */
  async end(): Promise<void> {
    for (const [stream, { phase }] of this.#world.streams.entries()) {
      const marker = markerOf(this.#world, stream);
      if (phase === "closed" || marker === undefined) continue;
      this.#wires[stream]!.send(marker.text);
      const word = await this.#wires[stream]!.next(patienceMs);
      if (word !== marker.answer) throw this.#disagreement(`in the end stream ${stream} is told ${word}, expected ${marker.answer}`);
    }
  }

  leave(): void {
    for (const { raw } of this.#wires) raw.destroy();
  }

  async #decide(number: number): Promise<void> {
    const decision = decide(this.#world, number);
    if (decision === undefined) return;
    if (!decision.comes) return this.#move(decision.actor, decision.rule);
    await this.#connect(decision.overTls ? "tls" : "clear");
    // Where it is not offered in the clear, logging in is for the numbers that follow.
    if (!decision.logsIn || (this.#stage.strict && !decision.overTls)) return;
    for (const action of ["open the stream", "log in", "open the stream"] as const) await this.#act({ stream: this.#wires.length - 1 }, action);
  }

  #actorFor(action: Action): Actor {
    const actor = actorsIn(this.#world).find((actor) => possible(this.#world, actor).some((rule) => rule.action === action));
    if (actor === undefined) throw new Error(`nobody can ${action} now: ${JSON.stringify(this.#world)}`);
    return actor;
  }

  async #connect(way: Way): Promise<void> {
    const { server } = this.#stage;
    const raw = await connectRaw(way === "tls" ? { port: server.tlsPort, tls: "direct" } : { port: server.port });
    this.#wires.push(new Wire(raw, this.#remembered));
    this.#logins.push("PLAIN");
    this.#machine.connect(way === "tls");
    this.#world = connected(this.#world, way === "tls" ? "opening over TLS" : "opening");
    this.#lines.push(`${this.#wires.length - 1} connects (${way})`);
  }

  async #insistOn(action: Action): Promise<void> {
    const actor = this.#actorFor(action);
    for (let tries = 0; tries < triesMax && phaseOf(this.#world, actor) !== "closed"; tries++) await this.#act(actor, action);
  }

  async #act(actor: Actor, action: Action): Promise<void> {
    const rule = possible(this.#world, actor).find((rule) => rule.action === action);
    if (rule === undefined) throw new Error(`${action} cannot be done in phase ${phaseOf(this.#world, actor)}`);
    await this.#move(actor, rule);
  }

  async #move(actor: Actor, rule: Rule<Action>): Promise<void> {
    const number = ++this.#moves;
    const move = moveBy(this.#world, actor, rule, `m${this.#prefix}${number}`, `${this.#prefix}${number}`);
    const world = this.#world;
    const formerStream = world.streams.findIndex(({ session }) => session !== null && session === move.session);
    this.#lines.push(`${"stream" in actor ? actor.stream : `session ${actor.lost}`} → ${rule.action}`);
    this.#played.set(nameOf(rule), (this.#played.get(nameOf(rule)) ?? 0) + 1);

    const words = await this.#perform(move);
    for (const word of words) this.#lines.push(`  ← ${word}`);
    const choices = allowed(world, move);
    const chosen = choices.find(({ answer }) => isAnswer(answer, words, true));
    if (chosen === undefined) {
      throw this.#disagreement(`${nameOf(rule)} (${rule.source})\n  allowed: ${choices.map(({ answer }) => answer.join(", ") || "nothing").join(" | ")}\n  server:  ${words.join(", ") || "nothing"}`);
    }
    const other = chosen.other.length === 0 ? [] : await lastWords(this.#wires[formerStream]);
    if (!isAnswer(chosen.other, other, true)) {
      throw this.#disagreement(`${nameOf(rule)} (${rule.source})\n  allowed to stream ${formerStream}: ${chosen.other.join(", ")}\n  server: ${other.join(", ") || "nothing"}`);
    }
    this.#world = after(world, move, chosen, words);
    this.#remember(move);
    this.#compareMachine(move, world, words, other);
    await this.#checkPartner(move);
  }

  /** What the actor reads until it is certain that nothing more follows. */
  async #perform(move: Move): Promise<readonly string[]> {
    const { actor, rule: { action, phase } } = move;
    if ("lost" in actor) {
      if (action === "hear from a partner") await this.#stage.partnerSends(this.#jids[actor.lost]!, move.id);
      else await this.#letTimePass();
      return [];
    }
    const wire = this.#wires[actor.stream]!;
    switch (action) {
      case "shake hands":
        await wire.raw.startTls();
        wire.listen();
        return [];
      case "vanish":
        wire.raw.destroy();
        return [];
      case "send no handshake":
        wire.send(this.#textOf(move));
        return [(await wire.silentEnd(patienceMs)) ? "gone" : "end"];
      case "close the connection":
        wire.raw.end();
        if (phase === "securing") return [(await wire.silentEnd(patienceMs)) ? "gone" : "end"];
        break;
      case "hear from a partner":
        await this.#stage.partnerSends(this.#jids[this.#world.streams[actor.stream]!.session!]!, move.id);
        break;
      default:
        if (phase.startsWith("opening") || phase === "authenticated") wire.restart();
        if (action === "log in by SCRAM" || action === "log in at once by SCRAM") this.#logins[actor.stream] = "SCRAM";
        else if (action.startsWith("log in")) this.#logins[actor.stream] = "PLAIN";
        wire.send(this.#textOf(move));
    }
    return answerOf(wire, allowed(this.#world, move), (chosen, words) =>
      this.#hasty && words.length > 0 ? undefined : markerOf(after(this.#world, move, chosen, words), actor.stream));
  }

  #remember({ actor }: Move): void {
    if (!("stream" in actor)) return;
    const wire = this.#wires[actor.stream]!;
    const { session } = this.#world.streams[actor.stream]!;
    if (session === null) return;
    if (this.#jids[session] === undefined) {
      this.#jids[session] = wire.jid;
      this.#machine.bound(actor.stream, session);
    }
    if (wire.id !== "") this.#remembered.sessions.set(wire.id, `s${session}`);
    wire.id = "";
  }

  #compareMachine(move: Move, before: World, words: readonly string[], other: readonly string[]): void {
    const { actor, rule } = move;
    const about = move.session === null ? undefined : before.sessions[move.session];
    const testimony = this.#machine.act(move, about, words);
    const resumes = rule.action.startsWith("resume");
    // What the machine of the resumed session says goes over the new stream; what its former stream is told, the machine does not know.
    const said = resumes && testimony.words !== undefined ? [...testimony.words, ...testimony.other] : testimony.words;
    const heard = control(words, rule.action).filter((word) => !resumes || !/^(iq|message|presence|bound) /.test(word));
    if (said !== undefined && said.join() !== heard.join()) {
      throw this.#disagreement(`${nameOf(rule)}\n  machine: ${said.join(", ") || "nothing"}\n  server:  ${heard.join(", ") || "nothing"}`);
    }
    const toOther = control(other, rule.action);
    if (!resumes && testimony.other.join() !== toOther.join()) {
      throw this.#disagreement(`${nameOf(rule)}\n  machine to the other stream: ${testimony.other.join(", ") || "nothing"}\n  server:  ${toOther.join(", ") || "nothing"}`);
    }
    const phase = phaseOf(this.#world, actor);
    const state = this.#machine.disagreesWith(phase, actor);
    if (state !== undefined) throw this.#disagreement(`${nameOf(rule)}\n  after it the stream is: ${phase}\n  and the machine:        ${state}`);
  }

  /** RFC 6120 section 7.1: what must not be processed reaches nobody; what is processed reaches the partner once. */
  async #checkPartner({ id, rule: { action, phase } }: Move): Promise<void> {
    if (!addressed.has(action)) return;
    const expected = ["bound", "counting", "resumable"].includes(phase) && ["write to a partner", "show a partner presence"].includes(action) ? [id] : [];
    const heard = await this.#stage.partnerHears();
    if (heard.join() !== expected.join()) throw this.#disagreement(`${phase}: ${action}: the partner hears ${heard.join(", ") || "nothing"}, expected ${expected.join(", ") || "nothing"}`);
  }

  /** The server has seen that the links are gone, and then the deadlines of the sessions pass. */
  async #letTimePass(): Promise<void> {
    await this.#lossesSeen();
    this.#stage.passTime();
  }

  async #leap(count: number): Promise<void> {
    await this.#lossesSeen();
    const session = this.#world.sessions.length - 1;
    this.#lines.push(`session ${session} counts ${count} each way; the server starts again`);
    await this.#stage.leap(this.#idOf(session), { received: count, sent: count, acknowledged: count });
    const sessions = this.#world.sessions.with(session, { ...this.#world.sessions[session]!, handled: count, sent: count, acknowledged: count });
    this.#world = { ...this.#world, sessions };
  }

  #idOf(session: number | null): string {
    return [...this.#remembered.sessions].find(([, name]) => name === `s${session}`)?.[0] ?? "none";
  }

  async #lossesSeen(): Promise<void> {
    const { server } = this.#stage;
    const lost = this.#world.sessions.flatMap(({ fate }, index) => (fate === "lost" ? [this.#jids[index]!] : []));
    const until = Date.now() + patienceMs;
    const isSeen = (jid: string) => {
      const session = server.session(jid);
      return session === undefined || session.conn === undefined;
    };
    while (!lost.every(isSeen) && Date.now() < until) await sleep(1);
  }

  #textOf(move: Move): string {
    const { actor } = move;
    const stream = "stream" in actor ? actor.stream : -1;
    const speaker: Speaker = {
      user: this.#stage.user,
      partner: this.#stage.partner.jid,
      login: this.#logins[stream] ?? "PLAIN",
      challenge: this.#wires[stream]?.challenge ?? "",
      idOf: (session) => this.#idOf(session),
      foreignId: this.#stage.foreignId,
    };
    const text = textOf(move, speaker);
    if (text === undefined) throw new Error(`nothing is said for ${move.rule.action}`);
    return text;
  }

  #disagreement(what: string): Disagreement {
    return new Disagreement(`${what}\nafter:\n${this.#lines.map((line) => `  ${line}`).join("\n")}`);
  }
}

const addressed: ReadonlySet<Action> = new Set([
  "write to a partner", "show a partner presence", "send a stanza instead of a header", "send a stanza as a server", "send a stanza with a prefix",
]);
