/** The hash of the avatar in presence (XEP-0398 section 4), by which contacts know that there is something new in the vCard (XEP-0153). */
import type { Account } from "../domain/account.ts";
import { knownAvatar } from "../domain/avatar.ts";
import type { Jid } from "../domain/jid.ts";
import { isForContacts, mayHaveAvatar } from "../pubsub/avatar.ts";
import type { House } from "../router/extension.ts";
import type { Passage, Verdict } from "../router/phases.ts";
import { sessionState } from "../router/session-state.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";

const xmlns = "vcard-temp:x:update";

/** Whether the client itself has said that there is no picture, which nobody else may change. */
export const declined = sessionState<boolean>({
  initial: false,
  read: (recorded) => (typeof recorded === "boolean" ? recorded : undefined),
});

/** Available presence, to all or to one (section 4). */
export function stamp({ step, stanza, sender, house }: Passage): Verdict {
  const { element, kind, type, from, to } = stanza;
  if (kind !== "presence" || type !== "available" || sender === undefined) return undefined;
  const account = house.account(step, from.bare);
  if (account === undefined) return undefined;
  const declines = saysNone(element);
  if (to === undefined && declined.of(sender) !== declines) declined.set(step, sender, declines);
  if (!declines) element.children = stamped(element, advertised(house, account, to));
  return undefined;
}

/** All who see an available resource of the account, and have seen another avatar in its presence, are told. */
export function renewPresences(step: Step, house: House, account: Account): void {
  const hash = advertised(house, account);
  for (const session of house.sessions(account.bare)) {
    const { presence } = session;
    if (!session.connected || !session.available || presence === undefined || declined.of(session)) continue;
    const children = stamped(presence, hash);
    if (children === presence.children) continue;
    const renewed = el(presence.name, presence.attrs as Readonly<Record<string, string>>);
    renewed.children = children;
    session.renewPresence(step, renewed);
  }
}

/**
 * undefined: there never was an avatar, as far as anybody knows. Empty: there is none. One that is kept from some of those who see the
 * presence is not converted, so they are told of none (section 7). `to`: it is for this address alone.
 */
function advertised(house: House, account: Account, to?: Jid): string | undefined {
  const hash = knownAvatar(account)?.hash;
  if (hash === undefined || hash === "") return hash;
  return (to === undefined ? isForContacts(house.nodes, account) : mayHaveAvatar(house.nodes, account, to)) ? hash : "";
}

/** The client has said so itself: it is left as it is. */
function saysNone(presence: Element): boolean {
  return updatesIn(presence).some((update) => photoText(update) === "");
}

/** The children of the presence with this hash in it, as `advertised` says; the same array if that is what they are. */
function stamped(presence: Element, hash: string | undefined): Element["children"] {
  const updates = updatesIn(presence);
  const [first] = updates;
  const said = first === undefined ? undefined : photoText(first);
  const photo = hash ?? said ?? "";
  // Most users never had an avatar, and nobody waits to be told so of each of them.
  if (first === undefined) return hash === undefined ? presence.children : [...presence.children, update(photo)];
  if (updates.length === 1 && said === photo) return presence.children;
  const others = first.children.filter((child) => typeof child === "string" || !child.is("photo", xmlns));
  return presence.children.flatMap((child) => (child === first ? [update(photo, others)] : updates.includes(child as Element) ? [] : [child]));
}

function updatesIn(presence: Element): readonly Element[] {
  return presence.getChildren("x", xmlns);
}

/** undefined: it only says that its client knows of avatars. */
function photoText(update: Element): string | undefined {
  return update.getChild("photo", xmlns)?.getText().trim();
}

function update(photo: string, others: Element["children"] = []): Element {
  const element = el("x", { xmlns }, el("photo", {}, photo === "" ? undefined : photo));
  element.children.push(...others);
  return element;
}
