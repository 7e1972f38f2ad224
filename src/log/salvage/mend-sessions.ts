/**
 * Sessions of a salvaged log. Those that are there whole can go on. Of the others nobody knows how they were last: each gets a snapshot
 * with which the next start ends it, by the same rules as any session that cannot be resumed.
 */

import type { VersionGap } from "../../domain/log-salvaged.ts";
import { damagedLogReason } from "../../domain/log-salvaged.ts";
import { evolveHeld, heldKey, numberOfQueueKey, numberOfTakenKey, presenceKey, queueThrough, sessionFactVersions, takenKey, type Counts, type SessionFacts } from "../../domain/session-facts.ts";
import type { Json, StoredFact } from "../../ports.ts";
import { accountKey, accounts } from "../projections/accounts.ts";
import { livePrefix } from "../projections/sessions.ts";
import { toFact } from "../rows.ts";
import type { SavedLog } from "./saved-log.ts";

/** What the facts of a session give, as far as they are there. */
export interface SessionJudgement {
  /** Versions of snapshots that are not what the facts before them give: one of both is damaged. */
  readonly doubted: readonly number[];
  /** Why it cannot go on from its last snapshot; undefined if it can. */
  readonly problem: string | undefined;
  /** The version of the last snapshot that can be one; undefined for none. */
  readonly sound: number | undefined;
}

export type JudgeSession = (facts: readonly StoredFact[]) => SessionJudgement;

export interface SessionMending {
  readonly judge: JudgeSession;
  /** The last facts of the whole log are missing: they may be of any session. */
  readonly endLost: boolean;
  /** Something was lost of which it cannot be told what it was. */
  readonly unclear: boolean;
}

export interface MendedSessions {
  /** Sessions that end at the next start, with the reason. */
  readonly ending: readonly { readonly stream: string; readonly why: string }[];
  /** Sessions that go on. */
  readonly going: number;
  /** Where a fold cannot go on from what comes before. */
  readonly breaks: readonly VersionGap[];
}

/** Once the read models are made. */
export function mendSessions(log: SavedLog, { judge, endLost, unclear }: SessionMending): MendedSessions {
  const ending: { stream: string; why: string }[] = [];
  const breaks: VersionGap[] = [];
  let going = 0;
  const live = new Set(log.all("SELECT key FROM projection WHERE name = 'sessions' AND key GLOB 'live/*'").map(({ key }) => `session/${String(key).slice(livePrefix.length)}`));
  for (const { stream: name } of log.all("SELECT DISTINCT stream FROM fact WHERE stream GLOB 'session/*'")) {
    const stream = String(name);
    const facts = log.stream(stream).map(toFact);
    const { doubted, problem, sound } = judge(facts);
    for (const version of doubted) breaks.push({ stream, from: version, through: version - 1 });
    if (!live.has(stream)) {
      if (!hasEnded(facts)) end(log, stream);
      continue;
    }
    mendTaken(log, stream, facts);
    const why = problem ?? missing(log, stream, facts) ?? (endLost ? "the last facts of the log were lost, and may be of it" : undefined) ??
      (unclear && !isIndexed(log, stream, facts) ? "it cannot be told whether its last facts are there" : undefined);
    if (why === undefined) {
      going += 1;
      continue;
    }
    ending.push({ stream, why });
    const version = log.versionOf(stream) + 1;
    const at = facts.findIndex((fact) => fact.version === sound);
    if (at === -1 || !hasAccount(log, facts[at])) {
      end(log, stream);
      continue;
    }
    closeAtStart(log, stream, facts.slice(at));
    breaks.push({ stream, from: version, through: version - 1 });
  }
  return { ending, going, breaks };
}

/** Facts tell as well which of its stanzas another session has; what is said of a stanza that is gone is of no use. */
function mendTaken(log: SavedLog, stream: string, facts: readonly StoredFact[]): void {
  const keys = log.all("SELECT key FROM content WHERE stream = ?", stream).map(({ key }) => String(key));
  const queued = new Set(keys.flatMap((key) => numberOfQueueKey(key) ?? []));
  const drop = log.database.prepare("DELETE FROM content WHERE stream = ? AND key = ?");
  for (const key of keys) {
    const number = numberOfTakenKey(key);
    if (number !== undefined && !queued.has(number)) drop.run(stream, key);
  }
  const add = log.database.prepare("INSERT OR IGNORE INTO content (stream, key, text) VALUES (?, ?, '')");
  for (const { type, data } of facts) {
    if (type !== "StanzasTaken") continue;
    for (const number of (data as unknown as SessionFacts["StanzasTaken"]).numbers) if (queued.has(number)) add.run(stream, takenKey(number));
  }
}

/** What it needs to go on and is not there. */
function missing(log: SavedLog, stream: string, facts: readonly StoredFact[]): string | undefined {
  const last = facts.at(-1)?.version ?? 0;
  if (log.versionOf(stream) > last) return "its last facts were lost";
  const at = facts.findLastIndex(({ type }) => type === "SessionSnapshotTaken");
  if (facts.length - at !== last - (facts[at]?.version ?? 0) + 1) return "facts since its last snapshot were lost";
  const { counts } = snapshotOf(facts[at]);
  if (counts === null) return undefined;
  const keys = new Set(log.all("SELECT key FROM content WHERE stream = ?", stream).map(({ key }) => String(key)));
  const { sent, acknowledged } = countsOf(counts, facts.slice(at));
  const numbers = new Set([...keys].flatMap((key) => numberOfQueueKey(key) ?? []));
  if (Math.max(0, ...numbers) > sent) return "its last facts were lost";
  const through = facts.some(({ type }) => type === "QueueDropped") ? acknowledged : sent;
  for (let number = acknowledged + 1; number <= through; number += 1) {
    if (!numbers.has(number)) return "a stanza that its client has not acknowledged was lost";
  }
  for (const number of heldAfter(facts)) if (!keys.has(heldKey(number))) return "a stanza that waits until its client looks was lost";
  const available = presenceAfter(facts.slice(at));
  return available && !keys.has(presenceKey) ? "its presence was lost" : undefined;
}

/** As far as the facts are there that say so. */
function heldAfter(facts: readonly StoredFact[]): ReadonlySet<number> {
  const held = new Set<number>();
  for (const [index, fact] of facts.entries()) {
    if (fact.version !== (facts[index - 1]?.version ?? 0) + 1) held.clear();
    evolveHeld(held, fact);
  }
  return held;
}

/** Whether the last fact of the snapshot's tail leaves it available. */
function presenceAfter(facts: readonly StoredFact[]): boolean {
  const context = snapshotOf(facts[0]).context as { readonly presence?: Json };
  let available = (context.presence ?? null) !== null;
  for (const { type, data } of facts) {
    if (type !== "SessionTold") continue;
    const { type: told } = (data as unknown as { readonly event: { readonly type: string } }).event;
    if (told === "presence.changed") available = true;
    if (told === "presence.withdrawn") available = false;
  }
  return available;
}

/** The index of the streams and the facts say the same of its end: they are on different pages. */
function isIndexed(log: SavedLog, stream: string, facts: readonly StoredFact[]): boolean {
  const [known] = log.all("SELECT max(version) AS version FROM known WHERE stream = ?", stream);
  return known?.["version"] === facts.at(-1)?.version;
}

/** Without one there is nobody whom its end would be told of. */
function hasAccount(log: SavedLog, fact: StoredFact | undefined): boolean {
  const { host, username } = snapshotOf(fact).context as { readonly host: string; readonly username: string };
  return log.all("SELECT 1 AS yes FROM projection WHERE name = ? AND key = ?", accounts.name, accountKey(host, username)).length > 0;
}

/** Its last snapshot once more, as that of a session that cannot be resumed. `facts`: from that one on. */
function closeAtStart(log: SavedLog, stream: string, facts: readonly StoredFact[]): void {
  const snapshot = snapshotOf(facts[0]);
  const { management, ...context } = snapshot.context as { readonly management?: string };
  const kept = keptNumbers(log, stream);
  // That it began to count may be among what was lost.
  const before = snapshot.counts ?? (kept.length === 0 ? null : { received: 0, sent: 0, acknowledged: 0 });
  const counts = before === null ? null : countsOf(before, facts, kept);
  const data = {
    ...snapshot,
    value: attached(snapshot.value),
    context: management === undefined ? context : { ...context, management: counts === null ? "off" : "on" },
    counts,
  };
  if (counts !== null) {
    const acknowledged = log.database.prepare("DELETE FROM content WHERE stream = ? AND key >= ? AND key <= ?");
    for (const { from, through } of queueThrough(counts.acknowledged)) acknowledged.run(stream, from, through);
  }
  log.append(stream, { type: "SessionSnapshotTaken", v: sessionFactVersions.SessionSnapshotTaken, data: data as unknown as Json });
}

/** What waits to be resumed waits for ever; what had a stream when the server stopped is ended by the next start. */
function attached(value: Json): Json {
  const { connected } = value as { readonly connected?: { readonly [region: string]: Json } };
  return connected === undefined ? value : { connected: { ...connected, link: "attached" } };
}

function end(log: SavedLog, stream: string): void {
  const data = { reason: damagedLogReason, received: null };
  log.append(stream, { type: "SessionEnded", v: sessionFactVersions.SessionEnded, data });
}

function countsOf(before: Counts, facts: readonly StoredFact[], kept: readonly number[] = []): Counts {
  let { received, sent, acknowledged } = before;
  for (const { type, data } of facts) {
    const counted = data as { readonly number?: number; readonly received?: number; readonly acknowledged?: number };
    if (type === "StanzaQueued") sent = Math.max(sent, counted.number ?? 0);
    else if (type === "StanzasCounted") received = Math.max(received, counted.received ?? 0);
    else if (type === "StanzasAcknowledged") acknowledged = Math.max(acknowledged, counted.acknowledged ?? 0);
  }
  sent = Math.max(sent, acknowledged, ...kept);
  return { received, sent, acknowledged };
}

function keptNumbers(log: SavedLog, stream: string): readonly number[] {
  return log.all("SELECT key FROM content WHERE stream = ?", stream).flatMap(({ key }) => numberOfQueueKey(String(key)) ?? []);
}

function snapshotOf(fact: StoredFact | undefined): SessionFacts["SessionSnapshotTaken"] {
  return fact?.data as unknown as SessionFacts["SessionSnapshotTaken"];
}

function hasEnded(facts: readonly StoredFact[]): boolean {
  return facts.some(({ type, data }) => type === "SessionEnded" || (type === "SessionTold" && (data as { readonly state?: string }).state === "closed"));
}
