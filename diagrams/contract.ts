/**
 * What a machine is told and asks for, with the words beside each: read from the unions that declare it. XState keeps no
 * types at run time, and a second list would drift.
 */

export interface Message {
  /** The message's `type`. */
  readonly name: string;
  /** What it carries besides. */
  readonly fields: readonly string[];
  /** The comment in front of it; "" without one. */
  readonly meaning: string;
}

/** The members of `export type UNION = | … ;` in a source text. Throws if there is no such union in it. */
export function messagesOf(source: string, union: string): readonly Message[] {
  const start = source.indexOf(`export type ${union} =`);
  if (start === -1) throw new Error(`no "export type ${union} =" in the source that was given for it`);
  return membersOf(source.slice(source.indexOf("=", start) + 1)).map(messageOf);
}

/** Splits at each `|` that stands outside brackets, comments and strings, up to the first such `;`. */
function membersOf(text: string): string[] {
  const members = [""];
  let depth = 0;
  for (const [token] of text.matchAll(/\/\*[^]*?\*\/|"[^"]*"|[^]/g)) {
    if (depth === 0 && token === ";") break;
    if (depth === 0 && token === "|") members.push("");
    else members.push(`${members.pop()}${token}`);
    if ("{<([".includes(token)) depth += 1;
    if ("}>)]".includes(token)) depth -= 1;
  }
  return withCommentsInFront(members).filter((member) => /\S/.test(member));
}

/** A comment stands before its `|`, and so at the end of the member before. */
function withCommentsInFront(members: readonly string[]): string[] {
  const trailing = /(\/\*\*(?:(?!\*\/)[^])*\*\/)\s*$/;
  return members.map((member, at) => {
    const before = trailing.exec(members[at - 1] ?? "")?.[1] ?? "";
    return `${before}${member.replace(trailing, "")}`;
  });
}

function messageOf(member: string): Message {
  const [, comment = "", rest = ""] = /^\s*(\/\*\*[^]*?\*\/)?([^]*)$/.exec(member) ?? [];
  const code = rest.replaceAll(/\/\*[^]*?\*\//g, "");
  const name = /"([^"]+)"/.exec(code)?.[1];
  if (name === undefined) throw new Error(`a member without a name: ${member.trim()}`);
  const fields = [...code.matchAll(/readonly (\w+)\??:/g)].map(([, field]) => field ?? "").filter((field) => field !== "type");
  return { name, fields, meaning: wordsOf(comment) };
}

function wordsOf(comment: string): string {
  return comment.replaceAll(/^\/\*\*|\*\/$/g, "").replaceAll(/^\s*\* ?/gm, " ").replaceAll(/\s+/g, " ").trim();
}
