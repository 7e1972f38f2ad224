import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VirtualTime } from "../../../src/testing/virtual/virtual-time.ts";

describe("virtual time", () => {
  it("runs tasks in the order of their deadlines, and those of one deadline as they were asked for", async () => {
    const asked = fc.array(fc.record({ ms: fc.nat(20), cancelled: fc.boolean() }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(asked, async (tasks) => {
        const time = new VirtualTime(1_000);
        const ran: [number, number][] = [];
        const timers = tasks.map(({ ms }, index) => time.at(1_000 + ms, () => ran.push([time.now() - 1_000, index])));
        timers.forEach((timer, index) => tasks[index]!.cancelled && timer.cancel());
        await time.advance(20);
        const expected = tasks.flatMap(({ ms, cancelled }, index): [number, number][] => (cancelled ? [] : [[ms, index]]));
        expect(ran).toEqual(expected.toSorted(([a, first], [b, second]) => a - b || first - second));
        expect(time.next).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });

  it("stands still until it is moved, and stops where it is told to", async () => {
    const time = new VirtualTime(500);
    let ran = 0;
    time.at(510, () => (ran += 1));
    time.at(511, () => (ran += 1));
    await time.advance(9);
    expect([time.now(), ran]).toEqual([509, 0]);
    await time.advance(1);
    expect([time.now(), ran, time.next]).toEqual([510, 1, 511]);
    expect(await time.step(510)).toBe(false);
    expect(await time.step(511)).toBe(true);
    expect([time.now(), ran]).toEqual([511, 2]);
    expect(await time.step()).toBe(false);
  });

  it("does everything that a task has promised before the next one", async () => {
    const time = new VirtualTime(0);
    const order: string[] = [];
    time.at(1, () => {
      order.push("first");
      void (async () => {
        for (let hops = 0; hops < 100; hops += 1) await Promise.resolve();
        order.push("promised");
      })();
    });
    time.at(1, () => order.push("second"));
    await time.advance(1);
    expect(order).toEqual(["first", "promised", "second"]);
  });

  it("runs what a task asks for in the same advance, a past deadline as the last of now", async () => {
    const time = new VirtualTime(100);
    const order: string[] = [];
    time.at(110, () => {
      time.at(3, () => order.push(`past at ${time.now()}`));
      time.at(115, () => order.push(`later at ${time.now()}`));
    });
    time.at(110, () => order.push("beside"));
    await time.advance(15);
    expect(order).toEqual(["beside", "past at 110", "later at 115"]);
  });

  it("tells after each task, and lets what a task throws out to who moves it", async () => {
    const time = new VirtualTime(0);
    const at: number[] = [];
    for (const deadline of [3, 5]) time.at(deadline, () => undefined);
    await time.advance(10, () => at.push(time.now()));
    expect(at).toEqual([3, 5]);
    time.at(12, () => {
      throw new Error("a task that cannot");
    });
    await expect(time.advance(10)).rejects.toThrow("a task that cannot");
  });

  it("refuses a deadline that is no number", () => {
    expect(() => new VirtualTime(0).at(Number.NaN, () => undefined)).toThrow(RangeError);
  });
});

describe("a lifetime", () => {
  it("ends with all its tasks, those of the same moment too, and nobody else's", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ ms: fc.nat(9), mine: fc.boolean() })), fc.nat(9), async (tasks, endsAt) => {
        const time = new VirtualTime(0);
        const [mine, other] = [time.lifetime(), time.lifetime()];
        const ran: string[] = [];
        time.at(endsAt, () => mine.end());
        for (const [index, task] of tasks.entries()) {
          (task.mine ? mine : other).clock.at(task.ms, () => ran.push(`${task.mine} ${index} ${time.now()}`));
        }
        await time.advance(10);
        const runs = tasks.map((task, index) => ({ ...task, index })).filter(({ mine: own, ms }) => !own || ms < endsAt);
        expect(ran).toEqual(runs.toSorted((a, b) => a.ms - b.ms || a.index - b.index).map(({ mine: own, index, ms }) => `${own} ${index} ${ms}`));
      }),
      { numRuns: 60 },
    );
  });

  it("takes nothing up once it has ended, and keeps nothing of it", async () => {
    const time = new VirtualTime(0);
    const { clock, end } = time.lifetime();
    let ran = 0;
    clock.at(1_000_000, () => (ran += 1));
    end();
    clock.soon(() => (ran += 1));
    clock.at(5, () => (ran += 1)).cancel();
    expect(time.next).toBeUndefined();
    await time.advance(2_000_000);
    expect([ran, clock.now()]).toEqual([0, 2_000_000]);
  });
});
