/** Where an export goes: a file for nobody but its owner, or standard output. */
import { type FileHandle, open, rename, unlink } from "node:fs/promises";
import { OperatorError, UsageError } from "./terminal.ts";

export interface ExportOutput {
  /** Resolves when more may come. */
  write(text: string): Promise<void>;
  /** All is written: from now on it is there under its name. */
  finish(): Promise<void>;
  /** Nothing of it is left. */
  discard(): Promise<void>;
}

/** `-` is standard output. Throws UsageError if there is such a file already and `force` is not given. */
export async function openExport(name: string, force: boolean): Promise<ExportOutput> {
  if (name === "-") return new StandardOutput();
  // With force the old file stays until the new one is whole, and its mode, which may be any, is not taken over.
  const written = force ? `${name}.${process.pid}.part` : name;
  try {
    return new FileOutput(await open(written, "wx", 0o600), written, name);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && !force) throw new UsageError(`${name}: is there already; name another file, or replace it with --force`);
    throw new UsageError(`${name}: cannot be written (${code ?? String(error)}); name another file`);
  }
}

/** Characters that are collected for one write. */
const writeCharsMin = 65_536;

class FileOutput implements ExportOutput {
  readonly #handle: FileHandle;
  readonly #written: string;
  readonly #name: string;
  #pending: string[] = [];
  #chars = 0;

  constructor(handle: FileHandle, written: string, name: string) {
    this.#handle = handle;
    this.#written = written;
    this.#name = name;
  }

  async write(text: string): Promise<void> {
    this.#pending.push(text);
    this.#chars += text.length;
    if (this.#chars >= writeCharsMin) await this.#flush();
  }

  async finish(): Promise<void> {
    await this.#flush();
    try {
      await this.#handle.sync();
      await this.#handle.close();
      if (this.#written !== this.#name) await rename(this.#written, this.#name);
    } catch (error) {
      throw failed(this.#name, error);
    }
  }

  async discard(): Promise<void> {
    await this.#handle.close().catch(() => {});
    await unlink(this.#written).catch(() => {});
  }

  async #flush(): Promise<void> {
    const text = this.#pending.join("");
    [this.#pending, this.#chars] = [[], 0];
    try {
      await this.#handle.appendFile(text);
    } catch (error) {
      throw failed(this.#name, error);
    }
  }
}

function failed(name: string, error: unknown): OperatorError {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  return new OperatorError(`${name}: cannot be written (${code}); free room on its disk, or name another file`);
}

class StandardOutput implements ExportOutput {
  /** Errors of standard output are told where the command ends. */
  #broken = false;

  async write(text: string): Promise<void> {
    const { stdout } = process;
    if (this.#broken || stdout.write(text)) return;
    await new Promise<void>((resolve) => {
      const settle = (broken: boolean) => {
        this.#broken ||= broken;
        stdout.off("drain", drained).off("error", gone).off("close", gone);
        resolve();
      };
      const drained = () => settle(false);
      const gone = () => settle(true);
      stdout.once("drain", drained).once("error", gone).once("close", gone);
    });
  }

  async finish(): Promise<void> {}

  async discard(): Promise<void> {}
}
