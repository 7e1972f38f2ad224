/** A disk that takes its time: nothing leaves that is not on it, and nobody waits for it who need not. */
import { afterEach, describe, expect, it } from "vitest";
import { uncommittedBytesMax } from "../../src/domain/limits.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { bodies, chat, ManagedStage, request } from "../management/support.ts";
import { rosterSet } from "../roster/asking.ts";
import { wrapStore } from "../support/wrapped-store.ts";
import { Crowd, moment, names, until } from "./crowd.ts";
import { Dice } from "./dice.ts";

const commitMs = Number(process.env["REFRAIN_TEST_COMMIT_MS"] ?? 150);
const runs = Number(process.env["REFRAIN_TEST_RUNS"] ?? 1);

/** Commits end when the test lets them. */
class SlowDisk {
  /** Commits that are under way. */
  waiting: (() => void)[] = [];
  holds = false;
  /** Milliseconds. */
  delay = (): number => 0;
  readonly #inner = createMemoryStore(projections);
  readonly store = wrapStore(this.#inner, { appendMany: (batch) => this.#slowly(() => this.#inner.appendMany(batch)) });

  release(): void {
    this.holds = false;
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  async #slowly<Result>(write: () => Promise<Result>): Promise<Result> {
    if (this.holds) await new Promise<void>((resolve) => this.waiting.push(resolve));
    const delay = this.delay();
    if (delay > 0) await moment(delay);
    return write();
  }
}

let disk: SlowDisk;
let server: TestServer;
let stage: ManagedStage;
afterEach(async () => {
  disk.delay = () => 0;
  disk.release();
  stage.clear();
  await server.stop();
});

async function begin(limits: Parameters<typeof startServer>[0] = {}): Promise<void> {
  disk = new SlowDisk();
  server = await startServer({ allowPlaintext: true, ...limits, parts: { store: disk.store } });
  stage = new ManagedStage(server);
  for (const name of names) await server.addUser(name, "secret");
}

describe("A commit that takes long", () => {
  it("lets nothing of it be acknowledged, answered or delivered, and others go on", async () => {
    await begin();
    const [romeo, juliet] = [await stage.resumable("romeo", "phone", "<presence/>"), await stage.resumable("juliet", "phone", "<presence/>")];
    const [plain, other] = [await stage.bound("nurse", "one"), await stage.bound("nurse", "two")];
    await juliet.count();
    disk.holds = true;
    const before = [romeo, juliet].map(({ raw }) => raw.received.length);
    romeo.send(chat(juliet.jid, "1") + request);
    juliet.send(rosterSet("<item jid='nurse@localhost'/>"));
    await until(() => disk.waiting.length === 1, "a commit is under way");
    // What two sessions that count nothing say to each other is in no commit, unless it is archived.
    plain.send(`<message to='${other.jid}' type='headline'><body>hello</body></message>`);
    expect(bodies([await other.next()])).toEqual(["hello"]);
    expect(await plain.caughtUp()).toEqual([]);
    romeo.send(chat(juliet.jid, "2") + request);
    await moment(commitMs);
    expect([romeo, juliet].map(({ raw }, index) => raw.received.slice(before[index]))).toEqual(["", ""]);
    disk.release();
    expect(bodies([...(await juliet.caughtUp()), ...(await juliet.caughtUp())])).toEqual(["1", "2"]);
    // One answer for each time that it asked, the last one for all that it has sent.
    expect([await romeo.count(), await romeo.count(), await romeo.count()]).toEqual([romeo.sent - 1, romeo.sent, romeo.sent]);
  });

  it("holds all input while too much is uncommitted, and nothing of it is lost or disordered", async () => {
    await begin({ limits: { queueBytes: 12_582_912 } });
    const [romeo, plain] = [await stage.resumable("romeo", "phone", "<presence/>"), await stage.bound("nurse", "one")];
    // Two, so that neither is given more than is kept for one client.
    const listeners = [await stage.resumable("juliet", "phone", "<presence/>"), await stage.resumable("nurse", "two", "<presence/>")];
    for (const client of [romeo, ...listeners]) await client.count();
    await plain.caughtUp();
    disk.holds = true;
    const size = 200_000;
    // More than the server takes, and the system keeps for it.
    const count = Math.ceil((2.4 * uncommittedBytesMax) / size);
    const subject = "x".repeat(size);
    for (let n = 0; n < count; n++) {
      romeo.send(`<message to='${listeners[n % 2]!.jid}' type='chat' id='m${n}'><subject>${subject}</subject><body>${n}</body></message>`);
    }
    // Whoever asks is answered until there is too much; then nobody is heard any more, for as long as it takes.
    let asked = 0;
    let quiet = 0;
    for (const deadline = Date.now() + 20_000; quiet < 2; ) {
      if (Date.now() > deadline) throw new Error("input was never held");
      const before = [plain.raw.received.length, romeo.raw.socket.writableLength];
      plain.send(`<iq type='get' id='ask-${++asked}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`);
      await moment(2 * commitMs);
      const after = [plain.raw.received.length, romeo.raw.socket.writableLength];
      quiet = after[0] === before[0] && after[1] === before[1] && after[1]! > 0 ? quiet + 1 : 0;
    }
    disk.release();
    for (let n = 1; n <= asked; n++) expect((await plain.next(10_000)).attrs["id"]).toBe(`ask-${n}`);
    expect(await romeo.count()).toBe(romeo.sent);
    for (const [index, listener] of listeners.entries()) {
      const expected = Array.from({ length: count }, (_, n) => n).filter((n) => n % 2 === index).map(String);
      const heard: string[] = [];
      while (heard.length < expected.length) heard.push(...bodies([await listener.next()]));
      expect(heard).toEqual(expected);
    }
  }, 60_000);

  it.each(Array.from({ length: runs }, (_, index) => index + 1))("again and again, keeps every message, once and in order, while links are lost (seed %i)", async (seed) => {
    await begin();
    const dice = new Dice(seed);
    const crowd = new Crowd(dice);
    await crowd.gather(server);
    disk.delay = () => (dice.below(3) === 0 ? dice.below(commitMs) : 0);
    await crowd.talkUntil(server, moment(1_000));
    await crowd.comeBack(server);
    disk.delay = () => 0;
    await crowd.expectWhole();
    await crowd.cut();
  }, 60_000);
});
