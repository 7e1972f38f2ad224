/** The facts of an account's life, and the names of the streams that facts are in. */
import type { Json } from "./json.ts";
import type { RosterItem } from "./roster.ts";

/** Whose fact it is. Hosts and usernames are prepared already (RFC 7622). */
export type Owner = { readonly host: string; readonly username: string };

/** Each fact of an account with the shape of its data. Addresses are prepared JIDs, stanzas are XML text in `jabber:client`. */
export interface AccountFacts {
  readonly AccountCreated: Owner;
  /**
   * The stored keys were replaced, or removed with the account. The keys themselves are the fact's secret, beside the log:
   * they are always kept under this type, so that there is one value to replace and to erase.
   */
  readonly PasswordChanged: Owner & { readonly removed: boolean };
  readonly AccountDeleted: Owner;
  /** A contact was added or changed, by a client or by a subscription. `version` is that of the roster from now on. */
  readonly RosterItemSet: Owner & { readonly item: RosterItem; readonly version: number };
  /**
   * A contact was removed. `forgotten`: the contact whose removal is remembered no longer, null for none; what clients hold from
   * before it cannot be brought up to date item by item (RFC 6121 section 2.6.3).
   */
  readonly RosterItemRemoved: Owner & { readonly jid: string; readonly version: number; readonly forgotten: string | null };
  /** Somebody asks to see the user's presence; the stanza whole, to be shown until it is answered (RFC 6121 section 3.1.3). */
  readonly SubscriptionRequested: Owner & { readonly from: string; readonly stanza: string };
  /** The request was answered, or taken back. */
  readonly SubscriptionRequestSettled: Owner & { readonly from: string };
  /** `jids` are blocked from now on, beside those that were. */
  readonly ContactsBlocked: Owner & { readonly jids: readonly string[] };
  readonly ContactsUnblocked: Owner & { readonly jids: readonly string[] };
  /** A message waits until the user is there. `number` orders the messages of one account, from 1; `bytes` counts against the quota. */
  readonly OfflineMessageStored: Owner & { readonly number: number; readonly stanza: string; readonly bytes: number };
  /** These have reached a client, or were dropped. `bytes` are those of all of them. */
  readonly OfflineMessagesRemoved: Owner & { readonly numbers: readonly number[]; readonly bytes: number };
  /** The last resource that was available left. `status`: what it said, empty for nothing. */
  readonly UserLeft: Owner & { readonly status: string };
  /** A value that an extension keeps for the account; null removes it. `space` is the extension's name. */
  readonly AccountDataSet: Owner & { readonly space: string; readonly key: string; readonly value: Json };
}

export type AccountFactType = keyof AccountFacts;

/** One of them, with its type. */
export type AccountFact = { readonly [Type in AccountFactType]: { readonly type: Type; readonly data: AccountFacts[Type] } }[AccountFactType];

/** Whether an account has nothing after this: it is new, or gone. What was under way at its end may have come after it. */
export function beginsOrEnds(type: string): boolean {
  return type === "AccountCreated" || type === "AccountDeleted";
}

/** The current version of the shape of each fact's data. */
export const accountFactVersions = {
  AccountCreated: 1,
  PasswordChanged: 1,
  AccountDeleted: 1,
  RosterItemSet: 1,
  RosterItemRemoved: 1,
  SubscriptionRequested: 1,
  SubscriptionRequestSettled: 1,
  ContactsBlocked: 1,
  ContactsUnblocked: 1,
  OfflineMessageStored: 1,
  OfflineMessagesRemoved: 1,
  UserLeft: 1,
  AccountDataSet: 1,
} as const satisfies Record<AccountFactType, number>;

/** The stream of all that binds an account. Throws if a name is empty or holds "/", which no prepared host or username can. */
export function accountStream(host: string, username: string): string {
  return `account/${streamPart(host)}/${streamPart(username)}`;
}

/** The stream of one session. `id` comes from Ids. */
export function sessionStream(host: string, id: string): string {
  return `session/${streamPart(host)}/${streamPart(id)}`;
}

function streamPart(name: string): string {
  if (name === "" || name.includes("/")) throw new TypeError(`a stream name needs a part without "/", got ${JSON.stringify(name)}`);
  return name;
}
