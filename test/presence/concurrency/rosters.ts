/** RFC 6121 section 2 and appendix A, when all is quiet: what each resource was pushed is what is there, and both sides agree. */
import type { Xml } from "../../support/xml-reader.ts";
import { blockListAt, contactIn, rosterAt, showRoster, shows, type Outcome } from "./outcome.ts";

export function checkRosters(outcome: Outcome): void {
  const { play, rosters, blocked } = outcome;
  for (const { jid, bare, received } of play.live) {
    const [is, should] = [showRoster(rosterAt(received)!), showRoster(rosters.get(bare)!)];
    if (is !== should) throw new Error(`${jid} has been told of the roster [${is}] and not [${should}]`);
    const [list, whole] = [[...blockListAt(received)].toSorted(), [...blocked.get(bare)!].toSorted()].map(String);
    if (list !== whole) throw new Error(`${jid} has been told of the block list [${list}] and not [${whole}]`);
  }
  for (const account of play.accounts) {
    for (const contact of play.accounts.filter((other) => other !== account)) {
      const { subscription = "none" } = contactIn(outcome, account, contact) ?? {};
      const sees = subscription === "to" || subscription === "both";
      if (sees !== shows(outcome, contact, account)) {
        throw new Error(`${account} lists ${contact} as ${subscription}, the other way it is ${contactIn(outcome, contact, account)?.subscription}`);
      }
    }
  }
}

/** `told`: what each account is told when it becomes available while nobody is blocked (section 3.1.3). */
export function checkRequests(outcome: Outcome, told: ReadonlyMap<string, readonly Xml[]>): void {
  const { play } = outcome;
  for (const account of play.accounts) {
    for (const contact of play.accounts.filter((other) => other !== account)) {
      const asks = contactIn(outcome, contact, account)?.ask === "subscribe";
      const requests = told.get(account)!.filter(({ name, attrs }) => name === "presence" && attrs["type"] === "subscribe" && attrs["from"] === contact);
      // A request to who has blocked the one who asks gets lost (XEP-0191 section 3.3).
      const lost = asks && hasBlocked(outcome, account);
      if (requests.length !== (asks ? 1 : 0) && !(lost && requests.length === 0)) {
        throw new Error(`${contact} ${asks ? "waits" : "does not wait"} for an answer of ${account}, who is shown ${requests.length} requests`);
      }
    }
  }
}

/** Whether the account has ever blocked anybody. */
export function hasBlocked({ play }: Outcome, account: string): boolean {
  return play.connections.some(({ bare, said }) => bare === account && said.some(({ act }) => act.does === "block"));
}
