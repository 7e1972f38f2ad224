/** Drives a client library of Python's in a process of its own, spoken to in JSON lines (python-agent.py). */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Where Debian's modules are found, whatever other Python comes first on the path; REFRAIN_TEST_PYTHON names another. */
const python = process.env["REFRAIN_TEST_PYTHON"] ?? "/usr/bin/python3";

/** What a file of tests cannot do without. */
export interface PythonModule {
  readonly name: string;
  /** How its version begins. */
  readonly version: string;
  /** Debian's. */
  readonly package: string;
}

/** undefined: it is there. Else what is missing, and what to do. */
export function missing({ name, version, package: debian }: PythonModule): string | undefined {
  const asked = spawnSync(python, ["-c", `import ${name}; print(${name}.__version__)`], { encoding: "utf8" });
  const fix = `install the Debian package ${debian} (${version}x)`;
  if (asked.error !== undefined) return `${python}: ${asked.error.message}; ${fix}`;
  if (asked.status !== 0) return `${python} has no module ${name}; ${fix}`;
  const found = asked.stdout.trim();
  return found.startsWith(version) ? undefined : `${name}: expected ${version}x, found ${found}; ${fix}`;
}

interface StanzaErrorParts {
  readonly type: string;
  readonly condition: string;
  readonly text: string | null;
}

/** As the library parsed it. */
export class StanzaError extends Error {
  readonly type: string;
  readonly condition: string;

  constructor({ type, condition, text }: StanzaErrorParts) {
    super(`${condition}: ${text ?? ""}`);
    this.type = type;
    this.condition = condition;
  }
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly stanzaError?: StanzaErrorParts;
  readonly failure?: string;
}

const exited = "the agent has exited";

export class PythonAgent {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #open = new Map<number, (answer: Answer) => void>();
  #calls = 0;
  #complaints = "";
  #running = true;

  /** `file` is for python-agent.py. */
  constructor(file: URL) {
    const runner = fileURLToPath(new URL("python-agent.py", import.meta.url));
    // -I: no modules from the working directory or the environment. -B: no compiled files among the tests.
    this.#child = spawn(python, ["-IB", runner, fileURLToPath(file)], { stdio: ["pipe", "pipe", "pipe"] });
    this.#exited = new Promise((resolve) => this.#child.once("close", resolve));
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      const answer = JSON.parse(line) as Answer;
      this.#open.get(answer.id)?.(answer);
      this.#open.delete(answer.id);
    });
    this.#child.stderr!.on("data", (text: Buffer) => (this.#complaints += text.toString()));
    // What cannot be written to an agent that has exited is told of by its exit.
    this.#child.stdin!.on("error", () => {});
    void this.#exited.then(() => {
      this.#running = false;
      for (const [id, settle] of this.#open) settle({ id, failure: exited });
      this.#open.clear();
    });
  }

  /** Rejects with a StanzaError if that is what came back. */
  async call(name: string, parameters: object): Promise<unknown> {
    const id = ++this.#calls;
    const answered = new Promise<Answer>((resolve) => (this.#running ? this.#open.set(id, resolve) : resolve({ id, failure: exited })));
    this.#child.stdin!.write(`${JSON.stringify({ id, call: name, with: parameters })}\n`);
    const { result, stanzaError, failure } = await answered;
    if (stanzaError !== undefined) throw new StanzaError(stanzaError);
    if (failure !== undefined) throw new Error(`${name}: ${failure}; ${this.#complaints}`);
    return result;
  }

  /** Its end of file is its order to leave; what does not obey is ended. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 3_000);
    this.#child.stdin!.end();
    await this.#exited;
    clearTimeout(timer);
  }
}
