import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareKeys, prefixEnd, storable } from "../../src/log/keys.ts";

const character = fc.constantFrom("a", "b", "é", "\ud7fe", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10fffe}", "\u{10ffff}");
const key = fc.oneof(fc.array(character, { maxLength: 4 }).map((characters) => characters.join("")), fc.string({ unit: "grapheme" }));
const bytes = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));

describe("keys", () => {
  it("compare as their UTF-8 bytes do", () => {
    const property = fc.property(key, key, (left, right) => {
      expect(Math.sign(compareKeys(left, right))).toBe(bytes(left, right));
    });
    fc.assert(property, { numRuns: 2_000 });
  });

  it("with a prefix are those from the prefix up to its end", () => {
    const property = fc.property(key, key, (prefix, other) => {
      const end = prefixEnd(prefix);
      const within = compareKeys(other, prefix) >= 0 && (end === undefined || compareKeys(other, end) < 0);
      expect(within).toBe(other.startsWith(prefix));
    });
    fc.assert(property, { numRuns: 2_000 });
  });

  it("have no end where nothing is greater, and never end in half a surrogate pair", () => {
    expect(prefixEnd("")).toBeUndefined();
    expect(prefixEnd("\u{10ffff}\u{10ffff}")).toBeUndefined();
    expect(prefixEnd("a\u{10ffff}")).toBe("b");
    expect(prefixEnd("a\ud7ff")).toBe("a\ue000");
  });

  it("are refused with U+0000 or a lone surrogate, and only then", () => {
    expect(storable("key", "romeo😀")).toBe("romeo😀");
    expect(() => storable("key", "a\0b")).toThrow('key: expected text without U+0000 and lone surrogates, got "a\\u0000b"');
    expect(() => storable("key", "\ud83d")).toThrow("key: expected");
    expect(() => storable("key", "a\ude00")).toThrow("key: expected");
  });
});
