/**
 * Runs the built command line several times in one process, one after the other: most of what a process of its own takes is its
 * start. The command lines are the first argument, a JSON array of arrays; what each did is told as JSON on standard output.
 */
import { createProgram } from "../../dist/src/cli/program.js";
import { run } from "../../dist/src/cli/run.js";

const tell = process.stdout.write.bind(process.stdout);
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

const outcomes = [];
for (const args of JSON.parse(process.argv[2])) {
  said = { stdout: "", stderr: "" };
  process.exitCode = undefined;
  const status = await run(createProgram(), [process.execPath, "refrain", ...args]);
  outcomes.push({ status, ...said });
}
process.exitCode = 0;
tell(JSON.stringify(outcomes));
