/** @xmpp/client with all that makes logins short: SASL2, Bind 2, inline stream management and tokens. Round trips are counted. */
import { randomUUID } from "node:crypto";
import { client, type Client, type XmlElement } from "@xmpp/client";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/index.ts";
import { authenticate, fast, hashedToken, logIn, logInPlain, openStream, userAgent } from "../support/inline-login.ts";
import { connectSecure, streamHeader } from "../support/login.ts";
import { childOf } from "../support/xml-reader.ts";
import { certificateOf, trust } from "./trust.ts";
import { password, xml } from "./xmpp-js.ts";

let server: TestServer;
let distrust: () => void;
const clients: Client[] = [];
beforeAll(async () => {
  server = await startServer({ http: true });
  await server.addUser("alice", password);
  await server.addUser("romeo", "secret");
  const certificate = await certificateOf(server);
  distrust = trust(() => certificate);
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((each) => each.stop()));
});
afterAll(async () => {
  distrust();
  await server.stop();
});

interface Device {
  readonly id: string;
  token: unknown;
}

type Way = "direct TLS" | "STARTTLS" | "WebSocket";

/** Goes online, as a client that remembers its device; how often it waited for the server on the way, and for what. */
async function goOnline(device: Device, way: Way, knows: "SASL2" | "RFC 6120" = "SASL2"): Promise<{ readonly jid: string; readonly trips: readonly string[]; readonly client: Client }> {
  const service = { "direct TLS": `xmpps://localhost:${server.tlsPort}`, STARTTLS: `xmpp://localhost:${server.port}`, WebSocket: `ws://localhost:${server.httpPort}/xmpp-websocket` }[way];
  const made: Client = client({
    service,
    domain: server.domain,
    resource: "phone",
    credentials: async (authenticate, mechanisms, tokens) =>
      authenticate({ username: "alice", password, token: await tokens?.fetch() }, mechanisms.includes("SCRAM-SHA-1") ? "SCRAM-SHA-1" : "PLAIN", xml("user-agent", { id: device.id }, xml("software", {}, "xmpp.js"))),
  });
  clients.push(made);
  made.reconnect.stop();
  made.on("error", () => {});
  made.fast.fetchToken = async () => device.token;
  made.fast.saveToken = async (token) => void (device.token = token);
  const trips: string[] = [];
  let waits = false;
  made.prependListener("element", (element: XmlElement & { children: (XmlElement | string)[] }) => {
    waits = false;
    if (knows === "RFC 6120" && element.name === "stream:features") element.children = element.children.filter((child) => typeof child === "string" || child.name !== "authentication");
  });
  made.on("send", (element: XmlElement) => {
    if (!waits) trips.push(element.name);
    waits = true;
  });
  const jid = String(await made.start());
  // Stream management that is not inline follows once it is online.
  if (knows === "RFC 6120") await expect.poll(() => trips).toContain("enable");
  return { jid, trips: [...trips], client: made };
}

const login = ({ trips }: { readonly trips: readonly string[] }): readonly string[] => trips.filter((name) => name !== "presence");

describe.each(["direct TLS", "STARTTLS", "WebSocket"] as const)("@xmpp/client over %s", (way) => {
  it("needs fewer round trips with SASL2 and Bind 2, and one with a token, to be online and counted", async () => {
    const device = { id: randomUUID(), token: undefined };
    const before = await goOnline({ ...device }, way, "RFC 6120");
    await before.client.stop();
    const first = await goOnline(device, way);
    expect(first.jid).toMatch(/^alice@localhost\/phone\/[^/]+$/);
    await first.client.stop();
    expect(device.token).toMatchObject({ mechanism: "HT-SHA-256-NONE" });
    const again = await goOnline(device, way);
    // What it takes to open a stream is the same for all.
    const logins = [before, first, again].map((each) => login(each).filter((name) => !["open", "stream", "stream:stream", "starttls"].includes(name)));
    expect(logins).toEqual([["auth", "response", "iq", "enable"], ["authenticate", "response"], ["authenticate"]]);
    // The same device is the same resource.
    expect(again.jid).toBe(first.jid);
    expect((again.client as Client & { readonly streamManagement: { readonly enabled: boolean } }).streamManagement.enabled).toBe(true);
  });

  it("logs in with the password again once its token is taken back", async () => {
    const device = { id: randomUUID(), token: undefined as unknown };
    await (await goOnline(device, way)).client.stop();
    const former = device.token;
    for (const { id } of await server.server.admin.userDevices("alice@localhost")) await server.server.admin.userRevoke("alice@localhost", id);
    const again = await goOnline(device, way);
    expect(login(again).slice(-3)).toEqual(["authenticate", "authenticate", "response"]);
    expect(device.token).not.toEqual(former);
  });
});

describe("A client that remembers the features (XEP-0388 section 2.1)", () => {
  it("is online, with its stanzas counted, after one round trip over direct TLS: all that it says is one write", async () => {
    const id = randomUUID();
    const first = await openStream(server);
    const token = childOf(await logIn(first, logInPlain("romeo", `${userAgent(id)}<request-token xmlns='${fast}' mechanism='HT-SHA-256-EXPR'/>`)), "token")!.attrs["token"]!;
    first.raw.destroy();
    const raw = await connectSecure(server);
    const inline = `${userAgent(id)}<fast xmlns='${fast}'/><bind xmlns='urn:xmpp:bind:0'><tag>phone</tag><enable xmlns='urn:xmpp:sm:3' resume='true'/><enable xmlns='urn:xmpp:carbons:2'/></bind>`;
    raw.send(streamHeader("localhost", "version='1.0' from='romeo@localhost'") + authenticate("HT-SHA-256-EXPR", hashedToken("romeo", token, raw.secure!.tlsExporter), inline) + "<presence/>");
    await raw.expect("</success>");
    expect(raw.received).toMatch(/<authorization-identifier>romeo@localhost\/phone\/[^<]+<\/authorization-identifier><bound xmlns="urn:xmpp:bind:0">.*<enabled /);
    await expect.poll(async () => (await server.sessions()).find(({ username }) => username === "romeo")?.presence).toBeTruthy();
    raw.destroy();
  });
});
