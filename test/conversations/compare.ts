/** Whether a stanza is the one that a play means. */
import type { Xml } from "../support/xml-reader.ts";

/** What the names in braces stand for. */
export type Bindings = Map<string, string>;

/** The first difference, in words; undefined if there is none. Binds the variables that it meets. */
export function difference(expected: Xml, received: Xml, bindings: Bindings): string | undefined {
  if (expected.name !== received.name) return `expected <${expected.name}/>, received <${received.name}/>`;
  const where = `<${expected.name}/>`;
  if (expected.xmlns !== received.xmlns) return `${where}: expected the namespace ${expected.xmlns}, received ${received.xmlns}`;
  for (const [name, value] of Object.entries(expected.attrs)) {
    const got = received.attrs[name];
    if (got === undefined) return `${where}: the attribute ${name} is missing`;
    if (!fits(value, got, bindings)) return `${where}: expected ${name}='${filled(value, bindings)}', received ${name}='${got}'`;
  }
  for (const [name, value] of Object.entries(received.attrs)) {
    if (name !== "id" && !(name in expected.attrs)) return `${where}: the attribute ${name}='${value}' is not in the play`;
  }
  return childDifference(expected, received, bindings);
}

/** The text with every name that is bound replaced. */
export function filled(text: string, bindings: Bindings): string {
  return text.replace(/\{(\w+)\}/g, (braces, name: string) => bindings.get(name) ?? braces);
}

function childDifference(expected: Xml, received: Xml, bindings: Bindings): string | undefined {
  const where = `<${expected.name}/>`;
  const wanted = elementsOf(expected);
  const got = elementsOf(received).filter((child) => !isStanzaId(child) || wanted.some(isStanzaId));
  const [wantedText, gotText] = [ownText(expected), ownText(received)];
  const open = wantedText === "...";
  if (!open && !fits(wantedText, gotText, bindings)) {
    return `${where}: expected the text "${filled(wantedText, bindings)}", received "${gotText}"`;
  }
  if (open) {
    const missing = wanted.find((child) => !got.some((other) => difference(child, other, bindings) === undefined));
    return missing === undefined ? undefined : `${where}: there is no <${missing.name}/> like the one in the play`;
  }
  for (const [index, child] of wanted.entries()) {
    const other = got[index];
    if (other === undefined) return `${where}: its child <${child.name}/> is missing`;
    const why = difference(child, other, bindings);
    if (why !== undefined) return why;
  }
  const extra = got[wanted.length];
  return extra === undefined ? undefined : `${where}: its child <${extra.name}/> is not in the play`;
}

function fits(expected: string, received: string, bindings: Bindings): boolean {
  const name = /^\{(\w+)\}$/.exec(expected)?.[1];
  if (name !== undefined && !bindings.has(name)) {
    bindings.set(name, received);
    return true;
  }
  return filled(expected, bindings) === received;
}

/** Like an id of which a play says nothing (XEP-0359). */
function isStanzaId({ name, xmlns }: Xml): boolean {
  return name === "stanza-id" && xmlns === "urn:xmpp:sid:0";
}

function elementsOf(element: Xml): readonly Xml[] {
  return element.children.filter((child): child is Xml => typeof child !== "string");
}

/** White space around the text of a play is layout. */
function ownText(element: Xml): string {
  return element.children.filter((child) => typeof child === "string").join("").trim();
}
