/** What the tests of carbons share: how they are enabled, and what comes in a few words. */
import { expect } from "vitest";
import { inWords } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";

export const carbons = "urn:xmpp:carbons:2";
export const hints = "urn:xmpp:hints";
export const occupants = "http://jabber.org/protocol/muc#user";

export const enable = `<iq type='set' id='enable'><enable xmlns='${carbons}'/></iq>`;
export const disable = `<iq type='set' id='disable'><disable xmlns='${carbons}'/></iq>`;

/** Asks, and is answered that it is so. What came before is gone. */
export async function enabled<Client extends Pick<BoundClient, "ask" | "jid">>(client: Client, request = enable): Promise<Client> {
  const answer = (await client.ask(request)).find(({ name }) => name === "iq");
  expect(answer).toMatchObject({ attrs: { type: "result", to: client.jid }, children: [] });
  return client;
}

/** The message in a copy; undefined for what is no copy. */
export function copied(stanza: Xml): { readonly direction: string; readonly message: Xml } | undefined {
  const wrapper = [childOf(stanza, "sent"), childOf(stanza, "received")].find((child) => child?.xmlns === carbons);
  const message = childOf(childOf(wrapper, "forwarded"), "message");
  return wrapper === undefined || message === undefined ? undefined : { direction: wrapper.name, message };
}

/** `one`, `sent one`, `received one`: the bodies of messages and of copies, or the names of what they hold where they have none. */
export function copyInWords(stanza: Xml): string {
  if (stanza.name !== "message") return inWords(stanza);
  const copy = copied(stanza);
  if (copy !== undefined) return `${copy.direction} ${copyInWords(copy.message)}`;
  const body = childOf(stanza, "body");
  return body === undefined ? stanza.children.map((child) => (child as Xml).name).join(" ") : textOf(body);
}

/** What has come to each since the last look. Who has acted comes first. */
export async function got(...clients: readonly Pick<BoundClient, "caughtUp">[]): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = [];
  for (const client of clients) all.push((await client.caughtUp()).filter(({ name }) => name === "message").map(copyInWords));
  return all;
}
