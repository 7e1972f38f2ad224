import type { Command } from "commander";
import { addExplainMessage } from "./explain-message.ts";
import { addExplainPresence } from "./explain-presence.ts";
import { addExplainSession } from "./explain-session.ts";

/** Commands that say why something is as it is. */
export function addExplain(program: Command): void {
  const explain = program
    .command("explain")
    .description("say why something is as it is, and by which rule")
    .addHelpText(
      "after",
      `
Examples:
  refrain explain presence romeo@localhost juliet@localhost
  refrain explain message m1 --to juliet@localhost
  refrain explain session romeo@localhost/phone`,
    );
  addExplainPresence(explain);
  addExplainMessage(explain);
  addExplainSession(explain);
}
