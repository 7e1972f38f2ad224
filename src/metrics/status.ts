/** How the server is, put together from what it counts. */
import { stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { countedLimits, type LimitName } from "../domain/refusals.ts";
import type { ServerStatus, StatusLog } from "../domain/server-status.ts";
import type { Figures } from "./measures.ts";

export interface StatusParts extends Pick<ServerStatus, "listeners" | "certificates"> {
  readonly figures: Figures;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly unready: string | undefined;
  /** The database; undefined where it is in memory alone. */
  readonly logFile: string | undefined;
}

/** Asks nothing of the store: it answers also while that hangs. */
export async function statusOf({ figures, at, unready, listeners, certificates, logFile }: StatusParts): Promise<ServerStatus> {
  const { version, startedAt, tally, now, process: used } = figures;
  const { commits, commitMs, lastCommitMs, refusals, refusedAt } = tally;
  const refused = (Object.keys(countedLimits) as LimitName[]).filter((limit) => refusals[limit] > 0);
  return {
    version,
    pid: process.pid,
    at,
    startedAt,
    unready: unready ?? null,
    listeners,
    certificates,
    now: now === undefined ? null : { ...now, sessions: Object.fromEntries(now.sessions) },
    commits: { count: commits, lastMs: lastCommitMs ?? null, meanMs: commits === 0 ? null : commitMs / commits },
    storeOpenings: tally.storeOpenings,
    log: logFile === undefined ? null : await logOf(logFile),
    loginsFailed: Object.fromEntries(tally.loginsFailed),
    streamErrors: Object.fromEntries(tally.streamErrors),
    refusals: refused
      .map((limit) => ({ limit, what: countedLimits[limit], count: refusals[limit], lastAt: refusedAt[limit] }))
      .toSorted((a, b) => b.lastAt - a.lastAt),
    memoryBytes: used.residentBytes,
    busy: used.loopBusy,
  };
}

/** null where the file cannot be looked at. */
async function logOf(file: string): Promise<StatusLog | null> {
  try {
    const [{ size }, wal, { bavail, bsize }] = await Promise.all([stat(file), stat(`${file}-wal`).catch(() => undefined), statfs(dirname(file))]);
    return { file, fileBytes: size, walBytes: wal?.size ?? 0, freeBytes: bavail * bsize };
  } catch {
    return null;
  }
}
