/** What a push service is told (XEP-0357 section 7). */
import type { Account } from "../domain/account.ts";
import { pushBodyCharsMax } from "../domain/limits.ts";
import type { House } from "../router/extension.ts";
import { readKept } from "../router/kept-element.ts";
import { dataForm, type FormField } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";
import { pubsub, push, summary } from "./xep-0357-names.ts";
import type { PushService } from "./xep-0357-services.ts";

/** The last message that waits. */
export interface Waiting {
  /** Who has sent it. */
  readonly sender: string;
  /** As much of it as is ever told. */
  readonly body: string;
}

export function waitingFrom(sender: string, body: string): Waiting {
  // Half a surrogate pair would be no text any more.
  return { sender, body: body.slice(0, pushBodyCharsMax).replace(/[\uD800-\uDBFF]$/, "") };
}

export function publication(house: House, account: Account, { jid, node, options }: PushService, count: number, last: Waiting): Element {
  const item = el("item", {}, el("notification", { xmlns: push }, summaryOf(count, last, house.limits.pushDisclose)));
  const given = options === undefined ? undefined : readKept(house.log, account, `publish options for ${jid}`, options);
  return el("pubsub", { xmlns: pubsub }, el("publish", { node }, item), given && el("publish-options", {}, given));
}

/** Section 9: as much as the operator wants to be known. */
function summaryOf(count: number, { sender, body }: Waiting, disclose: House["limits"]["pushDisclose"]): Element | undefined {
  const fields: readonly FormField[] = [
    { var: "message-count", values: [String(count)] },
    { var: "last-message-sender", values: [sender] },
    { var: "last-message-body", values: [body] },
  ];
  const told = ["nothing", "count", "sender", "body"].indexOf(disclose);
  return told === 0 ? undefined : dataForm("submit", summary, fields.slice(0, told));
}
