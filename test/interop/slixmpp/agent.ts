/** Drives agent.py: slixmpp in a process of its own, spoken to in JSON lines. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Where Debian's modules are found, whatever other Python comes first on the path; REFRAIN_TEST_PYTHON names another. */
const python = process.env["REFRAIN_TEST_PYTHON"] ?? "/usr/bin/python3";
/** The API differs between minor versions: `connect` takes other parameters from 1.9 on. */
const wanted = "1.8.";

/** undefined: it is there. Else what is missing, and what to do. */
export function slixmppMissing(): string | undefined {
  const asked = spawnSync(python, ["-c", "import slixmpp; print(slixmpp.__version__)"], { encoding: "utf8" });
  const fix = `install the Debian package python3-slixmpp (${wanted}x)`;
  if (asked.error !== undefined) return `${python}: ${asked.error.message}; ${fix}`;
  if (asked.status !== 0) return `${python} has no module slixmpp; ${fix}`;
  const version = asked.stdout.trim();
  return version.startsWith(wanted) ? undefined : `slixmpp: expected ${wanted}x, found ${version}; ${fix}`;
}

export interface LoginResult {
  readonly online: boolean;
  readonly jid: string | null;
  readonly mechanism: string | null;
  readonly tls: string | null;
  /** Each `<failure/>` on the way. */
  readonly refusals: readonly { readonly mechanism: string; readonly condition: string }[];
  readonly why: string | null;
}

export interface Login {
  readonly jid: string;
  readonly password: string;
  readonly direct?: boolean;
  /** Only this one. */
  readonly mechanism?: string;
  /** "none": as on a platform that cannot bind. */
  readonly binding?: "offered" | "none";
  readonly tls?: "TLSv1.2";
  /** No TLS at all. */
  readonly cleartext?: boolean;
  /** Of another server than the setting's own. */
  readonly port?: number;
}

/** As slixmpp parsed it. */
export class StanzaError extends Error {
  readonly type: string;
  readonly condition: string;

  constructor({ type, condition, text }: { readonly type: string; readonly condition: string; readonly text: string }) {
    super(`${condition}: ${text}`);
    this.type = type;
    this.condition = condition;
  }
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly stanzaError?: { readonly type: string; readonly condition: string; readonly text: string };
  readonly failure?: string;
}

export class SlixmppAgent {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #open = new Map<number, (answer: Answer) => void>();
  #calls = 0;
  #complaints = "";

  constructor() {
    const script = fileURLToPath(new URL("agent.py", import.meta.url));
    // -I: no modules from the working directory or the environment.
    this.#child = spawn(python, ["-I", script], { stdio: ["pipe", "pipe", "pipe"] });
    this.#exited = new Promise((resolve) => this.#child.once("close", resolve));
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      const answer = JSON.parse(line) as Answer;
      this.#open.get(answer.id)?.(answer);
      this.#open.delete(answer.id);
    });
    this.#child.stderr!.on("data", (text: Buffer) => (this.#complaints += text.toString()));
    void this.#exited.then(() => {
      for (const [id, settle] of this.#open) settle({ id, failure: `the agent has exited: ${this.#complaints}` });
      this.#open.clear();
    });
  }

  /** Rejects with a StanzaError if that is what came back. */
  async call(name: string, parameters: object): Promise<unknown> {
    const id = ++this.#calls;
    const answered = new Promise<Answer>((resolve) => this.#open.set(id, resolve));
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
