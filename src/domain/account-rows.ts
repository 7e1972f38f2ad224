/**
 * What the facts of an account leave behind, as rows: the one place that says what each fact does. The read model in the store
 * and the account in memory are both kept by it, so they cannot differ.
 */
import { stateId } from "./account-states.ts";
import { archiveKeyOf } from "./archive-keys.ts";
import type { Json } from "./json.ts";
import type { AccountFact } from "./facts.ts";
import { rosterItemBytes, type StoredRosterItem } from "./roster.ts";
import type { RowTable } from "./row-maps.ts";

/** Each kind of row with the shape of its values. */
export interface AccountRows {
  /** By JID: a contact. */
  readonly contact: StoredRosterItem;
  /** By JID: the version of the roster at which a contact was removed. */
  readonly removal: number;
  /** By JID: the request of somebody who asks to see the user's presence, as XML text. */
  readonly request: string;
  /** By JID: somebody whom the user has blocked. */
  readonly block: true;
  /** By `SPACE/KEY`: a small value that an extension keeps. */
  readonly state: Json;
  /** A few numbers and texts of the account itself, by the names in `AccountMeta`. */
  readonly meta: Json;
}

export type RowKind = keyof AccountRows;
export const rowKinds = ["contact", "removal", "request", "block", "state", "meta"] as const satisfies readonly RowKind[];

export interface AccountMeta {
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** The version of the roster: 0 until the first change. */
  readonly rosterVersion: number;
  /** Versions before this one cannot be brought up to date item by item. */
  readonly rosterSince: number;
  /** What all contacts take together, by `rosterItemBytes`. */
  readonly rosterBytes: number;
  /** The highest number that an offline message had. */
  readonly offlineLast: number;
  readonly offlineMessages: number;
  readonly offlineBytes: number;
  /** The key of the last message that was archived. */
  readonly archiveLast: string;
  /** Facts of the account that have gone with messages of its archive. */
  readonly archiveForgotten: number;
  /** When the last available resource left, and with which words. */
  readonly left: { readonly at: number; readonly status: string };
}

export type AccountTable = RowTable<AccountRows>;

/** Pure but for `table`. Facts that leave nothing here are no mistake. `at`: when it happened, ms since 1970. */
export function applyAccountFact(table: AccountTable, fact: AccountFact, at: number): void {
  const meta = (name: keyof AccountMeta): number => (table.get("meta", name) as number | undefined) ?? 0;
  const setMeta = <Name extends keyof AccountMeta>(name: Name, value: AccountMeta[Name]): void => table.set("meta", name, value as Json);
  const rosterBytes = (jid: string): number => {
    const known = table.get("contact", jid);
    return meta("rosterBytes") - (known === undefined ? 0 : rosterItemBytes(known));
  };
  switch (fact.type) {
    case "AccountCreated":
      // What was under way while a former account of this name was deleted may have come after its end.
      table.clear();
      setMeta("createdAt", at);
      return;
    case "AccountDeleted":
      table.clear();
      return;
    case "RosterItemSet": {
      const { item, version } = fact.data;
      setMeta("rosterBytes", rosterBytes(item.jid) + rosterItemBytes(item));
      table.set("contact", item.jid, { ...item, version });
      table.delete("removal", item.jid);
      setMeta("rosterVersion", version);
      return;
    }
    case "RosterItemRemoved": {
      const { jid, version, forgotten } = fact.data;
      if (forgotten !== null) {
        setMeta("rosterSince", Math.max(meta("rosterSince"), table.get("removal", forgotten) ?? 0));
        table.delete("removal", forgotten);
      }
      setMeta("rosterBytes", rosterBytes(jid));
      table.delete("contact", jid);
      table.set("removal", jid, version);
      setMeta("rosterVersion", version);
      return;
    }
    case "SubscriptionRequested":
      table.set("request", fact.data.from, fact.data.stanza);
      return;
    case "SubscriptionRequestSettled":
      table.delete("request", fact.data.from);
      return;
    case "ContactsBlocked":
      for (const jid of fact.data.jids) table.set("block", jid, true);
      return;
    case "ContactsUnblocked":
      for (const jid of fact.data.jids) table.delete("block", jid);
      return;
    case "OfflineMessageStored":
      setMeta("offlineLast", fact.data.number);
      setMeta("offlineMessages", meta("offlineMessages") + 1);
      setMeta("offlineBytes", meta("offlineBytes") + fact.data.bytes);
      return;
    case "OfflineMessagesRemoved":
      setMeta("offlineMessages", meta("offlineMessages") - fact.data.numbers.length);
      setMeta("offlineBytes", meta("offlineBytes") - fact.data.bytes);
      return;
    case "UserLeft":
      setMeta("left", { at, status: fact.data.status });
      return;
    case "AccountStateSet": {
      const { space, key, value } = fact.data;
      if (value === null) table.delete("state", stateId(space, key));
      else table.set("state", stateId(space, key), value);
      return;
    }
    case "MessageArchived":
      setMeta("archiveLast", archiveKeyOf(fact.data.id) ?? fact.data.id);
      return;
    case "ArchiveTrimmed": {
      const { through, forgotten } = fact.data;
      // The facts of the messages may have gone: their keys are not given again (XEP-0313 section 3.2).
      if (through > ((table.get("meta", "archiveLast") as string | undefined) ?? "")) setMeta("archiveLast", through);
      if (forgotten !== undefined) setMeta("archiveForgotten", forgotten);
      return;
    }
    case "PasswordChanged":
    case "AccountDisabled":
    case "AccountEnabled":
    case "DeviceTokensChanged":
    case "AccountDataSet":
      return;
  }
}
