/**
 * What PRECIS and IDNA2008 know of a single code point: derived property, direction, joining type, virama. Properties
 * that JavaScript's regular expressions know come from the runtime's Unicode, the others from tables of Unicode 17.
 */

export type PrecisProperty = "PVALID" | "FREE_PVAL" | "CONTEXTJ" | "CONTEXTO" | "DISALLOWED" | "UNASSIGNED";

/** RFC 8264 section 8, of one code point. FREE_PVAL means "ID_DIS or FREE_PVAL": only the FreeformClass admits it. */
export function precisProperty(char: string): PrecisProperty {
  return precis(char);
}

/** RFC 5892 section 3, of one code point. */
export function idnaProperty(char: string): Exclude<PrecisProperty, "FREE_PVAL"> {
  return idna(char);
}

/**
 * What the Bidi Rule (RFC 5893 section 2) distinguishes: L; R for R and AL; E for EN; A for AN; N for NSM;
 * O for ES, CS, ET, ON and BN, which it treats alike.
 */
export type Direction = "L" | "R" | "E" | "A" | "N" | "O";

/** The direction of a code point that the IdentifierClass or IDNA2008 admits; of another one it may be wrong. */
export function direction(char: string): Direction {
  if (europeanNumber.test(char)) return "E";
  if (arabicNumber.test(char)) return "A";
  if (spacedMark.test(char)) return "L";
  if (mark.test(char)) return "N";
  if (neutral.test(char)) return "O";
  return rightToLeftBlock.test(char) ? "R" : "L";
}

/** Matches where a string may have a right-to-left code point; no match means that it has none. */
export const rightToLeftBlock = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFF\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;

/** Canonical_Combining_Class Virama (RFC 5892 appendix A). */
export const virama = codePoints(`
  094D 09CD 0A4D 0ACD 0B4D 0BCD 0C4D 0CCD 0D3B-0D3C 0D4D 0DCA 0E3A 0EBA 0F84 1039-103A 1714-1715 1734 17D2 1A60
  1B44 1BAA-1BAB 1BF2-1BF3 2D7F A806 A82C A8C4 A953 A9C0 AAF6 ABED 10A3F 11046 11070 1107F 110B9 11133-11134
  111C0 11235 112EA 1134D 113CE-113D0 11442 114C2 115BF 1163F 116B6 1172B 11839 1193D-1193E 119E0 11A34 11A47
  11A99 11C3F 11D44-11D45 11D97 11F41-11F42 1612F`);

/**
 * Joining_Type T. Format characters have it too, but no string class admits them. U+1171E is a spacing mark in
 * Unicode 17; a runtime may know it as the nonspacing mark that it was.
 */
export const joinTransparent = /(?!\u{1171E})[\p{Mn}\p{Me}\u{1E94B}]/u;

/** Joining_Type L or D. */
export const joinsNext = codePoints(`
  0620 0626 0628 062A-062E 0633-063F 0641-0647 0649-064A 066E-066F 0678-0687 069A-06BF 06C1-06C2 06CC 06CE
  06D0-06D1 06FA-06FC 06FF 0712-0714 071A-071D 071F-0727 0729 072B 072D-072E 074E-0758 075C-076A 076D-0770 0772
  0775-0777 077A-077F 07CA-07EA 0841-0845 0848 084A-0853 0855 0860 0862-0865 0868 0886 0889-088D 088F 08A0-08A9
  08AF-08B0 08B3-08B8 08BA-08C8 1807 1820-1878 1887-18A8 18AA A840-A872 10AC0-10AC4 10ACD 10AD3-10ADC
  10ADE-10AE0 10AEB-10AEE 10B80 10B82 10B86-10B88 10B8A-10B8B 10B8D 10B90 10BAD-10BAE 10D00-10D21 10D23
  10EC3-10EC4 10EC6-10EC7 10F30-10F32 10F34-10F44 10F51-10F53 10F70-10F73 10F76-10F81 10FB0 10FB2-10FB3 10FB8
  10FBB-10FBC 10FBE-10FBF 10FC1 10FC4 10FCA-10FCB 1E900-1E943`);

/** Joining_Type R or D. */
export const joinsPrevious = codePoints(`
  0620 0622-063F 0641-064A 066E-066F 0671-0673 0675-06D3 06D5 06EE-06EF 06FA-06FC 06FF 0710 0712-072F 074D-077F
  07CA-07EA 0840-0858 0860 0862-0865 0867-086A 0870-0882 0886 0889-088F 08A0-08AC 08AE-08C8 1807 1820-1878
  1887-18A8 18AA A840-A871 10AC0-10AC5 10AC7 10AC9-10ACA 10ACE-10AD6 10AD8-10AE1 10AE4 10AEB-10AEF 10B80-10B91
  10BA9-10BAE 10D01-10D23 10EC2-10EC4 10EC6-10EC7 10F30-10F44 10F51-10F54 10F70-10F81 10FB0 10FB2-10FB6
  10FB8-10FBF 10FC1-10FC4 10FC9-10FCA 1E900-1E943`);

/** A set of code points, such as a regular expression. */
interface Category {
  test(char: string): boolean;
}

/** The class of the code points and ranges that `hex` lists. */
function codePoints(hex: string): RegExp {
  return new RegExp(`[${hex.replaceAll(/[0-9A-F]+/g, "\\u{$&}").replaceAll(/\s+/g, "")}]`, "u");
}

/**
 * The property that the first matching rule gives. Which one matched is remembered, in a byte for each code point
 * there is: fifteen times as fast as the rules, for 1.1 MB.
 */
function derived<P>(rules: readonly (readonly [Category, P])[]): (char: string) => P | "DISALLOWED" {
  const remembered = new Uint8Array(0x110000);
  return (char) => {
    const code = char.codePointAt(0) ?? 0;
    const known = remembered[code] ?? 0;
    if (known !== 0) return rules[known - 1]?.[1] ?? "DISALLOWED";
    const found = rules.findIndex(([category]) => category.test(char));
    remembered[code] = 1 + (found === -1 ? rules.length : found);
    return rules[found]?.[1] ?? "DISALLOWED";
  };
}

/** RFC 5892 section 2.6. BackwardCompatible (section 2.7), the next in both orders, is still the empty set. */
const exceptions: readonly (readonly [Category, "PVALID" | "CONTEXTO" | "DISALLOWED"])[] = [
  [codePoints("00DF 03C2 06FD-06FE 0F0B 3007"), "PVALID"],
  [codePoints("00B7 0375 05F3-05F4 30FB"), "CONTEXTO"],
  [codePoints("0660-0669 06F0-06F9"), "CONTEXTO"],
  [codePoints("0640 07FA 302E-302F 3031-3035 303B"), "DISALLOWED"],
];

const unassigned = /(?!\p{Noncharacter_Code_Point})\p{Cn}/u;
const joinControl = /\p{Join_Control}/u;
/** Hangul_Syllable_Type L, V or T (RFC 5892 section 2.9). */
const oldHangulJamo = /[\u1100-\u11FF\uA960-\uA97C\uD7B0-\uD7C6\uD7CB-\uD7FB]/u;
const letterDigits = /[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]/u;

/** The order of RFC 8264 section 8; the categories are those of its section 9. */
const precisRules: readonly (readonly [Category, PrecisProperty])[] = [
  ...exceptions,
  [unassigned, "UNASSIGNED"],
  [/[!-~]/, "PVALID"],
  [joinControl, "CONTEXTJ"],
  [oldHangulJamo, "DISALLOWED"],
  [/[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/u, "DISALLOWED"],
  [/\p{Cc}/u, "DISALLOWED"],
  [{ test: (char) => char.normalize("NFKC") !== char }, "FREE_PVAL"],
  [letterDigits, "PVALID"],
  [/[\p{Lt}\p{Nl}\p{No}\p{Me}]/u, "FREE_PVAL"],
  [/\p{Zs}/u, "FREE_PVAL"],
  [/[\p{Sm}\p{Sc}\p{Sk}\p{So}]/u, "FREE_PVAL"],
  [/[\p{Pc}\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po}]/u, "FREE_PVAL"],
];
const precis = derived(precisRules);

/**
 * The order of RFC 5892 section 3; the categories are those of its section 2. JavaScript has no toCaseFold(), but
 * Changes_When_NFKC_Casefolded is Unstable together with the ignorable code points, which are the next rule anyway.
 */
const idnaRules: readonly (readonly [Category, Exclude<PrecisProperty, "FREE_PVAL">])[] = [
  ...exceptions,
  [unassigned, "UNASSIGNED"],
  [/[-0-9a-z]/, "PVALID"],
  [joinControl, "CONTEXTJ"],
  [/\p{Changes_When_NFKC_Casefolded}/u, "DISALLOWED"],
  [/[\p{Default_Ignorable_Code_Point}\p{White_Space}\p{Noncharacter_Code_Point}]/u, "DISALLOWED"],
  [/[\u20D0-\u20FF\u{1D100}-\u{1D24F}]/u, "DISALLOWED"],
  [oldHangulJamo, "DISALLOWED"],
  [letterDigits, "PVALID"],
];
const idna = derived(idnaRules);

const europeanNumber = /[0-9\u06F0-\u06F9]/;
const arabicNumber = /[\u0660-\u0669\u{10D30}-\u{10D39}\u{10D40}-\u{10D49}]/u;
const mark = /[\p{Mn}\p{Me}]/u;
/** Nonspacing marks that have direction L all the same, and U+1171E as above. */
const spacedMark = /[\u0CBF\u0CC6\u{1171E}\u{11A07}\u{11A08}\u{11C3F}]/u;
const neutral = codePoints(`
  0021-002F 003A-0040 005B-0060 007B-007E 00B7 02B9-02BA 02C6-02CF 02EC 0375 200C-200D 2E2F 30FB A67F A717-A71F
  A788`);
