/** The command line of the simulation. */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { accessSync, constants, mkdirSync, mkdtempSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CaseError } from "./case-file.ts";
import { replayCase, runSeeds, type Flags } from "./run.ts";
import type { Place } from "./playing-child.ts";

const seedMax = 2 ** 32 - 1;

export interface SimulateParts {
  readonly place: Place;
  /** Given the lines of standard output. */
  readonly print: (line: string) => void;
  /** Aborted, the run ends its children and prints what it has. */
  readonly stop: AbortSignal;
}

/** The answer is the exit status. */
export async function simulate(args: readonly string[], { place, print, stop }: SimulateParts): Promise<number> {
  let status = 0;
  const command = new Command("npm run simulate --")
    .description("Plays whole worlds in simulated time: refrain and its clients, networks that fail, a disk that fails; and checks that every rule holds.")
    .option("--seeds <N>", "how many worlds", whole(1, seedMax))
    .option("--seed <S>", "one world: that of this seed", whole(0, seedMax))
    .option("--room <N>", "other worlds: one room with so many people in it, with faults while they enter, speak and leave", whole(2, 1_000))
    .option("--minutes <M>", "as many worlds as fit into so many minutes of real time", positive)
    .option("--from <S>", "the first seed", whole(0, seedMax), 1)
    .option("--jobs <N>", "how many processes play", whole(1, 256), availableParallelism())
    .option("--keep-going", "also after a world in which a rule is broken; in the end one world for each rule is made smaller")
    .option("--deadline <S>", "seconds of real time, after which a world that has not come to its end counts as broken; with --room one more for each of them", positive, 60)
    .option("--minimise <S>", "seconds for making a broken world smaller, at most; 0 leaves it as it is, and saves it so", notNegative, 120)
    .option("--save <DIR>", "folder for the saved cases (default: a new one for temporary files, if there is something to save)")
    .option("--replay <FILE>", "plays a saved case, and nothing else")
    .option("--json", "prints one JSON object instead of lines for people")
    .addHelpText("after", help)
    .configureOutput({ writeOut: (text) => print(text.trimEnd()) })
    .exitOverride()
    .action(async (flags: Flags) => {
      const given = (["seeds", "seed", "minutes", "replay"] as const).filter((name) => flags[name] !== undefined);
      const wrong = (text: string): never => command.error(`error: ${text}`);
      if (given.length > 1 && given.join() !== "seeds,minutes") {
        wrong(`--${given.join(" and --")} exclude each other; choose one`);
      }
      if (flags.replay !== undefined && flags.save !== undefined) wrong("--save: a case that is replayed is saved already; leave it out");
      const unwritable = flags.save === undefined ? undefined : whyUnwritable(resolve(flags.save));
      if (unwritable !== undefined) wrong(`--save: ${flags.save} cannot be written into (${unwritable}); name another folder`);
      let made: string | undefined;
      const folder = (): string => (flags.save === undefined ? (made ??= mkdtempSync(join(tmpdir(), "refrain-simulate-"))) : resolve(flags.save));
      const parts = { flags, place, print, stop, folder };
      try {
        status = await (flags.replay === undefined ? runSeeds(parts) : replayCase(flags.replay, parts));
      } catch (error) {
        if (error instanceof CaseError) wrong(`--replay: ${error.message}`);
        throw error;
      }
    });
  try {
    await command.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
  return status;
}

/** Makes the folder. A long run is not to end in vain. */
function whyUnwritable(folder: string): string | undefined {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

const help = `
What happens: each seed makes a world, in which accounts with their devices log in, talk, change presence and contacts, lose their links and
resume, and sometimes do what none may; links are cut or fall silent, the server is stopped and killed, its disk fails. The server is the real
one; only its clock, network and disk are simulated, so that minutes take milliseconds and the same seed always comes to the same. After
every step, and at the end when everybody has come to rest, it is checked that every rule holds.

The first world in which a rule is broken ends the run (unless --keep-going). It is made smaller: happenings, accounts and devices are left
out, delays made constant, times and numbers small, as long as the same rule is broken. What is left is printed and saved, to be played again
with --replay. A world that ends its process or never ends is broken too. Copied to test/simulation/cases, a case is played by \`npm test\`.

Without --seeds, --seed, --minutes or --replay: 100 worlds. Seeds are 1, 2, 3 …; --from goes where no run was before.

The last line reads like: seeds 10000 client-hours 1234.5 problems 0 digest 00e1d5c0a7b3f924
The digest is of everything that was said in these worlds: two runs of the same seeds have the same.
Ctrl-C prints what there is so far, and how to go on. Exit status: 0 all is well, 1 a rule is broken, 2 called wrongly, 130 ended by Ctrl-C.

Examples:
  npm run simulate -- --seeds 10000 --jobs 2
  npm run simulate -- --minutes 10 --from 1000000 --keep-going --save ./broken
  npm run simulate -- --seed 1234
  npm run simulate -- --room 1000 --seeds 3
  npm run simulate -- --replay ./broken/seed-1234-nothing-is-lost.json`;

function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}.`);
  };
}

function positive(text: string): number {
  const value = notNegative(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("expected a number above 0.");
}

function notNegative(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a number, 0 or above.");
}
