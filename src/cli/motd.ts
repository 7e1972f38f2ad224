import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import { withFolderOptions } from "./options.ts";
import { withServer } from "./running-server.ts";
import { note, print } from "./terminal.ts";

export function addMotd(program: Command): void {
  const motd = program
    .command("motd")
    .description("show, set and delete the message of the day of the running server")
    .addHelpText(
      "after",
      `
Everybody is shown it once: who is available at once, others with their next login.

Examples:
  refrain motd show
  refrain motd set "be kind"
  refrain motd set --edit "be kind, and brief"
  refrain motd delete`,
    );
  withFolderOptions(motd.command("show").description("show it")).action(async (flags: ConfigFlags) => {
    const text = await withServer(flags, "have a message of the day", (server) => server.motd());
    if (text === null) note("there is no message of the day");
    else print(text);
  });
  withFolderOptions(motd.command("set").description("set it").argument("<TEXT>", "what"))
    .option("--edit", "other words for the same: who has seen it is not shown it again")
    .action(async (text: string, { edit = false, ...flags }: ConfigFlags & { edit?: boolean }) => {
      await withServer(flags, "show it", (server) => server.motdSet(text, edit));
      print("set the message of the day");
    });
  withFolderOptions(motd.command("delete").description("delete it")).action(async (flags: ConfigFlags) => {
    const had = await withServer(flags, "have a message of the day", async (server) => {
      const before = await server.motd();
      await server.motdDelete();
      return before !== null;
    });
    print(had ? "deleted the message of the day" : "there was no message of the day");
  });
}
