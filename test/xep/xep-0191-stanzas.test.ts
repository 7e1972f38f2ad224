import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BoundClient } from "../support/login.ts";
import { childOf, readXml, textOf, type Xml } from "../support/xml-reader.ts";
import { change, elsewhere, heard, inWords, listed, startStage, type Stage } from "./xep-0191-setting.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.server.stop());

const ping = "<ping xmlns='urn:xmpp:ping'/>";
const disco = "<query xmlns='http://jabber.org/protocol/disco#info'/>";

/** Two who see each other; the first one may block the second one. */
async function friends(): Promise<{ readonly user: BoundClient; readonly contact: BoundClient }> {
  const [a, b] = await stage.friends();
  const [user, contact] = [await stage.appear(a, "home"), await stage.appear(b, "away")];
  await heard(user, contact);
  return { user, contact };
}

/** The kinds and types of stanza, each with what it holds. */
const messages = (types: readonly string[]) => types.map((type) => [`message ${type}`, `<message type='${type}' id='s' to='TO'><body>hark</body></message>`] as const);
const presences = (types: readonly string[]) => types.map((type) => [`presence ${type}`, `<presence type='${type}' id='s' to='TO'/>`] as const);
const available = ["presence", "<presence id='s' to='TO'/>"] as const;
const requests = [
  ["iq get", `<iq type='get' id='s' to='TO'>${ping}</iq>`],
  ["iq get that the account answers", `<iq type='get' id='s' to='TO'>${disco}</iq>`],
  ["iq set", "<iq type='set' id='s' to='TO'><do xmlns='urn:example:do'/></iq>"],
] as const;
const answers = [
  ["iq result", "<iq type='result' id='s' to='TO'/>"],
  ["iq error", "<iq type='error' id='s' to='TO'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"],
  ["message error", "<message type='error' id='s' to='TO'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"],
  ["presence error", "<presence type='error' id='s' to='TO'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"],
] as const;
const presenceTypes = ["unavailable", "probe", "subscribe", "subscribed", "unsubscribe", "unsubscribed"] as const;
const texts = ["chat", "normal", "headline", "groupchat"] as const;

describe("XEP-0191 section 3.3: what a blocked user sends", () => {
  let user: BoundClient;
  let contact: BoundClient;
  beforeAll(async () => {
    ({ user, contact } = await friends());
    await change(user, "block", contact.bare);
    await heard(user, contact);
  });
  const send = async (stanza: string, to: string): Promise<readonly (readonly string[])[]> => {
    contact.send(stanza.replace("TO", to));
    return [...(await heard(contact)), ...(await heard(user))];
  };

  it.each([...messages(texts), ...requests])("%s: is answered as if nobody were there, and reaches nobody", async (name, stanza) => {
    for (const to of [user.bare, user.jid]) {
      expect(await send(stanza, to)).toEqual([[`${name.split(" ")[0]} error from ${to}: service-unavailable`], []]);
    }
  });

  it("is answered so to the letter", async () => {
    const error = "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    const answerFrom = async (to: string) => (await contact.ask(`<message type='chat' id='s' to='${to}'><body>hark</body></message>`))[0];
    expect(await answerFrom(user.bare)).toEqual(readXml(`<message type='error' id='s' from='${user.bare}' to='${contact.jid}'>${error}</message>`));
    expect(await answerFrom("nobody@localhost")).toEqual(readXml(`<message type='error' id='s' from='nobody@localhost' to='${contact.jid}'>${error}</message>`));
  });

  // The subscriptions come last, since they change the sender's side.
  it.each([...answers, available, ...presences(presenceTypes)])("%s: is neither answered nor delivered", async (_, stanza) => {
    for (const to of [user.bare, user.jid]) {
      expect(await send(stanza, to)).toEqual([[], []]);
    }
  });

  it("is not kept for later", async () => {
    const [a, b] = [await stage.person(), await stage.person()];
    const [absent, sender] = [await stage.enter(a, "home"), await stage.enter(b, "away")];
    await change(absent, "block", sender.bare);
    await absent.close();
    expect((await sender.ask(`<message type='chat' to='${absent.bare}'><body>hark</body></message>`)).map(inWords)).toEqual([
      `message error from ${absent.bare}: service-unavailable`,
    ]);
    const back = await stage.appear(a, "home");
    await change(back, "unblock");
    expect(await heard(back)).toEqual([[]]);
  });

  it("is not delivered any more if it was sent before and has waited for the user", async () => {
    const [a, b] = [await stage.person(), await stage.person()];
    const [user, sender] = [await stage.enter(a, "home"), await stage.enter(b, "away")];
    await sender.ask(`<message type='chat' to='${user.bare}'><body>too late</body></message>`);
    await change(user, "block", sender.bare);
    expect((await user.ask("<presence/>")).map(inWords)).toEqual([`presence available from ${user.jid}`]);
    expect((await heard(user))[0]).toEqual([]);
  });

  it("is not delivered either if it answers what the user has asked before", async () => {
    const { user, contact } = await friends();
    user.send(`<iq type='get' id='q' to='${contact.jid}'>${disco}</iq>`);
    await user.caughtUp();
    expect((await contact.caughtUp()).map(({ attrs }) => attrs["id"])).toEqual(["q"]);
    await change(user, "block", contact.bare);
    await heard(contact);
    expect(await heard(user)).toEqual([[]]);
    contact.send(`<iq type='result' id='q' to='${user.jid}'/>`);
    expect(await heard(contact, user)).toEqual([[], []]);
  });
});

describe("XEP-0191 section 3.3: what is sent to a blocked JID", () => {
  let user: BoundClient;
  let contact: BoundClient;
  beforeAll(async () => {
    ({ user, contact } = await friends());
    await change(user, "block", contact.bare);
    await heard(user, contact);
  });

  it.each([...messages(texts), available, ...presences(presenceTypes), ...requests])("%s: is refused, and reaches nobody", async (name, stanza) => {
    for (const to of [contact.bare, contact.jid, `${contact.bare}/nowhere`]) {
      const back = await user.ask(stanza.replace("TO", to));
      expect(back.map(inWords)).toEqual([`${name.split(" ")[0]} error from ${to}: not-acceptable`]);
    }
    expect(await heard(contact)).toEqual([[]]);
  });

  it.each(answers)("%s: is dropped", async (_, stanza) => {
    for (const to of [contact.bare, contact.jid]) expect(await user.ask(stanza.replace("TO", to))).toEqual([]);
    expect(await heard(contact)).toEqual([[]]);
  });

  it("says why, in its own namespace", async () => {
    const [error] = await user.ask(`<message type='chat' id='s' to='${contact.bare}'><body>hark</body></message>`);
    expect(error?.attrs).toEqual({ type: "error", id: "s", from: contact.bare, to: user.jid });
    const children = (childOf(error, "error")?.children ?? []) as readonly Xml[];
    expect(childOf(error, "error")?.attrs).toEqual({ type: "cancel" });
    expect(children.map(({ name, xmlns }) => `${name} ${xmlns}`)).toEqual([
      "not-acceptable urn:ietf:params:xml:ns:xmpp-stanzas", "text urn:ietf:params:xml:ns:xmpp-stanzas", "blocked urn:xmpp:blocking:errors",
    ]);
    expect(textOf(children[1])).not.toBe("");
  });

  it("need not exist", async () => {
    await change(user, "block", "nobody@localhost", "somebody@far.example");
    for (const to of ["nobody@localhost", "somebody@far.example", "somebody@far.example/res"]) {
      expect((await user.ask(`<message to='${to}'/>`)).map(inWords)).toEqual([`message error from ${to}: not-acceptable`]);
      expect((await user.ask(`<presence type='subscribe' to='${to}'/>`)).map(inWords)).toEqual([`presence error from ${to}: not-acceptable`]);
    }
  });
});

describe("XEP-0191 section 3.4: after unblocking", () => {
  it("everything passes again, both ways", async () => {
    const { user, contact } = await friends();
    await change(user, "block", contact.bare);
    await change(user, "unblock", contact.bare);
    await heard(user, contact);
    for (const [from, to] of [[user, contact], [contact, user]] as const) {
      for (const address of [to.bare, to.jid]) from.send(`<message type='chat' to='${address}'><body>hark</body></message>`);
      from.send(`<iq type='get' id='q' to='${to.jid}'>${disco}</iq>`);
      expect((await from.ask(`<iq type='get' id='d' to='${to.bare}'>${disco}</iq>`)).map(inWords)).toEqual([`iq result from ${to.bare}`]);
      const text = `message chat from ${from.jid}`;
      expect(await heard(to)).toEqual([[text, text, `iq get from ${from.jid}`]]);
    }
  });
});

describe("XEP-0191 section 6: which addresses are meant", () => {
  const message = (to: string) => `<message type='chat' to='${to}'><body>hark</body></message>`;
  const back = async (from: BoundClient, to: string) => (await from.ask(message(to))).map(inWords);

  it("a full JID is that resource alone", async () => {
    const [a, b] = await stage.friends();
    const user = await stage.appear(a, "home");
    const [phone, desk] = [await stage.appear(b, "phone"), await stage.appear(b, "desk")];
    await change(user, "block", phone.jid);
    await heard(user, phone, desk);
    expect(await back(phone, user.bare)).toEqual([`message error from ${user.bare}: service-unavailable`]);
    expect(await back(desk, user.bare)).toEqual([]);
    expect(await heard(user)).toEqual([[`message chat from ${desk.jid}`]]);
    expect(await back(user, phone.jid)).toEqual([`message error from ${phone.jid}: not-acceptable`]);
    expect(await back(user, desk.jid)).toEqual([]);
    expect((await heard(phone, desk))).toEqual([[], [`message chat from ${user.jid}`]]);
  });

  it("a domain is everybody there, and the domain itself; what is below it is another domain", async () => {
    const [a, b] = [await stage.person(), await stage.person(elsewhere)];
    const [user, other] = [await stage.appear(a, "home"), await stage.appear(b, "away", elsewhere)];
    await change(user, "block", elsewhere);
    expect(await back(other, user.bare)).toEqual([`message error from ${user.bare}: service-unavailable`]);
    for (const to of [other.jid, other.bare, elsewhere, `${elsewhere}/desk`]) {
      expect(await back(user, to)).toEqual([`message error from ${to}: not-acceptable`]);
    }
    expect(await back(user, `${b}@rooms.${elsewhere}`)).toEqual([`message error from ${b}@rooms.${elsewhere}: remote-server-not-found`]);
    expect(await heard(user, other)).toEqual([[], []]);
  });

  it("a domain with a resource is that alone: no user, and not the domain", async () => {
    const [a, b] = [await stage.person(), await stage.person(elsewhere)];
    const [user, other] = [await stage.appear(a, "home"), await stage.appear(b, "away", elsewhere)];
    await change(user, "block", `${elsewhere}/away`);
    expect(await back(user, `${elsewhere}/away`)).toEqual([`message error from ${elsewhere}/away: not-acceptable`]);
    expect(await back(user, elsewhere)).toEqual([`message error from ${elsewhere}: service-unavailable`]);
    expect(await back(user, other.jid)).toEqual([]);
    expect(await heard(other)).toEqual([[`message chat from ${user.jid}`]]);
    expect(await back(other, user.jid)).toEqual([]);
    expect(await heard(user)).toEqual([[`message chat from ${other.jid}`]]);
  });
});

describe("XEP-0191 section 5, note: the user's own resources and server", () => {
  it("are reached although their domain is blocked, and everybody else there is not", async () => {
    const [a, b] = await stage.friends();
    const [user, other, contact] = [await stage.appear(a, "home"), await stage.appear(a, "phone"), await stage.appear(b, "away")];
    await heard(user, other, contact);
    await change(user, "block", "localhost", "localhost/any");
    await heard(user, other, contact);

    expect((await user.ask(`<iq type='get' id='d' to='localhost'>${disco}</iq>`)).map(inWords)).toEqual(["iq result from localhost"]);
    expect((await user.ask(`<iq type='get' id='d' to='${user.bare}'>${disco}</iq>`)).map(inWords)).toEqual([`iq result from ${user.bare}`]);
    expect((await user.ask(`<message type='chat' to='${other.jid}'><body>me</body></message>`)).map(inWords)).toEqual([]);
    expect((await user.ask(`<iq type='get' id='q' to='${other.jid}'>${disco}</iq>`)).map(inWords)).toEqual([]);
    expect(await heard(other)).toEqual([[`message chat from ${user.jid}`, `iq get from ${user.jid}`]]);
    await user.ask("<presence><show>away</show></presence>");
    expect(await heard(other, contact)).toEqual([[`presence available from ${user.jid}`], []]);
    expect((await user.ask(`<presence type='probe' to='${user.bare}'/>`)).map(inWords)).toHaveLength(2);

    expect((await contact.ask(`<message type='chat' to='${user.bare}'><body>hark</body></message>`)).map(inWords)).toEqual([
      `message error from ${user.bare}: service-unavailable`,
    ]);
    expect((await user.ask(`<message to='${contact.bare}'/>`)).map(inWords)).toEqual([`message error from ${contact.bare}: not-acceptable`]);
    expect(await listed(user)).toEqual(["localhost", "localhost/any"]);
    await change(user, "unblock");
    expect(await listed(user)).toEqual([]);
  });
});
