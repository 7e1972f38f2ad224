/** How fast passwords can be guessed, and that nobody is kept out by who guesses. */
import { describe, expect, it } from "vitest";
import { createLoginThrottle, type LoginThrottle } from "../../src/auth/login-throttle.ts";
import { loginBackOffMsMax, loginCountedMs, loginSlowMs, loginsRememberedMax } from "../../src/domain/limits.ts";
import type { LimitName } from "../../src/domain/refusals.ts";
import type { Clock } from "../../src/ports.ts";

const romeo = "romeo@example.org";

class Setting {
  now = 1_000_000;
  readonly refusals: LimitName[] = [];
  readonly throttle: LoginThrottle;
  /** How long was waited, in all. */
  waitedMs = 0;

  constructor({ perAddressMax = 20, perAccountMax = 3 } = {}) {
    const clock: Clock = {
      now: () => this.now,
      at: (deadline, task) => {
        this.waitedMs += deadline - this.now;
        task();
        return { cancel() {} };
      },
      soon: (task) => task(),
    };
    this.throttle = createLoginThrottle({ perAddressMax, perAccountMax, clock, refused: (limit) => this.refusals.push(limit) });
  }

  /** A wrong password. Returns in how many ms it may be tried again, if it was not let in to try. */
  async guess(from: string, account = romeo): Promise<number | undefined> {
    const throttled = await this.throttle.admit(from, account);
    if (throttled === undefined) this.throttle.failed(from, account);
    return throttled?.waitMs;
  }

  async logIn(from: string, account = romeo): Promise<boolean> {
    if ((await this.throttle.admit(from, account)) !== undefined) return false;
    this.throttle.succeeded(from, account);
    return true;
  }
}

describe("RFC 6120 section 13.12 one who guesses at one account", () => {
  it("waits from the third failure on, twice as long with each, up to a quarter of an hour", async () => {
    const setting = new Setting();
    const waits: number[] = [];
    for (let tries = 0; tries < 14; tries += 1) {
      expect(await setting.guess("192.0.2.1")).toBeUndefined();
      const { waitMs = 0 } = (await setting.throttle.admit("192.0.2.1", romeo)) ?? {};
      waits.push(waitMs);
      setting.now += waitMs;
    }
    expect(waits.slice(0, 6)).toEqual([0, 0, 1_000, 2_000, 4_000, 8_000]);
    expect(Math.max(...waits)).toBeLessThanOrEqual(loginBackOffMsMax);
    expect(new Set(setting.refusals)).toEqual(new Set(["limits.loginFailuresPerAccount"]));
  });

  it("guesses no more than some hundred times in a day", async () => {
    const setting = new Setting({ perAddressMax: 1_000_000 });
    const end = setting.now + 86_400_000;
    let guesses = 0;
    while (setting.now < end) {
      const waitMs = await setting.guess("192.0.2.1");
      if (waitMs === undefined) guesses += 1;
      else setting.now += waitMs;
    }
    expect(guesses).toBeLessThan(500);
  });

  it("does not keep out the owner, who is elsewhere, nor others at the same address", async () => {
    const setting = new Setting();
    for (let tries = 0; tries < 10; tries += 1) await setting.guess("192.0.2.1");
    expect(await setting.logIn("198.51.100.1")).toBe(true);
    expect(await setting.logIn("192.0.2.1", "juliet@example.org")).toBe(true);
    expect(await setting.logIn("192.0.2.1")).toBe(false);
  });

  it("keeps an owner at the same address, known there, waiting for seconds alone", async () => {
    const setting = new Setting();
    expect(await setting.logIn("192.0.2.1")).toBe(true);
    for (let tries = 0; tries < 30; tries += 1) setting.throttle.failed("192.0.2.1", romeo);
    expect(await setting.throttle.admit("192.0.2.1", romeo)).toEqual({ limit: "limits.loginFailuresPerAccount", waitMs: 8_000 });
    setting.now += 8_000;
    expect(await setting.logIn("192.0.2.1")).toBe(true);
    // A right password makes good what the owner has mistyped.
    expect(await setting.guess("192.0.2.1")).toBeUndefined();
    expect(await setting.throttle.admit("192.0.2.1", romeo)).toBeUndefined();
  });
});

describe("RFC 6120 section 13.12 one who guesses at many accounts", () => {
  it("is refused when the address has failed too often, until some of it is long ago", async () => {
    const setting = new Setting();
    for (let index = 0; index < 20; index += 1) expect(await setting.guess("2001:db8::1", `user${index}@example.org`)).toBeUndefined();
    // The whole network of one customer.
    const waitMs = await setting.guess("2001:db8::ffff", "user99@example.org");
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(loginCountedMs / 20);
    expect(setting.refusals).toEqual(["limits.loginFailuresPerAddress"]);
    expect(await setting.guess("2001:db8:0:1::1", "user99@example.org")).toBeUndefined();
    setting.now += waitMs!;
    expect(await setting.guess("2001:db8::1", "user99@example.org")).toBeUndefined();
  });

  it("does not keep those out who have logged in from there before", async () => {
    const setting = new Setting();
    expect(await setting.logIn("192.0.2.1")).toBe(true);
    for (let index = 0; index < 30; index += 1) await setting.guess("192.0.2.1", `user${index}@example.org`);
    expect(await setting.logIn("192.0.2.1", "new@example.org")).toBe(false);
    expect(await setting.logIn("192.0.2.1")).toBe(true);
  });
});

describe("RFC 6120 section 13.12 many who guess at one account", () => {
  it("make logins to it slow, where it is not known, and refuse none", async () => {
    const setting = new Setting();
    await setting.logIn("198.51.100.1");
    for (let index = 0; index < 40; index += 1) await setting.guess(`203.0.113.${index}`);
    const before = setting.waitedMs;
    expect(await setting.logIn("198.51.100.1")).toBe(true);
    expect(setting.waitedMs).toBe(before);
    expect(await setting.logIn("192.0.2.7")).toBe(true);
    expect(setting.waitedMs).toBe(before + loginSlowMs);
    expect(setting.refusals).toEqual([]);
  });
});

describe("What is remembered of who guesses", () => {
  it("is bounded, however long the names are that strangers choose", async () => {
    const setting = new Setting({ perAddressMax: 1_000_000_000 });
    const name = "x".repeat(1_000);
    for (let index = 0; index < loginsRememberedMax + 1_000; index += 1) setting.throttle.failed("192.0.2.1", `${index < 2_000 ? name : ""}${index}@example.org`);
    globalThis.gc?.();
    expect(await setting.throttle.admit("192.0.2.2", romeo)).toBeUndefined();
  });
});
