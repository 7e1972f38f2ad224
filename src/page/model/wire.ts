/** What a piece of wire is, without reading all of it: its name, its attributes, and what stands directly in it. */
import { counted, shortened, visible } from "../text.ts";

export interface WireOutline {
  /** As it is written: `iq`, `stream:stream`; with a slash before it for an end tag; empty for what is no tag. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly WireChild[];
}

export interface WireChild {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The names of what is in it, at most `namesMax` of them, and how many there are. */
  readonly names: readonly string[];
  readonly count: number;
  /** Its own text, at most `textMax` characters. */
  readonly text: string;
}

const namesMax = 20;
const textMax = 64;
const childrenMax = 50;

/** Never throws: what is cut, or no XML, is read as far as that goes. */
export function outlineOf(xml: string): WireOutline {
  let root: { readonly name: string; readonly attributes: Readonly<Record<string, string>> } | undefined;
  const children: (Omit<WireChild, "names" | "count" | "text"> & { readonly names: string[]; count: number; text: string })[] = [];
  let [depth, end] = [0, 0];
  for (const match of xml.matchAll(tag)) {
    const [whole, slash, name = "", attributes = "", empty] = match;
    const child = children.at(-1);
    if (depth === 2 && child !== undefined && child.text.length < textMax) child.text += unescaped(xml.slice(end, match.index)).slice(0, textMax);
    end = match.index + whole.length;
    if (slash === "/") {
      if (root === undefined) return { name: `/${name}`, attributes: {}, children: [] };
      depth -= 1;
      continue;
    }
    if (depth === 0) {
      if (root !== undefined) break;
      root = { name, attributes: attributesOf(attributes) };
    } else if (depth === 1) {
      if (children.length === childrenMax) break;
      children.push({ name, attributes: attributesOf(attributes), names: [], count: 0, text: "" });
    } else if (depth === 2 && child !== undefined) {
      child.count += 1;
      if (child.names.length < namesMax) child.names.push(name);
    }
    if (empty !== "/") depth += 1;
  }
  return { name: root?.name ?? "", attributes: root?.attributes ?? {}, children };
}

const tag = /<(\/?)([^\s/>!?=<]+)((?:\s+[^\s=/><]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>/g;
const attribute = /([^\s=/><]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

function attributesOf(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...text.matchAll(attribute)].map(([, name = "", double, single]) => [name, unescaped(double ?? single ?? "")]));
}

function unescaped(text: string): string {
  return text.includes("&") ? text.replaceAll(/&(lt|gt|amp|quot|apos);/g, (whole, name: string) => entities[name] ?? whole) : text;
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Without its prefix. */
export function localName(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

/** The condition in an `<error/>`, `<failure/>` or the like; undefined where there is none. */
export function conditionOf({ name, children }: WireOutline): string | undefined {
  const error = children.find((child) => localName(child.name) === "error");
  const names = error === undefined || name === "stream:error" ? children.map((child) => child.name) : error.names;
  return names.map(localName).find((found) => found !== "text");
}

/** What an iq is about: the namespace of its payload, shortened where everybody knows it. */
export function subjectOf({ children }: WireOutline): string {
  const payload = children.find((child) => child.name !== "error");
  if (payload === undefined) return "";
  const { xmlns = payload.name } = payload.attributes;
  return short(xmlns.replace("http://jabber.org/protocol/", "").replace("urn:ietf:params:xml:ns:xmpp-", ""));
}

/** A few words: `iq get jabber:iq:roster`, `presence away`, `stream error conflict`. What others chose is made visible, and cut. */
export function labelOf(outline: WireOutline): string {
  const { attributes, children } = outline;
  const name = localName(outline.name);
  const condition = () => short(conditionOf(outline) ?? "");
  switch (outline.name.startsWith("/") ? `/${name}` : name) {
    case "iq":
      if (attributes["type"] === "error") return words("iq error", condition());
      return words("iq", short(attributes["type"] ?? ""), subjectOf(outline));
    case "message":
      return words("message", short(attributes["type"] ?? ""), attributes["type"] === "error" ? condition() : "");
    case "presence": {
      const show = children.find((child) => child.name === "show")?.text ?? "";
      return words("presence", short(attributes["type"] ?? show), attributes["type"] === "error" ? condition() : "");
    }
    case "stream":
      return "stream header";
    case "/stream":
      return "end of the stream";
    case "error":
      return words("stream error", condition());
    case "features":
      return words("features", children.map((child) => short(localName(child.name))).slice(0, 8).join(", "));
    case "auth":
    case "authenticate":
      return words(name, short(attributes["mechanism"] ?? ""));
    case "failure":
    case "failed":
      return words(name, condition());
    case "r":
      return "ack request";
    case "a":
      return words("ack", short(attributes["h"] ?? ""));
    case "resume":
    case "resumed":
      return words(name, "h", short(attributes["h"] ?? ""));
    default:
      return short(name) || "text";
  }
}

/** The parts that are there. */
export function words(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}

/** What somebody else chose, in a line. */
export function short(text: string, max = 60): string {
  return shortened(visible(shortened(text, max)), 2 * max);
}

/** How much is in an answer: `12 items`; empty for what is not a list of one kind. */
export function amountIn({ children }: WireOutline): string {
  const [payload] = children;
  const [name] = payload?.names ?? [];
  if (payload === undefined || name === undefined || payload.count < 1 || payload.names.some((other) => other !== name)) return "";
  return name === "item" ? counted(payload.count, name) : "";
}
