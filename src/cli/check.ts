import type { Command } from "commander";
import { UsageError } from "./terminal.ts";

/** As they are asked for by name. */
export const machineNames = ["client-session", "subscription", "room", "bosh"] as const;
/** What the first is called where nothing else has a session. */
const otherNames: Readonly<Record<string, string>> = { session: "client-session" };
/** As a shell says it of a process that Ctrl-C ended. */
const exitInterrupted = 130;

interface CheckFlags {
  readonly machine?: string;
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
    .option("--machine <NAME>", `only this one: ${machineNames[0]} (or: session), ${machineNames.slice(1).join(", ")}`)
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
Ctrl-C prints what there is so far. Exit status: 0 all holds, 1 a rule is broken, 2 called wrongly, 130 ended by Ctrl-C. In your own
tests: checkMachine of refrain/testing, also for a machine that you changed.

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
      const name = machine === undefined ? undefined : machineOf(machine);
      const { checkMachines, shippedModels } = await import("./check-machines.ts");
      const models = shippedModels.filter((model) => name === undefined || model.name === name);
      const asked = { runs: runsAsked ?? runsByDefault, seed: seedAsked, save, force: force === true, json: json === true };
      const isDone = await untilInterrupted((stop) => checkMachines(models, { ...asked, stop }));
      if (!isDone) process.exitCode = exitInterrupted;
    });
}

function machineOf(asked: string): string {
  const name = Object.hasOwn(otherNames, asked) ? otherNames[asked] : machineNames.find((name) => name === asked);
  if (name === undefined) throw new UsageError(`--machine: expected ${machineNames.join(" or ")}, got ${JSON.stringify(asked)}`);
  return name;
}

/** The first Ctrl-C asks for what there is, the second does not wait for it. */
async function untilInterrupted<Result>(use: (stop: AbortSignal) => Promise<Result>): Promise<Result> {
  const stop = new AbortController();
  const interrupt = (): void => (stop.signal.aborted ? process.exit(exitInterrupted) : stop.abort());
  process.on("SIGINT", interrupt);
  try {
    return await use(stop.signal);
  } finally {
    process.off("SIGINT", interrupt);
  }
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
