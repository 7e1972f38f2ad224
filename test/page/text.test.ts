import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { counted, dateAndTime, durationWords, number, relativeTime, shortened, timeOfDay, visible } from "../../src/page/text.ts";

/** Any code points, those that are not seen more often. */
const codePoint = fc.oneof(fc.nat(0x10_ffff), fc.nat(0x2f), fc.integer({ min: 0x2000, max: 0x2070 }), fc.constantFrom(0x61c, 0xfeff, 0xd800, 0xdfff, 0x1f600));
const anything = fc.array(codePoint, { maxLength: 60 }).map((points) => String.fromCodePoint(...points));

describe("What strangers wrote is shown so that it cannot pretend to be something else", () => {
  it("shows every character that is not seen, or that turns others round, by its number", () => {
    expect(visible("a\u202eb")).toBe("a⟨U+202E⟩b");
    expect(visible("\u0000\t\n\u007f\u0085")).toBe("⟨U+0000⟩⟨U+0009⟩⟨U+000A⟩⟨U+007F⟩⟨U+0085⟩");
    expect(visible("a\tb\nc\r", { lines: true })).toBe("a\tb\nc⟨U+000D⟩");
    expect(visible("\u200b\u200e\u200f\u061c\u2066\u2069\ufeff\u00ad")).toBe("⟨U+200B⟩⟨U+200E⟩⟨U+200F⟩⟨U+061C⟩⟨U+2066⟩⟨U+2069⟩⟨U+FEFF⟩⟨U+00AD⟩");
    expect(visible("\u{e0041}\ud800x")).toBe("⟨U+E0041⟩⟨U+D800⟩x");
    expect(visible("⟨Romeo⟩ 漢字 😀 é")).toBe("⟨Romeo⟩ 漢字 😀 é");
  });

  it("leaves nothing of the kind, and shown twice is shown once", () => {
    fc.assert(fc.property(anything, (text) => {
      const shown = visible(text);
      expect(shown).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u200b-\u200d\u2060]/u);
      expect(visible(shown)).toBe(shown);
    }), { numRuns: 100 });
  });

  it("cuts what is long, and never half a character", () => {
    expect(shortened("abcdef", 6)).toBe("abcdef");
    expect(shortened("abcdefg", 6)).toBe("abcde…");
    expect(shortened("abcd😀x", 6)).toBe("abcd…");
    fc.assert(fc.property(anything, fc.integer({ min: 2, max: 30 }), (text, max) => {
      const cut = shortened(text, max);
      expect(cut.length).toBeLessThanOrEqual(max);
      if (!/\p{Surrogate}/u.test(text)) expect(cut).not.toMatch(/\p{Surrogate}/u);
    }));
  });
});

describe("Times and numbers in words", () => {
  const at = Date.UTC(2026, 10, 23, 14, 3, 27, 42);
  it("are the same in every locale", () => {
    expect([number(0), number(999), number(1_000), number(1_234_567)]).toEqual(["0", "999", "1,000", "1,234,567"]);
    expect([counted(1, "row"), counted(5_000, "row"), counted(2, "entry", "entries")]).toEqual(["1 row", "5,000 rows", "2 entries"]);
    expect([timeOfDay(at), dateAndTime(at)]).toEqual(["14:03:27.042", "2026-11-23 14:03:27"]);
    expect([durationWords(-5), durationWords(3.4), durationWords(1_234), durationWords(125_000)]).toEqual(["0 ms", "3 ms", "1.2 s", "2 min 5 s"]);
    expect([relativeTime(at, at + 100), relativeTime(at, at + 12_000), relativeTime(at + 40_000, at)]).toEqual(["now", "12 s ago", "in 40 s"]);
  });
});
