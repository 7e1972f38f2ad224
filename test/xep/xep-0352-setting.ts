/** What the tests of client state share: a client that can be looked at without sending it a stanza, and what comes in a few words. */
import { isStanza, type ManagedClient } from "../management/support.ts";
import { inWords } from "../presence/support.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { copied } from "./xep-0280-setting.ts";

export const inactive = "<inactive xmlns='urn:xmpp:csi:0'/>";
export const active = "<active xmlns='urn:xmpp:csi:0'/>";
export const chatStates = "http://jabber.org/protocol/chatstates";

export const state = (to: string, name: string, more = ""): string => `<message to='${to}' type='chat'><${name} xmlns='${chatStates}'/>${more}</message>`;
export const event = (to: string, node: string, item: string, payload = item): string =>
  `<message to='${to}' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='${node}'>` +
  `<item id='${item}'><x xmlns='urn:x'>${payload}</x></item></items></event></message>`;

/** The server has read it; nothing that is a stanza has come of that (XEP-0198 section 4). */
export async function say(client: ManagedClient, text: string): Promise<void> {
  client.send(text);
  await client.count();
}

/** What has come, without asking for anything that is a stanza. */
export async function come(client: ManagedClient): Promise<readonly string[]> {
  await client.count();
  const words: string[] = [];
  for (;;) {
    const element = await client.next(1).catch(() => undefined);
    if (element === undefined) return words;
    if (isStanza(element)) words.push(wordsOf(element));
  }
}

/** `romeo/orchard available (1)`, `composing`, `tune: one`, `received composing`, `hello`. */
export function wordsOf(stanza: Xml): string {
  if (stanza.name !== "message") return inWords(stanza);
  const copy = copied(stanza);
  if (copy !== undefined) return `${copy.direction} ${wordsOf(copy.message)}`;
  const items = childOf(childOf(stanza, "event"), "items");
  if (items !== undefined) return `${items.attrs["node"]}: ${textOf(items)}`;
  const body = childOf(stanza, "body");
  return body === undefined ? (stanza.children[0] as Xml).name : textOf(body);
}
