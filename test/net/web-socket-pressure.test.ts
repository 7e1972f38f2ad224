/** Back-pressure of XMPP over WebSocket: a client that does not read, one that says very much, one that says it byte by byte. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { outboxBytesHardMax } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/index.ts";
import { boundFrames } from "../support/web-socket-client.ts";
import { until } from "./support.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ http: true, session: { resumptionMs: 0 } });
  for (const name of ["alice", "bob"]) await server.addUser(name, "secret");
});
afterAll(() => server.stop());

const bound = (username: string, resource: string) => boundFrames({ port: server.httpPort, username, password: "secret", resource });

describe("A client over WebSocket that does not read", () => {
  it("is dropped when too much waits for it, while others are served", async () => {
    const [deaf, loud, third] = await Promise.all([bound("alice", "deaf"), bound("bob", "loud"), bound("bob", "third")]);
    deaf.socket.pause();
    const body = "x".repeat(200_000);
    for (let sent = 0; sent < outboxBytesHardMax * 1.5; sent += body.length) {
      loud.send(`<message xmlns='jabber:client' to='${deaf.jid}' type='headline'><body>${body}</body></message>`);
    }
    await until(() => server.session(deaf.jid) === undefined);
    third.send("<iq xmlns='jabber:client' type='get' id='alive'><ping xmlns='urn:xmpp:ping'/></iq>");
    await third.until(/id="alive"/);
  });
});

describe("A client over WebSocket that says very much at once", () => {
  it("is answered in order, all of it", async () => {
    const client = await bound("alice", "much");
    const pings = Array.from({ length: 5_000 }, (_, index) => `<iq xmlns='jabber:client' type='get' id='p${index}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    client.send(...pings);
    await client.until(/id="p4999"/);
    const answers = client.received.flatMap((text) => /^<iq [^>]*id="p(\d+)"/.exec(text)?.[1] ?? []);
    expect(answers).toEqual(pings.map((_, index) => String(index)));
  });

  it("may cut its frames where it likes", async () => {
    const client = await bound("alice", "cut");
    const text = "<iq xmlns='jabber:client' type='get' id='cut'><ping xmlns='urn:xmpp:ping'/></iq>";
    [...text].forEach((char, index) => client.socket.send(char, { fin: index === text.length - 1, binary: false }));
    await client.until(/id="cut"/);
  });
});
