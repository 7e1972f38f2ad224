import { describe, expect, it } from "vitest";
import { createNodeNet } from "../../src/net/node-net.ts";
import { liveClock } from "../../src/live.ts";
import type { Connection } from "../../src/ports.ts";
import { connectRaw } from "../support/raw-client.ts";
import { acceptingOne, admissionFor, certificatesFor, listening, MemoryLog, pause, Told, until } from "./support.ts";

describe("listening", () => {
  it("takes a free port, says where the peer is, and carries bytes both ways", async () => {
    const { port, accepted } = await acceptingOne();
    const client = await connectRaw({ port });
    const connection = await accepted;
    const told = new Told();
    connection.start(told);
    client.send("grüße");
    await until(() => told.text === "grüße");
    connection.write("antwört");
    await client.expect("antwört");
    expect(connection).toMatchObject({ remoteAddress: "127.0.0.1", localAddress: "127.0.0.1", secure: null, bufferedBytes: 0 });
    expect(connection.remotePort).toBe((client.socket.address() as { port: number }).port);
  });

  it("delivers nothing before start, and loses nothing", async () => {
    const { port, accepted } = await acceptingOne();
    const client = await connectRaw({ port });
    client.send("early");
    await pause(20);
    const told = new Told();
    (await accepted).start(told);
    await until(() => told.text === "early");
  });

  it("rejects with Node's own error if the port is in use or the address is not here", async () => {
    const taken = await listening(() => {});
    await expect(listening(() => {}, { spec: { port: taken.port } })).rejects.toMatchObject({
      code: "EADDRINUSE",
      address: "127.0.0.1",
      port: taken.port,
    });
    await expect(listening(() => {}, { spec: { address: "192.0.2.1" } })).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
  });

  it("stops accepting on close and frees the port, while connections live on", async () => {
    const { port, accepted, listener } = await acceptingOne();
    const client = await connectRaw({ port });
    const connection = await accepted;
    await listener.close();
    await listener.close();
    await expect(connectRaw({ port })).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await listening(() => {}, { spec: { port } });
    connection.write("still here");
    await client.expect("still here");
  });

  it("survives an accepter that throws: that connection is closed", async () => {
    const log = new MemoryLog();
    let fail = true;
    const { port } = await listening(
      (connection) => {
        if (fail) throw new Error("no room");
        connection.write("welcome");
      },
      { log },
    );
    await (await connectRaw({ port })).closed();
    expect(log.lines).toEqual(["error connection.failed: connection from 127.0.0.1: no room"]);
    fail = false;
    await (await connectRaw({ port })).expect("welcome");
  });
});

describe("the end of a connection", () => {
  it("tells a half-open peer's end, and can still be written to", async () => {
    const { port, accepted } = await acceptingOne();
    const client = await connectRaw({ port });
    const connection = await accepted;
    const told = new Told();
    connection.start(told);
    client.send("bye");
    client.end();
    await until(() => told.events.includes("ended"));
    expect(told.events).toEqual(["data", "ended"]);
    connection.write("last words");
    connection.end();
    await client.expect("last words");
    await until(() => told.events.includes("closed"));
    expect(told.events).toEqual(["data", "ended", "closed"]);
    expect(told.error).toBeUndefined();
  });

  it("ends its own direction only, after what was written", async () => {
    const { port, accepted } = await acceptingOne();
    const client = await connectRaw({ port });
    const connection = await accepted;
    const told = new Told();
    connection.start(told);
    connection.write("a".repeat(300_000));
    connection.end();
    connection.write("never sent");
    await client.closed();
    expect(client.received).toBe("a".repeat(300_000));
    await until(() => told.events.includes("closed"));
    expect(told.error).toBeUndefined();
  });

  it("tells of an abrupt reset once, with its error, and nothing after", async () => {
    const { port, accepted } = await acceptingOne();
    const client = await connectRaw({ port });
    const connection = await accepted;
    const told = new Told();
    connection.start(told);
    client.socket.resetAndDestroy();
    await until(() => told.events.includes("closed"));
    expect(told.error).toMatchObject({ code: "ECONNRESET" });
    connection.write("into the void");
    connection.pause();
    connection.resume();
    connection.end();
    connection.destroy();
    await expect(connection.startTls()).rejects.toThrow();
    await pause(20);
    expect(told.events).toEqual(["closed"]);
  });

  it("survives a reset before anybody listens, and tells it to who comes late", async () => {
    const { port, accepted } = await acceptingOne();
    const client = await connectRaw({ port });
    const connection = await accepted;
    connection.destroy();
    await client.closed();
    await pause(5);
    const told = new Told();
    connection.start(told);
    expect(told.events).toEqual([]);
    await until(() => told.events.includes("closed"));
    expect(told.events).toEqual(["closed"]);
  });

  it("tells of its own destruction", async () => {
    const { port, accepted } = await acceptingOne();
    const client = await connectRaw({ port });
    const connection = await accepted;
    const told = new Told();
    connection.start(told);
    connection.destroy();
    await client.closed();
    await until(() => told.events.includes("closed"));
    expect(told.events).toEqual(["closed"]);
  });
});

describe.each(["in the clear", "over TLS"])("back-pressure %s", (how) => {
  const direct = how === "over TLS";
  const open = async () => {
    const { port, accepted } = await acceptingOne({ spec: { directTls: direct } });
    const client = await connectRaw({ port, tls: direct ? "direct" : "none" });
    const connection = await accepted;
    const told = new Told();
    connection.start(told);
    return { client, connection, told };
  };

  it("shows what a peer that does not read leaves here, and when it is gone", async () => {
    const { client, connection, told } = await open();
    client.pauseReading();
    const part = "ü".repeat(500_000);
    let written = 0;
    while (connection.bufferedBytes < 4_000_000 && written < 64_000_000) {
      connection.write(part);
      written += 1_000_000;
      await pause(1);
    }
    expect(connection.bufferedBytes).toBeGreaterThanOrEqual(4_000_000);
    expect(connection.bufferedBytes).toBeLessThanOrEqual(written);
    const held = connection.bufferedBytes;
    connection.write(part);
    expect(connection.bufferedBytes).toBe(held + 1_000_000);

    told.events.length = 0;
    client.resumeReading();
    await until(() => told.events.includes("drained"), 8000);
    expect(connection.bufferedBytes).toBe(0);
    expect(told.events).toEqual(["drained"]);
    await until(() => client.received.length === (written + 1_000_000) / 2, 8000);
  });

  it("stops reading while paused, so that the peer feels it", async () => {
    const { client, connection, told } = await open();
    connection.pause();
    const part = Buffer.alloc(1_000_000, "x");
    for (let count = 0; count < 24; count += 1) client.send(part);
    await pause(60);
    expect(told.bytes).toBe(0);
    expect(client.socket.writableLength).toBeGreaterThan(8_000_000);
    connection.resume();
    await until(() => told.bytes === 24_000_000, 8000);
  });

  it("delivers no more once a handler has paused", async () => {
    const { client, connection, told } = await open();
    const deliver = told.data.bind(told);
    told.data = (bytes) => {
      deliver(bytes);
      connection.pause();
    };
    client.send(Buffer.alloc(1_000_000, "x"));
    await until(() => told.bytes > 0);
    const first = told.bytes;
    await pause(30);
    expect(told.bytes).toBe(first);
    expect(first).toBeLessThanOrEqual(65_536);
  });
});

describe("connections from one address", () => {
  it("are capped, and others come in when they are gone", async () => {
    const log = new MemoryLog();
    const connections: Connection[] = [];
    const { port } = await listening((connection) => connections.push(connection), { admission: admissionFor({ perAddressMax: 2, loopbackExempt: false, log }) });
    const [first] = [await connectRaw({ port }), await connectRaw({ port })];
    await until(() => connections.length === 2);
    await (await connectRaw({ port })).closed();
    await (await connectRaw({ port })).closed();
    expect(connections).toHaveLength(2);
    expect(log.lines).toEqual([expect.stringMatching(/^warn connections.refused: connections from 127\.0\.0\.1: 2 are open, more are refused; raise/)]);

    connections[0]!.destroy();
    await first.closed();
    await connectRaw({ port });
    await until(() => connections.length === 3);
  });

  it("count from the first byte of direct TLS, and over all listeners", async () => {
    const certificates = await certificatesFor();
    const net = createNodeNet({ certificates, admission: admissionFor({ perAddressMax: 1, loopbackExempt: false }), handshakeTimeoutMs: 5000, clock: liveClock, log: new MemoryLog() });
    const accepted: Connection[] = [];
    const tls = await net.listen({ address: "127.0.0.1", port: 0, directTls: true }, (connection) => accepted.push(connection));
    const tcp = await net.listen({ address: "127.0.0.1", port: 0, directTls: false }, (connection) => accepted.push(connection));
    const silent = await connectRaw({ port: tls.port });
    await (await connectRaw({ port: tcp.port })).closed();
    expect(accepted).toEqual([]);
    silent.destroy();
    await tls.close();
    await tcp.close();
  });

  it("are not counted from this machine, by default", async () => {
    let count = 0;
    const { port } = await listening(() => (count += 1), { admission: admissionFor({ perAddressMax: 1 }) });
    for (let index = 0; index < 5; index += 1) await connectRaw({ port });
    await until(() => count === 5);
  });
});
