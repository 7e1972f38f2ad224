import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { counted, CountError, Outgoing } from "./counting.ts";

describe("XEP-0198 section 4: the client's counts", () => {
  it("give back in order what an h acknowledges, and keep the rest", () => {
    const outgoing = new Outgoing<string>();
    for (const item of ["one", "two", "three"]) outgoing.push(item);
    expect(outgoing.acknowledge(2)).toEqual(["one", "two"]);
    expect(outgoing.waiting).toEqual(["three"]);
    expect(outgoing.acknowledge(2)).toEqual([]);
    expect(outgoing.acknowledge(3)).toEqual(["three"]);
  });

  it("go on over 2^32", () => {
    const outgoing = new Outgoing<number>(2 ** 32 - 2);
    for (const item of [1, 2, 3, 4]) outgoing.push(item);
    expect(outgoing.acknowledge(2 ** 32 - 1)).toEqual([1]);
    expect(outgoing.acknowledge(1)).toEqual([2, 3]);
    expect(counted(2 ** 32 - 1)).toBe(0);
  });

  it("refuse an h that goes back, is beyond what was sent, or is no number", () => {
    const outgoing = new Outgoing<number>();
    for (const item of [1, 2, 3]) outgoing.push(item);
    outgoing.acknowledge(2);
    for (const h of [1, 0, 4, -1, 2.5, 2 ** 32, Number.NaN]) expect(() => outgoing.acknowledge(h), String(h)).toThrow(CountError);
    expect(outgoing.waiting).toEqual([3]);
  });

  it("lose and repeat nothing, whatever is acknowledged when", () => {
    const steps = fc.array(fc.oneof(fc.constant("send" as const), fc.nat(5)), { maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 2 ** 32 - 20, max: 2 ** 32 - 1 }), (steps, begin) => {
        const outgoing = new Outgoing<number>(begin);
        const taken: number[] = [];
        let sent = 0;
        for (const step of steps) {
          if (step === "send") outgoing.push(++sent);
          else taken.push(...outgoing.acknowledge((begin + Math.min(sent, taken.length + step)) % 2 ** 32));
        }
        expect([...taken, ...outgoing.waiting]).toEqual(Array.from({ length: sent }, (_, index) => index + 1));
      }),
    );
  });
});
