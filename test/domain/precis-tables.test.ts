import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import {
  direction,
  idnaProperty,
  joinsNext,
  joinsPrevious,
  joinTransparent,
  precisProperty,
  rightToLeftBlock,
  virama,
} from "../../src/domain/precis-tables.ts";

/** What tr46 generates from the Unicode data for its own checks: a second source for the tables here. */
const tr46: Record<string, RegExp> = createRequire(import.meta.url)("tr46/lib/regexes.js");

const properties = Array.from({ length: 0x110000 }, (_, code) => precisProperty(String.fromCodePoint(code)));

function charsWith(...wanted: string[]): string[] {
  return properties.flatMap((property, code) => (wanted.includes(property) ? [String.fromCodePoint(code)] : []));
}

function hex(char: string): string {
  return char.codePointAt(0)?.toString(16) ?? "";
}

function matches(name: string, text: string): boolean {
  return tr46[name]?.test(text) ?? false;
}

/** Whether the Unicode of tr46 has `char`: one that came later has no direction there. */
function isKnown(char: string): boolean {
  return matches("bidiS2", char) || matches("bidiS5", char);
}

function directionByTr46(char: string): string {
  if (matches("bidiS1LTR", char)) return "L";
  if (matches("bidiS4EN", char)) return "E";
  if (matches("bidiS4AN", char)) return "A";
  if (matches("bidiS1RTL", char)) return "R";
  // NSM may end an LTR label after a letter; ES, CS, ET, ON and BN may only be within.
  if (matches("bidiS6", `a${char}`)) return "N";
  return matches("bidiS5", char) ? "O" : "forbidden";
}

describe("RFC 8264 section 8 derived property", () => {
  it.each([
    ["ASCII7 (K)", "!", "PVALID"],
    ["ASCII7 (K)", "~", "PVALID"],
    ["LetterDigits (A)", "A", "PVALID"],
    ["LetterDigits (A), capital outside ASCII", "\u00C4", "PVALID"],
    ["LetterDigits (A), combining mark", "\u0301", "PVALID"],
    ["LetterDigits (A), beyond the BMP", "\u{10400}", "PVALID"],
    ["Exceptions (F), valid", "\u00DF", "PVALID"],
    ["Exceptions (F), valid though punctuation", "\u0F0B", "PVALID"],
    ["Exceptions (F), contextual", "\u00B7", "CONTEXTO"],
    ["Exceptions (F), contextual digit", "\u0660", "CONTEXTO"],
    ["Exceptions (F), disallowed", "\u0640", "DISALLOWED"],
    ["JoinControl (H)", "\u200D", "CONTEXTJ"],
    ["OldHangulJamo (I)", "\u1100", "DISALLOWED"],
    ["OldHangulJamo (I), extended", "\uD7CB", "DISALLOWED"],
    ["Unassigned (J)", "\u0378", "UNASSIGNED"],
    ["Controls (L)", "\t", "DISALLOWED"],
    ["Controls (L)", "\u0085", "DISALLOWED"],
    ["PrecisIgnorableProperties (M), soft hyphen", "\u00AD", "DISALLOWED"],
    ["PrecisIgnorableProperties (M), noncharacter", "\uFFFE", "DISALLOWED"],
    ["PrecisIgnorableProperties (M), variation selector", "\uFE0F", "DISALLOWED"],
    ["Spaces (N)", " ", "FREE_PVAL"],
    ["Spaces (N)", "\u1680", "FREE_PVAL"],
    ["Symbols (O)", "\u265A", "FREE_PVAL"],
    ["Punctuation (P)", "\u2014", "FREE_PVAL"],
    ["HasCompat (Q)", "\u2163", "FREE_PVAL"],
    ["HasCompat (Q), fullwidth", "\uFF21", "FREE_PVAL"],
    ["OtherLetterDigits (R), enclosing mark", "\u20DD", "FREE_PVAL"],
    ["OtherLetterDigits (R), letter number", "\u16EE", "FREE_PVAL"],
    ["no category: private use", "\uE000", "DISALLOWED"],
    ["no category: lone surrogate", "\uD800", "DISALLOWED"],
    ["no category: line separator", "\u2028", "DISALLOWED"],
    ["no category: visible format character", "\u0600", "DISALLOWED"],
  ])("%s: %j is %s", (_category, char, property) => {
    expect(precisProperty(char)).toBe(property);
  });

  it("has as many contextual code points as RFC 5892 has rules for", () => {
    expect(charsWith("CONTEXTJ").map(hex)).toEqual(["200c", "200d"]);
    expect(charsWith("CONTEXTO")).toHaveLength(5 + 20);
  });
});

describe("RFC 5892 section 3 derived property", () => {
  it.each([
    ["LDH (E)", "-", "PVALID"],
    ["ASCII that is not LDH", "_", "DISALLOWED"],
    ["Unstable (B), capital", "A", "DISALLOWED"],
    ["Unstable (B), capital outside ASCII", "\u00C4", "DISALLOWED"],
    ["Unstable (B), case folding that toLowerCase does not know", "\u1F80", "DISALLOWED"],
    ["Unstable (B), fullwidth", "\uFF41", "DISALLOWED"],
    ["stable though folding takes it apart", "\u0390", "PVALID"],
    ["Exceptions (F)", "\u03C2", "PVALID"],
    ["Exceptions (F), contextual", "\u30FB", "CONTEXTO"],
    ["JoinControl (H)", "\u200C", "CONTEXTJ"],
    ["IgnorableProperties (C), white space", "\u3000", "DISALLOWED"],
    ["IgnorableBlocks (D), marks for symbols", "\u20E1", "DISALLOWED"],
    ["IgnorableBlocks (D), musical symbols", "\u{1D165}", "DISALLOWED"],
    ["OldHangulJamo (I)", "\u1161", "DISALLOWED"],
    ["LetterDigits (A)", "\u4E2D", "PVALID"],
    ["Cherokee capital, which case folding keeps", "\u13A0", "PVALID"],
    ["Unassigned (J)", "\u0378", "UNASSIGNED"],
    ["a symbol", "\u2665", "DISALLOWED"],
  ])("%s: %j is %s", (_category, char, property) => {
    expect(idnaProperty(char)).toBe(property);
  });

  it("admits nothing that the IdentifierClass refuses", () => {
    const admitted = new Set(["PVALID", "CONTEXTJ", "CONTEXTO"]);
    const refused = charsWith("FREE_PVAL", "DISALLOWED", "UNASSIGNED");
    expect(refused.filter((char) => admitted.has(idnaProperty(char)))).toEqual([]);
  });
});

describe("the tables of Unicode 17 agree with those in tr46", () => {
  const members = charsWith("PVALID", "CONTEXTJ", "CONTEXTO").filter(isKnown);
  it("directions, on each code point of the IdentifierClass", () => {
    expect(members.length).toBeGreaterThan(130_000);
    expect(members.filter((char) => direction(char) !== directionByTr46(char)).map(hex)).toEqual([]);
  });

  it("right-to-left blocks hold each code point with direction R or A", () => {
    expect(members.filter((char) => /[RA]/.test(direction(char)) && !rightToLeftBlock.test(char)).map(hex)).toEqual([]);
  });

  it("joining types and viramas, on each code point of the FreeformClass", () => {
    const sets = tr46["validZWNJ"]?.source.match(/\[[^\]]*\]/g) ?? [];
    const [left, transparent, , right] = sets.map((set) => new RegExp(set, "u"));
    const freeform = [...members, ...charsWith("FREE_PVAL").filter(isKnown)];
    const differ = (ours: RegExp, theirs: RegExp | undefined) =>
      freeform.filter((char) => ours.test(char) !== theirs?.test(char)).map(hex);
    expect(differ(joinsNext, left)).toEqual([]);
    expect(differ(joinTransparent, transparent)).toEqual([]);
    expect(differ(joinsPrevious, right)).toEqual([]);
    expect(differ(virama, tr46["combiningClassVirama"])).toEqual([]);
  });
});
