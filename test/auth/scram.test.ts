import { beforeAll, describe, expect, it } from "vitest";
import { deriveCredentials } from "../../src/auth/keys.ts";
import type { Credentials } from "../../src/auth/keys.ts";
import { offerHash } from "../../src/auth/offer.ts";
import { scramExchange } from "../../src/auth/scram.ts";
import { attribute, firstMessage } from "./scram-client.ts";
import type { Client } from "./scram-client.ts";
import { contextFor, heard, login, random, say, start, tls12, tls13, unreadable } from "./setting.ts";

const hashes = { "SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256" } as const;
const user: Client = { hash: "sha256", username: "user", password: "pencil", nonce: "fyko+d2lbbFgONRv9qkxdawL" };
const bound: Client = { ...user, gs2Header: "p=tls-exporter,,", channelBinding: tls13.tlsExporter };

type Spoilt = [string, Client, NonNullable<Parameters<typeof login>[2]>, string];
const as = (authzid: string) => ({ ...user, gs2Header: `n,a=${authzid},` });
const flip = (base64: string) => (base64.startsWith("A") ? "B" : "A") + base64.slice(1);

let accounts: Record<string, Credentials>;
beforeAll(async () => {
  accounts = { user: await deriveCredentials("pencil", random), "a,b=c": await deriveCredentials("pencil", random) };
});

/** Credentials with the salts of an example. */
async function salted(salt: string): Promise<Credentials> {
  return deriveCredentials("pencil", { bytes: () => new Uint8Array(Buffer.from(salt, "base64")) });
}

describe("the examples of the specifications, octet for octet", () => {
  it.each([
    [
      "RFC 5802 section 5",
      "SCRAM-SHA-1",
      "QSXCR+Q6sek8bf92",
      "3rfcNHYJY1ZVvWVs7j",
      "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
      "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
      "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
      "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    ],
    [
      "RFC 7677 section 3",
      "SCRAM-SHA-256",
      "W22ZaJ0SNY7soEsUEjb6gQ==",
      "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
      "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
      "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    ],
  ] as const)("%s", async (_, name, salt, serverNonce, first, serverFirst, final, serverFinal) => {
    const context = contextFor({ user: await salted(salt) });
    const exchange = scramExchange(context, { name, plus: false, serverNonce });
    expect(heard(await say(exchange, first))).toBe(serverFirst);
    const outcome = await say(exchange, final);
    expect(outcome).toMatchObject({ kind: "success", username: "user" });
    expect(heard(outcome)).toBe(serverFinal);
  });

  it("XEP-0474 section 6.3, with channel binding, the hash of the offers and an extension of the client's", async () => {
    const exchange = scramExchange(contextFor({ user: await salted("QSXCR+Q6sek8bf92") }), {
      name: "SCRAM-SHA-1",
      plus: true,
      serverNonce: "a09117a6-ac50-4f2f-93f1-93799c2bddf6",
      offerHash: offerHash("SCRAM-SHA-1", ["SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"], ["tls-server-end-point", "tls-exporter"]),
    });
    const nonce = "12C4CD5C-E38E-4A98-8F6D-15C38F51CCC6a09117a6-ac50-4f2f-93f1-93799c2bddf6";
    expect(heard(await say(exchange, "p=tls-exporter,,n=user,r=12C4CD5C-E38E-4A98-8F6D-15C38F51CCC6"))).toBe(
      `r=${nonce},s=QSXCR+Q6sek8bf92,i=4096,h=G6k/rBLDqgOhRRaCuuatSDFkJ08=`,
    );
    const outcome = await say(
      exchange,
      `c=cD10bHMtZXhwb3J0ZXIsLFRISVMgSVMgRkFLRSBDQiBEQVRB,r=${nonce},x=19C6532F-1CF4-4A27-A18D-DC9CEA41BBB3,p=M/SIDjT+dfcxUh89jZEypRvFxB4=`,
    );
    expect(heard(outcome)).toBe("v=MQrMPvv7yv4x4Cq4W4Ih25EqS2c=");
  });
});

describe("RFC 5802 section 5 exchange", () => {
  it.each(["SCRAM-SHA-1", "SCRAM-SHA-256"] as const)("of %s and its -PLUS lets the right password in", async (name) => {
    for (const client of [user, bound]) {
      const mechanism = client === bound ? `${name}-PLUS` : name;
      const exchange = start(mechanism, contextFor(accounts));
      const { outcome, verifier } = await login(exchange, { ...client, hash: hashes[name] });
      expect(outcome).toMatchObject({ kind: "success", username: "user" });
      expect(heard(outcome)).toBe(`v=${verifier}`);
    }
  });

  it("asks with an empty challenge where the first message did not come at once (RFC 4422 section 5)", async () => {
    const exchange = start("SCRAM-SHA-256", contextFor(accounts));
    expect(await exchange.respond(undefined)).toEqual({ kind: "challenge", data: new Uint8Array() });
    expect((await login(exchange, user)).outcome.kind).toBe("success");
  });

  it.each([undefined, new Uint8Array()])("is malformed-request if no message comes at all: %j", async (nothing) => {
    const exchange = start("SCRAM-SHA-256", contextFor(accounts));
    await exchange.respond(undefined);
    expect(await exchange.respond(nothing)).toMatchObject({ kind: "failure", condition: "malformed-request" });
  });

  it("uses a nonce of 192 bits that is new each time", async () => {
    const challenges = [1, 2].map(() => say(start("SCRAM-SHA-1", contextFor(accounts)), firstMessage(user)));
    const nonces = (await Promise.all(challenges)).map((challenge) => attribute(heard(challenge), "r"));
    expect(nonces[0]).not.toBe(nonces[1]);
    for (const nonce of nonces) expect(nonce).toMatch(/^fyko\+d2lbbFgONRv9qkxdawL[A-Za-z0-9+/]{32}$/);
  });

  it("takes the name as received into the proof, and prepared as the account", async () => {
    const { outcome } = await login(start("SCRAM-SHA-256", contextFor(accounts)), { ...user, username: "USER" });
    expect(outcome).toMatchObject({ kind: "success", username: "user" });
  });

  it("reads =2C and =3D in a name", async () => {
    const { outcome } = await login(start("SCRAM-SHA-256", contextFor(accounts)), { ...user, username: "a,b=c" });
    expect(outcome).toMatchObject({ kind: "success", username: "a,b=c" });
  });

  it("passes over extensions that it does not know", async () => {
    const client = { ...user, firstExtensions: ["x=1", "Y=="], finalExtensions: ["z=a=b", "A=é"] };
    expect((await login(start("SCRAM-SHA-256", contextFor(accounts)), client)).outcome.kind).toBe("success");
  });

  it("takes no message before it has answered the one before", async () => {
    const exchange = start("SCRAM-SHA-256", contextFor(accounts));
    const [first, second] = await Promise.all([say(exchange, firstMessage(user)), say(exchange, firstMessage(user))]);
    expect(first.kind).toBe("challenge");
    expect(second).toMatchObject({ kind: "failure", condition: "malformed-request" });
  });

  it("answers the second message once", async () => {
    const exchange = start("SCRAM-SHA-256", contextFor(accounts));
    expect((await login(exchange, user)).outcome.kind).toBe("success");
    expect(await say(exchange, firstMessage(user))).toMatchObject({ kind: "failure", condition: "malformed-request" });
    expect(await exchange.respond(undefined)).toMatchObject({ kind: "failure", condition: "malformed-request" });
  });
});

describe("RFC 6120 section 6.5.10 not-authorized", () => {
  it.each([
    ["a wrong password", { ...user, password: "pencil2" }, (f) => f, "wrong password"],
    ["no such account", { ...user, username: "nobody" }, (f) => f, "no such account"],
    ["a changed proof", user, (f) => ({ ...f, p: flip(f.p) }), "wrong password"],
    ["a short proof", user, (f) => ({ ...f, p: f.p.slice(0, 40) }), "wrong password"],
    ["an empty proof", user, (f) => ({ ...f, p: "" }), "wrong password"],
    ["a longer proof", user, (f) => ({ ...f, p: `AAAA${f.p}` }), "wrong password"],
    ["a changed nonce", user, (f) => ({ ...f, r: `${f.r}A` }), "nonce"],
    ["the client's nonce alone", user, (f) => ({ ...f, r: user.nonce }), "nonce"],
    ["another gs2-header than the first", user, (f) => ({ ...f, c: "eSws" }), "channel binding differs"],
    ["no gs2-header", user, (f) => ({ ...f, c: "" }), "channel binding differs"],
  ] satisfies Spoilt[])("is the answer to %s", async (_, client, change, why) => {
    const { outcome } = await login(start("SCRAM-SHA-256", contextFor(accounts)), client, change);
    expect(outcome).toMatchObject({ kind: "failure", condition: "not-authorized", username: client.username });
    expect(outcome).toHaveProperty("why", expect.stringContaining(why));
    expect(outcome).not.toHaveProperty("text");
  });

  it.each(["user@example.org", "us er", "a/b", "<a>", " "])("is at once the answer to %j, no localpart", async (username) => {
    const outcome = await say(start("SCRAM-SHA-256", contextFor(accounts)), firstMessage({ ...user, username }));
    expect(outcome).toMatchObject({ kind: "failure", condition: "not-authorized" });
    expect(outcome).toHaveProperty("why", expect.stringContaining("no localpart"));
  });
});

describe("RFC 6120 section 6.5.8 malformed-request", () => {
  it.each([
    ["nothing", ""],
    ["another flag", "x,,n=user,r=abc"],
    ["the GSS-API flag", "F,n,,n=user,r=abc"],
    ["an upper-case flag", "N,,n=user,r=abc"],
    ["an empty binding type", "p=,,n=user,r=abc"],
    ["a binding type with other letters", "p=tls_x,,n=user,r=abc"],
    ["no authzid place", "n,n=user,r=abc"],
    ["an empty authzid", "n,a=,n=user,r=abc"],
    ["something else for an authzid", "n,b=user,n=user,r=abc"],
    ["an authzid with a bare =", "n,a=us=er,n=user,r=abc"],
    ["no name", "n,,r=abc"],
    ["an empty name", "n,,n=,r=abc"],
    ["a name with a bare =", "n,,n=us=er,r=abc"],
    ["a name with = at its end", "n,,n=user=,r=abc"],
    ["a name with an escape in lower case", "n,,n=us=2cer,r=abc"],
    ["no nonce", "n,,n=user"],
    ["an empty nonce", "n,,n=user,r="],
    ["a nonce with a space", "n,,n=user,r=a c"],
    ["a nonce outside ASCII", "n,,n=user,r=é"],
    ["nonce before name", "n,,r=abc,n=user"],
    ["a mandatory extension in front", "n,,m=x,n=user,r=abc"],
    ["a mandatory extension behind", "n,,n=user,r=abc,m=x"],
    ["a second nonce", "n,,n=user,r=abc,r=def"],
    ["an empty extension", "n,,n=user,r=abc,x="],
    ["a trailing comma", "n,,n=user,r=abc,"],
    ["an extension with a longer name", "n,,n=user,r=abc,xy=1"],
    ["a NUL", "n,,n=us\0er,r=abc"],
    ["a byte order mark", "\ufeffn,,n=user,r=abc"],
    ["channel binding without -PLUS", "p=tls-exporter,,n=user,r=abc"],
  ])("is the answer to a first message with %s", async (_, message) => {
    const outcome = await say(start("SCRAM-SHA-256", contextFor(accounts)), message);
    expect(outcome).toMatchObject({ kind: "failure", condition: "malformed-request" });
  });

  it.each([
    ["nothing", () => ""],
    ["no proof", (c: string, r: string) => `c=${c},r=${r}`],
    ["no binding", (_: string, r: string, p: string) => `r=${r},p=${p}`],
    ["no nonce", (c: string, _: string, p: string) => `c=${c},p=${p}`],
    ["the proof elsewhere", (c: string, r: string, p: string) => `c=${c},p=${p},r=${r}`],
    ["something behind the proof", (c: string, r: string, p: string) => `c=${c},r=${r},p=${p},x=1`],
    ["a mandatory extension", (c: string, r: string, p: string) => `c=${c},r=${r},m=x,p=${p}`],
    ["two proofs", (c: string, r: string, p: string) => `c=${c},r=${r},p=${p},p=${p}`],
    ["a binding that is not base64", (_: string, r: string, p: string) => `c=biw,r=${r},p=${p}`],
    ["a proof that is not base64", (c: string, r: string, p: string) => `c=${c},r=${r},p=${p.replace("=", "")}`],
    ["a NUL", (c: string, r: string, p: string) => `c=${c},r=${r},x=\0,p=${p}`],
    ["an empty extension", (c: string, r: string, p: string) => `c=${c},r=${r},,p=${p}`],
  ])("is the answer to a final message with %s", async (_, spoil: (c: string, r: string, p: string) => string) => {
    const exchange = start("SCRAM-SHA-256", contextFor(accounts));
    const serverFirst = heard(await say(exchange, firstMessage(user)));
    const outcome = await say(exchange, spoil("biws", attribute(serverFirst, "r"), Buffer.alloc(32).toString("base64")));
    expect(outcome).toMatchObject({ kind: "failure", condition: "malformed-request", username: "user" });
  });

  it("is the answer to what is not UTF-8", async () => {
    const bytes = Buffer.from("n,,n=us\xff,r=abc", "latin1");
    const outcome = await start("SCRAM-SHA-256", contextFor(accounts)).respond(bytes);
    expect(outcome).toMatchObject({ kind: "failure", condition: "malformed-request" });
  });
});

describe("RFC 5802 section 6 channel binding", () => {
  it.each([
    ["tls-exporter on TLS 1.3", tls13, "tls-exporter", tls13.tlsExporter],
    ["tls-server-end-point on TLS 1.3", tls13, "tls-server-end-point", tls13.tlsServerEndPoint],
    ["tls-server-end-point on TLS 1.2", tls12, "tls-server-end-point", tls12.tlsServerEndPoint],
  ])("takes %s", async (_, secure, type, channelBinding) => {
    const client = { ...user, gs2Header: `p=${type},,`, channelBinding };
    const { outcome } = await login(start("SCRAM-SHA-256-PLUS", contextFor(accounts, { secure })), client);
    expect(outcome.kind).toBe("success");
  });

  it.each([
    ["other data", new TextEncoder().encode("THIS IS OTHER CB DATA")],
    ["the data of another type", tls13.tlsServerEndPoint],
    ["no data", new Uint8Array()],
  ])("is not-authorized with %s, even with the right password", async (_, channelBinding) => {
    const { outcome } = await login(start("SCRAM-SHA-256-PLUS", contextFor(accounts)), { ...bound, channelBinding });
    expect(outcome).toMatchObject({ kind: "failure", condition: "not-authorized" });
    expect(outcome).toHaveProperty("why", expect.stringContaining("channel binding differs"));
  });

  it.each([
    ["tls-unique", tls13],
    ["tls-unique", tls12],
    ["tls-exporter", tls12],
    ["constructor", tls13],
    ["toString", tls13],
  ])("is invalid-mechanism with %s where there is none, before anybody is looked up", async (type, secure) => {
    let lookups = 0;
    const lookup = async () => (lookups++, undefined);
    const exchange = start("SCRAM-SHA-1-PLUS", contextFor(accounts, { secure, lookup }));
    const outcome = await say(exchange, firstMessage({ ...user, gs2Header: `p=${type},,` }));
    expect(outcome).toMatchObject({ kind: "failure", condition: "invalid-mechanism", why: expect.stringContaining(type) });
    expect(lookups).toBe(0);
  });

  it.each(["n,,", "y,,"])("is malformed-request with the flag %s in a -PLUS", async (gs2Header) => {
    const outcome = await say(start("SCRAM-SHA-256-PLUS", contextFor(accounts)), firstMessage({ ...user, gs2Header }));
    expect(outcome).toMatchObject({ kind: "failure", condition: "malformed-request" });
  });

  it("is a downgrade if the client did not see the -PLUS that was offered", async () => {
    const outcome = await say(start("SCRAM-SHA-256", contextFor(accounts)), firstMessage({ ...user, gs2Header: "y,," }));
    expect(outcome).toMatchObject({ kind: "failure", condition: "not-authorized", why: expect.stringContaining("downgrade") });
  });

  it("is no downgrade if none was offered", async () => {
    const exchange = start("SCRAM-SHA-256", contextFor(accounts, { secure: null, plaintextAllowed: true }));
    expect((await login(exchange, { ...user, gs2Header: "y,," })).outcome.kind).toBe("success");
  });
});

describe("RFC 6120 section 6.3.8 authorization identity", () => {
  it.each(["user@example.org", "USER@Example.ORG"])("may be the account's own bare JID, as in %s", async (authzid) => {
    const { outcome } = await login(start("SCRAM-SHA-256", contextFor(accounts)), as(authzid));
    expect(outcome).toMatchObject({ kind: "success", username: "user" });
  });

  it.each([
    "other@example.org",
    "user@other.org",
    "user@example.org/res",
    "user",
    "example.org",
    "user@",
    "@example.org",
    "us er@example.org",
  ])("is invalid-authzid if it is %s", async (authzid) => {
    const { outcome } = await login(start("SCRAM-SHA-256", contextFor(accounts)), as(authzid));
    expect(outcome).toMatchObject({ kind: "failure", condition: "invalid-authzid", username: "user" });
  });
});

describe("RFC 6120 section 6.5.11 temporary-auth-failure", () => {
  it("is the answer if the account cannot be read", async () => {
    const outcome = await say(start("SCRAM-SHA-256", contextFor({}, { lookup: unreadable })), firstMessage(user));
    expect(outcome).toEqual({ kind: "failure", condition: "temporary-auth-failure", why: "the store is closed" });
  });

  it("ends the exchange", async () => {
    const exchange = start("SCRAM-SHA-256", contextFor({}, { lookup: unreadable }));
    await say(exchange, firstMessage(user));
    expect(await say(exchange, firstMessage(user))).toMatchObject({ kind: "failure", condition: "malformed-request" });
  });

  it("is the answer if its keys are damaged", async () => {
    const good = accounts["user"]!;
    const damaged = { ...good, "SCRAM-SHA-256": { ...good["SCRAM-SHA-256"], serverKey: "" } };
    const outcome = await say(start("SCRAM-SHA-256", contextFor({ user: damaged })), firstMessage(user));
    expect(outcome).toMatchObject({ kind: "failure", condition: "temporary-auth-failure" });
    expect(outcome).toHaveProperty("why", expect.stringContaining("damaged"));
  });
});
