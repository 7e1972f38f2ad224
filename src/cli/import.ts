import { type Command, Option } from "commander";
import type { AccountTransfer, ArchiveTransfer, ImportFailure, ImportOutcome } from "../admin/api.ts";
import type { AccountDocument } from "../admin/formats/account-document.ts";
import { type AccountFormat, accountFormats } from "../admin/formats/account-formats.ts";
import type { ConfigFlags } from "../config/load.ts";
import { withAccounts } from "./admin-access.ts";
import { parseJid } from "../domain/jid.ts";
import { count, Progress } from "./export-progress.ts";
import { type AccountBatch, openAccountFile, type OpenAccountFile } from "./import-accounts.ts";
import { importArchives } from "./import-archives.ts";
import { load, withFolderOptions } from "./options.ts";
import { note, print, SaidError, style, warn } from "./terminal.ts";

export function addImport(program: Command): void {
  withFolderOptions(program.command("import").description("create accounts with everything that a file holds for them"))
    .argument("<FILE...>", "what `refrain export` or another server wrote; - reads standard input")
    .addOption(new Option("--format <F>", "json or xep-0227 (default: what the content looks like)").choices(accountFormats))
    .addHelpText(
      "after",
      `
An account is created with all that the file holds for it, or not at all. Accounts that exist stay as they are and count as
failed, like those that cannot be read or are not of a host of this server; the others are created all the same.
Archived messages follow once the accounts are there. If that is broken off, the same import once more goes on where it ended, and
nothing is there twice. In the data folder that they were exported from, or one restored from its backup, archived messages have the
ids again that clients know them by (stanza-id, XEP-0359); anywhere else they get new ones.
The exit status is 0 if every account was created with all of its archive, else 1. A file that is not of the format changes nothing.

Of XEP-0227, passwords in clear are stored as keys. Split files (XInclude) are joined first: xmllint --xinclude MAIN.xml > ONE.xml
Nodes (PEP) and archives are taken over. What cannot be is left out, and the command says what that was.

Examples:
  refrain import accounts.jsonl
  refrain import --data /var/lib/refrain /var/lib/prosody/*.xml
  ssh old.example.org refrain export --out - | refrain import -`,
    )
    .action(async (files: readonly string[], { format, ...flags }: ConfigFlags & { readonly format?: AccountFormat }) => {
      const loaded = load(flags);
      const seen = new Map<string, string>();
      const opened: OpenAccountFile[] = [];
      for (const file of files) opened.push(await openAccountFile(file, format, seen));
      await withAccounts(loaded, { makeFolder: true }, (accounts) => runImport(accounts, opened));
    });
}

/** While one batch waits for its commit, the next one is read and derives its keys. */
const batchesOpenMax = 2;

async function runImport(accounts: AccountTransfer & ArchiveTransfer, files: readonly OpenAccountFile[]): Promise<void> {
  const report = new Report();
  const open: (() => Promise<void>)[] = [];
  try {
    for (const { label, batches } of files) {
      for await (const batch of batches()) {
        const outcome = send(accounts, batch);
        // It is awaited later; until then a rejection is not unhandled.
        outcome.catch(() => {});
        open.push(async () => report.take(label, batch, await outcome));
        if (open.length >= batchesOpenMax) await open.shift()?.();
      }
    }
    while (open.length > 0) await open.shift()?.();
    for (const { label, entries } of files) {
      const begun = report.takeBegun(label);
      if (begun.size > 0) await importArchives(accounts, { label, entries: entries() }, begun, report);
    }
  } finally {
    report.print();
  }
  if (report.failed > 0) throw new SaidError("some accounts failed");
  if (report.messagesFailed > 0) throw new SaidError("some archived messages failed");
}

async function send(accounts: AccountTransfer, batch: AccountBatch): Promise<ImportOutcome> {
  if (batch.accounts.length === 0) return { created: 0, failures: [] };
  return accounts.accountsImport(batch.accounts.map(({ line, account }) => ({ line, account })));
}

class Report {
  created = 0;
  failed = 0;
  messagesFailed = 0;
  #messages = 0;
  /** Accounts whose archives are to come, by the label of their file. */
  readonly #begun = new Map<string, Set<string>>();
  /** Accounts whose clients cannot all log in any more. */
  #weak = 0;
  /** What was not taken over: how often, and where first. */
  readonly #ignored = new Map<string, { times: number; readonly first: string }>();
  readonly #progress = new Progress();

  take(label: string, batch: AccountBatch, outcome: ImportOutcome): void {
    const failures = [...batch.failures, ...outcome.failures].toSorted((a, b) => a.line - b.line);
    if (failures.length > 0) this.#progress.clear();
    for (const { line, message } of failures) note(`${style("31", "error:", process.stderr)} ${label}${line}: ${visible(message)}`);
    this.created += outcome.created;
    this.failed += failures.length;
    const failed = new Set(outcome.failures.map(({ line }) => line));
    for (const { line, account } of batch.accounts) {
      const { jid, archive } = account as AccountDocument;
      const bare = archive === true && !failed.has(line) ? parseJid(jid)?.bare : undefined;
      if (bare !== undefined) this.#begun.set(label, (this.#begun.get(label) ?? new Set()).add(bare));
    }
    this.#weak += batch.accounts.filter(({ line, account }) => !failed.has(line) && isWeak(account as AccountDocument)).length;
    for (const { what, line } of batch.ignored) {
      if (failed.has(line)) continue;
      const known = this.#ignored.get(what);
      if (known === undefined) this.#ignored.set(what, { times: 1, first: `${label}${line}` });
      else known.times += 1;
    }
    this.#progress.show(count(this.created, "account"));
  }

  /** The accounts of a file that were created, and whose archives are to come. */
  takeBegun(label: string): ReadonlySet<string> {
    const begun = this.#begun.get(label) ?? new Set<string>();
    this.#begun.delete(label);
    return begun;
  }

  archived(label: string, added: number, failures: readonly ImportFailure[]): void {
    if (failures.length > 0) this.#progress.clear();
    for (const { line, message } of failures) note(`${style("31", "error:", process.stderr)} ${label}${line}: ${visible(message)}`);
    this.#messages += added;
    this.messagesFailed += failures.length;
    this.#progress.show(`${count(this.created, "account")}, ${count(this.#messages, "archived message")}`);
  }

  print(): void {
    this.#progress.clear();
    for (const [what, { times, first }] of this.#ignored) warn(`left out: ${visible(what)} (${count(times, "time")}, first at ${first})`);
    if (this.#weak > 0) {
      const result = "clients that choose SCRAM-SHA-256, which is offered first, cannot log in";
      const fix = "`refrain user passwd` sets the password again";
      warn(`${count(this.#weak, "account")} came with keys for SCRAM-SHA-1 alone: ${result}; ${fix}`);
    }
    print(`imported ${count(this.created, "account")}${this.failed === 0 ? "" : `, ${this.failed} failed`}${this.#archiveNote()}`);
  }

  #archiveNote(): string {
    if (this.#messages + this.messagesFailed === 0) return "";
    const failed = this.messagesFailed === 0 ? "" : `, ${count(this.messagesFailed, "message")} failed`;
    return `; ${count(this.#messages, "archived message")}${failed}`;
  }
}

/** A terminal must not obey what is in a file. */
function visible(text: string): string {
  return text.replaceAll(/\p{C}/gu, "\u{FFFD}");
}

function isWeak({ password, credentials }: AccountDocument): boolean {
  return password === undefined && credentials?.["SCRAM-SHA-256"] === undefined;
}
