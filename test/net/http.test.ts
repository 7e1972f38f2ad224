/** The HTTP listener: what it takes, what it refuses, and that nothing of it ends the process. */
import { connect, type Socket } from "node:net";
import { request } from "node:https";
import { connect as connectTls } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { liveClock } from "../../src/live.ts";
import { networkOf } from "../../src/domain/networks.ts";
import type { ProxyPolicy } from "../../src/net/forwarded.ts";
import { listenHttp, type HttpBounds, type HttpListener } from "../../src/net/http.ts";
import type { HttpRoute } from "../../src/net/http-route.ts";
import { admissionFor, certificatesFor, makePair, MemoryLog, pause, temporaryFolder, until, writePair } from "./support.ts";

interface Listening {
  readonly http: HttpListener;
  readonly log: MemoryLog;
  /** Sends the bytes, and resolves with everything that came until the other side closed. */
  converse(bytes: string): Promise<string>;
  open(): Promise<Socket>;
}

async function listening(routes: readonly HttpRoute[] = [], bounds: Partial<HttpBounds> = {}, perAddressMax = 100, proxies: ProxyPolicy = { trusted: [], header: "x-forwarded-for" }): Promise<Listening> {
  const log = new MemoryLog();
  const http = await listenHttp({ address: "127.0.0.1", port: 0, admission: admissionFor({ perAddressMax, log }), clock: liveClock, log, bounds, proxies });
  http.add(routes);
  onTestFinished(() => http.close());
  const open = () => new Promise<Socket>((resolve, reject) => {
    const socket: Socket = connect(http.port, "127.0.0.1", () => resolve(socket)).on("error", reject);
    onTestFinished(() => void socket.destroy());
  });
  return {
    http,
    log,
    open,
    async converse(bytes) {
      const socket = await open();
      const text = readToEnd(socket);
      socket.write(bytes);
      return text;
    },
  };
}

function readToEnd(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (bytes) => (text += String(bytes))).on("error", () => {}).on("close", () => resolve(text));
  });
}

/** A request after which the connection is closed. */
function ask(target: string, method = "GET", more = ""): string {
  return `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}\r\n`;
}

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
const echo: HttpRoute = {
  path: "/echo",
  methods: {
    GET: ({ path, query, remoteAddress, secure }) => ({ status: 200, body: `${path} ${query.get("q")} ${remoteAddress} ${secure}` }),
    POST: async (request) => {
      const body = await request.body(10);
      return body === undefined ? { status: 413, body: "too long" } : { status: 200, body: `got ${new TextDecoder().decode(body)}` };
    },
  },
};

describe("limits.connectionsPerAddress over HTTP", () => {
  it("holds for those whom a trusted proxy does not name, all together: they are not taken for this machine's", async () => {
    const held: (() => void)[] = [];
    const slow: HttpRoute = { path: "/slow", methods: { GET: () => new Promise((resolve) => held.push(() => resolve({ status: 200, body: "done" }))) } };
    const { converse, log } = await listening([slow, echo], {}, 1, { trusted: [networkOf("127.0.0.1")!], header: "x-forwarded-for" });
    const first = converse(ask("/slow"));
    await until(() => held.length === 1);
    expect(statusOf(await converse(ask("/echo")))).toBe(429);
    held[0]!();
    expect(statusOf(await first)).toBe(200);
    expect(statusOf(await converse(ask("/echo")))).toBe(200);
    expect(log.lines.filter((line) => line.startsWith("warn http.unnamed: "))).toHaveLength(1);
  });
});

describe("HTTP routes", () => {
  it("answer by path and method, and add what every answer has", async () => {
    const { converse } = await listening([echo]);
    const answer = await converse(ask("/echo?q=a%20b"));
    expect(answer).toContain("\r\n\r\n/echo a b 127.0.0.1 false");
    for (const header of ["x-content-type-options: nosniff", "referrer-policy: no-referrer", "cache-control: no-store", "content-security-policy: default-src 'none'"]) {
      expect(answer.toLowerCase()).toContain(header);
    }
  });

  it("take the longest path that fits, and only what is written with a slash at its end holds what is below it", async () => {
    const named = (path: string): HttpRoute => ({ path, methods: { GET: () => ({ status: 200, body: `by ${path}` }) } });
    const { converse } = await listening(["/a", "/a/", "/a/b/", "/a/b/c"].map(named));
    const by = async (target: string) => /by (\S+)/.exec(await converse(ask(target)))?.[1];
    expect(await Promise.all(["/a", "/a/", "/a/x", "/a/b/x", "/a/b/c", "/a/b/c/", "/ab", "/", "/A"].map(by))).toEqual([
      "/a", "/a/", "/a/", "/a/b/", "/a/b/c", "/a/b/", undefined, undefined, undefined,
    ]);
  });

  it("RFC 9110 section 15.5.6: name the methods they take to who uses another, and answer HEAD without a body", async () => {
    const { converse } = await listening([echo]);
    const refused = await converse(ask("/echo", "DELETE"));
    expect([statusOf(refused), /allow: (.*)/i.exec(refused)?.[1]]).toEqual([405, "GET, HEAD, POST"]);
    expect(statusOf(await converse(ask("/echo", "OPTIONS")))).toBe(405);
    expect(statusOf(await converse(ask("/elsewhere")))).toBe(404);
    const [head, body] = (await converse(ask("/echo?q=1", "HEAD"))).split("\r\n\r\n");
    expect([statusOf(head!), /content-length: (\d+)/i.exec(head!)?.[1], body]).toEqual([200, "23", ""]);
  });

  it("have headers on every answer that is given on them, whoever gives it", async () => {
    const thrower = () => {
      throw new Error("broken");
    };
    const headers = { "x-frame-options": "DENY", "cache-control": "private" };
    const { converse } = await listening([{ path: "/a/", headers, methods: { GET: () => ({ status: 200, headers: { "cache-control": "public" } }), POST: thrower } }]);
    const answers = await Promise.all([ask("/a/"), ask("/a/", "PUT"), ask("/a/", "POST"), ask("/b")].map(converse));
    const seen = answers.map((answer) => [statusOf(answer), /x-frame-options: (\w+)/i.exec(answer)?.[1], /cache-control: (\S+)/i.exec(answer)?.[1]]);
    expect(seen).toEqual([[200, "DENY", "public"], [405, "DENY", "private"], [500, "DENY", "private"], [404, undefined, "no-store"]]);
  });

  it("that throw get 500 and a line in the log, and the next one is answered", async () => {
    const { converse, log } = await listening([echo, { path: "/bad", methods: { GET: () => Promise.reject(new Error("broken")) } }]);
    expect(statusOf(await converse(ask("/bad")))).toBe(500);
    expect(log.lines).toEqual(["error http.failed: HTTP: GET /bad failed"]);
    expect(statusOf(await converse(ask("/echo")))).toBe(200);
  });
});

describe("What is asked for", () => {
  const named: HttpRoute = { path: "/", methods: { GET: ({ path, query, header }) => ({ status: 200, body: `${header("host")} ${path} ${query.get("q")}` }) } };

  it("RFC 9112 section 3.2.2: can be told as a whole address, whose host stands above that of the header", async () => {
    const { converse } = await listening([named]);
    const by = async (target: string) => /\r\n\r\n(.*)$/s.exec(await converse(ask(target)))?.[1];
    expect(await Promise.all(["/a?q=1", "http://a.example:80/a?q=1", "HTTP://[::1]?q=/", "http://a.example", "//a.example/b"].map(by))).toEqual([
      "localhost /a 1", "a.example:80 /a 1", "[::1] / /", "a.example / null", "localhost //a.example/b null",
    ]);
  });

  it("RFC 9110 section 7.4: is not answered by another scheme than its own", async () => {
    const { converse } = await listening([named]);
    expect(statusOf(await converse(ask("https://localhost/a")))).toBe(421);
  });

  it("RFC 9110 section 8.6: is answered with its length, but for 204, which has none", async () => {
    const { converse } = await listening([{ path: "/", methods: { GET: ({ path }) => ({ status: Number(path.slice(1)) }) } }]);
    const lengths = (answer: string) => [...answer.toLowerCase().matchAll(/^(?:content-length|transfer-encoding): (.*)\r$/gm)].map(([, value]) => value);
    expect([lengths(await converse(ask("/200"))), lengths(await converse(ask("/204")))]).toEqual([["0"], []]);
  });
});

describe("RFC 9110 section 7.8: a protocol that is offered and not spoken here", () => {
  const offer = (method: string, headers = "", body = "") =>
    `${method} /echo?q=1 HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\nupgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n${headers}\r\n${body}`;

  it("keeps no request from its answer", async () => {
    const { converse } = await listening([echo]);
    const requests = [offer("GET"), offer("POST", "Content-Length: 5\r\n", "hello"), offer("POST", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")];
    const answers = await Promise.all(requests.map(converse));
    expect(answers.map((answer) => /\r\n\r\n(.*)$/s.exec(answer)?.[1])).toEqual(["/echo 1 127.0.0.1 false", "got hello", "got abcde"]);
  });

  it("nor one whose body comes later, in pieces", async () => {
    const { open } = await listening([echo]);
    const socket = await open();
    const text = readToEnd(socket);
    for (const piece of [offer("POST", "Content-Length: 5\r\n"), "he", "llo"]) {
      socket.write(piece);
      await pause(20);
    }
    expect(await text).toContain("\r\n\r\ngot hello");
  });

  it("does not lift the bounds for the body, and who leaves in its middle harms nothing", async () => {
    const { converse, open, log } = await listening([echo]);
    expect(statusOf(await converse(offer("POST", "Content-Length: 11\r\n", "hello world")))).toBe(413);
    const socket = await open();
    socket.write(offer("POST", "Content-Length: 9\r\n", "abc"));
    await pause(30);
    socket.resetAndDestroy();
    expect([statusOf(await converse(ask("/echo"))), log.lines]).toEqual([200, []]);
  });
});

describe("RFC 9112 section 9.3.2: requests that do not wait for the answers before", () => {
  const slow: HttpRoute = {
    path: "/slow",
    methods: { GET: async () => pause(50).then(() => ({ status: 200, body: "slow" })) },
  };
  const closed: HttpRoute = { path: "/closed", upgrade: () => ({ status: 403, body: "not you" }) };
  const first = "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const offering = (path: string, protocol: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`;
  const bodiesIn = (text: string) => [...text.matchAll(/\r\n\r\n(.*?)(?=HTTP\/1\.1|$)/gs)].map(([, body]) => body);

  it("are answered in their order, also if the last one offers another protocol", async () => {
    const { converse } = await listening([echo, slow, closed]);
    expect(bodiesIn(await converse([first, first, ask("/echo?q=1")].join("")))).toEqual(["slow", "slow", "/echo 1 127.0.0.1 false"]);
    expect(bodiesIn(await converse([first, first, offering("/echo?q=2", "h2c")].join("")))).toEqual(["slow", "slow", "/echo 2 127.0.0.1 false"]);
    expect(bodiesIn(await converse([first, first, offering("/closed", "websocket")].join("")))).toEqual(["slow", "slow", "not you"]);
  });

  it("wait for their turn no longer than the listener is open", async () => {
    const { open, http } = await listening([slow, closed]);
    const socket = await open();
    const text = readToEnd(socket);
    socket.write([first, offering("/closed", "websocket")].join(""));
    await pause(20);
    await http.close();
    expect(await text).toBe("");
  });

  it("are forgotten when who asked leaves before", async () => {
    const { open, converse, log } = await listening([echo, slow, closed]);
    for (const protocol of ["h2c", "websocket"]) {
      const socket = await open();
      socket.write([first, first, offering("/closed", protocol)].join(""));
      await pause(20);
      socket.resetAndDestroy();
    }
    await pause(100);
    expect([statusOf(await converse(ask("/echo"))), log.lines]).toEqual([200, []]);
  });
});

describe("HTTP bounds", () => {
  it("hold for the body, whether its length is told or not, and the connection ends there", async () => {
    const { converse } = await listening([echo]);
    const post = (more: string) => converse(`POST /echo HTTP/1.1\r\nHost: localhost\r\n${more}`);
    expect(await converse(ask("/echo", "POST", "Content-Length: 5\r\n").concat("hello"))).toContain("got hello");
    expect(statusOf(await post("Content-Length: 11\r\n\r\nhello"))).toBe(413);
    expect(statusOf(await post("Transfer-Encoding: chunked\r\n\r\n6\r\nhello,\r\n6\r\n world\r\n"))).toBe(413);
  });

  it("hold for the headers and for what is asked for", async () => {
    const { converse } = await listening([echo]);
    expect(statusOf(await converse(ask("/echo", "GET", `X-Long: ${"x".repeat(9_000)}\r\n`)))).toBe(431);
    expect(statusOf(await converse(ask(`/echo?q=${"x".repeat(2_100)}`)))).toBe(414);
  });

  it("hold for who is slow: headers that come byte by byte, a body that never comes, nothing at all", async () => {
    const { open } = await listening([echo], { headersMs: 300, requestMs: 600 });
    const slow = async (first: string, drip: string) => {
      const socket = await open();
      const text = readToEnd(socket);
      socket.write(first);
      const timer = setInterval(() => socket.write(drip), 50);
      const answer = await text;
      clearInterval(timer);
      return statusOf(answer);
    };
    const outcomes = await Promise.all([slow("GET /echo HTTP/1.1\r\n", "X: "), slow("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", ""), slow("", "")]);
    expect(outcomes).toEqual([408, 408, 408]);
  });

  it("hold for 2,000 idle connections: those beyond the bound are refused, and it is said once", async () => {
    const { converse, http, log } = await listening([echo], { connectionsMax: 50, headersMs: 400 });
    let closed = 0;
    const sockets = Array.from({ length: 2_000 }, () => connect(http.port, "127.0.0.1").resume().on("error", () => {}).on("close", () => (closed += 1)));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
    });
    await until(() => closed >= 1_950);
    await until(() => closed === 2_000);
    expect(log.lines).toEqual(["warn http.full: HTTP: 50 connections are open, more are refused until one is closed"]);
    expect(statusOf(await converse(ask("/echo")))).toBe(200);
  });
});

describe("What is no request that can be answered", () => {
  it("gets 400, and nothing else happens", async () => {
    const { converse } = await listening([echo]);
    const bad = [
      "GARBAGE\r\n\r\n", "GET /echo HTTP/1.1\r\n\r\n", ask("ftp://localhost/echo"), ask("http://romeo@localhost/echo"), ask("http://"), ask("*", "OPTIONS"), ask("echo"),
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "\u0016\u0003\u0001\u0002\u0000", "<stream:stream xmlns='jabber:client'>",
    ];
    const outcomes = await Promise.all(bad.map(async (bytes) => statusOf(await converse(bytes))));
    expect(outcomes).toEqual(bad.map(() => 400));
    expect(statusOf(await converse(ask("/echo")))).toBe(200);
  });

  it("nor who leaves in the middle of one", async () => {
    const { open, log, converse } = await listening([echo]);
    const socket = await open();
    socket.write("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    await pause(30);
    socket.resetAndDestroy();
    expect(statusOf(await converse(ask("/echo")))).toBe(200);
    expect(log.lines).toEqual([]);
  });
});

describe("close", () => {
  it("frees the port and ends every connection at once, idle, asking and waiting", async () => {
    const { http, open } = await listening([{ path: "/never", methods: { GET: () => new Promise(() => {}) } }]);
    const sockets = await Promise.all([open(), open(), open()]);
    sockets[1]!.write("GET /nev");
    sockets[2]!.write(ask("/never"));
    const ends = sockets.map(readToEnd);
    await pause(30);
    await http.close();
    await http.close();
    expect(await Promise.all(ends)).toEqual(["", "", ""]);
    const again = await listenHttp({ address: "127.0.0.1", port: http.port, admission: admissionFor(), clock: liveClock, log: new MemoryLog() });
    await again.close();
  });

  it("rejects to listen where another program does, with Node's code", async () => {
    const { http } = await listening();
    const second = listenHttp({ address: "127.0.0.1", port: http.port, admission: admissionFor(), clock: liveClock, log: new MemoryLog() });
    await expect(second).rejects.toMatchObject({ code: "EADDRINUSE", port: http.port });
  });
});

describe("HTTPS", () => {
  async function secure(hosts = ["localhost", "b.example"]) {
    const certificates = await certificatesFor(hosts.map((domain) => ({ domain })));
    const log = new MemoryLog();
    const http = await listenHttp({ address: "127.0.0.1", port: 0, certificates, admission: admissionFor(), clock: liveClock, log });
    http.add([echo]);
    onTestFinished(() => http.close());
    return { http, log, certificates };
  }

  /** What it answers, and whose certificate it shows. */
  const get = (port: number, ca: string, servername: string) => new Promise<string>((resolve, reject) => {
    const asked = request({ port, host: "127.0.0.1", path: "/echo?q=x", ca, servername, agent: false, headers: { connection: "close" } }, (response) => {
      let text = "";
      response.on("data", (bytes) => (text += String(bytes))).on("end", () => resolve(text));
    });
    asked.on("error", reject).end();
  });

  it("shows the certificate of the host that is named, and the first one's without a name, and says that it is secure", async () => {
    const { http, certificates } = await secure();
    const pem = (name: string) => certificates.certificateFor(name).pem;
    expect(await get(http.port, pem("localhost"), "localhost")).toBe("/echo x 127.0.0.1 true");
    expect(await get(http.port, pem("b.example"), "b.example")).toBe("/echo x 127.0.0.1 true");
    await expect(get(http.port, pem("localhost"), "b.example")).rejects.toThrow();
    const nameless = connectTls({ port: http.port, host: "127.0.0.1", ca: pem("localhost"), checkServerIdentity: () => undefined });
    const answer = readToEnd(nameless);
    nameless.write(ask("/echo"));
    expect(statusOf(await answer)).toBe(200);
  });

  it("passes over an offer of another protocol (RFC 9110 section 7.8) as HTTP does", async () => {
    const { http } = await secure();
    const socket = connectTls({ port: http.port, host: "127.0.0.1", rejectUnauthorized: false });
    const answer = readToEnd(socket);
    socket.end("POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello");
    expect(await answer).toContain("\r\n\r\ngot hello");
  });

  it("takes a certificate that was replaced, from the next connection on", async () => {
    const folder = await temporaryFolder();
    const first = await makePair("localhost");
    const files = await writePair(folder, "localhost", first);
    const certificates = await certificatesFor([{ domain: "localhost", ...files }]);
    const http = await listenHttp({ address: "127.0.0.1", port: 0, certificates, admission: admissionFor(), clock: liveClock, log: new MemoryLog() });
    onTestFinished(() => http.close());
    http.add([echo]);
    expect(await get(http.port, first.cert, "localhost")).toContain("/echo");
    const second = await makePair("localhost");
    await writePair(folder, "localhost", second);
    await certificates.reload();
    expect(await get(http.port, second.cert, "localhost")).toContain("/echo");
    await expect(get(http.port, first.cert, "localhost")).rejects.toThrow();
  });

  it("speaks no plain HTTP, offers HTTP/1.1 alone (RFC 7301), and ends handshakes that are under way when it is closed", async () => {
    const { http, log } = await secure();
    const plain = connect(http.port, "127.0.0.1");
    const refused = readToEnd(plain);
    plain.write(ask("/echo"));
    expect(await refused).not.toContain("HTTP/1.1 200");
    const h2 = connectTls({ port: http.port, host: "127.0.0.1", ALPNProtocols: ["h2"], rejectUnauthorized: false });
    await expect(new Promise((_, reject) => h2.on("error", reject))).rejects.toThrow(/no.application.protocol/i);
    const silent = connect(http.port, "127.0.0.1");
    const ended = readToEnd(silent);
    await pause(30);
    await http.close();
    expect(await ended).toBe("");
    expect(log.lines).toEqual([]);
  });

  it("answers several requests on one connection", async () => {
    const { http } = await secure();
    const socket = connectTls({ port: http.port, host: "127.0.0.1", rejectUnauthorized: false });
    const all = readToEnd(socket);
    socket.write("GET /echo?q=1 HTTP/1.1\r\nHost: a\r\n\r\n");
    await pause(30);
    socket.write(ask("/echo?q=2"));
    expect(await all).toMatch(/\/echo 1 .*\/echo 2 /s);
  });
});
