/** What an interface or a class has, with the words in front of each: read from the source, since types are gone at run time. */

export interface Member {
  readonly name: string;
  /** Need not be there. */
  readonly optional: boolean;
  /** The comment in front of it; "" without one. */
  readonly meaning: string;
  /** As it is declared, in one line: `get(account: Account, key: string): Promise<Json | undefined>`. */
  readonly signature: string;
}

/** What everybody sees of it. Throws if there is no `export interface NAME {` or `export class NAME {` in the source, or nothing in it. */
export function membersOf(source: string, name: string): readonly Member[] {
  const [, kind, body = ""] = new RegExp(`^export (interface|class) ${name}\\b[^{]*\\{\\n([^]*?)^\\}`, "m").exec(source) ?? [];
  const member = /^ {2}(?:\/\*\*((?:(?!\*\/)[^])*)\*\/\s*)?(?:readonly )?(?:async )?(get )?(\w+)(\?)?[:(<]/gm;
  const members = [...body.matchAll(member)].filter(([, , , name]) => name !== "constructor").map(({ 0: whole, 1: comment = "", 2: getter, 3: name = "", 4: mark, index }) => {
    const signature = signatureAt(body, index + whole.lastIndexOf(name), kind === "class");
    return { name, optional: mark !== undefined, meaning: wordsOf(comment), signature: getter === undefined ? signature : signature.replace("()", "") };
  });
  if (members.length === 0) throw new Error(`no "export interface ${name} {" with members in the source that was given for it`);
  return members;
}

/** What comes after the `=` of `export type NAME =`, or the members of an interface, in one line. Throws if there is neither. */
export function shapeOf(source: string, name: string): string {
  const union = new RegExp(`^export type ${name} =([^]*?);\\n\\n`, "m").exec(`${source}\n`)?.[1];
  if (union !== undefined) return inOneLine(union).replace(/^\| /, "");
  return `{ ${membersOf(source, name).map(({ signature }) => signature).join("; ")} }`;
}

/** Up to the end of a declaration, or to a method's body. */
function signatureAt(text: string, start: number, isClass: boolean): string {
  if (isClass) return inOneLine(/^[^]*?(?= \{\n|;\n)/.exec(text.slice(start))?.[0] ?? "");
  const code = withoutComments(text.slice(start));
  let depth = 0;
  for (let at = 0; at < code.length; at += 1) {
    if ("({[".includes(code[at]!)) depth += 1;
    else if (")}]".includes(code[at]!)) depth -= 1;
    else if (code[at] === ";" && depth === 0) return inOneLine(code.slice(0, at));
  }
  throw new Error(`a member without an end: ${code.slice(0, 40)}`);
}

/** Without what only the compiler asks: a parameter that is taken apart is named by its type. */
function inOneLine(code: string): string {
  const plain = withoutComments(code).replaceAll(/\breadonly /g, "").replaceAll(/\s+/g, " ").trim();
  const named = plain.replaceAll(/\{[^{}]*(?:\{\}[^{}]*)?\}: (\w+)/g, (_, type: string) => `${type[0]!.toLowerCase()}${type.slice(1)}: ${type}`);
  return named.replaceAll("; }", " }").replaceAll(/\( /g, "(").replaceAll(/,? \)/g, ")");
}

function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[^]*?\*\//g, "");
}

function wordsOf(comment: string): string {
  return comment.replaceAll(/^\s*\* ?/gm, " ").replaceAll(/\s+/g, " ").trim();
}
