/** Authentication as it looks on the wire (RFC 6120 sections 6.4 and 6.5). */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TestServer } from "../../src/testing/start-server.ts";
import { finalMessage, finalParts, firstMessage, type Client } from "../auth/scram-client.ts";
import { authenticate, connectSecure, saslPlain, streamHeader } from "../support/login.ts";
import { connectRaw, type RawClient } from "../support/raw-client.ts";
import { expectStreamError, faultyStore, lastStream, startWithUsers } from "./support.ts";

const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
const auth = (mechanism: string, payload = "") => `<auth xmlns='${sasl}' mechanism='${mechanism}'>${payload}</auth>`;
const response = (payload: string) => `<response xmlns='${sasl}'>${payload}</response>`;
const abort = `<abort xmlns='${sasl}'/>`;
const base64 = (text: string | Uint8Array) => Buffer.from(text).toString("base64");

let server: TestServer;
let client: RawClient;
beforeAll(async () => {
  server = await startWithUsers();
  await server.addUser("zoé", "pâtes");
});
afterAll(() => server.stop());
beforeEach(async () => {
  client = await opened(await connectSecure(server));
  return () => client.destroy();
});

async function opened(client: RawClient): Promise<RawClient> {
  client.send(streamHeader("localhost"));
  await client.expect("</stream:features>");
  return client;
}

/** Waits for a failure, which must have this condition alone, and perhaps a text. */
async function expectFailure(condition: string, of: RawClient = client): Promise<void> {
  const failure = await of.expect(/<failure [^>]*>.*?<\/failure>/s);
  expect(failure).toMatch(new RegExp(`^<failure xmlns="${sasl}"><${condition}/>(<text xml:lang="en">[^<]+</text>)?</failure>$`));
}

describe("RFC 6120 section 6.4.6 SASL success", () => {
  it("has no data with PLAIN", async () => {
    client.send(saslPlain("romeo"));
    await client.expect(`<success xmlns="${sasl}"/>`);
  });

  it("takes the bare JID as the authorization identity (section 6.3.8)", async () => {
    client.send(saslPlain("romeo", "secret", "romeo@localhost"));
    await client.expect("<success");
  });

  it("prepares the user name (section 6.3.7)", async () => {
    client.send(saslPlain("ZOE\u0301", "pâtes"));
    await client.expect("<success");
  });

  it.each(["sha256", "sha1"] as const)("carries the server's signature as additional data with SCRAM (%s)", async (hash) => {
    const scram: Client = { hash, username: "romeo", password: "secret", nonce: "fyko+d2lbbFgONRv9qkxdawL" };
    client.send(auth(hash === "sha256" ? "SCRAM-SHA-256" : "SCRAM-SHA-1", base64(firstMessage(scram))));
    const challenge = /<challenge [^>]*>([^<]*)</.exec(await client.expect(/<challenge [^>]*>[^<]*<\/challenge>/))![1]!;
    const { final, verifier } = finalParts(scram, Buffer.from(challenge, "base64").toString());
    client.send(response(base64(finalMessage(final))));
    await client.expect(`<success xmlns="${sasl}">${base64(`v=${verifier}`)}</success>`);
  });

  it("asks with an empty challenge for what the client did not send at once, and takes '=' for nothing (section 6.4.2)", async () => {
    client.send(auth("PLAIN"));
    await client.expect(/<challenge [^>]*(\/>|><\/challenge>)/);
    client.send(response(base64("\0romeo\0secret")));
    await client.expect("<success");
    const other = await opened(await connectSecure(server));
    other.send(auth("PLAIN", "="));
    await expectFailure("malformed-request", other);
    other.destroy();
  });
});

describe("RFC 6120 section 6.5.1 aborted", () => {
  it("answers <abort/>, and another login can follow", async () => {
    client.send(auth("SCRAM-SHA-256", base64("n,,n=romeo,r=abc")));
    await client.expect("</challenge>");
    client.send(abort);
    await expectFailure("aborted");
    client.send(saslPlain("romeo"));
    await client.expect("<success");
  });

  it("answers <abort/> where nothing is under way (section 6.4.4)", async () => {
    client.send(abort);
    await expectFailure("aborted");
  });
});

describe("RFC 6120 section 6.5.4 encryption-required", () => {
  it.each(["PLAIN", "SCRAM-SHA-256", "NONE"])("answers %s in the clear", async (mechanism) => {
    const plain = await opened(await connectRaw({ port: server.port }));
    plain.send(auth(mechanism, base64("\0romeo\0secret")));
    await expectFailure("encryption-required", plain);
    plain.destroy();
  });
});

describe("RFC 6120 section 6.5.5 incorrect-encoding", () => {
  it.each(["AGp1bGlldAByMG0z***", "AGp1bGlldAByMG0", "AGp1 bGll", "=AAA", "AGp1bGll\nAA=="])("answers %j", async (payload) => {
    client.send(auth("PLAIN", payload));
    await expectFailure("incorrect-encoding");
  });

  it("answers a response that is not base64", async () => {
    client.send(auth("PLAIN"));
    await client.expect("<challenge");
    client.send(response("?"));
    await expectFailure("incorrect-encoding");
  });
});

describe("RFC 6120 section 6.5.6 invalid-authzid", () => {
  it.each(["juliet@localhost", "romeo@elsewhere.example", "romeo@localhost/orchard", "romeo", "@@"])(
    "answers the authorization identity %j of romeo, whose password is right",
    async (authzid) => {
      client.send(saslPlain("romeo", "secret", authzid));
      await expectFailure("invalid-authzid");
    },
  );
});

describe("RFC 6120 section 6.5.7 invalid-mechanism", () => {
  it.each([auth("CRAM-MD5"), auth(""), `<auth xmlns='${sasl}'/>`, auth("plain", base64("\0romeo\0secret")), auth("EXTERNAL", "=")])(
    "answers %s", async (element) => {
      client.send(element);
      await expectFailure("invalid-mechanism");
    },
  );
});

describe("RFC 6120 section 6.5.8 malformed-request", () => {
  it.each([
    ["two parts", "romeo\0secret"],
    ["four parts", "\0romeo\0secret\0more"],
    ["no user name", "\0\0secret"],
    ["no password", "\0romeo\0"],
    ["no UTF-8", Buffer.from([0, 0xff, 0xfe, 0, 0x41])],
  ])("answers a PLAIN message of %s", async (_, message) => {
    client.send(auth("PLAIN", base64(message)));
    await expectFailure("malformed-request");
  });

  it("answers a SCRAM message that is none", async () => {
    client.send(auth("SCRAM-SHA-256", base64("hello")));
    await expectFailure("malformed-request");
  });

  it("answers a response without a login under way", async () => {
    client.send(response(base64("\0romeo\0secret")));
    await expectFailure("malformed-request");
  });
});

describe("RFC 6120 section 6.5.10 not-authorized", () => {
  it("answers a wrong password and an account that does not exist in the same words", async () => {
    client.send(saslPlain("romeo", "wrong"));
    const wrong = await client.expect(/<failure .*?<\/failure>/);
    client.send(saslPlain("nobody", "secret"));
    const unknown = await client.expect(/<failure .*?<\/failure>/);
    expect(wrong).toBe(`<failure xmlns="${sasl}"><not-authorized/></failure>`);
    expect(unknown).toBe(wrong);
  });
});

describe("RFC 6120 section 6.5.11 temporary-auth-failure", () => {
  it("answers while accounts cannot be read, and the same login works later", async () => {
    const faulty = faultyStore();
    const own = await startWithUsers({ parts: { store: faulty.store } });
    const early = await opened(await connectSecure(own));
    faulty.readsFail = true;
    early.send(saslPlain("romeo"));
    await expectFailure("temporary-auth-failure", early);
    faulty.readsFail = false;
    early.send(saslPlain("romeo"));
    await early.expect("<success");
    early.destroy();
    await own.stop();
  });
});

describe("RFC 6120 section 6.4.2 a second <auth/> while one is under way", () => {
  it("discards the first handshake and begins anew", async () => {
    client.send(auth("SCRAM-SHA-256", base64("n,,n=juliet,r=abc")));
    await client.expect("</challenge>");
    client.send(saslPlain("romeo"));
    await client.expect("<success");
    client.send(streamHeader("localhost", "version='1.0' from='romeo@localhost'"));
    await client.expect("</stream:features>");
    expect(lastStream(client).reader.header).toMatchObject({ to: "romeo@localhost" });
  });
});

describe("RFC 6120 section 6.4.5 SASL failure", () => {
  it("allows two retries, and closes the stream with policy-violation after the third failure", async () => {
    for (let tries = 0; tries < 3; tries += 1) {
      client.send(saslPlain("romeo", "wrong"));
      await expectFailure("not-authorized");
    }
    await expectStreamError(client, "policy-violation");
    expect(client.received.match(/<failure /g)).toHaveLength(3);
  });

  it("lets the third try succeed", async () => {
    for (let tries = 0; tries < 2; tries += 1) {
      client.send(saslPlain("romeo", "wrong"));
      await expectFailure("not-authorized");
    }
    client.send(saslPlain("romeo"));
    await client.expect("<success");
  });

  it("counts handshakes that are aborted or begun anew, so that nobody guesses without end", async () => {
    client.send(auth("PLAIN"));
    await client.expect("<challenge");
    client.send(auth("PLAIN"));
    await client.expect("<challenge");
    client.send(abort);
    await expectFailure("aborted");
    client.send(saslPlain("romeo", "wrong"));
    await expectFailure("not-authorized");
    await expectStreamError(client, "policy-violation");
  });

  it("counts tries before and after TLS together", async () => {
    const plain = await opened(await connectRaw({ port: server.port }));
    for (let tries = 0; tries < 2; tries += 1) {
      plain.send(saslPlain("romeo"));
      await expectFailure("encryption-required", plain);
    }
    plain.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    await plain.expect("<proceed");
    await plain.startTls();
    await opened(plain);
    plain.send(saslPlain("romeo", "wrong"));
    await expectFailure("not-authorized", plain);
    await expectStreamError(plain, "policy-violation");
  });
});

describe("RFC 6120 section 6.4.6 after success", () => {
  it("closes the stream with policy-violation for another <auth/>", async () => {
    const done = await authenticate(server, { user: "romeo" });
    done.send(saslPlain("juliet"));
    await expectStreamError(done, "policy-violation");
    expect(done.received.match(/<success/g)).toHaveLength(1);
  });

  it("takes nothing but a stream header next", async () => {
    client.send(saslPlain("romeo"));
    await client.expect("<success");
    client.send(saslPlain("juliet"));
    await client.closed();
    expect(lastStream(client).elements.at(-1)).toMatchObject({ name: "error" });
    expect(client.received.match(/<success/g)).toHaveLength(1);
  });
});
