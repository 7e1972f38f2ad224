/** What every Net promises (`src/ports.ts`), held against the sockets of this machine and the virtual network alike. */
import { describe, expect, it, onTestFinished } from "vitest";
import type { Connection, SecureLink } from "../../../src/ports.ts";
import { Told } from "../../net/support.ts";
import { kinds, type Peer, type Setting } from "./net-pairs.ts";

interface Both extends Setting {
  readonly connection: Connection;
  readonly peer: Peer;
  readonly port: number;
  readonly close: () => Promise<void>;
}

describe.each(kinds)("$name", ({ set }) => {
  async function both({ directTls = false, ...options }: { readonly directTls?: boolean; readonly handshakeTimeoutMs?: number } = {}): Promise<Both> {
    const setting = await set(options);
    const accepted: Connection[] = [];
    const listener = await setting.listen((connection) => accepted.push(connection), { directTls });
    const peer = await setting.connect(listener.port, directTls ? "tls" : "clear");
    await setting.until(() => accepted.length === 1);
    const [connection] = accepted;
    onTestFinished(async () => {
      connection!.destroy();
      peer!.destroy();
      await listener.close();
    });
    return { ...setting, connection: connection!, peer: peer!, port: listener.port, close: () => listener.close() };
  }

  async function started(options: Parameters<typeof both>[0] = {}): Promise<Both & { readonly told: Told }> {
    const opened = await both(options);
    const told = new Told();
    opened.connection.start(told);
    return { ...opened, told };
  }

  describe("a connection", () => {
    it("carries bytes both ways, and says where they come from", async () => {
      const { connection, peer, told, until } = await started();
      peer.send("grüße");
      await until(() => told.text === "grüße");
      connection.write("antwört");
      await until(() => peer.text === "antwört");
      expect(connection).toMatchObject({ remoteAddress: "127.0.0.1", localAddress: "127.0.0.1", secure: null, bufferedBytes: 0 });
      expect(connection.remotePort).toBeGreaterThan(0);
    });

    it("keeps the order of what is written, whole, both ways", async () => {
      const { connection, peer, told, until } = await started();
      let expected = "";
      for (let part = 0; part < 300; part += 1) {
        const text = `${part}:${"é€😀x".repeat(part % 40)};`;
        expected += text;
        connection.write(text);
        peer.send(text);
      }
      await until(() => peer.text === expected && told.bytes === Buffer.byteLength(expected));
    });

    it("delivers nothing before start, and loses nothing", async () => {
      const { connection, peer, rest, until } = await both();
      peer.send("early");
      await rest();
      const told = new Told();
      connection.start(told);
      expect(told.events).toEqual([]);
      await until(() => told.text === "early");
    });

    it("delivers nothing while it is paused, nor the peer's end, and everything then", async () => {
      const { connection, peer, told, rest, until } = await started();
      connection.pause();
      connection.pause();
      peer.send("waiting");
      peer.end();
      await rest();
      expect(told.events).toEqual([]);
      connection.resume();
      expect(told.events).toEqual([]);
      await until(() => told.events.length === 2);
      expect([told.events, told.text]).toEqual([["data", "ended"], "waiting"]);
    });

    it("delivers no more once a handler has paused it", async () => {
      const { connection, peer, told, rest, until } = await started();
      const deliver = told.data.bind(told);
      told.data = (bytes) => {
        deliver(bytes);
        connection.pause();
      };
      peer.send("x".repeat(200_000));
      await until(() => told.bytes > 0);
      const first = told.bytes;
      await rest();
      expect(told.bytes).toBe(first);
      expect(first).toBeLessThanOrEqual(65_536);
      connection.resume();
      await until(() => told.bytes > first);
    });

    it("delivers nothing once a handler has destroyed it", async () => {
      const { connection, peer, told, rest, until } = await started();
      const deliver = told.data.bind(told);
      told.data = (bytes) => {
        deliver(bytes);
        connection.destroy();
      };
      for (let part = 0; part < 20; part += 1) peer.send("x".repeat(10_000));
      await until(() => told.events.includes("closed"));
      const { bytes } = told;
      await rest();
      expect([told.events, told.bytes]).toEqual([["data", "closed"], bytes]);
    });
  });

  describe("the end of a connection", () => {
    it("is told of a half-open peer, who can still be written to", async () => {
      const { connection, peer, told, until } = await started();
      peer.send("bye");
      peer.end();
      await until(() => told.events.includes("ended"));
      expect(told.events).toEqual(["data", "ended"]);
      connection.write("last words");
      connection.end();
      await until(() => peer.text === "last words" && told.events.includes("closed"));
      expect([told.events, told.error]).toEqual([["data", "ended", "closed"], undefined]);
    });

    it("comes after what was written, and nothing can be written after it", async () => {
      const { connection, peer, told, until } = await started();
      connection.write("a".repeat(100_000));
      connection.end();
      connection.write("never sent");
      connection.end();
      await until(() => peer.isClosed && told.events.includes("closed"));
      expect(peer.text).toBe("a".repeat(100_000));
      expect(told.events.filter((event) => event !== "drained")).toEqual(["ended", "closed"]);
      expect(told.error).toBeUndefined();
    });

    it("is told once if the peer resets it, with the error, and nothing after", async () => {
      const { connection, peer, told, rest, until } = await started();
      peer.reset();
      await until(() => told.events.includes("closed"));
      expect(told.error).toMatchObject({ code: "ECONNRESET" });
      connection.write("into the void");
      connection.pause();
      connection.resume();
      connection.end();
      connection.destroy();
      await expect(connection.startTls()).rejects.toMatchObject({ code: "ECONNRESET" });
      await rest();
      expect([told.events, connection.bufferedBytes]).toEqual([["closed"], 0]);
    });

    it("is told of its own destruction, later", async () => {
      const { connection, peer, told, rest, until } = await started();
      connection.destroy();
      connection.destroy();
      expect(told.events).toEqual([]);
      await until(() => peer.isClosed && told.events.includes("closed"));
      await rest();
      expect([told.events, told.error]).toEqual([["closed"], undefined]);
    });

    it("is told to who comes late, later", async () => {
      const { connection, peer, rest, until } = await both();
      connection.destroy();
      await until(() => peer.isClosed);
      await rest();
      const told = new Told();
      connection.start(told);
      expect(told.events).toEqual([]);
      await until(() => told.events.includes("closed"));
      await rest();
      expect(told.events).toEqual(["closed"]);
    });

    it("comes to a peer with everything that had left before the destruction", async () => {
      const { connection, peer, until } = await started();
      connection.write("last words");
      connection.destroy();
      await until(() => peer.isClosed);
      expect(peer.text).toBe("last words");
    });

    it("is told of a peer who closes both ways, when something is written to it", async () => {
      const { connection, peer, told, rest, until } = await started();
      peer.destroy();
      await until(() => told.events.includes("ended"));
      expect(told.events).toEqual(["ended"]);
      connection.write("anybody there?");
      await rest();
      connection.write("anybody?");
      await until(() => told.events.includes("closed"));
      expect(told.events).toEqual(["ended", "closed"]);
      expect(["ECONNRESET", "EPIPE"]).toContain((told.error as NodeJS.ErrnoException).code);
    });
  });

  describe("back-pressure", () => {
    it("shows what a peer that does not read leaves here, and when it is gone", async () => {
      const { connection, muchBytes, peer, told, rest, until } = await started();
      peer.pauseReading();
      const part = "ü".repeat(muchBytes / 48);
      const partBytes = 2 * part.length;
      let written = 0;
      while (connection.bufferedBytes < 4 * partBytes && written < 2 * muchBytes) {
        connection.write(part);
        written += partBytes;
        await rest();
      }
      expect(connection.bufferedBytes).toBeGreaterThanOrEqual(4 * partBytes);
      expect(connection.bufferedBytes).toBeLessThanOrEqual(written);
      const held = connection.bufferedBytes;
      connection.write(part);
      expect(connection.bufferedBytes).toBe(held + partBytes);
      expect(told.events.filter((event) => event !== "drained")).toEqual([]);

      told.events.length = 0;
      peer.resumeReading();
      await until(() => told.events.includes("drained"));
      expect(connection.bufferedBytes).toBe(0);
      expect(told.events).toEqual(["drained"]);
      await until(() => peer.text.length === (written + partBytes) / 2);
    });

    it("makes the peer feel that nothing is read", async () => {
      const { connection, muchBytes, peer, told, rest, until } = await started();
      connection.pause();
      for (let part = 0; part < 24; part += 1) peer.send("x".repeat(muchBytes / 24));
      await rest();
      expect(told.bytes).toBe(0);
      expect(peer.bufferedBytes).toBeGreaterThan(muchBytes / 4);
      connection.resume();
      await until(() => told.bytes === muchBytes);
      expect(peer.bufferedBytes).toBe(0);
    });

    it.each([
      ["here", ({ connection }: Both) => connection.destroy()],
      ["by the peer", ({ peer }: Both) => peer.reset()],
    ])("does not say of what was destroyed %s that somebody took it", async (_, act) => {
      const { told, ...opened } = await started();
      const { connection, muchBytes, peer, rest, until } = opened;
      peer.pauseReading();
      connection.write("x".repeat(muchBytes));
      await rest();
      expect(connection.bufferedBytes).toBeGreaterThan(0);
      act(opened);
      await until(() => told.events.includes("closed"));
      await rest();
      expect([told.events, connection.bufferedBytes]).toEqual([["closed"], 0]);
    });
  });

  describe("RFC 6120 section 5.4.3 STARTTLS", () => {
    /** A server that answers the first thing it reads with `proceed` and a handshake. */
    async function upgrading(options: { readonly handshakeTimeoutMs?: number } = {}, later = false) {
      const opened = await both(options);
      const { connection, soon } = opened;
      const told = new Told();
      const order: string[] = [];
      const upgraded = new Promise<SecureLink>((resolve, reject) => {
        const deliver = told.data.bind(told);
        told.data = (bytes) => {
          deliver(bytes);
          if (connection.secure !== null) return;
          connection.pause();
          const begin = (): void => {
            connection.write("proceed");
            connection.startTls().then(resolve, reject);
          };
          if (later) soon(() => soon(() => soon(begin)));
          else begin();
        };
      });
      upgraded.then(() => order.push("upgraded"), () => order.push("refused"));
      const closed = told.closed.bind(told);
      told.closed = (error) => {
        order.push("closed");
        closed(error);
      };
      connection.start(told);
      return { ...opened, told, order, upgraded };
    }

    it("upgrades the connection and carries what follows, with the same channel binding on both sides", async () => {
      const { connection, peer, told, order, rest, upgraded, until } = await upgrading();
      peer.send("starttls");
      await until(() => peer.text === "proceed");
      await peer.startTls();
      peer.send("hello");
      await until(() => order.length > 0);
      const link = await upgraded;
      expect(connection.secure).toBe(link);
      expect(link).toMatchObject({ protocol: "TLSv1.3", serverName: "localhost" });
      expect(link.tlsExporter).toHaveLength(32);
      expect(Buffer.compare(link.tlsExporter!, peer.tlsExporter!)).toBe(0);
      expect(link.tlsServerEndPoint).toHaveLength(32);
      await rest();
      // Paused before the handshake, it is so after it.
      expect(told.text).toBe("starttls");
      connection.resume();
      await until(() => told.text === "starttlshello");
      connection.write("world");
      await until(() => peer.text === "proceedworld");
      await expect(connection.startTls()).rejects.toThrow("has TLS already");
    });

    it("discards what came in the clear after the request", async () => {
      const { connection, peer, told, order, until } = await upgrading({}, true);
      peer.send("starttls");
      await until(() => told.text === "starttls");
      peer.send("INJECTED");
      await until(() => peer.text === "proceed");
      await peer.startTls();
      peer.send("clean");
      await until(() => order.length > 0);
      connection.resume();
      await until(() => told.text.endsWith("clean") || told.events.includes("closed"));
      // What is still under way when the handshake begins is no ClientHello.
      expect(["starttlsclean", "starttls"]).toContain(told.text);
      if (told.text === "starttls") expect(order).toEqual(["closed", "refused"]);
    });

    it("reads nothing before the caller has seen the handshake succeed", async () => {
      const { connection, peer, until } = await both();
      const order: string[] = [];
      const told = new Told();
      told.data = (bytes) => void order.push(Buffer.from(bytes).toString());
      connection.start(told);
      connection.write("proceed");
      void connection.startTls().then(() => order.push("established"));
      await until(() => peer.text === "proceed");
      const handshake = peer.startTls();
      peer.send("first");
      await handshake;
      await until(() => order.length === 2);
      expect(order).toEqual(["established", "first"]);
    });

    it("sends what is written meanwhile under TLS only", async () => {
      const { connection, peer, rest, until } = await upgrading();
      peer.send("starttls");
      await until(() => peer.text === "proceed");
      connection.write("secret");
      await rest();
      expect(peer.text).toBe("proceed");
      expect(connection.bufferedBytes).toBeGreaterThanOrEqual(6);
      await peer.startTls();
      await until(() => peer.text === "proceedsecret");
    });

    it.each([
      ["speaks no TLS", (peer: Peer) => peer.send("<message>this is no ClientHello</message>")],
      ["is silent", () => undefined],
      ["leaves", (peer: Peer) => peer.end()],
      ["resets", (peer: Peer) => peer.reset()],
    ])("ends with the connection if the peer %s", async (_, act) => {
      const { connection, peer, told, order, until } = await upgrading({ handshakeTimeoutMs: 150 });
      peer.send("starttls");
      await until(() => peer.text === "proceed");
      act(peer);
      await until(() => order.length === 2);
      expect(order).toEqual(["closed", "refused"]);
      expect(told.events).toEqual(["data", "closed"]);
      expect(told.error).toBeInstanceOf(Error);
      await until(() => peer.isClosed);
      expect(peer.text).not.toContain("<");
      expect(connection.secure).toBeNull();
    });

    it.each([
      ["left before it began", (peer: Peer) => peer.end()],
      ["said more in the clear and left", (peer: Peer) => [peer.send("more"), peer.end()]],
    ])("ends with the connection if the peer %s", async (_, act) => {
      const { peer, told, order, upgraded, until } = await upgrading({ handshakeTimeoutMs: 60_000 }, true);
      peer.send("starttls");
      await until(() => told.text === "starttls");
      act(peer);
      await until(() => order.length === 2);
      await expect(upgraded).rejects.toThrow(/the peer left|does not speak TLS|SSL|closed/);
      expect(told.text).toBe("starttls");
      await until(() => peer.isClosed);
    });

    it("ends with the connection if it is destroyed meanwhile", async () => {
      const { connection, peer, told, order, upgraded, until } = await upgrading();
      peer.send("starttls");
      await until(() => peer.text === "proceed");
      connection.destroy();
      await until(() => order.length === 2);
      await expect(upgraded).rejects.toThrow("closed during the TLS handshake");
      expect([order, told.error]).toEqual([["closed", "refused"], undefined]);
    });
  });

  describe("direct TLS", () => {
    it("is there from the start", async () => {
      const { connection, peer, told, until } = await started({ directTls: true });
      expect(connection.secure).toMatchObject({ protocol: "TLSv1.3", serverName: "localhost" });
      expect(Buffer.compare(connection.secure!.tlsExporter!, peer.tlsExporter!)).toBe(0);
      peer.send("ping");
      await until(() => told.text === "ping");
      connection.write("pong");
      await until(() => peer.text === "pong");
      await expect(connection.startTls()).rejects.toThrow("has TLS already");
    });

    it.each([
      ["is silent", () => undefined],
      ["speaks no TLS", (peer: Peer) => peer.send("<?xml version='1.0'?><stream:stream to='localhost'>\n\n")],
      ["leaves", (peer: Peer) => peer.end()],
      ["resets", (peer: Peer) => peer.reset()],
    ])("hands over no connection whose peer %s", async (_, act) => {
      const { connect, listen, log, until } = await set({ handshakeTimeoutMs: 100 });
      const accepted: Connection[] = [];
      const listener = await listen((connection) => accepted.push(connection), { directTls: true });
      const peer = await connect(listener.port, "silent");
      act(peer!);
      await until(() => log.lines.length === 1 && peer!.isClosed);
      expect(log.lines[0]).toMatch(/^debug handshake.failed: TLS with 127\.0\.0\.1 failed: /);
      expect(accepted).toEqual([]);
      await listener.close();
    });
  });

  describe("a listener", () => {
    it("is refused a port that is in use, in Node's own words", async () => {
      const { listen } = await set();
      const taken = await listen(() => undefined);
      await expect(listen(() => undefined, { port: taken.port })).rejects.toMatchObject({ code: "EADDRINUSE", address: "127.0.0.1", port: taken.port });
      await taken.close();
    });

    it("stops accepting on close and frees the port, while connections live on", async () => {
      const { connection, peer, port, close, connect, listen, until } = await both();
      await close();
      await close();
      expect(await connect(port)).toBeUndefined();
      const next = await listen(() => undefined, { port });
      connection.write("still here");
      await until(() => peer.text === "still here");
      await next.close();
    });

    it("ends handshakes that are under way when it is closed, and hands over nothing after", async () => {
      const { connect, listen, rest, until } = await set({ handshakeTimeoutMs: 60_000 });
      const accepted: Connection[] = [];
      const listener = await listen((connection) => accepted.push(connection), { directTls: true });
      const peer = await connect(listener.port, "silent");
      await rest();
      await listener.close();
      await until(() => peer!.isClosed);
      expect(accepted).toEqual([]);
    });

    it("survives an accepter that throws: that connection is closed", async () => {
      const { connect, listen, log, until } = await set();
      let fail = true;
      const accepted: Connection[] = [];
      const listener = await listen((connection) => {
        if (fail) throw new Error("no room");
        accepted.push(connection);
        connection.write("welcome");
      });
      const first = await connect(listener.port);
      await until(() => first!.isClosed);
      expect(log.lines).toEqual(["error connection.failed: connection from 127.0.0.1: no room"]);
      fail = false;
      const second = await connect(listener.port);
      await until(() => second!.text === "welcome");
      second!.destroy();
      accepted[0]!.destroy();
      await listener.close();
    });
  });
});
