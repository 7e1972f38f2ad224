import type { Command } from "commander";
import { isAbsolute, relative, sep } from "node:path";
import type { ConfigFlags } from "../config/load.ts";
import { type AccountsPlace, withAccounts } from "./admin-access.ts";
import { load, withFolderOptions } from "./options.ts";
import { type PasswordOptions, readPassword } from "./password.ts";
import { print } from "./terminal.ts";

export function addUserAdd(user: Command): void {
  withPasswordOptions(user.command("add").description("create an account"))
    .argument("<JID>", "the account, such as romeo@localhost")
    .addHelpText(
      "after",
      `
Without an option the password is asked for, unseen and twice.

Examples:
  refrain user add romeo@localhost
  refrain user add juliet@example.org --data /var/lib/refrain --password-stdin < password.txt`,
    )
    .action(async (jid: string, options: ConfigFlags & PasswordOptions) => {
      const loaded = load(options);
      const password = await readPassword(options, jid);
      await withAccounts(loaded, { makeFolder: true }, async (accounts, place) => {
        const added = await accounts.userAdd(jid, password);
        print(`added ${added}${whereTo(loaded.config.dataDir, place)}`);
      });
    });
}

export function withPasswordOptions(command: Command): Command {
  return withFolderOptions(command)
    .option("--password <P>", "the password, which other users of this machine can see while the command runs")
    .option("--password-stdin", "read the password from standard input");
}

/** Without a server nothing else tells that the folder is another one than its. */
function whereTo(dataDir: string, { running, isNew }: AccountsPlace): string {
  if (running) return "";
  const inside = relative(process.cwd(), dataDir);
  const folder = inside.startsWith("..") || isAbsolute(inside) ? dataDir : inside === "" ? "." : `.${sep}${inside}`;
  return ` to ${folder} (${isNew ? "a new folder; " : ""}no server runs there)`;
}
