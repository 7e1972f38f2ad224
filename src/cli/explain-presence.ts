import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import { parseJid } from "../domain/jid.ts";
import type { DirectionView, PartyView, PresenceExplanation, Reason } from "../domain/presence-explanation.ts";
import { type ContactPast, contactPast } from "../history/contact-past.ts";
import { time } from "../history/plain-words.ts";
import type { HistorySource } from "../history/source.ts";
import { subscriptionStateNames } from "../domain/subscription.ts";
import { withAccounts } from "./admin-access.ts";
import { visible } from "./history-access.ts";
import { load, withFolderOptions } from "./options.ts";
import { print, table } from "./terminal.ts";

export function addExplainPresence(explain: Command): void {
  withFolderOptions(explain.command("presence").description("say whether two users see each other's presence, and why"))
    .argument("<A>", "an account, such as romeo@localhost")
    .argument("<B>", "the other, which may be of another server, or no account at all")
    .option("--json", "everything as JSON: {running, parties, directions, past}")
    .addHelpText(
      "after",
      `
For each direction a sentence, the rules that bear on it, and what each connected resource is told at this moment. Then what the two
accounts hold of each other: the state of the subscription by its name in RFC 6121 appendix A.1, pre-approval, blocks and resources.
A subscription lets somebody see presence when both rosters say so; where they differ, the roster of who is seen decides.
At the end stands since when it is so: what each account's log holds of the other, with its positions (\`refrain log JID\` shows all).
While no server runs, rosters and blocks are read from the data folder, and nobody is connected.

Examples:
  refrain explain presence romeo@localhost juliet@localhost
  refrain explain presence romeo@localhost juliet@localhost --json | jq -r '.directions[] | "\\(.watcher): \\(.verdict)"'
  refrain roster romeo@localhost          all contacts of one account`,
    )
    .action(async (a: string, b: string, { json, ...flags }: ConfigFlags & { json?: boolean }) => {
      const explanation = await withAccounts(load(flags), { makeFolder: false }, async (accounts) => {
        const found = await accounts.explainPresence(a, b);
        return { ...found, past: await pastOf(accounts, found) };
      });
      print(json === true ? JSON.stringify(explanation, null, 2) : [toText(explanation), ...pastText(explanation)].join("\n"));
    });
}

function toText({ directions, parties }: PresenceExplanation): string {
  const parts = directions.map(directionText);
  return [...parts, ...(parties.length > 1 ? [table(columns, parties.map((party) => partyRow(party, directions)))] : [])].join("\n\n");
}

/** Of those that have an account here. */
async function pastOf(source: HistorySource, { parties }: PresenceExplanation): Promise<readonly ContactPast[]> {
  const past: ContactPast[] = [];
  for (const { jid, contact } of parties) {
    const other = parties.find((party) => party.jid !== jid)?.jid;
    const [user, peer] = [parseJid(jid), parseJid(other ?? jid)];
    if (contact !== null && user !== undefined && peer !== undefined) past.push(await contactPast(source, user, peer));
  }
  return past;
}

/** Facts of one account about the other that are shown; all of them are in the JSON. */
const factsShown = 10;

function pastText({ past, running }: PresenceExplanation & { readonly past: readonly ContactPast[] }): readonly string[] {
  const lines = past.flatMap(({ account, contact, since, facts, available }) => [
    ...(account === contact ? [] : [since === null ? `${account} never had anything with ${contact}` : `${account}: ${since.stateName} since ${time(since.at)}, position ${since.position}`]),
    ...(facts.length > factsShown ? [`  … ${facts.length - factsShown} earlier`] : []),
    ...facts.slice(-factsShown).map(({ position, at, text, state }) => visible(`  ${time(at)} ${String(position).padStart(7)}  ${text}${state === null ? "" : ` → ${subscriptionStateNames[state]}`}`)),
    ...(running ? available.map(({ jid, at, position, session }) => visible(`${jid} available since ${time(at)}, position ${position} (session ${session})`)) : []),
  ]);
  return lines.length === 0 ? [] : ["", ...lines];
}

function directionText({ summary, why, resources }: DirectionView): string {
  const told = resources.map(({ jid, why }) => `${jid} ${withRule(why)}`);
  return [`${summary}.`, ...[...why.map(withRule), ...told].map((line) => `  - ${line}`)].join("\n");
}

function withRule({ text, rule }: Reason): string {
  return `${text} (${rule})`;
}

const columns = ["ACCOUNT", "STATE", "IN ROSTER", "APPROVED", "BLOCKS", "RESOURCES"];

function partyRow({ jid, contact, resources }: PartyView, directions: readonly DirectionView[]): readonly string[] {
  const names = resources.map((resource) => `${resource.jid.slice(jid.length + 1)}${resource.available ? "" : " (not available)"}`);
  const absence = directions.some(({ verdict }) => verdict === "no-account") ? "no such account" : "not known here";
  if (contact === null) return [jid, absence, "-", "-", "-", "-"];
  return [
    jid,
    contact.stateName,
    contact.listed ? "yes" : "no",
    contact.approved ? "yes" : "-",
    contact.blocks.length === 0 ? "-" : contact.blocks.join(", "),
    names.length === 0 ? "-" : names.join(", "),
  ];
}
