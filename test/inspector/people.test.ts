/** The users that the page's chat makes for who tries this server: who can have them made, and who cannot. */
import { request as requestPlain } from "node:http";
import { pino } from "pino";
import { describe, expect, it, onTestFinished } from "vitest";
import { checkConfig } from "../../src/config/check.ts";
import { peopleRoute } from "../../src/inspector/people.ts";
import { liveIds } from "../../src/live.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { HttpRequest } from "../../src/net/http-route.ts";
import { startServer, type RunningServer } from "../../src/server.ts";
import { MemoryLog } from "../net/support.ts";

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly cookie: string | undefined;
}

async function started(config: { readonly http?: object; readonly inspector?: object; readonly websocket?: object } = {}) {
  const { http = {}, inspector = {}, websocket = {} } = config;
  const listen = { c2s: { port: 0 }, c2sTls: { port: 0 }, http: { port: 0, ...http } };
  const checked = checkConfig({ hosts: [{ domain: "a.example" }, { domain: "b.example" }], durability: "none", listen, inspector, websocket }, () => undefined);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  const logged: string[] = [];
  const logger = pino({ level: "trace" }, { write: (line: string) => void logged.push(line) });
  const server = await startServer({ config: checked.config, logger, parts: { store: createMemoryStore(projections) } });
  onTestFinished(() => server.stop());
  const { port } = server.listeners.find(({ name }) => name === "http")!;
  const origin = `http://127.0.0.1:${port}`;
  const ask = (path: string, method: string, headers: Readonly<Record<string, string>>, body = "") => new Promise<Answer>((resolve, reject) => {
    const asked = requestPlain({ port, host: "127.0.0.1", path, method, headers: { host: `127.0.0.1:${port}`, ...headers }, agent: false }, (response) => {
      let text = "";
      response.on("data", (bytes: Buffer) => (text += String(bytes)));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text, cookie: response.headers["set-cookie"]?.[0]?.split(";")[0] }));
    });
    asked.on("error", reject).end(body);
  });
  const enter = async () => {
    const token = new URL(server.inspector!.url()).hash.slice("#token=".length);
    return (await ask("/inspect/enter", "POST", { origin }, JSON.stringify({ token }))).cookie!;
  };
  return { server, ask, enter, origin, logged };
}

const users = (server: RunningServer) => server.admin.userList();

describe("Two users to try with", () => {
  it("are made for who was let in, with passwords that are told once and logged nowhere", async () => {
    const { server, ask, enter, origin, logged } = await started();
    const cookie = await enter();
    const { status, text } = await ask("/inspect/people", "POST", { origin, cookie });
    const { people } = JSON.parse(text) as { readonly people: readonly { readonly jid: string; readonly password: string }[] };
    expect([status, people.map(({ jid }) => jid), await users(server)]).toEqual([200, ["romeo@a.example", "juliet@a.example"], ["juliet@a.example", "romeo@a.example"]]);
    expect(people[0]!.password).not.toBe(people[1]!.password);
    for (const { password } of people) {
      expect(password).toMatch(/^[\w-]{22}$/);
      expect(logged.join("")).not.toContain(password);
    }
    expect(logged.filter((line) => line.includes("inspector.made")).length).toBe(2);
    const again = await ask("/inspect/people", "POST", { origin, cookie });
    expect(JSON.parse(again.text)).toEqual({ people: people.map(({ jid }) => ({ jid, password: null })) });
  });

  it("are told of before, as far as they are not there yet, to who was let in", async () => {
    const { server, ask, enter } = await started();
    const cookie = await enter();
    const free = async () => JSON.parse((await ask("/inspect/people", "GET", { cookie })).text) as unknown;
    expect(await free()).toEqual({ free: ["romeo@a.example", "juliet@a.example"] });
    await server.admin.userAdd("romeo@a.example", "wherefore");
    expect(await free()).toEqual({ free: ["juliet@a.example"] });
    expect([(await ask("/inspect/people", "GET", {})).status, (await ask("/inspect/people", "GET", { cookie: `${cookie}x` })).status]).toEqual([401, 401]);
    expect((await ask("/inspect/people", "GET", { cookie, host: "evil.example" })).status).toBe(421);
    expect(await users(server)).toEqual(["romeo@a.example"]);
  });

  it("leave who was there before alone", async () => {
    const { server, ask, enter, origin } = await started();
    await server.admin.userAdd("romeo@a.example", "wherefore");
    const { text } = await ask("/inspect/people", "POST", { origin, cookie: await enter() });
    expect(JSON.parse(text)).toMatchObject({ people: [{ jid: "romeo@a.example", password: null }, { jid: "juliet@a.example", password: expect.any(String) }] });
  });

  it("take no word of who asks for them", async () => {
    const { server, ask, enter, origin } = await started();
    await ask("/inspect/people?name=eve", "POST", { origin, cookie: await enter(), "content-type": "application/json" }, JSON.stringify({ names: ["eve"], password: "x" }));
    expect(await users(server)).toEqual(["juliet@a.example", "romeo@a.example"]);
  });

  it("are not made for who has no cookie, for another site with it, by a link, or by another name", async () => {
    const { server, ask, enter, origin } = await started();
    const cookie = await enter();
    const statuses = [
      await ask("/inspect/people", "POST", { origin }),
      await ask("/inspect/people", "POST", { origin, cookie: `${cookie}x` }),
      await ask("/inspect/people", "POST", { origin: "https://evil.example", cookie }),
      await ask("/inspect/people", "POST", { origin: "null", cookie }),
      await ask("/inspect/people", "POST", { cookie }),
      await ask("/inspect/people", "GET", { origin, cookie }),
      await ask("/inspect/people", "POST", { origin: "http://evil.example", cookie, host: "evil.example" }),
    ].map(({ status }) => status);
    expect([statuses, await users(server)]).toEqual([[401, 401, 403, 403, 403, 200, 421], []]);
  });

  it("are not made for who is on another machine, whoever brings the cookie", async () => {
    const { server, ask, enter, origin } = await started({ http: { trustedProxies: ["127.0.0.1"] } });
    const cookie = await enter();
    expect((await ask("/inspect/people", "POST", { origin, cookie, "x-forwarded-for": "192.0.2.1" })).status).toBe(403);
    expect((await ask("/inspect/people", "GET", { cookie, "x-forwarded-for": "192.0.2.1" })).status).toBe(403);
    const askedFor = () => Promise.reject(new Error("asked for"));
    const route = peopleRoute({ addUser: askedFor, isUser: askedFor, hosts: ["a.example"], ids: liveIds, log: new MemoryLog() });
    for (const handler of [route.make, route.free]) expect(await handler({ loopback: false } as HttpRequest)).toMatchObject({ status: 403 });
    expect(await users(server)).toEqual([]);
  });
});

describe("The page's chat", () => {
  it("is at the address that the server tells, on loopback", async () => {
    const { server } = await started();
    expect(server.inspector!.chatUrl()).toBe(`${server.inspector!.url()}/chat`);
  });

  it.each([
    ["inspector.chat is false", { inspector: { chat: false } }],
    ["there is no WebSocket", { websocket: { enabled: false } }],
  ])("is off where %s, and nobody can have users made", async (_, config) => {
    const { server, ask, enter, origin } = await started(config);
    expect(server.inspector!.chatUrl()).toBeUndefined();
    expect([(await ask("/inspect/people", "POST", { origin, cookie: await enter() })).status, await users(server)]).toEqual([405, []]);
  });

  it("is off beyond loopback, whatever else is allowed there", async () => {
    const { server } = await started({ http: { address: "0.0.0.0", tls: true }, inspector: { remote: true, chat: true } });
    expect([server.inspector!.url(), server.inspector!.chatUrl()]).toEqual([expect.stringContaining("/inspect#token="), undefined]);
  });
});
