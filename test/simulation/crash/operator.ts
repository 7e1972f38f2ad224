/** What the server tells its operator, by the command line: while it runs of what lives, and of its log at any time. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Milliseconds for one command. */
const commandMs = 60_000;

/** A session as `refrain sessions --json` shows it; its documented properties. */
export interface ReportedSession {
  readonly id: string;
  readonly username: string | null;
  readonly host: string | null;
  /** As text. */
  readonly presence: string | null;
  readonly conn: { readonly secure: string | null } | null;
  readonly [property: string]: unknown;
}

/** A session as `refrain replay --json` shows it. */
export interface Past {
  /** Of the last fact that it knows of. */
  readonly position: number;
  /** The same properties, but for `conn`. */
  readonly session: {
    readonly presence: { readonly digest: string; readonly text: string | null } | null;
    readonly [property: string]: unknown;
  };
  readonly link: "attached" | "hibernating" | null;
  readonly secure: boolean;
  readonly counts: Counts | null;
  readonly ended: boolean;
}

export interface Counts {
  readonly received: number;
  readonly sent: number;
  readonly acknowledged: number;
}

/** A fact of the log, as far as it matters here. */
export interface LoggedFact {
  readonly position: number;
  readonly stream: string;
  readonly type: string;
  readonly step: string;
}

/** Each of these rejects with what the command said, if it did not end well. */
export interface Operator {
  /** Those that live; none where no server runs. */
  sessions(): Promise<readonly ReportedSession[]>;
  /** The last of the log. */
  position(): Promise<number>;
  /** `at`: a position among those of its facts; undefined for the last one. */
  replay(session: string, at?: number): Promise<Past>;
  /** Of an account and of all its sessions, in the order of the log. */
  facts(account: string): Promise<readonly LoggedFact[]>;
}

/** `main`: the program. `env` names the data folder. */
export function commandLine(main: string, env: NodeJS.ProcessEnv): Operator {
  const answer = async <Answer>(...args: readonly string[]): Promise<Answer> => {
    const lines: string[] = [];
    await command([main, ...args], env, (line) => lines.push(line));
    return JSON.parse(lines.join("\n")) as Answer;
  };
  return {
    sessions: () => answer("sessions", "--json"),
    position: async () => (await answer<{ readonly lastPosition: number }>("log", "stats", "--json")).lastPosition,
    // An id may begin with a hyphen.
    replay: async (session, at) => (await answer<{ readonly past: Past }>("replay", "--json", "--contents", ...(at === undefined ? [] : ["--at", String(at)]), "--", session)).past,
    facts: async (account) => {
      const facts: LoggedFact[] = [];
      await command([main, "log", account, "--json"], env, (line) => {
        const { position, stream, type, step } = JSON.parse(line) as LoggedFact;
        facts.push({ position, stream, type, step });
      });
      return facts;
    },
  };
}

async function command(args: readonly string[], env: NodeJS.ProcessEnv, line: (text: string) => void): Promise<void> {
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"], timeout: commandMs });
  let said = "";
  child.stderr.on("data", (chunk) => (said += String(chunk)));
  const ended = new Promise<string | undefined>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit status ${code}`)));
  });
  for await (const text of createInterface({ input: child.stdout })) line(text);
  const failure = await ended;
  if (failure !== undefined) throw new Error(`refrain ${args.slice(1).join(" ")}: ${failure}: ${said.trim()}`);
}
