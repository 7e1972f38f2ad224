/**
 * When nothing is under way any more the world goes on for a while, one act at a time: after each of them everybody must see exactly those
 * whom the words of RFC 6121 let it see (`presence/truth.ts`), directed presence included, whatever links and servers were lost between.
 */
import type { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";
import { Truth, type Resource } from "../../presence/truth.ts";
import type { Device } from "./device.ts";
import { block, removeContact, subscription } from "./persons.ts";
import { direct, makeAvailable, makeUnavailable } from "./presence-acts.ts";
import type { RosterEntry } from "./roster-cache.ts";
import type { Scene } from "./scene.ts";
import type { ServerFaults } from "./server-faults.ts";

const rule = "RFC 6121 section 4: act by act, everybody sees exactly those who let it";

/** Larger worlds end without it. */
const devicesMax = 8;
const actsMax = 14;

export interface CodaStage {
  /** Until nothing is under way; false if that does not come. */
  quiet(): Promise<boolean>;
  readonly faults: ServerFaults;
}

/** `devices`: all that are online. */
export async function playCoda(scene: Scene, stage: CodaStage, devices: readonly Device[]): Promise<void> {
  if (devices.length > devicesMax) return;
  const coda = new Coda(scene, stage, devices);
  if (!(await coda.prepare())) return;
  for (let acts = 0; acts < actsMax && !scene.hasProblem; acts += 1) await coda.act();
}

class Coda {
  readonly #scene: Scene;
  readonly #stage: CodaStage;
  readonly #devices: readonly Device[];
  readonly #truth: Truth;
  readonly #random: SeededRandom;

  constructor(scene: Scene, stage: CodaStage, devices: readonly Device[]) {
    this.#scene = scene;
    this.#stage = stage;
    this.#devices = devices;
    this.#random = scene.randomOf("coda");
    this.#truth = new Truth(devices.map(({ sitting, person: { account } }) => ({ account, jid: sitting!.jid })));
  }

  /** Nobody is blocked, nobody has directed presence to anybody, and who has asked has certainly asked. False if that does not come. */
  async prepare(): Promise<boolean> {
    const scene = this.#scene;
    for (const device of this.#devices) {
      block(scene, device, false, undefined);
      makeUnavailable(scene, device);
    }
    if (!(await this.#stage.quiet())) return false;
    for (const [device, jid] of this.#items(({ ask }) => ask)) subscription(scene, device, "subscribe", jid);
    for (const device of this.#devices) {
      device.sitting!.hidden.clear();
      makeAvailable(scene, device, 0);
    }
    if (!(await this.#stage.quiet())) return false;
    for (const [{ person }, jid] of this.#items(() => true)) this.#truth.lists(person.account, jid);
    for (const [{ person }, jid] of this.#items(({ approved, subscription: of }) => approved || of === "from" || of === "both")) this.#truth.approves(person.account, jid);
    for (const [{ person }, jid] of this.#items(({ ask, subscription: of }) => ask || of === "to" || of === "both")) this.#truth.asks(person.account, jid);
    for (const [index, { sitting }] of this.#devices.entries()) {
      this.#truth.binds(this.#truth.resources[index]!);
      this.#truth.broadcasts(this.#truth.resources[index]!, String(sitting!.shown));
    }
    this.#compare("all have become available");
    return !scene.hasProblem;
  }

  async act(): Promise<void> {
    const scene = this.#scene;
    const truth = this.#truth;
    const index = this.#random.whole(0, this.#devices.length - 1);
    const device = this.#devices[index]!;
    const by = truth.resources[index]!;
    const other = this.#random.pick(scene.people).account;
    const kind = this.#random.whole(0, 13);
    const what = this.#perform(kind, device, by, other);
    if (what === undefined) return;
    scene.transcript.note("coda", what);
    if (!(await this.#stage.quiet())) return;
    if (this.#devices.some(({ isOnline }) => !isOnline)) return scene.problem(rule, `after ${what} not all are there any more`);
    this.#compare(what);
  }

  /** What was done, in words; undefined if it cannot be done. */
  #perform(kind: number, device: Device, by: Resource, other: string): string | undefined {
    const scene = this.#scene;
    const truth = this.#truth;
    const { account } = by;
    const isOther = other !== account;
    const to = this.#random.chance(0.5) ? other : this.#random.pick(truth.resources).jid;
    switch (kind) {
      case 0:
      case 1:
        makeAvailable(scene, device, 0, this.#random.whole(0, 4));
        truth.broadcasts(by, this.#mark());
        return `${by.jid} shows itself`;
      case 2:
        makeUnavailable(scene, device);
        truth.withdraws(by);
        return `${by.jid} goes`;
      case 3:
      case 4:
      case 5:
        direct(scene, device, to, true);
        truth.directs(by, to, this.#mark());
        return `${by.jid} shows itself to ${to}`;
      case 6:
        direct(scene, device, to, false);
        truth.undirects(by, to);
        return `${by.jid} goes for ${to}`;
      case 7:
        return isOther ? this.#subscribe(device, "subscribe", other, () => truth.asks(account, other)) : undefined;
      case 8:
        return isOther ? this.#subscribe(device, "subscribed", other, () => truth.approves(account, other)) : undefined;
      case 9:
        return isOther ? this.#subscribe(device, "unsubscribe", other, () => truth.unsubscribes(account, other)) : undefined;
      case 10:
        return isOther ? this.#subscribe(device, "unsubscribed", other, () => truth.cancels(account, other)) : undefined;
      case 11:
        // By the truth only who has to do with somebody has them in the roster.
        if (!isOther || !device.roster.entries.has(other)) return undefined;
        truth.removes(account, other);
        removeContact(scene, device, other);
        return `${by.jid} removes ${other}`;
      case 12:
        if (device.sitting?.isResumable !== true) return undefined;
        device.wire?.link.cut();
        return `${by.jid} loses its link`;
      default:
        if (this.#devices.some(({ sitting }) => sitting?.isResumable !== true)) return undefined;
        this.#stage.faults.killNow(this.#random.whole(0, 500));
        return "the server is killed";
    }
  }

  #subscribe(device: Device, act: Parameters<typeof subscription>[2], to: string, change: () => void): string {
    subscription(this.#scene, device, act, to);
    change();
    return `${device.name}: ${act} to ${to}`;
  }

  #compare(after: string): void {
    for (const [index, { sitting, name }] of this.#devices.entries()) {
      const resource = this.#truth.resources[index]!;
      const view = sitting!.seen;
      for (const jid of resource.refused) view.delete(jid);
      resource.refused.clear();
      const is = [...view].map(([jid, number]) => `${jid} as p${number === 0 ? resource.seen.get(jid) : number}`).toSorted().join(", ");
      const should = [...resource.seen].map(([jid, mark]) => `${jid} as p${mark}`).toSorted().join(", ");
      if (is !== should) this.#scene.problem(rule, `after ${after} ${name} (${resource.jid}) sees [${is}], and should [${should}]`);
    }
  }

  /** The mark of the presence that was written last. */
  #mark(): string {
    return String(this.#scene.presences.count);
  }

  /** Contacts who are users here, each once for an account. */
  #items(matches: (entry: RosterEntry) => boolean): readonly (readonly [Device, string])[] {
    const { people } = this.#scene;
    return people.flatMap(({ devices }) => {
      const device = devices.find((one) => this.#devices.includes(one));
      const entries = [...(device?.roster.entries ?? [])].filter(([jid, entry]) => people.some(({ account }) => account === jid) && matches(entry));
      return entries.map(([jid]) => [device!, jid] as const);
    });
  }
}
