/** Archived messages out of a server and into one, a page at a time: an archive may be longer than memory. */
import { createHash } from "node:crypto";
import { archiveContentKey, archiveKeyOf, nextArchiveKey, secretOfArchiveId, timeOfArchiveKey } from "../domain/archive-keys.ts";
import type { AccountFact } from "../domain/facts.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import { AccountSource } from "../log/account-source.ts";
import { NoSuchAccountError, type Accounts } from "../log/accounts.ts";
import type { WholeArchiveRow } from "../log/projections/archive.ts";
import type { Clock, Store } from "../ports.ts";
import type { Element } from "../xml/element.ts";
import { adoptElement } from "../xml/parse-element.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace } from "../xml/stanza.ts";
import { parseUser } from "./account-admin.ts";
import { archiveEntriesMax, type ArchiveEntry, type ArchivedExport, type ArchiveImport, type ArchiveOutcome, type ArchiveTransfer, type ImportFailure } from "./api.ts";
import { AdminError } from "./errors.ts";
import { unfinishedPlace } from "./formats/account-document.ts";

export interface ArchiveTransferOptions {
  readonly store: Store;
  readonly accounts: Accounts;
  readonly clock: Pick<Clock, "now">;
  /** The configured domains, prepared. */
  readonly hosts: readonly string[];
  /** The ids that clients are told; asked for when they are needed. */
  readonly ids: () => Promise<ArchiveIds>;
}

/** See the router's `ArchiveIds`. */
interface ArchiveIds {
  toldOf(id: string): string;
  idOf(told: string): string | undefined;
}

/** The operations as functions, so that they can be spread into a larger API. */
export function createArchiveTransfer(options: ArchiveTransferOptions): ArchiveTransfer {
  const { store, accounts, clock, hosts, ids } = options;
  const source = new AccountSource(store);

  return {
    async archiveExport(jid, after) {
      const { domain: host, local: username } = parseUser(jid, hosts);
      if (!(await accounts.exists(host, username))) throw new AdminError("account-unknown", new NoSuchAccountError(host, username).message);
      const told = await ids();
      const from = after === undefined ? undefined : archiveKeyOf(after);
      if (after !== undefined && from === undefined) throw new AdminError("request-malformed", "after: expected the id of an archived message");
      const rows = await source.archived(host, username, undefined, { limit: pageRows, ...(from !== undefined && { after: from }) });
      const page: ArchivedExport[] = [];
      let bytes = 0;
      for (let at = 0; at < rows.length && bytes < pageBytesMax; at += textsAtOnce) {
        const some = rows.slice(at, at + textsAtOnce);
        const texts = await source.archivedTexts(host, username, some.map(({ key }) => key));
        for (const [index, row] of some.entries()) {
          const { id, key, with: contact } = row as WholeArchiveRow & { readonly key: string };
          // What was trimmed meanwhile is there no more; the place where it was is the place to go on from.
          page.push({ id, told: told.toldOf(id), at: timeOfArchiveKey(key), with: contact, stanza: texts[index] ?? null });
          bytes += texts[index]?.length ?? 0;
        }
      }
      return page;
    },

    async archiveImport({ jid, previous, messages, last }) {
      if (messages.length > archiveEntriesMax) throw new AdminError("request-malformed", `messages: expected at most ${archiveEntriesMax}, got ${messages.length}`);
      const owner = parseUser(jid, hosts);
      const { domain: host, local: username, bare } = owner;
      const isUnfinished = (await source.value(host, username, unfinishedPlace.space, unfinishedPlace.key)) === true;
      if (!isUnfinished) throw new AdminError("account-exists", `${bare}: no import has begun its archive, which stays as it is`);
      const given = readMessages(messages, { owner, previous, now: clock.now(), ids: await ids() });
      const failures = [...given.failures];
      let added = 0;
      try {
        await accounts.archive(host, username, async (newest) => {
          const fresh = given.messages.filter(({ key }) => newest === undefined || key > newest);
          added = fresh.length;
          failures.splice(0, failures.length, ...given.failures, ...(await lateOnes(source, owner, given.messages.slice(0, -fresh.length || undefined))));
          const facts = fresh.map(({ key, id, with: contact, text }): AccountFact => ({
            type: "MessageArchived",
            data: { host, username, id, with: contact, bytes: Buffer.byteLength(text) },
            contents: [{ key: archiveContentKey(key), text }],
          }));
          const { space, key } = unfinishedPlace;
          return last ? [...facts, { type: "AccountDataSet", data: { host, username, space, key, value: null } }] : facts;
        });
      } catch (error) {
        throw error instanceof NoSuchAccountError ? new AdminError("account-unknown", error.message) : error;
      }
      const reached = given.messages.at(-1)?.key ?? previous;
      return { added, failures: failures.toSorted((a, b) => a.line - b.line), ...(reached !== undefined && { reached }) } satisfies ArchiveOutcome;
    },

    async archivedId(told) {
      return (await ids()).idOf(told) ?? null;
    },
  };
}

/** Rows that are asked for together, and their texts; a page ends after the texts with which it is so long. */
const pageRows = 500;
const textsAtOnce = 20;
const pageBytesMax = 524_288;

interface Message {
  readonly line: number;
  readonly key: string;
  readonly id: string;
  readonly with: string;
  readonly text: string;
}

interface Circumstances {
  readonly owner: Jid;
  readonly previous: string | undefined;
  readonly now: number;
  readonly ids: ArchiveIds;
}

/** The same messages have the same keys and ids each time that they come. */
function readMessages(entries: ArchiveImport["messages"], { owner, previous, now, ids }: Circumstances): { readonly messages: readonly Message[]; readonly failures: readonly ImportFailure[] } {
  const messages: Message[] = [];
  const failures: ImportFailure[] = [];
  let last = previous;
  for (const entry of entries) {
    const read = readMessage(entry, owner, now, ids);
    if (typeof read === "string") {
      failures.push({ line: entry.line, message: `${owner.bare}: archived message: ${read}` });
      continue;
    }
    const { at, known, element, with: contact } = read;
    const text = serialise(element);
    const knownKey = known === undefined ? undefined : archiveKeyOf(known);
    const keeps = known !== undefined && knownKey !== undefined && (last === undefined || knownKey > last);
    const key: string = keeps ? knownKey : nextArchiveKey(last, at);
    const id = keeps ? known : `${key}-${createHash("sha256").update(`${entry.told ?? entry.id ?? ""} ${text}`).digest("base64url").slice(0, 22)}`;
    messages.push({ line: entry.line, key, id, with: contact, text });
    last = key;
  }
  return { messages, failures };
}

interface ReadMessage {
  readonly at: number;
  /** The id that it has here, if it came from here or from a server with the same ids. */
  readonly known: string | undefined;
  readonly element: Element;
  readonly with: string;
}

/** Or what is wrong with it. */
function readMessage({ id, told, at: said, with: other, stanza }: ArchiveEntry, owner: Jid, now: number, ids: ArchiveIds): ReadMessage | string {
  const inner = id ?? (told === undefined ? undefined : ids.idOf(told));
  const key = inner === undefined ? undefined : archiveKeyOf(inner);
  if (id !== undefined && key === undefined) return `expected an id such as an export has, got ${JSON.stringify(id.slice(0, 100))}`;
  const at = said ?? (id === undefined || key === undefined ? undefined : timeOfArchiveKey(key));
  if (at === undefined || !Number.isSafeInteger(at) || at < 0) return "it does not say when it was archived, in a delay with a stamp such as 2010-07-10T23:08:25Z";
  if (at > now) return `it was archived at ${new Date(Math.min(at, 8.64e15)).toISOString()}, which is yet to come; set the clock right, or leave the message out`;
  const element = messageOf(stanza);
  if (typeof element === "string") return element;
  const [from, to] = [addressOf(element, "from"), addressOf(element, "to")];
  if (from === null || to === null) return "expected JIDs in 'from' and 'to'";
  const contact = other === undefined ? otherSide(owner, from, to) : parseJid(other);
  if (contact === undefined) return other === undefined ? "it is neither from its owner nor from anybody else: there is no 'from'" : `with: expected a JID, got ${JSON.stringify(other)}`;
  return { at, known: key !== undefined && timeOfArchiveKey(key) === at ? inner : undefined, element, with: contact.full };
}

function messageOf(text: string): Element | string {
  try {
    const element = adoptElement(text);
    if (element.name === "message" && element.getNS() === clientNamespace) return element;
    return `expected a message stanza in ${clientNamespace}, got ${element.name} in ${element.getNS() ?? "no namespace"}`;
  } catch (error) {
    if (error instanceof SyntaxError) return error.message;
    throw error;
  }
}

/** null for what is no address. */
function addressOf({ attrs }: Element, name: "from" | "to"): Jid | undefined | null {
  const text = attrs[name] as string | undefined;
  return text === undefined ? undefined : (parseJid(text) ?? null);
}

/** XEP-0313 section 4.1.1: whom the message came from, or whom the user sent it to, which is the user itself where it says nobody. */
function otherSide(owner: Jid, from: Jid | undefined, to: Jid | undefined): Jid | undefined {
  if (from === undefined) return undefined;
  return from.bare === owner.bare ? (to ?? owner.toBare()) : from;
}

/** What the archive has newer messages than, and does not have. */
async function lateOnes(source: AccountSource, { domain, local = "", bare }: Jid, messages: readonly Message[]): Promise<readonly ImportFailure[]> {
  const rows = await source.archivedAt(domain, local, messages.map(({ key }) => key));
  return messages.flatMap(({ line, id }, index) => {
    if (rows[index] !== undefined && sameId(rows[index].id, id)) return [];
    const fix = `stop the server, delete the account, and import it again`;
    return [{ line, message: `${bare}: archived message: its user has got newer ones meanwhile, and an archive only grows at its end; ${fix}` }];
  });
}

/** As far as the shorter secret goes, of which the last character may hold bits that are not said. */
function sameId(one: string, other: string): boolean {
  const chars = Math.min(secretOfArchiveId(one).length, secretOfArchiveId(other).length) - 1;
  return archiveKeyOf(one) === archiveKeyOf(other) && secretOfArchiveId(one).slice(0, chars) === secretOfArchiveId(other).slice(0, chars);
}
