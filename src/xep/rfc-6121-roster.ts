/** Rosters as clients see them: asked for, changed, and pushed to who is interested (RFC 6121 section 2). */
import type { Account } from "../domain/account.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import { rosterBytesMax, rosterGroupsMax, rosterItemsMax, rosterNameBytesMax } from "../domain/limits.ts";
import { newRosterItem, type RosterItem, type StoredRosterItem } from "../domain/roster.ts";
import type { Extension, House, IqReply, IqRequest, RosterChanged } from "../router/extension.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { clientNamespace, el, type StanzaFault } from "../xml/stanza.ts";

const xmlns = "jabber:iq:roster";

export const roster: Extension = {
  name: "roster",
  specification: { id: "RFC 6121", title: "Instant Messaging and Presence" },
  iq: [
    { xmlns, name: "query", types: ["get"], at: ["account"], handle: get },
    { xmlns, name: "query", types: ["set"], at: ["account"], handle: set },
  ],
  rosterChanged: ({ step, account, jid, item, interested, house }: RosterChanged) => {
    const version = account.rosterVersion(item?.version);
    for (const session of interested) session.deliver(step, push(account, session, item ?? removed(jid), version, house));
  },
  // Sections 2.6.1 and 3.4.
  streamFeature: ({ stage }) =>
    stage === "authenticated" ? [el("ver", { xmlns: "urn:xmpp:features:rosterver" }), el("sub", { xmlns: "urn:xmpp:features:pre-approval" })] : undefined,
};

/** Section 2.1.3; whoever asks is interested from now on (section 2.2). */
function get({ own, account, session, step, payload, house }: IqRequest): IqReply {
  if (!own || account === undefined) return forbidden;
  if (session.connected) session.tell(step, { type: "roster.requested", at: step.at });
  const known = payload.attrs["ver"] as string | undefined;
  const changes = known === undefined ? undefined : changesSince(account, known);
  if (changes === undefined || !session.connected) {
    const items = [...account.contacts.values()].map(itemElement);
    return { result: el("query", { xmlns, ver: account.rosterVersion() }, ...items) };
  }
  return { result: undefined, afterwards: (step) => pushAll(step, account, session, changes, house) };
}

/** One contact as it is now, or that it was removed. */
interface Change {
  readonly version: number;
  readonly element: Element;
}

/**
 * Section 2.6.3: what has changed since a version, in order; undefined where that is not known, or more than the roster itself.
 */
function changesSince(account: Account, text: string): readonly Change[] | undefined {
  const since = account.parseRosterVersion(text);
  const now = account.meta("rosterVersion") ?? 0;
  if (since === undefined || since > now || since < (account.meta("rosterSince") ?? 0)) return undefined;
  const changes: Change[] = [];
  for (const item of account.contacts.values()) {
    if (item.version > since) changes.push({ version: item.version, element: itemElement(item) });
  }
  for (const [jid, version] of account.removals) if (version > since) changes.push({ version, element: removed(jid) });
  if (changes.length > account.contacts.size + pushesAlways) return undefined;
  return changes.toSorted((a, b) => a.version - b.version);
}

/** So few changes are pushed whatever the size of the roster. */
const pushesAlways = 8;

function pushAll(step: Step, account: Account, session: Session, changes: readonly Change[], house: House): void {
  for (const { version, element } of changes) session.deliver(step, push(account, session, element, account.rosterVersion(version), house));
}

/** Section 2.1.6. */
function push(account: Account, session: Session, item: Element | StoredRosterItem, ver: string, house: House): Element {
  const child = "attrs" in item ? item : itemElement(item);
  return el(
    "iq",
    { xmlns: clientNamespace, type: "set", id: house.nextId(), from: account.bare, to: session.jid.full },
    el("query", { xmlns, ver }, child),
  );
}

function itemElement({ jid, name, groups, subscription, ask, approved }: RosterItem): Element {
  return el(
    "item",
    {
      jid,
      name: name === "" ? undefined : name,
      subscription,
      ask: ask ? "subscribe" : undefined,
      approved: approved ? "true" : undefined,
    },
    ...groups.map((group) => el("group", {}, group)),
  );
}

function removed(jid: string): Element {
  return el("item", { jid, subscription: "remove" });
}

/** Section 2.1.5. */
function set({ own, account, session, step, payload, house }: IqRequest): IqReply | Promise<IqReply> {
  if (!own || account === undefined) return forbidden;
  const wanted = readItem(payload, account);
  if ("fault" in wanted) return wanted;
  const { item, jid, remove } = wanted;
  if (!remove) {
    if (!account.hasRoomFor({ ...newRosterItem(item.jid), ...item })) {
      return refused("resource-constraint", `a roster has at most ${rosterItemsMax} contacts and ${rosterBytesMax} bytes`, account.contacts.size >= rosterItemsMax ? "rosterItemsMax" : "rosterBytesMax");
    }
    return { result: undefined, afterwards: house.contacts.set(step, account, item, session) };
  }
  const cause = step.id;
  if (house.account(step, jid.bare) !== undefined) return removeItem({ account, session, step, house }, jid);
  return house.load(jid).then(() => house.run(cause, (step) => removeItem({ account, session, step, house }, jid)));
}

/** Section 2.5. */
function removeItem({ account, session, step, house }: Pick<IqRequest, "session" | "step" | "house"> & { readonly account: Account }, jid: Jid): IqReply {
  if (!account.contacts.has(jid.full)) return refused("item-not-found", "no such contact");
  return { result: undefined, afterwards: house.contacts.remove(step, account, jid, session) };
}

type Wanted = { readonly item: Pick<RosterItem, "jid" | "name" | "groups">; readonly jid: Jid; readonly remove: boolean };

/** Sections 2.1.5, 2.3.3 and 2.5.3. */
function readItem(payload: Element, account: Account): Wanted | { readonly fault: StanzaFault } {
  // What is not of this namespace is none of a roster's business (RFC 6120 section 8.4).
  const [item, ...more] = childrenOf(payload, "item");
  if (item === undefined || more.length > 0) return refused("bad-request", "a roster set has exactly one item");
  const jid = parseJid(String(item.attrs["jid"] ?? ""));
  if (item.attrs["jid"] === undefined) return refused("bad-request", "an item needs a 'jid'");
  if (jid === undefined) return refused("jid-malformed", "the item's 'jid' is no JID");
  if (item.attrs["subscription"] === "remove") return { item: { jid: jid.full, name: "", groups: [] }, jid, remove: true };
  // Section 2.3.3, interoperability note.
  if (jid.bare === account.bare) return refused("not-allowed", "nobody is a contact of their own");
  const name = String(item.attrs["name"] ?? "");
  if (Buffer.byteLength(name) > rosterNameBytesMax) return refused("not-acceptable", `a name has at most ${rosterNameBytesMax} bytes`, "rosterNameBytesMax");
  const groups = childrenOf(item, "group").map((group) => group.getText());
  if (groups.includes("")) return refused("not-acceptable", "a group needs a name");
  if (groups.some((group) => Buffer.byteLength(group) > rosterNameBytesMax)) {
    return refused("not-acceptable", `a group's name has at most ${rosterNameBytesMax} bytes`, "rosterNameBytesMax");
  }
  if (new Set(groups).size < groups.length) return refused("bad-request", "a contact is in a group once");
  if (groups.length > rosterGroupsMax) return refused("not-acceptable", `a contact has at most ${rosterGroupsMax} groups`, "rosterGroupsMax");
  return { item: { jid: jid.full, name, groups }, jid, remove: false };
}

function childrenOf(element: Element, name: string): readonly Element[] {
  return element.children.filter((child): child is Element => typeof child !== "string" && child.name === name && child.getNS() === xmlns);
}

function refused(condition: StanzaFault["condition"], text: string, limit?: StanzaFault["limit"]): { readonly fault: StanzaFault } {
  return { fault: { condition, text, ...(limit !== undefined && { limit }) } };
}

/** Sections 2.1.4 and 2.3.3: nobody reads or writes the roster of another. */
const forbidden = refused("forbidden", "a roster is its owner's");
