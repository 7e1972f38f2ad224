/** Words for what is wrong. */

/** The sentence, where the condition holds. */
export function says(wrong: boolean, sentence: string): string | undefined {
  return wrong ? sentence : undefined;
}

/** What is, and what is to be, where they differ: plain values, or lists and records of them. */
export function unlike(what: string, is: unknown, expected: unknown): string | undefined {
  if (Object.is(is, expected)) return undefined;
  const [found, wanted] = [JSON.stringify(is), JSON.stringify(expected)];
  return found === wanted ? undefined : `${what}: expected ${wanted}, got ${found}`;
}
