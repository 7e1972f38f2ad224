/** Requests to subscribe that the owner of a node has to answer (XEP-0060 section 8.6). */
import { parseJid, type Jid } from "../domain/jid.ts";
import { booleanOf, dataForm, findForm, readForm } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";

const formType = "http://jabber.org/protocol/pubsub#subscribe_authorization";

export function requestForm(node: string, jid: string): Element {
  return dataForm("form", formType, [
    { var: "pubsub#node", type: "text-single", label: "The node", values: [node] },
    { var: "pubsub#subscriber_jid", type: "jid-single", label: "Who wants to subscribe", values: [jid] },
    { var: "pubsub#allow", type: "boolean", label: "Whether to allow it", values: ["0"] },
  ]);
}

export interface RequestAnswer {
  readonly node: string;
  readonly jid: Jid;
  readonly allow: boolean;
}

/** undefined: the message is no such answer. null: it is one that says nothing, because it was cancelled or is malformed. */
export function readAnswer(message: Element): RequestAnswer | null | undefined {
  const element = findForm(message);
  const form = element === undefined ? undefined : readForm(element);
  if (form?.formType !== formType) return undefined;
  const [node, subscriber, allow] = ["node", "subscriber_jid", "allow"].map((name) => form.fields.get(`pubsub#${name}`)?.[0]);
  const jid = subscriber === undefined ? undefined : parseJid(subscriber);
  const allowed = booleanOf(allow);
  return form.kind !== "submit" || node === undefined || jid === undefined || allowed === undefined ? null : { node, jid, allow: allowed };
}
