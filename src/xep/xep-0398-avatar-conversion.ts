/**
 * One avatar for clients that publish it (XEP-0084) and for those that put it into the vCard (XEP-0153). It stands among the nodes of the
 * account; the vCard's own extension takes it from there and puts it there. Here its hash is remembered, and told in presence.
 */
import type { Account } from "../domain/account.ts";
import { avatarDataNode, avatarMetadataNode } from "../domain/avatar.ts";
import { vcardPlace } from "../domain/kept-xml.ts";
import type { Extension, House } from "../router/extension.ts";
import { isCurrent, look, lookAgain } from "./xep-0398-look.ts";
import { declined, renewPresences, stamp } from "./xep-0398-presence.ts";

export const avatarConversion: Extension = {
  name: "avatar-conversion",
  specification: { id: "XEP-0398", version: "1.0.0", title: "User Avatar to vCard-Based Avatars Conversion" },
  accountFeatures: ["urn:xmpp:pep-vcard-conversion:0"],
  sessionState: declined,
  phases: { stamp },
  itemsChanged: ({ account, node, published, house }) => {
    if (node === avatarMetadataNode || node === avatarDataNode) look(house, account, node === avatarDataNode && published !== undefined);
  },
  // Those who may not have the picture any more are told of it no more: neither are they who come now.
  accessChanged: ({ step, account, node, house }) => {
    if (node === avatarMetadataNode || node === avatarDataNode) renewPresences(step, house, account);
  },
  dataChanged: ({ account, space }) => {
    if (space === vcardPlace.space) lookAgain(account);
  },
  presenceChanged: ({ account, change, house }) => {
    if (change.available && change.initial) lookOnce(house, account);
  },
  // After a restart.
  sessionResumed: ({ step, session, house }) => lookOnce(house, house.account(step, session.jid.bare)),
};

/** What changed while nobody was looking: the server was killed, or the account comes from elsewhere, or from before there were avatars. */
function lookOnce(house: House, account: Account | undefined): void {
  if (account === undefined || seen.has(account)) return;
  seen.add(account);
  if (!isCurrent(house, account)) look(house, account);
}

/** Since they were loaded. */
const seen = new WeakSet<Account>();
