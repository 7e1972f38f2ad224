/** XEP-0198 section 4: how much is kept for a client that acknowledges nothing, and what happens beyond that. */
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { told, until } from "../presence/support.ts";
import { bindRequest } from "../support/login.ts";
import { bodies, chat, expectFailed, gone, ManagedStage, resume } from "./support.ts";

const queueStanzas = 100;
const queueBytes = 65_536;
const lines: { readonly level: number; readonly msg: string; readonly [field: string]: unknown }[] = [];
let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  const logger = pino({ level: "info" }, { write: (text: string) => void lines.push(JSON.parse(text) as (typeof lines)[number]) });
  server = await startServer({ allowPlaintext: true, limits: { queueStanzas, queueBytes }, session: { resourcesPerAccountMax: 3 }, logger });
  stage = new ManagedStage(server);
});
afterEach(() => {
  stage.clear();
  lines.length = 0;
});
afterAll(() => server.stop());

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => `${from + n}`);

describe.each([
  { what: "stanzas", pad: "", fits: queueStanzas - 10, over: 30 },
  { what: "bytes", pad: "x".repeat(8_000), fits: 6, over: 6 },
])("XEP-0198 section 4: a queue that is full of $what", ({ pad, fits, over }) => {
  const fill = (to: string, bodies: readonly string[]) => bodies.map((body) => `<message to='${to}' type='chat' id='${body}'><body>${body}</body><x xmlns='urn:pad'>${pad}</x></message>`).join("");

  it("ends a session without a link; what was in it is kept as if nobody had been there, and its contacts are told", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    await stage.relate(romeo, juliet, "Both");
    const away = await stage.resumable(juliet, "balcony", "<presence/>");
    const sender = await stage.bound(romeo);
    const watcher = await stage.appear(romeo, "watcher");
    await away.caughtUp();
    away.ack();
    await away.count();
    await away.vanish(server);
    await told(watcher);
    expect(await sender.ask(fill(away.jid, numbers(fits)))).toEqual([]);
    expect(server.session(away.jid)).toBeDefined();
    expect(await sender.ask(fill(away.jid, numbers(over, fits)))).toEqual([]);
    await gone(server, away.jid);
    expect(await told(watcher)).toEqual(["juliet/balcony unavailable"]);
    const link = await away.reconnect();
    link.send(resume(away.id, away.handled));
    expectFailed(await link.next(), "item-not-found", away.sent);
    link.raw.destroy();
    const later = await stage.bound(juliet, "later");
    later.send("<presence/>");
    expect(bodies(await later.settled())).toEqual(numbers(fits + over));
  });

  it("takes from a session with a link only its way back: it is told everything, and the operator is told why", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(juliet, "balcony", "<presence/>");
    const sender = await stage.bound(romeo);
    expect(await sender.ask(fill(client.jid, numbers(fits + over)))).toEqual([]);
    expect(bodies(await client.caughtUp())).toEqual(numbers(fits + over));
    expect(lines.filter(({ level }) => level >= 40)).toEqual([expect.objectContaining({ jid: client.jid, msg: expect.stringMatching(/resum/) })]);
    // It goes on: counting, and answering requests.
    expect(await client.count()).toBe(client.sent);
    client.ack();
    await sender.ask(chat(client.jid, "and on"));
    expect(bodies(await client.caughtUp())).toEqual(["and on"]);
    client.cut();
    await gone(server, client.jid);
    const link = await client.reconnect();
    link.send(resume(client.id, client.handled));
    expectFailed(await link.next(), "item-not-found", client.sent);
    link.raw.destroy();
  });

  it("has room again for what is acknowledged", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const client = await stage.resumable(juliet, "balcony", "<presence/>");
    const sender = await stage.bound(romeo);
    for (let round = 0; round < 4; round++) {
      await sender.ask(fill(client.jid, numbers(fits / 2)));
      expect(bodies(await client.caughtUp())).toEqual(numbers(fits / 2));
      client.ack();
      await client.count();
    }
    await client.vanish(server);
    expect(await client.resume()).toBe(client.sent);
    expect(lines.filter(({ level }) => level >= 40)).toEqual([]);
  });
});

describe("Sessions without a link, and as many resources as an account may have", () => {
  it("give way to a client that is here, the one that is away for longest first", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const sender = await stage.bound(juliet);
    const clients = [];
    for (const resource of ["first", "second", "third"]) clients.push(await stage.resumable(romeo, resource, "<presence/>"));
    const [first, second, third] = clients as [(typeof clients)[number], (typeof clients)[number], (typeof clients)[number]];
    await second.vanish(server);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await first.vanish(server);
    await sender.ask(chat(second.jid, "not lost"));
    const fourth = await stage.bound(romeo, "fourth");
    await until(() => server.session(second.jid) === undefined);
    expect(server.session(first.jid)).toBeDefined();
    // Third is the only one left with a link that is available.
    expect(bodies(await third.caughtUp()).concat(bodies(await fourth.caughtUp()))).toEqual(["not lost"]);
    await first.resume();
    const link = await fourth.reconnect();
    link.send(bindRequest("fifth"));
    expect(await link.next()).toMatchObject({ name: "iq", attrs: { type: "error" } });
    link.raw.destroy();
  });
});
