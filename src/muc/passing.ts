/** What of a stanza goes through a room to others: all but what only a room says (XEP-0045 section 17.3), and what the room itself was told. */
import { parseJid } from "../domain/jid.ts";
import { delayNamespace } from "../xml/delay.ts";
import type { Element } from "../xml/element.ts";
import { stanzaIdNamespace } from "../xml/stanza-id.ts";
import { muc, mucUser } from "./namespaces.ts";

/** `room`: its bare JID. What stands between children is not passed on in presence: it says nothing there. */
export function passed(room: string, { children }: Element): readonly (Element | string)[] {
  return children.filter((child) => typeof child === "string" || !isForged(room, child));
}

/** Whether it would be taken for what the room has said. */
function isForged(room: string, child: Element): boolean {
  const { name, attrs } = child;
  switch (child.getNS()) {
    case muc:
    case mucUser:
      return true;
    // XEP-0421 section 4: what a client says of it is of no worth, in any room.
    case "urn:xmpp:occupant-id:0":
      return name === "occupant-id";
    // XEP-0359 section 3: nobody else gives ids in the name of the room.
    case stanzaIdNamespace:
      return name === "stanza-id" && isRoom(room, attrs["by"]);
    // Section 7.2.13: only the room says of what it passes on that it is old.
    case delayNamespace:
    case "jabber:x:delay":
      return isRoom(room, attrs["from"]);
    default:
      return false;
  }
}

/** White space around an address makes it none, but a careless reader may not mind. */
function isRoom(room: string, address: unknown): boolean {
  return parseJid(String(address ?? "").trim())?.bare === room;
}
