/** Standard input as a file, for what has to be read more than once. */
import { rmSync } from "node:fs";
import { mkdtemp, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OperatorError } from "./terminal.ts";

/** All of it, in a file of which nothing is left when this process ends. */
export async function spoolInput(): Promise<string> {
  try {
    const folder = await mkdtemp(join(tmpdir(), "refrain-import-"));
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, "input");
    const handle = await open(file, "wx", 0o600);
    for await (const chunk of process.stdin) await handle.appendFile(chunk as Buffer);
    await handle.close();
    return file;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new OperatorError(`standard input: it cannot be kept in ${tmpdir()} (${code ?? String(error)}); name a folder with room in TMPDIR, or import a file`);
  }
}
