/** The one way from elements to bytes: what is not escaped here is escaped nowhere. */
import type { Element } from "./element.ts";

/**
 * The element as XML. `xmlns` of `element` itself is left out if it is `contextNamespace`, the default namespace where
 * the text will stand. Attributes and children that are null or undefined are left out. Throws RangeError for a
 * character that XML cannot carry: what was parsed has none, but what the server builds may come from elsewhere
 * (base64, an operator, a file), and a peer's parser would end the peer's stream over it. The check costs nothing
 * beside the search for what to escape. Takes any depth.
 */
export function serialise(element: Element, contextNamespace?: string): string {
  let text = startTag(element, contextNamespace);
  if (element.children.length === 0) return text;
  // A stack and no recursion: depth is the peer's choice.
  const open: { readonly element: Element; next: number }[] = [{ element, next: 0 }];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const { element, next } = top;
    if (next === element.children.length) {
      text += `</${element.name}>`;
      open.pop();
      continue;
    }
    top.next = next + 1;
    const child: unknown = element.children[next];
    if (child === null || child === undefined) continue;
    if (typeof child !== "object") {
      text += escapeText(String(child));
      continue;
    }
    const shared = open.length === 1 ? sharedText(child as Element) : undefined;
    if (shared !== undefined) {
      text += shared;
      continue;
    }
    text += startTag(child as Element, undefined);
    if ((child as Element).children.length > 0) open.push({ element: child as Element, next: 0 });
  }
  return text;
}

/**
 * For what many are given, each in a stanza of its own: where this element is a child of what is written, its text is made once. It must
 * not be changed from now on, nor anything in it.
 */
export function share(element: Element): Element {
  if (!sharedTexts.has(element)) sharedTexts.set(element, undefined);
  return element;
}

const sharedTexts = new WeakMap<Element, string | undefined>();

/** undefined: it is not shared. */
function sharedText(element: Element): string | undefined {
  if (!sharedTexts.has(element)) return undefined;
  let text = sharedTexts.get(element);
  if (text === undefined) sharedTexts.set(element, (text = serialise(element)));
  return text;
}

/**
 * Also what need not be escaped in text is, so that the result is right between any quotes. Throws RangeError as
 * `serialise` does.
 */
export function escapeText(text: string): string {
  return escape(text, textEscapes);
}

/** For between quotes of either kind. Throws RangeError as `serialise` does. */
export function escapeAttribute(value: string): string {
  return escape(value, attributeEscapes);
}

/** An empty-element tag if there are no children. */
function startTag(element: Element, contextNamespace: string | undefined): string {
  const { attrs } = element;
  let text = `<${element.name}`;
  for (const name of Object.keys(attrs)) {
    const value: unknown = attrs[name];
    if (value === null || value === undefined) continue;
    if (name === "xmlns" && value === contextNamespace) continue;
    text += ` ${name}="${escapeAttribute(String(value))}"`;
  }
  return text + (element.children.length === 0 ? "/>" : ">");
}

function escape(text: string, escapes: readonly (string | undefined)[]): string {
  let result = "";
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < ESCAPED_BELOW) {
      const escaped = escapes[code];
      if (escaped === undefined) continue;
      if (escaped === "") throw forbidden(code, index);
      result += text.slice(start, index) + escaped;
      start = index + 1;
    } else if (code >= 0xd800 && !isCharacterAt(text, index)) {
      throw forbidden(code, index);
    }
  }
  return start === 0 ? text : result + text.slice(start);
}

const ESCAPED_BELOW = 0x3f;

const named: Readonly<Record<string, string>> = {
  "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;", "\r": "&#13;",
};

/** By character code: undefined stays as it is, "" is forbidden in XML. */
const textEscapes: readonly (string | undefined)[] = Array.from({ length: ESCAPED_BELOW }, (_, code) => {
  const known = named[String.fromCharCode(code)];
  if (known !== undefined) return known;
  return code < 0x20 && code !== 0x9 && code !== 0xa ? "" : undefined;
});

/** White space other than the space would be normalised to it (XML 1.0 section 3.3.3). */
const attributeEscapes: readonly (string | undefined)[] = textEscapes.map((escaped, code) =>
  code === 0x9 || code === 0xa ? `&#${code};` : escaped);

/** For a code from U+D800 on: no half of a surrogate pair alone, nor U+FFFE or U+FFFF. */
function isCharacterAt(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  if (code >= 0xe000) return code < 0xfffe;
  if (code < 0xdc00) {
    const low = text.charCodeAt(index + 1);
    return low >= 0xdc00 && low <= 0xdfff;
  }
  const high = index === 0 ? 0 : text.charCodeAt(index - 1);
  return high >= 0xd800 && high <= 0xdbff;
}

const forbidden = (code: number, index: number) =>
  new RangeError(`U+${code.toString(16).toUpperCase().padStart(4, "0")} at ${index} is no XML character`);
