import type { Command } from "commander";
import { dirname, resolve } from "node:path";
import type { ConfigFlags } from "../config/load.ts";
import { requireDataFolder, storeFile } from "../config/data-folder.ts";
import { SessionsCheck } from "../history/sessions-check.ts";
import type { OpenDatabase } from "../log/sqlite/driver.ts";
import { schemaVersion } from "../log/sqlite/schema.ts";
import { verifyFile, type Verified } from "../log/sqlite/verify.ts";
import { ContentsCheck } from "./contents-check.ts";
import { count, Progress } from "./export-progress.ts";
import { load, withFolderOptions } from "./options.ts";
import { countText } from "./sizes.ts";
import { breath, driver, mustBeFree } from "./stopped-store.ts";
import { note, print, SaidError, style } from "./terminal.ts";
import { visible } from "./history-access.ts";

/** More of them help nobody. */
const findingsMax = 200;

const whileRunning = "verify a backup of it, which `refrain backup FILE` makes";

export function addLogVerify(log: Command): void {
  withFolderOptions(log.command("verify").description("look for damage in the log, or in a backup of it; nothing is changed"))
    .argument("[FILE]", "a database of refrain, such as a backup (default: that of the data folder)")
    .option("--json", "the findings as one object")
    .addHelpText(
      "after",
      `
Looks at every page and index of the file, and at every fact: whether it can be read by this version of refrain, whether a stream
lacks facts that nobody has forgotten, whether each session folds into what its later snapshots say, whether the read models are what
the facts give, and whether what is kept beside belongs to somebody. The file is opened so that it cannot be written.
The exit status is 1 if anything was found. The server must not run on the file; of a running one verify a backup.

Examples:
  refrain log verify
  refrain backup /var/backups/refrain.db && refrain log verify /var/backups/refrain.db

What helps then:
  refrain log rebuild                       read models that are not what the facts give
  refrain restore /var/backups/refrain.db   back to a backup
  refrain log salvage data/refrain.db saved.db   reads what can be read of a damaged file`,
    )
    .action(async (name: string | undefined, { json, ...flags }: ConfigFlags & { json?: boolean }) => {
      const file = await fileToVerify(name, flags);
      const verified = await verifyWithProgress(await driver(), file);
      if (json === true) print(JSON.stringify({ file, ...verified }, null, 2));
      else for (const line of findingLines(verified)) print(line);
      if (verified.findings.length > 0) {
        note(`${file}: ${count(verified.findings.length + verified.more, "finding")} in ${countText(verified.facts)} facts`);
        for (const line of helpLines(verified)) note(line);
        throw new SaidError("something was found");
      }
      if (json !== true) print(`${file}: ${countText(verified.facts)} facts, nothing wrong${schemaNote(verified)}`);
    });
}

/** A look at all of a file, with progress on a terminal. */
export async function verifyWithProgress(open: OpenDatabase, file: string): Promise<Verified> {
  const progress = new Progress();
  try {
    return await verifyFile({
      open,
      file,
      findingsMax,
      checks: (report, isSalvaged) => [new SessionsCheck(report, isSalvaged), new ContentsCheck(report)],
      progress: async (what, done, total) => {
        progress.show(total === 0 || done === 0 ? `${what}: ${countText(done)}` : `${what}: ${countText(done)} of ${countText(total)}`);
        await breath();
      },
    });
  } finally {
    progress.clear();
  }
}

/** One line for each, and one for those that are only counted. What helps is the same for most of them, and not repeated. */
export function findingLines({ findings, more }: Verified): readonly string[] {
  const lines = findings.map(({ thing, problem }) => visible(`${thing}: ${problem}`));
  return more === 0 ? lines : [...lines, style("2", `and ${count(more, "more finding")}`, process.stdout)];
}

/** What to do, once for all findings that it helps with. */
export function helpLines({ findings }: Verified): readonly string[] {
  return [...new Set(findings.map(({ fix }) => fix))].map((fix) => visible(`what helps: ${fix}`));
}

async function fileToVerify(name: string | undefined, flags: ConfigFlags): Promise<string> {
  if (name !== undefined) {
    await mustBeFree(dirname(resolve(name)), "verify its log", whileRunning);
    return resolve(name);
  }
  const { config } = load(flags);
  requireDataFolder(config.dataDir);
  await mustBeFree(config.dataDir, "verify its log", whileRunning);
  return storeFile(config.dataDir);
}

function schemaNote({ schema }: Verified): string {
  return schema < schemaVersion ? `; it has schema ${schema}, which the next start upgrades: only its pages and facts were looked at` : "";
}
