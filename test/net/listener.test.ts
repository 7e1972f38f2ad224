import type { createServer, Server } from "node:net";
import { expect, describe, it, vi } from "vitest";
import { liveClock } from "../../src/live.ts";
import { createNodeNet } from "../../src/net/node-net.ts";
import type { Connection, Log } from "../../src/ports.ts";
import { connectRaw } from "../support/raw-client.ts";
import { admissionFor, certificatesFor, listening, MemoryLog, pause, until } from "./support.ts";

// Node's own, only remembered: there is no other way to the server that would meet a full table of files.
const servers = vi.hoisted((): Server[] => []);
vi.mock(import("node:net"), async (original) => {
  const real = await original();
  const remembered = (...args: Parameters<typeof createServer>) => {
    const server = real.createServer(...args);
    servers.push(server);
    return server;
  };
  return { ...real, createServer: remembered as typeof createServer };
});

describe("a listener", () => {
  it("goes on when the system cannot give it a connection (accept ENFILE), and says so", async () => {
    const log = new MemoryLog();
    let count = 0;
    const { port } = await listening(() => (count += 1), { log });
    // As Node tells it: lib/net.js, onconnection.
    servers.at(-1)!.emit("error", Object.assign(new Error("accept ENFILE"), { code: "ENFILE", syscall: "accept" }));
    expect(log.lines).toEqual([expect.stringMatching(/^error listener\.failed: listener 127\.0\.0\.1:\d+: accept ENFILE; /)]);
    await connectRaw({ port });
    await until(() => count === 1);
  });

  it("logs errors where their stack is kept: under err", async () => {
    const kept: object[] = [];
    const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: (fields) => void kept.push(fields) };
    const reason = new Error("no room");
    const { port } = await listening(
      () => {
        throw reason;
      },
      { log },
    );
    await (await connectRaw({ port })).closed();
    servers.at(-1)!.emit("error", reason);
    expect(kept).toEqual([expect.objectContaining({ err: reason }), expect.objectContaining({ err: reason })]);
  });

  it("ends handshakes of direct TLS that are under way when it is closed, and hands over nothing after", async () => {
    const certificates = await certificatesFor();
    const log = new MemoryLog();
    const net = createNodeNet({ certificates, admission: admissionFor(), handshakeTimeoutMs: 60_000, clock: liveClock, log });
    const accepted: Connection[] = [];
    const listener = await net.listen({ address: "127.0.0.1", port: 0, directTls: true }, (connection) => accepted.push(connection));
    const done = await connectRaw({ port: listener.port, tls: "direct" });
    await until(() => accepted.length === 1);
    const silent = await connectRaw({ port: listener.port });
    await pause(20);
    await listener.close();
    await silent.closed();
    accepted[0]!.write("still here");
    await done.expect("still here");
    expect(accepted).toHaveLength(1);
    accepted[0]!.destroy();
  });

  it("never hands over a connection after it was closed, at whatever moment that is", async () => {
    const certificates = await certificatesFor();
    const net = createNodeNet({ certificates, admission: admissionFor(), handshakeTimeoutMs: 5_000, clock: liveClock, log: new MemoryLog() });
    for (let waitMs = 0; waitMs < 8; waitMs += 1) {
      let closed = false;
      let late = 0;
      const listener = await net.listen({ address: "127.0.0.1", port: 0, directTls: true }, (connection) => {
        if (closed) late += 1;
        connection.destroy();
      });
      const clients = Array.from({ length: 4 }, () => connectRaw({ port: listener.port, tls: "direct" }).catch(() => undefined));
      await pause(waitMs);
      const closing = listener.close();
      closed = true;
      await closing;
      for (const client of await Promise.all(clients)) await client?.closed();
      expect(late).toBe(0);
    }
  });
});
