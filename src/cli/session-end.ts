import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import { withFolderOptions } from "./options.ts";
import { withServer } from "./running-server.ts";
import { print } from "./terminal.ts";

export function addSessionEnd(program: Command): void {
  const session = program.command("session").description("end sessions of the running server");
  withFolderOptions(session.command("end").description("end a session, or all of an account").argument("<JID>", "a full JID, or an account"))
    .addHelpText(
      "after",
      `
They cannot be resumed; their user may log in again (\`refrain user disable\` is against that).

Examples:
  refrain session end romeo@localhost/orchard
  refrain session end romeo@localhost`,
    )
    .action(async (jid: string, flags: ConfigFlags) => {
      const ended = await withServer(flags, "end sessions of", (server) => server.sessionsEnd(jid));
      print(`ended ${ended === 1 ? "1 session" : `${ended} sessions`}`);
    });
}
