/** People who talk to each other all the time, whatever happens to the server: what each said must be heard once, in order, by whom it was for. */
import { expect } from "vitest";
import { chat } from "../management/support.ts";
import { Talker } from "../management/talker.ts";
import { arrange } from "../support/contacts.ts";
import { login, type ServerAddress } from "../support/login.ts";
import type { Dice } from "./dice.ts";

/** Their accounts; the password is `secret`. */
export const names = ["romeo", "juliet", "nurse"] as const;

const patienceMs = 20_000;
const never = new Promise<never>(() => undefined);
export const moment = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export class Crowd {
  readonly talkers: readonly Talker[] = names.map((name) => new Talker(name));
  readonly #dice: Dice;
  /** Those who are about to resume. */
  readonly #coming = new Map<Talker, Promise<unknown>>();
  /** How many messages each has sent to each. */
  readonly #said = names.map(() => names.map(() => 0));
  /** UTF-16 units of what is said beside its number. */
  #padding = "";

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** Messages so long that a few of them fill a page, or a log. */
  set chars(length: number) {
    this.#padding = ` ${"x".repeat(length)}`;
  }

  /** Each sees every other. The accounts must exist. */
  async gather(server: ServerAddress): Promise<void> {
    for (const [index, name] of names.entries()) {
      for (const other of names.slice(index + 1)) {
        const [a, b] = [await login(server, { user: name, over: "plaintext" }), await login(server, { user: other, over: "plaintext" })];
        await arrange(a, b, "Both");
        await Promise.all([a.close(), b.close()]);
      }
    }
    for (const talker of this.talkers) await talker.login(server);
    await until(() => this.talkers.every(({ seen }) => seen.length === names.length - 1), "each sees the others");
  }

  say(): void {
    const { speaker, listener } = this.#dice.pair(names.length);
    const number = ++this.#said[speaker]![listener]!;
    this.talkers[speaker]!.say(chat(this.talkers[listener]!.jid, `${names[speaker]} ${number}${this.#padding}`));
  }

  /** They talk until it is over; some lose their links, and come back. */
  async talkUntil(server: ServerAddress, over: Promise<unknown>): Promise<void> {
    const state: { isOver: boolean; refusal?: unknown } = { isOver: false };
    void over.then(() => (state.isOver = true));
    const deadline = Date.now() + patienceMs;
    while (!state.isOver) {
      for (let count = this.#dice.below(3); count > 0; count--) this.say();
      const talker = this.talkers[this.#dice.below(names.length)]!;
      if (this.#dice.below(3) === 0) talker.acknowledge();
      if (this.#dice.below(12) === 0 && !this.#coming.has(talker)) {
        const attempt = talker.resume(server, never).catch((error: unknown) => {
          if (!state.isOver && isRefusal(error)) state.refusal = error;
        });
        this.#coming.set(talker, attempt.finally(() => this.#coming.delete(talker)));
      }
      await Promise.race([over, moment(this.#dice.below(3))]);
      if (state.refusal !== undefined) throw state.refusal;
      if (Date.now() > deadline) throw new Error(`it was not over in ${patienceMs / 1_000} s`);
    }
  }

  /** The links of all are gone, whether the server knows it or not; also of those who were about to come back. */
  async cut(): Promise<void> {
    await Promise.all(this.#coming.values());
    for (const talker of this.talkers) talker.cut();
  }

  /** All resume, each as often as it must be tried. Throws if one is told that its session is not there. */
  async comeBack(server: ServerAddress): Promise<void> {
    await Promise.all(this.#coming.values());
    await Promise.all(this.talkers.map((talker) => comeBack(talker, server)));
  }

  /** Everything that was said has been acknowledged and heard, exactly once and in order, and nobody has seen anybody go. */
  async expectWhole(): Promise<void> {
    await until(() => this.talkers.every((talker) => (talker.acknowledge(), talker.unacknowledged === 0)), "all is acknowledged");
    const expected = names.map((_, listener) => this.#said.reduce((sum, to) => sum + to[listener]!, 0));
    await until(() => this.talkers.every(({ heard }, listener) => heard.length >= expected[listener]!), "all is heard").catch(() => undefined);
    await moment(5);
    for (const [listener, { heard, seen, jid }] of this.talkers.entries()) {
      for (const [speaker, name] of names.entries()) {
        const numbers = heard.filter((body) => body.startsWith(`${name} `)).map((body) => Number(body.split(" ")[1]));
        expect(numbers, `what ${jid} heard of ${name}`).toEqual(Array.from({ length: this.#said[speaker]![listener]! }, (_, n) => n + 1));
      }
      expect(heard).toHaveLength(expected[listener]!);
      const others = this.talkers.filter((talker) => talker.jid !== jid).map((talker) => `available ${talker.jid}`);
      expect(seen.toSorted(), `what ${jid} saw`).toEqual(others.toSorted());
    }
  }
}

async function comeBack(talker: Talker, server: ServerAddress): Promise<void> {
  for (const deadline = Date.now() + patienceMs; ; ) {
    try {
      await talker.resume(server, never);
      return;
    } catch (error) {
      if (isRefusal(error) || Date.now() > deadline) throw error;
      await moment(10);
    }
  }
}

/** The session is not there any more, or has forgotten what it had sent: to try again is of no use. */
function isRefusal(error: unknown): boolean {
  return /item-not-found|handled-count-too-high/.test(String(error));
}

export async function until(holds: () => boolean, what: string, ms = patienceMs): Promise<void> {
  for (const deadline = Date.now() + ms; !holds(); await moment(2)) {
    if (Date.now() > deadline) throw new Error(`expected that ${what}, but it was not so in ${ms / 1_000} s`);
  }
}
