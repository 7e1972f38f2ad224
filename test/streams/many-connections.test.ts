import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { collect } from "../support/collect.ts";
import { login } from "../support/login.ts";
import { startWithUsers } from "./support.ts";

/** As many as the brief of section 13.12 deserves, and as many as this machine lets one process have. */
const count = Math.min(10_000, openFilesMax() - 500);

/** Heap and buffers that a connection may cost before its client has said anything, sockets of Node and the session's machine included. */
const bytesPerConnectionMax = 24_576;

describe("RFC 6120 section 13.12 denial of service", () => {
  it(`serves a login while ${count} connections say nothing, and spends little on each of them`, async () => {
    const server = await startWithUsers({ allowPlaintext: true, session: { negotiationTimeoutMs: 60_000 } });
    const crowd = fork(fileURLToPath(new URL("./silent-clients.mjs", import.meta.url)), { stdio: "ignore", execArgv: [] });
    try {
      const benvolio = await login(server, { user: "benvolio", over: "plaintext" });
      const before = await memory();
      await gather(crowd, server.port);
      await expect.poll(async () => (await server.sessions()).length, { timeout: 8_000 }).toBe(count + 1);
      const each = Math.round(((await memory()) - before) / count);
      expect(each).toBeLessThan(bytesPerConnectionMax);

      const since = Date.now();
      const romeo = await login(server, { user: "romeo", over: "plaintext" });
      await romeo.ask(`<message to='${benvolio.jid}'><body>Is it even so?</body></message>`);
      expect(await benvolio.caughtUp()).toHaveLength(1);
      const loginMs = Date.now() - since;
      expect(loginMs).toBeLessThan(1_000);
      console.info(`${count} silent connections: ${each} bytes each; a login and a message among them took ${loginMs} ms`);
      await romeo.close();
      await benvolio.close();
    } finally {
      crowd.disconnect();
      await server.stop();
    }
  });
});

/** Resolves when all connections are open; rejects if one of them fails. */
async function gather(crowd: ChildProcess, port: number): Promise<void> {
  crowd.send({ port, count });
  for (;;) {
    const [told] = (await once(crowd, "message")) as [{ open?: number; error?: string; closed?: boolean }];
    if (told.open === count) return;
    throw new Error(`a connection was lost: ${JSON.stringify(told)}`);
  }
}

/** Bytes in use after a garbage collection. */
async function memory(): Promise<number> {
  for (let round = 0; round < 2; round += 1) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Where the system does not tell: what most systems allow. */
function openFilesMax(): number {
  try {
    const limit = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    return Number(limit?.[1] ?? 1_024);
  } catch {
    return 1_024;
  }
}
