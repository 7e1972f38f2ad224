/** WebSockets of the HTTP listener (RFC 6455): text, bounded, kept alive, and gone when the server goes. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { webSocketCloseMs, webSocketPingMs } from "../../src/domain/limits.ts";
import { liveClock } from "../../src/live.ts";
import type { FrameSocket } from "../../src/net/frame-socket.ts";
import { listenHttp } from "../../src/net/http.ts";
import { textResponse, type HttpRoute } from "../../src/net/http-route.ts";
import type { TextSocket } from "../../src/net/text-socket.ts";
import type { Clock } from "../../src/ports.ts";
import { admissionFor, certificatesFor, HandClock, MemoryLog, pause, until } from "./support.ts";

async function listening(serve: (socket: TextSocket) => void, { clock = liveClock, tls = false }: { clock?: Clock; tls?: boolean } = {}) {
  const log = new MemoryLog();
  const certificates = tls ? { certificates: await certificatesFor() } : {};
  const http = await listenHttp({ address: "127.0.0.1", port: 0, admission: admissionFor(), clock, log, ...certificates });
  const routes: HttpRoute[] = [
    { path: "/feed", upgrade: () => serve },
    { path: "/closed", upgrade: () => textResponse(403, "not you") },
    { path: "/bad", upgrade: () => Promise.reject(new Error("broken")) },
    { path: "/page", methods: { GET: () => ({ status: 200, body: "page" }) } },
  ];
  http.add(routes);
  onTestFinished(() => http.close());
  const open = (path = "/feed") => {
    const socket = new WebSocket(`${tls ? "wss" : "ws"}://127.0.0.1:${http.port}${path}`, { rejectUnauthorized: false });
    onTestFinished(() => socket.terminate());
    const told: string[] = [];
    socket.on("error", () => {}).on("message", (data: Buffer) => told.push(String(data)));
    socket.on("close", (code: number, reason: Buffer) => told.push(`closed ${code} ${String(reason)}`));
    socket.on("unexpected-response", (_, response) => {
      let text = "";
      response.on("data", (bytes: Buffer) => (text += String(bytes))).on("end", () => told.push(`refused ${response.statusCode} ${text.trim()}`));
    });
    return { socket, told };
  };
  return { http, log, open };
}

/** Repeats what it is told, and remembers how it ends. */
function echo(ends: string[] = []): (socket: TextSocket) => void {
  return (socket) => socket.start({ text: (text) => socket.send(`you said ${text}`), closed: () => ends.push("closed") });
}

describe("A WebSocket", () => {
  it.each([false, true])("carries text both ways, in order, TLS %s", async (tls) => {
    const ends: string[] = [];
    const { open } = await listening(echo(ends), { tls });
    const { socket, told } = open();
    socket.on("open", () => ["one", "two", "drei ✓"].forEach((text) => socket.send(text)));
    await until(() => told.length === 3);
    expect(told).toEqual(["you said one", "you said two", "you said drei ✓"]);
    socket.close(1000);
    await until(() => ends.length > 0);
    await pause(20);
    expect([told.at(-1), ends]).toEqual(["closed 1000 ", ["closed"]]);
  });

  it("says what came before it was started, and that it is closed also to who starts it late", async () => {
    const late: TextSocket[] = [];
    const { open } = await listening((socket) => late.push(socket));
    const [first, second] = [open(), open()];
    first.socket.on("open", () => first.socket.send("early"));
    await until(() => late.length === 2);
    await pause(30);
    const heard: string[] = [];
    const [early, gone] = late as [TextSocket, TextSocket];
    early.start({ text: (text) => heard.push(text), closed() {} });
    await until(() => heard.length === 1);
    expect(early.remoteAddress).toBe("127.0.0.1");
    gone.close(1000, "enough");
    await until(() => second.told.length === 1);
    await pause(20);
    gone.start({ text: () => {}, closed: () => heard.push("closed") });
    gone.send("nobody is there");
    await until(() => heard.length === 2);
    expect([heard, second.told]).toEqual([["early", "closed"], ["closed 1000 enough"]]);
  });

  it("tells how much the other side has not taken", async () => {
    let served: TextSocket | undefined;
    const { open } = await listening((socket) => (served = socket));
    const { socket, told } = open();
    await until(() => served !== undefined);
    socket.pause();
    served!.start({ text() {}, closed() {} });
    expect(served!.bufferedBytes).toBe(0);
    // More than the system's buffers of both sides hold.
    const part = "x".repeat(1_000_000);
    for (let count = 0; count < 16; count += 1) served!.send(part);
    await pause(50);
    expect(served!.bufferedBytes).toBeGreaterThan(1_000_000);
    socket.resume();
    await until(() => served!.bufferedBytes === 0 && told.length === 16);
  });
});

describe("A WebSocket that is cut", () => {
  it("tells nothing more than that, whatever of it has been read already", async () => {
    const { http } = await listening(echo());
    const heard: string[] = [];
    const serve = (socket: FrameSocket) => socket.start({
      frame(bytes) {
        heard.push(String(bytes));
        socket.cut();
      },
      tooLarge: () => void heard.push("too large"),
      heard: (bytes) => void heard.push(`${bytes} bytes`),
      drained() {},
      closed: () => void heard.push("closed"),
    });
    http.add([{ path: "/frames", upgrade: () => ({ subprotocol: "feed", messageBytesMax: 65_536, accept: serve }) }]);
    const socket = connect(http.port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.on("error", () => {}).write("GET /frames HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    await once(socket, "data");
    // One packet: two texts, a ping, a pong, and the head of a frame that is too large, masked with zeros.
    const frame = (first: number, payload: string) => Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);
    const tooLarge = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0]);
    socket.write(Buffer.concat([frame(0x81, "one"), frame(0x81, "two"), frame(0x89, "ping"), frame(0x8a, "pong"), tooLarge]));
    await until(() => heard.includes("closed"));
    expect(heard).toEqual(["one", "closed"]);
  });
});

describe("A WebSocket is closed", () => {
  it("RFC 6455 section 7.4.1: with the reason, for what is too long, for bytes, for no UTF-8, and for an error here", async () => {
    const { open, log } = await listening((socket) => socket.start({
      text: (text) => {
        if (text === "break") throw new Error("broken");
        socket.send(String(text.length));
      },
      closed() {},
    }));
    const sending = async (send: (socket: WebSocket) => void) => {
      const { socket, told } = open();
      socket.on("open", () => send(socket));
      await until(() => told.length > 0);
      return told[0];
    };
    expect(await sending((socket) => socket.send("x".repeat(65_536)))).toBe("65536");
    expect(await sending((socket) => socket.send("x".repeat(65_537)))).toMatch(/^closed 1009/);
    expect(await sending((socket) => socket.send(Buffer.from("bytes")))).toBe("closed 1003 text is expected");
    expect(await sending((socket) => socket.send(Buffer.from([0xff]), { binary: false }))).toMatch(/^closed 1007/);
    expect(await sending((socket) => socket.send("break"))).toMatch(/^closed 1011/);
    expect(log.lines.filter((line) => line.startsWith("error"))).toEqual(["error websocket.failed: a WebSocket of 127.0.0.1 is closed: an error here"]);
  });

  it("when the other side answers no ping until the next one; who answers stays", async () => {
    const clock = new HandClock(0);
    const ends: string[] = [];
    const { open } = await listening(echo(ends), { clock });
    const [alive, dead] = [open(), open()];
    (dead.socket as unknown as { pong: () => void }).pong = () => {};
    dead.socket.on("open", () => dead.socket.pause());
    await until(() => alive.socket.readyState === WebSocket.OPEN && dead.socket.isPaused);
    const answered = new Promise((resolve) => alive.socket.once("ping", resolve));
    await clock.advance(webSocketPingMs);
    await answered;
    await pause(20);
    expect(ends).toEqual([]);
    await clock.advance(webSocketPingMs);
    await until(() => ends.length === 1);
    await pause(20);
    expect([alive.socket.readyState, ends]).toEqual([WebSocket.OPEN, ["closed"]]);
  });

  it("at once, when the other side does not answer in time that it is to be closed", async () => {
    const clock = new HandClock(0);
    const [ends, served]: [string[], TextSocket[]] = [[], []];
    const { open } = await listening((socket) => {
      served.push(socket);
      echo(ends)(socket);
    }, { clock });
    const { socket } = open();
    await until(() => socket.readyState === WebSocket.OPEN && served.length === 1);
    socket.pause();
    served[0]!.close(1000, "enough");
    await clock.advance(webSocketCloseMs - 1);
    expect(ends).toEqual([]);
    await clock.advance(1);
    await until(() => ends.length === 1);
  });

  it("when the listener is: it is told so, and cut whether it answers or not", async () => {
    const ends: string[] = [];
    const { open, http } = await listening(echo(ends));
    const all = Array.from({ length: 5 }, () => open());
    await until(() => all.every(({ socket }) => socket.readyState === WebSocket.OPEN));
    all[4]!.socket.pause();
    await http.close();
    // Sooner than the question whether it lives would find out.
    await until(() => ends.length === 5);
    await until(() => all.slice(0, 4).every(({ told }) => told.length === 1));
    expect(all[0]!.told).toEqual(["closed 1001 the server stops"]);
  });

  it("when the listener is, also if it was asked for before and nobody has answered yet: it is not opened any more", async () => {
    const opened: TextSocket[] = [];
    const { open, http } = await listening(() => undefined);
    const admitted = new Promise<() => void>((admit) => {
      http.add([{ path: "/slow", upgrade: () => new Promise((resolve) => admit(() => resolve((socket) => opened.push(socket)))) }]);
    });
    const { told } = open("/slow");
    const admit = await admitted;
    await http.close();
    await until(() => told.length === 1);
    admit();
    await pause(20);
    expect([opened, told]).toEqual([[], ["closed 1006 "]]);
  });
});

describe("The handshake of a WebSocket", () => {
  it("is refused with the route's own answer, where there is none, where it fails, and where it is not right", async () => {
    const { open, http, log } = await listening(echo());
    const refusal = async (path: string) => {
      const { told } = open(path);
      await until(() => told.length > 0);
      return told[0];
    };
    expect(await refusal("/closed")).toBe("refused 403 not you");
    expect(await refusal("/nowhere")).toBe("refused 404 There is nothing here.");
    expect(await refusal("/page")).toBe("refused 404 There is nothing here.");
    expect(await refusal("/bad")).toBe("refused 500 This failed in the server; its log says why.");
    expect(log.lines).toEqual(["error http.failed: HTTP: GET /bad failed"]);

    const raw = (headers: string) => new Promise<string>((resolve) => {
      const socket = connect(http.port, "127.0.0.1");
      onTestFinished(() => void socket.destroy());
      socket.once("data", (bytes) => resolve(String(bytes).slice(9, 12))).on("error", () => {});
      socket.write(`GET /feed HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
    });
    const key = randomBytes(16).toString("base64");
    const upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    expect(await raw("")).toBe("426");
    expect(await raw(upgrade)).toBe("400");
    expect(await raw(`${upgrade}Sec-WebSocket-Key: short\r\nSec-WebSocket-Version: 13\r\n`)).toBe("400");
    expect(await raw(`${upgrade}Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 7\r\n`)).toBe("400");
    expect(await raw(`${upgrade}Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n`)).toBe("101");
  });

  it("takes no compression: a small message stays small", async () => {
    const { open } = await listening(echo());
    const { socket } = open();
    await until(() => socket.readyState === WebSocket.OPEN);
    expect(socket.extensions).toBe("");
  });
});
