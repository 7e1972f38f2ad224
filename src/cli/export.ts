import { type Command, Option } from "commander";
import { accountBytesMax, type AccountPiece, type AccountTransfer, type ArchivedExport, type ArchiveTransfer } from "../admin/api.ts";
import { AdminError } from "../admin/errors.ts";
import { readAccountDocument } from "../admin/formats/account-document.ts";
import { type AccountFormat, accountFormats } from "../admin/formats/account-formats.ts";
import { archiveLine, jsonLinesFooter, jsonLinesHeader } from "../admin/formats/json-lines.ts";
import { Xep0227Writer } from "../admin/formats/xep-0227-write.ts";
import type { ConfigFlags } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { parseJid } from "../domain/jid.ts";
import { withAccounts } from "./admin-access.ts";
import { type ExportOutput, openExport } from "./export-file.ts";
import { count, Progress } from "./export-progress.ts";
import { load, withFolderOptions } from "./options.ts";
import { note, print, reportError, SaidError, UsageError, warn } from "./terminal.ts";

interface ExportOptions extends Omit<ConfigFlags, "domain"> {
  readonly format: AccountFormat;
  readonly domain?: string;
  readonly out?: string;
  readonly force?: boolean;
}

const fileNames: Readonly<Record<AccountFormat, string>> = { json: "accounts.jsonl", "xep-0227": "accounts.xml" };

const formatOption = new Option("--format <F>", "json, which has everything, or xep-0227, which other servers read")
  .choices(accountFormats)
  .default("json");

export function addExport(program: Command): void {
  withFolderOptions(program.command("export").description("write accounts with everything that is kept for them into a file"))
    .argument("[JID...]", "only these accounts")
    .addOption(formatOption)
    .option("--domain <D>", "only the accounts of one host")
    .option("--out <FILE>", "the file to write; - writes to standard output (default: accounts.jsonl or accounts.xml)")
    .option("--force", "replace the file if it is there already")
    .addHelpText(
      "after",
      `
The file holds the keys of passwords. Whoever has them can guess at the passwords as often as they like, and can pretend to be
this server: they are as good as passwords. The file is made for its owner alone (mode 0600); keep it so, and delete it after use.

In json there is a line for each account, with all that is kept for it: keys, contacts, requests of others, blocked addresses,
offline messages, vCard, private XML, nodes (PEP), everything else of extensions, and when the user left; after it come lines with the
messages of its archive. xep-0227 is XML that other servers read, also with nodes and archives; what it has no place for is left
out, and the command says what that was. Neither holds the version of a roster: clients fetch it anew after an import.

Examples:
  refrain export
  refrain export --domain example.org --format xep-0227 --out example.org.xml
  refrain export romeo@localhost --out - | jq 'select(.jid).roster'
  for jid in $(refrain user list); do refrain export "$jid" --format xep-0227 --out "$jid.xml"; done    as Prosody keeps them`,
    )
    // Here --domain chooses among the hosts and configures none.
    .action(async (jids: readonly string[], { format, domain, out, force, ...flags }: ExportOptions) => {
      if (domain !== undefined && jids.length > 0) {
        throw new UsageError("--domain: either the accounts of a host or some JIDs; leave one out");
      }
      const name = out ?? fileNames[format];
      const loaded = load(flags);
      await withAccounts(loaded, { makeFolder: false }, async (accounts) => {
        const output = await openExport(name, force === true);
        try {
          const all = accountsOf(accounts, domain, inOrder(jids), roomDomains(loaded.config));
          await runExport(all, accounts, format, output, name);
        } catch (error) {
          if (!(error instanceof SaidError)) await output.discard();
          throw error;
        }
      });
    });
}

type Exported = { readonly jid: string; readonly text: string } | { readonly error: AdminError };

async function runExport(accounts: AsyncIterable<Exported>, archives: ArchiveTransfer, format: AccountFormat, output: ExportOutput, name: string): Promise<void> {
  const progress = new Progress();
  const writer = format === "json" ? undefined : new Xep0227Writer();
  const leftOut = new Map<string, number>();
  let [done, failed, messages, messagesFailed] = [0, 0, 0, 0];
  const fail = (error: unknown, ofArchive = false) => {
    progress.clear();
    reportError(error);
    if (ofArchive) messagesFailed += 1;
    else failed += 1;
  };
  let begun = false;
  const begin = async () => {
    if (!begun) await output.write(writer === undefined ? `${jsonLinesHeader}\n` : writer.begin());
    begun = true;
  };
  for await (const account of accounts) {
    if ("error" in account) {
      fail(account.error);
      continue;
    }
    const { jid, text } = account;
    const written = writer === undefined ? { text: `${text}\n`, leftOut: [], hasArchive: text.includes('"archive":true') } : asUser(writer, jid, text);
    if (written instanceof Error) {
      fail(written);
      continue;
    }
    for (const what of written.leftOut) leftOut.set(what, (leftOut.get(what) ?? 0) + 1);
    if (Buffer.byteLength(written.text) > accountBytesMax) {
      progress.clear();
      warn(`${jid}: larger than the ${accountBytesMax} bytes that \`refrain import\` takes of one account`);
    }
    await begin();
    await output.write(written.text);
    if (written.hasArchive) {
      for await (const page of archiveOf(archives, jid)) {
        const part = writer === undefined ? { text: archiveLine(jid, page), damaged: [] } : writer.archived(page);
        for (const id of part.damaged) fail(new AdminError("internal", `${jid}: archived message ${id}: it is not whole; left out`), true);
        await output.write(part.text);
        messages += page.length - part.damaged.length;
        progress.show(`${count(done, "account")}, ${count(messages, "archived message")}`);
      }
      if (writer !== undefined) await output.write(writer.endAccount());
    }
    done += 1;
    progress.show(count(done, "account"));
  }
  if (done === 0 && failed > 0) {
    progress.clear();
    note(`nothing was exported, ${failed} failed${name === "-" ? "" : `; ${name} was not written`}`);
    // Here, for the caller keeps what there is where some failed.
    await output.discard();
    throw new SaidError("no account was exported");
  }
  // Of a server without accounts, too, there is a whole file.
  await begin();
  await output.write(writer === undefined ? `${jsonLinesFooter}\n` : writer.end());
  await output.finish();
  progress.clear();
  for (const [what, accounts] of leftOut) warn(`left out, for XEP-0227 has no place for it: ${what} (of ${count(accounts, "account")})`);
  const where = name === "-" ? "standard output" : name;
  const archived = messages === 0 ? "" : ` with ${count(messages, "archived message")}`;
  const summary = `exported ${count(done, "account")}${archived} to ${where}${failed === 0 ? "" : `, ${failed} failed`}`;
  if (name === "-") note(summary);
  else print(summary);
  if (failed > 0) throw new SaidError("some accounts were not exported");
  if (messagesFailed > 0) throw new SaidError("some archived messages were not exported");
}

/** The messages of an account, the oldest first; while some are written, the next ones are read. */
async function* archiveOf(archives: ArchiveTransfer, jid: string): AsyncIterable<readonly ArchivedExport[]> {
  let page = await archives.archiveExport(jid);
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    const next = archives.archiveExport(jid, last.id);
    next.catch(() => {});
    yield page;
    page = await next;
  }
}

/** What is kept may come from an import, and need not be XML. */
function asUser(writer: Xep0227Writer, jid: string, text: string): ReturnType<Xep0227Writer["account"]> | AdminError {
  const document = readAccountDocument(JSON.parse(text));
  if ("problem" in document) return new AdminError("internal", `${jid}: ${document.problem}; left out`);
  try {
    return writer.account(document);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return new AdminError("internal", `${jid}: ${error.message}; left out`);
  }
}

/** Where rooms are, by the configuration that was read. */
function roomDomains({ hosts, rooms }: Config): ReadonlySet<string> {
  return new Set(rooms.enabled ? hosts.map((host) => `${rooms.subdomain}.${host.domain}`) : []);
}

async function* accountsOf(accounts: AccountTransfer, domain: string | undefined, jids: readonly string[], rooms: ReadonlySet<string>): AsyncIterable<Exported> {
  for (const jid of jids) {
    if (rooms.has(hostOf(jid))) {
      const text = `${jid}: a room, and rooms are not exported; \`refrain backup\` copies them with everything else`;
      yield { error: new AdminError("account-unknown", text) };
      continue;
    }
    try {
      yield* joined(await accounts.accountExport(jid));
    } catch (error) {
      if (!(error instanceof AdminError) || (error.code !== "account-unknown" && error.code !== "jid-malformed")) throw error;
      yield { error };
    }
  }
  if (jids.length > 0) return;
  const query = domain === undefined ? {} : { domain };
  let page = await accounts.accountsExport(query);
  while (page.length > 0) {
    // While this page is written, the next one is read.
    const next = accounts.accountsExport({ ...query, after: page.at(-1)?.jid ?? "" });
    next.catch(() => {});
    yield* joined(page);
    page = await next;
  }
}

/** The pieces of one account are next to each other. */
function* joined(pieces: readonly AccountPiece[]): Iterable<{ readonly jid: string; readonly text: string }> {
  let texts: string[] = [];
  for (const [index, { jid, text }] of pieces.entries()) {
    texts.push(text);
    if (pieces[index + 1]?.jid === jid) continue;
    yield { jid, text: texts.join("") };
    texts = [];
  }
}

/** Each once, and those of one host together, as both formats have them. */
function inOrder(jids: readonly string[]): readonly string[] {
  const byAddress = new Map(jids.map((text) => [parseJid(text)?.full ?? text, text]));
  return [...byAddress.keys()].toSorted((a, b) => compare(hostOf(a), hostOf(b)) || compare(a, b));
}

const hostOf = (jid: string) => jid.slice(jid.indexOf("@") + 1);
const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b));
