import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import { withAccounts } from "./admin-access.ts";
import { load, withFolderOptions } from "./options.ts";
import { print } from "./terminal.ts";

export function addUserDelete(user: Command): void {
  withFolderOptions(user.command("delete").description("delete an account and end its sessions").argument("<JID>", "the account"))
    .addHelpText(
      "after",
      `
It is not asked again, and there is no way back.

Example:
  refrain user delete romeo@localhost`,
    )
    .action(async (jid: string, options: ConfigFlags) => {
      const deleted = await withAccounts(load(options), { makeFolder: false }, (accounts) => accounts.userDelete(jid));
      print(`deleted ${deleted}`);
    });
}
