import { afterEach, describe, expect, it, vi } from "vitest";
import { liveClock, liveIds, liveRandom } from "../../src/live.ts";
import { pause } from "./support.ts";

describe("live clock", () => {
  afterEach(() => void vi.useRealTimers());

  it("runs a task once, at its deadline and not before", () => {
    vi.useFakeTimers();
    const task = vi.fn();
    liveClock.at(liveClock.now() + 50, task);
    vi.advanceTimersByTime(49);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(task).toHaveBeenCalledTimes(1);
  });

  it("waits for a deadline that setTimeout cannot take", () => {
    vi.useFakeTimers();
    const task = vi.fn();
    const days = 60 * 86_400_000;
    liveClock.at(liveClock.now() + days, task);
    vi.advanceTimersByTime(days - 1);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(task).toHaveBeenCalledTimes(1);
  });

  it("waits on when the wall clock was set back", () => {
    vi.useFakeTimers();
    const task = vi.fn();
    const start = liveClock.now();
    liveClock.at(start + 100, task);
    vi.setSystemTime(start - 1000);
    vi.advanceTimersByTime(1099);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(task).toHaveBeenCalledTimes(1);
  });

  it("runs a past deadline soon, but not within the call", async () => {
    const task = vi.fn();
    liveClock.at(0, task);
    expect(task).not.toHaveBeenCalled();
    await vi.waitFor(() => expect(task).toHaveBeenCalledTimes(1));
  });

  it("does not run what was cancelled, even after it was armed again", () => {
    vi.useFakeTimers();
    const task = vi.fn();
    const timer = liveClock.at(liveClock.now() + 2 ** 31 + 10, task);
    vi.advanceTimersByTime(2 ** 31 - 1);
    timer.cancel();
    vi.advanceTimersByTime(1000);
    expect(task).not.toHaveBeenCalled();
  });

  it("never keeps the process alive with a timer", () => {
    const before = timeouts();
    const timer = liveClock.at(liveClock.now() + 60_000, () => {});
    expect(timeouts()).toBe(before);
    timer.cancel();
  });

  it("runs what is soon after the promises of this input and before later timers", async () => {
    const order: string[] = [];
    liveClock.soon(() => order.push("soon"));
    void Promise.resolve().then(() => order.push("promise"));
    liveClock.at(liveClock.now() + 20, () => order.push("timer"));
    order.push("now");
    await pause(40);
    expect(order).toEqual(["now", "promise", "soon", "timer"]);
  });
});

function timeouts(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
}

describe("live randomness and ids", () => {
  it("gives 22 characters of base64url, each time others", () => {
    const ids = Array.from({ length: 5000 }, () => liveIds.next());
    expect(ids.every((id) => /^[A-Za-z0-9_-]{22}$/.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("fills the whole 128 bits", () => {
    const seen = new Uint8Array(16);
    for (let count = 0; count < 200; count += 1) Buffer.from(liveIds.next(), "base64url").forEach((byte, at) => (seen[at]! |= byte));
    expect([...seen]).toEqual(Array.from({ length: 16 }, () => 255));
  });

  it("gives as many bytes as asked for", () => {
    expect(liveRandom.bytes(33)).toHaveLength(33);
    expect(Buffer.from(liveRandom.bytes(16)).equals(liveRandom.bytes(16))).toBe(false);
  });
});
