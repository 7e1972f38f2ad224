/** A run: clients talk, the server is killed and started again, and at the end everything is looked for. */
import { childOf, showXml } from "../../support/xml-reader.ts";
import { Cast, type CastSettings, type Member } from "./cast.ts";
import { Decisions } from "./decisions.ts";
import { kinds, type Ledger } from "./ledger.ts";
import { planRound } from "./plan.ts";
import type { ReportedSession } from "./operator.ts";
import { Replays } from "./replays.ts";
import type { Server } from "./server-process.ts";
import type { Troubles } from "./troubles.ts";

/** Milliseconds in which all clients have to be back, and each thing at the beginning and the end has to be done. */
const settleMs = 45_000;
/** Milliseconds in which what comes twice at the very end has to come. */
const lateMs = 300;
/** Faults after which going on tells nothing new. */
const faultsMax = 100;
/** Stanzas that are not acknowledged at which a client says nothing new. */
const waitingMax = 60;
/** Rounds from one report to the next, at least. */
const reportRoundsMin = 3;
/** Milliseconds after a round's begin until that is done, at most. */
const reportAfterMs = 700;

export interface RunOptions extends Pick<CastSettings, "names" | "seed" | "tamper"> {
  readonly rounds: number;
  /** How often the server is asked for a report while everybody talks, at most. */
  readonly reports: number;
  readonly server: Server;
  /** Changes what the server is said to have reported: for tests of what is counted. */
  readonly misreport?: ((session: ReportedSession) => ReportedSession) | undefined;
  /** false: only links are cut. */
  readonly kills: boolean;
  /** Ends with the round in which something has gone wrong. */
  readonly untilTrouble: boolean;
  /** Milliseconds without anything new after which the end is not waited for any longer. */
  readonly stillMs: number;
  onRound(figures: Figures): void;
}

export interface Figures {
  /** Those that are done. */
  readonly rounds: number;
  readonly resumed: number;
  readonly cuts: number;
  readonly absences: number;
  /** Kills while not all were back from the one before. */
  readonly killsEarly: number;
  /** Milliseconds of each start of the server until it was ready. */
  readonly readyMs: readonly number[];
  /** Milliseconds from then on until all were back, where that was waited for. */
  readonly backMs: readonly number[];
  /** Reports of the live server, and replays that were compared with them. */
  readonly reports: number;
  readonly replays: number;
  /** Sessions of reports that were not compared for want of time. */
  readonly replaysLeft: number;
  readonly ledger: Ledger;
  readonly troubles: Troubles;
}

export function namesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `u${String(index + 1).padStart(String(count).length, "0")}`);
}

/** Does it all: starts the server, and stops or kills it. What keeps it from going on is a trouble as well. */
export async function run(options: RunOptions): Promise<Figures> {
  const run = new Run(options);
  try {
    await run.open();
    await run.play();
    await run.settle();
    await run.replay();
    await run.close();
  } catch (error) {
    run.cast.trouble("faults", (error as Error).message);
  } finally {
    await run.clear();
  }
  return run.figures;
}

class Run {
  readonly cast: Cast;
  readonly #options: RunOptions;
  readonly #director: Decisions;
  readonly #replays: Replays;
  /** When reports are asked for, and of which sessions. */
  readonly #reporter: Decisions;
  /** After how many restarts those who are away come back. */
  readonly #away = new Map<Member, number>();
  #isTalking = false;
  #rounds = 0;
  #cuts = 0;
  #absences = 0;
  #killsEarly = 0;
  #readyAt = 0;
  readonly #readyMs: number[] = [];
  readonly #backMs: number[] = [];

  constructor(options: RunOptions) {
    this.#options = options;
    this.#director = new Decisions(options.seed, "director");
    this.cast = new Cast(options);
    this.#reporter = new Decisions(options.seed, "reporter");
    this.#replays = new Replays({
      operator: options.server.operator,
      members: this.cast.members,
      decisions: this.#reporter,
      misreport: options.misreport,
      trouble: (text, evidence) => this.cast.troubles.add("replay", text, () => evidence),
    });
  }

  /** All are there, see each other, and nothing is under way. */
  async open(): Promise<void> {
    const { members } = this.cast;
    await this.#start();
    for (const { client } of members) client.come();
    await this.#until("all have logged in", () => members.every(({ client }) => client.isUp));
    for (const { person } of members) person.enter();
    for (const { person } of members) person.befriend();
    await this.#until("all are friends", () => members.every(({ person }) => person.isAmongFriends));
    await this.#meet();
    await this.#catchUp();
    for (const { person } of members) person.begin();
  }

  /** All are in one room, and see each other there. */
  async #meet(): Promise<void> {
    const [host, ...guests] = this.cast.members;
    host?.person.enterRoom();
    await this.#until("the room is made", () => host?.person.isInRoom(1) !== false);
    await host?.person.openRoom();
    for (const { person } of guests) person.enterRoom();
    await this.#until("all are in the room", () => this.cast.members.every(({ person }) => person.isInRoom(this.cast.members.length)));
  }

  async play(): Promise<void> {
    this.#isTalking = true;
    for (const member of this.cast.members) this.#talk(member);
    while (this.#rounds < this.#options.rounds) {
      await this.#round();
      this.#rounds++;
      this.#options.onRound(this.figures);
      if (this.#options.untilTrouble && this.cast.troubles.total > 0) break;
    }
    this.#isTalking = false;
  }

  /** Everybody comes back and everything comes to its end; then a last restart, after which nothing may come that had come. */
  async settle(): Promise<void> {
    const { members, ledger } = this.cast;
    this.#away.clear();
    for (const { client } of members) client.come();
    await this.#allBack();
    await this.#quiet();
    if (ledger.isSettled) await this.#catchUp();
    if (this.#options.kills) await this.#restart(0);
    await this.#allBack();
    if (ledger.isSettled) await this.#catchUp();
    await pause(lateMs);
    ledger.close();
    for (const member of members) await this.#compareRosters(member);
    await this.#lookAround();
  }

  /** Nobody has left the room, and no ghost is in it. */
  async #lookAround(): Promise<void> {
    const { members } = this.cast;
    for (const member of members) {
      const there = await timely(`${member.name} knows who is there`, member.person.fetchOccupants());
      const names = members.map(({ name }) => name).toSorted();
      if (there.join() !== names.join()) this.cast.trouble("faults", `${member.name} sees ${there.join(", ")} in the room`, [member], ["disco#items"]);
    }
  }

  /** What the live server says, compared with what the log says. */
  async replay(): Promise<void> {
    for (const { client } of this.cast.members) {
      client.acknowledge();
      client.ask();
    }
    await pause(lateMs);
    await this.#replays.compare();
  }

  async close(): Promise<void> {
    const { server } = this.#options;
    await this.cast.close();
    await this.#replays.compareGone();
    const status = await server.stop();
    await this.#replays.compareStopped();
    if (status !== 0) this.cast.trouble("faults", `the server stopped with exit status ${status}`);
    for (const line of server.regrets()) this.cast.trouble("faults", `the server's log: ${line}`);
  }

  /** Whatever happened, nothing goes on. */
  async clear(): Promise<void> {
    this.#isTalking = false;
    for (const { client } of this.cast.members) client.leave();
    await this.#options.server.stop();
  }

  get figures(): Figures {
    return {
      rounds: this.#rounds,
      resumed: this.cast.resumed,
      cuts: this.#cuts,
      absences: this.#absences,
      killsEarly: this.#killsEarly,
      reports: this.#replays.reports,
      replays: this.#replays.compared,
      replaysLeft: this.#replays.left,
      readyMs: this.#readyMs,
      backMs: this.#backMs,
      ledger: this.cast.ledger,
      troubles: this.cast.troubles,
    };
  }

  async #round(): Promise<void> {
    const present = this.cast.members.filter((member) => !this.#away.has(member));
    const { kill, downMs, cuts, absences } = planRound(this.#director, present);
    const timers = [
      ...cuts.map(({ client, afterMs, how }) => setTimeout(() => this.#cut(client, how), afterMs)),
      ...absences.map(({ client, afterMs, restarts }) => setTimeout(() => this.#leave(client, restarts), afterMs)),
    ];
    const report = this.#report();
    // It is awaited below, unless the round fails before.
    report.catch(() => {});
    if (kill.afterResumed === "all" || !this.#options.kills || this.#readyMs.length === 1) {
      await this.#allBack();
      if (this.#readyMs.length > 1) this.#backMs.push(performance.now() - this.#readyAt);
    } else await this.#someBack(kill.afterResumed);
    await pause(kill.afterMs);
    // Where no server runs a command would open its data, and keep it from starting again.
    await report;
    for (const timer of timers) clearTimeout(timer);
    if (this.#options.kills) {
      if (this.#missing().length > 0) this.#killsEarly++;
      await this.#restart(downMs);
    }
    for (const [member, restarts] of this.#away) this.#absent(member, restarts - 1);
  }

  /** In some rounds, while clients resume or talk. */
  async #report(): Promise<void> {
    const { rounds, reports } = this.#options;
    const every = Math.max(reportRoundsMin, Math.ceil(rounds / reports));
    if (reports === 0 || this.#rounds % every !== 1) return;
    await pause(this.#reporter.magnitude(1, reportAfterMs));
    await this.#replays.sample();
  }

  async #restart(downMs: number): Promise<void> {
    await this.#options.server.kill();
    await pause(downMs);
    await this.#start();
  }

  async #start(): Promise<void> {
    const from = performance.now();
    await this.#options.server.start();
    this.cast.back.clear();
    this.#readyAt = performance.now();
    this.#readyMs.push(this.#readyAt - from);
  }

  #cut(member: Member, how: "drop" | "abandon"): void {
    this.#cuts++;
    member.client.cut(how);
  }

  #leave(member: Member, restarts: number): void {
    this.#absences++;
    this.#away.set(member, restarts);
    member.client.leave();
  }

  #absent(member: Member, restarts: number): void {
    if (restarts > 0) {
      this.#away.set(member, restarts);
      return;
    }
    this.#away.delete(member);
    member.client.come();
  }

  /** Who should be here and is not: since a restart everybody has had to resume. */
  #missing(): readonly Member[] {
    const isFirstStart = this.#readyMs.length === 1;
    const isBack = ({ name, client }: Member) => client.isUp && (isFirstStart || this.cast.back.has(name));
    return this.cast.members.filter((member) => !this.#away.has(member) && !isBack(member));
  }

  async #allBack(): Promise<void> {
    try {
      await this.#until("all are back", () => this.#missing().length === 0);
    } catch (error) {
      const missing = this.#missing();
      for (const member of missing) this.cast.trouble("sessions", `${member.name} is not back in ${settleMs / 1_000} s`, [member]);
      throw error;
    }
  }

  async #someBack(count: number): Promise<void> {
    const { members, back } = this.cast;
    await this.#until(`${count} are back`, () => back.size >= Math.min(count, members.length - this.#away.size));
  }

  /** Until all is accepted and delivered, or nothing has changed for long. */
  async #quiet(): Promise<void> {
    const { members, ledger } = this.cast;
    const progress = () => JSON.stringify(kinds.map((kind) => ledger.totals(kind)));
    for (let [last, since] = [progress(), performance.now()]; !ledger.isSettled && performance.now() - since < this.#options.stillMs; ) {
      for (const { client } of members) client.ask();
      await pause(50);
      if (progress() !== last) [last, since] = [progress(), performance.now()];
    }
  }

  /** Twice, because what one sent before its question is with the other only after that one's. */
  async #catchUp(): Promise<void> {
    for (let times = 0; times < 2; times++) {
      await timely("all have an answer", Promise.all(this.cast.members.map(({ person }) => person.catchUp())));
    }
  }

  async #compareRosters(member: Member): Promise<void> {
    const { person, name } = member;
    const { roster } = person;
    const tell = (text: string) => this.cast.trouble("rosters", `${name}: ${text}`, [member], ["jabber:iq:roster"]);
    const fresh = await timely(`${name} has its roster`, person.fetchRoster(undefined));
    for (const difference of roster.differences(childOf(fresh, "query"))) tell(difference);
    if (roster.version === undefined) return;
    const nothing = await timely(`${name} has what is new in its roster`, person.fetchRoster(roster.version));
    if (nothing.children.length > 0) tell(`nothing is newer than version ${roster.version}, and yet this came: ${showXml(nothing)}`);
  }

  /** Says something now and then as long as the play goes on; it is sent whenever there is a link. */
  #talk(member: Member): void {
    const speak = (): void => {
      if (!this.#isTalking) return;
      if (member.client.waiting < waitingMax) member.person.act();
      this.#talk(member);
    };
    setTimeout(speak, member.decisions.magnitude(4, 120)).unref();
  }

  async #until(what: string, holds: () => boolean): Promise<void> {
    for (const from = performance.now(); !holds(); await pause(3)) {
      if (this.cast.troubles.count("faults") > faultsMax) throw new Error(`${faultsMax} faults are enough`);
      if (performance.now() - from > settleMs) throw new Error(`waited ${settleMs / 1_000} s until ${what}, in vain`);
    }
  }
}

async function timely<Result>(what: string, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${settleMs / 1_000} s until ${what}, in vain`)), settleMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
