/**
 * Archived messages in three orders, each under its owner's `HOST/USERNAME/`: `n/KEY` all of them, `w/BARE/KEY` those with a contact,
 * `r/BARE/LENGTH/RESOURCE/KEY` those with one of its resources (LENGTH, that of the resource, tells where it ends). In each the numbers
 * grow by one from row to row, so that its rows are counted, and the place of one known, by looking at the ends. Where they begin says
 * nothing: where the facts of messages that were trimmed are gone, a table that is made anew begins at 1. And `t`: how it was trimmed.
 */

import { archiveKeyOf } from "../../domain/archive-keys.ts";
import { beginsOrEnds, type AccountFacts, type Owner } from "../../domain/facts.ts";
import type { RoomOwner } from "../../domain/room-facts.ts";
import type { StoredFact } from "../../ports.ts";
import type { Projection, ProjectionTable } from "../projection.ts";
import { accountKey } from "./accounts.ts";

export type ArchiveRow = {
  readonly id: string;
  readonly number: number;
  readonly bytes: number;
};

/** Those of `n/`. `fact`: the version of the fact that says so, in its stream. */
export type WholeArchiveRow = ArchiveRow & { readonly with: string; readonly fact: number };

/** That of `t`: the version of the last fact that trimmed the archive. */
export type ArchiveTrimRow = { readonly fact: number };

/** Rows that are read at once to be deleted. */
const trimmedAtOnce = 500;

export const archive: Projection = {
  name: "archive",
  version: 2,
  counts: "number",
  apply(fact, table) {
    if (fact.type === "MessageArchived") add(fact.data as AccountFacts["MessageArchived"], fact.version, table);
    else if (isOfRoom(fact.type)) applyToRoom(fact, table);
    else if (fact.type === "ArchiveTrimmed") trim(fact.data as AccountFacts["ArchiveTrimmed"], fact.version, table);
    else if (beginsOrEnds(fact.type)) {
      const { host, username } = fact.data as Owner;
      table.clear(`${accountKey(host, username)}/`);
    }
  },
};

/** What comes before the keys of all messages, or of those with one JID: a bare one stands for its resources too. */
export function archiveRowsPrefix(host: string, username: string, contact?: string): string {
  const owner = accountKey(host, username);
  if (contact === undefined) return `${owner}/n/`;
  // RFC 7622 section 3.2: the first slash is the one before the resource.
  const slash = contact.indexOf("/");
  if (slash === -1) return `${owner}/w/${contact}/`;
  const resource = contact.slice(slash + 1);
  return `${owner}/r/${contact.slice(0, slash)}/${resource.length}/${resource}/`;
}

function isOfRoom(type: string): boolean {
  return type === "RoomMessageArchived" || type === "RoomMessageRetracted" || type === "RoomArchiveTrimmed" || type === "RoomCreated" || type === "RoomDestroyed";
}

/** A room is an owner as an account is: its service's domain is no host of accounts. */
function applyToRoom({ type, version, data }: StoredFact, table: ProjectionTable): void {
  const { room, ...rest } = data as unknown as RoomOwner;
  const owner = { ...rest, username: room };
  if (type === "RoomMessageArchived") add(owner as AccountFacts["MessageArchived"], version, table);
  else if (type === "RoomMessageRetracted") shorten(owner as unknown as Parameters<typeof shorten>[0], table);
  else if (type === "RoomArchiveTrimmed") trim(owner as AccountFacts["ArchiveTrimmed"], version, table);
  else table.clear(`${accountKey(owner.host, owner.username)}/`);
}

/** Of the last fact that trimmed an archive. */
export function archiveTrimKey(host: string, username: string): string {
  return `${accountKey(host, username)}/t`;
}

function add({ host, username, id, with: contact, bytes }: AccountFacts["MessageArchived"], fact: number, table: ProjectionTable): void {
  const key = archiveKeyOf(id) ?? id;
  const whole = archiveRowsPrefix(host, username);
  for (const prefix of prefixes(host, username, contact)) {
    const last = table.last(prefix);
    const row: ArchiveRow = { id, number: last === undefined ? 1 : (last.value as ArchiveRow).number + 1, bytes };
    table.set(`${prefix}${key}`, prefix === whole ? ({ ...row, with: contact, fact } satisfies WholeArchiveRow) : row);
  }
}

function trim({ host, username, through }: AccountFacts["ArchiveTrimmed"], fact: number, table: ProjectionTable): void {
  table.set(archiveTrimKey(host, username), { fact } satisfies ArchiveTrimRow);
  const whole = archiveRowsPrefix(host, username);
  for (let more = true; more; ) {
    const rows = table.rows({ prefix: whole, limit: trimmedAtOnce }).filter(({ key }) => key <= `${whole}${through}`);
    for (const { key, value } of rows) {
      const { with: contact } = value as WholeArchiveRow;
      for (const prefix of prefixes(host, username, contact)) table.delete(`${prefix}${key.slice(whole.length)}`);
    }
    more = rows.length === trimmedAtOnce;
  }
}

/** Something else is kept of a message. */
function shorten({ host, username, id, bytes }: Pick<AccountFacts["MessageArchived"], "host" | "username" | "id" | "bytes">, table: ProjectionTable): void {
  const key = archiveKeyOf(id) ?? id;
  const whole = table.get(`${archiveRowsPrefix(host, username)}${key}`) as WholeArchiveRow | undefined;
  if (whole === undefined) return;
  for (const prefix of prefixes(host, username, whole.with)) table.set(`${prefix}${key}`, { ...(table.get(`${prefix}${key}`) as ArchiveRow), bytes });
}

/** Of all orders that a message is in. */
function prefixes(host: string, username: string, contact: string): readonly string[] {
  const [bare = contact] = contact.split("/", 1);
  const jids = bare === contact ? [undefined, bare] : [undefined, bare, contact];
  return jids.map((jid) => archiveRowsPrefix(host, username, jid));
}
