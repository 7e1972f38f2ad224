/** Message carbons over real sockets: who is given a copy of what, and of what nobody is. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { carbonIdCharsMax, carbonsRememberedMax } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { chat, ManagedStage } from "../management/support.ts";
import { conditionOf, Stage } from "../presence/support.ts";
import { authenticate, type BoundClient } from "../support/login.ts";
import { childOf, readXml, showXml, type Xml } from "../support/xml-reader.ts";
import { carbons, copied, copyInWords, disable, enable, enabled, got, hints, occupants } from "./xep-0280-setting.ts";

let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  stage = new ManagedStage(server);
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

/** Romeo has an orchard and a phone, Juliet a balcony and a mobile; all are available, the phone and the mobile have carbons. */
async function pairs(on: Stage = stage) {
  const { romeo, juliet } = await on.cast("romeo", "juliet");
  const [orchard, phone, balcony, mobile] = await Promise.all([
    on.appear(romeo, "orchard"), on.appear(romeo, "phone"), on.appear(juliet, "balcony"), on.appear(juliet, "mobile"),
  ]);
  for (const client of [phone, mobile]) await enabled(client);
  await got(orchard, phone, balcony, mobile);
  return { romeo, juliet, orchard, phone, balcony, mobile };
}

const message = (to: string, children: string, attributes = "type='chat'") => `<message to='${to}' ${attributes}>${children}</message>`;

describe("XEP-0280 sections 4 and 5 enabling and disabling", () => {
  it("is a matter of each session, and off at first", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const [orchard, phone, tablet, balcony] = await Promise.all([
      stage.appear(romeo, "orchard"), stage.appear(romeo, "phone"), stage.appear(romeo, "tablet"), stage.appear(juliet, "balcony"),
    ]);
    await enabled(phone);
    balcony.send(chat(orchard.jid, "one"));
    expect(await got(balcony, orchard, phone, tablet)).toEqual([[], ["one"], ["received one"], []]);
    await enabled(phone, disable);
    balcony.send(chat(orchard.jid, "two"));
    expect(await got(balcony, orchard, phone, tablet)).toEqual([[], ["two"], [], []]);
  });

  it("is no error when it is so already (section 10.1)", async () => {
    const { romeo } = await stage.cast("romeo");
    const orchard = await stage.appear(romeo, "orchard");
    for (const request of [disable, enable, enable, disable, disable, enable]) await enabled(orchard, request);
  });

  it("is announced to who asks what the server can do", async () => {
    const { romeo } = await stage.cast("romeo");
    const orchard = await stage.appear(romeo, "orchard");
    const [info] = await orchard.ask("<iq type='get' id='i' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    const features = childOf(info, "query")!.children.map((child) => (child as Xml).attrs["var"]);
    expect(features).toContain(carbons);
    // Section 6.2: it would be a promise of all that section 6.1 recommends.
    expect(features).not.toContain("urn:xmpp:carbons:rules:0");
  });

  it.each(["enable", "disable"])("cannot be asked for others, who exist or not, nor before there is a resource: %s", async (name) => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const orchard = await stage.appear(romeo, "orchard");
    for (const to of [juliet, "nobody@localhost"]) {
      const [answer] = await orchard.ask(`<iq type='set' id='1' to='${to}'><${name} xmlns='${carbons}'/></iq>`);
      expect([answer?.attrs["type"], conditionOf(answer)], to).toEqual(["error", "not-allowed"]);
    }
    const client = await authenticate(server, { user: romeo.replace("@localhost", ""), over: "plaintext" });
    client.send(`<iq type='set' id='early'><${name} xmlns='${carbons}'/></iq>`);
    expect(await client.expect(/<iq [^>]*id="early".*<\/iq>/)).toContain("<unexpected-request ");
    client.destroy();
  });

  it("lasts as long as its session, over resumptions and the end of the server", async () => {
    const mortal = await startServer({ allowPlaintext: true });
    const scene = new ManagedStage(mortal);
    try {
      const { romeo } = await scene.cast("romeo");
      const phone = await scene.resumable(romeo, "phone", "<presence/>");
      await enabled(phone);
      for (const kill of [undefined, false, true]) {
        if (kill === undefined) await phone.vanish(mortal);
        else await mortal.restart({ kill });
        await phone.resume();
        const orchard = await scene.appear(romeo, "orchard");
        orchard.send(chat(orchard.jid, `to itself, ${kill}`));
        expect(await got(orchard, phone)).toEqual([[`to itself, ${kill}`], [`sent to itself, ${kill}`]]);
        await orchard.close();
        await got(phone);
        phone.ack();
      }
    } finally {
      scene.clear();
      await mortal.stop();
    }
  });
});

describe("XEP-0280 section 7 what is received", () => {
  it("is copied as it was delivered, from the account, to the resource that gets the copy", async () => {
    const { juliet, orchard, balcony, mobile } = await pairs();
    orchard.send(`<message to='${balcony.jid}' type='chat' id='m1' xml:lang='it'><body>&lt;Hist!&gt;</body><thread>t</thread><x xmlns='urn:x'/></message>`);
    await orchard.caughtUp();
    const [original] = await balcony.caughtUp();
    const [copy, ...more] = await mobile.caughtUp();
    expect(more).toEqual([]);
    expect(showXml(copy!)).toBe(showXml(readXml(
      `<message from='${juliet}' to='${mobile.jid}' type='chat'><received xmlns='${carbons}'><forwarded xmlns='urn:xmpp:forward:0'>` +
      `${showXml(original!).replace("<message", "<message xmlns='jabber:client'")}</forwarded></received></message>`,
    )));
  });

  it("goes to those that are not given the message itself, whatever their presence and priority", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const orchard = await stage.appear(romeo, "orchard");
    const [high, also, low, below, silent] = await Promise.all([
      ...[["high", 5], ["also", 5], ["low", 1], ["below", -1]].map(([resource, priority]) =>
        stage.enter(juliet, `${resource}`, `<presence><priority>${priority}</priority></presence>`)),
      stage.enter(juliet, "silent"),
    ]) as [BoundClient, BoundClient, BoundClient, BoundClient, BoundClient];
    const all = [high, also, low, below, silent];
    for (const client of all) await enabled(client);
    await got(...all);
    orchard.send(chat(juliet, "to all"));
    expect(await got(orchard, ...all)).toEqual([[], ["to all"], ["to all"], ["received to all"], ["received to all"], ["received to all"]]);
    orchard.send(chat(low.jid, "to one"));
    expect(await got(orchard, ...all)).toEqual([[], ...[high, also].map(() => ["received to one"]), ["to one"], ["received to one"], ["received to one"]]);
    // RFC 6121 section 8.5.3.2.1: as to the bare JID.
    orchard.send(chat(`${juliet}/gone`, "to nobody"));
    expect(await got(orchard, ...all)).toEqual([[], ["to nobody"], ["to nobody"], ...[low, below, silent].map(() => ["received to nobody"])]);
  });

  it("waits in the queue of who has lost its link, and is nobody's loss at its end", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const [orchard, balcony] = await Promise.all([stage.appear(romeo, "orchard"), stage.appear(juliet, "balcony")]);
    const mobile = await stage.resumable(juliet, "mobile", "<presence><priority>-1</priority></presence>");
    await enabled(mobile);
    await mobile.vanish(server);
    await got(balcony);
    orchard.send(chat(balcony.jid, "one"));
    expect(await got(orchard, balcony)).toEqual([[], ["one"]]);
    await mobile.resume();
    expect(await got(mobile)).toEqual([["received one"]]);
    await mobile.vanish(server);
    orchard.send(chat(balcony.jid, "two"));
    expect(await got(orchard, balcony)).toEqual([[], ["two"]]);
    server.session(mobile.jid)!.close();
    const later = await stage.appear(juliet, "later");
    expect(await got(balcony, later)).toEqual([[], []]);
  });

  it("comes not from whom the user has blocked", async () => {
    const { romeo, juliet, orchard, phone, balcony, mobile } = await pairs();
    await balcony.ask(`<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='${romeo}'/></block></iq>`);
    for (const to of [juliet, balcony.jid]) {
      expect(await orchard.ask(chat(to, "hear me"))).toMatchObject([{ attrs: { type: "error" } }]);
      expect(await got(phone, balcony, mobile)).toEqual([[], [], []]);
      // The blocked one cannot be written to either.
      expect(await balcony.ask(chat(romeo, "go"))).toMatchObject([{ attrs: { type: "error" } }]);
      expect(await got(mobile, orchard, phone)).toEqual([[], [], []]);
    }
  });
});

describe("XEP-0280 section 8 what is sent", () => {
  it("is copied to the user's other resources, whether the sender has carbons or not, and never to the sender", async () => {
    const { juliet, orchard, phone, balcony, mobile } = await pairs();
    orchard.send(chat(juliet, "one"));
    expect(await got(orchard, phone, balcony, mobile)).toEqual([[], ["sent one"], ["one"], ["one"]]);
    await enabled(orchard);
    orchard.send(chat(juliet, "two"));
    expect(await got(orchard, phone, balcony, mobile)).toEqual([[], ["sent two"], ["two"], ["two"]]);
    phone.send(chat(balcony.jid, "three"));
    expect(await got(phone, orchard, balcony, mobile)).toEqual([[], ["sent three"], ["three"], ["received three"]]);
  });

  it("has the address that was written to, and the id that it has in the sender's own archive (XEP-0359)", async () => {
    const { romeo, juliet, orchard, phone, balcony, mobile } = await pairs();
    orchard.send(message(balcony.jid, "<body>hist</body>"));
    await orchard.caughtUp();
    const [[copy], [original], [received]] = [await phone.caughtUp(), await balcony.caughtUp(), await mobile.caughtUp()];
    expect(copy).toMatchObject({ attrs: { from: romeo, to: phone.jid, type: "chat" } });
    const archived = async (client: BoundClient, by: string): Promise<string> => {
      const [result] = await client.ask("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
      const id = childOf(result, "result")!.attrs["id"];
      const stanzaId = `<stanza-id xmlns='urn:xmpp:sid:0' by='${by}' id='${id}'/>`;
      return showXml(readXml(`<message from='${orchard.jid}' to='${balcony.jid}' type='chat'><body>hist</body>${stanzaId}</message>`));
    };
    expect(showXml(copied(copy!)!.message)).toBe(await archived(orchard, romeo));
    const theirs = await archived(balcony, juliet);
    expect([showXml(original!), showXml(copied(received!)!.message)]).toEqual([theirs, theirs]);
  });

  it("to the user's own account is one message: itself to some, a copy to the others", async () => {
    const { romeo } = await stage.cast("romeo");
    const [orchard, phone, tablet, plain] = await Promise.all(["orchard", "phone", "tablet", "plain"].map((resource) => stage.appear(romeo, resource))) as
      [BoundClient, BoundClient, BoundClient, BoundClient];
    for (const client of [orchard, phone, tablet]) await enabled(client);
    const all = [orchard, phone, tablet, plain] as const;
    await got(...all);
    orchard.send(chat(phone.jid, "one"));
    expect(await got(...all)).toEqual([[], ["one"], ["sent one"], []]);
    orchard.send(chat(orchard.jid, "two"));
    expect(await got(...all)).toEqual([["two"], ["sent two"], ["sent two"], []]);
    orchard.send(chat(romeo, "three"));
    expect(await got(...all)).toEqual([["three"], ["three"], ["three"], ["three"]]);
    orchard.send("<presence><priority>1</priority></presence>" + chat(romeo, "four"));
    expect(await got(...all)).toEqual([["four"], ["sent four"], ["sent four"], []]);
    orchard.send("<message type='chat'><body>five</body></message>");
    expect(await got(...all)).toEqual([["five"], ["sent five"], ["sent five"], []]);
  });

  it("to who does not exist is not sent, and has no copies", async () => {
    const { orchard, phone } = await pairs();
    for (const to of ["nobody@localhost", "someone@remote.example", "localhost"]) {
      expect(await orchard.ask(chat(to, "hello"))).toMatchObject([{ attrs: { type: "error" } }]);
      expect(await got(phone)).toEqual([[]]);
    }
  });

  it("to who is not there is copied when it is kept", async () => {
    const { orchard, phone } = await pairs();
    const { nurse } = await stage.cast("nurse");
    orchard.send(chat(nurse, "later"));
    expect(await got(orchard, phone)).toEqual([[], ["sent later"]]);
    const kitchen = await stage.enter(nurse, "kitchen", "<presence/>");
    // The account answers when what waited is there.
    const came = await kitchen.ask(`<iq type='get' id='p' to='${nurse}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    expect(came.filter(({ name }) => name === "message").map(copyInWords)).toEqual(["later"]);
  });
});

describe("XEP-0280 section 6.1 which messages", () => {
  const body = "<body>hist</body>";
  const yes = [true, true];
  const no = [false, false];
  let scene: Stage;
  let clients: Awaited<ReturnType<typeof pairs>>;
  beforeAll(async () => {
    scene = new Stage(await startServer({ allowPlaintext: true }));
    clients = await pairs(scene);
  });
  afterAll(async () => {
    scene.clear();
    await scene.server.stop();
  });

  /** Whether the other clients of the sender, and of the addressee, are given a copy. */
  async function isCopied(stanza: string): Promise<readonly [sent: boolean, received: boolean]> {
    const { orchard, phone, balcony, mobile } = clients;
    orchard.send(stanza.replace("{to}", balcony.jid));
    const [, ofSender, original, ofAddressee] = await got(orchard, phone, balcony, mobile);
    expect(original).toHaveLength(1);
    return [ofSender!.length > 0, ofAddressee!.length > 0];
  }

  it.each([
    ["chat with a body", message("{to}", body), yes],
    ["chat without one", message("{to}", "<x xmlns='urn:x'/>"), yes],
    ["normal with a body", message("{to}", body, ""), yes],
    ["normal that says so", message("{to}", "<body/>", "type='normal'"), yes],
    ["of a type that is not known, which is normal", message("{to}", body, "type='nonsense'"), yes],
    ["normal without a body", message("{to}", "<subject>s</subject>", ""), no],
    ["normal with a body that is none", message("{to}", "<body xmlns='urn:x'/>", ""), no],
    ["normal with a receipt", message("{to}", "<received xmlns='urn:xmpp:receipts' id='1'/>", ""), yes],
    ["normal with a chat state", message("{to}", "<composing xmlns='http://jabber.org/protocol/chatstates'/>", ""), yes],
    ["normal with a marker", message("{to}", "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>", ""), yes],
    ["headline", message("{to}", body, "type='headline'"), no],
    ["headline with a request for a receipt", message("{to}", "<request xmlns='urn:xmpp:receipts'/>", "type='headline'"), yes],
    ["groupchat", message("{to}", `${body}<request xmlns='urn:xmpp:receipts'/>`, "type='groupchat'"), no],
    ["a direct invitation (XEP-0249)", message("{to}", "<x xmlns='jabber:x:conference' jid='room@muc.example'/>", ""), yes],
    ["a mediated invitation", message("{to}", `<x xmlns='${occupants}'><invite from='crone@example'/></x>`, ""), yes],
    ["groupchat with an invitation", message("{to}", "<x xmlns='jabber:x:conference' jid='room@muc.example'/>", "type='groupchat'"), no],
    ["private with an occupant", message("{to}", `${body}<x xmlns='${occupants}'/>`), [true, false]],
    ["an error that answers nothing", message("{to}", `${body}<error type='cancel'/>`, "type='error' id='nothing'"), no],
    ["an error without an id", message("{to}", body, "type='error'"), no],
    ["not to be copied (section 9)", message("{to}", `${body}<private xmlns='${carbons}'/><no-copy xmlns='${hints}'/>`), no],
    ["private alone", message("{to}", `${body}<private xmlns='${carbons}'/>`), no],
    ["no-copy alone (XEP-0334 section 4.3)", message("{to}", `${body}<no-copy xmlns='${hints}'/>`), no],
    ["private in another namespace", message("{to}", `${body}<private xmlns='urn:x'/>`), yes],
    ["private in a child", message("{to}", `${body}<x xmlns='urn:x'><private xmlns='${carbons}'/></x>`), yes],
  ])("%s", async (_, stanza, expected) => {
    expect(await isCopied(stanza)).toEqual(expected);
  });

  it("not iqs and presence", async () => {
    const { orchard, phone, balcony, mobile } = await pairs();
    await balcony.ask(`<presence to='${orchard.jid}'/>`);
    await orchard.caughtUp();
    orchard.send(`<iq type='get' id='q' to='${balcony.jid}'><query xmlns='jabber:iq:version'/></iq><presence to='${balcony.jid}'/>`);
    await orchard.caughtUp();
    expect((await balcony.caughtUp()).map(({ name }) => name)).toEqual(["iq", "presence"]);
    expect([await phone.caughtUp(), await mobile.caughtUp()]).toEqual([[], []]);
  });

  it("leaves the elements that forbid it where they are (section 9)", async () => {
    const { orchard, balcony } = await pairs();
    const sent = message(balcony.jid, `<body>hist</body><private xmlns='${carbons}'/><no-copy xmlns='${hints}'/>`);
    orchard.send(sent);
    await orchard.caughtUp();
    const [{ children } = { children: [] }] = await balcony.caughtUp();
    expect(children.filter((child) => (child as Xml).name !== "stanza-id")).toEqual(readXml(sent).children);
  });
});

describe("XEP-0280 section 6.1 an error that answers what was copied", () => {
  const error = (to: string, id: string) => `<message type='error' id='${id}' to='${to}'><error type='cancel'/></message>`;

  it("is copied on both sides, to whichever address the message was", async () => {
    const { juliet, orchard, phone, balcony, mobile } = await pairs();
    for (const to of [juliet, balcony.jid]) {
      orchard.send(chat(to, "one"));
      await got(orchard, phone, balcony, mobile);
      balcony.send(error(orchard.jid, "one"));
      expect(await got(balcony, mobile, orchard, phone)).toEqual([[], ["sent error"], ["error"], ["received error"]]);
    }
  });

  it("is copied from nobody else, and to nobody else, and not for another message", async () => {
    const { orchard, phone, balcony, mobile } = await pairs();
    const { tybalt } = await stage.cast("tybalt");
    const stranger = await stage.appear(tybalt, "street");
    orchard.send(chat(balcony.jid, "one") + message(balcony.jid, `<body/><private xmlns='${carbons}'/>`, "type='chat' id='two'"));
    orchard.send(chat(balcony.jid, "i".repeat(carbonIdCharsMax + 1)));
    await got(orchard, phone, balcony, mobile);
    for (const [by, to, id] of [
      [stranger, orchard, "one"], [balcony, phone, "one"], [balcony, orchard, "two"], [balcony, orchard, "three"],
      [balcony, orchard, "i".repeat(carbonIdCharsMax + 1)],
    ] as const) {
      by.send(error(to.jid, id));
      const others = [orchard, phone, mobile].filter((client) => client !== to);
      expect(await got(by, to, ...others)).toEqual([[], ["error"], ...others.map(() => [])]);
    }
  });

  it("is copied for as many as are remembered", async () => {
    const { orchard, phone, balcony } = await pairs();
    for (let index = 0; index <= carbonsRememberedMax; index += 1) orchard.send(chat(balcony.jid, `m${index}`));
    await got(orchard, phone, balcony);
    balcony.send(error(orchard.jid, "m0"));
    expect(await got(balcony, orchard, phone)).toEqual([[], ["error"], []]);
    balcony.send(error(orchard.jid, "m1"));
    expect(await got(balcony, orchard, phone)).toEqual([[], ["error"], ["received error"]]);
  });

  it("that a copy met is told to nobody (section 10.3)", async () => {
    const { juliet, orchard, phone, balcony, mobile } = await pairs();
    orchard.send(chat(balcony.jid, "one"));
    await got(orchard, phone, balcony, mobile);
    mobile.send(error(juliet, "one"));
    expect(await got(mobile, balcony, orchard, phone)).toEqual([[], [], [], []]);
  });
});

describe("XEP-0280 section 11 forged copies", () => {
  it("are messages like any other, from the full JID of who sends them, also within the account", async () => {
    const { romeo, juliet, orchard, phone, balcony, mobile } = await pairs();
    const forged = `<received xmlns='${carbons}'><forwarded xmlns='urn:xmpp:forward:0'>` +
      `<message xmlns='jabber:client' from='nurse@localhost' to='${juliet}' type='chat'><body>thy lady mother calls</body></message></forwarded></received>`;
    for (const [sender, other] of [[orchard, phone], [balcony, mobile]] as const) {
      const others = [orchard, phone, balcony].filter((client) => client !== sender && client !== mobile);
      sender.send(`<message to='${mobile.jid}' from='${juliet}' type='chat'>${forged}</message>`);
      await sender.caughtUp();
      const came = (await mobile.caughtUp()).filter(({ name }) => name === "message");
      expect(came).toMatchObject([{ attrs: { from: sender.jid, to: mobile.jid } }]);
      for (const client of others) {
        const copies = await client.caughtUp();
        expect(copies).toHaveLength(client === other ? 1 : 0);
        // What is within is what was sent, and says who sent it.
        for (const copy of copies) expect([copy.attrs["from"], copied(copy)?.message.attrs["from"]]).toEqual([romeo, orchard.jid]);
      }
    }
  });
});
