/** What an app on @xmpp/client writes for itself: the elements of data forms, nodes and archives, and what it answers for its own. */
import { createHash } from "node:crypto";
import { xml, type XmlElement, type XmppJsUser } from "./xmpp-js.ts";

export const pubsubNamespace = "http://jabber.org/protocol/pubsub";
const infoNamespace = "http://jabber.org/protocol/disco#info";

export type Values = Readonly<Record<string, string | readonly string[]>>;

/** Of type submit (XEP-0004). */
export function form(formType: string, values: Values): XmlElement {
  const fields = Object.entries({ FORM_TYPE: formType, ...values }).map(([name, value]) =>
    xml("field", { var: name }, ...[value].flat().map((text) => xml("value", {}, text))));
  return xml("x", { xmlns: "jabber:x:data", type: "submit" }, ...fields);
}

export function valuesOf(x: XmlElement | undefined): Readonly<Record<string, readonly string[]>> {
  const fields = x?.getChildren("field") ?? [];
  return Object.fromEntries(fields.map((field) => [field.attrs["var"] ?? "", field.getChildren("value").map((value) => value.text())]));
}

/** Resolves to the item's id, and rejects with what came back. */
export async function publish(user: XmppJsUser, node: string, id: string | undefined, payload: XmlElement, options?: Values): Promise<string | undefined> {
  const wanted = options === undefined ? [] : [xml("publish-options", {}, form(`${pubsubNamespace}#publish-options`, options))];
  const answer = await user.client.iqCaller.set(
    xml("pubsub", pubsubNamespace, xml("publish", { node }, xml("item", { id }, payload)), ...wanted),
  );
  return answer?.getChild("publish")?.getChild("item")?.attrs["id"];
}

/** `[id, payload]` of each. */
export async function itemsOf(user: XmppJsUser, node: string, of?: string): Promise<readonly (readonly [string | undefined, XmlElement | undefined])[]> {
  const answer = await user.client.iqCaller.get(xml("pubsub", pubsubNamespace, xml("items", { node })), of);
  return answer?.getChild("items")?.getChildren("item").map((item) => [item.attrs["id"], item.getChildElements()[0]] as const) ?? [];
}

/** `<items/>` and its like in the oldest event of the node that was not asked for yet. */
export async function nextEvent(user: XmppJsUser, node: string): Promise<{ readonly message: XmlElement; readonly event: XmlElement }> {
  const within = (stanza: XmlElement) => stanza.getChild("event", `${pubsubNamespace}#event`)?.getChildElements()[0];
  const message = await user.next((stanza) => within(stanza)?.attrs["node"] === node);
  return { message, event: within(message)! };
}

let descriptions = 0;

/** Says in its presence that it wants to hear of the nodes, and answers for that: resolves when the server knows (XEP-0115). */
export async function listen(user: XmppJsUser, ...nodes: readonly string[]): Promise<void> {
  // Like no other, so that the server has to ask.
  const features = [infoNamespace, `urn:example:description:${descriptions++}`, ...nodes.map((node) => `${node}+notify`)].toSorted();
  const ver = createHash("sha1").update(["client/bot//", ...features, ""].join("<")).digest("base64");
  const answered = new Promise<void>((resolve) => {
    user.client.on("send", (element: XmlElement) => {
      if (element.attrs["type"] === "result" && element.getChild("query", infoNamespace)) resolve();
    });
  });
  user.client.iqCallee.get(infoNamespace, "query", ({ element }) =>
    xml("query", { xmlns: infoNamespace, node: element.attrs["node"] },
      xml("identity", { category: "client", type: "bot" }), ...features.map((feature) => xml("feature", { var: feature }))));
  await user.presence(xml("c", { xmlns: "http://jabber.org/protocol/caps", hash: "sha-1", node: "urn:example:app", ver }));
  await answered;
  await user.settled();
}
