/**
 * Whatever happens to links and servers, between any two commits: what two clients say to each other arrives once and in order, and
 * neither sees the other go (XEP-0198 section 5).
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { until } from "../presence/support.ts";
import { befriend } from "../support/contacts.ts";
import { mortalStore, type MortalStore } from "./mortal-store.ts";
import { chat } from "./support.ts";
import { Talker } from "./talker.ts";

const runs = Number(process.env["REFRAIN_TEST_RUNS"] ?? 10);

type Act =
  | { readonly act: "say"; readonly who: 0 | 1; readonly count: number }
  | { readonly act: "acknowledge" | "cut" | "resume"; readonly who: 0 | 1 }
  | { readonly act: "wait" | "stop" }
  /** After so many commits more, while both speak. */
  | { readonly act: "crash"; readonly commits: number; readonly told: boolean };

const who = fc.constantFrom(0 as const, 1 as const);
const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ act: fc.constant("say" as const), who, count: fc.integer({ min: 1, max: 6 }) }) },
    { weight: 6, arbitrary: fc.record({ act: fc.constantFrom("acknowledge" as const, "cut" as const, "resume" as const), who }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constantFrom("wait" as const, "stop" as const) }) },
    { weight: 3, arbitrary: fc.record({ act: fc.constant("crash" as const), commits: fc.integer({ min: 0, max: 6 }), told: fc.boolean() }) },
  ),
  { minLength: 4, maxLength: 16 },
);

const moment = (ms = 2) => new Promise((resolve) => setTimeout(resolve, ms));

class Play {
  readonly talkers = [new Talker("romeo"), new Talker("juliet")] as const;
  readonly #inner = createMemoryStore(projections);
  readonly #said = [0, 0];
  #mortal!: MortalStore;
  server!: TestServer;

  async begin(): Promise<void> {
    this.#mortal = mortalStore(this.#inner);
    this.server = await startServer({ allowPlaintext: true, parts: { store: this.#mortal.store } });
  }

  async open(): Promise<void> {
    await this.begin();
    for (const { user } of this.talkers) await this.server.addUser(user, "secret");
    await befriend(this.server, "romeo", "juliet");
    for (const talker of this.talkers) await talker.login(this.server);
    await until(() => this.talkers.every(({ seen }) => seen.length === 1));
  }

  say(speaker: 0 | 1, count: number): void {
    for (let n = 0; n < count; n++) this.talkers[speaker].say(chat(this.talkers[1 - speaker]!.jid, `${++this.#said[speaker]!}`));
  }

  async act(act: Act): Promise<void> {
    switch (act.act) {
      case "say":
        return this.say(act.who, act.count);
      case "acknowledge":
        return this.talkers[act.who].acknowledge();
      case "cut":
        return this.talkers[act.who].cut();
      case "resume":
        return void (await this.talkers[act.who].resume(this.server, this.#mortal.dead));
      case "wait":
        return void (await moment());
      case "stop":
        await this.server.stop();
        return this.#again();
      case "crash":
        return this.#crash(act.commits, act.told);
    }
  }

  async #crash(commits: number, told: boolean): Promise<void> {
    this.#mortal.dieAfter(commits, told);
    for (let round = 0; round < 4; round++) {
      for (const speaker of [0, 1] as const) {
        this.say(speaker, 1);
        if (round % 2 === 0) this.talkers[speaker].acknowledge();
      }
      await moment(1);
    }
    this.#mortal.die();
    await this.#again();
  }

  async #again(): Promise<void> {
    for (const talker of this.talkers) talker.cut();
    await this.begin();
  }

  /** Both are back and everything that was said has been heard, or will never be. */
  async close(): Promise<void> {
    for (const talker of this.talkers) await talker.resume(this.server, new Promise(() => undefined));
    await until(() => this.talkers.every((talker) => (talker.acknowledge(), talker.unacknowledged === 0)));
    await until(() => this.talkers.every(({ heard }, listener) => heard.length >= this.#said[1 - listener]!));
    await moment(5);
    for (const talker of this.talkers) talker.cut();
    await this.server.stop();
  }

  expected(listener: number): readonly string[] {
    return Array.from({ length: this.#said[1 - listener]! }, (_, n) => `${n + 1}`);
  }
}

describe("XEP-0198 section 5: two clients, links that break, and a server that dies at any commit", () => {
  it("hear each other once and in order, and see nothing of it", async () => {
    await fc.assert(
      fc.asyncProperty(acts, async (acts) => {
        const play = new Play();
        await play.open();
        for (const act of acts) await play.act(act);
        await play.close();
        for (const [listener, { heard, seen }] of play.talkers.entries()) {
          expect(heard).toEqual(play.expected(listener));
          expect(seen).toEqual([`available ${play.talkers[1 - listener]!.jid}`]);
        }
      }),
      { numRuns: runs },
    );
  }, runs * 5_000);
});
