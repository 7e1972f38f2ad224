import { describe, expect, it } from "vitest";
import { deriveCredentials } from "../../../src/auth/keys.ts";
import { startExchange } from "../../../src/auth/mechanism.ts";
import type { SecureLink } from "../../../src/ports.ts";
import { ScramLogin, type ScramMechanism } from "../../../src/testing/virtual/scram-login.ts";
import { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";

const encode = (text: string) => Buffer.from(text).toString("base64");
const decode = (text: string) => Buffer.from(text, "base64").toString();

describe("a client's SCRAM", () => {
  it.each([
    {
      rfc: "RFC 5802 section 5",
      mechanism: "SCRAM-SHA-1",
      nonce: "fyko+d2lbbFgONRv9qkxdawL",
      first: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
      challenge: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
      final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
      success: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    },
    {
      rfc: "RFC 7677 section 3",
      mechanism: "SCRAM-SHA-256",
      nonce: "rOprNGfwEbeRWgbNEkqO",
      first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
      challenge: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
      final: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
      success: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    },
  ] as const)("says what the example of $rfc says", ({ mechanism, nonce, first, challenge, final, success }) => {
    const login = new ScramLogin({ mechanism, username: "user", password: "pencil", nonce });
    expect(decode(login.initial)).toBe(first);
    expect(login.isVerified(encode(success))).toBe(false);
    expect(decode(login.respond(encode(challenge)))).toBe(final);
    expect(login.isVerified(encode(success))).toBe(true);
    expect(login.isVerified(encode(success.replace("v=", "v=A")))).toBe(false);
  });

  it("refuses a challenge that is not for it", () => {
    const login = new ScramLogin({ mechanism: "SCRAM-SHA-1", username: "user", password: "pencil", nonce: "abc" });
    expect(() => login.respond(encode("r=abd123,s=QSXCR+Q6sek8bf92,i=4096"))).toThrow("nonce");
    expect(() => login.respond(encode("r=abc,s=QSXCR+Q6sek8bf92,i=4096"))).toThrow("nonce");
    expect(() => login.respond(encode("r=abcd,i=4096"))).toThrow("no s=");
  });

  it("wants a channel binding for -PLUS, and for nothing else", () => {
    const login = { username: "user", password: "pencil", nonce: "abc" };
    expect(() => new ScramLogin({ ...login, mechanism: "SCRAM-SHA-1-PLUS" })).toThrow("channel binding");
    expect(() => new ScramLogin({ ...login, mechanism: "SCRAM-SHA-1", channelBinding: { type: "tls-exporter", data: new Uint8Array(32) } })).toThrow("channel binding");
  });

  it.each([
    ["SCRAM-SHA-1", "pencil", "success"],
    ["SCRAM-SHA-256", "pencil", "success"],
    ["SCRAM-SHA-256", "pen", "failure"],
    ["SCRAM-SHA-1-PLUS", "pencil", "success"],
    ["SCRAM-SHA-256-PLUS", "pencil", "success"],
    ["SCRAM-SHA-256-PLUS", "pen", "failure"],
  ] satisfies readonly [ScramMechanism, string, string][])("logs in to the server's own side by %s with %j: %s", async (mechanism, password, outcome) => {
    const random = new SeededRandom(1);
    const [exporter, endPoint] = [random.bytes(32), random.bytes(32)];
    const secure: SecureLink = { protocol: "TLSv1.3", serverName: undefined, tlsExporter: exporter, tlsServerEndPoint: endPoint };
    const credentials = await deriveCredentials("pencil", random);
    for (const binding of mechanism.endsWith("-PLUS") ? [{ type: "tls-exporter", data: exporter }, { type: "tls-server-end-point", data: endPoint }] : [undefined]) {
      const lookup = async (username: string) => (username === "a=b" ? credentials : undefined);
      const exchange = startExchange(mechanism, { host: "localhost", secure, plaintextAllowed: false, lookup, random, fakeSaltKey: random.bytes(32) });
      const login = new ScramLogin({ mechanism, username: "a=b", password, nonce: random.next(), ...(binding === undefined ? {} : { channelBinding: binding }) });
      const challenge = await exchange!.respond(Buffer.from(login.initial, "base64"));
      if (challenge.kind !== "challenge") throw new Error(`expected a challenge, got ${JSON.stringify(challenge)}`);
      const end = await exchange!.respond(Buffer.from(login.respond(Buffer.from(challenge.data).toString("base64")), "base64"));
      expect(end.kind).toBe(outcome);
      if (end.kind === "success") expect(login.isVerified(Buffer.from(end.data!).toString("base64"))).toBe(true);
    }
  });
});
