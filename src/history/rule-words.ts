/** The rules by which stanzas are delivered, in words: what the log names by the row, column and cell of the table. */
import { type DeliveryCell, type DeliveryColumn, deliveryTable } from "../domain/delivery.ts";

/** What stands in `why`, with the delivery rules that it names in words; all else as it is. */
export function ruleWords(why: string): string {
  return why.replace(named, (whole, _row, column: string, cell: string) => {
    if (!Object.hasOwn(columns, column) || !Object.hasOwn(cells, cell)) return whole;
    const { found, section } = columns[column as DeliveryColumn];
    return `${found}: ${cells[cell as DeliveryCell]}, RFC 6121 section ${section}`;
  });
}

/** `message chat, bareSome: mostAvailable`. */
const named = new RegExp(`(${Object.keys(deliveryTable).join("|")}), (\\w+): (\\w+)`);

const columns: Readonly<Record<DeliveryColumn, { readonly found: string; readonly section: string }>> = {
  noAccount: { found: "there is no such account", section: "8.5.1" },
  bareSome: { found: "to the bare JID, which has a resource with priority 0 or more", section: "8.5.2.1" },
  bareNone: { found: "to the bare JID, which has no resource with priority 0 or more", section: "8.5.2.2" },
  fullMatch: { found: "to the full JID of a connected resource", section: "8.5.3.1" },
  fullNoMatch: { found: "to the full JID of a resource that is not connected", section: "8.5.3.2" },
};

const cells: Readonly<Record<DeliveryCell, string>> = {
  mostAvailable: "the resources with the highest priority get it",
  allNonNegative: "all resources with priority 0 or more get it",
  allAvailable: "all available resources get it",
  match: "that resource gets it",
  matchIfShared: "that resource gets it, if its user lets the sender see it",
  undelivered: "it is kept for later, or goes back to its sender as an error",
  answer: "the server answers",
  asBare: "as if it had been sent to the bare JID",
  bounce: "its sender gets service-unavailable",
  drop: "it is ignored",
};
