import { createHash } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { describe, expect, it } from "vitest";
import type { Connection, SecureLink } from "../../src/ports.ts";
import { connectRaw, type RawClient, type RawOptions } from "../support/raw-client.ts";
import {
  acceptingOne, certificatesFor, listening, makePair, MemoryLog, pause, temporaryFolder, Told, until, writePair,
} from "./support.ts";

type Options = Parameters<typeof acceptingOne>[0];

/** Both ends of a direct TLS connection. */
async function directTls(client: Partial<RawOptions> = {}, options: Options = {}): Promise<{ client: RawClient; server: Connection; told: Told }> {
  const { port, accepted } = await acceptingOne({ ...options, spec: { directTls: true } });
  const raw = await connectRaw({ port, tls: "direct", ...client });
  const server = await accepted;
  const told = new Told();
  server.start(told);
  return { client: raw, server, told };
}

const tls12 = { tlsOptions: { maxVersion: "TLSv1.2" } } as const;

describe("XEP-0368 direct TLS", () => {
  it("serves a client without ALPN", async () => {
    const { client, server, told } = await directTls();
    client.send("ping");
    await until(() => told.text === "ping");
    server.write("pong");
    await client.expect("pong");
    expect(server.secure).toMatchObject({ protocol: "TLSv1.3", serverName: "localhost" });
    expect(client.secure?.alpn).toBeUndefined();
  });

  it("agrees on xmpp-client with a client that offers it among others", async () => {
    const { client } = await directTls({ alpn: ["h2", "xmpp-client"] });
    expect(client.secure?.alpn).toBe("xmpp-client");
  });

  it("refuses a client that offers other protocols only", async () => {
    const log = new MemoryLog();
    const accepted: Connection[] = [];
    const { port } = await listening((connection) => accepted.push(connection), { spec: { directTls: true }, log });
    await expect(connectRaw({ port, tls: "direct", alpn: ["http/1.1"] })).rejects.toThrow(/no.application.protocol/i);
    await until(() => log.lines.length === 1);
    expect(log.lines[0]).toMatch(/^debug handshake.failed: TLS with 127\.0\.0\.1 failed: /);
    expect(accepted).toEqual([]);
  });

  it("is trusted by a client that trusts the development certificate", async () => {
    const certificates = await certificatesFor();
    const ca = certificates.certificateFor().pem;
    for (const name of ["localhost", "127.0.0.1"]) {
      const servername = name === "localhost" ? name : "";
      const { client } = await directTls({ servername, tlsOptions: { ca, host: name, rejectUnauthorized: true } }, { certificates });
      expect((client.socket as TLSSocket).authorized).toBe(true);
    }
  });

  it("hands over no connection before its handshake, and drops a slow one", async () => {
    const accepted: Connection[] = [];
    const { port } = await listening((connection) => accepted.push(connection), { spec: { directTls: true }, handshakeTimeoutMs: 80 });
    const silent = await connectRaw({ port });
    const start = Date.now();
    await silent.closed();
    expect(Date.now() - start).toBeGreaterThanOrEqual(60);
    expect(accepted).toEqual([]);
  });

  it.each([
    ["speaks no TLS", (client: RawClient) => client.send("<?xml version='1.0'?><stream:stream to='localhost'>\n\n")],
    ["leaves at once", (client: RawClient) => client.end()],
    ["resets", (client: RawClient) => client.socket.resetAndDestroy()],
  ])("closes a connection whose peer %s", async (_, act) => {
    const log = new MemoryLog();
    const { port } = await listening(() => {}, { spec: { directTls: true }, handshakeTimeoutMs: 60_000, log });
    const client = await connectRaw({ port });
    act(client);
    await client.closed();
    await until(() => log.lines.length === 1);
    expect(log.lines[0]).toMatch(/^debug handshake.failed/);
  });
});

describe("TLS versions, renegotiation and resumption", () => {
  it("serves TLS 1.2 with forward secrecy", async () => {
    const { client, server } = await directTls(tls12);
    expect(server.secure?.protocol).toBe("TLSv1.2");
    expect((client.socket as TLSSocket).getCipher().name).toMatch(/^ECDHE-ECDSA-.*GCM/);
  });

  it.each([
    ["TLS 1.1", { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "ALL@SECLEVEL=0" } as const],
    ["a cipher without forward secrecy", { maxVersion: "TLSv1.2", ciphers: "AES128-GCM-SHA256:AES256-SHA" } as const],
    ["a cipher without authenticated encryption", { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA" } as const],
  ])("refuses %s", async (_, tlsOptions) => {
    const { port } = await listening(() => {}, { spec: { directTls: true } });
    await expect(connectRaw({ port, tls: "direct", tlsOptions })).rejects.toThrow(/alert|closed/i);
  });

  it("prefers its own order of ciphers", async () => {
    const ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256";
    const { client } = await directTls({ tlsOptions: { maxVersion: "TLSv1.2", ciphers } });
    expect((client.socket as TLSSocket).getCipher().name).toBe("ECDHE-ECDSA-AES128-GCM-SHA256");
  });

  it("closes at once on renegotiation (RFC 6120 section 5.3.5)", async () => {
    const { client, server, told } = await directTls(tls12);
    (client.socket as TLSSocket).renegotiate({}, () => {});
    await client.closed(1000);
    await until(() => told.events.includes("closed"), 1000);
    expect(told.error).toMatchObject({ code: "ERR_TLS_RENEGOTIATION_DISABLED" });
    expect(client.received).toBe("");
    expect(server.bufferedBytes).toBe(0);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)("resumes no session of %s", async (version) => {
    const { port } = await listening((connection) => connection.start(new Told()), { spec: { directTls: true } });
    const tlsOptions = { minVersion: version, maxVersion: version };
    const first = await connectRaw({ port, tls: "direct", tlsOptions });
    await pause(20);
    const session = (first.socket as TLSSocket).getSession();
    expect(session).toBeDefined();
    const second = await connectRaw({ port, tls: "direct", tlsOptions: { ...tlsOptions, session } });
    expect(second.secure?.sessionReused).toBe(false);
  });

  it("closes when a record is forged", async () => {
    const { client, told } = await directTls();
    client.plain.write(Buffer.from("1703030013".padEnd(48, "0"), "hex"));
    await client.closed(1000);
    await until(() => told.events.includes("closed"));
    expect(told.text).toBe("");
    expect(told.error).toBeDefined();
  });
});

describe("SNI", () => {
  it.each([
    ["b.example", "b.example"],
    ["B.EXAMPLE", "b.example"],
    ["unknown.example", "a.example"],
    ["", "a.example"],
  ])("%j is shown the certificate of %s", async (servername, shown) => {
    const all = await twoHosts();
    const { client, server } = await directTls({ servername }, { certificates: all });
    expect(pemOf(client)).toBe(all.certificateFor(shown).pem.trim());
    expect(server.secure?.serverName).toBe(servername === "" ? undefined : servername);
    expect(server.secure?.tlsServerEndPoint).toEqual(createHash("sha256").update(client.secure!.peerCertificate).digest());
  });

  it("gives way to the host of the stream header if there is none (RFC 6120 section 5.4.3.1)", async () => {
    const all = await twoHosts();
    const { port, accepted } = await acceptingOne({ certificates: all });
    const client = await connectRaw({ port, servername: "" });
    const server = await accepted;
    server.start(new Told());
    const [link] = await Promise.all([server.startTls("b.example"), client.startTls()]);
    expect(pemOf(client)).toBe(all.certificateFor("b.example").pem.trim());
    expect(link.tlsServerEndPoint).toEqual(createHash("sha256").update(client.secure!.peerCertificate).digest());
  });

  it("shows a reloaded certificate to new connections, and old ones live on", async () => {
    const folder = await temporaryFolder();
    const [former, next] = [await makePair("a.example"), await makePair("a.example")];
    const files = await writePair(folder, "pair", former);
    const all = await certificatesFor([{ domain: "a.example", ...files }]);
    const accepted: Connection[] = [];
    const { port } = await listening(
      (connection) => {
        accepted.push(connection);
        connection.start(new Told());
      },
      { certificates: all, spec: { directTls: true } },
    );
    const old = await connectRaw({ port, tls: "direct", servername: "a.example" });
    await writePair(folder, "pair", next);
    await all.reload();
    const fresh = await connectRaw({ port, tls: "direct", servername: "a.example" });
    await until(() => accepted.length === 2);
    expect([pemOf(old), pemOf(fresh)]).toEqual([former.cert.trim(), next.cert.trim()]);
    for (const [index, client] of [old, fresh].entries()) {
      const { secure } = accepted[index]!;
      expect(secure!.tlsServerEndPoint).toEqual(createHash("sha256").update(client.secure!.peerCertificate).digest());
    }
    accepted[0]!.write("alive");
    await old.expect("alive");
  });
});

describe("channel binding", () => {
  it("RFC 9266: both ends export the same 32 bytes, others on each connection", async () => {
    const [one, other] = [await directTls(), await directTls()];
    const exported = one.server.secure!.tlsExporter!;
    expect(exported).toHaveLength(32);
    expect(exported).toEqual(one.client.secure!.tlsExporter);
    expect(one.server.secure!.tlsExporter).toBe(exported);
    expect(other.server.secure!.tlsExporter).not.toEqual(exported);
  });

  it("RFC 9266 section 4.2: there is no exporter below TLS 1.3", async () => {
    const { server } = await directTls(tls12);
    expect(server.secure!.tlsExporter).toBeUndefined();
    expect(server.secure!.tlsServerEndPoint).toHaveLength(32);
  });

  it("is still answered when the connection is gone", async () => {
    const { server, told } = await directTls();
    const secure = server.secure!;
    server.destroy();
    await until(() => told.events.includes("closed"));
    expect(secure.tlsExporter).toBeUndefined();
  });

  it.each([
    ["RSA with SHA-256", { keyType: "rsa", algorithm: "sha256" }, "sha256"],
    ["ECDSA with SHA-384", { keyType: "ec", curve: "P-384", algorithm: "sha384" }, "sha384"],
  ] as const)("RFC 5929 section 4.1: the end-point hash of a certificate signed by %s is the client's", async (_, kind, hash) => {
    const files = await writePair(await temporaryFolder(), "pair", await makePair("localhost", kind));
    const certificates = await certificatesFor([{ domain: "localhost", ...files }]);
    for (const client of [tls12, {}]) {
      const both = await directTls(client, { certificates });
      const expected = createHash(hash).update(both.client.secure!.peerCertificate).digest();
      expect(both.server.secure!.tlsServerEndPoint).toEqual(expected);
    }
  });
});

describe("RFC 6120 section 5.4.3 STARTTLS", () => {
  it("upgrades the socket and carries what follows", async () => {
    const { client, server, told, upgraded } = await upgrading();
    client.send("starttls");
    await client.expect("proceed");
    await client.startTls();
    client.send("hello");
    const link = await upgraded;
    expect(server.secure).toBe(link);
    expect(link.tlsExporter).toEqual(client.secure!.tlsExporter);
    await pause(20);
    expect(told.text).toBe("starttls");
    server.resume();
    await until(() => told.text === "starttlshello");
    server.write("world");
    await client.expect("world");
    await expect(server.startTls()).rejects.toThrow("has TLS already");
  });

  it("discards what came in the clear after the request, and nothing of it is seen after the handshake", async () => {
    const { client, server, told, upgraded } = await upgrading({}, 40);
    client.send("starttls");
    await until(() => told.text === "starttls");
    client.send("INJECTED");
    await client.expect("proceed");
    await client.startTls();
    client.send("clean");
    await upgraded;
    server.resume();
    await until(() => told.text.endsWith("clean"));
    expect(told.text).toBe("starttlsclean");
  });

  it("reads nothing before the caller has seen the handshake succeed", async () => {
    const { port, accepted } = await acceptingOne();
    const client = await connectRaw({ port });
    const server = await accepted;
    const order: string[] = [];
    const told = new Told();
    told.data = (bytes) => void order.push(Buffer.from(bytes).toString());
    server.start(told);
    server.write("proceed");
    const upgraded = server.startTls().then(() => order.push("established"));
    await client.expect("proceed");
    const handshake = client.startTls();
    client.send("first");
    await Promise.all([handshake, upgraded]);
    await until(() => order.length === 2);
    expect(order).toEqual(["established", "first"]);
  });

  it("sends what is written meanwhile under TLS only", async () => {
    const { client, server, upgraded } = await upgrading();
    client.send("starttls");
    await client.expect("proceed");
    server.write("secret");
    await pause(20);
    expect(client.received).toBe("proceed");
    await client.startTls();
    await upgraded;
    await client.expect("secret");
  });

  it("terminates the connection, without another word, if the handshake fails", async () => {
    const { client, told, upgraded } = await upgrading();
    client.send("starttls");
    await client.expect("proceed");
    client.send("<message>this is no ClientHello</message>");
    await expect(upgraded).rejects.toThrow();
    await client.closed();
    await until(() => told.events.includes("closed"));
    expect(told.events).toEqual(["data", "closed"]);
    expect(client.received).not.toContain("<");
  });

  it.each([
    ["left before it began", (client: RawClient) => client.end()],
    ["said more in the clear and left", (client: RawClient) => client.socket.end("more")],
  ])("terminates the connection if the peer %s", async (_, act) => {
    const { client, told, upgraded } = await upgrading({ handshakeTimeoutMs: 60_000 }, 30);
    client.send("starttls");
    await until(() => told.text === "starttls");
    act(client);
    await expect(upgraded).rejects.toThrow(/the peer left/);
    await client.closed();
    await until(() => told.events.includes("closed"));
    expect(told.text).toBe("starttls");
  });

  it.each([
    ["is silent", () => {}],
    ["leaves", (client: RawClient) => client.end()],
  ])("terminates the connection if the peer %s", async (_, act) => {
    const { client, told, upgraded } = await upgrading({ handshakeTimeoutMs: 150 });
    client.send("starttls");
    await client.expect("proceed");
    act(client);
    await expect(upgraded).rejects.toThrow(/more than 150 ms|left during|closed during/);
    await client.closed();
    await until(() => told.events.includes("closed"));
    expect(told.events.filter((event) => event === "closed")).toHaveLength(1);
  });
});

function pemOf(client: RawClient): string {
  const base64 = Buffer.from(client.secure!.peerCertificate).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g)!.join("\n")}\n-----END CERTIFICATE-----`;
}

function twoHosts() {
  return certificatesFor([{ domain: "a.example" }, { domain: "b.example" }]);
}

/** A server that answers the first thing it reads with `proceed` and a handshake. */
async function upgrading(options: Options = {}, waitMs = 0) {
  const { port, accepted } = await acceptingOne(options);
  const client = await connectRaw({ port });
  const server = await accepted;
  const told = new Told();
  const upgraded = new Promise<SecureLink>((resolve, reject) => {
    const deliver = told.data.bind(told);
    told.data = (bytes) => {
      deliver(bytes);
      if (server.secure !== null) return;
      server.pause();
      setTimeout(() => {
        server.write("proceed");
        server.startTls().then(resolve, reject);
      }, waitMs);
    };
  });
  upgraded.catch(() => {});
  server.start(told);
  return { client, server, told, upgraded };
}
