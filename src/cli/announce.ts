import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import { withFolderOptions } from "./options.ts";
import { withServer } from "./running-server.ts";
import { print } from "./terminal.ts";

export function addAnnounce(program: Command): void {
  withFolderOptions(program.command("announce").description("tell something to everybody who is online").argument("<TEXT>", "what"))
    .addHelpText(
      "after",
      `
Who is not available now never sees it; \`refrain motd set\` is for everybody.

Example:
  refrain announce "the server is restarted at eight"`,
    )
    .action(async (text: string, flags: ConfigFlags) => {
      const told = await withServer(flags, "tell it to anybody", (server) => server.announce(text));
      print(`told to ${told === 1 ? "1 session" : `${told} sessions`}`);
    });
}
