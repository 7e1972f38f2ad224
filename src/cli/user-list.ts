import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import { withAccounts } from "./admin-access.ts";
import { load, withFolderOptions } from "./options.ts";
import { print } from "./terminal.ts";

interface ListOptions extends Omit<ConfigFlags, "domain"> {
  readonly domain?: string;
  readonly json?: boolean;
}

export function addUserList(user: Command): void {
  withFolderOptions(user.command("list").description("list the accounts, a JID a line"))
    .option("--domain <D>", "only those of one host")
    .option("--json", "an array of JIDs as JSON")
    .addHelpText(
      "after",
      `
Examples:
  refrain user list
  refrain user list --domain example.org --json`,
    )
    // Here --domain chooses among the hosts and configures none.
    .action(async ({ domain, json, ...flags }: ListOptions) => {
      const jids = await withAccounts(load(flags), { makeFolder: false }, (accounts) => accounts.userList(domain));
      if (json === true) print(JSON.stringify(jids, null, 2));
      else if (jids.length > 0) print(jids.join("\n"));
    });
}
