/** Finds out which picture the nodes of an account show, remembers it with the account, and has it told. */
import type { Account } from "../domain/account.ts";
import { avatarDataNode, avatarMetadataNode, avatarPlace, knownAvatar, type KnownAvatar } from "../domain/avatar.ts";
import { vcardPlace } from "../domain/kept-xml.ts";
import { makeJid } from "../domain/jid.ts";
import { avatarMark, publishAvatar, readAvatar } from "../pubsub/avatar.ts";
import type { House } from "../router/extension.ts";
import { readKept } from "../router/kept-element.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { photoOf, withPhoto, type Picture } from "../xml/picture.ts";
import { serialise } from "../xml/serialise.ts";
import { renewPresences } from "./xep-0398-presence.ts";

/** What is remembered is still so. An account of which nothing is remembered may have a vCard with a picture that nobody has looked at. */
export function isCurrent(house: House, account: Account): boolean {
  return knownAvatar(account)?.mark === avatarMark(house.nodes, account);
}

/**
 * Begins to look; what happens meanwhile is looked at before it ends. `beginsOnly`: what is remembered stays where there is nothing to see,
 * for a client that is about to change the avatar has published the first half of it, and has thereby taken out the old one.
 */
export function look(house: House, account: Account, beginsOnly = false): void {
  const before = looks.get(account);
  if (before !== undefined) {
    before.beginsOnly &&= beginsOnly;
    before.again = true;
    return;
  }
  const under: Look = { again: false, beginsOnly };
  looks.set(account, under);
  void (async () => {
    try {
      // Not before the step that asked for it is over: it may have recorded what is to be read.
      await Promise.resolve();
      do {
        under.again = false;
        await lookAt(house, account, under);
      } while (under.again);
    } catch (error) {
      // It is looked at again with the next change, or when the account has been loaded again.
      house.log.error({ err: error, jid: account.bare }, `${account.bare}: it could not be found out which avatar is to be told in presence`);
    } finally {
      looks.delete(account);
    }
  })();
}

/** Whoever looks at this account now has to look again. */
export function lookAgain(account: Account): void {
  const under = looks.get(account);
  if (under !== undefined) under.again = true;
}

interface Look {
  again: boolean;
  beginsOnly: boolean;
}

const looks = new WeakMap<Account, Look>();

async function lookAt(house: House, account: Account, under: Look): Promise<void> {
  const card = knownAvatar(account) === undefined ? await keptCard(house, account) : undefined;
  const picture = await readAvatar(house.nodes, account);
  house.run(null, (step) => {
    if (under.again || house.account(step, account.bare) !== account) return;
    if (card !== undefined && moveOut(step, house, account, card)) return;
    if (picture !== undefined || !under.beginsOnly) remember(step, house, account, picture);
  });
}

async function keptCard(house: House, account: Account): Promise<Element | undefined> {
  const { space, key } = vcardPlace;
  const text = await house.data.get(account, space, key);
  return text === undefined ? undefined : readKept(house.log, account, `${space}/${key}`, text);
}

/**
 * A picture that was put into the vCard before there were avatars, or elsewhere, goes to where avatars stand, unless there is one: then
 * it goes. Returns whether there is more to look at.
 */
function moveOut(step: Step, house: House, account: Account, card: Element): boolean {
  const photo = photoOf(card);
  if (typeof photo === "string") return false;
  const hasEntries = (node: string) => (house.nodes.node(account, node)?.entries.length ?? 0) > 0;
  const isFirst = !hasEntries(avatarMetadataNode);
  // A client has published the first half of an avatar, and is about to publish the second.
  if (isFirst && hasEntries(avatarDataNode)) return true;
  // It stays where it is, and where it is seen, if there is no room for it.
  if (isFirst && publishAvatar(house.nodes, step, account, photo, makeJid(account.username, account.host)) !== undefined) return true;
  house.data.set(step, account, vcardPlace.space, vcardPlace.key, serialise(withPhoto(card, null)));
  return isFirst;
}

function remember(step: Step, house: House, account: Account, picture: Picture | undefined): void {
  const before = knownAvatar(account);
  const { hash = "", type = "" } = picture ?? {};
  const now: KnownAvatar = { hash, type, mark: avatarMark(house.nodes, account) };
  // Nobody asks about most accounts, which never had one.
  if (before === undefined && picture === undefined && now.mark.trim() === "") return;
  if (before?.hash !== hash || before.type !== type || before.mark !== now.mark) {
    house.setState(step, account, avatarPlace.space, avatarPlace.key, { ...now });
  }
  renewPresences(step, house, account);
}
