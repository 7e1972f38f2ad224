import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { preparedTextLengthMax } from "../../src/domain/limits.ts";
import { followsBidiRule, hasRightToLeft, opaqueString, usernameCaseMapped } from "../../src/domain/precis.ts";

const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
const odd = fc.constantFrom(
  ..."aAlLzZ059 -.@/\u00DF\u1E9E\u03A3\u03C2\u0130\u0131\u0301\u0307\u0323\u00B7\u0375\u03B1\u05D0\u05F3\u05B0",
  ..."\u0627\u0628\u0640\u0660\u06F0\u064B\u200C\u200D\u094D\u0915\u30FB\u30A2\uFF71\uFF9E\uFF21\uFF20\u3000\u1680",
  ..."\u212A\u2126\u2163\u1100\u1161\uAC00\uFB1D\u0958\u0F73\u{1D15E}\u{10400}\u13A0\uAB70\u00AD\uFE0F\u265A\uD800",
);
const joined = (parts: readonly string[]) => parts.join("");
const oddText = fc.array(odd, { maxLength: 12 }).map(joined);
/** Any string that JavaScript can hold, and more often what the rules are about. */
const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.array(unit).map(joined), oddText);

describe("RFC 8265 section 3.6 userparts", () => {
  it.each([
    [1, "juliet@example.com", "juliet@example.com"],
    [2, "fussball", "fussball"],
    [3, "fu\u00DFball", "fu\u00DFball"],
    [4, "\u03C0", "\u03C0"],
    [5, "\u03A3", "\u03C3"],
    [6, "\u03C3", "\u03C3"],
    [7, "\u03C2", "\u03C2"],
  ])("example %i is legal", (_number, text, prepared) => {
    expect(usernameCaseMapped(text)).toBe(prepared);
  });

  it.each([
    [8, "foo bar"],
    [9, ""],
    [10, "henry\u2163"],
    [11, "\u221E"],
  ])("example %i is not", (_number, text) => {
    expect(usernameCaseMapped(text)).toBeUndefined();
  });
});

describe("RFC 8265 section 3.3 UsernameCaseMapped", () => {
  it.each([
    ["maps ASCII capitals", "Juliet", "juliet"],
    ["maps other capitals", "\u00C4RGER", "\u00E4rger"],
    ["maps each sigma alike, at the end of a word too", "\u039F\u0394\u039F\u03A3", "\u03BF\u03B4\u03BF\u03C3"],
    ["maps capital sharp s", "\u1E9E", "\u00DF"],
    ["maps fullwidth letters before anything is refused", "\uFF2A\uFF55\uFF4C", "jul"],
    ["maps halfwidth Katakana, and composes its voiced sound mark", "\uFF76\uFF9E", "\u30AC"],
    ["composes (NFC)", "e\u0301", "\u00E9"],
    ["maps case before it composes", "E\u0301", "\u00E9"],
    ["keeps what lies beyond the BMP", "\u{10428}\u{10400}", "\u{10428}\u{10428}"],
  ])("%s", (_behaviour, text, prepared) => {
    expect(usernameCaseMapped(text)).toBe(prepared);
  });

  it.each([
    ["a code point with a compatibility mapping, before case mapping could remove it (section 3.3.2)", "\u212A"],
    ["a ligature", "\uFB01sh"],
    ["a control character", "a\u0000"],
    ["an ideographic space, which width mapping makes a space", "a\u3000b"],
    ["a fullwidth symbol that maps to nothing allowed", "\uFFE0"],
    ["a soft hyphen", "a\u00ADb"],
    ["old Hangul", "\u1112\u119E\u11AB"],
    ["an unassigned code point", "\u0378"],
    ["a private one", "\uE000"],
    ["a lone surrogate", "a\uD800"],
  ])("refuses %s", (_what, text) => {
    expect(usernameCaseMapped(text)).toBeUndefined();
  });
});

describe("RFC 8265 section 4.3 passwords", () => {
  it.each([
    [12, "correct horse battery staple", "correct horse battery staple"],
    [13, "Correct Horse Battery Staple", "Correct Horse Battery Staple"],
    [14, "\u03C0\u00DF\u00E5", "\u03C0\u00DF\u00E5"],
    [15, "Jack of \u2666s", "Jack of \u2666s"],
    [16, "foo\u1680bar", "foo bar"],
  ])("example %i is legal", (_number, text, prepared) => {
    expect(opaqueString(text)).toBe(prepared);
  });

  it.each([
    [17, ""],
    [18, "my cat is a \tby"],
  ])("example %i is not", (_number, text) => {
    expect(opaqueString(text)).toBeUndefined();
  });
});

describe("RFC 8265 section 4.2 OpaqueString", () => {
  it.each([
    ["keeps fullwidth and halfwidth code points", "\uFF21\uFF76", "\uFF21\uFF76"],
    ["maps each kind of space to SPACE", "\u00A0\u2003\u3000", "   "],
    ["composes (NFC)", "A\u030A", "\u00C5"],
    ["keeps compatibility characters", "\u2163\uFB01", "\u2163\uFB01"],
    ["has no directionality rule", "\u05D0a1\u0661", "\u05D0a1\u0661"],
  ])("%s", (_behaviour, text, prepared) => {
    expect(opaqueString(text)).toBe(prepared);
  });

  it.each([
    ["a control character", "a\u007F"],
    ["a variation selector", "\u2764\uFE0F"],
    ["an unassigned code point", "\u0378"],
    ["a private one", "\u{F0000}"],
    ["a lone surrogate", "\uDC00"],
    ["a line separator", "\u2028"],
  ])("refuses %s", (_what, text) => {
    expect(opaqueString(text)).toBeUndefined();
  });
});

describe("RFC 5892 appendix A contextual rules", () => {
  it.each([
    ["A.1 zero width non-joiner after a virama", "\u0915\u094D\u200C\u0937", true],
    ["A.1 between joining letters", "\u0628\u200C\u0628", true],
    ["A.1 between joining letters and transparent marks", "\u0628\u064B\u200C\u064B\u0627", true],
    ["A.1 after a letter that joins to the right only", "\u0627\u200C\u0628", false],
    ["A.1 before a letter that does not join", "\u0628\u200Ca", false],
    ["A.1 at the end", "\u0628\u200C", false],
    ["A.1 at the start", "\u200C\u0628", false],
    ["A.1 between Latin letters", "a\u200Cb", false],
    ["A.1 twice in a row", "\u0628\u200C\u200C\u0628", false],
    ["A.1 twice, the second allowed by a virama, which the first cannot join", "\u0628\u200C\u094D\u200C\u0628", false],
    ["A.1 twice, the first allowed by a virama, which the second cannot join", "\u0628\u094D\u200C\u200C\u0628", false],
    ["A.1 twice, apart", "\u0628\u200C\u0628\u200C\u0628", true],
    ["A.2 zero width joiner after a virama", "\u0915\u094D\u200D\u0937", true],
    ["A.2 between joining letters", "\u0628\u200D\u0628", false],
    ["A.2 at the start", "\u200D\u0915", false],
    ["A.3 middle dot between l and l", "col\u00B7legi", true],
    ["A.3 twice with one l between", "l\u00B7l\u00B7l", true],
    ["A.3 before another letter", "l\u00B7a", false],
    ["A.3 after another letter", "a\u00B7l", false],
    ["A.3 at the start", "\u00B7l", false],
    ["A.3 at the end", "l\u00B7", false],
    ["A.4 keraia before Greek", "\u0375\u03B1", true],
    ["A.4 before Latin", "\u0375a", false],
    ["A.4 at the end", "\u03B1\u0375", false],
    ["A.5 geresh after Hebrew", "\u05D0\u05F3", true],
    ["A.5 at the start", "\u05F3\u05D0", false],
    ["A.6 gershayim after Hebrew", "\u05D0\u05F4\u05D1", true],
    ["A.6 at the start", "\u05F4\u05D0", false],
    ["A.7 Katakana middle dot with Katakana", "\u30FB\u30A2", true],
    ["A.7 with Hiragana", "\u3042\u30FB", true],
    ["A.7 with Han", "\u30FBa\u4E2D", true],
    ["A.7 with Latin alone", "a\u30FBb", false],
    ["A.8 Arabic-Indic digits", "\u0628\u0661\u0662", true],
    ["A.9 extended Arabic-Indic digits", "\u0628\u06F1\u06F2", true],
    ["A.8, A.9 both kinds of digits", "\u0628\u0661\u06F1", false],
  ])("%s", (_rule, text, allowed) => {
    expect(usernameCaseMapped(text)).toBe(allowed ? text : undefined);
    expect(opaqueString(text)).toBe(allowed ? text : undefined);
  });

  it("looks at the mapped string: the capitals around a middle dot become l", () => {
    expect(usernameCaseMapped("COL\u00B7LEGI")).toBe("col\u00B7legi");
    expect(opaqueString("COL\u00B7LEGI")).toBeUndefined();
  });
});

describe("RFC 5893 section 2 the Bidi Rule", () => {
  it.each([
    ["1: begins with R", "\u05D0\u05D1", true],
    ["1: begins with AL", "\u0627\u0628", true],
    ["1: begins with a digit", "1\u05D0", false],
    ["1: begins with AN", "\u0661\u0628", false],
    ["1: begins with a neutral", "-\u05D0", false],
    ["1: begins with NSM", "\u05B0\u05D0", false],
    ["2: an L in an RTL label", "\u05D0a\u05D1", false],
    ["2: neutrals in an RTL label", "\u05D0-+\u05D1", true],
    ["3: ends with EN", "\u05D01", true],
    ["3: ends with AN", "\u0628\u0661", true],
    ["3: ends with NSM after R", "\u05D0\u05B0\u05B1", true],
    ["3: ends with a neutral", "\u05D0-", false],
    ["3: ends with NSM after a neutral", "\u05D0-\u05B0", false],
    ["4: EN and AN", "\u06281\u0661", false],
    ["4: EN alone", "\u062812\u0628", true],
    ["5: an R in an LTR label", "a\u05D0", false],
    ["5: an AN in an LTR label", "a\u0661", false],
  ])("%s", (_condition, text, allowed) => {
    expect(usernameCaseMapped(text)).toBe(allowed ? text : undefined);
  });

  it.each([
    ["5: neutrals, EN and NSM in an LTR label", "a-1\u0301b", true],
    ["6: ends with L or EN, then NSM", "a1\u0301", true],
    ["6: ends with a neutral", "a-", false],
    ["1: begins with EN", "1a", false],
    ["1: nothing", "", false],
  ])("%s (as a label of a Bidi domain name)", (_condition, label, follows) => {
    expect(followsBidiRule(label)).toBe(follows);
  });

  it("asks nothing of a username without right-to-left code points", () => {
    expect(hasRightToLeft("1a-\u0301")).toBe(false);
    expect(usernameCaseMapped("-1a-")).toBe("-1a-");
    expect(usernameCaseMapped("1\u00E9-")).toBe("1\u00E9-");
  });

  it("takes extended Arabic-Indic digits for European numbers, which are not right-to-left", () => {
    expect(hasRightToLeft("\u06F1")).toBe(false);
    expect(hasRightToLeft("\u0661")).toBe(true);
  });
});

describe("RFC 8264 section 7 order of operations", () => {
  it.each([
    ["UsernameCaseMapped", usernameCaseMapped],
    ["OpaqueString", opaqueString],
  ])("%s is idempotent, never empty, and never throws", (_profile, enforce) => {
    fc.assert(
      fc.property(anyText, (text) => {
        const prepared = enforce(text);
        if (prepared === undefined) return;
        expect(prepared).not.toBe("");
        expect(prepared.normalize("NFC")).toBe(prepared);
        expect(enforce(prepared)).toBe(prepared);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ["UsernameCaseMapped", usernameCaseMapped],
    ["OpaqueString", opaqueString],
  ])("%s: each code point alone is refused or stable", (_profile, enforce) => {
    for (let code = 0; code < 0x30000; code += 1) {
      const prepared = enforce(String.fromCodePoint(code));
      if (prepared !== undefined && enforce(prepared) !== prepared) expect.fail(`U+${code.toString(16)}`);
    }
  });
});

describe("a bound on what is examined", () => {
  it("takes texts up to it, and nothing longer", () => {
    expect(opaqueString("x".repeat(preparedTextLengthMax))).toHaveLength(preparedTextLengthMax);
    expect(opaqueString("\u00E9".repeat(preparedTextLengthMax))).toHaveLength(preparedTextLengthMax);
    expect(opaqueString("x".repeat(preparedTextLengthMax + 1))).toBeUndefined();
    expect(opaqueString("\u00E9".repeat(preparedTextLengthMax + 1))).toBeUndefined();
    expect(usernameCaseMapped("x".repeat(preparedTextLengthMax + 1))).toBeUndefined();
  });

  it("holds for what normalization makes longer", () => {
    // U+0958 is excluded from composition: NFC takes it apart.
    expect(opaqueString("\u0958")).toBe("\u0915\u093C");
    expect(opaqueString("\u0958".repeat(preparedTextLengthMax))).toBeUndefined();
  });
});
