/** The facts of an account's life, and the names of the streams that facts are in. */
import { archiveContentKey, archivePrefix } from "./archive-keys.ts";
import type { Json } from "./json.ts";
import type { RosterItem } from "./roster.ts";
import { allContents } from "./session-facts.ts";

/** Whose fact it is. Hosts and usernames are prepared already (RFC 7622). */
export type Owner = { readonly host: string; readonly username: string };

/** Each fact of an account with the shape of its data. Addresses are prepared JIDs, stanzas are XML text in `jabber:client`. */
export interface AccountFacts {
  readonly AccountCreated: Owner;
  /**
   * The stored keys were replaced, or `removed` with the account, as version 0.1.0 recorded it. The keys themselves are the fact's secret, beside the log:
   * they are always kept under this type, so that there is one value to replace and to erase.
   */
  readonly PasswordChanged: Owner & { readonly removed: boolean };
  readonly AccountDeleted: Owner;
  /** Nobody may log in to it until it is enabled again; all that is kept of it stays. */
  readonly AccountDisabled: Owner;
  readonly AccountEnabled: Owner;
  /**
   * Tokens with which devices log in (XEP-0484) were given out, used or taken back: of one device, or of all where `device` is null. What is
   * kept of all tokens is the fact's secret, beside the log: there is one value to replace and to erase.
   */
  readonly DeviceTokensChanged: Owner & { readonly device: string | null; readonly why: "login" | "revoked" | "password" | "disabled" };
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
  /**
   * A message waits until the user is there; its text is the content `offline/NUMBER`. `number` orders the messages of one account,
   * from 1; `bytes` counts against the quota. `why` is the rule by which it came here.
   */
  readonly OfflineMessageStored: Owner & {
    readonly number: number;
    readonly bytes: number;
    readonly id: string | null;
    readonly from: string | null;
    readonly why: string | null;
  };
  /** These have reached a client, or were dropped. `bytes` are those of all of them. */
  readonly OfflineMessagesRemoved: Owner & { readonly numbers: readonly number[]; readonly bytes: number };
  /** The last resource that was available left. `status`: what it said, empty for nothing. */
  readonly UserLeft: Owner & { readonly status: string };
  /** A value that an extension keeps for the account; null removes it. `space` is the extension's name. */
  readonly AccountDataSet: Owner & { readonly space: string; readonly key: string; readonly value: Json };
  /** A small value that an extension keeps in memory with the account; null removes it. `space` is the extension's name. */
  readonly AccountStateSet: Owner & { readonly space: string; readonly key: string; readonly value: Json };
  /**
   * A message to or from the user is in the archive; its text is the content `archive/KEY`, and KEY is how `id` begins. `with`: the
   * JID of the other side. Ids grow from one message of an account to the next.
   */
  readonly MessageArchived: Owner & { readonly id: string; readonly with: string; readonly bytes: number };
  /**
   * The archive's oldest messages are not kept any more: all up to the key `through`, that one included. `forgotten`: how many facts of
   * the stream have gone with them since the account began, those that go with this one included; without it, as many as before.
   */
  readonly ArchiveTrimmed: Owner & { readonly through: string; readonly forgotten?: number };
}

export type AccountFactType = keyof AccountFacts;

/**
 * One of them, with its type. `contents`: what its stream keeps beside it until it is erased. `forgotten`: the versions of earlier facts
 * of its stream that go with an ArchiveTrimmed.
 */
export type AccountFact = {
  readonly [Type in AccountFactType]: {
    readonly type: Type;
    readonly data: AccountFacts[Type];
    readonly contents?: readonly { readonly key: string; readonly text: string }[];
    readonly forgotten?: readonly number[];
  };
}[AccountFactType];

/** Whether an account has nothing after this: it is new, or gone. What was under way at its end may have come after it. */
export function beginsOrEnds(type: string): boolean {
  return type === "AccountCreated" || type === "AccountDeleted";
}

/** The current version of the shape of each fact's data. */
export const accountFactVersions = {
  AccountCreated: 1,
  PasswordChanged: 1,
  AccountDeleted: 1,
  AccountDisabled: 1,
  AccountEnabled: 1,
  DeviceTokensChanged: 1,
  RosterItemSet: 1,
  RosterItemRemoved: 1,
  SubscriptionRequested: 1,
  SubscriptionRequestSettled: 1,
  ContactsBlocked: 1,
  ContactsUnblocked: 1,
  OfflineMessageStored: 2,
  OfflineMessagesRemoved: 1,
  UserLeft: 1,
  AccountDataSet: 1,
  AccountStateSet: 1,
  MessageArchived: 1,
  ArchiveTrimmed: 1,
} as const satisfies Record<AccountFactType, number>;

/** What such a fact keeps, erases and forgets in its commit: all of it follows from the fact itself. */
export function extrasOf(fact: AccountFact): FactExtras {
  switch (fact.type) {
    case "OfflineMessagesRemoved":
      return { erases: fact.data.numbers.map(offlineKey) };
    case "ArchiveTrimmed":
      return {
        erases: [{ from: archivePrefix, through: archiveContentKey(fact.data.through) }],
        ...(fact.forgotten !== undefined && { forgets: [{ stream: streamOf(fact.data), versions: fact.forgotten }] }),
      };
    case "AccountCreated":
      // What came after the end of a former account of this name; that there was one stays known.
      return { erases: [allContents], forgets: [{ stream: streamOf(fact.data), types: typesOfALife }] };
    case "AccountDeleted":
      return { forgets: [{ stream: streamOf(fact.data) }] };
    default:
      return fact.contents === undefined ? {} : { contents: fact.contents };
  }
}

interface FactExtras {
  readonly contents?: readonly { readonly key: string; readonly text: string }[];
  readonly erases?: readonly (string | { readonly from: string; readonly through: string })[];
  readonly forgets?: readonly { readonly stream: string; readonly types?: readonly string[]; readonly versions?: readonly number[] }[];
}

const typesOfALife = Object.keys(accountFactVersions).filter((type) => type !== "AccountDeleted");

function streamOf({ host, username }: Owner): string {
  return accountStream(host, username);
}

/** The key of a message that waits for the user. Numbers sort as text: sixteen digits hold every safe integer. */
export function offlineKey(number: number): string {
  return `${offlinePrefix}${String(number).padStart(16, "0")}`;
}

/** What such keys begin with; those who wait are read from here on. */
export const offlinePrefix = "offline/";

/** The stream of all that binds an account. Throws if a name is empty or holds "/", which no prepared host or username can. */
export function accountStream(host: string, username: string): string {
  return `account/${streamPart(host)}/${streamPart(username)}`;
}

/** The stream of one session. `id` comes from Ids. */
export function sessionStream(host: string, id: string): string {
  return `session/${streamPart(host)}/${streamPart(id)}`;
}

/** The stream of what happens to the server itself. */
export const serverStream = "server";

function streamPart(name: string): string {
  if (name === "" || name.includes("/")) throw new TypeError(`a stream name needs a part without "/", got ${JSON.stringify(name)}`);
  return name;
}
