/** XML as a page needs it: elements read from frames (RFC 7395 section 3.3.3), and elements written. The browser's own parser makes markup, which this page may not. */

export interface XmlElement {
  readonly name: string;
  readonly namespace: string;
  /** By their names as written, without declarations of namespaces. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly (XmlElement | string)[];
}

/** The text is no element that this page reads. */
export class XmlError extends Error {
  override readonly name = "XmlError";
}

/**
 * The one element of a frame. What RFC 6120 section 11.1 forbids is refused, and so are CDATA sections, which this server does not write. Throws XmlError.
 */
export function readElement(text: string): XmlElement {
  const reader = new Reader(text);
  const element = reader.read();
  if (!reader.atEnd) throw new XmlError("something follows the element");
  return element;
}

/** The first child of that name and namespace. */
export function childOf(element: XmlElement, name: string, namespace = element.namespace): XmlElement | undefined {
  return childrenOf(element, name, namespace)[0];
}

export function childrenOf(element: XmlElement, name: string, namespace = element.namespace): readonly XmlElement[] {
  return elementsOf(element).filter((child) => child.name === name && child.namespace === namespace);
}

export function elementsOf(element: XmlElement): readonly XmlElement[] {
  return element.children.filter((child) => typeof child !== "string");
}

export function textOf(element: XmlElement | undefined): string | undefined {
  return element?.children.filter((child) => typeof child === "string").join("");
}

/** Text that is markup already. */
export interface Markup {
  readonly markup: string;
}

/** An element; of its children strings are text. What XML cannot hold is replaced. */
export function xml(name: string, attributes: Readonly<Record<string, string | undefined>>, ...children: readonly (Markup | string | undefined)[]): Markup {
  const written = Object.entries(attributes).map(([key, value]) => (value === undefined ? "" : ` ${key}="${escaped(value)}"`)).join("");
  const inside = children.map((child) => (child === undefined ? "" : typeof child === "string" ? escaped(child) : child.markup)).join("");
  return { markup: inside === "" ? `<${name}${written}/>` : `<${name}${written}>${inside}</${name}>` };
}

function escaped(text: string): string {
  return text.replaceAll(unwritable, "\ufffd").replaceAll(/[&<>"'\t\n\r]/g, (character) => `&#${character.codePointAt(0)};`);
}

/** XML 1.0 section 2.2. */
const unwritable = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

interface Open {
  readonly element: { readonly name: string; readonly namespace: string; readonly attributes: Map<string, string>; readonly children: (XmlElement | string)[] };
  /** The name as written. */
  readonly tag: string;
  /** Namespaces by their prefixes. */
  readonly scope: ReadonlyMap<string, string>;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#match(/\s*/y) !== undefined && this.#at === this.#text.length;
  }

  read(): XmlElement {
    const stack: Open[] = [];
    for (;;) {
      const top = stack.at(-1);
      const characters = top === undefined ? undefined : this.#match(/[^<]+/y);
      if (characters !== undefined) top?.element.children.push(unescaped(characters[0]));
      const end = top === undefined ? undefined : this.#match(/<\/([^\s<>/]+)\s*>/y);
      let done = end === undefined ? undefined : top;
      if (end !== undefined && end[1] !== top?.tag) throw new XmlError("an end tag is not that of its element");
      if (end === undefined) {
        const begun = this.#begin(top?.scope ?? outermost);
        if (begun.empty) done = begun.open;
        else stack.push(begun.open);
      } else {
        stack.pop();
      }
      if (done === undefined) continue;
      const parent = stack.at(-1);
      if (parent === undefined) return done.element;
      parent.element.children.push(done.element);
    }
  }

  #begin(around: ReadonlyMap<string, string>): { readonly open: Open; readonly empty: boolean } {
    // What names may have in them the server has seen to: a stranger's words do not end this stream.
    const tag = this.#match(/<([^\s<>/="'&!?]+)/y)?.[1];
    if (tag === undefined) throw new XmlError("no start tag where one has to be");
    const attributes = new Map<string, string>();
    const scope = new Map(around);
    for (let found = this.#attribute(); found !== undefined; found = this.#attribute()) {
      const [name, value] = found;
      if (attributes.has(name)) throw new XmlError("an attribute is there twice");
      if (name === "xmlns") scope.set("", value);
      else if (name.startsWith("xmlns:")) scope.set(name.slice("xmlns:".length), value);
      else attributes.set(name, value);
    }
    const end = this.#match(/\s*(\/?)>/y);
    if (end === undefined) throw new XmlError("a start tag has no end");
    const cut = tag.indexOf(":");
    const namespace = scope.get(cut < 0 ? "" : tag.slice(0, cut));
    if (namespace === undefined) throw new XmlError("a prefix is not declared");
    return { open: { element: { name: tag.slice(cut + 1), namespace, attributes, children: [] }, tag, scope }, empty: end[1] === "/" };
  }

  #attribute(): readonly [string, string] | undefined {
    const found = this.#match(/\s+([^\s<>/="'&]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y);
    return found === undefined ? undefined : [found[1]!, unescaped(found[2] ?? found[3] ?? "")];
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found;
  }
}

const outermost: ReadonlyMap<string, string> = new Map([["", ""], ["xml", "http://www.w3.org/XML/1998/namespace"]]);

function unescaped(text: string): string {
  return text.replaceAll(/&([^;&]*);?/g, (reference, name: string) => {
    const known = reference.endsWith(";") ? (entities.get(name) ?? numbered(name)) : undefined;
    if (known === undefined) throw new XmlError("a reference is none of XML's own (RFC 6120 section 11.1)");
    return known;
  });
}

const entities: ReadonlyMap<string, string> = new Map([["amp", "&"], ["lt", "<"], ["gt", ">"], ["quot", '"'], ["apos", "'"]]);

function numbered(name: string): string | undefined {
  const [, hexadecimal, decimal] = /^#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}))$/.exec(name) ?? [];
  const code = hexadecimal === undefined ? Number(decimal ?? "NaN") : Number.parseInt(hexadecimal, 16);
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
