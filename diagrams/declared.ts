/** The members of an interface with the words in front of each: read from the source, since types are gone at run time. */

export interface Member {
  readonly name: string;
  /** Need not be there. */
  readonly optional: boolean;
  /** The comment in front of it; "" without one. */
  readonly meaning: string;
}

/** Throws if there is no `export interface NAME {` in the source, or nothing in it. */
export function membersOf(source: string, name: string): readonly Member[] {
  const body = new RegExp(`^export interface ${name}\\b[^{]*\\{\\n([^]*?)^\\}`, "m").exec(source)?.[1] ?? "";
  const member = /^ {2}(?:\/\*\*((?:(?!\*\/)[^])*)\*\/\s*)?(?:readonly )?(\w+)(\?)?[:(<]/gm;
  const members = [...body.matchAll(member)].map(([, comment = "", name = "", mark]) => ({ name, optional: mark !== undefined, meaning: wordsOf(comment) }));
  if (members.length === 0) throw new Error(`no "export interface ${name} {" with members in the source that was given for it`);
  return members;
}

function wordsOf(comment: string): string {
  return comment.replaceAll(/^\s*\* ?/gm, " ").replaceAll(/\s+/g, " ").trim();
}
