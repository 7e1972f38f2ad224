import type { Command } from "commander";
import { dirname, resolve } from "node:path";
import { judgeSession } from "../history/salvaged-session.ts";
import { liveClock, liveIds } from "../live.ts";
import { BackupError } from "../log/errors.ts";
import { salvage, type Salvaged } from "../log/salvage/salvage.ts";
import { isXml } from "./contents-check.ts";
import { count, Progress } from "./export-progress.ts";
import { visible } from "./history-access.ts";
import { findingLines, helpLines, verifyWithProgress } from "./log-verify.ts";
import { countText } from "./sizes.ts";
import { breath, driver, mustBeFree } from "./stopped-store.ts";
import { note, OperatorError, print, SaidError, warn } from "./terminal.ts";

/** Lines of one kind; what is beyond them is counted. */
const linesMax = 50;

export function addLogSalvage(log: Command): void {
  log
    .command("salvage")
    .description("read what can be read of a damaged database into a new file")
    .argument("<DAMAGED>", "the file; it is only read, and so is the write-ahead log beside it")
    .argument("<NEW-FILE>", "a file that does not exist yet")
    .option("--json", "what was found and lost as one object")
    .addHelpText(
      "after",
      `
The file is read page by page without SQLite, so it may be cut off, overwritten or zeroed anywhere, its header and indexes included.
Facts, waiting stanzas and stored keys are kept, read models are made anew. Then it is told what was lost, as far as that can be known:

  an account whose stream lacks facts keeps what is left: look at its roster (\`refrain roster JID\`), set a password if its keys were lost;
  a room whose begin was lost is hidden, and for members only, until an owner configures it;
  a session that lacks facts from before its last snapshot goes on; any other ends at the next start, as one that cannot be resumed:
  its contacts are told, and its unacknowledged messages go to another resource or wait for the user.

Damage that leaves a value readable cannot be seen: prefer a backup, if a good one is not too old.
The exit status is 1 if anything was lost.

Examples:
  refrain log salvage data/refrain.db saved.db
  refrain log verify saved.db
  refrain restore saved.db`,
    )
    .action(async (name: string, newName: string, { json }: { json?: boolean }) => {
      const [damaged, newFile] = [resolve(name), resolve(newName)];
      await mustBeFree(dirname(damaged), "salvage its log");
      const open = await driver();
      const progress = new Progress();
      let found: Salvaged;
      try {
        found = await salvage({
          open,
          damaged,
          newFile,
          judge: judgeSession,
          isXml,
          at: liveClock.now(),
          step: liveIds.next(),
          progress: async (what, done, total) => {
            progress.show(`${what}: ${countText(done)} of ${countText(total)}`);
            await breath();
          },
        });
      } catch (error) {
        throw error instanceof BackupError ? new OperatorError(error.message) : error;
      } finally {
        progress.clear();
      }
      const verified = await verifyWithProgress(open, newFile);
      if (json === true) print(JSON.stringify({ damaged, newFile, ...found, findings: verified.findings }, null, 2));
      else for (const line of lines(found)) print(line);
      const { facts, contents, secrets } = found;
      note(`${newFile}: ${countText(facts)} facts, ${count(contents, "waiting stanza")}, ${count(secrets, "stored key")}; put it in place with \`refrain restore ${newFile}\``);
      for (const line of findingLines(verified)) warn(`of what was saved: ${line}`);
      for (const line of helpLines(verified)) note(line);
      if (verified.findings.length > 0 || isLossy(found)) throw new SaidError("something was lost");
    });
}

function isLossy({ pagesMissing, pagesDamaged, pagesUnknown, recordsLost, factsRefused, lostFacts, ending, accounts, rooms, contentsLost }: Salvaged): boolean {
  return pagesMissing + pagesDamaged + pagesUnknown + recordsLost + factsRefused.length + lostFacts + ending.length + accounts.length + rooms.length + contentsLost > 0;
}

/** What became of it, for people. */
function lines(found: Salvaged): readonly string[] {
  const { pages, pagesMissing, pagesDamaged, pagesUnknown, recordsLost, framesLost, factsRefused, lost, lostFacts, ending, going, accounts, rooms, contentsLost, gaps } = found;
  const gapsOf = (kind: "account" | "room") => gaps.filter(({ stream, from, through }) => stream.startsWith(`${kind}/`) && through >= from).map(gapWords);
  const faulty = [
    [pagesMissing, "cut off, empty or not readable"],
    [pagesDamaged, "damaged in part"],
    [pagesUnknown, "not recognised"],
  ] as const;
  return [
    `pages: ${countText(pages)}${faulty.map(([pages, what]) => (pages === 0 ? "" : `, ${countText(pages)} ${what}`)).join("")}`,
    ...(recordsLost === 0 ? [] : [`rows that could not be read: ${countText(recordsLost)}`]),
    ...(framesLost === 0 ? [] : [`write-ahead log: ${countText(framesLost)} pages after its last whole commit are of one that was not finished, or damaged`]),
    ...(lostFacts === 0 ? [] : [`facts that are known to be lost: ${countText(lostFacts)}, at positions ${shortened(lost.map(({ from, through }) => (from === through ? `${from}` : `${from}–${through}`)), ", ")}`]),
    ...named("fact that cannot be", factsRefused),
    ...(contentsLost === 0 ? [] : [`waiting stanzas that are damaged, or of nobody: ${countText(contentsLost)}`]),
    ...named("account", accounts.map(({ jid, problems }) => `${jid}: ${problems.join("; ")}`)),
    ...named("account that lacks facts", gapsOf("account")),
    ...named("room", rooms.map(({ jid, problems }) => `${jid}: ${problems.join("; ")}`)),
    ...named("room that lacks facts", gapsOf("room")),
    ...named("session that ends at the next start", ending.map(({ stream, why }) => `${stream.slice("session/".length)}: ${why}`)),
    ...(going === 0 ? [] : [`sessions that go on: ${countText(going)}`]),
  ].map(visible);
}

function named(what: string, list: readonly string[]): readonly string[] {
  const more = list.length - linesMax;
  return [...list.slice(0, linesMax).map((each) => `${what} ${each}`), ...(more > 0 ? [`${what}: and ${countText(more)} more (--json names them)`] : [])];
}

function shortened(list: readonly string[], separator: string): string {
  const more = list.length - linesMax;
  return `${list.slice(0, linesMax).join(separator)}${more > 0 ? ` and ${countText(more)} more places (--json)` : ""}`;
}

function gapWords({ stream, from, through }: Salvaged["gaps"][number]): string {
  return `${jidOf(stream)}: ${from === through ? `version ${from}` : `versions ${from} to ${through}`} of its stream`;
}

function jidOf(stream: string): string {
  const [, host, username] = stream.split("/");
  return `${username}@${host}`;
}
