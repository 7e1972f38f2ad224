/** Plays a world: a whole server in virtual time, people with clients, and everything that the plan has happen to them. */
import { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";
import { makeAccounts } from "../../../src/testing/virtual/virtual-accounts.ts";
import { VirtualDisk } from "../../../src/testing/virtual/virtual-disk.ts";
import { VirtualNetwork } from "../../../src/testing/virtual/virtual-net.ts";
import { VirtualServer } from "../../../src/testing/virtual/virtual-server.ts";
import { VirtualTime } from "../../../src/testing/virtual/virtual-time.ts";
import type { Invariant } from "../../../src/testing/model/machine-model.ts";
import type { Extension } from "../../../src/router/extension.ts";
import { act } from "./acts.ts";
import { ArchiveBook } from "./archive-book.ts";
import { Choice } from "./choice.ts";
import { password } from "./login-attempt.ts";
import { Excuses } from "./excuses.ts";
import { end } from "./ending.ts";
import { ItemBook } from "./item-book.ts";
import { disturbLink } from "./link-faults.ts";
import { MessageBook } from "./message-book.ts";
import { misbehave } from "./misdeeds.ts";
import type { Happening, WorldPlan, WorldProblem, WorldReport } from "./plan.ts";
import { PresenceBook } from "./presence-book.ts";
import { Rights } from "./rights.ts";
import { populate } from "./people.ts";
import { actInRoom } from "./room-acts.ts";
import { RoomBook } from "./room-book.ts";
import type { Scene } from "./scene.ts";
import { ServerFaults } from "./server-faults.ts";
import { ServerWatch } from "./server-watch.ts";
import { Transcript } from "./transcript.ts";
import { use } from "./use-acts.ts";

/** When every world begins, ms since 1970. */
const beginning = 1_700_000_000_000;
const domain = "verona.lit";
/** Problems beyond which going on tells nothing new. */
const problemsMax = 20;

export interface WorldOptions {
  /** Besides the server's own: for tests of what is found. */
  readonly extensions?: readonly Extension[];
  /** Besides the session's own: for tests of what is held. */
  readonly sessionRules?: readonly Invariant[];
}

/** The same plan always comes to the same. Rejects only if the simulation itself is broken. */
export async function playWorld(plan: WorldPlan, options: WorldOptions = {}): Promise<WorldReport> {
  const world = new World(plan, options);
  const unhandled = (error: unknown): void => world.scene.problem("No promise is rejected without anybody who minds", String(error instanceof Error ? error.stack : error));
  process.on("unhandledRejection", unhandled);
  try {
    await world.begin();
    await world.play();
    await world.end();
  } finally {
    process.off("unhandledRejection", unhandled);
  }
  return world.report();
}

class World {
  readonly scene: Scene;
  readonly #plan: WorldPlan;
  readonly #time = new VirtualTime(beginning);
  readonly #problems: WorldProblem[] = [];
  readonly #faults: ServerFaults;
  readonly #watch: ServerWatch;

  constructor(plan: WorldPlan, { extensions = [], sessionRules = [] }: WorldOptions) {
    const time = this.#time;
    const problems = this.#problems;
    const randomOf = (name: string) => new SeededRandom(plan.seed, name);
    const now = () => time.now() - beginning;
    const transcript = new Transcript(now);
    const network = new VirtualNetwork({ time, random: randomOf("network"), delayMs: plan.network.delayMs });
    const disk = new VirtualDisk({ time, random: randomOf("disk"), commitMs: plan.disk.commitMs });
    const server = new VirtualServer({
      time, network, disk, extensions,
      random: randomOf("server"),
      config: { domains: [domain], ...choicesOf(randomOf("operator"), plan) },
      onLog: (level, fields, message) => this.#watch.logged(level, fields, message),
    });
    this.#plan = plan;
    this.scene = {
      domain, now, network, disk, server, transcript, randomOf,
      after: (ms, task) => time.at(time.now() + ms, task),
      problem: (rule, text) => this.#problem(rule, text),
      get hasProblem() {
        return problems.length > 0;
      },
      counts: {
        tasks: 0, logins: 0, resumptions: 0, messages: 0, copies: 0, pages: 0, items: 0, pauses: 0, presences: 0, rosterChanges: 0, crashes: 0, restarts: 0, linkFaults: 0, diskFaults: 0, misdeeds: 0, entrances: 0, words: 0,
      },
      people: [],
      devices: [],
      sittings: [],
      ghosts: [],
      bindsAsked: new Map(),
      resumesAsked: new Map(),
      messages: new MessageBook(() => this.scene),
      presences: new PresenceBook(() => this.scene),
      archives: new ArchiveBook(() => this.scene),
      items: new ItemBook(() => this.scene),
      rooms: new RoomBook(() => this.scene, domain, plan.rooms ?? 0),
      rights: new Rights(beginning),
      excuses: new Excuses({ disk, server, now }),
      delayMs: plan.network.delayMs,
      questions: 0,
      isCrowd: plan.isCrowd ?? false,
      isEnding: false,
    };
    populate(this.scene, plan);
    this.#faults = new ServerFaults(this.scene);
    this.#watch = new ServerWatch(this.scene, sessionRules);
  }

  /** The accounts are there, the server is up, and all devices are about to come. */
  async begin(): Promise<void> {
    const { scene } = this;
    await makeAccounts(scene.server, scene.people.map(({ name }) => name), password);
    scene.disk.store.subscribe(0, (fact) => scene.rights.take(fact));
    this.#faults.start(0);
    const random = scene.randomOf("begin");
    for (const device of scene.devices) scene.after(random.whole(50, 3_000), () => device.come());
    for (const happening of this.#plan.happenings) scene.after(happening.at, () => this.#happen(happening));
  }

  async play(): Promise<void> {
    await this.#advance(this.#plan.lengthMs);
  }

  async end(): Promise<void> {
    if (this.#problems.length === 0) await end(this.scene, { advance: (ms) => this.#advance(ms) }, this.#faults);
    for (const text of this.#faults.failures) this.#problem("The server starts and stops when it is asked to", text);
    if (this.scene.server.isUp) this.scene.server.kill();
  }

  report(): WorldReport {
    const { scene } = this;
    return {
      plan: this.#plan,
      problems: this.#problems,
      clientMs: scene.devices.reduce((sum, device) => sum + device.clientMs + device.onlineMs, 0),
      counts: scene.counts,
      transcript: scene.transcript.lines,
      digest: scene.transcript.digest(),
    };
  }

  #happen({ kind, device, choice }: Happening): void {
    const { scene } = this;
    const chosen = new Choice(choice);
    if (kind === "server") return this.#faults.happen(chosen);
    const one = scene.devices[device % scene.devices.length];
    if (one === undefined) return;
    if (kind === "act") act(scene, one, chosen);
    else if (kind === "use") use(scene, one, chosen);
    else if (kind === "room") actInRoom(scene, one, chosen);
    else if (kind === "link") disturbLink(scene, one, chosen);
    else misbehave(scene, one, chosen);
  }

  async #advance(ms: number): Promise<void> {
    await this.#time.advance(ms, () => {
      this.scene.counts.tasks += 1;
      this.#faults.look();
      this.#watch.look();
    });
  }

  #problem(rule: string, text: string): void {
    this.scene.transcript.show("!!", `${rule}: ${text}`);
    if (this.#problems.length < problemsMax) this.#problems.push({ rule, text, at: this.scene.now() });
  }
}

/** What the operator has chosen: drawn by the seed, so that every choice is tried. */
function choicesOf(random: SeededRandom, { rooms = 0, isCrowd = false }: WorldPlan) {
  // Who comes into a room is told much at once, and reads its archive besides.
  const short = isCrowd ? 20_000 : rooms > 0 ? 500 : 100;
  return {
    session: {
      conflict: random.pick(["replace", "replace", "replace", "reject-new", "rename"] as const),
      negotiationTimeoutMs: 20_000,
      closeTimeoutMs: 5_000,
      resumptionMs: random.pick([30_000, 60_000, 120_000]),
      silenceMs: 40_000,
      silenceAnswerMs: 15_000,
    },
    limits: { stanzaBytes: 20_000, queueStanzas: random.chance(0.2) ? short : Math.max(short, 5_000), offlineMessages: 100_000 },
  };
}
