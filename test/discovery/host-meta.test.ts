/** What browsers are told of how a host is reached, by a server that listens. */
import { request } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { configSchema } from "../../src/config/schema.ts";
import { alternativesOf } from "../../src/discovery/alternatives.ts";
import { startServer, type TestServerOptions } from "../../src/testing/start-server.ts";

const publicUrl = "https://xmpp.example.org";

async function ask(options: TestServerOptions, path: string, { host = "example.org", method = "GET" }: { readonly host?: string; readonly method?: string } = {}) {
  const server = await startServer({ http: true, domains: ["example.org", "bücher.example"], ...options });
  onTestFinished(() => server.stop());
  return new Promise<{ readonly status: number | undefined; readonly type: string | undefined; readonly origin: string | undefined; readonly text: string }>((resolve, reject) => {
    request({ port: server.httpPort, host: "127.0.0.1", path, method, headers: { host }, agent: false }, (response) => {
      let text = "";
      const { "content-type": type, "access-control-allow-origin": origin } = response.headers;
      response.on("data", (bytes: Buffer) => (text += String(bytes))).on("end", () => resolve({ status: response.statusCode, type, origin, text }));
    }).on("error", reject).end();
  });
}

describe("XEP-0156 section 2.2 host-meta", () => {
  it("is an XRD with the ways that are open, readable by pages from everywhere", async () => {
    const { status, type, origin, text } = await ask({ proxy: { publicUrl } }, "/.well-known/host-meta");
    expect([status, type, origin]).toEqual([200, "application/xrd+xml; charset=utf-8", "*"]);
    expect(text).toBe(`<?xml version="1.0" encoding="utf-8"?>
<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">
  <Link rel="urn:xmpp:alt-connections:websocket" href="wss://xmpp.example.org/xmpp-websocket"/>
  <Link rel="urn:xmpp:alt-connections:xbosh" href="https://xmpp.example.org/http-bind"/>
</XRD>
`);
  });

  it("says the same as JSON", async () => {
    const { status, type, text } = await ask({ proxy: { publicUrl } }, "/.well-known/host-meta.json", { host: "xn--bcher-kva.example:443" });
    expect([status, type]).toEqual([200, "application/json"]);
    expect(JSON.parse(text)).toEqual({
      links: [
        { rel: "urn:xmpp:alt-connections:websocket", href: "wss://xmpp.example.org/xmpp-websocket" },
        { rel: "urn:xmpp:alt-connections:xbosh", href: "https://xmpp.example.org/http-bind" },
      ],
    });
  });

  it.each(["XMPP.example.org", "127.0.0.1:5280", "[::1]:80", "localhost", "example.org."])("takes a name of the place for the first host: %s", async (host) => {
    expect((await ask({ proxy: { publicUrl } }, "/.well-known/host-meta", { host })).status).toBe(200);
  });

  it.each(["elsewhere.example", "a.example.org", "not a name:x"])("is not there for a host that is not served: %s", async (host) => {
    const { status, origin } = await ask({ proxy: { publicUrl } }, "/.well-known/host-meta", { host });
    expect([status, origin]).toEqual([404, "*"]);
  });

  it("names no address without TLS, however local", async () => {
    const { status, text } = await ask({}, "/.well-known/host-meta");
    expect([status, text]).toEqual([404, expect.stringContaining("set listen.http.publicUrl")]);
  });

  it("answers the question of a page whether it may ask", async () => {
    expect(await ask({ proxy: { publicUrl } }, "/.well-known/host-meta.json", { method: "OPTIONS" })).toMatchObject({ status: 204, origin: "*" });
  });
});

describe("XEP-0156 section 2.1 the ways that are told", () => {
  const hrefs = (given: object, place?: { readonly address: string; readonly port: number }) => alternativesOf(configSchema.parse(given), "bücher.example", place).map(({ href }) => href);
  const open = { address: "0.0.0.0", http: { address: "0.0.0.0", tls: true } };

  it.each([
    ["by the listener's own TLS, at the port that it has", { listen: open }, ["wss://xn--bcher-kva.example:5443/xmpp-websocket", "https://xn--bcher-kva.example:5443/http-bind"]],
    ["without WebSocket where that is off", { listen: open, websocket: { enabled: false } }, ["https://xn--bcher-kva.example:5443/http-bind"]],
    ["without BOSH where that is off", { listen: open, bosh: { enabled: false } }, ["wss://xn--bcher-kva.example:5443/xmpp-websocket"]],
    ["below a path of the proxy", { listen: { http: { publicUrl: "https://example.org/chat" } } }, ["wss://example.org/chat/xmpp-websocket", "https://example.org/chat/http-bind"]],
    ["not at all where others do not reach the listener", { listen: { address: "0.0.0.0" } }, []],
    ["not at all in the clear", { listen: { address: "0.0.0.0", http: { address: "0.0.0.0" } } }, []],
    ["not at all without a listener", { listen: { http: { enabled: false, publicUrl } } }, []],
  ])("are those %s", (_, given, expected) => expect(hrefs(given, { address: "0.0.0.0", port: 5443 })).toEqual(expected));

  it("have no port where it is that of https", () => {
    expect(hrefs({ listen: open }, { address: "0.0.0.0", port: 443 })).toEqual(["wss://xn--bcher-kva.example/xmpp-websocket", "https://xn--bcher-kva.example/http-bind"]);
  });
});
