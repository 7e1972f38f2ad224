import type { Command } from "commander";
import type { RosterView } from "../admin/roster-view.ts";
import type { ConfigFlags } from "../config/load.ts";
import { withAccounts } from "./admin-access.ts";
import { load, withFolderOptions } from "./options.ts";
import { print, table } from "./terminal.ts";

export function addRoster(program: Command): void {
  withFolderOptions(program.command("roster").description("show the contacts of an account"))
    .argument("<JID>", "the account, such as romeo@localhost")
    .option("--json", "everything as JSON: {jid, version, contacts, requests, blocked}")
    .addHelpText(
      "after",
      `
SUBSCRIPTION is seen from the account (RFC 6121 section 2.1.2.5): to sees the contact, from is seen by the contact, both is both.
ASK: it has asked to see the contact and waits for an answer. APPROVED: who is to be let in without asking (section 3.4).
Below are those who have asked and wait for an answer, who are in no roster until then, and those whom the user has blocked.

Examples:
  refrain roster romeo@localhost
  refrain roster romeo@localhost --json | jq -r '.contacts[] | select(.ask) | .jid'
  refrain explain presence romeo@localhost juliet@localhost     who sees whom, and why`,
    )
    .action(async (jid: string, { json, ...flags }: ConfigFlags & { json?: boolean }) => {
      const roster = await withAccounts(load(flags), { makeFolder: false }, (accounts) => accounts.roster(jid));
      print(json === true ? JSON.stringify(roster, null, 2) : toText(roster));
    });
}

const columns = ["JID", "NAME", "GROUPS", "SUBSCRIPTION", "ASK", "APPROVED"];

function toText({ jid, version, contacts, requests, blocked }: RosterView): string {
  const rows = contacts.map((contact) => [
    contact.jid,
    contact.name === "" ? "-" : contact.name,
    contact.groups.length === 0 ? "-" : contact.groups.join(", "),
    contact.subscription,
    contact.ask ? "yes" : "-",
    contact.approved ? "yes" : "-",
  ]);
  const lists = [
    ...(requests.length === 0 ? [] : [`ask to see ${jid}: ${requests.map((request) => request.jid).join(", ")}`]),
    ...(blocked.length === 0 ? [] : [`blocked: ${blocked.join(", ")}`]),
  ];
  const body = rows.length === 0 ? "no contacts yet; the first comes when its client adds or accepts somebody" : table(columns, rows);
  return [`roster of ${jid}, version ${version}`, body, ...lists].join("\n");
}
