/** The records by which clients find a host, from a configuration. */
import { describe, expect, it } from "vitest";
import { configSchema } from "../../src/config/schema.ts";
import { recordsOf, zoneText, type RecordsOptions } from "../../src/discovery/dns-records.ts";

const ports = { c2s: 5222, c2sTls: 443, http: 5280 };
const records = (given: object, options: Partial<RecordsOptions> = {}, host = "bücher.example") => recordsOf(host, { config: configSchema.parse(given), ports, ...options });
const open = { listen: { address: "0.0.0.0", http: { publicUrl: "https://chat.example.org" } } };

describe("RFC 6120 section 3.2.1 the records of a host", () => {
  it("are ready to be pasted, with the ports that are open", () => {
    const found = records(open, { target: "xmpp.example.org", keyHash: "ab".repeat(32) });
    expect(found.warnings).toEqual([]);
    expect(zoneText(found)).toBe(`; bücher.example
_xmpps-client._tcp.xn--bcher-kva.example. 3600 IN SRV 5 0 443 xmpp.example.org. ; clients that begin with TLS (XEP-0368)
_443._tcp.xmpp.example.org.               3600 IN TLSA 3 1 1 ${"ab".repeat(32)} ; the key of the certificate, for a zone with DNSSEC; change it before the key
_xmpp-client._tcp.xn--bcher-kva.example.  3600 IN SRV 10 0 5222 xmpp.example.org. ; clients that ask for TLS (RFC 6120 section 3.2.1)
_5222._tcp.xmpp.example.org.              3600 IN TLSA 3 1 1 ${"ab".repeat(32)} ; the key of the certificate, for a zone with DNSSEC; change it before the key
_xmpps-server._tcp.xn--bcher-kva.example. 3600 IN SRV 0 0 0 . ; there are no streams between servers here
_xmpp-server._tcp.xn--bcher-kva.example.  3600 IN SRV 0 0 0 . ; there are no streams between servers here
; https://xn--bcher-kva.example/.well-known/host-meta and host-meta.json are answered here (XEP-0156): have the web server of that name pass them on. They say:
;   wss://chat.example.org/xmpp-websocket
;   https://chat.example.org/http-bind`);
  });

  it("lead to the host itself where no other name is given", () => {
    expect(records(open).records.map(({ value }) => value)).toContain("10 0 5222 xn--bcher-kva.example.");
  });

  it("are commented out where nobody from elsewhere could use them, and it is said why", () => {
    const found = records({});
    expect(zoneText(found).split("\n").filter((line) => /IN SRV (?!0 0 0)/.test(line)).every((line) => line.startsWith("; _xmpp"))).toBe(true);
    expect(found.warnings).toEqual([expect.stringMatching(/^listen\.address is 127\.0\.0\.1: .*0\.0\.0\.0/), expect.stringContaining("listen.http.publicUrl")]);
    expect(found.alternatives).toEqual([]);
  });

  it.each([
    ["a port that nobody knows", open, { ports: { ...ports, c2s: 0 } }, /^listen\.c2s\.port is 0/],
    ["no HTTP listener", { listen: { address: "::", http: { enabled: false } } }, {}, /^listen\.http\.enabled is false/],
    ["no door for browsers", { ...open, websocket: { enabled: false }, bosh: { enabled: false } }, {}, /^websocket\.enabled and bosh\.enabled/],
  ])("come with a warning of %s", (_, given, options, warning) => expect(records(given, options).warnings).toEqual([expect.stringMatching(warning)]));

  it("name no port that nobody knows", () => {
    expect(records(open, { ports: { ...ports, c2s: 0 } }).records.filter(({ name }) => name.startsWith("_xmpp-client"))).toEqual([]);
  });
});
