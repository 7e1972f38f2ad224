/** A server that runs as its users run it, in a process of its own. */
import type { ServerAddress } from "../support/login.ts";
import { exitStatus, spawnRefrain } from "./refrain.ts";

export interface Serving extends ServerAddress {
  /** Ends it, and resolves with its exit status. Can be called again. */
  stop(): Promise<number | null>;
  /** Ends it without a word, as kill -9 does, and resolves when it is gone. Can be called again. */
  kill(): Promise<number | null>;
}

/** Serves localhost from ./data in the folder, unless it is told otherwise; clients may log in without TLS. Resolves when it is ready. */
export async function serving(cwd: string, more: readonly string[] = []): Promise<Serving> {
  const args = ["start", "--allow-plaintext", "--port", "0", "--tls-port", "0", "--http-port", "0", ...more];
  const child = spawnRefrain(args, { cwd, nodeArgs: ["--max-semi-space-size=64"] });
  let [stdout, stderr] = ["", ""];
  child.stderr!.on("data", (chunk) => (stderr += String(chunk)));
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on("data", (chunk) => {
      stdout += String(chunk);
      if (/^ready .*\n/m.test(stdout)) resolve();
    });
    child.once("exit", (code) => reject(new Error(`exit ${code}: ${stderr}`)));
  });
  const port = (name: string) => Number(new RegExp(` ${name}=\\S+:(\\d+)`).exec(stdout)?.[1]);
  return {
    domain: "localhost",
    port: port("c2s"),
    tlsPort: port("c2sTls"),
    stop: () => {
      child.kill("SIGTERM");
      return exitStatus(child);
    },
    kill: () => {
      child.kill("SIGKILL");
      return exitStatus(child);
    },
  };
}
