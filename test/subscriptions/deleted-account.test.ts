import { wrapStore } from "../support/wrapped-store.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endContactsOffline } from "../../src/cli/end-contacts-offline.ts";
import { loadAccount } from "../../src/log/load-account.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { arrange, befriend, contactOf, online, rosterOf, subscription } from "../support/contacts.ts";
import { login } from "../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const add = (...names: readonly string[]) => Promise.all(names.map((name) => server.addUser(name, "secret")));

describe("An account that is deleted leaves no subscription behind", () => {
  it("tells each contact that it is gone and that nothing will come, and the next of its name inherits nothing", async () => {
    await add("romeo", "juliet");
    const juliet = await online(server, { user: "juliet", resource: "balcony" });
    const romeo = await online(server, { user: "romeo", resource: "orchard" });
    await arrange(juliet, romeo, "Both");
    await server.server.admin.userDelete("romeo@localhost");
    await romeo.raw.closed();
    const told = (await juliet.caughtUp()).filter(({ name }) => name === "presence").map(({ attrs }) => `${attrs["from"]} ${attrs["type"]}`);
    expect(told).toEqual(["romeo@localhost/orchard unavailable", "romeo@localhost unsubscribe", "romeo@localhost unsubscribed"]);
    expect(await contactOf(juliet, "romeo@localhost")).toMatchObject({ subscription: "none" });

    await add("romeo");
    const other = await online(server, { user: "romeo" });
    expect((await rosterOf(other)).items).toEqual([]);
    expect((await juliet.caughtUp()).map((element) => showXml(element))).toEqual([]);
    await Promise.all([juliet.close(), other.close()]);
  });

  it("takes its requests back, and refuses those that waited for its answer", async () => {
    await add("asker", "asked", "waiting");
    const [asked, waiting] = [await online(server, { user: "asked" }), await online(server, { user: "waiting" })];
    const asker = await online(server, { user: "asker" });
    await asker.ask(subscription("subscribe", "asked@localhost"));
    await waiting.ask(subscription("subscribe", "asker@localhost"));
    await server.server.admin.userDelete("asker@localhost");
    await asker.raw.closed();
    expect(await contactOf(waiting, "asker@localhost")).toEqual({ jid: "asker@localhost", subscription: "none", groups: [] });
    const again = await online(server, { user: "asked", resource: "again" });
    expect((await again.ask("<presence type='unavailable'/><presence/>")).filter(({ attrs }) => attrs["type"] === "subscribe")).toEqual([]);
    await Promise.all([asked.close(), waiting.close(), again.close()]);
  });

  it("does the same while no server runs", async () => {
    await add("mercutio", "tybalt");
    await befriend(server, "mercutio", "tybalt");
    await endContactsOffline(server.store, ["localhost"], "localhost", "mercutio");
    const tybalt = await loadAccount(server.store, "localhost", "tybalt");
    expect(tybalt?.contacts.get("mercutio@localhost")).toMatchObject({ subscription: "none", ask: false });
    expect((await loadAccount(server.store, "localhost", "mercutio"))?.contacts.size).toBe(0);
  });

  it("leaves nothing to the next of its name either that was on its way while it was deleted", async () => {
    // The store has written the end of the account, and the server does not know it yet.
    const inner = createMemoryStore(projections);
    let ended: (() => void) | undefined;
    let goOn: () => void = () => {};
    const store = wrapStore(inner, {
      append: async (stream, version, facts) => {
        const appended = await inner.append(stream, version, facts);
        // What came late is forgotten by another such fact.
        if (ended !== undefined && facts.some(({ type }) => type === "AccountDeleted")) {
          const tell = ended;
          ended = undefined;
          await new Promise<void>((resolve) => {
            goOn = resolve;
            tell();
          });
        }
        return appended;
      },
    });
    const other = await startServer({ parts: { store } });
    for (const name of ["giver", "taker"]) await other.addUser(name, "secret");
    const giver = await login(other, { user: "giver" });
    const late = new Promise<void>((resolve) => (ended = resolve));
    const deleted = other.server.admin.userDelete("taker@localhost");
    await late;
    expect(await giver.ask("<message to='taker@localhost' type='chat'><body>for the former taker</body></message>")).toEqual([]);
    await giver.ask("<presence type='subscribe' to='taker@localhost'/>");
    goOn();
    await deleted;
    await other.addUser("taker", "secret");
    await giver.ask("<message to='taker@localhost' type='chat'><body>for the new taker</body></message>");
    const taker = await login(other, { user: "taker" });
    const told: Xml[] = [];
    while (!told.some(({ name }) => name === "message")) told.push(...(await taker.ask("<presence/>")));
    expect(told.filter(({ name }) => name === "message").map((message) => textOf(childOf(message, "body")))).toEqual(["for the new taker"]);
    expect(told.filter(({ attrs }) => attrs["type"] === "subscribe")).toEqual([]);
    await Promise.all([giver.close(), taker.close()]);
    await other.stop();
  });

  it("is no trouble where there is no such account", async () => {
    await expect(server.server.admin.userDelete("nobody@localhost")).rejects.toThrow("there is no such account");
  });
});
