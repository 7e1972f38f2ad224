/**
 * Whom the server asks in a user's name. That a client of somebody else here is named as a push service must tell nobody whether it is
 * there, and must not reach it: it is asked if it lets the user see its presence, or if the operator has chosen it (XEP-0357 section 9).
 */
import type { Account } from "../domain/account.ts";
import { belongsTo, parseJid, type Jid } from "../domain/jid.ts";
import type { House } from "../router/extension.ts";
import { isBarred } from "../router/presence.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";

/** Whom to ask; undefined where nobody is to be asked now. What is at no account of this server is for `House.ask` to reach. */
export function reach(step: Step, house: House, account: Account, jid: string): Jid | undefined {
  const to = parseJid(jid);
  if (to === undefined || account.blocks(to)) return undefined;
  return to.local !== undefined && house.hosts.includes(to.domain) ? reachClient(step, house, account, to) : to;
}

function reachClient(step: Step, house: House, account: Account, to: Jid): Jid | undefined {
  // One that has lost its link would find it in its queue, long after it counts as silent.
  const client = house.sessions(to.bare).find(({ connected, hibernating, resource }) => connected && !hibernating && resource === to.resource);
  const owner = house.account(step, to.bare);
  if (client === undefined || owner === undefined) {
    mention(house, to.full, "a push service is not connected: it is notified when it is");
    return undefined;
  }
  // What is sent in a user's name is sent by that user (XEP-0191).
  if (isBarred(account, parseJid(account.bare)!, owner, to)) return undefined;
  if (isTrusted(house, account, owner, client, to)) return to;
  const whose = "it is the client of another user, which does not show its presence to the one who named it";
  mention(house, to.full, `a push service is not notified: ${whose}; list it in push.services`);
  return undefined;
}

/** It may be asked whatever comes of it: nothing is learnt of it that the user does not know, or that the operator minds. */
function isTrusted({ limits }: House, account: Account, owner: Account, client: Session, to: Jid): boolean {
  if (owner.bare === account.bare || [to.full, to.bare, to.domain].some((jid) => limits.pushServices.has(jid))) return true;
  return owner.shows(account.bare) || client.directed.some((shown) => belongsTo(shown, account.bare));
}

/** What operators were told already. */
const mentioned = new WeakMap<House, Set<string>>();

/** Each message once, with the first service that it holds for. */
export function mention(house: House, jid: string, message: string): void {
  let known = mentioned.get(house);
  if (known === undefined) mentioned.set(house, (known = new Set()));
  if (known.has(message)) return;
  known.add(message);
  house.log.warn({ jid }, message);
}
