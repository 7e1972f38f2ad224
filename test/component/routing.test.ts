/** Messages and requests between a component and everybody else. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import { childOf, showXml, textOf } from "../support/xml-reader.ts";
import { Component, secret, words } from "./setting.ts";

let server: TestServer;
let stage: Stage;
let echo: Component;
beforeAll(async () => {
  const domains = ["echo.localhost", "other.localhost", "away.localhost"];
  server = await startServer({ allowPlaintext: true, components: domains.map((domain) => ({ domain, secret })) });
  stage = new Stage(server);
  echo = await Component.connect(server, "echo.localhost");
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

const romeoAppears = async () => stage.appear((await stage.cast("romeo")).romeo, "phone");
const ping = "<ping xmlns='urn:xmpp:ping'/>";

describe("XEP-0114 section 3: what is sent to the domain of a component", () => {
  it("comes to it, whatever the address there is, in the namespace of its stream", async () => {
    const romeo = await romeoAppears();
    await romeo.ask("<message to='echo.localhost' id='1'><body>hi</body></message><message type='chat' to='Ann@echo.localhost/x' id='2'><body>&lt;</body></message>");
    await romeo.ask(`<iq type='get' id='3' to='ann@echo.localhost'>${ping}</iq>`);
    const all = await echo.caughtUp();
    expect(all.map(words)).toEqual([
      "message romeo@localhost/phone → echo.localhost", "message chat romeo@localhost/phone → ann@echo.localhost/x", "iq get romeo@localhost/phone → ann@echo.localhost",
    ]);
    expect(all.map(({ xmlns }) => xmlns)).toEqual(Array.from({ length: 3 }, () => "jabber:component:accept"));
    expect(childOf(all[0], "body")?.xmlns).toBe("jabber:component:accept");
  });

  it("keeps what is within it as it is: a client's stanza in a stanza stays one", async () => {
    const romeo = await romeoAppears();
    await romeo.ask("<message to='echo.localhost'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='a@b'><body>x</body></message></forwarded></message>");
    const [message] = await echo.caughtUp();
    expect(showXml(message!)).toContain("forwarded");
    const inner = childOf(childOf(message, "forwarded"), "message");
    expect([inner?.xmlns, childOf(inner, "body")?.xmlns]).toEqual(["jabber:client", "jabber:client"]);
    const back = await echo.ask(`<message from='echo.localhost' to='${romeo.jid}'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:component:accept'><body>y</body></message></forwarded></message>`);
    expect(back).toEqual([]);
    const [given] = await romeo.caughtUp();
    expect([given?.xmlns, childOf(childOf(given, "forwarded"), "message")?.xmlns]).toEqual(["jabber:client", "jabber:client"]);
  });

  it("is answered by the component, and the answer finds who has asked", async () => {
    const romeo = await romeoAppears();
    romeo.send(`<iq type='get' id='v' to='ann@echo.localhost/x'>${ping}</iq>`);
    await echo.next();
    await echo.ask(`<iq type='result' id='v' from='ann@echo.localhost/x' to='${romeo.jid}'/>`);
    expect((await romeo.caughtUp()).map(words)).toEqual(["iq result ann@echo.localhost/x → romeo@localhost/phone"]);
  });
});

describe("XEP-0114 section 3: what a component sends", () => {
  it("is delivered as if a user had sent it: to the account, to a resource, to nobody", async () => {
    const romeo = await romeoAppears();
    const { bare, jid } = romeo;
    const message = (to: string) => `<message type='chat' from='ann@echo.localhost/x' to='${to}'><body>hi</body></message>`;
    const answers = await echo.ask(message(bare) + message(jid) + message("nobody@localhost") + message("localhost") + message("a@elsewhere.example") + message("a@muc.localhost"));
    expect(answers.map(words)).toEqual([
      "message error nobody@localhost → ann@echo.localhost/x: service-unavailable", "message error localhost → ann@echo.localhost/x: service-unavailable",
      "message error a@elsewhere.example → ann@echo.localhost/x: remote-server-not-found", "message error a@muc.localhost → ann@echo.localhost/x: item-not-found",
    ]);
    expect((await romeo.caughtUp()).map(words)).toEqual(["message chat ann@echo.localhost/x → romeo@localhost", "message chat ann@echo.localhost/x → romeo@localhost/phone"]);
  });

  it("waits for a user who is not there, and is in the archive (XEP-0160, XEP-0313)", async () => {
    const { romeo } = await stage.cast("romeo");
    expect(await echo.ask(`<message type='chat' from='ann@echo.localhost' to='${romeo}'><body>later</body></message>`)).toEqual([]);
    const phone = await stage.appear(romeo, "phone").then(async (client) => client);
    const archived = await phone.ask("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
    expect(archived.map((stanza) => showXml(stanza)).join("")).toContain("later");
  });

  it("carries no id that this server would give (XEP-0359 section 3)", async () => {
    const romeo = await romeoAppears();
    await echo.ask(`<message type='chat' from='ann@echo.localhost' to='${romeo.jid}'><body>x</body><stanza-id xmlns='urn:xmpp:sid:0' id='forged' by='${romeo.bare}'/></message>`);
    expect((await romeo.caughtUp()).map((stanza) => showXml(stanza)).join("")).not.toContain("forged");
  });

  it("does not come to who has blocked it, and does not leave who has (XEP-0191 section 3.3)", async () => {
    const romeo = await romeoAppears();
    await romeo.ask("<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='ann@echo.localhost'/></block></iq>");
    expect((await romeo.ask("<message to='ann@echo.localhost' id='1'/>")).map(words)).toEqual(["message error ann@echo.localhost → romeo@localhost/phone: not-acceptable"]);
    expect((await echo.ask(`<message type='chat' from='ann@echo.localhost' to='${romeo.bare}'/><message type='chat' from='bob@echo.localhost' to='${romeo.bare}'/>`)).map(words)).toEqual([
      "message error romeo@localhost → ann@echo.localhost: service-unavailable",
    ]);
    expect((await romeo.caughtUp()).map(words)).toEqual(["message chat bob@echo.localhost → romeo@localhost"]);
  });

  it("goes from component to component", async () => {
    const other = await Component.connect(server, "other.localhost");
    await echo.ask("<message from='a@echo.localhost' to='b@other.localhost/c'/><message from='a@echo.localhost' to='d@echo.localhost'/>").then((own) =>
      expect(own.map(words)).toEqual(["message a@echo.localhost → d@echo.localhost"]));
    expect((await other.caughtUp()).map(words)).toEqual(["message a@echo.localhost → b@other.localhost/c"]);
    other.cut();
  });

  it("keeps its order, whatever has to be loaded for it (RFC 6120 section 10.1)", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    await server.restart();
    echo = await Component.connect(server, "echo.localhost");
    const phone = await stage.appear(romeo, "phone");
    const sent = Array.from({ length: 20 }, (_, index) => `<message type='chat' from='ann@echo.localhost' to='${index % 2 === 0 ? romeo : juliet}'><body>${index}</body></message>`);
    await echo.ask(sent.join(""));
    expect((await phone.caughtUp()).map((message) => textOf(childOf(message, "body")))).toEqual(Array.from({ length: 10 }, (_, index) => String(index * 2)));
  });
});

describe("Requests of a component, which has no session here", () => {
  const ask = async (to: string, payload: string, type = "get") => (await echo.ask(`<iq type='${type}' id='q' from='ann@echo.localhost/x' to='${to}'>${payload}</iq>`))[0]!;
  const query = (xmlns: string) => `<query xmlns='${xmlns}'/>`;

  it.each([
    [ping], [query("http://jabber.org/protocol/disco#info")], [query("http://jabber.org/protocol/disco#items")], [query("jabber:iq:version")], [query("jabber:iq:last")], ["<time xmlns='urn:xmpp:time'/>"],
  ])("the server answers %s", async (payload) => {
    expect(words(await ask("localhost", payload))).toBe("iq result localhost → ann@echo.localhost/x");
  });

  it.each([
    ["localhost", "<request xmlns='urn:xmpp:http:upload:0' filename='a' size='1'/>", "get"], ["localhost", query("jabber:iq:register"), "get"],
    ["localhost", "<command xmlns='http://jabber.org/protocol/commands' node='http://jabber.org/protocol/admin#add-user'/>", "set"], ["localhost", query("urn:x:unknown"), "get"],
    ["USER", query("jabber:iq:roster"), "get"], ["USER", query("jabber:iq:private"), "get"], ["USER", "<enable xmlns='urn:xmpp:carbons:2'/>", "set"],
    ["USER", query("urn:xmpp:mam:2"), "set"], ["USER", "<blocklist xmlns='urn:xmpp:blocking'/>", "get"], ["USER", query("http://jabber.org/protocol/disco#info"), "get"],
    ["USER", ping, "get"], ["nobody@localhost", "<vCard xmlns='vcard-temp'/>", "get"],
  ])("what is for sessions, or for the user alone, is not told: %s %s", async (to, payload, type) => {
    const { romeo } = await stage.cast("romeo");
    const answer = await ask(to.replace("USER", romeo), payload, type);
    expect(words(answer)).toMatch(/^iq error .* → ann@echo\.localhost\/x: service-unavailable$/);
  });

  it("an account answers for its user what it answers to everybody: its vCard", async () => {
    const romeo = await romeoAppears();
    await romeo.ask("<iq type='set' id='v'><vCard xmlns='vcard-temp'><FN>Romeo M.</FN></vCard></iq>");
    expect(showXml(await ask(romeo.bare, "<vCard xmlns='vcard-temp'/>"))).toContain("Romeo M.");
  });

  it("come to a resource whose user shows it presence, and the answer comes back (RFC 6121 section 8.5.3.1)", async () => {
    const romeo = await romeoAppears();
    expect(words(await ask(romeo.jid, ping))).toContain("service-unavailable");
    await romeo.ask("<presence to='ann@echo.localhost/x'/>");
    await echo.caughtUp();
    echo.send(`<iq type='get' id='q' from='ann@echo.localhost/x' to='${romeo.jid}'>${ping}</iq>`);
    expect(words(await romeo.next())).toBe("iq get ann@echo.localhost/x → romeo@localhost/phone");
    await romeo.ask("<iq type='result' id='q' to='ann@echo.localhost/x'/>");
    expect((await echo.caughtUp()).map(words)).toEqual(["iq result romeo@localhost/phone → ann@echo.localhost/x"]);
  });
});

describe("RFC 6120 section 8.3.3.17: a component that is not connected", () => {
  it("is said to be away to who sends a message, asks, or wants to be there; what is of its moment is lost", async () => {
    const romeo = await romeoAppears();
    const asked = `<message to='a@away.localhost'><body>x</body></message><message type='error' to='away.localhost'/><iq type='get' id='1' to='away.localhost'>${ping}</iq>`
      + "<iq type='result' id='2' to='away.localhost'/><presence to='a@away.localhost/x'/><presence type='unavailable' to='a@away.localhost/x'/>"
      + "<presence type='probe' to='a@away.localhost'/><presence type='subscribe' to='a@away.localhost'/>";
    const answers = await romeo.ask(asked);
    expect(answers.map(words)).toEqual([
      "message error a@away.localhost → romeo@localhost/phone: remote-server-timeout", "iq error away.localhost → romeo@localhost/phone: remote-server-timeout",
      "presence error a@away.localhost/x → romeo@localhost/phone: remote-server-timeout", "presence error a@away.localhost → romeo@localhost/phone: remote-server-timeout",
    ]);
    expect(answers.map((answer) => childOf(answer, "error")?.attrs["type"])).toEqual(["wait", "wait", "wait", "wait"]);
  });

  it("is not listed by service discovery, as one that is there is (XEP-0030 section 4)", async () => {
    const romeo = await romeoAppears();
    const listed = async () => {
      const [answer] = await romeo.ask("<iq type='get' id='i' to='localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>");
      return [...showXml(answer!).matchAll(/jid=["']([^"']+)/g)].map((match) => match[1]);
    };
    expect(await listed()).toEqual(["echo.localhost", "muc.localhost"]);
    const away = await Component.connect(server, "away.localhost");
    expect(await listed()).toEqual(["echo.localhost", "away.localhost", "muc.localhost"]);
    away.cut();
    await expect.poll(listed).toEqual(["echo.localhost", "muc.localhost"]);
  });
});
