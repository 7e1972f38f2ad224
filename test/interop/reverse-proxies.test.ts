/** README's blocks for nginx and Caddy, run by the real ones before a real server: what clients do through them, and whom the server sees. */
import { createServer, type AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { generate } from "selfsigned";
import { parse } from "smol-toml";
import { configSchema } from "../../src/config/schema.ts";
import { BoshClient } from "../bosh/client.ts";
import { shownOfProxies } from "../support/shown-of-proxies.ts";
import { proxyMissing, startProxy, type ProxyProgram } from "./foreground-proxy.ts";
import { MortalServer } from "./mortal-server.ts";
import { trust } from "./trust.ts";
import { password, xml, XmppJsUser } from "./xmpp-js.ts";

/** Milliseconds for a server and a proxy in processes of their own: a machine with much else to do takes seconds for each. */
const startMs = 60_000;

/** On this machine, and none that README trusts: whoever connects from there is a client. */
const clientAddress = "127.0.0.77";

const elsewhere = process.platform === "linux" ? undefined : `only Linux has the address ${clientAddress} without being told so`;
const reasons = (["nginx", "caddy"] as const).map((name) => ({ name, why: elsewhere ?? proxyMissing(name) }));
for (const { why } of reasons) if (why !== undefined) console.warn(`SKIPPED: test/interop/reverse-proxies: ${why}`);
const isSkipped = reasons.every(({ why }) => why !== undefined);

let server: MortalServer;
let port: number;
let certificate: { readonly cert: string; readonly private: string };

beforeAll(async () => {
  if (isSkipped) return;
  port = await freePort();
  certificate = await generate([{ name: "commonName", value: "localhost" }], { keyType: "ec", curve: "P-256", extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }] });
  const { listen } = configSchema.parse(parse(shownOfProxies.toml));
  server = await MortalServer.begin(["alice", "bob"], password, {
    REFRAIN_LISTEN_HTTP_PUBLIC_URL: `https://localhost:${port}`,
    REFRAIN_LISTEN_HTTP_TRUSTED_PROXIES: listen.http.trustedProxies.join(","),
    REFRAIN_UPLOAD_FREE_BYTES_MIN: "0",
  });
}, startMs);
afterAll(() => server?.remove());

describe.each(reasons)("README's block for $name", ({ name, why }) => {
  describe.skipIf(why !== undefined)("as it runs", () => throughProxy(name));
});

function throughProxy(name: ProxyProgram): void {
  let endProxy: () => Promise<void>;
  let distrust: () => void;
  let users: XmppJsUser[] = [];
  const origin = () => `https://localhost:${port}`;

  beforeAll(async () => {
    endProxy = await startProxy(name, { port, serverPort: server.httpPort, certificate: certificate.cert, key: certificate.private });
    distrust = trust(() => certificate.cert, { localAddress: clientAddress, family: 4 });
  }, startMs);
  afterEach(async () => {
    await Promise.all(users.map((user) => user.stop()));
    users = [];
  });
  afterAll(async () => {
    distrust?.();
    await endProxy?.();
  });

  async function online(username: string): Promise<XmppJsUser> {
    const user = new XmppJsUser({ domain: "localhost", port: 0, tlsPort: 0, httpPort: port, httpTls: true }, { username, transport: "WebSocket" });
    users.push(user);
    return user.start();
  }

  /** As `refrain sessions --json` tells them, of those that are connected. */
  async function connections(): Promise<readonly { readonly address: string; readonly transport: string; readonly secure: string }[]> {
    const sessions = JSON.parse(await server.command("sessions", "--json")) as readonly { readonly conn: { readonly address: string; readonly transport: string; readonly secure: string } | null }[];
    return sessions.flatMap(({ conn }) => (conn === null ? [] : [conn]));
  }

  it("lets @xmpp/client in by wss, and `refrain sessions` shows its own address", async () => {
    const [alice, bob] = [await online("alice"), await online("bob")];
    await alice.message(bob.jid, "through the proxy");
    expect((await bob.nextMessage()).getChildText("body")).toBe("through the proxy");
    const one = { address: clientAddress, transport: "websocket", secure: "proxy" };
    expect(await connections()).toMatchObject([one, one]);
  });

  it("lets who comes by BOSH in over https, and believes no address that the client writes", async () => {
    const forged = { "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http", forwarded: "for=127.0.0.1", "x-real-ip": "127.0.0.1" };
    const bosh = new BoshClient({ port, origin: origin(), headers: forged });
    await bosh.login("alice", password);
    await bosh.ask("<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>bosh</resource></bind></iq>", /alice@localhost\/bosh/);
    onTestFinished(async () => void (await bosh.next("", "type='terminate'")));
    expect(await connections()).toMatchObject([{ address: clientAddress, transport: "bosh", secure: "proxy" }]);
  });

  it("takes files, and gives them back, under the address that clients are told", async () => {
    const alice = await online("alice");
    const content = Buffer.alloc(3_000_000, "0123456789abcdef");
    const request = xml("request", { xmlns: "urn:xmpp:http:upload:0", filename: "très cool.bin", size: String(content.length) });
    const answer = await alice.client.iqCaller.request(xml("iq", { type: "get", to: "localhost" }, request));
    const urlOf = (way: string): string => answer.getChild("slot")?.getChild(way)?.attrs["url"] ?? "";
    expect([urlOf("put"), urlOf("get")].map((url) => new URL(url).origin)).toEqual([origin(), origin()]);
    expect((await fetch(urlOf("put"), { method: "PUT", body: content })).status).toBe(201);
    expect(content.equals(Buffer.from(await (await fetch(urlOf("get"))).arrayBuffer()))).toBe(true);
  });

  it("tells browsers by host-meta how to come through it (XEP-0156)", async () => {
    const { links } = (await (await fetch(`${origin()}/.well-known/host-meta.json`)).json()) as { readonly links: readonly { readonly href: string }[] };
    expect(links.map(({ href }) => href)).toEqual([`wss://localhost:${port}/xmpp-websocket`, `${origin()}/http-bind`]);
    expect(await (await fetch(`${origin()}/.well-known/host-meta`)).text()).toContain(`href="wss://localhost:${port}/xmpp-websocket"`);
  });

  it("passes nothing on of what is this machine's", async () => {
    for (const path of ["/metrics", "/inspect", "/inspect/"]) expect(await (await fetch(`${origin()}${path}`)).text(), path).not.toMatch(/refrain|numbers are for/);
  });
}

/** Nobody else on this machine takes it in the meantime, as a rule: the proxies have to be told one. */
async function freePort(): Promise<number> {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as AddressInfo;
  await new Promise((resolve) => taken.close(resolve));
  return port;
}
