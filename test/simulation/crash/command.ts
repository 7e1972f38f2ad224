/** The command line of the crash run. */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Decisions } from "./decisions.ts";
import { evidence, lastLine, progressLine, summary } from "./report.ts";
import { namesOf, run, type Figures } from "./run.ts";
import { ServerProcess } from "./server-process.ts";

/** On what is no terminal, rounds between two lines of progress. */
const roundsPerLine = 10;
/** Milliseconds without anything new at the end, until what is missing counts as lost. */
const stillMs = 8_000;
/** Reports of the server while everybody talks, at most. */
const reportsMax = 30;

interface Flags {
  readonly rounds: number;
  readonly clients: number;
  readonly seed: number;
  readonly data?: string;
  readonly keep?: boolean;
  readonly untilTrouble?: boolean;
  readonly cutsOnly?: boolean;
}

/** `print` is given the lines of standard output. The answer is the exit status. */
export async function crash(args: readonly string[], print: (line: string) => void): Promise<number> {
  let status = 0;
  const command = new Command("npm run crash --")
    .description("Kills a running refrain again and again, and shows that its clients lose nothing.")
    .option("--rounds <N>", "how often the server is killed", whole(0, 1_000_000), 20)
    .option("--clients <N>", "how many clients talk to each other; each has up to 20 contacts", whole(2, 1_000), 20)
    .option("--seed <N>", "repeats what was decided by chance (default: another one each time, which is told)", whole(0, 2 ** 32 - 1))
    .option("--data <DIR>", "folder for the server's data and log, new or empty (default: one for temporary files)")
    .option("--keep", "leave that folder where it is; after a failure it stays anyway")
    .option("--until-trouble", "end with the first round in which something goes wrong")
    .option("--cuts-only", "cut links and let the server live: what then fails has nothing to do with recovery")
    .addHelpText("after", help)
    .exitOverride()
    .action(async (flags: Flags) => {
      const { data } = flags;
      if (data !== undefined && existsSync(data) && readdirSync(data).length > 0) {
        command.error(`error: --data: expected a new or empty folder, got ${data}, which has something in it; choose another`);
      }
      status = await play({ ...flags, seed: flags.seed ?? Math.floor(Math.random() * 1e9) }, print);
    });
  try {
    await command.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
  return status;
}

const help = `
What happens: accounts are made in a new data folder, \`refrain start\` runs as a process of its own, and clients log in over real sockets, become
each other's contacts and enable stream management (XEP-0198). They send each other numbered messages, change presence and roster, and
ask each other questions. In each round the server gets SIGKILL at a random moment, in about a third of them while clients are still
resuming; it starts again on the same data, clients come back and resume. Links are cut besides, some left open so that they look alive;
some clients stay away over several restarts; some acknowledge at once, some late, some forget what they had not handled.

Now and then, and at the end, the server is asked what it knows of its sessions, and in the end \`refrain replay\` has to show those sessions
so, at a position of the log from about that moment: every property, and the counts that server and client have told each other.

At the end, when everything has settled, it is killed once more. Then all of this must be 0:
  lost        was sent and has not come, whether the server had acknowledged it or not
  doubled     came again although the client had counted it
  disordered  came after something that the same sender had sent later
  flaps       a contact was told to be gone, or anew to be there, whose session only resumed
and these, which the last line names only when they are not:
  sessions    could not be resumed
  rosters     differ between the server, what its pushes say, and what the client asked for
  replay      a session's log does not give back what the live server said of the session
  faults      anything else: errors, broken counts, words of regret in the server's log, a server that ended by itself

The last line reads like: rounds 200 resumed 3812 lost 0 doubled 0 disordered 0 flaps 0
Exit status: 0 if all is 0, 1 if not (with the evidence: what both sides' clients saw, and their session ids for \`refrain log\`), 2 called wrongly.
The seed repeats decisions; the moments in which they fall are those of the machine.

Examples:
  npm run crash -- --rounds 200
  npm run crash -- --rounds 50 --clients 40 --seed 7
  npm run crash -- --until-trouble --data ./crash --rounds 1000`;

async function play(flags: Flags, print: (line: string) => void): Promise<number> {
  const folder = flags.data === undefined ? mkdtempSync(join(tmpdir(), "refrain-crash-")) : resolve(flags.data);
  const names = namesOf(flags.clients);
  const server = await ServerProcess.prepare(folder, names, new Decisions(flags.seed, "port"));
  print(`seed ${flags.seed}, ${flags.clients} clients, ${flags.rounds} rounds, everything in ${folder}`);
  const figures = await run({
    rounds: flags.rounds,
    reports: reportsMax,
    seed: flags.seed,
    names,
    server,
    kills: flags.cutsOnly !== true,
    untilTrouble: flags.untilTrouble === true,
    stillMs,
    onRound: (figures) => showProgress(figures, flags.rounds, print),
  });
  if (process.stderr.isTTY) process.stderr.write("\r\u001B[K");
  const proof = evidence(figures);
  if (proof !== undefined) print(`${proof}\n`);
  const failed = figures.troubles.total > 0 || figures.rounds < flags.rounds;
  print(summary(figures));
  if (failed) print(`everything is kept in ${folder}: \`refrain log SESSION --data ${server.dataDir}\`; the server's log is ${server.logFile}`);
  else if (flags.keep === true) print(`kept: ${folder}`);
  else rmSync(folder, { recursive: true });
  print(lastLine(figures));
  return failed ? 1 : 0;
}

/** One line that changes on a terminal; elsewhere one now and then. */
function showProgress(figures: Figures, of: number, print: (line: string) => void): void {
  const line = progressLine(figures, of);
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${line}`);
  else if (figures.rounds % roundsPerLine === 0) print(line);
}

function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}.`);
  };
}
