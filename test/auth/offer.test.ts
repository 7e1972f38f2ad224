import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { deriveCredentials } from "../../src/auth/keys.ts";
import { offeredChannelBindings, offeredMechanisms, startExchange } from "../../src/auth/mechanism.ts";
import { offerHash } from "../../src/auth/offer.ts";
import { attribute, firstMessage } from "./scram-client.ts";
import { contextFor, heard, random, say, start, tls12, tls13 } from "./setting.ts";

const all = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"];
const unbound = ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"];
const under = (secure: typeof tls13 | null, plaintextAllowed: boolean) => contextFor({}, { secure, plaintextAllowed });

describe("RFC 6120 section 6.3.4 mechanism offers", () => {
  it("are the strongest first under TLS", () => {
    expect(offeredMechanisms({ secure: tls13, plaintextAllowed: false })).toEqual(all);
    expect(offeredMechanisms({ secure: tls12, plaintextAllowed: true })).toEqual(all);
  });

  it("are none without TLS, unless that is allowed, and never a -PLUS", () => {
    expect(offeredMechanisms({ secure: null, plaintextAllowed: false })).toEqual([]);
    expect(offeredMechanisms({ secure: null, plaintextAllowed: true })).toEqual(unbound);
  });

  it("have no -PLUS where the certificate gives nothing to bind to (RFC 5929 section 4.1)", () => {
    const secure = { ...tls12, tlsServerEndPoint: new Uint8Array() };
    expect(offeredMechanisms({ secure, plaintextAllowed: false })).toEqual(unbound);
  });

  it("are what can be started", () => {
    for (const mechanism of all) {
      expect(startExchange(mechanism, under(tls13, false))).toBeDefined();
      expect(startExchange(mechanism, under(null, false))).toBeUndefined();
      expect(startExchange(mechanism, under(null, true)) !== undefined).toBe(unbound.includes(mechanism));
    }
    for (const unknown of ["", "plain", "SCRAM-SHA-512", "ANONYMOUS", "EXTERNAL", "constructor", "SCRAM-SHA-1-PLUS "]) {
      expect(startExchange(unknown, under(tls13, true))).toBeUndefined();
    }
  });
});

describe("XEP-0440 section 2 channel bindings", () => {
  it("are tls-exporter on TLS 1.3 only, tls-server-end-point on both (RFC 9266 section 4.2)", () => {
    expect(offeredChannelBindings(tls13)).toEqual(["tls-exporter", "tls-server-end-point"]);
    expect(offeredChannelBindings(tls12)).toEqual(["tls-server-end-point"]);
    expect(offeredChannelBindings({ ...tls12, tlsExporter: new Uint8Array(32) })).toEqual(["tls-server-end-point"]);
    expect(offeredChannelBindings(null)).toEqual([]);
  });
});

describe("XEP-0474 section 6.1 downgrade protection", () => {
  it("is the hash of the example of section 6.3", () => {
    const mechanisms = ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"];
    expect(offerHash("SCRAM-SHA-1", mechanisms, ["tls-server-end-point", "tls-exporter"])).toBe("G6k/rBLDqgOhRRaCuuatSDFkJ08=");
  });

  it.each([
    [
      "SCRAM-SHA-256",
      "sha256",
      tls13,
      "PLAIN\x1eSCRAM-SHA-1\x1eSCRAM-SHA-1-PLUS\x1eSCRAM-SHA-256\x1eSCRAM-SHA-256-PLUS\x1ftls-exporter\x1etls-server-end-point",
    ],
    [
      "SCRAM-SHA-1",
      "sha1",
      tls12,
      "PLAIN\x1eSCRAM-SHA-1\x1eSCRAM-SHA-1-PLUS\x1eSCRAM-SHA-256\x1eSCRAM-SHA-256-PLUS\x1ftls-server-end-point",
    ],
    ["SCRAM-SHA-256", "sha256", null, "PLAIN\x1eSCRAM-SHA-1\x1eSCRAM-SHA-256"],
  ] as const)("is sent by %s, over what was offered, in its own hash %s", async (mechanism, hash, secure, text) => {
    const accounts = { user: await deriveCredentials("pencil", random) };
    const exchange = start(mechanism, contextFor(accounts, { secure, plaintextAllowed: true }));
    const client = { hash, username: "user", password: "pencil", nonce: "abc" };
    const serverFirst = heard(await say(exchange, firstMessage(client)));
    expect(attribute(serverFirst, "h")).toBe(createHash(hash).update(text).digest("base64"));
    expect(serverFirst).toMatch(/^r=[^,]+,s=[^,]+,i=4096,h=[^,]+$/);
  });
});
