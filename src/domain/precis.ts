/** PRECIS profiles of RFC 8265, and the rules about whole strings that they share with IDNA2008. */

import { preparedTextLengthMax } from "./limits.ts";
import {
  direction,
  joinsNext,
  joinsPrevious,
  joinTransparent,
  type PrecisProperty,
  precisProperty,
  rightToLeftBlock,
  virama,
} from "./precis-tables.ts";

/**
 * Enforces the UsernameCaseMapped profile (RFC 8265 section 3.3) on one userpart, so without spaces.
 * undefined: the text does not conform, or is longer than `preparedTextLengthMax`.
 * The answer is never empty, and is its own answer.
 */
export function usernameCaseMapped(text: string): string | undefined {
  if (text.length <= preparedTextLengthMax && !/[^!-~]/.test(text)) return nonEmpty(text.toLowerCase());
  return stable(text, enforceUsernameCaseMapped);
}

/**
 * Enforces the OpaqueString profile (RFC 8265 section 4.2): passwords, and resourceparts of JIDs.
 * undefined: the text does not conform, or is longer than `preparedTextLengthMax`.
 * The answer is never empty, and is its own answer.
 */
export function opaqueString(text: string): string | undefined {
  if (text.length <= preparedTextLengthMax && !/[^ -~]/.test(text)) return nonEmpty(text);
  return stable(text, enforceOpaqueString);
}

/** Maps fullwidth and halfwidth code points to their decomposition mappings (RFC 8264 section 5.2.1). */
export function widthMapped(text: string): string {
  // NFKC differs from the plain mapping only where both results are disallowed: Hangul letters, spacing macron.
  return text.replaceAll(/[\u3000\uFF01-\uFFEE]/g, (char) => char.normalize("NFKC"));
}

/** Maps each code point by itself, without regard to final sigma (RFC 7622 section 3.5, on its examples 9 to 11). */
export function lowerCased(text: string): string {
  return text.replaceAll("\u03A3", "\u03C3").toLowerCase();
}

/** The contextual rules of RFC 5892 appendix A, for each code point of `text` that has one. */
export function contextsAllowed(text: string): boolean {
  return joinersAllowed(text) && contextRules.every((allows) => allows(text));
}

/** Has `text` a code point with direction R, AL or AN? Makes a label an RTL label (RFC 5893 section 1.4). */
export function hasRightToLeft(text: string): boolean {
  return rightToLeftBlock.test(text) && /[RA]/.test(directions(text));
}

/** All six conditions of the Bidi Rule (RFC 5893 section 2). */
export function followsBidiRule(text: string): boolean {
  const label = directions(text);
  if (label.startsWith("R")) {
    return !label.includes("L") && /[REA]N*$/.test(label) && !(label.includes("E") && label.includes("A"));
  }
  return label.startsWith("L") && !/[RA]/.test(label) && /[LE]N*$/.test(label);
}

function enforceUsernameCaseMapped(text: string): string | undefined {
  const prepared = widthMapped(text);
  if (!consistsOf(prepared, identifierClass)) return undefined;
  const mapped = lowerCased(prepared).normalize("NFC");
  if (hasRightToLeft(mapped) && !followsBidiRule(mapped)) return undefined;
  return conforming(mapped);
}

function enforceOpaqueString(text: string): string | undefined {
  if (!consistsOf(text, freeformClass)) return undefined;
  return conforming(text.replaceAll(/\p{Zs}/gu, " ").normalize("NFC"));
}

/** The contextual rules are about the string as it will be: L and l around a middle dot are the same. */
function conforming(mapped: string): string | undefined {
  return contextsAllowed(mapped) ? nonEmpty(mapped) : undefined;
}

/**
 * RFC 8264 section 7: the rules are applied up to three more times; what is not stable then is invalid. So the code
 * points are examined before mapping, as RFC 8265 has it, and again after it, as RFC 8264 does.
 */
function stable(text: string, enforce: (text: string) => string | undefined): string | undefined {
  let previous = text;
  for (let application = 1; application <= 4; application += 1) {
    if (previous.length > preparedTextLengthMax) return undefined;
    const next = enforce(previous);
    if (next === undefined || next === previous) return next;
    previous = next;
  }
  return undefined;
}

function nonEmpty(text: string): string | undefined {
  return text === "" ? undefined : text;
}

/** The derived properties with which a code point belongs to the class, if its contextual rule allows it. */
type StringClass = ReadonlySet<PrecisProperty>;

/** RFC 8264 section 4.2. */
const identifierClass: StringClass = new Set(["PVALID", "CONTEXTJ", "CONTEXTO"]);
/** RFC 8264 section 4.3. */
const freeformClass: StringClass = new Set(["PVALID", "CONTEXTJ", "CONTEXTO", "FREE_PVAL"]);

function consistsOf(text: string, stringClass: StringClass): boolean {
  for (const char of text) if (!stringClass.has(precisProperty(char))) return false;
  return true;
}

function directions(text: string): string {
  let all = "";
  for (const char of text) all += direction(char);
  return all;
}

/** RFC 5892 appendix A.3 to A.9. Each is linear in the text. */
const contextRules: readonly ((text: string) => boolean)[] = [
  // Middle dot: between l and l.
  (text) => !/\u00B7(?:(?<!l\u00B7)|(?!l))/.test(text),
  // Keraia: before Greek.
  (text) => !/\u0375(?!\p{Script=Greek})/u.test(text),
  // Geresh and gershayim: after Hebrew.
  (text) => !/[\u05F3\u05F4](?<!\p{Script=Hebrew}.)/u.test(text),
  // Katakana middle dot: with Hiragana, Katakana or Han somewhere.
  (text) => !text.includes("\u30FB") || /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(text),
  // Arabic-Indic digits: not with extended ones.
  (text) => !(/[\u0660-\u0669]/.test(text) && /[\u06F0-\u06F9]/.test(text)),
];

/** RFC 5892 appendix A.1 and A.2, in one pass: a run of marks is never read twice. */
function joinersAllowed(text: string): boolean {
  if (!/[\u200C\u200D]/.test(text)) return true;
  let previous = "";
  let afterJoining = false;
  let awaitsJoining = false;
  for (const char of text) {
    if (char === "\u200C" || char === "\u200D") {
      if (awaitsJoining) return false;
      if (!virama.test(previous)) {
        if (char === "\u200D" || !afterJoining) return false;
        awaitsJoining = true;
      }
      afterJoining = false;
    } else if (!joinTransparent.test(char)) {
      if (awaitsJoining && !joinsPrevious.test(char)) return false;
      awaitsJoining = false;
      afterJoining = joinsNext.test(char);
    }
    previous = char;
  }
  return !awaitsJoining;
}
