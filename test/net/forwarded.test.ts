/** For whom a proxy asks: who is believed, and what those who are not try. */
import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { addressNumber, isWithin, networkOf } from "../../src/domain/networks.ts";
import { askerOf, type ProxyPolicy } from "../../src/net/forwarded.ts";
import type { SecureLink } from "../../src/ports.ts";

const networks = (...texts: readonly string[]) => texts.map((text) => networkOf(text)!);
const plain: ProxyPolicy = { trusted: networks("127.0.0.1", "10.0.0.0/24", "2001:db8:1::/48"), header: "x-forwarded-for" };
const standard: ProxyPolicy = { ...plain, header: "forwarded" };
const tls: SecureLink = { protocol: "TLSv1.3", serverName: undefined, tlsExporter: new Uint8Array(32), tlsServerEndPoint: new Uint8Array(32) };

function asked(policy: ProxyPolicy, address: string, headers: Readonly<Record<string, string>>, own: SecureLink | null = null) {
  return askerOf({ address, tls: own }, (name) => headers[name], policy);
}

const from = (...asking: Parameters<typeof asked>) => {
  const asker = asked(...asking);
  return asker && [asker.remoteAddress, asker.secure, asker.forwarded];
};

describe("RFC 7239 section 8.1 who is believed", () => {
  it("is a trusted proxy, of the client and its TLS", () => {
    expect(from(plain, "127.0.0.1", { "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https" })).toEqual(["203.0.113.9", true, true]);
    expect(from(plain, "::ffff:10.0.0.7", { "x-forwarded-for": "2001:db8::9" })).toEqual(["2001:db8::9", false, true]);
    expect(from(standard, "2001:db8:1::5", { forwarded: 'for="[2001:db8::9]:4711";proto=https;by=203.0.113.43' })).toEqual(["2001:db8::9", true, true]);
  });

  it("is nobody else, whatever they write", () => {
    const headers = { "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https", forwarded: "for=127.0.0.1;proto=https", "x-real-ip": "127.0.0.1" };
    for (const policy of [plain, standard, { ...plain, trusted: [] }]) {
      expect(asked(policy, "203.0.113.9", headers)).toEqual({ remoteAddress: "203.0.113.9", loopback: false, seemsLoopback: false, secure: false, tls: null, forwarded: false, unnamed: false });
      expect(asked(policy, "10.0.1.1", headers)).toMatchObject({ remoteAddress: "10.0.1.1", forwarded: false });
    }
  });

  it("is not a header of the other kind, which the proxy passes on as the client wrote it", () => {
    expect(from(plain, "127.0.0.1", { "x-forwarded-for": "203.0.113.9", forwarded: "for=127.0.0.1;proto=https" })).toEqual(["203.0.113.9", false, true]);
    expect(from(standard, "127.0.0.1", { forwarded: "for=203.0.113.9", "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https" })).toEqual(["203.0.113.9", false, true]);
  });

  it("is believed of the right-most hop that nobody trusts: what is left of it the client has made up", () => {
    expect(from(plain, "127.0.0.1", { "x-forwarded-for": "127.0.0.1, 8.8.8.8, 203.0.113.9, 10.0.0.4" })).toEqual(["203.0.113.9", false, true]);
    expect(from(plain, "127.0.0.1", { "x-forwarded-for": "garbage, 203.0.113.9" })).toEqual(["203.0.113.9", false, true]);
    expect(from(standard, "127.0.0.1", { forwarded: "for=127.0.0.1;proto=https, for=203.0.113.9;proto=http, for=10.0.0.4;proto=https" })).toEqual(["203.0.113.9", false, true]);
  });

  it("takes the scheme that the same hop has, from the right", () => {
    expect(from(plain, "127.0.0.1", { "x-forwarded-for": "1.1.1.1, 203.0.113.9", "x-forwarded-proto": "https, http" })).toEqual(["203.0.113.9", false, true]);
    expect(from(plain, "127.0.0.1", { "x-forwarded-for": "203.0.113.9, 10.0.0.4", "x-forwarded-proto": "https" })).toEqual(["203.0.113.9", true, true]);
    expect(from(plain, "127.0.0.1", { "x-forwarded-for": "203.0.113.9, 10.0.0.4", "x-forwarded-proto": "https, http" })).toEqual(["203.0.113.9", true, true]);
  });

  it.each([
    ["nobody", { "x-forwarded-for": "" }],
    ["somebody without an address", { "x-forwarded-for": "203.0.113.9, unknown" }],
    ["a name", { "x-forwarded-for": "client.example" }],
    ["an address that is none", { "x-forwarded-for": "203.0.113.999" }],
    ["one that may be octal", { "x-forwarded-for": "0177.0.0.1" }],
    ["more hops than are looked at", { "x-forwarded-for": Array.from({ length: 40 }, () => "10.0.0.4").join(",") }],
  ])("is not understood where it names %s", (_, headers) => expect(asked(plain, "127.0.0.1", headers)).toBeUndefined());

  it.each([
    'for="203.0.113.9', "for=203.0.113.9;for=127.0.0.1", "for=_hidden", "for=unknown", "proto=https", "203.0.113.9", "for=203.0.113.9 proto=https",
    // What a client opens does not swallow what the proxy adds.
    'for=127.0.0.1;proto=https;ext=", for="[2001:db8::9]:4711";proto=http', 'for="127.0.0.1, for=203.0.113.9', "for=[2001:db8::9]",
  ])("is not understood where Forwarded is malformed or hides who it is: %s", (forwarded) => expect(asked(standard, "127.0.0.1", { forwarded })).toBeUndefined());

  it("finds no channel to bind to: the client's TLS ends at the proxy", () => {
    const asker = asked(plain, "127.0.0.1", { "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https" }, tls);
    expect(asker?.tls).toEqual({ protocol: "proxy", serverName: undefined, tlsExporter: undefined, tlsServerEndPoint: undefined });
    expect(asked(plain, "127.0.0.1", { "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "http" }, tls)).toMatchObject({ secure: false, tls: null });
  });

  it("keeps the TLS of who comes without a proxy", () => {
    expect(asked(plain, "203.0.113.9", { "x-forwarded-proto": "http" }, tls)).toMatchObject({ secure: true, tls });
  });

  it("takes nobody behind a proxy for somebody on this machine, and nobody who says that it passes something on", () => {
    expect(asked(plain, "127.0.0.1", { "x-forwarded-for": "127.0.0.1" })).toMatchObject({ remoteAddress: "127.0.0.1", loopback: false });
    expect(asked({ ...plain, trusted: [] }, "127.0.0.1", { "x-forwarded-for": "203.0.113.9" })).toMatchObject({ remoteAddress: "127.0.0.1", loopback: false });
    expect(asked({ ...plain, trusted: [] }, "127.0.0.1", { forwarded: "for=203.0.113.9" })).toMatchObject({ loopback: false });
    expect(asked({ ...plain, trusted: networks("10.0.0.0/24") }, "127.0.0.1", {})).toMatchObject({ loopback: true, seemsLoopback: true, forwarded: false, unnamed: false });
  });

  it("takes whom a trusted proxy does not name for nobody, though it asks from this machine", () => {
    for (const policy of [plain, standard]) expect(asked(policy, "127.0.0.1", {})).toMatchObject({ remoteAddress: "127.0.0.1", loopback: false, seemsLoopback: true, forwarded: false, unnamed: true });
    expect(asked(plain, "::ffff:127.0.0.1", {}, tls)).toMatchObject({ loopback: false, unnamed: true, secure: true });
    expect(asked(plain, "10.0.0.4", {})).toMatchObject({ loopback: false, seemsLoopback: false, unnamed: true });
    // It writes the other header than the one that is read.
    expect(asked(plain, "127.0.0.1", { forwarded: "for=203.0.113.9" })).toMatchObject({ loopback: false, seemsLoopback: false, unnamed: true });
    expect(asked(standard, "127.0.0.1", { "x-forwarded-for": "203.0.113.9" })).toMatchObject({ loopback: false, seemsLoopback: false, unnamed: true });
  });

  it("never throws, and never finds another than one of those that were told", () => {
    fc.assert(
      fc.property(fc.constantFrom(plain, standard), fc.array(fc.constantFrom("for=", "proto=https", "127.0.0.1", "10.0.0.1", "9.9.9.9", '"', ",", ";", " ", "\\", "[::1]", ":", "x"), { maxLength: 20 }), (policy, parts) => {
        const told = parts.join("");
        const asker = asked(policy, "127.0.0.1", { [policy.header]: told });
        if (asker?.remoteAddress !== undefined) expect(`${told} 127.0.0.1`).toContain(asker.remoteAddress);
        expect([asker?.loopback, asker?.seemsLoopback]).not.toContain(true);
      }),
    );
  });
});

describe("RFC 4291 section 2.2 addresses and networks", () => {
  it.each([
    ["192.0.2.1", "192.0.2.0/24", true], ["192.0.3.1", "192.0.2.0/24", false], ["::ffff:192.0.2.1", "192.0.2.1", true], ["192.0.2.1", "::ffff:192.0.2.0/120", true],
    ["2001:db8::1", "2001:db8::/32", true], ["2001:db9::1", "2001:db8::/32", false], ["1.2.3.4", "0.0.0.0/0", true], ["::1", "0.0.0.0/0", false], ["::1", "::/0", true], ["1.2.3.4", "::/0", true],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", true], ["2001:DB8:0:0::1", "2001:db8::1", true],
  ])("%s in %s: %s", (address, network, expected) => expect(isWithin(address, networkOf(network)!)).toBe(expected));

  it.each(["", "1.2.3", "1.2.3.4/33", "1.2.3.4/24", "1.2.3.4/", "1.2.3.4/8/8", "1.2.3.4/-1", "::/129", "2001:db8::1/32", ":::", "1::2::3", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "example.org", "1.2.3.04", "1.2.3.256"])(
    "takes %j for none",
    (text) => expect(networkOf(text)).toBeUndefined(),
  );

  it("reads what it writes", () => {
    fc.assert(fc.property(fc.ipV4(), (text) => (addressNumber(text)! & 0xffff_ffffn) === text.split(".").reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)));
    fc.assert(fc.property(fc.ipV6(), (text) => addressNumber(text) !== undefined && addressNumber(text) === addressNumber(text.toUpperCase())));
  });
});
