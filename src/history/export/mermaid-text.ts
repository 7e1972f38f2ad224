/** What sequence diagrams in Mermaid's language have in common, whatever they are made of. */

/** Lines of a diagram, beyond which what is in the middle is left out: nobody can read more, and Mermaid refuses long texts. */
const linesMax = 400;
/** Of what one line says. */
const wordsCharsMax = 120;

/**
 * Text as Mermaid shows it, at most `max` characters. Everything that its language or a page could take for its own, `;` and `#` and `<`
 * among it, becomes an entity; what would not be seen, or would turn the line around, is named.
 */
export function mermaidText(text: string, max = wordsCharsMax): string {
  const chars = [...text];
  const cut = chars.length > max ? [...chars.slice(0, max - 1), "…"] : chars;
  const shown = cut.map((char) => (/[\p{C}\p{Zl}\p{Zp}]/u.test(char) ? `⟨U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}⟩` : char)).join("");
  const safe = shown.replaceAll(/[^\p{L}\p{N}\p{M} .,:@/_…⟨⟩=()'+*!?-]/gu, (char) => `#${char.codePointAt(0)};`);
  // At the begin of a text these are instructions.
  return safe.replace(/^(\s*(?:no)?wrap):/i, "$1#58;") || "-";
}

/** `over`: the participants over whom it is said how many lines are missing. */
export function shortenedLines(lines: readonly string[], over: string): readonly string[] {
  if (lines.length <= linesMax) return lines;
  const half = linesMax / 2;
  return [...lines.slice(0, half), `Note over ${over}: ${lines.length - linesMax} more`, ...lines.slice(-half)];
}
