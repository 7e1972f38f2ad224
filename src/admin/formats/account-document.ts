/**
 * An account as a value that can be taken elsewhere: all that is kept of it but the version of its roster, which would mean
 * something else in another place. One line of the format `json`, and the form in which XEP-0227 is read and written.
 */
import { z } from "zod";
import type { StoredCredentials } from "../../auth/keys.ts";
import type { Json } from "../../domain/json.ts";
import { blockedJidsMax, rosterItemsMax, subscriptionRequestsMax } from "../../domain/limits.ts";
import type { RosterItem } from "../../domain/roster.ts";
import type { WholeAccount } from "../../log/whole-account.ts";

const scramKeys = z.strictObject({ salt: z.string(), iterations: z.int(), storedKey: z.string(), serverKey: z.string() });

const extensionValue = z.strictObject({ space: z.string(), key: z.string(), value: z.custom<Json>(isSomething, "expected a value") });

/** What is left out is empty, absent or false. */
const documentSchema = z.strictObject({
  jid: z.string(),
  credentials: z.strictObject({ "SCRAM-SHA-1": scramKeys.exactOptional(), "SCRAM-SHA-256": scramKeys.exactOptional() }).exactOptional(),
  /** In clear; never exported. Counts before the credentials. */
  password: z.string().exactOptional(),
  roster: z
    .array(
      z.strictObject({
        jid: z.string(),
        name: z.string().default(""),
        groups: z.array(z.string()).default([]),
        subscription: z.enum(["none", "to", "from", "both"]),
        ask: z.boolean().default(false),
        approved: z.boolean().default(false),
      }),
    )
    .max(rosterItemsMax, atMost(rosterItemsMax))
    .default([]),
  /** Who asks to see the user's presence, each as XML text in `jabber:client`. */
  requests: z.array(z.strictObject({ from: z.string(), stanza: z.string() })).max(subscriptionRequestsMax, atMost(subscriptionRequestsMax)).default([]),
  blocked: z.array(z.string()).max(blockedJidsMax, atMost(blockedJidsMax)).default([]),
  /** In the order in which they came, as XML text in `jabber:client`. */
  offlineMessages: z.array(z.string()).default([]),
  /** When the last available resource left (ms since 1970), and what it said. */
  left: z.strictObject({ at: z.int().min(0).max(8.64e15), status: z.string() }).exactOptional(),
  /** Nobody may log in to it. */
  disabled: z.boolean().exactOptional(),
  /** Messages of its archive come after it. */
  archive: z.boolean().exactOptional(),
  /** What the server's extensions keep. */
  data: z.array(extensionValue).default([]),
  /** And what of it is in memory while the user is there. */
  state: z.array(extensionValue).default([]),
});

function atMost(max: number): string {
  return `expected at most ${max} of them; remove some`;
}

/** null is what removes a value, and all else that JSON has can be one. */
function isSomething(value: unknown): boolean {
  return value !== undefined && value !== null;
}

export interface ExtensionValue {
  readonly space: string;
  readonly key: string;
  readonly value: Json;
}

export interface AccountDocument {
  readonly jid: string;
  readonly credentials?: StoredCredentials;
  readonly password?: string;
  readonly roster: readonly RosterItem[];
  readonly requests: readonly { readonly from: string; readonly stanza: string }[];
  readonly blocked: readonly string[];
  readonly offlineMessages: readonly string[];
  readonly left?: { readonly at: number; readonly status: string };
  readonly disabled?: boolean;
  readonly archive?: boolean;
  readonly data: readonly ExtensionValue[];
  readonly state: readonly ExtensionValue[];
}

/** The document that `value` is, or what is wrong with its form. What it says is not looked at. */
export function readAccountDocument(value: unknown): AccountDocument | { readonly problem: string } {
  const read = documentSchema.safeParse(value);
  if (read.success) return read.data;
  // Nothing that was given is in these messages: it may be a password.
  const problems = read.error.issues.slice(0, problemsMax).map(({ path, message }) => [...path, message].join(": "));
  return { problem: problems.join("; ") };
}

const problemsMax = 3;

/** The account as a document, without what is empty, absent or false. */
export function toAccountText(whole: WholeAccount): string {
  const { account } = whole;
  const left = account.meta("left");
  return JSON.stringify({
    jid: account.bare,
    credentials: whole.credentials,
    roster: filled([...account.contacts.values()].map(shortItem)),
    requests: filled([...account.requests].map(([from, stanza]) => ({ from, stanza }))),
    blocked: filled([...account.blocked.keys()]),
    offlineMessages: filled(whole.offlineMessages.map(({ stanza }) => stanza)),
    left: left === undefined ? undefined : { at: left.at, status: left.status },
    disabled: whole.disabled || undefined,
    archive: whole.hasArchive || undefined,
    data: filled(whole.data.filter(isForExport).map(({ space, key, value }) => ({ space, key, value }))),
    state: filled(whole.state),
  });
}

/** Where it is remembered that the archive of an account which an import has made is not there whole yet: nothing of the account's own. */
export const unfinishedPlace = { space: "import", key: "archive" } as const;

function isForExport({ space }: { readonly space: string }): boolean {
  return space !== unfinishedPlace.space;
}

function shortItem({ jid, name, groups, subscription, ask, approved }: RosterItem): object {
  return { jid, name: name || undefined, groups: filled(groups), subscription, ask: ask || undefined, approved: approved || undefined };
}

function filled<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}
