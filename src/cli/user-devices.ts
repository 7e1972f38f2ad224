import type { Command } from "commander";
import type { DeviceView } from "../admin/api.ts";
import type { ConfigFlags } from "../config/load.ts";
import { withAccounts } from "./admin-access.ts";
import { load, withFolderOptions } from "./options.ts";
import { print } from "./terminal.ts";

interface DevicesOptions extends ConfigFlags {
  readonly revoke?: string;
  readonly json?: boolean;
}

export function addUserDevices(user: Command): void {
  withFolderOptions(user.command("devices").description("list the devices that log in to an account without its password, or take that from one").argument("<JID>", "the account"))
    .option("--revoke <ID>", "the device needs the password again, and its sessions end; ID may be the beginning of one")
    .option("--json", "an array of devices as JSON; times are milliseconds since 1970")
    .addHelpText(
      "after",
      `
Clients that know XEP-0484 are given a token for each device at their first login. Another password takes all of them back, and so does
\`refrain user disable\`. What a device is called is what its client says. When it was seen
is recorded once a day, and with each new token.

Examples:
  refrain user devices romeo@localhost
  refrain user devices romeo@localhost --revoke 8f3c`,
    )
    .action(async (jid: string, { revoke, json, ...flags }: DevicesOptions) => {
      const config = load(flags);
      if (revoke !== undefined) {
        const device = await withAccounts(config, { makeFolder: false }, (accounts) => accounts.userRevoke(jid, revoke));
        return print(`revoked ${device}`);
      }
      const devices = await withAccounts(config, { makeFolder: false }, (accounts) => accounts.userDevices(jid));
      if (json === true) print(JSON.stringify(devices, null, 2));
      else if (devices.length > 0) print(devices.map(lineOf).join("\n"));
    });
}

function lineOf({ id, software, label, seenAt, expiresAt, online }: DeviceView): string {
  const name = [software, label].filter((text) => text !== null).join(", ") || "unnamed";
  const seen = online === true ? "online" : `seen ${minuteOf(seenAt)} UTC`;
  return `${id}  ${name}  ${seen}  until ${dateOf(expiresAt)}`;
}

const minuteOf = (at: number): string => new Date(at).toISOString().slice(0, 16).replace("T", " ");
const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
