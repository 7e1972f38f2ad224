/**
 * Bounds how fast passwords are guessed, and keeps nobody out whose password strangers guess. Three things are counted, all by the address:
 * its failures in all, its failures with one account, and the failures of an account from everywhere. The last one only makes logins slow, and
 * only from addresses where that account has not logged in before; where it has, what others do from the same address does not count, either.
 * Names without an account are counted like others, so that nobody learns which there are.
 */
import { createHash } from "node:crypto";
import { addressKey } from "../domain/addresses.ts";
import { loginBackOffKnownMsMax, loginBackOffMs, loginBackOffMsMax, loginCountedMs, loginForgottenMs, loginSlowFactor, loginSlowMs, loginsRememberedMax } from "../domain/limits.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import type { Clock } from "../ports.ts";

export interface LoginThrottleOptions {
  /** Failures that go on without consequence, in `loginCountedMs`. */
  readonly perAddressMax: number;
  readonly perAccountMax: number;
  readonly clock: Clock;
  readonly refused: CountRefusal;
}

/** `from`: an IP address. `account`: a bare JID, whether there is such an account or not. */
export interface LoginThrottle {
  /** Resolves, after a while where that is due: undefined: the login may go on. */
  admit(from: string, account: string): Promise<Throttled | undefined>;
  failed(from: string, account: string): void;
  succeeded(from: string, account: string): void;
}

/** What refuses a login, and in how many ms it may be tried again. */
export interface Throttled {
  readonly limit: "limits.loginFailuresPerAccount" | "limits.loginFailuresPerAddress";
  readonly waitMs: number;
}

export function createLoginThrottle({ perAddressMax, perAccountMax, clock, refused }: LoginThrottleOptions): LoginThrottle {
  const addresses = new Counts(perAddressMax, clock);
  const accounts = new Counts(perAccountMax * loginSlowFactor, clock);
  /** Of one address with one account, the last one not long ago. `until`: so long the next one waits. */
  const guesses = new Recent<{ readonly count: number; readonly at: number; readonly until: number }>();
  const known = new Recent<true>();
  const throttled = (limit: Throttled["limit"], waitMs: number): Throttled => {
    refused(limit);
    return { limit, waitMs };
  };

  return {
    async admit(from, account) {
      const address = addressKey(from);
      const pair = `${address} ${account}`;
      const waitMs = (guesses.get(pair)?.until ?? 0) - clock.now();
      if (waitMs > 0) return throttled("limits.loginFailuresPerAccount", waitMs);
      if (known.get(pair) !== undefined) return undefined;
      if (addresses.over(address) >= 0) return throttled("limits.loginFailuresPerAddress", addresses.lessInMs(address));
      if (accounts.over(account) >= 0) await new Promise<void>((resolve) => clock.at(clock.now() + loginSlowMs, resolve));
      return undefined;
    },
    failed(from, account) {
      const address = addressKey(from);
      const pair = `${address} ${account}`;
      const now = clock.now();
      const before = guesses.get(pair);
      const count = before === undefined || now - before.at > loginForgottenMs ? 1 : before.count + 1;
      // Who has been let in there before may share the address with who guesses.
      const longestMs = known.get(pair) === undefined ? loginBackOffMsMax : loginBackOffKnownMsMax;
      const waitMs = count < perAccountMax ? 0 : Math.min(longestMs, loginBackOffMs * 2 ** Math.min(20, count - perAccountMax));
      guesses.set(pair, { count, at: now, until: now + waitMs });
      addresses.add(address);
      accounts.add(account);
    },
    succeeded(from, account) {
      const pair = `${addressKey(from)} ${account}`;
      guesses.delete(pair);
      known.set(pair, true);
    },
  };
}

/** How much was counted of each: it goes down evenly, by `max` in `loginCountedMs`. */
class Counts {
  readonly #max: number;
  readonly #clock: Clock;
  readonly #entries = new Recent<{ readonly count: number; readonly at: number }>();

  constructor(max: number, clock: Clock) {
    this.#max = max;
    this.#clock = clock;
  }

  add(key: string): void {
    // Who is far over it does not have to wait for longer than all of the time.
    this.#entries.set(key, { count: Math.min(this.#max * 2, this.#count(key) + 1), at: this.#clock.now() });
  }

  /** 0 or more: as many as are allowed were counted, and so many more. One counts until it is gone for good. */
  over(key: string): number {
    return Math.ceil(this.#count(key)) - this.#max;
  }

  lessInMs(key: string): number {
    return Math.max(1, Math.ceil(((this.#count(key) - this.#max + 1) * loginCountedMs) / this.#max));
  }

  #count(key: string): number {
    const entry = this.#entries.get(key);
    return entry === undefined ? 0 : Math.max(0, entry.count - ((this.#clock.now() - entry.at) * this.#max) / loginCountedMs);
  }
}

/** Strangers choose the names, up to a kilobyte each. */
function short(key: string): string {
  return key.length <= 100 ? key : createHash("sha256").update(key).digest("base64");
}

/** So many of the latest. */
class Recent<Value> {
  readonly #values = new Map<string, Value>();

  get(key: string): Value | undefined {
    return this.#values.get(short(key));
  }

  set(key: string, value: Value): void {
    this.delete(key);
    this.#values.set(short(key), value);
    if (this.#values.size > loginsRememberedMax) this.#values.delete(this.#values.keys().next().value!);
  }

  delete(key: string): void {
    this.#values.delete(short(key));
  }
}
