/** Elements as they may be shown: people's words are withheld unless they are asked for, secrets always. */
import { inspectorWireCharsMax } from "../domain/limits.ts";
import type { Element } from "../xml/element.ts";
import { escapeAttribute, escapeText } from "../xml/serialise.ts";
import { clientNamespace } from "../xml/stanza.ts";
import { formNamespace, isErrorText, isProtocolAttribute, isProtocolText, isSecretElement, isSecretName } from "./secret-texts.ts";

export interface Showing {
  /** Whether people's words are shown (`--inspect-bodies`). */
  readonly bodies: boolean;
  /** From the client, or to it. */
  readonly direction: "in" | "out";
}

/** `[42 characters]`. */
export function withheld(text: string): string {
  let characters = 0;
  for (const _ of text) characters += 1;
  return `[${characters} character${characters === 1 ? "" : "s"}]`;
}

/**
 * The element as XML text that is well-formed, in `jabber:client` where it declares no namespace. Beyond `inspectorWireCharsMax` texts,
 * values and children are cut, and what is missing is counted in their place.
 */
export function redact(element: Element, { bodies, direction }: Showing): string {
  const from = String(element.attrs["from"] ?? "");
  const output: Output = {
    text: "",
    bodies,
    // An error with a user's address may be the user's own.
    ownErrors: direction === "out" && !from.includes("@"),
  };
  write(output, element, { namespace: clientNamespace, secret: false, formType: false });
  return output.text;
}

interface Output {
  text: string;
  readonly bodies: boolean;
  readonly ownErrors: boolean;
}

/** Of the parent. */
interface Around {
  readonly namespace: string;
  readonly secret: boolean;
  /** A form's field that names the form. */
  readonly formType: boolean;
}

/** Recursive: elements come from the parser, which bounds their depth. */
function write(output: Output, element: Element, around: Around): void {
  const { name } = element;
  const attrs: Readonly<Record<string, unknown>> = element.attrs;
  const namespace = typeof attrs["xmlns"] === "string" ? attrs["xmlns"] : around.namespace;
  const secret = around.secret || isSecretElement(namespace, name, attrs);
  output.text += `<${name}`;
  for (const [attribute, value] of Object.entries(attrs)) {
    if (value === null || value === undefined) continue;
    if (attribute === "xmlns" && value === around.namespace) continue;
    const shown = isAttributeShown(output, attribute, secret) ? String(value) : withheld(String(value));
    output.text += ` ${attribute}="${fitting(output, shown, escapeAttribute)}"`;
  }
  const children = element.children.filter((child) => child !== null && child !== undefined);
  if (children.length === 0) {
    output.text += "/>";
    return;
  }
  output.text += ">";
  const formType = namespace === formNamespace && name === "field" && attrs["var"] === "FORM_TYPE";
  for (const [index, child] of children.entries()) {
    if (room(output) === 0) {
      output.text += `… [${children.length - index} more]`;
      break;
    }
    if (typeof child === "object") write(output, child as Element, { namespace, secret, formType });
    else output.text += fitting(output, shownText(output, String(child), namespace, name, secret, around.formType), escapeText);
  }
  output.text += `</${name}>`;
}

function isAttributeShown({ bodies }: Output, name: string, secret: boolean): boolean {
  if (isProtocolAttribute(name)) return true;
  return bodies && !secret && !isSecretName(name);
}

function shownText({ bodies, ownErrors }: Output, text: string, namespace: string, name: string, secret: boolean, formType: boolean): string {
  if (secret) return withheld(text);
  if (bodies || isProtocolText(namespace, name) || formType || (ownErrors && isErrorText(namespace, name))) return text;
  // White space between elements says nothing.
  return /^[ \t\r\n]*$/.test(text) ? text : withheld(text);
}

function room({ text }: Output): number {
  return Math.max(0, inspectorWireCharsMax - text.length);
}

function fitting(output: Output, text: string, escape: (text: string) => string): string {
  const max = room(output);
  const whole = escape(text);
  if (whole.length <= max) return whole;
  // Escaping makes a text at most six times as long.
  for (let end = max; ; end = Math.floor(end / 2)) {
    const kept = wholeCharacters(text, end);
    const escaped = escape(kept);
    if (escaped.length <= max) return `${escaped}… [${text.length - kept.length} characters more]`;
  }
}

/** Not half a surrogate pair. */
function wholeCharacters(text: string, end: number): string {
  const last = text.charCodeAt(end - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? end - 1 : end);
}
