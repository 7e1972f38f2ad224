/** Elements as they may be shown: people's words are withheld unless they are asked for, secrets always. */
import { inspectorWireCharsMax } from "../domain/limits.ts";
import type { Element } from "../xml/element.ts";
import { escapeAttribute, escapeText } from "../xml/serialise.ts";
import { clientNamespace } from "../xml/stanza.ts";
import { formNamespace, isErrorText, isFormType, isProtocolAttribute, isProtocolText, type Place } from "./protocol-texts.ts";
import { isSecretElement, isSecretName, isShownOfSecret } from "./secret-texts.ts";

export interface Showing {
  /** Whether people's words are shown (`--inspect-bodies`). */
  readonly bodies: boolean;
  /** From the client, or to it. */
  readonly direction: "in" | "out";
}

export interface Shown {
  readonly xml: string;
  /** Whether something of it is withheld that nobody may see: how long it is, is not to be told either. */
  readonly secret: boolean;
}

/** Somebody's words: `[42 characters]`. */
export function withheld(text: string): string {
  let characters = 0;
  for (const _ of text) characters += 1;
  return `[${characters} character${characters === 1 ? "" : "s"}]`;
}

/** In the place of a secret: its length says something of it. */
export const withheldSecret = "[withheld]";

/**
 * The element as XML text that is well-formed, in `jabber:client` where it declares no namespace. Beyond `inspectorWireCharsMax` texts,
 * values and children are cut, and what is missing is counted in their place.
 */
export function redact(element: Element, { bodies, direction }: Showing): Shown {
  const { from, type } = element.attrs as { readonly from?: unknown; readonly type?: unknown };
  const isStanza = ["message", "presence", "iq"].includes(element.name);
  const output: Output = {
    text: "",
    hasSecrets: false,
    bodies,
    // An error with a user's address may be the user's own.
    ownError: direction === "out" && !String(from ?? "").includes("@") && (!isStanza || type === "error"),
  };
  write(output, element, undefined, { secret: false, formType: false });
  return { xml: output.text, secret: output.hasSecrets };
}

interface Output {
  text: string;
  hasSecrets: boolean;
  readonly bodies: boolean;
  /** It is an error that this server itself tells. */
  readonly ownError: boolean;
}

/** What the parent says of all that is within it. */
interface Around {
  readonly secret: boolean;
  /** A form's field that names the form. */
  readonly formType: boolean;
}

/** Recursive: elements come from the parser, which bounds their depth. */
function write(output: Output, element: Element, parent: Place | undefined, around: Around): void {
  const { name } = element;
  const attrs: Readonly<Record<string, unknown>> = element.attrs;
  const context = parent?.namespace ?? clientNamespace;
  const place: Place = { namespace: typeof attrs["xmlns"] === "string" ? attrs["xmlns"] : context, name, parent };
  const secret = around.secret || isSecretElement(place.namespace, name, attrs);
  output.text += `<${name}`;
  for (const [attribute, value] of Object.entries(attrs)) {
    if (value === null || value === undefined) continue;
    if (attribute === "xmlns" && value === context) continue;
    output.text += ` ${attribute}="${fitting(output, shownValue(output, place, attribute, String(value), secret), escapeAttribute)}"`;
  }
  const children = element.children.filter((child) => child !== null && child !== undefined);
  if (children.length === 0) {
    output.text += "/>";
    return;
  }
  output.text += ">";
  const formType = place.namespace === formNamespace && name === "field" && attrs["var"] === "FORM_TYPE";
  for (const [index, child] of children.entries()) {
    if (room(output) === 0) {
      output.text += `… [${children.length - index} more]`;
      break;
    }
    if (typeof child === "object") write(output, child as Element, place, { secret, formType });
    else output.text += fitting(output, shownText(output, place, String(child), { secret, formType: around.formType }), escapeText);
  }
  output.text += `</${name}>`;
}

function shownValue(output: Output, place: Place, attribute: string, value: string, secret: boolean): string {
  if (secret) return isShownOfSecret(attribute) ? value : hide(output);
  if (isProtocolAttribute(place, attribute, value)) return value;
  if (isSecretName(attribute)) return hide(output);
  return output.bodies ? value : withheld(value);
}

function shownText(output: Output, place: Place, text: string, { secret, formType }: Around): string {
  if (secret) return hide(output);
  if (output.bodies || isProtocolText(place, text) || (formType && isFormType(text)) || (output.ownError && isErrorText(place))) return text;
  // White space between elements says nothing.
  return /^[ \t\r\n]*$/.test(text) ? text : withheld(text);
}

function hide(output: Output): string {
  output.hasSecrets = true;
  return withheldSecret;
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
