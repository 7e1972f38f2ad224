/** Who gets in, for how long, and how often. */
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Gate } from "../../src/inspector/gate.ts";
import { liveIds } from "../../src/live.ts";
import { entranceMs, entrancesMax, freshTokenMs, wrongTokensMax } from "../../src/domain/limits.ts";
import { HandClock } from "../net/support.ts";

function standing(secure = false) {
  const clock = new HandClock(1_000_000);
  const gate = new Gate({ ids: liveIds, clock, port: 5280, secure });
  const pass = async (ms: number) => {
    const kept = clock.at(Number.POSITIVE_INFINITY, () => {});
    await clock.advance(ms);
    kept.cancel();
  };
  /** As a browser sends it back. */
  const enter = () => gate.enter().split(";")[0]!;
  return { gate, pass, enter };
}

describe("A token", () => {
  it("has 128 random bits, and no two are the same", () => {
    const { gate } = standing();
    const tokens = [gate.lastingToken, standing().gate.lastingToken, ...Array.from({ length: 50 }, () => gate.freshToken())];
    expect(tokens.filter((token) => !/^[\w-]{22}$/.test(token))).toEqual([]);
    expect(new Set(tokens).size).toBe(52);
  });

  it("that was printed at the start is good again and again, and always", async () => {
    const { gate, pass } = standing();
    expect([gate.judge(gate.lastingToken), gate.judge(gate.lastingToken)]).toEqual(["good", "good"]);
    await pass(365 * 24 * 3_600_000);
    expect(gate.judge(gate.lastingToken)).toBe("good");
  });

  it("that was made for one use is good once, and for ten minutes", async () => {
    const { gate, pass } = standing();
    const [used, kept, old] = [gate.freshToken(), gate.freshToken(), gate.freshToken()];
    expect([gate.judge(used), gate.judge(used)]).toEqual(["good", "wrong"]);
    await pass(freshTokenMs - 1);
    expect(gate.judge(kept)).toBe("good");
    await pass(1);
    expect(gate.judge(old)).toBe("wrong");
  });

  it("that is anything else is wrong: empty, cut, longer, the hash of a good one, a cookie", () => {
    const { gate, enter } = standing();
    const token = gate.lastingToken;
    const hash = createHash("sha256").update(token).digest("base64url");
    const others = ["", token.slice(1), `${token}x`, token.toLowerCase() === token ? token.toUpperCase() : token.toLowerCase(), hash, enter().split("=")[1]!];
    expect(others.map((other) => gate.judge(other))).toEqual(others.map(() => "wrong"));
  });

  it("that is good is good also after many wrong ones, which are counted a minute at a time", async () => {
    const { gate, pass } = standing();
    const wrong = Array.from({ length: wrongTokensMax + 5 }, () => gate.judge("guess"));
    expect(wrong.filter((judgement) => judgement === "wrong").length).toBe(wrongTokensMax);
    expect(wrong.at(-1)).toBe("too-many");
    expect(gate.judge(gate.lastingToken)).toBe("good");
    await pass(60_000);
    expect(gate.judge("guess")).toBe("wrong");
  });

  it("makes room for newer ones when too many wait for their use", () => {
    const { gate } = standing();
    const tokens = Array.from({ length: entrancesMax + 1 }, () => gate.freshToken());
    expect([gate.judge(tokens[0]!), gate.judge(tokens[1]!), gate.judge(tokens.at(-1)!)]).toEqual(["wrong", "good", "good"]);
  });
});

describe("A cookie", () => {
  it("is for this path and this port, out of reach of scripts and other sites, and under TLS for TLS alone", () => {
    expect(standing().gate.enter()).toMatch(/^refrain-inspect-5280=[\w-]{22}; Path=\/inspect; Max-Age=43200; HttpOnly; SameSite=Strict$/);
    expect(standing(true).gate.enter()).toMatch(/; SameSite=Strict; Secure$/);
  });

  it("lets in for twelve hours, alone or among others", async () => {
    const { gate, pass, enter } = standing();
    const cookie = enter();
    for (const header of [cookie, `a=b; ${cookie}; c=d`, `refrain-inspect-5280=stale; ${cookie}`]) expect(gate.admits(header)).toBe(true);
    await pass(entranceMs - 1);
    expect(gate.admits(cookie)).toBe(true);
    await pass(1);
    expect(gate.admits(cookie)).toBe(false);
  });

  it("is nothing without its value: none, another server's, a token, one that left", () => {
    const { gate, enter } = standing();
    const cookie = enter();
    const value = cookie.split("=")[1]!;
    const others = [undefined, "", "refrain-inspect-5280=", `refrain-inspect-5281=${value}`, `xrefrain-inspect-5280=${value}`, `refrain-inspect-5280=${gate.lastingToken}`, standing().enter()];
    expect(others.map((header) => gate.admits(header))).toEqual(others.map(() => false));
    expect(gate.leave(cookie)).toMatch(/^refrain-inspect-5280=; .*Max-Age=0;/);
    expect(gate.admits(cookie)).toBe(false);
  });

  it("makes room for a newer one when there are too many", () => {
    const { gate, enter } = standing();
    const cookies = Array.from({ length: entrancesMax + 1 }, enter);
    expect([gate.admits(cookies[0]), gate.admits(cookies[1]), gate.admits(cookies.at(-1))]).toEqual([false, true, true]);
  });

  it("tells those who are in by it when it lets in no more: left, too old, or pushed out, and once", async () => {
    const { gate, pass, enter } = standing();
    const told: string[] = [];
    const [left, old, forgotten] = [enter(), enter(), enter()];
    for (const [name, cookie] of Object.entries({ left, old })) gate.whileAdmitted(`a=b; ${cookie}`, () => told.push(name));
    gate.whileAdmitted(forgotten, () => told.push("forgotten"))();
    gate.leave(left);
    gate.leave(left);
    expect(told).toEqual(["left"]);
    await pass(entranceMs - 1);
    expect(told).toEqual(["left"]);
    await pass(1);
    expect(told).toEqual(["left", "old"]);
    gate.whileAdmitted(old, () => told.push("late"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual(["left", "old", "late"]);
    gate.whileAdmitted(enter(), () => told.push("pushed out"));
    for (let count = 0; count < entrancesMax; count += 1) enter();
    await pass(entranceMs);
    expect(told).toEqual(["left", "old", "late", "pushed out"]);
  });
});
