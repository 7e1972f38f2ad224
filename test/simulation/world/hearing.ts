/** A stanza has come: whose business it is, and what a client answers to it. */
import { childOf, showXml, type Xml } from "../../support/xml-reader.ts";
import type { Device } from "./device.ts";
import { blockedIn } from "./entering.ts";
import { descriptionOf } from "./item-book.ts";
import { earlyId } from "./misdeeds.ts";
import type { Scene } from "./scene.ts";
import type { Sitting } from "./sitting.ts";

export function hear(scene: Scene, device: Device, sitting: Sitting, stanza: Xml): void {
  const { to, type } = stanza.attrs;
  if (stanza.name !== "iq" && scene.rooms.isOfRoom(stanza)) return scene.rooms.came(device, sitting, stanza);
  if (stanza.name === "message") return message(scene, device, sitting, stanza);
  if (to !== undefined && to !== sitting.jid && to !== sitting.account) {
    scene.problem("RFC 6120 section 10.5: a stanza reaches only whom it is addressed to", `${device.name} (${sitting.jid}) was given ${showXml(stanza)}`);
  }
  if (stanza.name === "presence") return scene.presences.came(device, sitting, stanza);
  if (type === "get" || type === "set") return request(scene, device, sitting, stanza);
  answer(scene, device, sitting, stanza);
}

/** By what is in it; what has no place of its own is somebody's message. */
function message(scene: Scene, device: Device, sitting: Sitting, stanza: Xml): void {
  const kind = stanza.attrs["type"] === "error" ? undefined : stanza.children.find((child): child is Xml => typeof child !== "string" && kinds.has(`${child.xmlns} ${child.name}`));
  if (kind?.name === "result") return scene.archives.came(device, sitting, stanza);
  if (kind?.name === "event") return scene.items.came(device, sitting, stanza);
  const copied = childOf(childOf(kind, "forwarded"), "message");
  if (copied !== undefined && scene.rooms.whisper(copied) !== undefined) return;
  if (kind === undefined) scene.messages.came(sitting, stanza);
  else scene.messages.copied(sitting, stanza, kind.name === "sent" ? "sent" : "received");
  const original = kind === undefined ? stanza : childOf(childOf(kind, "forwarded"), "message");
  // What comes late does not say how far the archive is known.
  const id = childOf(original, "delay") === undefined ? childOf(original, "stanza-id") : undefined;
  if (id !== undefined) device.archivedUntil = id.attrs["id"];
}

const kinds: ReadonlySet<string> = new Set([
  "urn:xmpp:mam:2 result", "http://jabber.org/protocol/pubsub#event event", "urn:xmpp:carbons:2 sent", "urn:xmpp:carbons:2 received",
]);

function answer(scene: Scene, device: Device, sitting: Sitting, stanza: Xml): void {
  const { id = "", from } = stanza.attrs;
  if (id === "there") return;
  const asked = sitting.asked.get(id);
  if (asked === undefined) {
    // A request that its addressee answered, and that was given back all the same as the answer was not acknowledged (XEP-0198 section 4). Whose client has miscounted on purpose is given what it has said it has not.
    const mayBeTwice = sitting.isToBlame || (id.startsWith("q") && from !== undefined && from.includes("/"));
    if (!mayBeTwice) scene.problem("RFC 6120 section 8.2.3: an iq is answered once", `${device.name}: nobody waits for ${showXml(stanza)}`);
    return;
  }
  const { to } = asked;
  const isAnswered = to === undefined ? from === undefined || from === sitting.account : from === to;
  if (!isAnswered) scene.problem("RFC 6120 section 8.2.3: who was asked answers", `${device.name}: asked ${to ?? "the own account"}, got ${showXml(stanza)}`);
  sitting.asked.delete(id);
  asked.answered(stanza);
}

/** Roster and block list are the account's business; others are told whether this one is there. */
function request(scene: Scene, device: Device, sitting: Sitting, stanza: Xml): void {
  const { id = "", type, from } = stanza.attrs;
  const isOwn = from === undefined || from === sitting.account;
  if (id === earlyId) scene.problem("RFC 6120 section 7.1: nothing is routed for who has no address yet", `${device.name}: was given ${showXml(stanza)}`);
  if (type === "set" && isOwn) {
    const problem = push(device, stanza);
    if (problem !== undefined) scene.problem("RFC 6121 section 2.1.6: a push has one item", `${device.name}: ${problem}, got ${showXml(stanza)}`);
    return device.send({ text: `<iq type='result' id='${id}'/>` });
  }
  const to = from === undefined ? "" : ` to='${from}'`;
  if (childOf(stanza, "ping") !== undefined) return device.send({ text: `<iq type='result' id='${id}'${to}/>` });
  const about = childOf(stanza, "query");
  if (type === "get" && about?.xmlns === "http://jabber.org/protocol/disco#info") return device.send({ text: `<iq type='result' id='${id}'${to}>${descriptionOf(device.uses, about.attrs["node"])}</iq>` });
  const error = "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
  device.send({ text: `<iq type='error' id='${id}'${to}>${error}</iq>` });
}

function push(device: Device, stanza: Xml): string | undefined {
  const [payload] = stanza.children;
  if (payload === undefined || typeof payload === "string") return "nothing is in it";
  if (payload.xmlns === "jabber:iq:roster") return device.roster.push(payload);
  if (payload.xmlns !== "urn:xmpp:blocking") return "nobody pushes that";
  const addresses = blockedIn(payload);
  if (payload.name === "block") for (const jid of addresses) device.blocks?.add(jid);
  else if (addresses.length === 0) device.blocks?.clear();
  else for (const jid of addresses) device.blocks?.delete(jid);
  return undefined;
}
