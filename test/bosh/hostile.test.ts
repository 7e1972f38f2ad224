/** BOSH clients that mean harm, or whose network does (XEP-0124 section 19): memory is bounded, and nobody waits for ever. */
import { describe, expect, it, onTestFinished } from "vitest";
import { createBosh, type Bosh } from "../../src/bosh/sessions.ts";
import { xmlLimitsUnauthenticated } from "../../src/domain/limits.ts";
import type { HttpRequest } from "../../src/net/http-route.ts";
import type { SecureLink } from "../../src/ports.ts";
import { startServer } from "../../src/testing/index.ts";
import type { Link } from "../../src/xml/link.ts";
import { HandClock } from "../management/clock.ts";
import { BoshClient } from "./client.ts";

const httpbind = "xmlns='http://jabber.org/protocol/httpbind'";

describe("XEP-0124 section 10 a client that is not read for a while", () => {
  it("is not kept in memory without end, however fast it announces pauses", async () => {
    const server = await startServer({ http: true, limits: { bytesPerSecond: 20_000 } });
    onTestFinished(() => server.stop());
    await server.addUser("alice", "secret");
    const alice = new BoshClient({ port: server.httpPort });
    const jid = await alice.bound("alice");
    const large = `<message xmlns='jabber:client' to='${jid}' type='error'><body>${"x".repeat(200_000)}</body></message>`;
    let [taken, answer] = [0, ""];
    while (!answer.includes("type='terminate'") && taken < 20) {
      answer = await alice.next(large, "pause='1'");
      taken += 1;
    }
    // The pause that was too much had its answer before: the session is over with it.
    expect(answer).toContain("type='terminate' condition='item-not-found'");
    expect(taken).toBeLessThan(10);
  });
});

describe("XEP-0124 section 14.2 a request that came before its turn", () => {
  it("is answered when the session is over, though its turn never comes", async () => {
    const { clock, post } = door();
    const sid = / sid='([^']+)'/.exec(await begun(clock, post))?.[1];
    const early = post(`<body rid='12' sid='${sid}' ${httpbind}/>`);
    await new Promise((resolve) => setImmediate(resolve));
    clock.forward(60_000);
    expect(await early).toContain("type='terminate' condition='item-not-found'");
  });
});

describe("RFC 9266 section 3 TLS of one connection", () => {
  it("is nothing that a session could be bound to, whose requests come by many", async () => {
    const tls: SecureLink = { protocol: "TLSv1.3", serverName: undefined, tlsExporter: new Uint8Array(32), tlsServerEndPoint: new Uint8Array(32) };
    const { clock, post, links } = door(tls);
    await begun(clock, post);
    expect(links[0]?.secure).toEqual({ ...tls, tlsExporter: undefined });
  });
});

async function begun(clock: HandClock, post: (body: string) => Promise<string>): Promise<string> {
  const answer = post(`<body rid='10' wait='1' to='localhost' ${httpbind}/>`);
  await new Promise((resolve) => setImmediate(resolve));
  clock.forward(2_000);
  return answer;
}

function door(tls: SecureLink | null = null): { readonly clock: HandClock; readonly links: readonly Link[]; readonly post: (body: string) => Promise<string>; readonly bosh: Bosh } {
  const clock = new HandClock();
  const links: Link[] = [];
  let ids = 0;
  const bosh = createBosh({
    isLetIn: () => true, limits: xmlLimitsUnauthenticated, stanzaBytesMax: 10_000, perAddressMax: 10, clock, ids: { next: () => `id${(ids += 1)}` }, refused() {},
    receive: (link) => links.push(link),
    report: (error) => {
      throw error;
    },
  });
  const post = async (text: string): Promise<string> => {
    const request: Partial<HttpRequest> = {
      remoteAddress: "127.0.0.1", loopback: true, secure: tls !== null, tls, header: () => undefined, body: async () => new TextEncoder().encode(text),
    };
    const { body } = await bosh.route.methods!.POST!(request as HttpRequest);
    return String(body);
  };
  return { clock, links, post, bosh };
}
