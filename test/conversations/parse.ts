/**
 * Plays: conversations between clients and the server in plain text.
 *
 *     Romeo and Juliet talk                            the title
 *
 *     Cast:
 *       Romeo is romeo@localhost/orchard               without a resource, the server makes one
 *       Juliet is juliet@localhost/balcony             several of the cast may share an account
 *       Echo is echo.localhost                         an external component, which says in `from` who speaks
 *
 *     Romeo logs in.                                   and binds a resource; no presence is sent
 *     Romeo sends:                                     stanzas, indented
 *       <message to='juliet@localhost/balcony'><body>Hist!</body></message>
 *     Juliet receives:                                 exactly these, in this order
 *       <message from='{Romeo}' to='juliet@localhost/balcony'><body>Hist!</body></message>
 *     Juliet receives nothing.
 *     Juliet's stream ends with conflict.
 *     Romeo leaves.
 *     Romeo connects.                                  or "connects over TLS": and opens a stream, whose features are the first that he receives;
 *                                                      he logs in himself (XEP-0388), and is Romeo from his success on
 *
 * `{Romeo}` is Romeo's full JID. Any other `{name}`, as a whole value or a whole text, takes what it meets first, and stands for
 * that from then on; `{proof of name}` is what shows that the user has the token of that name (XEP-0484). An `id` that a play does not mention may be anything, and so may a `<stanza-id/>`; every other attribute
 * counts, in any order. `...` among the children of an element: others may be there too. A line that begins with # is an aside.
 */
export interface Play {
  readonly title: string;
  readonly cast: ReadonlyMap<string, Role>;
  readonly scenes: readonly Scene[];
}

export interface Role {
  /** undefined: it is a component. */
  readonly user: string | undefined;
  readonly domain: string;
  /** null: the server makes one. */
  readonly resource: string | null;
}

export type Scene = { readonly line: number; readonly who: string } & (
  | { readonly does: "logs in" | "connects" | "connects over TLS" | "leaves" | "receives nothing" }
  | { readonly does: "sends" | "receives"; readonly xml: string }
  | { readonly does: "stream ends with"; readonly condition: string }
);

/** Throws an Error that names the line. */
export function parsePlay(text: string): Play {
  const lines = text.split("\n").map((line, index) => ({ text: line.trimEnd(), number: index + 1 }));
  const told = lines.filter((line) => line.text !== "" && !line.text.startsWith("#"));
  const title = told.shift()?.text ?? "";
  const cast = new Map<string, Role>();
  const scenes: Scene[] = [];

  const indented = (): { readonly text: string; readonly number: number }[] => {
    const end = told.findIndex((line) => !line.text.startsWith(" "));
    return told.splice(0, end === -1 ? told.length : end);
  };
  for (let line = told.shift(); line !== undefined; line = told.shift()) {
    if (line.text === "Cast:") {
      for (const role of indented()) {
        const match = /^ +(\w+) is (?:(\w+)@(\w+)(?:\/(\S+))?|(\w+\.\w+))$/.exec(role.text);
        if (match === null) throw wrong(role.number, `expected "Name is user@host/resource", got "${role.text.trim()}"`);
        cast.set(match[1]!, { user: match[2], domain: match[3] ?? match[5]!, resource: match[4] ?? null });
      }
      continue;
    }
    const scene = sceneOf(line.text, line.number, () => indented().map(({ text }) => text).join("\n"));
    if (!cast.has(scene.who)) throw wrong(line.number, `${scene.who} is not in the cast`);
    scenes.push(scene);
  }
  return { title, cast, scenes };
}

function sceneOf(text: string, line: number, indented: () => string): Scene {
  const plain = /^(\w+) (logs in|connects|connects over TLS|leaves|receives nothing)\.$/.exec(text);
  if (plain !== null) return { line, who: plain[1]!, does: plain[2] as "logs in" };
  const stanzas = /^(\w+) (sends|receives):$/.exec(text);
  if (stanzas !== null) return { line, who: stanzas[1]!, does: stanzas[2] as "sends", xml: indented() };
  const end = /^(\w+)'s stream ends with ([\w-]+)\.$/.exec(text);
  if (end !== null) return { line, who: end[1]!, does: "stream ends with", condition: end[2]! };
  throw wrong(line, `not a scene: "${text}"`);
}

function wrong(line: number, what: string): Error {
  return new Error(`line ${line}: ${what}`);
}
