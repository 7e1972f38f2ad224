/** A child process that plays worlds, from outside: it may end or never answer, and then that is a problem of the world that it played. */
import { fork, type ChildProcess } from "node:child_process";
import type { WorldPlan } from "../world/plan.ts";
import { broken, type Answer, type Ask, type Played } from "./messages.ts";

/** Where a child finds its code. */
export interface Place {
  /** The file of the compiled child.ts. */
  readonly child: string;
  /** The address of a module that is a `Player`: `file:` or `data:`. */
  readonly player: string;
}

export const ruleOfDeath = "The process of a world lives until its end";
export const ruleOfEnding = "Every world comes to its end";

/** A world leaves much behind that is short-lived. */
const childFlags = ["--stack-trace-limit=30", "--max-semi-space-size=16"];
/** Characters of what a process wrote last that are shown when it died. */
const lastWordsMax = 4_000;

/** One question at a time. */
export class PlayingChild {
  readonly #place: Place;
  readonly #deadlineMs: number;
  readonly #room: number | undefined;
  #process: ChildProcess | undefined;
  /** How the process ended that was there last, if nobody was told yet. */
  #death: string | undefined;
  #isEnded = false;

  /** `room`: worlds have one room with so many people in it, where a seed says what they are. `deadlineMs`: real time after which a world that has not come to its end is given up. */
  constructor(place: Place, deadlineMs: number, room?: number) {
    this.#room = room;
    this.#place = place;
    this.#deadlineMs = deadlineMs;
  }

  /** The process, while there is one. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** The world of a seed, or one that is given. undefined if this child was ended meanwhile. Throws if the player cannot be loaded. */
  async play(what: number | WorldPlan, { deadlineMs = this.#deadlineMs, isTold = false } = {}): Promise<Played | undefined> {
    const answer = await this.#ask(typeof what === "number" ? { kind: "seed", seed: what, room: this.#room } : { kind: "plan", plan: what, isTold }, deadlineMs);
    if (answer?.kind === "played") return answer.played;
    return answer?.kind === "failed" ? broken(answer.rule, answer.text) : undefined;
  }

  /** The plan of a seed; undefined if it cannot be made, or if this child was ended. */
  async planOf(seed: number): Promise<WorldPlan | undefined> {
    const answer = await this.#ask({ kind: "make", seed, room: this.#room }, this.#deadlineMs);
    return answer?.kind === "made" ? answer.plan : undefined;
  }

  /** At once, whatever it does. */
  end(): void {
    this.#isEnded = true;
    this.#process?.kill("SIGKILL");
  }

  async #ask(ask: Ask, deadlineMs: number): Promise<Answer | Failure | undefined> {
    const death = this.#death;
    this.#death = undefined;
    if (death !== undefined) return { kind: "failed", rule: ruleOfDeath, text: `after the world before this one: ${death}` };
    const child = this.#process ?? (await this.#start());
    if (this.#isEnded || child === undefined) return undefined;
    return new Promise((resolve) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        child.kill("SIGKILL");
      }, deadlineMs);
      const settle = (answer: Answer | Failure | undefined): void => {
        clearTimeout(timer);
        child.off("message", settle).off("close", close);
        resolve(answer);
      };
      const close = (): void => {
        const text = this.#death ?? "";
        this.#death = undefined;
        if (this.#isEnded) settle(undefined);
        else settle(isLate ? late(deadlineMs) : { kind: "failed", rule: ruleOfDeath, text });
      };
      child.on("message", settle).on("close", close);
      if (child.connected) child.send(ask);
    });
  }

  /** undefined if it was ended before it was there. */
  async #start(): Promise<ChildProcess | undefined> {
    if (this.#isEnded) return undefined;
    const child = fork(this.#place.child, [this.#place.player], { execArgv: childFlags, stdio: ["ignore", 2, "pipe", "ipc"] });
    let lastWords = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (lastWords = (lastWords + text).slice(-lastWordsMax)));
    this.#process = child;
    const isReady = await new Promise<boolean>((resolve) => {
      child.once("message", () => resolve(true));
      child.once("close", (status, signal) => {
        this.#process = undefined;
        this.#death = `it ended ${signal === null ? `with exit status ${status}` : `by ${signal}`}; it wrote last:\n${lastWords.trim() || "(nothing)"}`;
        resolve(false);
      });
    });
    if (isReady) return child;
    if (this.#isEnded) return undefined;
    throw new Error(`the player ${this.#place.player.slice(0, 200)} cannot be loaded: ${this.#death}`);
  }
}

interface Failure {
  readonly kind: "failed";
  readonly rule: string;
  readonly text: string;
}

function late(deadlineMs: number): Failure {
  return { kind: "failed", rule: ruleOfEnding, text: `no answer after ${deadlineMs / 1_000} s of real time` };
}
