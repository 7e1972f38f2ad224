/**
 * How much room text takes. The picture is read on machines whose fonts are not known, so the estimate is that of the
 * widest of the usual ones: a text may turn out narrower than its box, never wider.
 */

/** Em per character of DejaVu Sans Mono, the widest of the usual monospaced fonts (Consolas has 0.55). */
const monoEm = 0.605;

/** Em of DejaVu Sans Bold, the widest of the usual sans serifs, by classes of characters. */
const boldEm: readonly (readonly [RegExp, number])[] = [
  [/[ijlI.,:;'|()]/, 0.42],
  [/[ftr1 ]/, 0.5],
  [/[mwMW]/, 1.05],
  [/[A-Z]/, 0.79],
];

export const sizes = {
  title: 14,
  tag: 11,
  heading: 11,
  mono: 11,
  /** Smallest of them, in the picture's own unit. */
  min: 11,
} as const;

export const lineHeight = 15;

export function monoWidth(text: string, size: number = sizes.mono): number {
  return Math.ceil([...text].length * size * monoEm);
}

export function boldWidth(text: string, size: number): number {
  const em = [...text].reduce((sum, char) => sum + (boldEm.find(([shape]) => shape.test(char))?.[1] ?? 0.72), 0);
  return Math.ceil(em * size);
}

export function plainWidth(text: string, size: number): number {
  return Math.ceil(boldWidth(text, size) * 0.92);
}
