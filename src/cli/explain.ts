import type { Command } from "commander";
import { addExplainPresence } from "./explain-presence.ts";

/** Commands that say why something is as it is. */
export function addExplain(program: Command): void {
  const explain = program
    .command("explain")
    .description("say why something is as it is, and by which rule")
    .addHelpText(
      "after",
      `
Examples:
  refrain explain presence romeo@localhost juliet@localhost`,
    );
  addExplainPresence(explain);
}
