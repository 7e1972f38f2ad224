/** Files over HTTP from the request of a slot to the last byte (XEP-0363), against a living server. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import { connectRaw } from "../support/raw-client.ts";
import { childOf, type Xml } from "../support/xml-reader.ts";

const xmlns = "urn:xmpp:http:upload:0";
let folder: string;
let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "refrain-upload-"));
  server = await startServer({
    allowPlaintext: true,
    http: true,
    upload: { maxFileBytes: 100_000, quotaBytes: 150_000, slotsPerMinute: 20, freeBytesMin: 0 },
    parts: { uploadFolder: folder },
  });
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("'", "&apos;").replaceAll("<", "&lt;");
const asking = (name: string, size: number | string, type = ""): string =>
  `<iq type='get' id='slot' to='localhost'><request xmlns='${xmlns}' filename='${escaped(name)}' size='${size}'${type === "" ? "" : ` content-type='${type}'`}/></iq>`;

async function romeo(): Promise<BoundClient> {
  return stage.enter((await stage.cast("romeo")).romeo, "phone");
}

async function answerTo(client: BoundClient, request: string): Promise<Xml> {
  return (await client.ask(request)).find(({ name }) => name === "iq")!;
}

async function slotFor(client: BoundClient, name: string, size: number, type = ""): Promise<{ readonly put: string; readonly get: string }> {
  const slot = childOf(await answerTo(client, asking(name, size, type)), "slot");
  return { put: childOf(slot, "put")?.attrs["url"] ?? "", get: childOf(slot, "get")?.attrs["url"] ?? "" };
}

const conditionOf = (iq: Xml): readonly string[] => (childOf(iq, "error")?.children ?? []).flatMap((child) => (typeof child === "string" || child.name === "text" ? [] : [child.name]));
const put = (url: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> => fetch(url, { method: "PUT", body, headers });
const filesOnDisk = async (): Promise<readonly string[]> => (await readdir(folder)).toSorted();

describe("XEP-0363 section 3: discovery", () => {
  it("names the feature, the identity and the largest file", async () => {
    const client = await romeo();
    const info = childOf(await answerTo(client, "<iq type='get' id='slot' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"), "query");
    const text = JSON.stringify(info);
    expect(text).toContain(`"var":"${xmlns}"`);
    expect(text).toContain('"category":"store"');
    expect(text).toContain('"var":"max-file-size"},"children":[{"name":"value"');
    expect(text).toContain("100000");
  });
});

describe("XEP-0363 sections 4 and 7: a slot and its file", () => {
  it("takes the file once, and gives it to everybody who has the address", async () => {
    const client = await romeo();
    const { put: to, get } = await slotFor(client, "très cool.jpg", 5, "image/jpeg");
    expect(get).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/upload\/[\w-]{22}\/tr%C3%A8s%20cool\.jpg$/);
    expect((await fetch(get)).status).toBe(404);
    expect((await put(to, "hello", { "content-type": "image/jpeg" })).status).toBe(201);
    const found = await fetch(get);
    expect([found.status, await found.text()]).toEqual([200, "hello"]);
    expect(Object.fromEntries(found.headers)).toMatchObject({
      "content-type": "image/jpeg",
      "content-length": "5",
      "content-disposition": `inline; filename="tr_s cool.jpg"; filename*=UTF-8''tr%C3%A8s%20cool.jpg`,
      "x-content-type-options": "nosniff",
      "access-control-allow-origin": "*",
    });
    expect(found.headers.get("content-security-policy")).toContain("sandbox");
    expect((await put(to, "other", { "content-type": "image/jpeg" })).status).toBe(409);
    expect(await (await fetch(get)).text()).toBe("hello");
  });

  it("shows nothing in a browser that could run there", async () => {
    const client = await romeo();
    for (const type of ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml; charset=utf-8", "nonsense", "text/javascript"]) {
      const { put: to, get } = await slotFor(client, "page.html", 2, type);
      expect((await put(to, "hi", { "content-type": type })).status, type).toBe(201);
      const { headers } = await fetch(get);
      expect(headers.get("content-disposition"), type).toMatch(/^attachment;/);
      expect(headers.get("content-type")).not.toContain("script");
    }
  });

  it("gives a part of it, and says where nothing has changed", async () => {
    const { put: to, get } = await slotFor(await romeo(), "letters", 10);
    await put(to, "0123456789");
    const part = async (range: string, more: Record<string, string> = {}): Promise<readonly [number, string]> => {
      const answer = await fetch(get, { headers: { range, ...more } });
      return [answer.status, await answer.text()];
    };
    expect(await part("bytes=2-4")).toEqual([206, "234"]);
    expect(await part("bytes=7-")).toEqual([206, "789"]);
    expect(await part("bytes=-2")).toEqual([206, "89"]);
    expect(await part("bytes=5-100")).toEqual([206, "56789"]);
    expect((await part("bytes=10-"))[0]).toBe(416);
    expect((await part("bytes=-0"))[0]).toBe(416);
    expect(await part("bytes=4-2")).toEqual([200, "0123456789"]);
    expect(await part("bytes=1-2,4-5")).toEqual([200, "0123456789"]);
    expect(await part("bytes=1-2", { "if-range": '"other"' })).toEqual([200, "0123456789"]);
    const etag = (await fetch(get)).headers.get("etag") ?? "";
    expect((await fetch(get, { headers: { "if-none-match": etag } })).status).toBe(304);
    expect((await fetch(get, { headers: { "if-none-match": `"other", W/${etag}` } })).status).toBe(304);
    expect((await fetch(get, { headers: { "if-none-match": "*" } })).status).toBe(304);
    // RFC 9110 section 14.2: parts are of GET alone.
    for (const headers of [{}, { range: "bytes=2-4" }]) {
      const head = await fetch(get, { method: "HEAD", headers });
      expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "10", ""]);
    }
  });

  it("is still there when the server was killed, and an upload that was under way has left nothing", async () => {
    const client = await romeo();
    const kept = await slotFor(client, "kept", 4);
    await put(kept.put, "kept");
    const broken = await slotFor(client, "broken", 1_000);
    const raw = await connectRaw({ port: server.httpPort });
    raw.send(`PUT ${broken.put.replace(/^http:\/\/[^/]+/, "")} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nbeginning`);
    await expect.poll(async () => (await filesOnDisk()).some((name) => name.endsWith(".part"))).toBe(true);
    raw.destroy();
    await expect.poll(async () => (await filesOnDisk()).some((name) => name.endsWith(".part"))).toBe(false);
    await server.restart({ kill: true });
    expect(await (await fetch(kept.get)).text()).toBe("kept");
    expect((await fetch(broken.get)).status).toBe(404);
  });

  it("lets pages of other sites put and fetch", async () => {
    const { put: to } = await slotFor(await romeo(), "a", 1);
    const { status, headers } = await fetch(to, { method: "OPTIONS", headers: { origin: "https://example.org", "access-control-request-method": "PUT" } });
    expect([status, headers.get("access-control-allow-methods"), headers.get("access-control-allow-origin")]).toEqual([204, "OPTIONS, HEAD, GET, PUT", "*"]);
  });
});

describe("XEP-0363 section 7: what is no file for the slot", () => {
  it("lies about its size: refused before it is read, or when it ends elsewhere, and nothing is left", async () => {
    const client = await romeo();
    const before = await filesOnDisk();
    const { put: to, get } = await slotFor(client, "liar", 5);
    expect((await put(to, "longer than that")).status).toBe(413);
    expect((await put(to, "four")).status).toBe(413);
    const raw = await connectRaw({ port: server.httpPort });
    raw.send(`PUT ${to.replace(/^http:\/\/[^/]+/, "")} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`);
    await raw.expect("411");
    raw.destroy();
    expect((await fetch(get)).status).toBe(404);
    expect(await filesOnDisk()).toEqual(before);
    expect((await put(to, "right")).status).toBe(201);
  });

  it("comes with the same type and other parameters", async () => {
    const client = await romeo();
    const { put: to, get } = await slotFor(client, "voice.webm", 1, `audio/webm;codecs=opus${"; x=y".repeat(1_000)}`);
    expect(to.length).toBeLessThan(500);
    expect((await put(to, "x", { "content-type": "audio/webm;codecs=opus" })).status).toBe(415);
    const voice = await slotFor(client, "voice.webm", 1, "audio/webm;codecs=opus");
    expect((await put(voice.put, "x", { "content-type": "audio/webm" })).status).toBe(201);
    expect((await fetch(voice.get)).headers.get("content-type")).toBe("audio/webm");
    const unnamed = childOf(await answerTo(client, asking("voice.webm", 1).replace("size=", "content-type='' size=")), "slot");
    expect((await put(childOf(unnamed, "put")?.attrs["url"] ?? "", "x", { "content-type": "audio/webm" })).status).toBe(201);
    // As a browser sends text.
    const note = await slotFor(client, "note.txt", 1, "text/plain");
    expect((await put(note.put, "x", { "content-type": "text/plain;charset=UTF-8" })).status).toBe(201);
    expect((await fetch(get)).status).toBe(404);
  });

  it("comes with another type, another name, another signature or none", async () => {
    const client = await romeo();
    const { put: to } = await slotFor(client, "a.png", 1, "image/png");
    expect((await put(to, "x", { "content-type": "text/html" })).status).toBe(415);
    expect((await put(to.replace("a.png", "a.html"), "x")).status).toBe(403);
    expect((await put(to.replace(/slot=./, "slot=_"), "x")).status).toBe(403);
    expect((await put(to.replace(/\?.*/, ""), "x")).status).toBe(403);
    expect((await put(`${to}x`, "x")).status).toBe(403);
  });

  it("finds no other place on the disk, whatever it is called", async () => {
    const client = await romeo();
    for (const name of ["../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "..", ".", "a/b", "\u202Egnp.exe", `${"x".repeat(400)}.jpeg`, "<script>&'\""]) {
      const { put: to, get } = await slotFor(client, name, 1);
      expect(get, name).toMatch(/\/upload\/[\w-]{22}\/[^/]+$/);
      expect((await put(to, "x")).status, name).toBe(201);
      expect(await (await fetch(get)).text(), name).toBe("x");
    }
    expect((await filesOnDisk()).every((name) => /^[\w-]{22}(?:\.json)?$/.test(name))).toBe(true);
    const base = `http://127.0.0.1:${server.httpPort}`;
    for (const path of ["/upload/", "/upload/..%2f..%2fetc/passwd", "/upload/aaaaaaaaaaaaaaaaaaaaaa/%2e%2e", "/upload/aaaaaaaaaaaaaaaaaaaaaa/%E0%A4"]) {
      expect((await fetch(`${base}${path}`)).status, path).toBe(404);
    }
  });
});

describe("XEP-0363 section 6: requests that are refused", () => {
  it("ask for too much, and are told how much is taken", async () => {
    const answer = await answerTo(await romeo(), asking("large", 100_001));
    expect(conditionOf(answer)).toEqual(["not-acceptable", "file-too-large"]);
    expect(JSON.stringify(answer)).toContain("100000");
  });

  it("are more than the user has room for, slots that are not used yet included", async () => {
    const client = await romeo();
    const { put: to } = await slotFor(client, "one", 90_000);
    expect(conditionOf(await answerTo(client, asking("two", 90_000)))).toEqual(["resource-constraint"]);
    expect((await put(to, "x".repeat(90_000))).status).toBe(201);
    expect(conditionOf(await answerTo(client, asking("two", 90_000)))).toEqual(["resource-constraint"]);
    expect((await slotFor(client, "three", 1_000)).put).not.toBe("");
  });

  it("come too often, and are told until when", async () => {
    const client = await romeo();
    for (let index = 0; index < 20; index += 1) await slotFor(client, "a", 1);
    const answer = await answerTo(client, asking("a", 1));
    expect(conditionOf(answer)).toEqual(["resource-constraint", "retry"]);
    expect(Date.parse(childOf(childOf(answer, "error"), "retry")?.attrs["stamp"] ?? "")).toBeGreaterThan(Date.now());
  });

  it("say nothing that can be understood", async () => {
    const client = await romeo();
    for (const [name, size] of [["", "1"], ["a", "0"], ["a", "-1"], ["a", "1e3"], ["a", "99999999999999999999"]] as const) {
      expect(conditionOf(await answerTo(client, asking(name, size))), `${name} ${size}`).toEqual(["bad-request"]);
    }
  });
});

describe("an account that is deleted", () => {
  it("leaves no file", async () => {
    const jids = await stage.cast("juliet");
    const juliet = await stage.enter(jids.juliet, "phone");
    const { put: to, get } = await slotFor(juliet, "diary", 5);
    await put(to, "words");
    const before = await filesOnDisk();
    await server.server.admin.userDelete(jids.juliet);
    await expect.poll(async () => (await filesOnDisk()).length).toBe(before.length - 2);
    expect((await fetch(get)).status).toBe(404);
  });
});
