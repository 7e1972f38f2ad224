/** Messages that wait for their users: `HOST/USERNAME/NUMBER` → OfflineMessageRow, in the order in which they came. */

import { beginsOrEnds, type AccountFacts, type Owner } from "../../domain/facts.ts";
import type { Projection } from "../projection.ts";
import { accountKey } from "./accounts.ts";

export interface OfflineMessageRow {
  readonly number: number;
  /** XML text in `jabber:client`. */
  readonly stanza: string;
  readonly bytes: number;
}

export const offlineMessages: Projection = {
  name: "offline-messages",
  version: 1,
  apply(fact, table) {
    if (fact.type === "OfflineMessageStored") {
      const { host, username, number, stanza, bytes } = fact.data as AccountFacts["OfflineMessageStored"];
      table.set(offlineMessageKey(host, username, number), { number, stanza, bytes });
    } else if (fact.type === "OfflineMessagesRemoved") {
      const { host, username, numbers } = fact.data as AccountFacts["OfflineMessagesRemoved"];
      for (const number of numbers) table.delete(offlineMessageKey(host, username, number));
    } else if (beginsOrEnds(fact.type)) {
      const { host, username } = fact.data as Owner;
      table.clear(offlineMessagesPrefix(host, username));
    }
  },
};

export function offlineMessagesPrefix(host: string, username: string): string {
  return `${accountKey(host, username)}/`;
}

/** Numbers sort as text: sixteen digits hold every safe integer. */
export function offlineMessageKey(host: string, username: string, number: number): string {
  return `${offlineMessagesPrefix(host, username)}${String(number).padStart(16, "0")}`;
}
