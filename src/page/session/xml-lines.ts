/** XML text as lines of coloured pieces: pieces are text, and are only ever shown as text. */

export interface XmlPiece {
  readonly kind: "mark" | "name" | "attribute" | "value" | "text";
  readonly text: string;
}

export interface XmlLine {
  readonly depth: number;
  readonly pieces: readonly XmlPiece[];
}

/**
 * One line for each tag, and one for an element that holds text alone. undefined for what is no XML as streams use it: it is to be
 * shown as it is. A header without its end, and an end tag alone, are pieces of a stream and stand for themselves.
 */
export function xmlLines(xml: string): readonly XmlLine[] | undefined {
  const tokens = tokensOf(xml.trim());
  if (tokens === undefined || tokens.length === 0) return undefined;
  const lines: XmlLine[] = [];
  const open: string[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at]!;
    if (token.kind === "end") {
      // The end tag of a stream comes without its begin.
      if (open.length === 0 && tokens.length > 1) return undefined;
      if (open.length > 0 && open.pop() !== token.name) return undefined;
      lines.push({ depth: open.length, pieces: token.pieces });
      continue;
    }
    const [next, end] = [tokens[at + 1], tokens[at + 2]];
    if (token.kind === "begin" && next?.kind === "text" && end?.kind === "end" && end.name === token.name) {
      lines.push({ depth: open.length, pieces: [...token.pieces, ...next.pieces, ...end.pieces] });
      at += 2;
    } else if (token.kind === "begin" && next?.kind === "end" && next.name === token.name) {
      lines.push({ depth: open.length, pieces: [...token.pieces, ...next.pieces] });
      at += 1;
    } else {
      lines.push({ depth: open.length, pieces: token.pieces });
      if (token.kind === "begin") open.push(token.name);
    }
  }
  // Only a stream may be left open, and it is the only element then.
  return open.length > 1 || (open.length === 1 && lines.length > 2) ? undefined : lines;
}

interface Token {
  readonly kind: "begin" | "end" | "empty" | "text" | "declaration";
  readonly name: string;
  readonly pieces: readonly XmlPiece[];
}

const markup = /<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|<\?xml[^<>]*\?>/y;
const attribute = /(\s+)([A-Za-z_][\w.:-]*)(\s*=\s*)("[^"<]*"|'[^'<]*')/g;

function tokensOf(xml: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  for (let at = 0; at < xml.length; ) {
    if (xml[at] !== "<") {
      const end = xml.indexOf("<", at);
      const text = xml.slice(at, end === -1 ? xml.length : end);
      if (text.trim() !== "" || tokens.at(-1)?.kind === "begin") tokens.push({ kind: "text", name: "", pieces: [{ kind: "text", text }] });
      at += text.length;
      continue;
    }
    markup.lastIndex = at;
    const found = markup.exec(xml);
    if (found === null) return undefined;
    const token = toToken(found);
    if (token === undefined) return undefined;
    tokens.push(token);
    at += found[0].length;
  }
  return tokens;
}

function toToken([whole, slash, name, attributes = "", empty]: RegExpExecArray): Token | undefined {
  if (name === undefined) return { kind: "declaration", name: "", pieces: [{ kind: "mark", text: whole }] };
  if (slash === "/") {
    if (attributes !== "" || empty === "/") return undefined;
    return { kind: "end", name, pieces: [mark("</"), { kind: "name", text: name }, mark(">")] };
  }
  const pieces: XmlPiece[] = [mark("<"), { kind: "name", text: name }];
  for (const [, , key = "", , value = ""] of attributes.matchAll(attribute)) {
    pieces.push({ kind: "attribute", text: ` ${key}` }, mark("="), { kind: "value", text: value });
  }
  return { kind: empty === "/" ? "empty" : "begin", name, pieces: [...pieces, mark(empty === "/" ? "/>" : ">")] };
}

function mark(text: string): XmlPiece {
  return { kind: "mark", text };
}
