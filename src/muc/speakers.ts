/**
 * Who has said what a room keeps: the real JID is kept with each message, for those who may know it when they read it again (XEP-0313
 * section 6.1.2). It leaves the room with nothing else.
 */
import type { Room } from "../domain/room.ts";
import type { Affiliation, Role } from "../domain/room-standing.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";
import { mucUser } from "./namespaces.ts";

/** As they were when it was said. */
export interface Speaker {
  /** A full JID. */
  readonly jid: string;
  readonly affiliation: Affiliation;
  readonly role: Role;
}

/** A message as it is kept. */
export function withSpeaker(message: Element, { config }: Room, { jid, affiliation, role }: Speaker): Element {
  const copy = el(message.name, message.attrs as Record<string, string>);
  // XEP-0045 section 7.2.3: who spoke where everybody was known has no secret.
  const open = config.whois === "anyone" ? el("status", { code: "100" }) : undefined;
  copy.children = [...message.children, el("x", { xmlns: mucUser }, el("item", { affiliation, jid, role }), open)];
  return copy;
}

/** Takes the speaker out of a message that was kept. `item`: as it may be told. `open`: everybody could see it then. undefined: it has none. */
export function takeSpeaker(message: Element): { readonly jid: string; readonly item: Element; readonly open: boolean } | undefined {
  const kept = message.getChild("x", mucUser);
  message.children = message.children.filter((child) => typeof child === "string" || child.getNS() !== mucUser);
  const item = kept?.getChild("item", mucUser);
  const jid = item?.attrs["jid"] as string | undefined;
  return item === undefined || jid === undefined ? undefined : { jid, item, open: kept?.getChild("status", mucUser) !== undefined };
}

/** The full JID of who has said a message that was kept; undefined for what the room itself has said. */
export function speakerOf(message: Element): string | undefined {
  return message.getChild("x", mucUser)?.getChild("item", mucUser)?.attrs["jid"] as string | undefined;
}

/** What takes the place of a message that was kept is of the same speaker. Returns it. */
export function keepSpeaker(message: Element, instead: Element): Element {
  const kept = message.getChild("x", mucUser);
  if (kept !== undefined) instead.children.push(kept);
  return instead;
}
