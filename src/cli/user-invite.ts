import type { Command } from "commander";
import type { InvitationView } from "../admin/api.ts";
import type { ConfigFlags, LoadedConfig } from "../config/load.ts";
import { withAccounts } from "./admin-access.ts";
import { load, withFolderOptions } from "./options.ts";
import { OperatorError, print, UsageError, warn } from "./terminal.ts";

interface InviteOptions extends Omit<ConfigFlags, "domain"> {
  readonly domain?: string;
  readonly name?: string;
  readonly days?: string;
  readonly contact?: string;
  readonly revoke?: string;
  readonly json?: boolean;
}

export function addUserInvite(user: Command): void {
  withFolderOptions(user.command("invite").description("make a link by which somebody makes an account, once; or take one back"))
    .option("--name <NAME>", "the account's name, which is kept free; without it they choose")
    .option("--domain <D>", "the host of the account (default: that of --contact, or the first one)")
    .option("--days <N>", "how long the link is good, 1–365 (default: registration.invitationDays)")
    .option("--contact <JID>", "an account here that becomes a contact of the new one")
    .option("--revoke <ID>", "take an invitation back, by its id or the beginning of it")
    .option("--json", "all that is known of it as one object")
    .addHelpText(
      "after",
      `
Whoever has the link may use it: pass it on in confidence. It is shown once, and nowhere in the log. It works though registration.enabled
is false, as long as registration.invitations is not "nobody". The page is one of the HTTP listener; without a listener that
others reach, or listen.http.publicUrl, there is none.

Examples:
  refrain user invite --name juliet --contact romeo@localhost
  refrain user invite --days 1
  refrain user invite --revoke 4f2a9c1b`,
    )
    .action(async ({ domain, name, days, contact, revoke, json, ...flags }: InviteOptions) => {
      const [loaded, place] = [load(flags), { makeFolder: false }];
      if (revoke !== undefined) {
        const beside = Object.entries({ domain, name, days, contact, json }).find(([, given]) => given !== undefined);
        if (beside !== undefined) throw new UsageError(`--revoke: it takes an invitation back and makes none; leave out --${beside[0]}`);
        const id = await withAccounts(loaded, place, (accounts) => accounts.userUninvite(revoke));
        print(`took back invitation ${id}`);
        return;
      }
      const wish = {
        ...(domain !== undefined && { domain }),
        ...(name !== undefined && { name }),
        ...(days !== undefined && { days: daysOf(days) }),
        ...(contact !== undefined && { inviter: contact }),
      };
      const made = await withAccounts(loaded, place, (accounts) => accounts.userInvite(wish));
      if (made.inviter !== null && (await isDisabled(loaded, place, made.inviter))) warn(`${made.inviter} is disabled: the link lets nobody in until \`refrain user enable ${made.inviter}\``);
      if (json === true) return void print(JSON.stringify(made, null, 2));
      print([made.uri, ...(made.page === null ? [] : [made.page]), `invitation ${made.id}, good until ${time(made.expiresAt)}`].join("\n"));
    });
}

async function isDisabled(loaded: LoadedConfig, place: { readonly makeFolder: boolean }, jid: string): Promise<boolean> {
  const domain = jid.slice(jid.indexOf("@") + 1);
  return (await withAccounts(loaded, place, (accounts) => accounts.userDisabled(domain))).includes(jid);
}

export function addUserInvitations(user: Command): void {
  withFolderOptions(user.command("invitations").description("list the invitations, one a line, also those that are over for a while"))
    .option("--domain <D>", "only those of one host")
    .option("--json", "an array of objects as JSON")
    .addHelpText(
      "after",
      `
The links themselves are not kept.

Examples:
  refrain user invitations
  refrain user invitations --json`,
    )
    // Here --domain chooses among the hosts and configures none.
    .action(async ({ domain, json, ...flags }: Pick<InviteOptions, "domain" | "json"> & Omit<ConfigFlags, "domain">) => {
      const found = await withAccounts(load(flags), { makeFolder: false }, (accounts) => accounts.userInvitations(domain));
      if (json === true) print(JSON.stringify(found, null, 2));
      else if (found.length > 0) print(found.map(line).join("\n"));
    });
}

function line({ id, host, inviter, username, by, expiresAt, state }: InvitationView): string {
  const whom = username === null ? host : `${username}@${host}`;
  const what = { open: `good until ${time(expiresAt)}`, used: `used by ${by}`, revoked: "taken back", expired: `over since ${time(expiresAt)}` }[state];
  return `${id}  ${whom}, ${inviter === null ? "by the operator" : `for ${inviter}`}: ${what}`;
}

function daysOf(text: string): number {
  const days = Number(text);
  if (!/^\d{1,3}$/.test(text) || days < 1 || days > 365) throw new OperatorError(`--days ${text}: expected a number of days, 1–365`);
  return days;
}

function time(at: number): string {
  return new Date(at).toISOString();
}
