/** What operators are told where they name an external component: it is here, and has no accounts. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Component, secret } from "../component/setting.ts";
import { Stage } from "../presence/support.ts";

let server: TestServer;
let stage: Stage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, components: [{ domain: "gw.localhost", secret }] });
  stage = new Stage(server);
});
afterAll(async () => {
  stage.clear();
  await server.stop();
});

describe("XEP-0114: a contact on a component, explained", () => {
  it("is of a component that is connected or not, and the own roster says what is known", async () => {
    const { admin } = server.server;
    const gateway = await Component.connect(server, "gw.localhost");
    const romeo = await stage.appear((await stage.cast("romeo")).romeo, "phone");
    await romeo.ask("<presence type='subscribe' to='ann@gw.localhost'/>");
    await gateway.ask(`<presence type='subscribed' from='ann@gw.localhost' to='${romeo.bare}'/><presence type='subscribe' from='ann@gw.localhost' to='${romeo.bare}'/>`);
    await romeo.ask("<presence type='subscribed' to='ann@gw.localhost'/>");
    const { directions: [sees, shows], parties } = await admin.explainPresence(romeo.bare, "ann@gw.localhost");
    expect([sees?.verdict, shows?.verdict]).toEqual(["component", "component"]);
    expect(sees?.summary).toBe(`${romeo.bare} sees of ann@gw.localhost what the component gw.localhost sends it; the roster of ${romeo.bare} says Both (XEP-0114 section 2)`);
    expect(shows?.summary).toContain(`the presence of ${romeo.bare} goes to ann@gw.localhost: the roster of ${romeo.bare} says Both; it is for the component gw.localhost, which is connected`);
    expect(sees?.resources[0]?.why.text).toBe("is told what the component gw.localhost sends it");
    expect(parties.map(({ contact }) => contact?.state ?? null)).toEqual(["Both", null]);
    expect(JSON.stringify([sees, shows])).not.toContain("another server");

    gateway.cut();
    await expect.poll(async () => (await admin.explainPresence(romeo.bare, "ann@gw.localhost")).directions[0]?.summary).toContain("; it is not connected, so nobody is there");
    await romeo.ask("<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='gw.localhost'/></block></iq>");
    expect((await admin.explainPresence("ann@gw.localhost", romeo.bare)).directions.map(({ verdict }) => verdict)).toEqual(["blocked", "blocked"]);
  });

  it("is not to be made a host of: sessions, rosters and accounts of a component are refused as what they are", async () => {
    const { admin } = server.server;
    const words = /^gw\.localhost: it is the domain of an external component.*name one of localhost$/;
    await expect(admin.sessionsEnd("bot@gw.localhost")).rejects.toThrow(words);
    await expect(admin.sessionsEnd("bot@gw.localhost/x")).rejects.toThrow(words);
    await expect(admin.roster("bot@gw.localhost")).rejects.toThrow(words);
    await expect(admin.explainPresence("bot@gw.localhost", "zeno@c.example")).rejects.toThrow(words);
    await expect(admin.userAdd("bot@gw.localhost", "secret")).rejects.toThrow(words);
    await expect(admin.sessionsEnd("bot@other.localhost")).rejects.toThrow(/not a host of this server/);
  });
});
