/**
 * Runs the built command line as often as it is asked to, one command line after the other, in one process: most of what a process
 * of its own takes is its start. It is asked by messages, { lines, cwd, env }, and answers each with what every line did.
 *
 * A command is over when nothing is left of it that would keep a process alive: one that would not end is told by what it leaves.
 */
import { setTimeout as pause } from "node:timers/promises";
import { createProgram } from "../../dist/src/cli/program.js";
import { run } from "../../dist/src/cli/run.js";

/** So long the last sockets and files of a command may take to close. */
const closingMs = 10_000;

let said = { stdout: "", stderr: "" };
for (const name of ["stdout", "stderr"]) {
  process[name].setMaxListeners(0);
  process[name].write = (chunk, encoding, callback) => {
    said[name] += String(chunk);
    const done = typeof encoding === "function" ? encoding : callback;
    if (done !== undefined) process.nextTick(done);
    return true;
  };
}
// Node writes its warnings past `process.stderr.write`.
process.on("warning", ({ name, message }) => (said.stderr += `${name}: ${message}\n`));
// Nobody asks any more: nothing keeps this process, but for a command that would not end.
process.on("disconnect", () => setTimeout(() => process.exit(1), closingMs).unref());

// Made when it is first asked for, and no command's own.
void process.stdin;

let turn = Promise.resolve();
process.on("message", ({ id, lines, cwd, env }) => {
  turn = turn.then(async () => {
    const former = Object.keys(env).map((name) => [name, process.env[name]]);
    process.chdir(cwd);
    Object.assign(process.env, env);
    const outcomes = [];
    for (const args of lines) outcomes.push(await outcomeOf(args));
    for (const [name, value] of former) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    process.send({ id, outcomes });
  });
});

async function outcomeOf(args) {
  said = { stdout: "", stderr: "" };
  process.exitCode = undefined;
  const before = aliveBy();
  const status = await run(createProgram(), [process.execPath, "refrain", ...args]);
  process.exitCode = undefined;
  await end(before, args);
  return { status, ...said };
}

/** What keeps this process alive, by kind. */
function aliveBy() {
  const counts = new Map();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

async function end(before, args) {
  for (const deadline = Date.now() + closingMs; ; await pause(1)) {
    const left = [...aliveBy()].filter(([kind, count]) => count > (before.get(kind) ?? 0)).map(([kind]) => kind);
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new Error(`refrain ${args.join(" ")}: would not end; it leaves ${left.join(", ")}`);
  }
}
