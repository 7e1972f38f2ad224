/** How a running server is, for who is called at night: what is told of it, and what of that is wrong. */
import { uncommittedBytesMax } from "./limits.ts";

export interface ServerStatus {
  readonly version: string;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly startedAt: number;
  /** Why clients are sent away now; null if they are not. */
  readonly unready: string | null;
  readonly listeners: readonly { readonly name: string; readonly address: string; readonly port: number }[];
  /** `until`: ms since 1970. */
  readonly certificates: readonly { readonly host: string; readonly until: number; readonly selfSigned: boolean; readonly namesHost: boolean }[];
  /** null while the store is being opened again. */
  readonly now: StatusNow | null;
  readonly commits: {
    readonly count: number;
    /** Milliseconds; null before the first. */
    readonly lastMs: number | null;
    readonly meanMs: number | null;
  };
  /** Times that the store was opened: each but the first followed a failure. */
  readonly storeOpenings: number;
  /** null where it is in memory alone. */
  readonly log: StatusLog | null;
  /** Failed logins, and streams closed with an error, by reason, since the start. */
  readonly loginsFailed: Readonly<Record<string, number>>;
  readonly streamErrors: Readonly<Record<string, number>>;
  /** What limits have refused since the start, the last first. `lastAt`: ms since 1970. */
  readonly refusals: readonly { readonly limit: string; readonly what: string; readonly count: number; readonly lastAt: number }[];
  readonly memoryBytes: number;
  /** Of the time since the last look at it that the event loop was busy, 0 to 1. */
  readonly busy: number;
}

export interface StatusNow {
  /** By the state of their machine. */
  readonly sessions: Readonly<Record<string, number>>;
  readonly rooms: number;
  readonly occupants: number;
  /** Stanzas that wait for clients to acknowledge them: in all, and the longest queue. */
  readonly queued: number;
  readonly queuedMost: number;
  /** Of facts that are not on the disk yet. */
  readonly uncommittedBytes: number;
  /** External components that are connected, and the domains of those that are not. */
  readonly components: number;
  readonly componentsAway: readonly string[];
}

export interface StatusLog {
  readonly file: string;
  readonly fileBytes: number;
  readonly walBytes: number;
  /** Free on its disk. */
  readonly freeBytes: number;
}

export interface StatusProblem {
  /** `failing`: clients are not served as they should be. `warning`: soon, or some of them. */
  readonly level: "failing" | "warning";
  readonly text: string;
}

const day = 86_400_000;
/** A certificate that ends so soon, a commit that took so long, a disk that has so little. */
const certificateMs = 14 * day;
const slowCommitMs = 1_000;
const fullDiskBytes = 64 * 1_048_576;
const nearlyFullDiskBytes = 1_024 * 1_048_576;

/** What is wrong, failing things first. */
export function problemsOf(status: ServerStatus): readonly StatusProblem[] {
  const { at, unready, certificates, now, commits, storeOpenings, log } = status;
  const found: StatusProblem[] = [];
  const add = (level: StatusProblem["level"], text: string): void => void found.push({ level, text });
  if (unready !== null) add("failing", `clients are sent away: ${unready}`);
  for (const { host, until, namesHost } of certificates) {
    const ends = new Date(until).toISOString();
    if (until <= at) add("failing", `the certificate of ${host} ended at ${ends}: put another in its place, it is taken within a minute`);
    else if (until - at < certificateMs) add("warning", `the certificate of ${host} ends at ${ends}`);
    if (!namesHost) add("warning", `the certificate of ${host} does not name it: clients refuse it`);
  }
  if (log !== null && log.freeBytes < fullDiskBytes) add("failing", `the disk of ${log.file} is full: ${log.freeBytes} bytes are free`);
  else if (log !== null && log.freeBytes < nearlyFullDiskBytes) add("warning", `the disk of ${log.file} is nearly full: ${log.freeBytes} bytes are free`);
  if (now !== null && now.uncommittedBytes > uncommittedBytesMax) add("failing", `${now.uncommittedBytes} bytes wait for the disk: nothing is read from clients until they are there; look at the disk`);
  for (const domain of now?.componentsAway ?? []) add("warning", `the external component ${domain} is not connected: who writes to it is told so`);
  if (commits.lastMs !== null && commits.lastMs > slowCommitMs) add("warning", `the last commit took ${Math.round(commits.lastMs)} ms: look at the disk`);
  if (storeOpenings > 1) add("warning", `the store has failed since the start, and was opened ${storeOpenings - 1} more time(s): see the server's log`);
  return found.toSorted((a, b) => Number(a.level === "warning") - Number(b.level === "warning"));
}
