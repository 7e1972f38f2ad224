import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import type { LogStats, Size } from "../ports.ts";
import { withAccounts } from "./admin-access.ts";
import { load, withFolderOptions } from "./options.ts";
import { bytesText, countText } from "./sizes.ts";
import { mustBeShort } from "./stopped-store.ts";
import { print, table } from "./terminal.ts";

export function addLogStats(log: Command): void {
  withFolderOptions(log.command("stats").description("show how much room the log takes, by kind"))
    .option("--json", "all figures as one object, in bytes")
    .addHelpText(
      "after",
      `
facts are the log itself, by type; contents are what people wrote, while something needs it: offline messages, and what waits to be
acknowledged; read models are made from the facts; secrets are stored keys. Their bytes are those of the values alone, the file's
are what the disk has given. What is deleted in the file is free room in it, and is filled before the file grows: it shrinks only by
\`refrain log compact\`, while no server runs. How long ended sessions are kept is \`[history]\` in the configuration.
A running server answers while it works; of a large log that takes some seconds, in which what others write
has to wait, and above 2 GiB it is refused: the server has to be stopped for it then.

Examples:
  refrain log stats
  refrain log stats --json | jq '.facts[] | select(.bytes > 1000000)'`,
    )
    .action(async ({ json, ...flags }: ConfigFlags & { json?: boolean }) => {
      const loaded = load(flags);
      const stats = await withAccounts(loaded, { makeFolder: false }, (admin, { running }) => {
        if (running) mustBeShort(loaded.config, "look at all of it");
        return admin.logStats();
      });
      print(json === true ? JSON.stringify(stats, null, 2) : statsText(stats));
    });
}

/** For people. */
export function statsText(stats: LogStats): string {
  const parts: readonly (readonly [string, readonly Size[]])[] = [
    ["facts", stats.facts],
    ["contents", stats.contents],
    ["read models", stats.projections],
    ["secrets", [stats.secrets]],
  ];
  const all: readonly Size[] = parts.flatMap(([, sizes]) => sizes);
  const rows = parts.flatMap(([kind, sizes]) => {
    if (kind === "secrets") return [row(kind, stats.secrets)];
    return [row(kind, sum(sizes)), ...sizes.map((size) => row(`  ${size.name}`, size))];
  });
  const { fileBytes, walBytes, freeBytes, lastPosition } = stats;
  const file = [
    ["file", "", bytesText(fileBytes)],
    ["  free in it", "", bytesText(freeBytes)],
    ["write-ahead log", "", bytesText(walBytes)],
  ];
  return [
    aligned(["KIND", "COUNT", "BYTES"], [...rows, row("all values", sum(all)), ...file]),
    `last position ${countText(lastPosition)}`,
  ].join("\n");
}

function row(name: string, { count, bytes }: Pick<Size, "count" | "bytes">): readonly [string, string, string] {
  return [name, countText(count), bytesText(bytes)];
}

function sum(sizes: readonly Size[]): Pick<Size, "count" | "bytes"> {
  return { count: sizes.reduce((total, { count }) => total + count, 0), bytes: sizes.reduce((total, { bytes }) => total + bytes, 0) };
}

/** Figures are read from their ends. */
function aligned(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((cells) => cells[column]?.length ?? 0)));
  const toEnd = (cells: readonly string[]) => cells.map((cell, column) => (column === 0 ? cell : cell.padStart(widths[column] ?? 0)));
  return table(toEnd(header), rows.map(toEnd));
}
