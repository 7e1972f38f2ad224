/** Runs a command line and tells its exit status: 0 done, 1 failed, 2 called wrongly. */
import { type Command, CommanderError } from "commander";
import { exitOk, exitUsage, reportError } from "./terminal.ts";

export async function run(program: Command, argv: readonly string[]): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreBrokenPipe);
  try {
    await program.parseAsync(argv);
    return Number(process.exitCode ?? exitOk);
  } catch (error) {
    // Commander has said what it had to say; --help and --version come this way, with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitOk : exitUsage;
    return reportError(error);
  }
}

/** `refrain user list | head -1`: whoever read the output has read enough. */
function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
