/** The inspector's site over real sockets: the way in, and everybody who must not find it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { request as requestPlain, type IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { entrancesMax } from "../../src/domain/limits.ts";
import { reachableHere } from "../../src/inspector/names.ts";
import { openSite } from "../../src/inspector/site.ts";
import { liveClock, liveIds } from "../../src/live.ts";
import { listenHttp } from "../../src/net/http.ts";
import type { TextSocket } from "../../src/net/text-socket.ts";
import { admissionFor, certificatesFor, MemoryLog, temporaryFolder, until } from "../net/support.ts";

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const html = "<!doctype html><title>page</title>";
const script = `console.log("${"hello ".repeat(100)}")`;

async function builtPage(): Promise<string> {
  const folder = await temporaryFolder();
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), html);
  writeFileSync(join(folder, "assets", "index-abc.js"), script);
  writeFileSync(join(folder, "assets", "icon-abc.svg"), "<svg/>");
  return folder;
}

async function opened(options: { readonly pageFolder?: string; readonly names?: readonly string[]; readonly tls?: boolean } = {}) {
  const { names = [], tls = false, pageFolder = await builtPage() } = options;
  const log = new MemoryLog();
  const certificates = tls ? await certificatesFor() : undefined;
  const http = await listenHttp({
    address: "127.0.0.1", port: 0, admission: admissionFor(), clock: liveClock, log, ...(certificates === undefined ? {} : { certificates }),
  });
  onTestFinished(() => http.close());
  const feed = {
    serve: (socket: TextSocket) => socket.start({ text: (text) => socket.send(`page ${text}`), closed() {} }),
  };
  const stately = {
    serve: (socket: TextSocket, query: URLSearchParams) => socket.start({ text: () => socket.send(`stately ${query.get("session")}`), closed() {} }),
  };
  const site = openSite({ http, feed, stately, names, remote: names.length > 0, pageFolder, ids: liveIds, clock: liveClock, log });
  const host = `127.0.0.1:${http.port}`;
  const origin = `http://${host}`;
  const ask = (path: string, { method = "GET", headers = {}, body = "" }: Asked = {}) => new Promise<Answer>((resolve, reject) => {
    const asked = requestPlain({ port: http.port, host: "127.0.0.1", path, method, headers: { host, ...headers }, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (bytes: Buffer) => chunks.push(bytes));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }));
    });
    asked.on("error", reject).end(body);
  });
  const enter = (token: string, headers: Readonly<Record<string, string>> = { origin }) =>
    ask("/inspect/enter", { method: "POST", headers, body: JSON.stringify({ token }) });
  const token = tokenOf(site.url());
  /** The answer to a message, or the status with which the WebSocket was refused. */
  const attach = (path: string, headers: Readonly<Record<string, string>>) => new Promise<string | number>((resolve) => {
    const socket = new WebSocket(`ws://${host}${path}`, { headers: { host, ...headers } });
    onTestFinished(() => socket.terminate());
    socket.on("unexpected-response", (_, response) => resolve(response.statusCode ?? 0)).on("error", () => {});
    socket.on("open", () => socket.send("hello")).on("message", (data: Buffer) => resolve(String(data)));
  });
  const cookie = async () => (await enter(token)).headers["set-cookie"]![0]!.split(";")[0]!;
  /** One that stays: what it is told, and how it is closed. */
  const stay = async (path: string, headers: Readonly<Record<string, string>>) => {
    const told: string[] = [];
    const socket = new WebSocket(`ws://${host}${path}`, { headers: { host, ...headers } });
    onTestFinished(() => socket.terminate());
    socket.on("message", (data: Buffer) => told.push(String(data))).on("close", (code: number, reason: Buffer) => told.push(`closed ${code} ${String(reason)}`));
    await new Promise((resolve) => socket.on("open", resolve));
    socket.send("hello");
    await until(() => told.length === 1);
    return { told, socket };
  };
  return { site, http, log, ask, enter, attach, stay, cookie, token, host, origin };
}

const tokenOf = (url: string): string => new URL(url).hash.slice("#token=".length);

describe("The address that is told", () => {
  it("has the token in its fragment, which no browser sends", async () => {
    const { site, host } = await opened();
    expect(site.url()).toMatch(new RegExp(`^http://${host}/inspect#token=[\\w-]{22}$`));
    expect(site.url()).toBe(site.url());
    expect(site.freshUrl()).not.toBe(site.freshUrl());
    const remote = await opened({ names: ["xmpp.example"], tls: true });
    expect(remote.site.url()).toMatch(/^https:\/\/xmpp\.example:\d+\/inspect#/);
    expect(remote.site.freshUrl()).toMatch(/^https:\/\/xmpp\.example:\d+\/inspect#/);
  });

  it("is that of the listener itself for a program of the same machine, whoever answers for the name", async () => {
    const { site, host, attach } = await opened({ names: ["xmpp.example"] });
    const url = site.freshUrl({ here: true });
    expect(url).toMatch(new RegExp(`^http://${host}/inspect#token=[\\w-]{22}$`));
    expect(await attach(`/inspect/stately?session=a&token=${tokenOf(url)}`, {})).toBe("stately a");
    expect(["0.0.0.0", "::", "192.0.2.1", "::1"].map(reachableHere)).toEqual(["127.0.0.1", "[::1]", "192.0.2.1", "[::1]"]);
  });
});

describe("The way in", () => {
  it("is a token for a cookie, with which the feed can be attached; both are logged with the address, and nothing of the token", async () => {
    const { enter, attach, cookie, ask, token, origin, log } = await opened();
    const unknown = await ask("/inspect/enter");
    // RFC 9110 section 15.5.2, by a scheme for which no browser asks people for a password.
    expect([unknown.status, unknown.headers["www-authenticate"]]).toEqual([401, 'Cookie realm="inspector"']);
    const { status, headers, bytes } = await enter(token);
    expect([status, bytes.length, headers["set-cookie"]?.[0]]).toEqual([204, 0, expect.stringMatching(/; HttpOnly; SameSite=Strict$/)]);
    const bearer = await cookie();
    expect((await ask("/inspect/enter", { headers: { cookie: bearer } })).status).toBe(204);
    expect(await attach("/inspect/feed", { cookie: bearer, origin })).toBe("page hello");
    expect(await attach("/inspect/stately?session=abc", { cookie: bearer, origin })).toBe("stately abc");
    expect(log.lines).toEqual([
      "info inspector.entered: 127.0.0.1 entered the inspector",
      "info inspector.entered: 127.0.0.1 entered the inspector",
      "info inspector.attached: 127.0.0.1 attached to the inspector's feed (page)",
      "info inspector.attached: 127.0.0.1 attached to the inspector's feed (stately)",
    ]);
    expect(log.lines.join()).not.toContain(token);
  });

  it("is closed again by leaving", async () => {
    const { ask, attach, cookie, origin } = await opened();
    const bearer = await cookie();
    const left = await ask("/inspect/leave", { method: "POST", headers: { cookie: bearer, origin } });
    expect([left.status, left.headers["set-cookie"]?.[0]]).toEqual([204, expect.stringContaining("Max-Age=0")]);
    expect(await attach("/inspect/feed", { cookie: bearer, origin })).toBe(401);
  });

  it("is closed by leaving also to the feeds that were attached with the same cookie, and to no others", async () => {
    const { ask, stay, cookie, token, origin } = await opened();
    const [mine, other] = [await cookie(), await cookie()];
    const page = await stay("/inspect/feed", { cookie: mine, origin });
    const stately = await stay("/inspect/stately", { cookie: mine, origin });
    const stays = [await stay("/inspect/feed", { cookie: other, origin }), await stay(`/inspect/stately?token=${token}`, {})];
    await ask("/inspect/leave", { method: "POST", headers: { cookie: mine, origin } });
    await until(() => page.told.length === 2 && stately.told.length === 2);
    const ended = "closed 1008 this browser was let in too long ago, or has left";
    expect([page.told[1], stately.told[1]]).toEqual([ended, ended]);
    for (const { socket, told } of stays) {
      socket.send("again");
      await until(() => told.length === 2);
    }
    expect(stays.map(({ told }) => told[1])).toEqual(["page again", "stately null"]);
  });

  it("is closed to a wrong token and to one that was used, after a while and with a line in the log; and says so once it is too much", async () => {
    const { enter, site, log } = await opened();
    const fresh = tokenOf(site.freshUrl());
    expect((await enter(fresh)).status).toBe(204);
    const from = Date.now();
    expect((await enter(fresh)).status).toBe(403);
    expect(Date.now() - from).toBeGreaterThan(200);
    const many = await Promise.all(Array.from({ length: 25 }, () => enter("guess")));
    expect(many.filter(({ status }) => status === 429).length).toBe(6);
    expect(log.lines.filter((line) => line.startsWith("warn inspector.refused: 127.0.0.1"))).toHaveLength(20);
    expect(log.lines.join()).not.toContain("guess");
    expect((await enter(tokenOf(site.url()))).status).toBe(204);
  });

  it("takes nothing but JSON with a token, and no more than a token needs", async () => {
    const { ask, origin, token } = await opened();
    const post = async (body: string) => (await ask("/inspect/enter", { method: "POST", headers: { origin }, body })).status;
    const bodies = ["", token, "{", "null", "[]", '{"token":1}', JSON.stringify({ token: "x".repeat(2_000) })];
    expect(await Promise.all(bodies.map(post))).toEqual(bodies.map(() => 400));
  });

  it("lets in so many at once, and the oldest makes room", async () => {
    const { cookie, ask } = await opened();
    const first = await cookie();
    for (let count = 0; count < entrancesMax; count += 1) await cookie();
    expect((await ask("/inspect/enter", { headers: { cookie: first } })).status).toBe(401);
  });
});

describe("Another site in the same browser", () => {
  const foreign = ["https://evil.example", "http://localhost:3000", "null", "http://127.0.0.1", "https://HOST"];

  it("cannot use the cookie: its origin is told with every WebSocket and every POST", async () => {
    const { attach, ask, enter, cookie, token, host } = await opened();
    const bearer = await cookie();
    for (const each of foreign) {
      const origin = each.replace("HOST", host);
      expect(await attach("/inspect/feed", { cookie: bearer, origin }), origin).toBe(403);
      expect(await attach("/inspect/stately", { cookie: bearer, origin }), origin).toBe(403);
      expect((await enter(token, { origin })).status, origin).toBe(403);
      expect((await ask("/inspect/leave", { method: "POST", headers: { origin, cookie: bearer } })).status, origin).toBe(403);
    }
    // A cookie comes with a browser, and a browser with its origin.
    expect(await attach("/inspect/feed", { cookie: bearer })).toBe(403);
    expect((await ask("/inspect/leave", { method: "POST", headers: { cookie: bearer } })).status).toBe(403);
    expect((await ask("/inspect/enter", { headers: { cookie: bearer } })).status).toBe(204);
  });

  it("cannot use a name that it made lead here (DNS rebinding)", async () => {
    const { ask, attach, cookie, host } = await opened();
    const port = host.split(":")[1]!;
    const bearer = await cookie();
    for (const name of ["evil.example", `evil.example:${port}`, "localhost.evil.example", "127.0.0.1.nip.io", "127.0.0.2", "[::2]", "local host", "localhost:99999999", "user@localhost"]) {
      for (const path of ["/inspect", "/inspect/", "/inspect/assets/index-abc.js", "/inspect/enter"]) {
        expect((await ask(path, { headers: { host: name, cookie: bearer } })).status, `${name} ${path}`).toBe(421);
      }
      expect(await attach("/inspect/feed", { host: name, cookie: bearer, origin: `http://${name}` }), name).toBe(421);
    }
    for (const name of ["localhost", `localhost:${port}`, "LOCALHOST:1", "127.0.0.1", `[::1]:${port}`]) {
      expect((await ask("/inspect", { headers: { host: name } })).status, name).toBe(200);
    }
  });

  it("cannot use such a name in a whole address either (RFC 9112 section 3.2.2)", async () => {
    const { ask, host } = await opened();
    const status = async (name: string, header: string) => (await ask(`http://${name}/inspect`, { headers: { host: header } })).status;
    expect([await status("evil.example", host), await status(host, "evil.example")]).toEqual([421, 200]);
  });

  it("can be led to a served name only where that is allowed", async () => {
    // RFC 9110 section 4.2.3: capitals make no other name.
    const [alone, remote] = [await opened(), await opened({ names: ["Xmpp.Example"] })];
    const by = async ({ ask }: typeof alone, host: string) => (await ask("/inspect", { headers: { host } })).status;
    for (const host of ["xmpp.example:5280", "XMPP.example"]) expect([await by(alone, host), await by(remote, host)]).toEqual([421, 200]);
  });
});

describe("Who is no browser", () => {
  it("shows the token itself, to Stately's feed alone", async () => {
    const { attach, token, site } = await opened();
    expect(await attach(`/inspect/stately?session=a&token=${token}`, {})).toBe("stately a");
    const fresh = tokenOf(site.freshUrl());
    expect([await attach(`/inspect/stately?token=${fresh}`, {}), await attach(`/inspect/stately?token=${fresh}`, {})]).toEqual(["stately null", 403]);
    expect(await attach(`/inspect/feed?token=${token}`, {})).toBe(401);
    expect(await attach("/inspect/stately", {})).toBe(401);
    expect(await attach("/inspect/stately?token=", {})).toBe(403);
  });
});

describe("The page", () => {
  it("is served with its assets, compressed as asked, and only what the build made", async () => {
    const { ask } = await opened();
    for (const path of ["/inspect", "/inspect/", "/inspect?x=1"]) {
      const { status, headers, bytes } = await ask(path);
      expect([status, headers["content-type"], headers["cache-control"], String(bytes)]).toEqual([200, "text/html; charset=utf-8", "no-store", html]);
    }
    const asset = (accept: string) => ask("/inspect/assets/index-abc.js", { headers: { "accept-encoding": accept } });
    const [br, gz, plain, refused] = await Promise.all([asset("gzip, deflate, br"), asset("gzip;q=0.5"), asset("identity"), asset("br;q=0, gzip;q=0.0")]);
    expect(br.headers).toMatchObject({
      "content-encoding": "br", "content-type": "text/javascript; charset=utf-8", "cache-control": "public, max-age=31536000, immutable", vary: "accept-encoding",
    });
    expect(String(brotliDecompressSync(br.bytes))).toBe(script);
    expect(String(gunzipSync(gz.bytes))).toBe(script);
    expect([String(plain.bytes), String(refused.bytes)]).toEqual([script, script]);
  });

  it("is no way to other files", async () => {
    const { ask } = await opened();
    const paths = [
      "/inspect/assets/../index.html", "/inspect/assets/..%2findex.html", "/inspect/assets/%2e%2e/index.html", "/inspect/assets/....//index.html",
      "/inspect/assets/..%5cindex.html", "/inspect/assets//etc/passwd", "/inspect/assets/", "/inspect/assets/index-abc.js/", "/inspect/assets/index-abc.js%00",
      "/inspect/../package.json", "/inspect/index.html", "/inspect/assets/constructor", "/inspect/assets/__proto__", "//inspect", "/",
    ];
    const statuses = await Promise.all(paths.map(async (path) => (await ask(path)).status));
    expect(statuses).toEqual(paths.map(() => 404));
  });

  it("comes with headers that let nothing else run, be loaded, framed, guessed or told, and so does every other answer", async () => {
    const { ask, origin } = await opened();
    const answers = await Promise.all([
      ask("/inspect"), ask("/inspect/assets/index-abc.js"), ask("/inspect/enter"), ask("/inspect/nothing"), ask("/inspect", { headers: { host: "evil.example" } }),
      ask("/inspect/enter", { method: "POST", headers: { origin }, body: "{}" }), ask("/inspect/leave"), ask("/inspect", { method: "DELETE" }), ask("/inspect/feed"),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 401, 404, 421, 400, 405, 405, 426]);
    for (const { headers, status } of answers) {
      expect(headers["content-security-policy"], String(status)).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
      );
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin", "permissions-policy": expect.stringContaining("camera=()"),
      });
      expect(headers["access-control-allow-origin"]).toBeUndefined();
    }
  });

  it("is named to who opens the server's address alone; other paths are as if it were not there", async () => {
    const { ask, http } = await opened();
    const root = async () => {
      const { status, bytes } = await ask("/");
      return [status, bytes.toString()];
    };
    const named = "There is nothing here. The inspector is at /inspect; `refrain inspect` prints its address with what lets you in.";
    expect(await root()).toEqual([404, `${named}\n`]);
    http.add([{ path: "/health", methods: {} }, { path: "/http-bind", methods: {} }]);
    expect(await root()).toEqual([404, `${named} Besides it there are /health, /http-bind.\n`]);
    for (const [path, method] of [["/other", "GET"], ["/", "POST"], ["/other/", "POST"]] as const) {
      const { status, bytes } = await ask(path, { method });
      expect([status, bytes.toString()]).toEqual([404, "There is nothing here.\n"]);
    }
  });

  it("that is not built is said so", async () => {
    const { ask } = await opened({ pageFolder: "/nonexistent" });
    const { status, bytes } = await ask("/inspect");
    expect([status, String(bytes)]).toEqual([503, "The page is not built: run `npm run build`, then start the server again.\n"]);
    expect((await ask("/inspect/assets/x.js")).status).toBe(404);
  });
});
