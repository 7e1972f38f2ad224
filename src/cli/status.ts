import type { Command } from "commander";
import { connectAdmin } from "../admin/connect.ts";
import type { ConfigFlags } from "../config/load.ts";
import { problemsOf, type ServerStatus, type StatusNow, type StatusProblem } from "../domain/server-status.ts";
import { liveClock } from "../live.ts";
import { load, withFolderOptions } from "./options.ts";
import { bytesText, countText } from "./sizes.ts";
import { note, print, style } from "./terminal.ts";

/** As service managers have it (LSB): the program is not running. */
export const exitNotRunning = 3;

export function addStatus(program: Command): void {
  withFolderOptions(program.command("status").description("show how the running server is, what fails first"))
    .option("--json", "everything as one object, with the problems found")
    .addHelpText(
      "after",
      `
Asks the running server alone, and nothing of its disk: it answers also while that hangs. Refusals are counted by limit since the start; /metrics
has the same numbers (refrain_refusals_total).

Exit status: 0 it runs and nothing fails, 1 something fails or it cannot be asked, 2 called wrongly, 3 it does not run. Warnings do not change it.

Examples:
  refrain status
  refrain status --json | jq '.problems'`,
    )
    .action(async ({ json, ...flags }: ConfigFlags & { json?: boolean }) => {
      const { config } = load(flags);
      const client = await connectAdmin(config.dataDir, liveClock);
      if (client === undefined) {
        process.exitCode = exitNotRunning;
        if (json === true) print(JSON.stringify({ running: false, dataDir: config.dataDir }, null, 2));
        else note(`not running: no server runs on the data folder ${config.dataDir}; start it with \`refrain start\`, or name its folder with --data`);
        return;
      }
      const status = await client.status().finally(() => client.close());
      const problems = problemsOf(status);
      if (problems.some(({ level }) => level === "failing")) process.exitCode = 1;
      print(json === true ? JSON.stringify({ running: true, problems, ...status }, null, 2) : statusText(status, problems));
    });
}

/** At most so many refusals are shown: one screen. */
const refusalsShown = 8;

/** One screen. */
export function statusText(status: ServerStatus, problems: readonly StatusProblem[] = problemsOf(status)): string {
  const { version, pid, at, startedAt, now, commits, log, storeOpenings, refusals } = status;
  const failing = problems.some(({ level }) => level === "failing");
  const rows: readonly (readonly [string, string])[] = [
    ["server", `refrain ${version}, pid ${pid}, up ${agoText(at - startedAt)}`],
    ["listeners", status.listeners.map(({ name, address, port }) => `${name} ${address}:${port}`).join(", ")],
    ...status.certificates.map(({ host, until, selfSigned }): [string, string] => ["certificate", `${host} until ${new Date(until).toISOString().slice(0, 10)}${selfSigned ? ", self-signed" : ""}`]),
    ["sessions", now === null ? "-" : totalText(now.sessions)],
    ["rooms", now === null ? "-" : `${countText(now.rooms)}, ${countText(now.occupants)} sessions in them`],
    ...(now === null || now.components + now.componentsAway.length === 0 ? [] : [["components", componentsText(now)] as const]),
    ["queues", now === null ? "-" : `${countText(now.queued)} stanzas wait for clients, ${countText(now.queuedMost)} for one at most; ${bytesText(now.uncommittedBytes)} for the disk`],
    ["commits", commits.lastMs === null || commits.meanMs === null ? "none yet" : `last ${msText(commits.lastMs)}, ${msText(commits.meanMs)} on average, ${countText(commits.count)} in all`],
    ["log", log === null ? "in memory" : `${bytesText(log.fileBytes)}, ${bytesText(log.walBytes)} ahead of it, ${bytesText(log.freeBytes)} free on its disk; ${storeOpenings > 1 ? `failed ${storeOpenings - 1} time(s)` : "has not failed"}`],
    ["process", `${bytesText(status.memoryBytes)} of memory, ${Math.round(status.busy * 100)} % busy`],
    ["failed logins", totalText(status.loginsFailed)],
    ["stream errors", totalText(status.streamErrors)],
    ...refusals.slice(0, refusalsShown).map(({ limit, what, count, lastAt }, index): [string, string] => [index === 0 ? "last refusals" : "", `${countText(count)} by ${limit}, the last ${agoText(at - lastAt)} ago: ${what}`]),
    ...(refusals.length > refusalsShown ? [["", `and ${refusals.length - refusalsShown} more limits; --json has all`] as const] : []),
    ...(refusals.length === 0 ? [["last refusals", "none"] as const] : []),
  ];
  return [
    failing ? style("31", "FAILING", process.stdout) : "running",
    ...problems.map(({ level, text }) => `  ${style(level === "failing" ? "31" : "33", level, process.stdout)}: ${visible(text)}`),
    "",
    ...rows.map(([name, text]) => `${name.padEnd(14)} ${visible(text)}`.trimEnd()),
  ].join("\n");
}

/** `12: connected 10, hibernating 2`. */
function totalText(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).toSorted(([, a], [, b]) => b - a);
  const total = entries.reduce((sum, [, count]) => sum + count, 0);
  return total === 0 ? "0" : `${countText(total)}: ${entries.map(([name, count]) => `${name} ${countText(count)}`).join(", ")}`;
}

function componentsText({ components, componentsAway }: StatusNow): string {
  const away = componentsAway.length === 0 ? "" : `; not connected: ${componentsAway.join(", ")}`;
  return `${components} of ${components + componentsAway.length}${away}`;
}

function msText(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** In the two largest units. */
function agoText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

function visible(text: string): string {
  return text.replaceAll(/\p{C}/gu, "\u{FFFD}");
}
