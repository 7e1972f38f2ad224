import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import { compactFile } from "../log/sqlite/compact.ts";
import { withFolderOptions } from "./options.ts";
import { bytesText } from "./sizes.ts";
import { stoppedStore } from "./stopped-store.ts";
import { note, print } from "./terminal.ts";
import { statSync } from "node:fs";

/** A file of this size takes some seconds. */
const announcedBytes = 256 * 1024 * 1024;

export function addLogCompact(log: Command): void {
  withFolderOptions(log.command("compact").description("give free room in the log's file back to the disk, while no server runs"))
    .addHelpText(
      "after",
      `
What is erased, compacted or forgotten leaves free room in the file, which new facts fill: a server needs this only after much was
deleted. The disk needs as much free room as is in use in the file. If it is broken off, the file is as it was.
\`refrain log stats\` shows how much is free.

Examples:
  refrain log compact
  refrain log compact --data /var/lib/refrain`,
    )
    .action(async (flags: ConfigFlags) => {
      const { file, open } = await stoppedStore(flags, "compact its log");
      const { size } = statSync(file);
      if (size >= announcedBytes) note(`${file}: ${bytesText(size)} are being written anew …`);
      const { before, after } = compactFile(open, file);
      print(`${file}: ${bytesText(before)} before, ${bytesText(after)} now`);
    });
}
