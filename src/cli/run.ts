/** Runs a command line and tells its exit status: 0 done, 1 failed, 2 called wrongly. */
import { type Command, CommanderError } from "commander";
import { exitOk, exitUsage, OperatorError, reportError } from "./terminal.ts";

export async function run(program: Command, argv: readonly string[]): Promise<number> {
  let outputStatus = exitOk;
  // Errors of standard error have nowhere to be told. A server goes on without either.
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // `refrain user list | head -1`: whoever read the output has read enough.
    if (error.code === "EPIPE" || outputStatus !== exitOk) return;
    const fix = "free room on its disk, or send it elsewhere";
    outputStatus = reportError(new OperatorError(`standard output: cannot be written (${error.code ?? error.message}); ${fix}`));
  });
  const status = await statusOf(program, argv);
  await written(process.stdout);
  return status === exitOk ? outputStatus : status;
}

async function statusOf(program: Command, argv: readonly string[]): Promise<number> {
  try {
    await program.parseAsync(argv);
    return Number(process.exitCode ?? exitOk);
  } catch (error) {
    // Commander has said what it had to say; --help and --version come this way, with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitOk : exitUsage;
    return reportError(error);
  }
}

/** Resolves when what was written to the stream before is with the system, or has failed. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}
