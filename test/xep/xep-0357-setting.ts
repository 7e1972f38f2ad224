/** What tests of push notifications share: a phone that can be away, and the service that its app has, which is a client here too. */
import { expect } from "vitest";
import { childOf, readXml, showXml, textOf, type Xml } from "../support/xml-reader.ts";

export const xmlns = "urn:xmpp:push:0";
export const options = (secret: string) =>
  "<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#publish-options</value></field>" +
  `<field var='secret'><value>${secret}</value></field></x>`;

interface Asking {
  ask(text: string): Promise<readonly Xml[]>;
}

const attribute = (name: string, value: string | undefined) => (value === undefined ? "" : ` ${name}='${value}'`);

/** `result`, or the condition of the error. */
async function answered(client: Asking, payload: string, to?: string): Promise<string> {
  const answers = await client.ask(`<iq type='set' id='e'${attribute("to", to)}>${payload}</iq>`);
  const answer = answers.find(({ attrs }) => attrs["id"] === "e")!;
  if (answer.attrs["type"] === "result") {
    expect(answer.children).toEqual([]);
    return "result";
  }
  return (childOf(answer, "error")!.children as readonly Xml[])[0]!.name;
}

export const enable = (client: Asking, jid?: string, node: string | undefined = "node", form = "", to?: string) =>
  answered(client, `<enable xmlns='${xmlns}'${attribute("jid", jid)}${attribute("node", node)}>${form}</enable>`, to);

export const disable = (client: Asking, jid?: string, node?: string, to?: string) =>
  answered(client, `<disable xmlns='${xmlns}'${attribute("jid", jid)}${attribute("node", node)}/>`, to);

/** The notifications among them. */
export const notifications = (stanzas: readonly Xml[]) => stanzas.filter((stanza) => stanza.name === "iq" && childOf(stanza, "pubsub") !== undefined);

/** What a notification says: `node 2`, with sender and body where they are told, and the secret of the options. */
export function said(notification: Xml): string {
  const pubsub = childOf(notification, "pubsub");
  const publish = childOf(pubsub, "publish");
  const form = childOf(childOf(childOf(publish, "item"), "notification"), "x");
  const given = childOf(childOf(pubsub, "publish-options"), "x");
  const values = [form, given].flatMap((x) => (x?.children ?? []) as readonly Xml[]).filter(({ attrs }) => attrs["var"] !== "FORM_TYPE");
  return [publish?.attrs["node"] ?? "none", ...values.map((field) => textOf(childOf(field, "value")))].join(" ");
}

export const accept = (notification: Xml) => reply(notification, "", "result");
export const refuse = (notification: Xml, type = "cancel", condition = "item-not-found") =>
  reply(notification, `<error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`, "error");

function reply({ attrs }: Xml, payload: string, type: string): string {
  return `<iq type='${type}' id='${attrs["id"]}' to='${attrs["from"]}'>${payload}</iq>`;
}

export const sameXml = (actual: Xml | undefined, expected: string) => expect(showXml(actual!)).toBe(showXml(readXml(expected)));
