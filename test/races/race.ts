/**
 * A server in virtual time whose outside world is a scheduler of fast-check: what clients send arrives, and what the disk answers is
 * answered, in whatever order it decides. What was promised in order (one client's bytes) stays in order.
 */
import type { Scheduler } from "fast-check";
import { expect } from "vitest";
import type { Store } from "../../src/ports.ts";
import { SeededRandom } from "../../src/testing/virtual/seeded-random.ts";
import { makeAccounts } from "../../src/testing/virtual/virtual-accounts.ts";
import { VirtualDisk } from "../../src/testing/virtual/virtual-disk.ts";
import { VirtualNetwork } from "../../src/testing/virtual/virtual-net.ts";
import { VirtualServer, type VirtualServerOptions } from "../../src/testing/virtual/virtual-server.ts";
import { VirtualTime } from "../../src/testing/virtual/virtual-time.ts";
import { Player } from "./player.ts";

/** Milliseconds in which whatever is under way comes to its end, and no deadline of a client's passes. */
const restMs = 1_000;

export interface RaceOptions {
  readonly accounts?: readonly string[];
  readonly config?: VirtualServerOptions["config"];
}

export class Race {
  readonly time = new VirtualTime(Date.UTC(2030, 0, 1));
  readonly network: VirtualNetwork;
  readonly server: VirtualServer;
  readonly #scheduler: Scheduler;
  readonly #players: Player[] = [];
  /** What the server says of itself that nobody ordered. */
  readonly #complaints: string[] = [];
  #isOn = false;

  static async begin(scheduler: Scheduler, { accounts = ["romeo", "juliet"], config = {} }: RaceOptions = {}): Promise<Race> {
    const race = new Race(scheduler, config);
    await makeAccounts(race.server, accounts, "secret");
    await race.start();
    return race;
  }

  private constructor(scheduler: Scheduler, config: NonNullable<VirtualServerOptions["config"]>) {
    this.#scheduler = scheduler;
    const { time } = this;
    const random = new SeededRandom(1);
    this.network = new VirtualNetwork({ time, random, delayMs: [0, 0] });
    const disk = new ScheduledDisk({ time, random, commitMs: [0, 0] }, async (answer, label) => {
      // Not before it is there: the scheduler waits for what it lets go.
      await answer.catch(() => undefined);
      return this.#isOn ? scheduler.schedule(answer, label) : answer;
    });
    this.server = new VirtualServer({
      time,
      network: this.network,
      disk,
      random,
      config,
      onLog: (level, fields, message) => {
        if (level === "error" || level === "fatal") this.#complaints.push(`${message} ${JSON.stringify(fields)}`);
      },
    });
  }

  player(user: string): Player {
    const player = new Player(this, user, (label) => (this.#isOn ? this.#scheduler.schedule(Promise.resolve(), label).then(() => undefined) : undefined));
    this.#players.push(player);
    return player;
  }

  async start(): Promise<void> {
    await this.finish(this.server.start());
  }

  /** Lets time pass until it is done. */
  async finish<Result>(work: Promise<Result>): Promise<Result> {
    const progress = { isOver: false };
    const over = () => (progress.isOver = true);
    void work.then(over, over);
    for (let tasks = 0; !progress.isOver; tasks++) {
      if (tasks > 20_000) throw new Error("it does not come to an end");
      if (!(await this.time.step())) await this.time.advance(1);
    }
    return work;
  }

  /** Does all of it at once: in any order, and each with the others between its parts. Ends when nothing is under way any more. */
  async run(contenders: Readonly<Record<string, () => unknown>>): Promise<void> {
    this.#isOn = true;
    const work = Object.entries(contenders).map(async ([label, contend]) => {
      await this.#scheduler.schedule(Promise.resolve(), label);
      await contend();
    });
    const all = Promise.all(work);
    all.catch(() => undefined);
    let restUntil = this.time.now() + restMs;
    for (;;) {
      await this.time.advance(0);
      if (this.#scheduler.count() > 0) {
        await this.#scheduler.waitNext(1);
        restUntil = this.time.now() + restMs;
      } else if (!(await this.time.step(restUntil))) break;
    }
    this.#isOn = false;
    await this.finish(all);
  }

  /** Romeo and Juliet see each other from now on. */
  async befriend(): Promise<void> {
    const [romeo, juliet] = [await this.player("romeo").login("befriending"), await this.player("juliet").login("befriending")];
    for (const [who, to] of [[romeo, juliet], [juliet, romeo]] as const) {
      who.say(`<presence type='subscribe' to='${to.bare}'/>`);
      await who.ping();
      to.say(`<presence type='subscribed' to='${who.bare}'/>`);
      await to.ping();
    }
    for (const player of [romeo, juliet]) player.say("</stream:stream>");
    await this.rest();
  }

  /** So many times somebody else is let first. */
  async turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn++) await this.#scheduler.schedule(Promise.resolve(), "nothing");
  }

  /** An account of this name, which is not known to anybody yet. */
  async make(user: string): Promise<void> {
    await makeAccounts(this.server, [user], "secret");
  }

  async sideOf(user: string, contact: string): Promise<string> {
    const { contacts } = await this.finish(this.server.server.admin.roster(`${user}@localhost`));
    return contacts.find(({ jid }) => jid === `${contact}@localhost`)?.subscription ?? "none";
  }

  /** What is under way comes to its end. */
  async rest(ms = restMs): Promise<void> {
    await this.time.advance(ms);
  }

  /** Nothing went wrong that a server says of itself, and no stream was told of an error within the server. */
  async end(): Promise<void> {
    expect(this.#complaints).toEqual([]);
    for (const player of this.#players) expect(player.streamError).not.toBe("internal-server-error");
    if (this.server.isUp) await this.finish(this.server.stop());
  }
}

/** Its answers come when somebody lets them. */
class ScheduledDisk extends VirtualDisk {
  readonly #schedule: <Answer>(answer: Promise<Answer>, label: string) => Promise<Answer>;

  constructor(options: ConstructorParameters<typeof VirtualDisk>[0], schedule: <Answer>(answer: Promise<Answer>, label: string) => Promise<Answer>) {
    super(options);
    this.#schedule = schedule;
  }

  override async open(onFatal: (error: Error) => void): Promise<Store> {
    const store = await super.open(onFatal);
    const scheduled = <Args extends readonly unknown[], Answer>(name: string, ask: (...args: Args) => Promise<Answer>) =>
      (...args: Args) => this.#schedule(ask(...args), `the disk answers ${name} ${String(args[0])}`);
    return {
      append: scheduled("append", store.append.bind(store)),
      appendMany: (batch) => this.#schedule(store.appendMany(batch), `the disk commits ${batch.flatMap(({ facts }) => facts.map(({ type }) => type)).join(", ")}`),
      read: scheduled("read", store.read.bind(store)),
      readAll: scheduled("readAll", store.readAll.bind(store)),
      query: scheduled("query", store.query.bind(store)),
      secret: scheduled("secret", store.secret.bind(store)),
      contents: scheduled("contents", store.contents.bind(store)),
      texts: scheduled("texts", store.texts.bind(store)),
      subscribe: store.subscribe.bind(store),
      stats: store.stats.bind(store),
      backup: store.backup.bind(store),
      close: store.close.bind(store),
    };
  }
}
