import type { Command } from "commander";
import { connectAdmin } from "../admin/connect.ts";
import type { ConfigFlags } from "../config/load.ts";
import type { SessionView } from "../domain/session-view.ts";
import { liveClock } from "../live.ts";
import { load, withFolderOptions } from "./options.ts";
import { note, print, table } from "./terminal.ts";

export function addSessions(program: Command): void {
  withFolderOptions(program.command("sessions").description("show the sessions of the running server"))
    .option("--json", "an array with every property of each session as JSON")
    .addHelpText(
      "after",
      `
A session without a full JID has not bound a resource yet; one with a presence is an available resource,
an interested one has asked for its roster. A session without a connection waits for its client to come back.

Examples:
  refrain sessions
  refrain sessions --json | jq -r '.[] | select(.presence) | .full_jid'`,
    )
    .action(async ({ json, ...flags }: ConfigFlags & { json?: boolean }) => {
      const { config } = load(flags);
      const client = await connectAdmin(config.dataDir, liveClock);
      if (client === undefined) {
        note(`no sessions: no server runs on the data folder ${config.dataDir}; start it, or name its folder with --data`);
      }
      const sessions = client === undefined ? [] : await Promise.resolve(client.sessions()).finally(() => client.close());
      if (json === true) print(JSON.stringify(sessions, null, 2));
      else if (sessions.length > 0) print(table(columns, sessions.map(toRow)));
      else if (client !== undefined) print("no sessions");
    });
}

const columns = ["ID", "TYPE", "STATE", "JID", "PRIORITY", "PRESENCE", "INTERESTED", "ROSTER", "CONNECTION", "TLS", "SINCE"];

function toRow(session: SessionView): readonly string[] {
  const { conn, roster } = session;
  return [
    session.id,
    session.type ?? "-",
    session.notopen ? `${session.state} (notopen)` : session.state,
    session.full_jid ?? (session.username === null ? (session.host ?? "-") : `${session.username}@${session.host}`),
    String(session.priority),
    session.presence === null ? "-" : "available",
    session.interested === true ? "yes" : "-",
    roster === null ? "-" : `${roster.items} (${roster.version})`,
    conn === null ? "-" : `${conn.transport} ${conn.address}`,
    conn?.secure ?? "-",
    conn === null ? "-" : new Date(conn.since).toISOString(),
  ];
}
