import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import { parseJid } from "../domain/jid.ts";
import { findArchived, innerId, ownId, type ArchivedText } from "../history/archived-message.ts";
import { tellStory, type MessageStory } from "../history/message-story.ts";
import { MessageTrace, type MessageQuery } from "../history/message-trace.ts";
import { time } from "../history/plain-words.ts";
import { everyFact } from "../history/source.ts";
import { restoreElement } from "../xml/parse-element.ts";
import { Progress } from "./export-progress.ts";
import { visible, withHistory } from "./history-access.ts";
import { withFolderOptions } from "./options.ts";
import { print, SaidError, UsageError } from "./terminal.ts";

interface MessageOptions extends ConfigFlags {
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

export function addExplainMessage(explain: Command): void {
  withFolderOptions(explain.command("message").description("say where a message went, and by which rules"))
    .argument("<ID>", "the id that its sender gave it, the stanza-id of an archive, or what `refrain log` says that it is archived as")
    .option("--from <JID>", "only what this account or resource sent")
    .option("--to <JID>", "only what was for this account or resource")
    .option("--json", "everything as JSON: {query, facts, summary, passages, remarks}")
    .addHelpText(
      "after",
      `
The whole log is looked through, and all archives. It holds each stanza that was put into the queue of a session with stream management (XEP-0198), and
each message that was put aside for a user who was not there, or archived: by which rule, when its client acknowledged it, whether it was sent
again, and where it went when the session ended without that. What a session without stream management was sent leaves no trace.
The id of a user's archive leads to the message's own id, and to all that is known of that. A room's archive knows its messages by its
own ids alone (stanza-id, or the log's). Copies for other resources of a user (XEP-0280) have no id in the log: \`refrain log JID\` shows them.
Other stanzas than messages have ids, too, and are found by them.
If nothing is found, the exit status is 1. What the message says is not shown; \`refrain log JID --contents\` shows it while it is still kept.

Examples:
  refrain explain message purple4f1c2a
  refrain explain message m1 --from romeo@localhost --to juliet@localhost/balcony
  refrain explain message m1 --json | jq -r '.passages[] | "\\(.owner) \\(.outcome)"'`,
    )
    .action(async (id: string, { from, to, json, ...flags }: MessageOptions) => {
      const asked: MessageQuery = { id, ...address("--from", from), ...address("--to", to) };
      const progress = new Progress();
      const { trace, query } = await withHistory(flags, async (source) => {
        const accounts = (await source.userList()).flatMap((jid) => ownerOf(jid) ?? []);
        const looked = (messages: number) => progress.show(`looked at ${messages} archived messages`);
        const find = async (id: string) =>
          findArchived({ source, accounts, id, inner: innerId(id, await source.archivedId(id)), read: readText, looked });
        const first = await find(id);
        const own = ownId(first);
        const query = own === undefined ? asked : { ...asked, id: own.id, from: asked.from ?? own.from };
        const archived = own === undefined ? first : await find(own.id);
        const trace = new MessageTrace(query, archived);
        for await (const fact of everyFact(source)) {
          trace.take(fact);
          if (trace.facts % 1_000 === 0) progress.show(`looked at ${trace.facts} facts, found ${trace.passages.length}`);
        }
        return { trace, query };
      }).finally(() => progress.clear());
      const found = tellStory(query, trace.passages, trace.facts, trace.others);
      const meant = query === asked ? [] : [`${id} is the archive's id of it; its sender, ${query.from}, gave it the id ${query.id}`];
      const story = { ...found, remarks: [...meant, ...found.remarks] };
      print(json === true ? JSON.stringify(story, null, 2) : toText(story));
      if (story.passages.length === 0) throw new SaidError("nothing was found");
    });
}

function ownerOf(jid: string): { readonly host: string; readonly username: string } | undefined {
  const { local: username, domain: host = "" } = parseJid(jid) ?? {};
  return username === undefined ? undefined : { host, username };
}

function readText(text: string): ArchivedText | undefined {
  try {
    const { id, type = "", from, to } = restoreElement(text).attrs as Readonly<Record<string, string | undefined>>;
    return { id: id ?? null, type, from: addressIn(from), to: addressIn(to) };
  } catch {
    return undefined;
  }
}

function addressIn(text: string | undefined): string | null {
  return text === undefined ? null : (parseJid(text)?.full ?? null);
}

/** As the log has it. */
function address(option: "--from" | "--to", text: string | undefined): { readonly from?: string; readonly to?: string } {
  if (text === undefined) return {};
  const jid = parseJid(text);
  if (jid === undefined) throw new UsageError(`${option}: expected a JID, such as romeo@localhost or romeo@localhost/phone, got ${JSON.stringify(text)}`);
  return option === "--from" ? { from: jid.full } : { to: jid.full };
}

function toText({ summary, passages, remarks, facts }: MessageStory): string {
  const lines = passages.flatMap(({ lines }) => lines).toSorted((a, b) => a.position - b.position);
  return [
    `${visible(summary)}.`,
    ...lines.map(({ position, at, text }) => `  ${time(at)} ${String(position).padStart(7)}  ${visible(text)}`),
    ...remarks.map((remark) => `  - ${visible(remark)}`),
    `  (${facts} facts looked at)`,
  ].join("\n");
}
