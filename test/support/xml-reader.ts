/** Reads what a server sends with another parser than the server's own, so that both would have to be wrong together. */
import { SaxesParser } from "saxes";

/** An element, its namespaces resolved. */
export interface Xml {
  readonly name: string;
  readonly xmlns: string;
  /** Without namespace declarations; a prefixed name keeps its prefix. */
  readonly attrs: Readonly<Record<string, string>>;
  readonly children: readonly (Xml | string)[];
}

/** Collects the first-level elements of one stream, from its header on. Throws at anything that is not well-formed. */
export class StreamReader {
  /** The attributes of the header, once it is there. */
  header: Readonly<Record<string, string>> | undefined;
  /** The end tag came. */
  ended = false;
  readonly #elements: Xml[] = [];
  readonly #open: (Xml & { children: (Xml | string)[] })[] = [];
  readonly #parser = new SaxesParser({ xmlns: true });

  constructor() {
    const parser = this.#parser;
    parser.on("error", (error) => {
      throw error;
    });
    parser.on("opentag", ({ local, uri, attributes }) => {
      const attrs: Record<string, string> = {};
      for (const { name, prefix, value } of Object.values(attributes)) {
        if (prefix !== "xmlns" && name !== "xmlns") attrs[name] = value;
      }
      if (this.header === undefined) this.header = attrs;
      else this.#open.push({ name: local, xmlns: uri, attrs, children: [] });
    });
    parser.on("text", (text) => this.#open.at(-1)?.children.push(text));
    parser.on("closetag", () => {
      const element = this.#open.pop();
      if (element === undefined) this.ended = true;
      else if (this.#open.length > 0) this.#open.at(-1)!.children.push(element);
      else this.#elements.push(element);
    });
  }

  write(text: string): void {
    this.#parser.write(text);
  }

  /** The oldest element that was not taken yet. */
  take(): Xml | undefined {
    return this.#elements.shift();
  }
}

/** One element from its text; `jabber:client` where it declares no namespace, as on a client's stream. */
export function readXml(text: string): Xml {
  const reader = new StreamReader();
  reader.write(`<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>${text.trim()}`);
  const element = reader.take();
  if (element === undefined || reader.take() !== undefined) throw new Error(`not one whole element: ${text}`);
  return element;
}

export function childOf(element: Xml | undefined, name: string): Xml | undefined {
  return element?.children.find((child): child is Xml => typeof child !== "string" && child.name === name);
}

/** Without the ids that accounts have given it (XEP-0359), which nobody can foretell: as its sender wrote it. */
export function withoutStanzaIds(stanza: Xml): Xml {
  const children = stanza.children.filter((child) => typeof child === "string" || child.name !== "stanza-id" || child.xmlns !== "urn:xmpp:sid:0");
  return { ...stanza, children };
}

export function textOf(element: Xml | undefined): string {
  return element?.children.map((child) => (typeof child === "string" ? child : textOf(child))).join("") ?? "";
}

/** For people: one line, in the order of the attributes' names. */
export function showXml(element: Xml, around = "jabber:client"): string {
  const attrs = Object.entries(element.attrs).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const xmlns = element.xmlns === around ? "" : ` xmlns='${element.xmlns}'`;
  const start = `${element.name}${xmlns}${attrs.map(([name, value]) => ` ${name}='${escape(value)}'`).join("")}`;
  const children = element.children.map((child) => (typeof child === "string" ? escape(child) : showXml(child, element.xmlns)));
  return children.length === 0 ? `<${start}/>` : `<${start}>${children.join("")}</${element.name}>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("'", "&apos;");
}
