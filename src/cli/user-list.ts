import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import { withAccounts } from "./admin-access.ts";
import { load, withFolderOptions } from "./options.ts";
import { print } from "./terminal.ts";

interface ListOptions extends Omit<ConfigFlags, "domain"> {
  readonly domain?: string;
  readonly disabled?: boolean;
  readonly json?: boolean;
}

export function addUserList(user: Command): void {
  withFolderOptions(user.command("list").description("list the accounts, a JID a line; what is disabled is marked"))
    .option("--domain <D>", "only those of one host")
    .option("--disabled", "only those that are disabled")
    .option("--json", "an array of JIDs as JSON")
    .addHelpText(
      "after",
      `
Examples:
  refrain user list
  refrain user list --disabled
  refrain user list --domain example.org --json`,
    )
    // Here --domain chooses among the hosts and configures none.
    .action(async ({ domain, disabled = false, json, ...flags }: ListOptions) => {
      const [jids, marked] = await withAccounts(load(flags), { makeFolder: false }, async (accounts) => {
        const marked = await accounts.userDisabled(domain);
        return [disabled ? marked : await accounts.userList(domain), new Set(disabled ? [] : marked)] as const;
      });
      if (json === true) print(JSON.stringify(jids, null, 2));
      else if (jids.length > 0) print(jids.map((jid) => (marked.has(jid) ? `${jid}  (disabled)` : jid)).join("\n"));
    });
}
