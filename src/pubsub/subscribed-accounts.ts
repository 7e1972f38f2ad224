/**
 * The accounts to whose nodes a user has subscribed, kept with the user: what bounds all of its subscriptions together. Somebody else may
 * end a subscription while the user is not in memory, so one of them may be there for nothing: all are looked at before one is refused.
 */
import type { Account } from "../domain/account.ts";
import { parseJid } from "../domain/jid.ts";
import { subscribedAccountsLookMs, subscribedAccountsMax } from "../domain/limits.ts";
import type { Step } from "../step/batch.ts";
import type { NodeHost } from "./host.ts";
import { subscriptionsOfUser } from "./people-rows.ts";
import { nodeSpaces } from "./rows.ts";

export class SubscribedAccounts {
  readonly #host: Pick<NodeHost, "account" | "load" | "run" | "setState">;
  /** When all of a user's were looked at the last time: ms since 1970. */
  readonly #looks = new WeakMap<Account, number>();

  constructor(host: Pick<NodeHost, "account" | "load" | "run" | "setState">) {
    this.#host = host;
  }

  /** Whether the user can subscribe to nodes of this account. One's own are no matter of this. */
  hasRoom(user: Account, owner: string): boolean {
    const known = user.states(nodeSpaces.subscribed);
    return user.bare === owner || known.has(owner) || known.size < subscribedAccountsMax;
  }

  begun(step: Step, user: Account, owner: string): void {
    const known = user.states(nodeSpaces.subscribed);
    if (user.bare !== owner && !known.has(owner)) this.#host.setState(step, user, nodeSpaces.subscribed, owner, true);
  }

  /** This user has one subscription less, or more than one, to nodes of the owner. */
  ended(step: Step, owner: Account, bareJid: string): void {
    if (bareJid === owner.bare || subscriptionsOfUser(owner, bareJid).length > 0) return;
    const user = this.#host.account(step, bareJid);
    if (user?.states(nodeSpaces.subscribed).has(owner.bare) === true) this.#host.setState(step, user, nodeSpaces.subscribed, owner.bare, null);
  }

  /** Whether it is time for `tidy`. */
  isUntidy(step: Step, user: Account): boolean {
    const last = this.#looks.get(user);
    return last === undefined || step.at - last >= subscribedAccountsLookMs;
  }

  /** Looks at all of them, one after the other, and forgets those where the user has no subscription any more. */
  async tidy(step: Step, { bare }: Account): Promise<void> {
    const host = this.#host;
    const user = host.account(step, bare);
    if (user === undefined) return;
    this.#looks.set(user, step.at);
    const over: string[] = [];
    const owners = [...user.states(nodeSpaces.subscribed).keys()];
    for (const owner of owners) {
      const jid = parseJid(owner);
      const account = jid === undefined ? undefined : await host.load(jid);
      if (!isSubscribed(account, bare)) over.push(owner);
    }
    host.run(null, (later) => {
      if (host.account(later, bare) !== user) return;
      // Another resource of the user may have subscribed meanwhile.
      const still = over.filter((owner) => !isSubscribed(host.account(later, owner), bare));
      for (const owner of still) host.setState(later, user, nodeSpaces.subscribed, owner, null);
    });
  }
}

function isSubscribed(owner: Account | undefined, bareJid: string): boolean {
  return owner !== undefined && subscriptionsOfUser(owner, bareJid).length > 0;
}
