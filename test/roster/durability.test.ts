/** Nobody is told of a change of a roster that could still be lost, and a step that fails changes neither side. */
import { afterEach, describe, expect, it } from "vitest";
import type { Store } from "../../src/ports.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { faultyStore, startWithUsers } from "../streams/support.ts";
import { arrange, online, pushed, rosterOf, subscription } from "../support/contacts.ts";
import { login, type BoundClient } from "../support/login.ts";
import { wrapStore } from "../support/wrapped-store.ts";
import { inWord, rosterSet } from "./asking.ts";

const servers: TestServer[] = [];
const clients: BoundClient[] = [];
afterEach(async () => {
  for (const { raw } of clients.splice(0)) raw.destroy();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serverOn(store: Store): Promise<TestServer> {
  // It may be another's after this one.
  const server = await startWithUsers({ allowPlaintext: true, parts: { store: wrapStore(store, { close: async () => {} }) } });
  servers.push(server);
  return server;
}

async function client(server: TestServer, user: string, resource = "test"): Promise<BoundClient> {
  const client = await online(server, { user, resource, over: "plaintext" });
  clients.push(client);
  return client;
}

interface SlowStore {
  readonly store: Store;
  /** From now on, nothing is written until `release`. */
  hold(): void;
  release(): void;
}

function slowStore(): SlowStore {
  const { store: inner } = faultyStore();
  let gate: Promise<void> = Promise.resolve();
  let open = (): void => {};
  return {
    store: { ...inner, appendMany: (batch) => gate.then(() => inner.appendMany(batch)) },
    hold: () => (gate = new Promise((resolve) => (open = resolve))),
    release: () => open(),
  };
}

describe("A change of a roster that is not yet on the disk", () => {
  it("is told to nobody, by answer, push or roster; once it is, to all", async () => {
    const slow = slowStore();
    const server = await serverOn(slow.store);
    const [balcony, chamber] = [await client(server, "juliet", "balcony"), await client(server, "juliet", "chamber")];
    await balcony.caughtUp();
    const lengths = (): readonly number[] => [balcony.raw.received.length, chamber.raw.received.length];
    slow.hold();
    const before = lengths();
    balcony.send(rosterSet("<item jid='nurse@example.com'/>"));
    // Somebody else is served meanwhile, so the set has been taken.
    const other = await client(server, "benvolio");
    chamber.send("<iq type='get' id='late'><query xmlns='jabber:iq:roster'/></iq>");
    for (let n = 0; n < 3; n++) await other.caughtUp();
    expect(lengths()).toEqual(before);
    slow.release();
    expect((await balcony.caughtUp()).map(inWord)).toEqual(["result s", "push nurse@example.com"]);
    expect((await chamber.caughtUp()).map(inWord)).toEqual(["push nurse@example.com", "result late"]);
    expect((await rosterOf(chamber)).items).toHaveLength(1);
  });

  it("holds back what follows from a subscription on both sides", async () => {
    const slow = slowStore();
    const server = await serverOn(slow.store);
    const [romeo, juliet] = [await client(server, "romeo"), await client(server, "juliet")];
    await arrange(romeo, juliet, "NoneOut");
    const other = await client(server, "benvolio");
    slow.hold();
    const before = [romeo, juliet].map(({ raw }) => raw.received.length);
    juliet.send(subscription("subscribed", romeo.bare));
    for (let n = 0; n < 3; n++) await other.caughtUp();
    expect([romeo, juliet].map(({ raw }) => raw.received.length)).toEqual(before);
    slow.release();
    expect((await juliet.caughtUp()).map((stanza) => pushed(stanza)?.item.subscription)).toEqual(["from"]);
    expect(await romeo.caughtUp()).toHaveLength(3);
  });
});

describe("A change of a roster that cannot be written", () => {
  /** Does something while the store fails; every client loses its stream. Returns a server that reads the same store again. */
  async function failing(prepare: (romeo: BoundClient, juliet: BoundClient) => Promise<void>, change: (romeo: BoundClient, juliet: BoundClient) => string): Promise<TestServer> {
    const faulty = faultyStore();
    const server = await serverOn(faulty.store);
    const [romeo, juliet] = [await client(server, "romeo"), await client(server, "juliet")];
    await prepare(romeo, juliet);
    const before = [romeo, juliet].map(({ raw }) => raw.received.length);
    faulty.writesFail = true;
    romeo.send(change(romeo, juliet));
    expect(String(await server.server.failed)).toContain("the disk is on fire");
    for (const [index, { raw }] of [romeo, juliet].entries()) {
      await raw.closed();
      // Not a word but the end.
      expect(raw.received.slice(before[index])).toMatch(/^<stream:error[^>]*><internal-server-error [^>]*\/>(<text [^>]*>[^<]*<\/text>)?<\/stream:error><\/stream:stream>$/);
      raw.destroy();
    }
    faulty.writesFail = false;
    const again = await startServer({ allowPlaintext: true, parts: { store: faulty.store } });
    servers.push(again);
    return again;
  }

  it("was never made: a contact that was added", async () => {
    const server = await failing(async () => {}, () => rosterSet("<item jid='nurse@example.com'/>"));
    expect((await rosterOf(await client(server, "romeo"))).items).toEqual([]);
  });

  it("was never made on either side: a contact that was removed", async () => {
    const server = await failing((romeo, juliet) => arrange(romeo, juliet, "Both"), (_, juliet) => rosterSet(`<item jid='${juliet.bare}' subscription='remove'/>`));
    for (const user of ["romeo", "juliet"]) expect((await rosterOf(await client(server, user))).items).toMatchObject([{ subscription: "both" }]);
  });

  it("was never made on either side: a subscription", async () => {
    const server = await failing((romeo, juliet) => arrange(romeo, juliet, "NoneIn"), (_, juliet) => subscription("subscribed", juliet.bare));
    const [romeo, juliet] = [await login(server, { user: "romeo", over: "plaintext" }), await client(server, "juliet")];
    clients.push(romeo);
    expect((await romeo.ask("<presence/>")).map(({ attrs }) => attrs["type"])).toEqual([undefined, "subscribe"]);
    expect((await rosterOf(juliet)).items).toEqual([{ jid: romeo.bare, subscription: "none", ask: "subscribe", groups: [] }]);
    expect((await rosterOf(romeo)).items).toEqual([]);
  });
});

describe("A contact whose account cannot be read", () => {
  it.each([
    ["removed", (jid: string) => rosterSet(`<item jid='${jid}' subscription='remove'/>`)],
    ["asked", (jid: string) => subscription("subscribe", jid)],
    ["approved", (jid: string) => subscription("subscribed", jid)],
  ])("cannot be %s: who tried loses the session, the server lives, and nothing has changed", async (_, stanza) => {
    const faulty = faultyStore();
    const first = await serverOn(faulty.store);
    const romeo = await client(first, "romeo");
    await romeo.ask(rosterSet("<item jid='juliet@localhost' name='J'/>"));
    faulty.readsFail = true;
    romeo.send(stanza("juliet@localhost"));
    await romeo.raw.expect("<internal-server-error ");
    await romeo.raw.closed();
    romeo.raw.destroy();
    faulty.readsFail = false;
    const [back, juliet] = [await client(first, "romeo"), await client(first, "juliet")];
    expect((await rosterOf(back)).items).toEqual([{ jid: "juliet@localhost", name: "J", subscription: "none", groups: [] }]);
    expect((await rosterOf(juliet)).items).toEqual([]);
    expect(await juliet.ask("<presence/>")).toHaveLength(1);
    expect((await back.ask(stanza("juliet@localhost"))).length).toBeGreaterThan(0);
  });
});
