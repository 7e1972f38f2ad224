import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endContactsOffline } from "../../src/cli/end-contacts-offline.ts";
import { loadAccount } from "../../src/log/load-account.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { arrange, befriend, contactOf, online, rosterOf, subscription } from "../support/contacts.ts";
import { showXml } from "../support/xml-reader.ts";

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

  it("is no trouble where there is no such account", async () => {
    await expect(server.server.admin.userDelete("nobody@localhost")).rejects.toThrow("there is no such account");
  });
});
