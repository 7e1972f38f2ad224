import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import { withAccounts } from "./admin-access.ts";
import { load, withFolderOptions } from "./options.ts";
import { print } from "./terminal.ts";

export function addUserDisable(user: Command): void {
  withFolderOptions(user.command("disable").description("let nobody log in to an account, and end its sessions").argument("<JID>", "the account"))
    .addHelpText(
      "after",
      `
All that is kept of it stays, and messages to it wait as for a user who is not there. \`refrain user enable\` lets its user in again.

Example:
  refrain user disable romeo@localhost`,
    )
    .action(async (jid: string, options: ConfigFlags) => {
      const disabled = await withAccounts(load(options), { makeFolder: false }, (accounts) => accounts.userDisable(jid));
      print(`disabled ${disabled}`);
    });
}

export function addUserEnable(user: Command): void {
  withFolderOptions(user.command("enable").description("let the user of a disabled account log in again").argument("<JID>", "the account"))
    .addHelpText(
      "after",
      `
The password is the one that it had. An account that was not disabled stays as it is.

Example:
  refrain user enable romeo@localhost`,
    )
    .action(async (jid: string, options: ConfigFlags) => {
      const enabled = await withAccounts(load(options), { makeFolder: false }, (accounts) => accounts.userEnable(jid));
      print(`enabled ${enabled}`);
    });
}
