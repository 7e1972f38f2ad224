/**
 * Who may look at sessions: whoever shows a token of this process gets a cookie, and with the cookie everything. Of both only hashes
 * are kept. Tokens have 128 random bits, so what is bounded of wrong ones is the noise that they make.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { entranceMs, entrancesMax, freshTokenMs, wrongTokensMax } from "../domain/limits.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import type { Clock, Ids, Timer } from "../ports.ts";

export interface GateOptions {
  readonly ids: Ids;
  readonly clock: Clock;
  /** Of the listener: cookies do not tell ports apart, and several servers may run on one machine. */
  readonly port: number;
  /** Under TLS, so that the cookie is kept to it. */
  readonly secure: boolean;
  readonly refused?: CountRefusal | undefined;
}

/** Of a token. `wrong` also for one that was used or is too old; `too-many`: wrong, after so many others that it is not worth a word. */
export type Judgement = "good" | "wrong" | "too-many";

export class Gate {
  /** Good for as long as the process lives. */
  readonly lastingToken: string;
  readonly #options: GateOptions;
  readonly #cookieName: string;
  readonly #fresh: Passes;
  readonly #entrances: Passes;
  #wrong = { since: Number.NEGATIVE_INFINITY, count: 0 };

  constructor(options: GateOptions) {
    this.#options = options;
    this.lastingToken = options.ids.next();
    this.#cookieName = `refrain-inspect-${options.port}`;
    this.#fresh = new Passes(options.clock, freshTokenMs);
    this.#entrances = new Passes(options.clock, entranceMs);
  }

  /** A token that lets in once, within `freshTokenMs`. */
  freshToken(): string {
    const token = this.#options.ids.next();
    this.#fresh.add(token);
    return token;
  }

  /** Uses the token up, if it is good once. Good is good however many wrong ones came before: nobody can lock the operator out. */
  judge(token: string): Judgement {
    const lasts = same(hashOf(token), hashOf(this.lastingToken));
    return this.#fresh.take(token) || lasts ? "good" : this.#refuse();
  }

  /** The value of a Set-Cookie header that lets in whoever bears it. */
  enter(): string {
    const value = this.#options.ids.next();
    this.#entrances.add(value);
    return this.#cookie(value, Math.floor(entranceMs / 1_000));
  }

  /** Whether one of the cookies is good. `cookies`: the value of a Cookie header. */
  admits(cookies: string | undefined): boolean {
    return this.#valuesIn(cookies).some((value) => this.#entrances.has(value));
  }

  /** Has `end` called once none of the cookies is good any more: left, too old, or pushed out by others. Returns the way to forget it. */
  whileAdmitted(cookies: string | undefined, end: () => void): () => void {
    const value = this.#valuesIn(cookies).find((each) => this.#entrances.has(each));
    if (value !== undefined) return this.#entrances.whileGood(value, end);
    this.#options.clock.soon(end);
    return () => undefined;
  }

  /** Whether there is a cookie of this gate, good or not. */
  knows(cookies: string | undefined): boolean {
    return this.#valuesIn(cookies).length > 0;
  }

  /** Returns the cookie that takes its place. */
  leave(cookies: string | undefined): string {
    for (const value of this.#valuesIn(cookies)) this.#entrances.take(value);
    return this.#cookie("", 0);
  }

  #refuse(): Judgement {
    const now = this.#options.clock.now();
    if (now - this.#wrong.since >= minuteMs) this.#wrong = { since: now, count: 0 };
    this.#wrong.count += 1;
    if (this.#wrong.count <= wrongTokensMax) return "wrong";
    this.#options.refused?.("wrongTokensMax");
    return "too-many";
  }

  /** Strict: no other site's link or script brings it along. The path keeps it from whatever else this listener serves. */
  #cookie(value: string, seconds: number): string {
    const secure = this.#options.secure ? "; Secure" : "";
    return `${this.#cookieName}=${value}; Path=/inspect; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
  }

  #valuesIn(cookies = ""): readonly string[] {
    const prefix = `${this.#cookieName}=`;
    return cookies.split(";").map((pair) => pair.trim()).filter((pair) => pair.startsWith(prefix)).map((pair) => pair.slice(prefix.length));
  }
}

const minuteMs = 60_000;

interface Pass {
  readonly hash: Buffer;
  readonly until: number;
  readonly ends: Set<() => void>;
}

/** Hashes with the time of their end, at most `entrancesMax`: the oldest makes room. */
class Passes {
  readonly #clock: Clock;
  readonly #lastsMs: number;
  #all: readonly Pass[] = [];

  constructor(clock: Clock, lastsMs: number) {
    this.#clock = clock;
    this.#lastsMs = lastsMs;
  }

  add(value: string): void {
    const all = [...this.#alive(), { hash: hashOf(value), until: this.#clock.now() + this.#lastsMs, ends: new Set<() => void>() }];
    this.#all = all.slice(-entrancesMax);
    for (const pass of all.slice(0, -entrancesMax)) end(pass);
  }

  has(value: string): boolean {
    return this.#find(value) !== undefined;
  }

  /** Whether it was there; it is not any more. */
  take(value: string): boolean {
    const found = this.#find(value);
    this.#all = this.#alive().filter((pass) => pass !== found);
    if (found !== undefined) end(found);
    return found !== undefined;
  }

  /** Of one that is there. */
  whileGood(value: string, onEnd: () => void): () => void {
    const pass = this.#find(value)!;
    const timer: Timer = this.#clock.at(pass.until, onEnd);
    const told = (): void => {
      timer.cancel();
      onEnd();
    };
    pass.ends.add(told);
    return () => {
      timer.cancel();
      pass.ends.delete(told);
    };
  }

  #find(value: string): Pass | undefined {
    const hash = hashOf(value);
    return this.#alive().find((pass) => same(pass.hash, hash));
  }

  #alive(): readonly Pass[] {
    const now = this.#clock.now();
    return this.#all.filter(({ until }) => until > now);
  }
}

function end({ ends }: Pass): void {
  for (const each of ends) each();
}

function hashOf(value: string): Buffer {
  return createHash("sha256").update(value).digest();
}

function same(a: Buffer, b: Buffer): boolean {
  return timingSafeEqual(a, b);
}
