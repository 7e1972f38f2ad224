import type { Command } from "commander";
import { basename } from "node:path";
import type { ImportFailure, ImportOutcome, UserAdmin } from "../admin/api.ts";
import type { ConfigFlags } from "../config/load.ts";
import { withAccounts } from "./admin-access.ts";
import { type ImportBatch, readImportFile } from "./import-file.ts";
import { load, withFolderOptions } from "./options.ts";
import { note, print, SaidError, style } from "./terminal.ts";

export function addUserImport(user: Command): void {
  withFolderOptions(user.command("import").description("create many accounts from a file"))
    .argument("<FILE>", "lines of JID, tab, password in UTF-8; - reads standard input")
    .addHelpText(
      "after",
      `
Accounts that exist stay as they are and count as failed, like lines that cannot be read; the others are created all the same.
The exit status is 0 if every line became an account, else 1. Empty lines are skipped.

Examples:
  printf 'romeo@localhost\\tsecret\\n' | refrain user import -
  refrain user import accounts.tsv --data /var/lib/refrain`,
    )
    .action(async (file: string, options: ConfigFlags) => {
      const loaded = load(options);
      const batches = await readImportFile(file);
      const label = file === "-" ? "line " : `${basename(file)}:`;
      await withAccounts(loaded, { makeFolder: true }, (accounts) => runImport(accounts, batches, label));
    });
}

/** While one batch waits for its commit, the next one derives its keys. */
const batchesOpenMax = 2;

async function runImport(accounts: UserAdmin, batches: AsyncIterable<ImportBatch>, label: string): Promise<void> {
  let created = 0;
  let failed = 0;
  const open: Promise<ImportOutcome>[] = [];
  const takeOldest = async () => {
    const outcome = await open.shift()!;
    created += outcome.created;
    failed += outcome.failures.length;
    clearProgress();
    for (const failure of outcome.failures) reportFailure(failure, label);
    showProgress(created);
  };
  try {
    for await (const batch of batches) {
      const outcome = importBatch(accounts, batch);
      // It is awaited later; until then a rejection is not unhandled.
      outcome.catch(() => {});
      open.push(outcome);
      if (open.length >= batchesOpenMax) await takeOldest();
    }
    while (open.length > 0) await takeOldest();
  } finally {
    clearProgress();
    print(`imported ${count(created, "account")}${failed === 0 ? "" : `, ${count(failed, "line")} failed`}`);
  }
  if (failed > 0) throw new SaidError("some lines failed");
}

async function importBatch(accounts: UserAdmin, { entries, failures }: ImportBatch): Promise<ImportOutcome> {
  const outcome = await accounts.userImport(entries);
  return { created: outcome.created, failures: [...failures, ...outcome.failures].toSorted((a, b) => a.line - b.line) };
}

function reportFailure({ line, message }: ImportFailure, label: string): void {
  note(`${style("31", "error:", process.stderr)} ${label}${line}: ${message}`);
}

function showProgress(created: number): void {
  if (process.stderr.isTTY) process.stderr.write(`${count(created, "account")} …`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\u001B[K");
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
