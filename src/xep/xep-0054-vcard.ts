/** vCards: what a user tells everybody of itself, kept whole and read by nobody here. */
import { isEmptyVcard, vcardNamespace as xmlns, vcardPlace } from "../domain/kept-xml.ts";
import type { Extension, IqReply, IqRequest } from "../router/extension.ts";
import { readKept } from "../router/kept-element.ts";
import { serialise } from "../xml/serialise.ts";

const { space, key } = vcardPlace;

export const vcard: Extension = {
  name: space,
  specification: { id: "XEP-0054", version: "1.3.0", title: "vcard-temp" },
  serverFeatures: [xmlns],
  accountFeatures: [xmlns],
  iq: [
    { xmlns, name: "vCard", types: ["get"], at: ["account"], handle: get },
    { xmlns, name: "vCard", types: ["set"], at: ["server", "account"], handle: set },
  ],
};

async function get({ own, account, house }: IqRequest): Promise<IqReply> {
  const text = account === undefined ? undefined : await house.data.get(account, space, key);
  const card = account === undefined || text === undefined ? undefined : readKept(house.log, account, `${space}/${key}`, text);
  if (card !== undefined) return { result: card };
  // XEP-0054 sections 3.1 and 3.3: to others, an account without a vCard is like one that does not exist.
  return { fault: { condition: own ? "item-not-found" : "service-unavailable", text: "" } };
}

/** XEP-0054 section 3.2. Its size is bound by that of a stanza. */
function set({ own, account, step, payload, house }: IqRequest): IqReply {
  if (!own || account === undefined) return { fault: { condition: "forbidden", text: "a vCard is its owner's" } };
  house.data.set(step, account, space, key, isEmptyVcard(payload) ? null : serialise(payload));
  return { result: undefined };
}
