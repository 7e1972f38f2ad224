import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";

const drawn = (seed: number, name?: string): readonly number[] => {
  const random = new SeededRandom(seed, name);
  return Array.from({ length: 50 }, () => random.next32());
};

describe("seeded randomness", () => {
  it("is the same for the same seed and name, and another for any other", () => {
    const seeds = [0, 1, 2, 255, 256, -1, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER];
    const all = seeds.flatMap((seed) => ["", "net", "disk", "ten"].map((name) => drawn(seed, name).join()));
    expect(new Set(all).size).toBe(all.length);
    expect(seeds.flatMap((seed) => ["", "net", "disk", "ten"].map((name) => drawn(seed, name).join()))).toEqual(all);
  });

  it("is the same on every machine", () => {
    const random = new SeededRandom(42, "net");
    expect([random.next32(), random.whole(1, 6), random.next(), [...random.bytes(5)]]).toEqual([925_364_143, 3, "erVX_K3c5eYFfaI6pISjEA", [34, 18, 195, 191, 4]]);
  });

  it("draws evenly, at both ends too", () => {
    const random = new SeededRandom(7);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let draw = 0; draw < 20_000; draw += 1) counts[random.whole(0, 9)]! += 1;
    for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(200);
    const fractions = Array.from({ length: 10_000 }, () => random.fraction());
    expect(Math.min(...fractions)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...fractions)).toBeLessThan(1);
    expect(fractions.filter((value) => value < 0.25).length / 10_000).toBeCloseTo(0.25, 1);
    const bits = Array.from({ length: 8 }, () => 0);
    for (const byte of random.bytes(8_000)) for (let bit = 0; bit < 8; bit += 1) bits[bit]! += (byte >> bit) & 1;
    for (const ones of bits) expect(Math.abs(ones - 4_000)).toBeLessThan(300);
  });

  it("keeps to chances that are certain, and picks of what there is", () => {
    const random = new SeededRandom(7);
    expect(Array.from({ length: 100 }, () => random.chance(0)).some(Boolean)).toBe(false);
    expect(Array.from({ length: 100 }, () => random.chance(1)).every(Boolean)).toBe(true);
    expect(new Set(Array.from({ length: 100 }, () => random.pick(["a", "b", "c"])))).toEqual(new Set(["a", "b", "c"]));
    expect(() => random.pick([])).toThrow("there is nothing to pick from");
    expect(random.whole(5, 5)).toBe(5);
  });

  it("makes ids as the live ones are, and never one twice", () => {
    const random = new SeededRandom(7);
    const ids = Array.from({ length: 2_000 }, () => random.next());
    expect(new Set(ids).size).toBe(2_000);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect([random.bytes(0).length, random.bytes(3).length, random.bytes(16).length]).toEqual([0, 3, 16]);
  });
});
