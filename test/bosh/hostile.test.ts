/** BOSH clients that mean harm, or whose network does (XEP-0124 section 19): memory is bounded, and nobody waits for ever. */
import { describe, expect, it, onTestFinished } from "vitest";
import { boshPollingMs, boshRepeatsMax } from "../../src/domain/limits.ts";
import type { SecureLink } from "../../src/ports.ts";
import { startServer } from "../../src/testing/index.ts";
import { BoshClient } from "./client.ts";
import { asked, begun, door, httpbind, sidIn, told } from "./door.ts";

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

describe("XEP-0124 section 14.3 requests that come again", () => {
  it("are answered so often, and one more in each polling interval; more end the session", async () => {
    const { clock, post } = door();
    const sid = sidIn(await begun(clock, post));
    const waiting = [await asked(post, `<body rid='11' sid='${sid}' ${httpbind}/>`)];
    for (let count = 0; count < boshRepeatsMax; count += 1) waiting.push(await asked(post, `<body rid='11' sid='${sid}' ${httpbind}/>`));
    clock.forward(boshPollingMs);
    // That one was told when the time had come that the session was made with.
    expect(await waiting.at(-1)!.answer).toBe(`<body ${httpbind}/>`);
    expect(await Promise.all(waiting.slice(0, -1).map(({ answer }) => answer))).toEqual(Array.from({ length: boshRepeatsMax }, () => `<body ${httpbind} type='error'/>`));
    expect(await post(`<body rid='11' sid='${sid}' ${httpbind}/>`)).toBe(`<body ${httpbind}/>`);
    expect(await post(`<body rid='11' sid='${sid}' ${httpbind}/>`)).toContain("type='terminate' condition='policy-violation'");
    expect(await post(`<body rid='12' sid='${sid}' ${httpbind}/>`)).toContain("type='terminate' condition='item-not-found'");
  });

  it("are no more in a session whose stream is over, while its client has not been told so", async () => {
    const { clock, post, links } = door();
    const sid = sidIn(await begun(clock, post));
    links[0]!.end();
    for (let count = 0; count < boshRepeatsMax; count += 1) expect(await post(`<body rid='10' sid='${sid}' ${httpbind}/>`)).toContain(` sid='${sid}'`);
    expect(await post(`<body rid='10' sid='${sid}' ${httpbind}/>`)).toBe(`<body ${httpbind} type='terminate'/>`);
  });
});

describe("XEP-0124 section 10 pauses", () => {
  it("are as many as requests that come again, whatever comes between", async () => {
    const { clock, post } = door();
    const sid = sidIn(await begun(clock, post));
    let rid = 10;
    const pause = () => post(`<body rid='${(rid += 1)}' sid='${sid}' pause='60' ${httpbind}/>`);
    for (let count = 0; count < boshRepeatsMax; count += 1) {
      expect(await pause()).toBe(`<body ${httpbind}/>`);
      await asked(post, `<body rid='${(rid += 1)}' sid='${sid}' ${httpbind}/>`);
    }
    expect(await pause()).toContain("type='terminate' condition='policy-violation'");
  });
});

describe("XEP-0124 section 12 a client that polls, and is not read for a while", () => {
  it("is held to its interval all the same: what it asks costs as much", async () => {
    const { clock, post, links } = door();
    const sid = sidIn(await begun(clock, post, "wait='0'"));
    links[0]!.attach(told([]));
    links[0]!.pause();
    const poll = async (rid: number) => {
      const { answer } = await asked(post, `<body rid='${rid}' sid='${sid}' ${httpbind}/>`);
      clock.forward(1);
      return answer;
    };
    expect(await poll(11)).toBe(`<body ${httpbind}/>`);
    expect(await poll(12)).toContain("type='terminate' condition='policy-violation'");
  });
});

describe("XEP-0124 section 13 a client that ends its session", () => {
  it("is heard to its end, also where what it says last makes the stream pause", async () => {
    const { clock, post, links } = door();
    const sid = sidIn(await begun(clock, post));
    const heard: string[] = [];
    const [link] = links;
    link!.attach({ ...told(heard), element: () => void (heard.push("element"), link!.pause()) });
    const message = "<message xmlns='jabber:client'/>";
    expect(await post(`<body rid='11' sid='${sid}' type='terminate' ${httpbind}>${message}${message}</body>`)).toBe(`<body ${httpbind} type='terminate'/>`);
    expect(heard).toEqual(["opened", "element"]);
    link!.resume();
    link!.resume();
    expect(heard).toEqual(["opened", "element", "element", "ended", "lost"]);
  });
});

describe("XEP-0124 section 13 a client that is gone", () => {
  it("is lost at once to a stream that does not listen and is given up", async () => {
    const { clock, post, links } = door();
    const sid = sidIn(await begun(clock, post));
    const heard: string[] = [];
    links[0]!.attach(told(heard));
    links[0]!.pause();
    expect(await post(`<body rid='11' sid='${sid}' type='terminate' ${httpbind}/>`)).toBe(`<body ${httpbind} type='terminate'/>`);
    expect(heard).toEqual(["opened"]);
    links[0]!.destroy();
    expect(heard).toEqual(["opened", "lost"]);
    links[0]!.resume();
    expect(heard).toEqual(["opened", "lost"]);
  });
});

describe("XEP-0124 section 14.2 a request that came before its turn", () => {
  it("is answered when the session is over, though its turn never comes", async () => {
    const { clock, post } = door();
    const sid = sidIn(await begun(clock, post));
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
