/** Accounts of a salvaged log: those whose begin was lost begin again, and messages that wait are recorded as they are kept. */

import { accountFactVersions, offlineKey, offlinePrefix, type AccountFacts, type AccountFactType } from "../../domain/facts.ts";
import type { Json } from "../../ports.ts";
import { parse, type FactRow } from "../rows.ts";
import { attributeOf } from "../start-tag.ts";
import { mendArchive } from "./mend-archive.ts";
import type { SavedLog } from "./saved-log.ts";

export interface MendedAccount {
  readonly jid: string;
  /** For a person. */
  readonly problems: readonly string[];
}

/** Gives every account that there was its begin again. Before the read models are made. Returns their streams. */
export function beginAccounts(log: SavedLog): ReadonlySet<string> {
  const begun = new Set<string>();
  for (const stream of accountStreams(log)) {
    const facts = log.outline(stream);
    const life = lifeOf(facts);
    const [first] = life;
    // What follows an end right away was under way at it.
    if (first === undefined || first.type === "AccountCreated" || facts.some(({ version }) => version === first.version - 1)) continue;
    // The lost fact was somewhere before; the nearest place that is free does as well.
    const position = log.freeBefore(first.position);
    if (first.version < 2 || position === undefined) continue;
    const fact = { type: "AccountCreated", v: accountFactVersions.AccountCreated, data: ownerOf(stream) };
    log.insert(position, stream, first.version - 1, fact, first.at);
    begun.add(stream);
  }
  return begun;
}

/** Once the read models are made. */
export function mendAccounts(log: SavedLog, begun: ReadonlySet<string>): readonly MendedAccount[] {
  const mended: MendedAccount[] = [];
  for (const stream of accountStreams(log)) {
    const problems: string[] = begun.has(stream) ? ["its begin was lost, and was made again"] : [];
    const hasKeys = log.all("SELECT 1 AS yes FROM secret WHERE stream = ? AND type = 'PasswordChanged'", stream).length > 0;
    if (lifeOf(log.outline(stream)).length === 0) {
      if (!hasKeys) continue;
      // Of it there are the keys only.
      append(log, stream, "AccountCreated", ownerOf(stream));
      problems.push("all that was recorded of it was lost but its stored keys: its roster is empty");
    }
    const { username, host } = ownerOf(stream);
    if (lifeOf(log.outline(stream))[0]?.type !== "AccountCreated") continue;
    if (!hasKeys) problems.push(`its stored keys were lost: set its password with \`refrain user passwd ${username}@${host}\``);
    const lost = mendMessages(log, stream);
    if (lost > 0) problems.push(`${lost} of the messages that waited for it were lost`);
    problems.push(...mendArchive(log, stream));
    if (problems.length > 0) mended.push({ jid: `${username}@${host}`, problems });
  }
  return mended;
}

const messageTypes: readonly AccountFactType[] = ["AccountDeleted", "OfflineMessageStored", "OfflineMessagesRemoved"];

/** Returns how many messages that should wait are not there. */
function mendMessages(log: SavedLog, stream: string): number {
  const waiting = new Map<number, number>();
  let [last, removed]: [number, Set<number>] = [0, new Set()];
  for (const { type, data } of lifeOf(log.stream(stream, messageTypes))) {
    if (type === "OfflineMessageStored") {
      const { number, bytes } = parse(data) as unknown as AccountFacts["OfflineMessageStored"];
      waiting.set(number, bytes);
      last = Math.max(last, number);
    } else if (type === "OfflineMessagesRemoved") {
      for (const number of (parse(data) as unknown as AccountFacts["OfflineMessagesRemoved"]).numbers) {
        waiting.delete(number);
        removed.add(number);
      }
    }
  }
  const kept = log.all("SELECT key, text FROM content WHERE stream = ? AND key >= ? ORDER BY key", stream, offlinePrefix);
  const numbers = kept.map(({ key }) => Number(String(key).slice(offlinePrefix.length)));
  last = Math.max(last, ...numbers, ...removed);
  for (const [index, { key, text }] of kept.entries()) {
    const number = numbers[index] ?? 0;
    if (waiting.delete(number)) continue;
    if (removed.has(number)) log.database.prepare("DELETE FROM content WHERE stream = ? AND key = ?").run(stream, key ?? "");
    else keepAgain(log, stream, { key: String(key), text: String(text), number: (last += 1) });
  }
  if (waiting.size === 0) return 0;
  const bytes = [...waiting.values()].reduce((sum, each) => sum + each, 0);
  append(log, stream, "OfflineMessagesRemoved", { ...ownerOf(stream), numbers: [...waiting.keys()], bytes });
  return waiting.size;
}

/** A message whose fact was lost: under a new number, so that the numbers that are given from now on are above it. */
function keepAgain(log: SavedLog, stream: string, { key, text, number }: { readonly key: string; readonly text: string; readonly number: number }): void {
  log.database.prepare("UPDATE content SET key = ? WHERE stream = ? AND key = ?").run(offlineKey(number), stream, key);
  const data = { number, bytes: Buffer.byteLength(text), id: attributeOf(text, "id") ?? null, from: attributeOf(text, "from") ?? null, why: null };
  append(log, stream, "OfflineMessageStored", { ...ownerOf(stream), ...data });
}

function append<Type extends AccountFactType>(log: SavedLog, stream: string, type: Type, data: AccountFacts[Type]): void {
  log.append(stream, { type, v: accountFactVersions[type], data: data as unknown as Json });
}

/** What was recorded since the last end. */
function lifeOf<Row extends Pick<FactRow, "type">>(facts: readonly Row[]): readonly Row[] {
  return facts.slice(facts.findLastIndex(({ type }) => type === "AccountDeleted") + 1);
}

function accountStreams(log: SavedLog): readonly string[] {
  const sql = "SELECT stream FROM fact WHERE stream GLOB 'account/*' UNION SELECT stream FROM secret WHERE stream GLOB 'account/*'";
  return log.all(sql).map(({ stream }) => String(stream));
}

function ownerOf(stream: string): { readonly host: string; readonly username: string } {
  const [, host = "", username = ""] = stream.split("/");
  return { host, username };
}
