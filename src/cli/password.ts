/** Where a password comes from: the command line, standard input, or somebody who types it unseen. */
import { UsageError } from "./terminal.ts";

export interface PasswordOptions {
  readonly password?: string;
  readonly passwordStdin?: boolean;
}

/** Throws UsageError if there is no password to be had, or the two that were typed differ. */
export async function readPassword(options: PasswordOptions, jid: string): Promise<string> {
  if (options.password !== undefined && options.passwordStdin === true) {
    throw new UsageError("--password and --password-stdin: two passwords; give one of them");
  }
  if (options.password !== undefined) return options.password;
  if (options.passwordStdin === true) return readLine();
  if (!process.stdin.isTTY) {
    throw new UsageError("password: none given, and no terminal to ask on; use --password-stdin or --password");
  }
  const password = await ask(`Password for ${jid}: `);
  if ((await ask("Again: ")) !== password) throw new UsageError("password: the two differ; nothing was changed, try again");
  return password;
}

/** A longer one is no password but a wrong file. */
const stdinCharsMax = 65_536;

async function readLine(): Promise<string> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) {
    text += chunk;
    if (text.length > stdinCharsMax) throw misused("too long for a password");
  }
  const [line = "", ...rest] = text.split(/\r?\n/);
  if (rest.some((other) => other !== "")) throw misused("more than one line");
  if (line === "") throw misused("empty");
  return line;
}

function misused(problem: string): UsageError {
  return new UsageError(`standard input: ${problem}; --password-stdin takes one line, the password`);
}

/** Reads a line in raw mode, so that the terminal echoes nothing. The prompt goes to standard error. */
async function ask(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(prompt);
  stdin.setEncoding("utf8").setRawMode(true).resume();
  let typed = "";
  try {
    return await new Promise<string>((resolve, reject) => {
      stdin.on("data", (chunk: string) => {
        for (const key of chunk) {
          if (key === "\r" || key === "\n" || key === "\u0004") return resolve(typed);
          if (key === "\u0003") return reject(new UsageError("password: interrupted; nothing was changed"));
          if (key === "\u007F" || key === "\b") typed = [...typed].slice(0, -1).join("");
          else typed += key;
        }
      });
      stdin.once("end", () => resolve(typed));
    });
  } finally {
    stdin.removeAllListeners("data").removeAllListeners("end").setRawMode(false).pause();
    stderr.write("\n");
  }
}
