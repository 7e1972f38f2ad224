import type { Command } from "commander";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { ConfigFlags } from "../config/load.ts";
import { liveClock } from "../live.ts";
import type { Timer } from "../ports.ts";
import { withAccounts } from "./admin-access.ts";
import { load, withFolderOptions } from "./options.ts";
import { bytesText } from "./sizes.ts";
import { mustBeShort } from "./stopped-store.ts";
import { note, print } from "./terminal.ts";

const announceMs = 2_000;

export function addBackup(program: Command): void {
  withFolderOptions(program.command("backup").description("copy the database to one new file, while the server runs or not"))
    .argument("<FILE>", "a file that does not exist yet, in a folder of the server's machine")
    .addHelpText(
      "after",
      `
The copy is a whole database: accounts with their stored keys, rosters, waiting messages, sessions and their history, as they are at
one moment. It is for nobody but its owner (mode 600); keep it like a password file. The data folder also holds files that users have
uploaded (uploads/) and certificates that were made by the server itself, and the configuration may lie elsewhere: copy these by yourself.
While a running server copies its log its clients wait, about 10 seconds for each GiB: choose a quiet hour. A database above 2 GiB
is copied only while the server is stopped; \`refrain log compact\` may make it smaller.
The file has its name only once it is whole and on the disk.

Examples:
  refrain backup /var/backups/refrain-$(date +%F).db
  refrain log verify /var/backups/refrain-2026-11-23.db     whether it can be trusted
  refrain restore /var/backups/refrain-2026-11-23.db        back to it`,
    )
    .action(async (name: string, flags: ConfigFlags) => {
      const file = resolve(name);
      const announced = announce(`${file}: the copy is being written …`);
      try {
        const loaded = load(flags);
        await withAccounts(loaded, { makeFolder: false }, (admin, { running }) => {
          if (running) mustBeShort(loaded.config, "back it up");
          return admin.backup(file);
        });
      } finally {
        announced.cancel();
      }
      print(`${file}: ${bytesText(statSync(file).size)}`);
    });
}

/** Says what takes long, if it does. */
function announce(text: string): Timer {
  return liveClock.at(liveClock.now() + announceMs, () => note(text));
}
