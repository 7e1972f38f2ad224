/** What saxes, a parser by other hands, makes of the same bytes, with XMPP's own rules added. */
import { SaxesParser, type SaxesTagNS } from "saxes";

export interface Node {
  readonly name: string;
  readonly namespace: string;
  /** By expanded name, "namespace name" or "name"; declarations are none. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: (Node | string)[];
}

export interface Verdict {
  /** `restricted`: XML with namespaces, but against a rule of RFC 6120. */
  readonly outcome: "ended" | "open" | "malformed" | "restricted";
  readonly why: string;
  /** What of the text follows the place where saxes saw what is wrong. */
  readonly rest: string;
  readonly header: Node | undefined;
  readonly elements: readonly Node[];
}

export function judge(bytes: Uint8Array): Verdict {
  const text = validPrefix(bytes);
  const judge = new Judge();
  if (text.startsWith("\ufeff")) return judge.verdict("restricted", "byte order mark");
  judge.read(text);
  if (judge.outcome === "open" && text.length < new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).length) {
    const rest = Buffer.from(text).length;
    if (!isBegunSequence(bytes.subarray(rest))) return judge.verdict("malformed", "not UTF-8");
  }
  return judge.verdict(judge.outcome, judge.why);
}

class Judge {
  outcome: Verdict["outcome"] = "open";
  why = "";
  private readonly parser = new SaxesParser({ xmlns: true, position: true, forceXMLVersion: true, defaultXMLVersion: "1.0" });
  private readonly open: { readonly node: Node; readonly prefixes: ReadonlyMap<string, string> }[] = [];
  private readonly elements: { readonly node: Node; readonly at: number }[] = [];
  private header: Node | undefined = undefined;
  private text = "";
  private endedAt = -1;
  private source = "";
  private refusedAt = 0;

  read(text: string): void {
    const { parser } = this;
    this.source = text;
    parser.on("error", (error) => this.refuse("malformed", error.message));
    parser.on("xmldecl", ({ encoding }) => {
      if (encoding !== undefined && !/^utf-8$/i.test(encoding)) this.refuse("restricted", "encoding");
    });
    parser.on("comment", () => this.refuse("restricted", "comment"));
    parser.on("processinginstruction", () => this.refuse("restricted", "processing instruction"));
    parser.on("doctype", () => this.refuse("restricted", "doctype"));
    parser.on("text", (text) => this.characters(text, false));
    parser.on("cdata", (text) => this.characters(text, true));
    parser.on("opentag", (tag) => this.openTag(tag));
    parser.on("closetag", () => this.closeTag());
    parser.write(text);
  }

  verdict(outcome: Verdict["outcome"], why: string): Verdict {
    return { outcome, why, rest: this.source.slice(this.refusedAt), header: this.header, elements: this.elements.map(({ node }) => node) };
  }

  private refuse(outcome: "malformed" | "restricted", why: string): void {
    const at = this.parser.position;
    // saxes tells the end of an element before it complains of its name.
    const sameTag = this.outcome === "ended" && at === this.endedAt;
    if (this.outcome !== "open" && !sameTag) return;
    if (outcome === "malformed" && this.elements.at(-1)?.at === at) this.elements.pop();
    this.outcome = outcome;
    this.why = why;
    this.refusedAt = at;
  }

  private characters(text: string, cdata: boolean): void {
    if (this.outcome !== "open") return;
    if (this.open.length <= 1 && (cdata || /[^ \t\r\n]/.test(text))) this.refuse("restricted", "text between elements");
    this.text += text;
  }

  private flush(): void {
    const parent = this.open.at(-1)?.node;
    if (this.text !== "" && this.open.length > 1) parent!.children.push(this.text);
    this.text = "";
  }

  private openTag(tag: SaxesTagNS): void {
    if (this.outcome !== "open") return;
    this.flush();
    // saxes trims namespace names, so they are resolved here.
    const prefixes = new Map(this.open.at(-1)?.prefixes ?? [["xml", "http://www.w3.org/XML/1998/namespace"], ["", ""]]);
    const attributes = Object.values(tag.attributes);
    // Namespaces in XML 1.0 section 4: what follows the colon is a name by itself. saxes looks at whole names only.
    if ([tag, ...attributes].some(({ local }) => notNameStart.test(local))) this.refuse("malformed", "local name");
    for (const { prefix, local, name, value } of attributes) {
      if (prefix !== "xmlns" && name !== "xmlns") continue;
      if (/\s/.test(value)) this.refuse("restricted", "white space in a namespace name");
      prefixes.set(prefix === "xmlns" ? local : "", value);
    }
    if (this.outcome !== "open") return;
    const node: Node = {
      name: tag.local,
      namespace: prefixes.get(tag.prefix)!,
      attributes: new Map(attributes.filter(({ prefix, name }) => prefix !== "xmlns" && name !== "xmlns").map(
        ({ prefix, local, value }) => [prefix === "" ? local : `${prefixes.get(prefix)} ${local}`, value])),
      children: [],
    };
    if (this.open.length === 0) this.checkHeader(node, tag.prefix, prefixes.get("")!);
    else this.checkElement(node, tag.prefix);
    if (this.outcome !== "open") return;
    if (this.open.length > 1) this.open.at(-1)!.node.children.push(node);
    this.open.push({ node, prefixes });
  }

  private closeTag(): void {
    if (this.outcome !== "open") return;
    this.flush();
    const { node } = this.open.pop()!;
    const at = this.parser.position;
    if (this.open.length === 1) this.elements.push({ node, at });
    if (this.open.length > 0) return;
    this.outcome = "ended";
    this.endedAt = at;
  }

  /** RFC 6120 sections 4.8.1 to 4.8.5. */
  private checkHeader(node: Node, prefix: string, content: string): void {
    const right = node.namespace === "http://etherx.jabber.org/streams" && node.name === "stream"
      && (prefix === "" || (prefix === "stream" && (content === "" || content === "jabber:client")));
    if (right) this.header = node;
    else this.refuse("restricted", "stream header");
  }

  private checkElement({ name, namespace }: Node, prefix: string): void {
    if (prefix === "xml") this.refuse("restricted", "prefix xml");
    if (prefix !== "" && namespace === "jabber:client") this.refuse("restricted", "prefixed content namespace");
    if (this.open.length > 1) return;
    if (namespace === "" || namespace === "jabber:server") this.refuse("restricted", "namespace of a first-level element");
    if (name === "stream" && namespace === "http://etherx.jabber.org/streams") this.refuse("restricted", "second stream header");
  }
}

const notNameStart = /^(?:[-.0-9\u00b7\u203f\u2040]|[\u0300-\u036f])/;

/** The text of the longest part of `bytes`, from the start, that is UTF-8 and ends with a whole character. */
function validPrefix(bytes: Uint8Array): string {
  const decode = (end: number) => {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes.subarray(0, end), { stream: true });
  };
  try {
    return decode(bytes.length);
  } catch {
    let [right, wrong] = [0, bytes.length];
    while (wrong - right > 1) {
      const middle = (right + wrong) >> 1;
      try {
        decode(middle);
        right = middle;
      } catch {
        wrong = middle;
      }
    }
    return decode(right);
  }
}

/** Whether `rest` could still become one character. */
function isBegunSequence(rest: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(rest, { stream: true });
    return true;
  } catch {
    return false;
  }
}
