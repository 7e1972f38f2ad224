/** Starts this program again under the flags that the server's heap needs. */
import { spawn } from "node:child_process";
import { liveClock } from "../live.ts";

/** A server's garbage is young; with Node's own 16 MiB for it, 39 % of the processor's time went into collecting it. */
const flag = "--max-semi-space-size";
const flags = [`${flag}=64`];

/** Tells the child that its parent watches over it. */
const watchedVariable = "REFRAIN_WATCHED";

/** How often a server under npm looks for its parent. */
const parentLookMs = 100;

const forwardedSignals = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

export function hasNodeFlags(): boolean {
  const given = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(/\s+/)];
  return given.some((option) => option.replaceAll("_", "-").startsWith(flag));
}

/**
 * Where Node can, it becomes the other process and this never returns. Else a child runs, this process forwards its signals,
 * and the answer is the exit status.
 */
export async function restartNode(): Promise<number> {
  const args = [...flags, ...process.execArgv, ...process.argv.slice(1)];
  const execve: unknown = (process as { execve?: unknown }).execve;
  if (typeof execve === "function" && process.platform !== "win32") {
    execve.call(process, process.execPath, [process.execPath, ...args], process.env);
  }
  return runChild(args);
}

/** The process in which the server runs calls this: `stop` is called when its parent is gone, however that went. */
export function watchParent(stop: () => void): void {
  if (process.env["npm_lifecycle_event"] === "start") watchNpm(stop);
  if (process.env[watchedVariable] === undefined) return;
  delete process.env[watchedVariable];
  process.once("disconnect", stop);
  // A channel that is listened to keeps the process alive.
  process.channel?.unref();
}

/** npm ends its shell when it is told to stop, and the shell does not pass that on. */
function watchNpm(stop: () => void): void {
  const parent = process.ppid;
  const look = (): void => {
    if (process.ppid === parent) liveClock.at(liveClock.now() + parentLookMs, look);
    else stop();
  };
  if (process.platform !== "win32") look();
}

async function runChild(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, [watchedVariable]: "1" },
    // In a process group of its own, so that Ctrl-C reaches it once, through this process, and not as a second signal that forces.
    detached: process.platform !== "win32",
  });
  const forward = (signal: NodeJS.Signals) => void child.kill(signal);
  for (const signal of forwardedSignals) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      for (const name of forwardedSignals) process.off(name, forward);
      if (signal !== null) process.kill(process.pid, signal);
      else resolve(code ?? 1);
    });
  });
}
