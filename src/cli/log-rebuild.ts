import type { Command } from "commander";
import type { ConfigFlags } from "../config/load.ts";
import { liveClock } from "../live.ts";
import type { Projection } from "../log/projection.ts";
import { projections } from "../log/projections/index.ts";
import { rebuildModels } from "../log/sqlite/rebuild.ts";
import { Progress } from "./export-progress.ts";
import { withFolderOptions } from "./options.ts";
import { countText } from "./sizes.ts";
import { breath, stoppedStore } from "./stopped-store.ts";
import { OperatorError, print, UsageError } from "./terminal.ts";

export function addLogRebuild(log: Command): void {
  withFolderOptions(log.command("rebuild").description("make the read models anew from the facts, while no server runs"))
    .option("--projection <NAME>", "only this one; may be repeated", (name: string, earlier: readonly string[] = []) => [...earlier, name])
    .addHelpText(
      "after",
      `
Read models are tables that the facts alone decide: ${projections.map(({ name }) => name).join(", ")}.
They are made beside the file first, which changes nothing; then what differs is replaced in one transaction, and told.
They are kept in step with every commit: if they differ, the file was damaged or changed by somebody else, so verify it as well.

Examples:
  refrain log rebuild
  refrain log rebuild --projection sessions
  refrain log verify`,
    )
    .action(async ({ projection: names, ...flags }: ConfigFlags & { projection?: readonly string[] }) => {
      const chosen = chosenOf(names);
      const { config, file, open } = await stoppedStore(flags, "rebuild the read models of its log");
      if (config.durability === "none") throw new OperatorError("durability: with none there is no log on a disk; set it to full");
      const progress = new Progress();
      const began = liveClock.now();
      try {
        const { facts, models } = await rebuildModels({
          open,
          file,
          durability: config.durability,
          projections: chosen,
          progress: async (done, total) => {
            const perSecond = Math.round((done * 1_000) / Math.max(1, liveClock.now() - began));
            progress.show(`${countText(done)} of ${countText(total)} facts, ${countText(perSecond)} a second`);
            await breath();
          },
        });
        progress.clear();
        for (const { name, rows, differences } of models) {
          const outcome = differences === 0 ? "all as the facts say" : `${countText(differences)} of them were wrong, missing or too many, and are mended`;
          print(`${name}: ${countText(rows)} ${rows === 1 ? "row" : "rows"}, ${outcome}`);
        }
        print(`made from ${countText(facts)} facts`);
      } finally {
        progress.clear();
      }
    });
}

/** All of them without a name. Throws UsageError. */
function chosenOf(names: readonly string[] | undefined): readonly Projection[] {
  if (names === undefined) return projections;
  const known = projections.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`--projection: expected one of ${known.join(", ")}, got ${JSON.stringify(unknown)}`);
  return projections.filter(({ name }) => names.includes(name));
}
