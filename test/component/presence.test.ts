/** Presence between users and addresses of a component, which are contacts as those of another server are (RFC 6121 sections 3 and 4). */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import type { BoundClient } from "../support/login.ts";
import { childOf, showXml, type Xml } from "../support/xml-reader.ts";
import { Component, secret, words } from "./setting.ts";

let server: TestServer;
let stage: Stage;
let gateway: Component;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, components: [{ domain: "gw.localhost", secret }] });
  stage = new Stage(server);
});
beforeEach(async () => (gateway = await Component.connect(server, "gw.localhost")));
afterEach(() => {
  stage.clear();
  gateway.cut();
});
afterAll(() => server.stop());

const ann = "ann@gw.localhost";
const presence = (type: string, to: string, from = ann) => `<presence type='${type}' from='${from}' to='${to}'/>`;

async function romeoAppears(): Promise<BoundClient> {
  const romeo = await stage.appear((await stage.cast("romeo")).romeo, "phone");
  await romeo.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
  return romeo;
}

async function item(romeo: BoundClient): Promise<string | undefined> {
  const answer = (await romeo.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")).find(({ name, attrs }) => name === "iq" && attrs["type"] === "result");
  const found = (childOf(answer, "query")?.children ?? [])[0] as Xml | undefined;
  return found === undefined ? undefined : `${found.attrs["jid"]} ${found.attrs["subscription"]}${found.attrs["ask"] === undefined ? "" : " asked"}`;
}

/** Both see each other; what that has told them is gone. */
async function befriended(jid = ann): Promise<BoundClient> {
  const romeo = await romeoAppears();
  await romeo.ask(`<presence type='subscribe' to='${jid}'/>`);
  await gateway.ask(presence("subscribed", romeo.bare, jid) + presence("subscribe", romeo.bare, jid));
  await romeo.ask(`<presence type='subscribed' to='${jid}'/>`);
  expect(await item(romeo)).toBe(`${jid} both`);
  await Promise.all([gateway.caughtUp(), romeo.caughtUp()]);
  return romeo;
}

describe("RFC 6121 section 3.1: a user subscribes to an address of a component", () => {
  it("is asked, approves, and is seen; presence that comes with it reaches the user", async () => {
    const romeo = await romeoAppears();
    await romeo.ask(`<presence type='subscribe' to='${ann}/x' id='s'><status>hi</status></presence>`);
    expect(await item(romeo)).toBe(`${ann} none asked`);
    const [asked, ...more] = await gateway.caughtUp();
    expect([words(asked!), asked?.attrs["id"], more]).toEqual([`presence subscribe romeo@localhost → ${ann}`, "s", []]);
    expect(showXml(asked!)).toContain("hi");
    await gateway.ask(presence("subscribed", romeo.bare) + `<presence from='${ann}/x' to='${romeo.bare}'/>`);
    expect((await romeo.caughtUp()).filter(({ name }) => name === "presence").map(words)).toEqual([
      `presence subscribed ${ann} → romeo@localhost`, `presence ${ann}/x → romeo@localhost`,
    ]);
    expect(await item(romeo)).toBe(`${ann} to`);
  });

  it("is refused, or taken back later", async () => {
    const romeo = await romeoAppears();
    await romeo.ask(`<presence type='subscribe' to='${ann}'/>`);
    await gateway.ask(presence("unsubscribed", romeo.bare));
    expect((await romeo.caughtUp()).filter(({ name }) => name === "presence").map(words)).toEqual([`presence unsubscribed ${ann} → romeo@localhost`]);
    expect(await item(romeo)).toBe(`${ann} none`);
    // A late approval of what nobody asks for any more.
    await gateway.ask(presence("subscribed", romeo.bare));
    expect(await romeo.caughtUp()).toEqual([]);
    expect(await item(romeo)).toBe(`${ann} none`);
  });

  it("may be the domain itself, as gateways are registered with", async () => {
    const romeo = await befriended("gw.localhost");
    await romeo.ask("<presence><show>away</show></presence>");
    expect((await gateway.caughtUp()).map(words)).toEqual(["presence romeo@localhost/phone → gw.localhost"]);
  });

  it("is asked again when the user comes online and has no answer yet (section 3.1.2)", async () => {
    const romeo = await romeoAppears();
    await romeo.ask(`<presence type='subscribe' to='${ann}'/>`);
    await gateway.caughtUp();
    await stage.appear(romeo.bare, "desk");
    expect((await gateway.caughtUp()).map(words)).toEqual([`presence subscribe romeo@localhost → ${ann}`]);
  });
});

describe("RFC 6121 section 3.1.3: an address of a component subscribes to a user", () => {
  it("is shown to the user, and once it is approved sees each resource come and go", async () => {
    const romeo = await romeoAppears();
    expect(await gateway.ask(presence("subscribe", romeo.bare, `${ann}/x`))).toEqual([]);
    expect((await romeo.caughtUp()).map(words)).toEqual([`presence subscribe ${ann} → romeo@localhost`]);
    await romeo.ask(`<presence type='subscribed' to='${ann}'/>`);
    expect((await gateway.caughtUp()).map(words)).toEqual([`presence subscribed romeo@localhost → ${ann}`, `presence romeo@localhost/phone → ${ann}`]);
    await romeo.ask("<presence><status>new</status></presence>");
    expect((await gateway.caughtUp()).map((stanza) => showXml(stanza)).join("")).toContain("new");
    await stage.kill(romeo);
    expect((await gateway.caughtUp()).map(words)).toEqual([`presence unavailable romeo@localhost/phone → ${ann}`]);
  });

  it("waits for a user who is not there, once", async () => {
    const { romeo } = await stage.cast("romeo");
    await gateway.ask(presence("subscribe", romeo) + presence("subscribe", romeo));
    const phone = await stage.enter(romeo, "phone", "<presence/>");
    expect((await phone.caughtUp()).map(words)).toEqual(["presence romeo@localhost/phone → romeo@localhost", `presence subscribe ${ann} → romeo@localhost`]);
  });

  it("is answered at once where it has been approved, and told what there is to see", async () => {
    const romeo = await befriended();
    expect((await gateway.ask(presence("subscribe", romeo.bare))).map(words)).toEqual([`presence subscribed romeo@localhost → ${ann}`, `presence romeo@localhost/phone → ${ann}`]);
    expect(await romeo.caughtUp()).toEqual([]);
  });

  it("learns nothing of an account that does not exist, nor of one that has blocked it", async () => {
    const romeo = await romeoAppears();
    await romeo.ask(`<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='${ann}'/></block></iq>`);
    expect(await gateway.ask(presence("subscribe", romeo.bare) + presence("subscribe", "nobody@localhost"))).toEqual([]);
    expect(await romeo.caughtUp()).toEqual([]);
  });

  it("is refused where it is too long to be kept", async () => {
    const romeo = await romeoAppears();
    const long = `<presence type='subscribe' from='${ann}' to='${romeo.bare}'><status>${"x".repeat(4_000)}</status></presence>`;
    expect((await gateway.ask(long)).map(words)).toEqual([`presence error romeo@localhost → ${ann}: policy-violation`]);
  });
});

describe("RFC 6121 section 2.5.2 and 3.2: the end of it", () => {
  it("is told to the component where the user removes the contact", async () => {
    const romeo = await befriended();
    await romeo.ask(`<iq type='set' id='d'><query xmlns='jabber:iq:roster'><item jid='${ann}' subscription='remove'/></query></iq>`);
    expect((await gateway.caughtUp()).map(words)).toEqual([
      `presence unavailable romeo@localhost/phone → ${ann}`, `presence unsubscribe romeo@localhost → ${ann}`, `presence unsubscribed romeo@localhost → ${ann}`,
    ]);
  });

  it("is told where the user takes back what was shown, or the component does not want to see any more", async () => {
    const romeo = await befriended();
    await romeo.ask(`<presence type='unsubscribed' to='${ann}'/>`);
    expect((await gateway.caughtUp()).map(words)).toEqual([`presence unavailable romeo@localhost/phone → ${ann}`, `presence unsubscribed romeo@localhost → ${ann}`]);
    const juliet = await befriended("bob@gw.localhost");
    expect((await gateway.ask(presence("unsubscribe", juliet.bare, "bob@gw.localhost"))).map(words)).toEqual([
      "presence unavailable romeo@localhost/phone → bob@gw.localhost", "presence unsubscribed romeo@localhost → bob@gw.localhost",
    ]);
    expect(await item(juliet)).toBe("bob@gw.localhost to");
  });

  it("is told where the account is deleted", async () => {
    const romeo = await befriended();
    await server.server.admin.userDelete(romeo.bare);
    expect((await gateway.caughtUp()).map(words)).toEqual(expect.arrayContaining([`presence unsubscribe romeo@localhost → ${ann}`, `presence unsubscribed romeo@localhost → ${ann}`]));
  });

  it("is what a wall looks like, and its end a return (XEP-0191 section 3.3)", async () => {
    const romeo = await befriended();
    await romeo.ask(`<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='${ann}'/></block></iq>`);
    expect((await gateway.caughtUp()).map(words)).toEqual([`presence unavailable romeo@localhost/phone → ${ann}`]);
    await romeo.ask("<presence><show>dnd</show></presence>");
    expect(await gateway.caughtUp()).toEqual([]);
    await romeo.ask("<iq type='set' id='b'><unblock xmlns='urn:xmpp:blocking'/></iq>");
    expect((await gateway.caughtUp()).map((stanza) => showXml(stanza)).join("")).toContain("dnd");
  });
});

describe("RFC 6121 section 4.3: probes", () => {
  it("are sent to a contact at a component when the user comes online", async () => {
    const romeo = await befriended();
    await romeo.close();
    await gateway.caughtUp();
    await stage.appear(romeo.bare, "desk");
    expect((await gateway.caughtUp()).map(words)).toEqual([`presence romeo@localhost/desk → ${ann}`, `presence probe romeo@localhost → ${ann}`]);
  });

  it("of a component are answered with what its address may see, with unsubscribed where it may not, and not where it waits", async () => {
    const romeo = await befriended();
    const probe = (to: string, from = ann) => presence("probe", to, from);
    expect((await gateway.ask(probe(romeo.bare))).map(words)).toEqual([`presence romeo@localhost/phone → ${ann}`]);
    expect((await gateway.ask(probe(romeo.jid) + probe(`${romeo.bare}/none`))).map(words)).toEqual([
      `presence romeo@localhost/phone → ${ann}`, `presence unavailable romeo@localhost/none → ${ann}`,
    ]);
    expect((await gateway.ask(probe(romeo.bare, "bob@gw.localhost") + probe("nobody@localhost"))).map(words)).toEqual([
      "presence unsubscribed romeo@localhost → bob@gw.localhost", `presence unsubscribed nobody@localhost → ${ann}`,
    ]);
    await gateway.ask(presence("subscribe", romeo.bare, "bob@gw.localhost"));
    expect(await gateway.ask(probe(romeo.bare, "bob@gw.localhost"))).toEqual([]);
    await romeo.close();
    await gateway.caughtUp();
    const [last] = await gateway.ask(probe(romeo.bare));
    expect([words(last!), childOf(last, "delay") === undefined]).toEqual([`presence unavailable romeo@localhost → ${ann}`, false]);
  });
});

describe("RFC 6121 section 4.6: directed presence", () => {
  it("to an address of a component, or to its domain, is followed by the end of the session", async () => {
    const romeo = await romeoAppears();
    await romeo.ask(`<presence to='gw.localhost'/><presence to='${ann}/x'/>`);
    await gateway.caughtUp();
    await stage.kill(romeo);
    expect((await gateway.caughtUp()).map(words)).toEqual([`presence unavailable romeo@localhost/phone → gw.localhost`, `presence unavailable romeo@localhost/phone → ${ann}/x`]);
  });

  it("is over where the component says so", async () => {
    const romeo = await romeoAppears();
    await romeo.ask(`<presence to='${ann}/x'/>`);
    await gateway.ask(`<presence type='unavailable' from='${ann}/x' to='${romeo.jid}'/>`);
    await gateway.caughtUp();
    await stage.kill(romeo);
    expect(await gateway.caughtUp()).toEqual([]);
  });
});

describe("A component that goes", () => {
  it("takes its addresses along: whoever has seen them is told that they are unavailable", async () => {
    const [romeo, juliet] = [await befriended(), await romeoAppears()];
    await gateway.ask(`<presence from='${ann}/x' to='${romeo.bare}'/><presence from='${ann}/y' to='${romeo.jid}'/><presence from='bob@gw.localhost' to='${juliet.bare}'/>`);
    await gateway.ask(`<presence from='${ann}/z' to='${romeo.bare}'/><presence type='unavailable' from='${ann}/z' to='${romeo.bare}'/>`);
    await Promise.all([romeo.caughtUp(), juliet.caughtUp()]);
    gateway.cut();
    expect([words(await romeo.next()), words(await romeo.next())].toSorted()).toEqual([
      `presence unavailable ${ann}/x → romeo@localhost`, `presence unavailable ${ann}/y → romeo@localhost/phone`,
    ]);
    expect(words(await juliet.next())).toBe("presence unavailable bob@gw.localhost → romeo@localhost");
    expect([await romeo.caughtUp(), await juliet.caughtUp()]).toEqual([[], []]);
  });

  it("and comes back in the same moment is seen as gone and come again, in this order", async () => {
    const romeo = await befriended();
    await gateway.ask(`<presence from='${ann}/x' to='${romeo.bare}'/>`);
    await romeo.caughtUp();
    gateway = await Component.connect(server, "gw.localhost");
    await gateway.ask(`<presence from='${ann}/x' to='${romeo.bare}'/>`);
    expect((await romeo.caughtUp()).map(words)).toEqual([`presence unavailable ${ann}/x → romeo@localhost`, `presence ${ann}/x → romeo@localhost`]);
  });

  it("is told by nobody that a user is there: it asks, and is answered", async () => {
    const romeo = await befriended();
    gateway = await Component.connect(server, "gw.localhost");
    expect(await gateway.caughtUp()).toEqual([]);
    expect((await gateway.ask(presence("probe", romeo.bare))).map(words)).toEqual([`presence romeo@localhost/phone → ${ann}`]);
  });

  it("is no trouble with a thousand addresses, each of which is seen", async () => {
    const romeo = await romeoAppears();
    const all = Array.from({ length: 1_000 }, (_, index) => `<presence from='u${index}@gw.localhost' to='${romeo.bare}'/>`);
    await gateway.ask(all.join(""));
    await romeo.caughtUp();
    gateway.cut();
    const gone = new Set<string>();
    while (gone.size < 1_000) gone.add((await romeo.next()).attrs["from"] ?? "");
    expect(await romeo.caughtUp()).toEqual([]);
  });
});
