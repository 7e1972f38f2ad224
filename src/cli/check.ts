import { type Command, Option } from "commander";
import { UsageError } from "./terminal.ts";

/** As they are asked for by name. */
export const machineNames = ["client-session", "subscription"] as const;
export type MachineName = (typeof machineNames)[number];

interface CheckFlags {
  readonly machine?: MachineName;
  readonly runs?: string;
  readonly seed?: string;
  readonly save?: string;
  readonly force?: boolean;
  readonly replay?: string;
  readonly json?: boolean;
}

export function addCheck(program: Command): void {
  program
    .command("check")
    .description("hold the state machines of this release against their rules, in everything that can be told to them")
    .addOption(new Option("--machine <NAME>", "only this one").choices(machineNames))
    .option("--runs <N>", "generated scripts for each machine; 0: none (default: 2000)")
    .option("--seed <S>", "make the same scripts again (default: others each time)")
    .option("--save <DIR>", "write the verdict, and a case for each failure, into this folder")
    .option("--force", "replace files that are there already")
    .option("--replay <FILE>", "tell the machine once more what a saved case tells it")
    .option("--json", "everything as JSON")
    .addHelpText(
      "after",
      `
Needs neither server nor data folder. Each machine is looked at in two ways. Exhaustively: every state that it can reach, and every event
that could be told there, with the values that its guards can tell apart. Then by scripts, lives made up event by event, most of which lead
on, and one event in twenty such as no host tells. Rules with their sections are held against every step; a script that breaks one is made
as short as it can be, and shown as a conversation and as a sequence diagram (Mermaid).
Coverage is part of the verdict: it fails if a transition is never taken, or a state has no way to the end.

A case of --save is NAME-SEED.json (NAME-states.json where no script was needed), which --replay takes; the same for people is beside it,
as .md.
The exit status is 1 if a rule is broken. In your own tests: checkMachine of refrain/testing, also for a machine that you changed.

Examples:
  refrain check
  refrain check --machine client-session --runs 100000
  refrain check --seed 42 --save cases
  refrain check --replay cases/client-session-42.json
  refrain check --json | jq '.verdicts[].coverage.pairs'`,
    )
    .action(async ({ machine, runs, seed, save, force, replay, json }: CheckFlags) => {
      if (force === true && save === undefined) throw new UsageError("--force: is for --save; name a folder with --save DIR");
      if (replay !== undefined) {
        const other = Object.entries({ machine, runs, seed, save }).find(([, value]) => value !== undefined)?.[0];
        if (other !== undefined) throw new UsageError(`--${other}: a case that is replayed says itself what is run; leave it out`);
        const { replayCase } = await import("./check-replay.ts");
        return replayCase(replay, { json: json === true });
      }
      const [runsAsked, seedAsked] = [numberOf("--runs", runs, 0, runsMax), numberOf("--seed", seed, -(2 ** 31), 2 ** 31 - 1)];
      const { checkMachines, shippedModels } = await import("./check-machines.ts");
      const models = shippedModels.filter(({ name }) => machine === undefined || name === machine);
      await checkMachines(models, { runs: runsAsked ?? runsByDefault, seed: seedAsked, save, force: force === true, json: json === true });
    });
}

const runsByDefault = 2_000;
/** Some hours. */
const runsMax = 100_000_000;

function numberOf(option: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const number = /^-?\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= min && number <= max)) throw new UsageError(`${option}: expected a whole number from ${min} to ${max}, got ${JSON.stringify(text)}`);
  return number;
}
