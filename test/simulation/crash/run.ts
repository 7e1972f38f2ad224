/** A run: clients talk, the server is killed and started again, and at the end everything is looked for. */
import { childOf, showXml, type Xml } from "../../support/xml-reader.ts";
import { Client, type Habits } from "./client.ts";
import { Decisions } from "./decisions.ts";
import { Ledger, nameOf, type Channel, type Trouble } from "./ledger.ts";
import { Person } from "./person.ts";
import { planRound } from "./plan.ts";
import type { Server } from "./server-process.ts";
import { Transcript } from "./transcript.ts";
import { evidenceOf, Troubles, type Witness } from "./troubles.ts";

/** Milliseconds in which all clients have to be back, and in which all is said at the beginning. */
const settleMs = 45_000;
/** Milliseconds without anything new after which the end is not waited for any longer. */
const stillMs = 8_000;
/** Milliseconds in which what comes twice at the very end has to come. */
const lateMs = 300;
/** Stanzas without an answer at which a client says nothing new. */
const waitingMax = 60;
/** Friends of one person, at most: half of them on each side of a circle. */
const friendsMax = 20;

export interface RunOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly server: Server;
  /** The localparts; passwords are the same. */
  readonly names: readonly string[];
  /** false: only links are cut. */
  readonly kills: boolean;
  /** Ends with the round in which something has gone wrong. */
  readonly untilTrouble: boolean;
  onRound(round: number, figures: Figures): void;
  /** Stands between a client and its person, and may lie: for tests of what is counted. */
  readonly tamper?: (name: string, stanza: Xml) => readonly Xml[];
}

export interface Figures {
  readonly rounds: number;
  readonly clients: number;
  readonly resumed: number;
  readonly cuts: number;
  readonly absences: number;
  /** Kills before all were back from the one before. */
  readonly killsEarly: number;
  /** Milliseconds from the start of the process until it was ready, and from then until all were back; one of each round. */
  readonly readyMs: readonly number[];
  readonly backMs: readonly number[];
  readonly ledger: Ledger;
  readonly troubles: Troubles;
}

export function namesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `u${String(index + 1).padStart(String(count).length, "0")}`);
}

/** Does it all. The server is started by it, and stopped or dead at the end. Rejects only if the run itself cannot go on. */
export async function run(options: RunOptions): Promise<Figures> {
  const theatre = new Theatre(options);
  try {
    await theatre.open();
    await theatre.play();
    await theatre.settle();
    await theatre.close();
  } catch (error) {
    theatre.trouble("faults", (error as Error).message, []);
  } finally {
    await theatre.clear();
  }
  return theatre.figures(options.rounds);
}

class Theatre {
  readonly #options: RunOptions;
  readonly #director: Decisions;
  readonly #began = performance.now();
  readonly #troubles = new Troubles();
  readonly #ledger: Ledger;
  readonly #cast: readonly Member[];
  /** Clients by name that have resumed since the server was started the last time. */
  readonly #back = new Set<string>();
  /** When those who are away come back, by restarts. */
  readonly #away = new Map<number, number>();
  #isTalking = false;
  /** Everybody says goodbye: what comes now is no trouble. */
  #isOver = false;
  #resumed = 0;
  #cuts = 0;
  #absences = 0;
  #killsEarly = 0;
  #roundsDone = 0;
  #readyMs: number[] = [];
  #backMs: number[] = [];

  constructor(options: RunOptions) {
    this.#options = options;
    this.#director = new Decisions(options.seed, "director");
    this.#ledger = new Ledger({
      trouble: (trouble, channel, number, text) => this.#ledgerTrouble(trouble, channel, number, text),
      gap: (channel, number) => this.#gap(channel, number),
    });
    this.#cast = options.names.map((name, index) => this.#member(name, friendsOf(options.names, index)));
  }

  /** All are there, see each other, and nothing is under way. */
  async open(): Promise<void> {
    await this.#start();
    for (const { client } of this.#cast) client.come();
    await this.#until("all have logged in", () => this.#cast.every(({ client }) => client.isUp));
    for (const { person } of this.#cast) person.enter();
    for (const { person } of this.#cast) person.befriend();
    await this.#until("all are friends", () => this.#cast.every(({ person }) => person.isAmongFriends));
    await this.#catchUp();
    for (const { person } of this.#cast) person.begin();
  }

  async play(): Promise<void> {
    this.#isTalking = true;
    for (const member of this.#cast) this.#talk(member);
    for (let round = 1; round <= this.#options.rounds; round++) {
      await this.#round();
      this.#roundsDone = round;
      this.#options.onRound(round, this.figures(round));
      if (this.#options.untilTrouble && this.#troubles.total > 0) break;
    }
    this.#isTalking = false;
  }

  /** Everybody comes back, everything comes to its end, and once more after that nothing may come. */
  async settle(): Promise<void> {
    this.#away.clear();
    for (const { client } of this.#cast) client.come();
    await this.#allBack();
    await this.#quiet();
    if (this.#ledger.isSettled) await this.#catchUp();
    await this.#restart(0);
    for (const { client } of this.#options.kills ? [] : this.#cast) client.cut("drop");
    await this.#allBack();
    if (this.#ledger.isSettled) await this.#catchUp();
    await pause(lateMs);
    this.#ledger.close();
    for (const member of this.#cast) await this.#compareRosters(member);
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#cast.map(({ client }) => client.close()));
    const status = await this.#options.server.stop();
    if (status !== 0) this.trouble("faults", `the server stopped with exit status ${status}`, []);
    for (const line of this.#options.server.regrets()) this.trouble("faults", `the server's log: ${line}`, []);
  }

  /** Whatever happened, nothing goes on. */
  async clear(): Promise<void> {
    this.#isTalking = false;
    for (const { client } of this.#cast) client.leave();
    await this.#options.server.stop();
  }

  trouble(trouble: Trouble, text: string, members: readonly Member[], words: readonly string[] = []): void {
    this.#troubles.add(trouble, text, () => this.#evidence(members, words));
  }

  figures(rounds: number): Figures {
    return {
      rounds: Math.min(rounds, this.#roundsDone),
      clients: this.#cast.length,
      resumed: this.#resumed,
      cuts: this.#cuts,
      absences: this.#absences,
      killsEarly: this.#killsEarly,
      readyMs: this.#readyMs,
      backMs: this.#backMs,
      ledger: this.#ledger,
      troubles: this.#troubles,
    };
  }

  async #round(): Promise<void> {
    const present = this.#cast.map((_, index) => index).filter((index) => !this.#away.has(index));
    const plan = planRound(this.#director, present);
    const timers = [
      ...plan.cuts.map(({ client, afterMs, how }) => setTimeout(() => this.#cut(client, how), afterMs)),
      ...plan.absences.map(({ client, afterMs, restarts }) => setTimeout(() => this.#leave(client, restarts), afterMs)),
    ];
    const { afterResumed, afterMs } = plan.kill;
    if (afterResumed === "all" || !this.#options.kills) await this.#allBack();
    else {
      await this.#until(`${afterResumed} are back`, () => this.#back.size >= Math.min(afterResumed, this.#cast.length - this.#away.size));
    }
    await pause(afterMs);
    for (const timer of timers) clearTimeout(timer);
    if (this.#options.kills && this.#missing().length > 0) this.#killsEarly++;
    await this.#restart(plan.downMs);
    for (const [index, restarts] of this.#away) {
      if (restarts > 1) this.#away.set(index, restarts - 1);
      else {
        this.#away.delete(index);
        this.#cast[index]!.client.come();
      }
    }
  }

  async #restart(downMs: number): Promise<void> {
    if (!this.#options.kills) return;
    await this.#options.server.kill();
    await pause(downMs);
    await this.#start();
  }

  async #start(): Promise<void> {
    const from = performance.now();
    await this.#options.server.start();
    this.#back.clear();
    this.#readyMs.push(performance.now() - from);
  }

  #cut(index: number, how: "drop" | "abandon"): void {
    this.#cuts++;
    this.#cast[index]!.client.cut(how);
  }

  #leave(index: number, restarts: number): void {
    this.#absences++;
    this.#away.set(index, restarts);
    this.#cast[index]!.client.leave();
  }

  /** Who should be back and is not. */
  #missing(): readonly Member[] {
    const isBack = ({ client, person }: Member) => client.isUp && (!this.#options.kills || this.#readyMs.length === 1 || this.#back.has(person.name));
    return this.#cast.filter((member, index) => !this.#away.has(index) && !isBack(member));
  }

  async #allBack(): Promise<void> {
    const from = performance.now();
    try {
      await this.#until("all are back", () => this.#missing().length === 0);
    } catch (error) {
      const members = this.#missing();
      this.trouble("sessions", `not back ${settleMs / 1_000} s after the restart: ${members.map(({ person }) => person.name).join(", ")}`, members);
      throw error;
    }
    this.#backMs.push(performance.now() - from);
  }

  /** Until all is accepted and delivered, or nothing has changed for long. */
  async #quiet(): Promise<void> {
    const progress = () => ["message", "presence", "answer", "push"].map((kind) => JSON.stringify(this.#ledger.totals(kind as Channel["kind"]))).join("");
    let [last, since] = [progress(), performance.now()];
    while (!this.#ledger.isSettled && performance.now() - since < stillMs) {
      for (const { client } of this.#cast) client.ask();
      await pause(50);
      const now = progress();
      if (now !== last) [last, since] = [now, performance.now()];
    }
  }

  /** Twice, because what one sent before its question is with the other only after that one's. */
  async #catchUp(): Promise<void> {
    for (let times = 0; times < 2; times++) {
      await timely("all have an answer", settleMs, Promise.all(this.#cast.map(({ person }) => person.catchUp())));
    }
  }

  async #compareRosters(member: Member): Promise<void> {
    const { person } = member;
    const { roster, name } = person;
    const fresh = await timely(`${name} has its roster`, settleMs, person.fetchRoster(undefined));
    for (const difference of roster.differences(childOf(fresh, "query"))) this.trouble("rosters", `${name}: ${difference}`, [member], ["jabber:iq:roster"]);
    const { version } = roster;
    if (version === undefined) return;
    const nothing = await timely(`${name} has its roster`, settleMs, person.fetchRoster(version));
    if (nothing.children.length > 0) this.trouble("rosters", `${name}: after version ${version} nothing was to come, and this came: ${showXml(nothing)}`, [member]);
  }

  /** Says something now and then as long as the play goes on; it is sent whenever there is a link. */
  #talk({ client, person, decisions }: Member): void {
    const next = decisions.magnitude(4, 120);
    setTimeout(() => {
      if (!this.#isTalking) return;
      if (client.waiting < waitingMax) person.act();
      this.#talk({ client, person, decisions } as Member);
    }, next).unref();
  }

  #member(name: string, friends: readonly string[]): Member {
    const { server, seed, tamper } = this.#options;
    const decisions = new Decisions(seed, name);
    const transcript = new Transcript(() => performance.now() - this.#began);
    const member: Member = { decisions, transcript } as Member;
    const client = new Client({
      name,
      domain: server.domain,
      port: () => server.port,
      habits: habitsOf(decisions),
      decisions: new Decisions(seed, `${name}'s client`),
      transcript,
      events: {
        began: () => {},
        resumed: () => {
          this.#resumed++;
          this.#back.add(name);
        },
        sessionLost: (reason) => {
          this.trouble("sessions", `${name} could not resume: ${reason}`, [member]);
        },
        stanza: (element) => {
          if (this.#isOver) return;
          for (const stanza of tamper?.(name, element) ?? [element]) member.person.stanza(stanza);
        },
        fault: (text) => this.trouble("faults", `${name}: ${text}`, [member]),
      },
    });
    const person = new Person({
      name,
      domain: server.domain,
      friends,
      voice: client,
      ledger: this.#ledger,
      decisions,
      trouble: (trouble, text) => this.trouble(trouble, text, [member]),
    });
    return Object.assign(member, { client, person });
  }

  #ledgerTrouble(trouble: Trouble, channel: Channel, number: number, text: string): void {
    const early = this.#gaps.get(`${nameOf(channel)} ${number}`);
    const words = wordsOf(channel, number);
    const said = `${nameOf(channel)}: number ${number} ${text}`;
    this.#troubles.add(trouble, said, () => early ?? this.#evidence(this.#parties(channel), words));
  }

  /** Most gaps are the first thing that is seen of a loss: what is said now may not be kept until the end. */
  readonly #gaps = new Map<string, readonly string[]>();

  #gap(channel: Channel, number: number): void {
    if (this.#gaps.size < 10) this.#gaps.set(`${nameOf(channel)} ${number}`, this.#evidence(this.#parties(channel), wordsOf(channel, number)));
  }

  #parties({ from, to }: Channel): readonly Member[] {
    return this.#cast.filter(({ person }) => person.name === from || person.name === to);
  }

  #evidence(members: readonly Member[], words: readonly string[]): readonly string[] {
    const witnesses: readonly Witness[] = members.map(({ person, client, transcript }) => ({ name: person.name, session: client.session, transcript }));
    return evidenceOf(witnesses, words);
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    const from = performance.now();
    while (!holds()) {
      if (performance.now() - from > settleMs) throw new Error(`waited ${settleMs / 1_000} s until ${what}, in vain`);
      await pause(3);
    }
  }
}

interface Member {
  readonly client: Client;
  readonly person: Person;
  readonly decisions: Decisions;
  readonly transcript: Transcript;
}

/** The nearest in a circle, so that friendship is mutual. */
function friendsOf(names: readonly string[], index: number): readonly string[] {
  const reach = Math.min(Math.floor(friendsMax / 2), names.length - 1);
  const near = Array.from({ length: reach }, (_, step) => [step + 1, -step - 1]).flat();
  return [...new Set(near.map((step) => (index + step + names.length) % names.length))].filter((one) => one !== index).map((one) => names[one]!);
}

function habitsOf(decisions: Decisions): Habits {
  return {
    handleMs: decisions.chance(0.25) ? 4 : 0,
    answerMs: decisions.chance(0.4) ? 300 : 0,
    acknowledgeEvery: decisions.pick([0, 1, 1, 5, 20]),
    askEvery: decisions.pick([1, 1, 5, 20]),
  };
}

function wordsOf({ kind, from, to }: Channel, number: number): readonly string[] {
  if (kind === "message") return [`${from}-${to}-${number}'`];
  if (kind === "presence") return [`<status>${number}</status>`];
  if (kind === "answer") return [`${from}?${number}'`];
  return [`number ${number}'`, "subscription='remove'"];
}

async function timely<Result>(what: string, ms: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms / 1_000} s until ${what}, in vain`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
