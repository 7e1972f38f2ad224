/**
 * vCards: what a user tells everybody of itself. The picture in them is the user's avatar, which stands among the nodes of the account
 * (XEP-0398 section 5.2): it is taken out of what is set, and put into what is asked for.
 */
import type { Account } from "../domain/account.ts";
import { isEmptyVcard, vcardNamespace as xmlns, vcardPlace } from "../domain/kept-xml.ts";
import { avatarMark, mayHaveAvatar, publishAvatar, readAvatar, withdrawAvatar } from "../pubsub/avatar.ts";
import type { Extension, IqReply, IqRequest, SessionlessIqRequest } from "../router/extension.ts";
import { readKept } from "../router/kept-element.ts";
import type { Step } from "../step/batch.ts";
import { photoOf, withPhoto, type Picture } from "../xml/picture.ts";
import { serialise } from "../xml/serialise.ts";
import { el, type StanzaFault } from "../xml/stanza.ts";

const { space, key } = vcardPlace;

export const vcard: Extension = {
  name: space,
  specification: { id: "XEP-0054", version: "1.3.0", title: "vcard-temp" },
  serverFeatures: [xmlns],
  accountFeatures: [xmlns],
  iq: [
    { xmlns, name: "vCard", types: ["get"], at: ["account"], sessionless: true, handle: get },
    { xmlns, name: "vCard", types: ["set"], at: ["server", "account"], handle: set },
  ],
};

async function get({ own, account, iq, house }: SessionlessIqRequest): Promise<IqReply> {
  if (account !== undefined) {
    const text = await house.data.get(account, space, key);
    const kept = (text === undefined ? undefined : readKept(house.log, account, `${space}/${key}`, text)) ?? el("vCard", { xmlns });
    const avatar = mayHaveAvatar(house.nodes, account, iq.from) ? await readAvatar(house.nodes, account) : undefined;
    const card = avatar === undefined && photoOf(kept) !== "none" ? kept : withPhoto(kept, avatar);
    if (!isEmptyVcard(card)) return { result: card };
  }
  // XEP-0054 sections 3.1 and 3.3: to others, an account without a vCard is like one that does not exist.
  return { fault: { condition: own ? "item-not-found" : "service-unavailable", text: "" } };
}

/** XEP-0054 section 3.2. Its size is bound by that of a stanza. */
async function set(request: IqRequest): Promise<IqReply> {
  const { own, account, house, step: { id: cause } } = request;
  if (!own || account === undefined) return { fault: { condition: "forbidden", text: "a vCard is its owner's" } };
  try {
    for (;;) {
      const mark = avatarMark(house.nodes, account);
      const shown = await readAvatar(house.nodes, account);
      const done = house.run(cause, (step) => {
        // The account was deleted: its session is about to learn of it.
        if (house.account(step, account.bare) !== account) return true;
        if (avatarMark(house.nodes, account) !== mark) return false;
        store(step, account, request, shown);
        return true;
      });
      if (done) return { result: undefined };
    }
  } catch (error) {
    if (error instanceof Refused) return { fault: error.fault };
    throw error;
  }
}

/** All of it or nothing: throws `Refused`, which discards the step. `shown`: the avatar until now. */
function store(step: Step, account: Account, { payload, iq, house }: IqRequest, shown: Picture | undefined): void {
  const photo = photoOf(payload);
  const picture = typeof photo === "object" ? photo : undefined;
  const card = picture === undefined ? payload : withPhoto(payload, null);
  house.data.set(step, account, space, key, isEmptyVcard(card) ? null : serialise(card));
  if (picture?.hash === shown?.hash) return;
  const refused = picture === undefined
    ? withdrawAvatar(house.nodes, step, account, iq.from)
    : publishAvatar(house.nodes, step, account, picture, iq.from);
  if (refused !== undefined) throw new Refused(refused.fault);
}

class Refused extends Error {
  readonly fault: StanzaFault;

  constructor(fault: StanzaFault) {
    super(fault.text);
    this.fault = fault;
  }
}
