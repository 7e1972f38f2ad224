/** Runs the built command line as its users do: a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const commandLines = fileURLToPath(new URL("command-lines.mjs", import.meta.url));

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  /** The working folder, with ./data in it. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What is on standard input; without it there is nothing. */
  readonly input?: string;
  /** Where its output goes; by default through pipes to this process. */
  readonly stdout?: number;
  readonly stderr?: number;
  /** Options of Node itself. */
  readonly nodeArgs?: readonly string[];
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "refrain-cli-"));
}

export async function refrain(args: readonly string[], surroundings: Surroundings): Promise<Outcome> {
  const child = spawnRefrain(args, surroundings);
  child.stdin!.on("error", () => {}).end(surroundings.input ?? "");
  const [stdout, stderr] = await Promise.all([readAll(child.stdout!), readAll(child.stderr!)]);
  return { status: await exitStatus(child), stdout, stderr };
}

/**
 * The same for several command lines, one after the other, in a process that all of a worker's tests share: for whatever does not
 * depend on how a process begins. There is nothing on standard input. Rejects if a command would not end.
 */
export async function refrainEach(lines: readonly (readonly string[])[], { cwd, env = {} }: Pick<Surroundings, "cwd" | "env">): Promise<readonly Outcome[]> {
  // What opens the database by itself has it until its process ends, or its garbage is collected.
  if (lines.some(opensDatabase)) {
    const own = startResident();
    const outcomes = await ask(own, lines, cwd, env);
    own.disconnect();
    await exitStatus(own);
    return outcomes;
  }
  resident ??= startResident().once("exit", () => (resident = undefined));
  return ask(resident, lines, cwd, env);
}

function opensDatabase(args: readonly string[]): boolean {
  return /^(log (verify|rebuild|compact|salvage)|restore)\b/.test(args.join(" "));
}

let resident: ChildProcess | undefined;
let asked = 0;

function ask(child: ChildProcess, lines: readonly (readonly string[])[], cwd: string, env: Readonly<Record<string, string>>): Promise<readonly Outcome[]> {
  const id = (asked += 1);
  return new Promise((resolve, reject) => {
    const answered = (answer: { readonly id: number; readonly outcomes: readonly Outcome[] }) => {
      if (answer.id !== id) return;
      child.off("message", answered).off("exit", gone);
      resolve(answer.outcomes);
    };
    const gone = () => reject(new Error("the command lines did not run to their end; what they said of it is on standard error"));
    child.on("message", answered).once("exit", gone);
    child.send({ id, lines, cwd, env });
  });
}

/** It ends with this process, which does not wait for it. */
function startResident(): ChildProcess {
  const child = spawnNode([commandLines], { cwd: tmpdir(), stderr: process.stderr.fd }, true);
  child.stdin!.end();
  for (const part of [child, child.channel, child.stdin, child.stdout] as readonly { unref?(): void }[]) part.unref?.();
  return child;
}

/** One command line by `refrainEach`; in a process of its own where that matters: a server, standard input, the database to itself. */
export async function refrainOnce(args: readonly string[], { input, ...surroundings }: Pick<Surroundings, "cwd" | "env" | "input">): Promise<Outcome> {
  if (input !== undefined || args[0] === "start" || opensDatabase(args)) return refrain(args, { ...surroundings, ...(input === undefined ? {} : { input }) });
  return (await refrainEach([args], surroundings))[0]!;
}

/** `refrainEach` for command lines as they are typed, without quotes. */
export async function refrainLines<const Lines extends readonly string[]>(lines: Lines, surroundings: Pick<Surroundings, "cwd" | "env">) {
  const outcomes = await refrainEach(lines.map((line) => line.split(" ")), surroundings);
  return outcomes as { readonly [Index in keyof Lines]: Outcome };
}

export function spawnRefrain(args: readonly string[], surroundings: Surroundings): ChildProcess {
  return spawnNode([...(surroundings.nodeArgs ?? []), main, ...args], surroundings);
}

function spawnNode(args: readonly string[], { cwd, env, stdout, stderr }: Surroundings, withChannel = false): ChildProcess {
  if (!existsSync(main)) throw new Error(`${main}: not built; run \`npm run build\``);
  const inherited = Object.entries(process.env).filter(([name]) => !/^(REFRAIN_|NODE_OPTIONS|NO_COLOR|FORCE_COLOR|npm_)/.test(name));
  return spawn(process.execPath, args, {
    cwd,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ["pipe", stdout ?? "pipe", stderr ?? "pipe", ...(withChannel ? ["ipc" as const] : [])],
  });
}

export async function exitStatus(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once("exit", resolve));
  return child.exitCode;
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text;
}
