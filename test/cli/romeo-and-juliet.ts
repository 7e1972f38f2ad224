/** A server in a process of its own with two accounts, for all the tests of a file. */
import { rmSync } from "node:fs";
import { afterAll, beforeAll } from "vitest";
import { connectAdmin } from "../../src/admin/connect.ts";
import { liveClock } from "../../src/live.ts";
import { type BoundClient, login } from "../support/login.ts";
import { newFolder, type Outcome, refrain, refrainEach, refrainOnce } from "./refrain.ts";
import { type Serving, serving } from "./serving.ts";

export interface Stage {
  /** The working folder, with ./data in it. */
  readonly cwd: string;
  /** Logs in, without TLS. */
  enter(user: "romeo" | "juliet", resource?: string): Promise<BoundClient>;
  /** Ends the server; the tests that follow have none. Resolves with its exit status. */
  stop(): Promise<number | null>;
  /** One command. */
  run(...args: readonly string[]): Promise<Outcome>;
  /** One command, in a process of its own: several run at once. */
  runAlone(...args: readonly string[]): Promise<Outcome>;
  /** Several, one after the other in one process. */
  runEach<const Lines extends readonly (readonly string[])[]>(...lines: Lines): Promise<{ readonly [Index in keyof Lines]: Outcome }>;
}

export function romeoAndJuliet(): Stage {
  let cwd = "";
  let server: Serving;
  beforeAll(async () => {
    cwd = newFolder();
    server = await serving(cwd);
    const admin = await connectAdmin(`${cwd}/data`, liveClock);
    for (const user of ["romeo", "juliet"]) await admin!.userAdd(`${user}@localhost`, "secret");
    admin!.close();
  });
  afterAll(async () => {
    await server.stop();
    rmSync(cwd, { recursive: true });
  });
  return {
    get cwd() {
      return cwd;
    },
    enter: (user, resource) => login(server, { user, over: "plaintext", ...(resource === undefined ? {} : { resource }) }),
    stop: () => server.stop(),
    run: (...args) => refrainOnce(args, { cwd }),
    runAlone: (...args) => refrain(args, { cwd }),
    runEach: async <const Lines extends readonly (readonly string[])[]>(...lines: Lines) =>
      (await refrainEach(lines, { cwd })) as { readonly [Index in keyof Lines]: Outcome },
  };
}
