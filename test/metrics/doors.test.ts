/** What an operator's tools are told of a living server over HTTP. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { metricsRoutes } from "../../src/metrics/doors.ts";
import { figuresOf } from "../../src/metrics/figures.ts";
import type { HttpRequest } from "../../src/net/http-route.ts";
import { Tally } from "../../src/step/tally.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { ManagedStage } from "../management/support.ts";
import { joining, newRoom } from "../muc/setting.ts";
import { until } from "../presence/support.ts";
import { connectSecure, saslPlain, streamHeader } from "../support/login.ts";

let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, http: true });
  stage = new ManagedStage(server);
});
afterAll(async () => {
  stage.clear();
  await server.stop();
});

const get = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> => fetch(`http://127.0.0.1:${server.httpPort}${path}`, { headers });

/** The value of a sample, by its whole name with labels; undefined if it is not told. */
async function told(sample: string): Promise<number | undefined> {
  const line = (await (await get("/metrics")).text()).split("\n").find((text) => text.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length + 1));
}

describe("GET /metrics", () => {
  it("counts sessions by state, stanzas by kind, resumptions and commits as they happen", async () => {
    const jids = await stage.cast("romeo");
    const [messages, commits] = [await told('refrain_stanzas_received_total{kind="message"}'), await told("refrain_commit_seconds_count")];
    const romeo = await stage.resumable(jids.romeo, "phone", "<presence/>");
    await romeo.ask(`<message to='${romeo.jid}' type='chat'><body>hello</body></message>`);
    expect(await told('refrain_stanzas_received_total{kind="message"}')).toBe((messages ?? 0) + 1);
    expect(await told('refrain_stanzas_delivered_total{kind="message"}')).toBeGreaterThanOrEqual(1);
    expect(await told("refrain_commit_seconds_count")).toBeGreaterThan(commits ?? 0);
    const states = (await (await get("/metrics")).text()).split("\n").filter((line) => line.startsWith("refrain_sessions{"));
    expect(states.map((line) => Number(line.split(" ").at(-1))).reduce((sum, value) => sum + value, 0)).toBe((await server.sessions()).length);
    await romeo.resume();
    expect(await told("refrain_resumptions_total")).toBe(1);
  });

  it("counts rooms and who is in them", async () => {
    const jids = await stage.cast("romeo");
    const romeo = await stage.enter(jids.romeo, "phone");
    const before = (await told("refrain_room_occupants")) ?? 0;
    await romeo.ask(joining(newRoom(), "romeo"));
    expect(await told("refrain_room_occupants")).toBe(before + 1);
    await stage.kill(romeo);
    await until(() => server.session(romeo.jid) === undefined);
    expect(await told("refrain_room_occupants")).toBe(before);
  });

  it("counts logins that fail, by reason", async () => {
    const client = await connectSecure(server, "plaintext");
    client.send(streamHeader(server.domain));
    await client.expect("</stream:features>");
    client.send(saslPlain("nobody"));
    await client.expect("</failure>");
    client.destroy();
    expect(await told('refrain_logins_failed_total{reason="not-authorized"}')).toBe(1);
  });

  it("is text that Prometheus reads, and nobody keeps", async () => {
    const { status, headers } = await get("/metrics");
    expect([status, headers.get("content-type"), headers.get("cache-control")]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8", "no-store"]);
    expect((await fetch(`http://127.0.0.1:${server.httpPort}/metrics`, { method: "POST" })).status).toBe(405);
  });

  it("is refused to what comes through a proxy without the token", async () => {
    expect((await get("/metrics", { "x-forwarded-for": "192.0.2.1" })).status).toBe(403);
    expect((await get("/metrics", { authorization: "Bearer guessed" })).status).toBe(200);
  });
});

describe("who may ask for numbers", () => {
  const token = "a-secret-of-enough-characters";
  const answer = (given: string | undefined, remoteAddress: string, authorization?: string): number => {
    const options = { enabled: true, token: given, figures: () => figuresOf({ startedAt: 0, tally: new Tally(), now: undefined }), unready: () => undefined };
    const route = metricsRoutes(options).find(({ path }) => path === "/metrics");
    const request = { remoteAddress, loopback: remoteAddress === "127.0.0.1", header: (name: string) => (name === "authorization" ? authorization : undefined) } as HttpRequest;
    return (route!.methods!.GET!(request) as { readonly status: number }).status;
  };

  it("is this machine, and elsewhere who has the token", () => {
    expect(answer(undefined, "127.0.0.1")).toBe(200);
    expect(answer(undefined, "192.0.2.1")).toBe(403);
    expect(answer(token, "192.0.2.1")).toBe(403);
    expect(answer(token, "192.0.2.1", `Bearer ${token}`)).toBe(200);
    expect(answer(token, "192.0.2.1", `bearer ${token}`)).toBe(200);
    // Who shows a wrong one does not get in as nobody.
    expect(answer(token, "127.0.0.1", "Bearer wrong")).toBe(403);
  });

  it("is nobody where they are off; health is told all the same", () => {
    const options = { enabled: false, token, figures: () => figuresOf({ startedAt: 0, tally: new Tally(), now: undefined }), unready: () => undefined };
    expect(metricsRoutes(options).map(({ path }) => path)).toEqual(["/health", "/ready"]);
  });
});

describe("GET /health and /ready", () => {
  it("say that the process lives, and that clients are let in", async () => {
    expect([(await get("/health")).status, await (await get("/ready")).text()]).toEqual([200, "ready\n"]);
  });

  it("say why clients are sent away", async () => {
    const routes = metricsRoutes({ enabled: false, token: undefined, figures: () => figuresOf({ startedAt: 0, tally: new Tally(), now: undefined }), unready: () => "the server is stopping" });
    const ready = routes.find(({ path }) => path === "/ready")!.methods!.GET!;
    expect(await ready({} as HttpRequest)).toMatchObject({ status: 503, body: "not ready: the server is stopping\n", headers: { "retry-after": "5" } });
  });
});
