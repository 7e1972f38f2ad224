import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import { withAccounts } from "./admin-access.ts";
import { load } from "./options.ts";
import { type PasswordOptions, readPassword } from "./password.ts";
import { print } from "./terminal.ts";
import { withPasswordOptions } from "./user-add.ts";

export function addUserPasswd(user: Command): void {
  withPasswordOptions(user.command("passwd").description("set another password"))
    .argument("<JID>", "the account, such as romeo@localhost")
    .addHelpText(
      "after",
      `
Sessions that are open go on; the next login needs the new password.

Examples:
  refrain user passwd romeo@localhost
  pwgen 20 1 | tee new.txt | refrain user passwd romeo@localhost --password-stdin`,
    )
    .action(async (jid: string, options: ConfigFlags & PasswordOptions) => {
      const loaded = load(options);
      const password = await readPassword(options, jid);
      const changed = await withAccounts(loaded, { makeFolder: false }, (accounts) => accounts.userPasswd(jid, password));
      print(`changed the password of ${changed}`);
    });
}
