/** For what can be asked of a running server alone. */
import { connectAdmin, type AdminClient } from "../admin/connect.ts";
import type { ConfigFlags } from "../config/load.ts";
import { liveClock } from "../live.ts";
import { load } from "./options.ts";
import { OperatorError } from "./terminal.ts";

/** Lends `use` the server of the data folder. Rejects with OperatorError where none runs, and with AdminError. `purpose`: what the command does. */
export async function withServer<Result>(flags: ConfigFlags, purpose: string, use: (server: AdminClient) => Promise<Result>): Promise<Result> {
  const { config } = load(flags);
  const server = await connectAdmin(config.dataDir, liveClock);
  if (server === undefined) {
    throw new OperatorError(`data folder ${config.dataDir}: no server runs on it to ${purpose}; start it, or name its folder with --data`);
  }
  return use(server).finally(() => server.close());
}
