/**
 * Channel binding over real TLS, by a client that shares no code with the server: its own SCRAM, its own end of the
 * connection. Then with somebody between.
 */
import { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { memoryPair } from "../../src/net/self-signed.ts";
import { startServer, type TestServer } from "../../src/testing/index.ts";
import {
  bind, bindingData, expectedOfferHash, openSecure, scramLogin, type BindingType, type BoundLogin, type LoginOutcome, type SecureStream,
} from "./bound-login.ts";
import { startRelay, type Relay } from "./relay.ts";

const alice = { username: "alice", password: "correct horse" };
const tls13 = { direct: true, version: "TLSv1.3" } as const;
let server: TestServer;

beforeAll(async () => {
  server = await startServer();
  await server.addUser(alice.username, alice.password);
});
afterAll(() => server.stop());

function open(direct: boolean, version: "TLSv1.2" | "TLSv1.3"): Promise<SecureStream> {
  return openSecure({ port: direct ? server.tlsPort : server.port, direct, version });
}

const notAuthorized = expect.objectContaining({ success: false, condition: "not-authorized" });

const connections = ([true, false] as const).flatMap((direct) => (["TLSv1.3", "TLSv1.2"] as const).map((version) => ({ direct, version })));

describe.each(connections)("XEP-0440: $version, direct $direct", ({ direct, version }) => {
  const types: readonly BindingType[] = version === "TLSv1.3" ? ["tls-exporter", "tls-server-end-point"] : ["tls-server-end-point"];

  it("announces what can be bound on this connection, and -PLUS with it", async () => {
    const { client, offer } = await open(direct, version);
    expect(client.secure?.protocol).toBe(version);
    expect(offer.bindings).toEqual(types);
    expect(offer.mechanisms).toEqual(["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"]);
    client.destroy();
  });

  it.each((["sha256", "sha1"] as const).flatMap((hash) => types.map((type) => ({ hash, type }))))(
    "$hash bound with $type logs in, both sides prove themselves, and XEP-0474's hash is that of the offer",
    async ({ hash, type }) => {
      const { client, offer } = await open(direct, version);
      const outcome = await scramLogin(client, { ...alice, hash, flag: `p=${type}`, data: bindingData(client, type) });
      expect(outcome).toEqual({ success: true, serverProved: true, offerHash: expectedOfferHash(hash, offer) });
      expect(await bind(client)).toMatch(/^alice@localhost\/.+/);
      client.destroy();
    },
  );

  it.each(types)("%s with the data of another connection, or with other data, is not authorized", async (type) => {
    const [{ client }, { client: other }] = await Promise.all([open(direct, version), open(direct, version)]);
    const own = bindingData(client, type);
    const foreign = bindingData(other, type);
    // The certificate is the same on both; its hash is turned by one bit instead.
    const data = type === "tls-exporter" ? foreign : own.map((byte, at) => (at === 0 ? byte ^ 1 : byte));
    expect(Buffer.compare(own, data)).not.toBe(0);
    expect(await scramLogin(client, { ...alice, hash: "sha256", flag: `p=${type}`, data })).toEqual(notAuthorized);
    client.destroy();
    other.destroy();
  });
});

describe("channel bindings that a connection does not have", () => {
  it.each([
    { type: "tls-exporter", version: "TLSv1.2", why: "RFC 9266 section 4.2: not below TLS 1.3" },
    { type: "tls-unique", version: "TLSv1.2", why: "RFC 9266 section 1: weak as such" },
    { type: "tls-unique", version: "TLSv1.3", why: "RFC 9266 section 3: TLS 1.3 has none" },
    { type: "made-up", version: "TLSv1.3", why: "unknown" },
  ] as const)("$type under $version ($why) is invalid-mechanism, and names what there is", async ({ type, version }) => {
    const { client, offer } = await open(true, version);
    const outcome = await scramLogin(client, { ...alice, hash: "sha256", flag: `p=${type}`, data: client.secure!.tlsExporter });
    expect(outcome).toMatchObject({ success: false, condition: "invalid-mechanism" });
    for (const offered of offer.bindings) expect(outcome).toHaveProperty("text", expect.stringContaining(offered));
    const second = await scramLogin(client, {
      ...alice, hash: "sha256", flag: "p=tls-server-end-point", data: bindingData(client, "tls-server-end-point"),
    });
    expect(second).toMatchObject({ success: true });
    client.destroy();
  });
});

describe("RFC 5802 section 6 clients that do not bind", () => {
  it("log in with n, and see by XEP-0474's hash that the offer is the server's", async () => {
    const { client, offer } = await open(true, "TLSv1.3");
    const outcome = await scramLogin(client, { ...alice, hash: "sha256", flag: "n" });
    expect(outcome).toEqual({ success: true, serverProved: true, offerHash: expectedOfferHash("sha256", offer) });
    client.destroy();
  });

  it("are refused with y, for -PLUS was offered", async () => {
    const { client } = await open(true, "TLSv1.3");
    expect(await scramLogin(client, { ...alice, hash: "sha256", flag: "y" })).toEqual(notAuthorized);
    client.destroy();
  });
});

describe("RFC 5929 section 4 which certificate is bound", () => {
  it.each([
    { how: "SNI", direct: true, servername: "second.example" },
    { how: "SNI after STARTTLS", direct: false, servername: "second.example" },
    { how: "the stream's 'to' where STARTTLS comes without SNI", direct: false, servername: "" },
  ])("is that of the host chosen by $how", async ({ direct, servername }) => {
    const two = await startServer({ domains: ["localhost", "second.example"] });
    await two.addUser("alice@second.example", alice.password);
    const port = direct ? two.tlsPort : two.port;
    const { client } = await openSecure({ port, direct, version: "TLSv1.3", domain: "second.example", servername });
    const { client: other } = await openSecure({ ...tls13, port: two.tlsPort });
    const data = bindingData(client, "tls-server-end-point");
    expect(Buffer.compare(data, bindingData(other, "tls-server-end-point"))).not.toBe(0);
    const outcome = await scramLogin(client, { ...alice, hash: "sha256", flag: "p=tls-server-end-point", data });
    expect(outcome).toMatchObject({ success: true, serverProved: true });
    for (const { socket } of [client, other]) socket.destroy();
    await two.stop();
  });
});

describe("a client that offers the TLS session of an earlier connection", () => {
  it.each([
    { version: "TLSv1.3", type: "tls-exporter" },
    { version: "TLSv1.3", type: "tls-server-end-point" },
    { version: "TLSv1.2", type: "tls-server-end-point" },
  ] as const)("gets a new one, and binds that with $type ($version)", async ({ version, type }) => {
    const { client: first } = await open(true, version);
    const session = sessionOf(first);
    const { client } = await openSecure({ port: server.tlsPort, direct: true, version, session });
    expect(client.secure?.sessionReused).toBe(false);
    const login = { ...alice, hash: "sha256" as const, flag: `p=${type}` as const };
    expect(await scramLogin(client, { ...login, data: bindingData(client, type) })).toMatchObject({ success: true, serverProved: true });
    client.destroy();
    first.destroy();
  });

  /** Under TLS 1.3 it comes in a ticket after the handshake; by the time of the stream's features it is there. */
  function sessionOf({ socket }: SecureStream["client"]): Buffer {
    const session = socket instanceof TLSSocket ? socket.getSession() : undefined;
    if (session === undefined) throw new Error("no TLS session");
    return session;
  }
});

describe("XEP-0474 the hash of the offer", () => {
  it("is computed here as in the example of section 6.3", () => {
    const offer = { mechanisms: ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"], bindings: ["tls-server-end-point", "tls-exporter"] };
    expect(expectedOfferHash("sha1", offer)).toBe("G6k/rBLDqgOhRRaCuuatSDFkJ08=");
  });
});

describe("somebody between who terminates TLS", () => {
  type Attempt = Pick<BoundLogin, "flag"> & { readonly type?: BindingType };

  /** One login through the relay, with the binding data that the client sees on its own connection. */
  async function loginThrough(relay: Relay, { flag, type }: Attempt): Promise<{ outcome: LoginOutcome; expectedHash: string }> {
    const { client, offer } = await openSecure({ port: relay.port, ...tls13 });
    const data = type === undefined ? {} : { data: bindingData(client, type) };
    const outcome = await scramLogin(client, { ...alice, hash: "sha256", flag, ...data });
    client.destroy();
    await relay.stop();
    return { outcome, expectedHash: expectedOfferHash("sha256", offer) };
  }

  async function relayWith(certificate: "own" | "stolen", rewrite?: (text: string) => string): Promise<Relay> {
    // The server's certificate is the one that this process keeps in memory for the domain.
    const pair = await memoryPair(certificate === "own" ? "relay.example" : "localhost", Date.now());
    return startRelay({ tlsPort: server.tlsPort, shows: pair.secureContext, ...(rewrite === undefined ? {} : { rewrite }) });
  }

  it("can relay a login that binds nothing: this is what channel binding is for", async () => {
    const { outcome } = await loginThrough(await relayWith("own"), { flag: "n" });
    expect(outcome).toMatchObject({ success: true });
  });

  it.each(["tls-exporter", "tls-server-end-point"] as const)("with a certificate of its own is caught by %s", async (type) => {
    const { outcome } = await loginThrough(await relayWith("own"), { flag: `p=${type}`, type });
    expect(outcome).toEqual(notAuthorized);
  });

  it("with the server's stolen certificate and key is caught by tls-exporter, and only by it", async () => {
    expect((await loginThrough(await relayWith("stolen"), { flag: "p=tls-exporter", type: "tls-exporter" })).outcome).toEqual(notAuthorized);
    const weaker = await loginThrough(await relayWith("stolen"), { flag: "p=tls-server-end-point", type: "tls-server-end-point" });
    expect(weaker.outcome).toMatchObject({ success: true });
  });

  it("who hides tls-exporter from the client is told of by the hash of the offer (XEP-0474 section 6.2)", async () => {
    const relay = await relayWith("stolen", (text) => text.replace(/<channel-binding type=["']tls-exporter["']\/>/, ""));
    const { outcome, expectedHash } = await loginThrough(relay, { flag: "p=tls-server-end-point", type: "tls-server-end-point" });
    expect(outcome.offerHash).toMatch(/.{44}/);
    expect(outcome.offerHash).not.toBe(expectedHash);
  });

  it("who takes that hash away, or puts another in its place, spoils the proof", async () => {
    const challenged = (change: (serverFirst: string) => string) => (text: string) =>
      text.replace(/(<challenge[^>]*>)([^<]*)/, (_, tag: string, data: string) =>
        tag + Buffer.from(change(Buffer.from(data, "base64").toString())).toString("base64"));
    for (const forged of ["", `,h=${Buffer.alloc(32).toString("base64")}`]) {
      const relay = await relayWith("stolen", challenged((serverFirst) => serverFirst.replace(/,h=[^,]*/, forged)));
      expect((await loginThrough(relay, { flag: "p=tls-server-end-point", type: "tls-server-end-point" })).outcome).toEqual(notAuthorized);
    }
  });

  it("who hides -PLUS meets a client that says so, and the server refuses (RFC 5802 section 6)", async () => {
    const hidden = /<mechanism>[^<]*-PLUS<\/mechanism>|<sasl-channel-binding.*<\/sasl-channel-binding>/g;
    const relay = await relayWith("own", (text) => text.replaceAll(hidden, ""));
    expect((await loginThrough(relay, { flag: "y" })).outcome).toEqual(notAuthorized);
  });
});
