/**
 * Blocking: a list of addresses that can neither reach the user nor be reached, and to whom the user looks offline. To the
 * user they look offline too, so that what a client shows while somebody is blocked is not what was true before.
 *
 * Nobody can block themselves. The user's own server can be blocked, which means everybody else there: the server itself and
 * the user's own resources are always reached. Subscriptions stay as they are (XEP-0191 section 4, "polite blocking").
 */
import type { Account } from "../domain/account.ts";
import { isBlocked } from "../domain/block-list.ts";
import { makeJid, parseJid, type Jid } from "../domain/jid.ts";
import { blockedJidsMax } from "../domain/limits.ts";
import { tellOfOccupant } from "../muc/sight.ts";
import type { Extension, House, IqReply, IqRequest } from "../router/extension.ts";
import type { Passage, Verdict } from "../router/phases.ts";
import { sessionState } from "../router/session-state.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { clientNamespace, el, type StanzaFault } from "../xml/stanza.ts";

const xmlns = "urn:xmpp:blocking";

/** Its client has asked for the list. */
const listening = sessionState<boolean>({ initial: false, read: (recorded) => recorded === true });

export const blocking: Extension = {
  name: "blocking",
  specification: {
    id: "XEP-0191",
    version: "1.3",
    title: "Blocking Command",
  },
  serverFeatures: [xmlns],
  iq: [
    { xmlns, name: "blocklist", types: ["get"], at: ["account"], handle: list },
    { xmlns, name: "block", types: ["set"], at: ["account"], handle: block },
    { xmlns, name: "unblock", types: ["set"], at: ["account"], handle: unblock },
  ],
  sessionState: listening,
  phases: { guard: leaving, account: arriving, hold: reaching },
};

/** Section 3.2; whoever asks is told of changes from now on. */
function list({ own, account, session, step }: IqRequest): IqReply {
  if (!own || account === undefined) return notYours;
  listening.set(step, session, true);
  return { result: el("blocklist", { xmlns }, ...itemsOf(account.blocked.keys())) };
}

/** Section 3.3. */
function block({ own, account, step, payload, house }: IqRequest): IqReply {
  if (!own || account === undefined) return notYours;
  const wanted = readItems(payload);
  if ("fault" in wanted) return wanted;
  const { jids } = wanted;
  if (jids.size === 0) return refused("bad-request", "name whom to block");
  if ([...jids.values()].some((jid) => jid.bare === account.bare)) return refused("not-allowed", "nobody can block themselves");
  const fresh = new Map([...jids].filter(([jid]) => !account.blocked.has(jid)));
  if (account.blocked.size + fresh.size > blockedJidsMax) {
    return refused("resource-constraint", `a block list has at most ${blockedJidsMax} addresses`, "blockedJidsMax");
  }
  if (fresh.size > 0) {
    // While presence can still pass.
    house.contacts.part(step, account, peopleAmong(account, fresh.values(), house), (jid) => isBlocked(fresh, jid));
    tellOfOccupants(step, account, house, fresh.values(), false);
    const { host, username } = account;
    house.change(step, account, { type: "ContactsBlocked", data: { host, username, jids: [...fresh.keys()] } });
  }
  return { result: undefined, afterwards: (step) => push(step, account, house, "block", jids.keys()) };
}

/** Sections 3.4 and 3.5. */
function unblock({ own, account, step, payload, house }: IqRequest): IqReply {
  if (!own || account === undefined) return notYours;
  const wanted = readItems(payload);
  if ("fault" in wanted) return wanted;
  const { jids } = wanted;
  const all = elementsOf(payload).length === 0;
  if (jids.size === 0 && !all) return refused("bad-request", "name whom to unblock, or nothing at all for everybody");
  const freed = new Map([...account.blocked].filter(([jid]) => all || jids.has(jid)));
  if (freed.size > 0) {
    const { host, username } = account;
    house.change(step, account, { type: "ContactsUnblocked", data: { host, username, jids: [...freed.keys()] } });
  }
  return {
    result: undefined,
    afterwards: (step) => {
      push(step, account, house, "unblock", jids.keys());
      const addresses = [...freed.keys()].flatMap((jid) => parseJid(jid) ?? []);
      house.contacts.meet(step, account, peopleAmong(account, addresses, house), (jid) => isBlocked(freed, jid));
      tellOfOccupants(step, account, house, addresses, true);
    },
  };
}

/** What the user sends (section 3.3). */
function leaving({ step, stanza, sender, house }: Passage): Verdict {
  const { from, to, kind } = stanza;
  if (to === undefined || house.account(step, from.bare)?.blocks(to) !== true) return undefined;
  // Presence that was not sent has no end to be told of.
  if (kind === "presence" && sender?.directed.includes(to.full) === true) sender.tell(step, { type: "presence.undirected", at: step.at, to: to.full });
  return { fault: blockedByYou(), why: "the sender has blocked the addressee" };
}

/** What is sent to the user (section 3.3). Subscriptions and probes do not come this way: they are refused where they are understood. */
function arriving({ stanza, account }: Passage): Verdict {
  if (account?.blocks(stanza.from) !== true) return undefined;
  const why = "the addressee has blocked the sender";
  return stanza.kind === "presence" ? { stop: true, why } : { fault: { condition: "service-unavailable", text: "" }, why };
}

/** Presence to all resources of an account does not reach the one that its sender has blocked. */
function reaching({ step, stanza, recipient, house }: Passage): Verdict {
  if (stanza.kind !== "presence" || recipient === undefined) return undefined;
  const barred = house.account(step, stanza.from.bare)?.blocks(recipient.jid) === true;
  return barred ? { stop: true, why: "the sender has blocked this resource" } : undefined;
}

/** To each resource that has asked for the list. */
function push(step: Step, account: Account, house: House, change: "block" | "unblock", jids: Iterable<string>): void {
  const items = [...jids];
  for (const session of house.sessions(account.bare)) {
    if (!session.connected || !listening.of(session)) continue;
    const attrs = { xmlns: clientNamespace, type: "set", id: house.nextId(), from: account.bare, to: session.jid.full };
    session.deliver(step, el("iq", attrs, el(change, { xmlns }, ...itemsOf(items))));
  }
}

/** Of addresses in rooms: those who are there lose sight of them, or see them again. */
function tellOfOccupants(step: Step, account: Account, house: House, addresses: Iterable<Jid>, areThere: boolean): void {
  const viewers = house.sessions(account.bare).map(({ jid }) => jid.full);
  for (const address of addresses) if (address.local !== undefined && address.resource !== undefined) tellOfOccupant(house.rooms, step, address, viewers, areThere);
}

/** The users meant by these addresses with whom the user has anything to do, as bare JIDs. */
function peopleAmong(account: Account, addresses: Iterable<Jid>, house: House): readonly Jid[] {
  const people = new Map<string, Jid>();
  const domains = new Set<string>();
  for (const { local, domain, resource } of addresses) {
    if (local !== undefined) people.set(`${local}@${domain}`, makeJid(local, domain));
    else if (resource === undefined) domains.add(domain);
  }
  if (domains.size === 0) return [...people.values()];
  const directed = house.sessions(account.bare).flatMap((session) => session.directed);
  const known = [...account.contacts.keys(), ...account.requests.keys(), ...directed].flatMap((text) => parseJid(text)?.toBare() ?? []);
  for (const jid of [...known, ...house.directedTo(account.bare)]) {
    if (jid.local !== undefined && jid.bare !== account.bare && domains.has(jid.domain)) people.set(jid.bare, jid);
  }
  return [...people.values()];
}

/** The addresses of the items, each once, by their text. */
function readItems(payload: Element): { readonly jids: ReadonlyMap<string, Jid> } | { readonly fault: StanzaFault } {
  const jids = new Map<string, Jid>();
  for (const item of elementsOf(payload)) {
    if (item.name !== "item" || item.getNS() !== xmlns) continue;
    const text = item.attrs["jid"] as string | undefined;
    if (text === undefined) return refused("bad-request", "an item needs a 'jid'");
    const jid = parseJid(text);
    if (jid === undefined) return refused("jid-malformed", "an item's 'jid' is no JID");
    jids.set(jid.full, jid);
  }
  return { jids };
}

function elementsOf(payload: Element): readonly Element[] {
  return payload.children.filter((child): child is Element => typeof child !== "string");
}

function itemsOf(jids: Iterable<string>): readonly Element[] {
  return [...jids].map((jid) => el("item", { jid }));
}

function refused(condition: StanzaFault["condition"], text: string, limit?: StanzaFault["limit"]): { readonly fault: StanzaFault } {
  return { fault: { condition, text, ...(limit !== undefined && { limit }) } };
}

/** As an account that does not exist would answer, or one that has blocked the asker. */
const notYours = refused("service-unavailable", "");

/** Section 3.3: as in its example, there is nothing to modify and try again. */
function blockedByYou(): StanzaFault {
  const detail = el("blocked", { xmlns: "urn:xmpp:blocking:errors" });
  return { condition: "not-acceptable", type: "cancel", text: "you have blocked this address", detail };
}
