import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import type { StoredFact } from "../ports.ts";
import { accountName, follow } from "./log-follow.ts";
import { ContentReader } from "./log-contents.ts";
import { mergeByPosition } from "../history/merge.ts";
import { withhold } from "../history/withheld.ts";
import { factsOf, type HistorySource } from "../history/source.ts";
import { findSubject, streamOf, type Subject } from "../history/subject.ts";
import { factWords } from "../history/words.ts";
import { printSlowly, withHistory } from "./history-access.ts";
import { LogLines, stateAfter } from "./log-lines.ts";
import { withFolderOptions } from "./options.ts";
import { note } from "./terminal.ts";

interface LogOptions extends ConfigFlags {
  readonly json?: boolean;
  readonly follow?: boolean;
  readonly contents?: boolean;
}

/** Returns the command, to which others are added. */
export function addLog(program: Command): Command {
  return withFolderOptions(program.command("log").description("show what the log holds of a session, an account or a room"))
    .argument("<SESSION|JID>", "a session's id or six characters of its begin, an account or a room, or a full JID for the sessions of that resource")
    .option("--json", "each fact as an object on a line of its own")
    .option("-f, --follow", "go on with what happens from now on")
    .option("--contents", "show what people wrote, too, as far as it is still kept")
    .addHelpText(
      "after",
      `
A line is a fact: its time, its position in the whole log, what happened, and after → the state of the session since.
● begins a step, which is one input with all that follows from it; │ goes on with it. After ← stands what led to the step, where
that was shown before: the position where it began. Of an account there are its own facts and those of its sessions, in the order of the log.
What people wrote to each other is not shown without --contents: it is kept until it is acknowledged or delivered, and erased then.
An id that begins with - has to come after --.

Examples:
  refrain log romeo@localhost
  refrain log romeo@localhost/phone --follow
  refrain log Zq3xT0 --json | jq -r 'select(.type == "SessionTold") | "\\(.position) \\(.state)"'
  refrain replay Zq3xT0 --at 1042           the state at a position
  refrain explain session Zq3xT0            why it ended`,
    )
    .action(async (text: string, { json, follow: goesOn, contents, ...flags }: LogOptions) => {
      await withHistory(flags, async (source, running) => {
        const subject = await findSubject(source, text);
        const names = namesOf(subject);
        const lines = new LogLines(subject.jid === null ? undefined : names);
        const reader = contents === true ? new ContentReader(source) : undefined;
        const show = async (fact: StoredFact): Promise<boolean> => {
          const content = await reader?.textOf(fact);
          return printSlowly(json === true ? toJson(fact, contents === true, content) : lines.line(fact, content));
        };
        const versions = new Map<string, number>();
        for await (const fact of factsOfSubject(source, subject)) {
          versions.set(fact.stream, fact.version);
          if (!(await show(fact))) return;
        }
        if (goesOn !== true) return;
        if (!running) return note("nothing follows: no server runs on this data folder");
        await follow(source, subject, versions, names, show);
      });
    });
}

function factsOfSubject(source: HistorySource, { account, sessions }: Subject): AsyncIterable<StoredFact> {
  const streams = [...(account === null ? [] : [account]), ...sessions.map(streamOf)];
  return mergeByPosition(streams.map((stream) => factsOf(source, stream)));
}

/** How the lines of each stream are called: by the resource, and by as much of the id as tells sessions apart. */
function namesOf({ account, sessions }: Subject): Map<string, string> {
  const names = new Map(sessions.map((row) => [streamOf(row), `${row.resource ?? "?"} ${row.id.slice(0, 6)}`]));
  return account === null ? names : names.set(account, account.startsWith("room/") ? "room" : accountName);
}

function toJson(fact: StoredFact, contents: boolean, content: string | undefined): string {
  const state = stateAfter(fact);
  return JSON.stringify({
    ...(contents ? fact : withhold(fact)),
    words: factWords(fact),
    ...(state === undefined ? {} : { state }),
    ...(content === undefined ? {} : { content }),
  });
}
