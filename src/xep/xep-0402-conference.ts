/**
 * The bookmark of one chat room in its two forms: an item of its own (XEP-0402 section 2), and an element in a list of all
 * (XEP-0048 section 2.1). What only one of the forms has stays there when the other one changes.
 */
import { parseJid } from "../domain/jid.ts";
import { booleanOf } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";

/** The namespace of items, and the node that has them. */
export const itemsNode = "urn:xmpp:bookmarks:1";
/** The namespace of the list, and the node that has it. */
export const listNode = "storage:bookmarks";

/** What both forms say. */
export interface Room {
  readonly name: string | undefined;
  readonly autojoin: boolean;
  readonly nick: string | undefined;
  readonly password: string | undefined;
}

/** By what two addresses are the same room's; undefined for what is no room's: nothing that can be read, a service, or somebody in a room. */
export function keyOf(jid: string | undefined): string | undefined {
  const parsed = jid === undefined ? undefined : parseJid(jid);
  return parsed?.local === undefined || parsed.resource !== undefined ? undefined : parsed.full;
}

export function isConference(element: Element | undefined, namespace: typeof itemsNode | typeof listNode): element is Element {
  return element?.name === "conference" && element.getNS() === namespace;
}

export function roomOf(conference: Element): Room {
  const text = (name: string) => elementsOf(conference).find((child) => isOwn(child, name, conference))?.getText() || undefined;
  const { name, autojoin } = conference.attrs as Readonly<Record<string, string | undefined>>;
  return { name, autojoin: booleanOf(autojoin) === true, nick: text("nick"), password: text("password") };
}

export function isSameRoom(one: Room, other: Room): boolean {
  return one.name === other.name && one.autojoin === other.autojoin && one.nick === other.nick && one.password === other.password;
}

/** `before`: the item so far, of which everything else stays, its extensions among it. */
export function toItem(room: Room, before?: Element): Element {
  return conference(itemsNode, {}, room, before);
}

/** XEP-0402 section 5.3.1. `before`: the element in the list so far. */
export function toListed(jid: string, room: Room, before?: Element): Element {
  return conference(listNode, { jid }, room, before);
}

export function elementsOf(element: Element): readonly Element[] {
  return element.children.filter((child): child is Element => typeof child !== "string");
}

function conference(xmlns: string, own: Readonly<Record<string, string>>, room: Room, before: Element | undefined): Element {
  const { autojoin, ...others } = (before?.attrs ?? {}) as Readonly<Record<string, string>>;
  const attrs = {
    ...own, ...others, xmlns, name: room.name,
    autojoin: booleanOf(autojoin) === room.autojoin ? autojoin : room.autojoin ? "true" : undefined,
  };
  const rest = before === undefined ? [] : elementsOf(before).filter((child) => !isOwn(child, "nick", before) && !isOwn(child, "password", before));
  // In the order of the schema (XEP-0402 section 9).
  return el("conference", attrs, textElement("nick", room.nick), textElement("password", room.password), ...rest);
}

function textElement(name: string, text: string | undefined): Element | undefined {
  return text === undefined ? undefined : el(name, {}, text);
}

function isOwn(child: Element, name: string, parent: Element): boolean {
  return child.name === name && child.getNS() === parent.getNS();
}
