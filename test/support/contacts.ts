/** What tests of contacts share: clients with a roster, two accounts in any state of RFC 6121 appendix A, rosters as values. */
import { parseJid } from "../../src/domain/jid.ts";
import { newRosterItem, withSubscription, type RosterItem } from "../../src/domain/roster.ts";
import { subscriptionParts, type SubscriptionState, type SubscriptionType } from "../../src/domain/subscription.ts";
import type { Account } from "../../src/domain/account.ts";
import type { Extension, House } from "../../src/router/extension.ts";
import type { Step } from "../../src/step/batch.ts";
import { login, type BoundClient, type LoginOptions, type ServerAddress } from "./login.ts";
import { childOf, showXml, textOf, type Xml } from "./xml-reader.ts";

/** One contact as a client is told of it. Attributes that are not there are undefined. */
export interface Contact {
  readonly jid: string;
  /** `remove` in a push that says so. */
  readonly subscription: string | undefined;
  readonly name?: string;
  readonly ask?: string;
  readonly approved?: string;
  readonly groups: readonly string[];
}

export interface Roster {
  /** undefined if the answer was the empty one: changes come as pushes (RFC 6121 section 2.6.3). */
  readonly ver: string | undefined;
  readonly items: readonly Contact[];
}

/** A client as most are: logged in, it has asked for the roster, and it is available. What it was told on the way is taken. */
export async function online(server: ServerAddress, options: LoginOptions): Promise<BoundClient> {
  const client = await login(server, options);
  await rosterOf(client);
  await client.ask("<presence/>");
  return client;
}

/** Asks for the roster, whereby the resource becomes interested. What came before the answer is dropped: take it first. */
export async function rosterOf(client: BoundClient, ver?: string): Promise<Roster> {
  const attribute = ver === undefined ? "" : ` ver='${ver}'`;
  const answers = await client.ask(`<iq type='get' id='roster'><query xmlns='jabber:iq:roster'${attribute}/></iq>`);
  const answer = answers.findLast(({ name, attrs }) => name === "iq" && attrs["id"] === "roster");
  if (answer?.attrs["type"] !== "result") throw new Error(`no roster came: ${answers.map((element) => showXml(element)).join("")}`);
  const query = childOf(answer, "query");
  return { ver: query?.attrs["ver"], items: itemsOf(query) };
}

/** What a client is told of one contact, if it is listed. */
export async function contactOf(client: BoundClient, jid: string): Promise<Contact | undefined> {
  return (await rosterOf(client)).items.find((item) => item.jid === jid);
}

/** The one item of a roster push with its version; undefined for every other stanza. */
export function pushed(stanza: Xml | undefined): { readonly ver: string | undefined; readonly item: Contact } | undefined {
  const query = childOf(stanza, "query");
  if (stanza?.name !== "iq" || stanza.attrs["type"] !== "set" || query?.xmlns !== "jabber:iq:roster") return undefined;
  const items = itemsOf(query);
  if (items.length !== 1) throw new Error(`a push has one item: ${showXml(stanza)}`);
  return { ver: query.attrs["ver"], item: items[0]! };
}

export const subscription = (type: SubscriptionType, to: string): string => `<presence type='${type}' to='${to}'/>`;

/** Brings two users with nothing between them to `state`, seen from the first, by what both send; takes what both are told. */
export async function arrange(user: BoundClient, contact: BoundClient, state: SubscriptionState): Promise<void> {
  for (const [by, type] of ways[state]) {
    const [from, to] = by === "user" ? [user, contact] : [contact, user];
    await from.ask(subscription(type, to.bare));
  }
  await contact.caughtUp();
  await user.caughtUp();
}

/**
 * Two users see each other from now on. `a` and `b` are localparts of the server's first domain, with the password `secret`;
 * their sessions are told, those of this call are gone when it returns.
 */
export async function befriend(server: ServerAddress, a: string, b: string): Promise<void> {
  const user = await login(server, { user: a, resource: "befriending" });
  const contact = await login(server, { user: b, resource: "befriending" });
  await arrange(user, contact, "Both");
  await Promise.all([user.close(), contact.close()]);
}

/** What has to be sent, by whom, to come from nothing to each state of the user. */
const ways: Readonly<Record<SubscriptionState, readonly (readonly ["user" | "contact", SubscriptionType])[]>> = {
  None: [],
  NoneOut: [["user", "subscribe"]],
  NoneIn: [["contact", "subscribe"]],
  NoneOutIn: [["user", "subscribe"], ["contact", "subscribe"]],
  To: [["user", "subscribe"], ["contact", "subscribed"]],
  ToIn: [["user", "subscribe"], ["contact", "subscribed"], ["contact", "subscribe"]],
  From: [["contact", "subscribe"], ["user", "subscribed"]],
  FromOut: [["contact", "subscribe"], ["user", "subscribed"], ["user", "subscribe"]],
  Both: [["user", "subscribe"], ["contact", "subscribed"], ["contact", "subscribe"], ["user", "subscribed"]],
};

/** The state of the contact's side when both agree. */
export const otherSide: Readonly<Record<SubscriptionState, SubscriptionState>> = {
  None: "None", NoneOut: "NoneIn", NoneIn: "NoneOut", NoneOutIn: "NoneOutIn",
  To: "From", ToIn: "FromOut", From: "To", FromOut: "ToIn", Both: "Both",
};

/** The accounts of a server from behind: for states that no two users come to by what they send, and for those no client is shown. */
export interface Backstage {
  /** For `startServer`. */
  readonly extension: Extension;
  /** Sets one side only, and tells nobody. */
  setState(user: string, contact: string, state: SubscriptionState, item?: Partial<RosterItem>): Promise<void>;
  stateOf(user: string, contact: string): Promise<SubscriptionState>;
  /** Runs a step with an account that exists. */
  withAccount<Result>(user: string, work: (step: Step, account: Account, house: House) => Result): Promise<Result>;
}

/** Ready as soon as somebody has connected to the server. All addresses are bare JIDs. */
export function backstage(): Backstage {
  let house: House | undefined;
  const extension: Extension = {
    name: "backstage",
    specification: { id: "test", title: "Accounts from behind" },
    streamFeature: (_, given) => {
      house = given;
      return undefined;
    },
  };
  const withAccount: Backstage["withAccount"] = async (user, work) => {
    if (house === undefined) throw new Error("nobody has connected to the server yet");
    const account = await house.load(parseJid(user)!);
    if (account === undefined) throw new Error(`there is no account ${user}`);
    return house.run(null, (step) => work(step, account, house!));
  };
  return {
    extension,
    withAccount,
    setState: (user, contact, state, about = {}) => withAccount(user, (step, account, house) => setState(step, account, house, contact, state, about)),
    stateOf: (user, contact) => withAccount(user, (_, account) => account.subscription(contact)),
  };
}

function setState(step: Step, account: Account, house: House, contact: string, state: SubscriptionState, about: Partial<RosterItem>): void {
  const { host, username } = account;
  const { pendingIn, subscription, pendingOut } = subscriptionParts[state];
  const listed = account.contacts.get(contact);
  if (listed !== undefined || pendingOut || subscription !== "none" || Object.keys(about).length > 0) {
    const item = { ...withSubscription(listed ?? newRosterItem(contact), state, false), ...about };
    const version = (account.meta("rosterVersion") ?? 0) + 1;
    house.change(step, account, { type: "RosterItemSet", data: { host, username, item, version } });
  }
  if (pendingIn === account.requests.has(contact)) return;
  if (pendingIn) {
    const stanza = `<presence xmlns="jabber:client" type="subscribe" from="${contact}" to="${account.bare}"/>`;
    house.change(step, account, { type: "SubscriptionRequested", data: { host, username, from: contact, stanza } });
  } else {
    house.change(step, account, { type: "SubscriptionRequestSettled", data: { host, username, from: contact } });
  }
}

export function itemsOf(query: Xml | undefined): readonly Contact[] {
  return (query?.children ?? []).flatMap((child) => (typeof child === "string" ? [] : [contactIn(child)]));
}

function contactIn(item: Xml): Contact {
  const { jid = "", subscription, name, ask, approved } = item.attrs;
  return {
    jid,
    subscription,
    ...(name === undefined ? {} : { name }),
    ...(ask === undefined ? {} : { ask }),
    ...(approved === undefined ? {} : { approved }),
    groups: item.children.flatMap((child) => (typeof child !== "string" && child.name === "group" ? [textOf(child)] : [])),
  };
}
