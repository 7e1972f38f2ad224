import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { serverEndPoint } from "../../src/net/end-point.ts";
import { makePair } from "./support.ts";

const fixture = (name: string): Uint8Array =>
  new X509Certificate(readFileSync(new URL(`fixtures/${name}.crt`, import.meta.url))).raw;

describe("RFC 5929 section 4.1 tls-server-end-point", () => {
  it.each([
    ["rsa-sha1", "sha256", "SHA-1 gives way to SHA-256"],
    ["rsa-sha224", "sha224", "any other hash is kept"],
    ["ecdsa-sha512", "sha512", "the hash is the signature's, not the key's"],
    ["rsa-pss-sha384", "sha384", "the hash is a parameter of RSASSA-PSS"],
    ["rsa-pss-defaults", "sha256", "the parameter left out means SHA-1"],
  ])("hashes %s by %s: %s", (name, hash) => {
    const der = fixture(name);
    expect(serverEndPoint(der)).toEqual(createHash(hash).update(der).digest());
  });

  it.each([
    ["rsa", "P-256", "sha256"],
    ["rsa", "P-256", "sha384"],
    ["ec", "P-256", "sha256"],
    ["ec", "P-384", "sha384"],
  ] as const)("hashes a certificate of %s %s signed with %s", async (keyType, curve, algorithm) => {
    const der = new X509Certificate((await makePair("a.example", { keyType, curve, algorithm })).cert).raw;
    expect(serverEndPoint(der)).toEqual(createHash(algorithm).update(der).digest());
  });

  it("is undefined for a signature without a hash function", () => {
    expect(serverEndPoint(fixture("ed25519"))).toBeUndefined();
  });

  it("refuses bytes that are no certificate", () => {
    expect(() => serverEndPoint(new Uint8Array([0x30, 0x82, 0xff]))).toThrow("ends early");
    expect(() => serverEndPoint(new Uint8Array())).toThrow("ends early");
  });
});
