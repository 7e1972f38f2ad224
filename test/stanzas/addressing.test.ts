/** What the server does to the common attributes of a stanza on its way (RFC 6120 section 8.1). */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient } from "../support/login.ts";
import { readXml, showXml, textOf, withoutStanzaIds } from "../support/xml-reader.ts";

let server: TestServer;
let romeo: BoundClient;
let juliet: BoundClient;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, domains: ["localhost", "mantua.example"] });
  for (const user of ["romeo", "juliet", "romeo@mantua.example"]) await server.addUser(user, "secret");
  romeo = await login(server, { user: "romeo", resource: "orchard", over: "plaintext", header: "version='1.0' xml:lang='it'" });
  juliet = await login(server, { user: "juliet", resource: "balcony", over: "plaintext" });
  await juliet.ask("<presence/>");
});
afterAll(() => server.stop());

/** What Juliet receives when Romeo sends `stanza`. */
async function heard(stanza: string) {
  expect(await romeo.ask(stanza)).toEqual([]);
  return juliet.caughtUp();
}

describe("RFC 6120 section 8.1.1 to", () => {
  it.each(["juliet@localhost", "juliet@localhost/balcony", "juliet@localhost/nowhere"])("is never rewritten: %s", async (to) => {
    const [message] = await heard(`<message type='chat' to='${to}'><body>Hist!</body></message>`);
    expect(message?.attrs["to"]).toBe(to);
  });

  it("is the sender's bare JID where there is none (section 10.3.1)", async () => {
    await romeo.ask("<presence/>");
    const [message] = await romeo.ask("<message id='m'><body>Note to self</body></message>");
    expect(message).toMatchObject({ name: "message", attrs: { from: romeo.jid, to: "romeo@localhost", id: "m" } });
  });
});

describe("RFC 6120 section 8.1.2.1 from", () => {
  it.each(["", " from='romeo@localhost'", " from='romeo@localhost/elsewhere'", " from='nurse@localhost'", " from='localhost'", " from='@@'", " from=''"])(
    "is the full JID of the sender whatever the client says:%s", async (from) => {
      const stanzas = [
        `<message${from} to='juliet@localhost'/>`,
        `<presence${from} to='juliet@localhost'/>`,
        `<iq${from} type='result' id='r' to='juliet@localhost/balcony'/>`,
      ];
      const received = await heard(stanzas.join(""));
      expect(received.map((stanza) => stanza.attrs["from"])).toEqual([romeo.jid, romeo.jid, romeo.jid]);
      await heard("<presence type='unavailable' to='juliet@localhost'/>");
    },
  );

  it("is the account of the host that was logged in to, not its namesake", async () => {
    const namesake = await login(server, { ...server, user: "romeo", over: "plaintext" });
    expect(namesake.bare).toBe("romeo@localhost");
    const mantua = await login({ ...server, domain: "mantua.example" }, { user: "romeo", over: "plaintext" });
    expect(mantua.bare).toBe("romeo@mantua.example");
    await mantua.ask("<message to='juliet@localhost'/>");
    expect((await juliet.caughtUp())[0]?.attrs["from"]).toBe(mantua.jid);
    await namesake.close();
    await mantua.close();
  });

  it("is absent, or the account, in answers on behalf of the account (rule 3)", async () => {
    const [own] = await romeo.ask("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>");
    expect(own?.attrs).toEqual({ type: "result", id: "1", to: romeo.jid });
    const [named] = await romeo.ask("<iq type='get' id='2' to='romeo@localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
    expect(named?.attrs).toEqual({ type: "result", id: "2", from: "romeo@localhost", to: romeo.jid });
  });
});

describe("RFC 6120 sections 8.1.3 and 8.1.4 id and type", () => {
  it("arrive as they were sent", async () => {
    const [message] = await heard("<message id='a&lt;b&apos;&quot; c' type='chat' to='juliet@localhost'/>");
    expect(message?.attrs).toMatchObject({ id: "a<b'\" c", type: "chat" });
  });

  it("takes a message of a type that nobody knows for a normal one, and delivers it as it is (RFC 6121 section 5.2.2)", async () => {
    const [message] = await heard("<message type='sonnet' to='juliet@localhost'/>");
    expect(message?.attrs["type"]).toBe("sonnet");
  });
});

describe("RFC 6120 section 8.1.5 xml:lang", () => {
  it("is that of the sender's stream where the stanza names none", async () => {
    const [message] = await heard("<message to='juliet@localhost'><body>Ciao</body></message>");
    expect(message?.attrs["xml:lang"]).toBe("it");
    const [presence] = await heard("<presence to='juliet@localhost'/>");
    expect(presence?.attrs["xml:lang"]).toBe("it");
    await heard("<presence type='unavailable' to='juliet@localhost'/>");
  });

  it("is left alone where the stanza names one, and in its children", async () => {
    const [message] = await heard(
      "<message xml:lang='cs' to='juliet@localhost'><body>Ahoj</body><body xml:lang='en'>Hello</body></message>",
    );
    expect(message?.attrs["xml:lang"]).toBe("cs");
    expect(withoutStanzaIds(message!).children.map((child) => (typeof child === "string" ? child : child.attrs))).toEqual([{}, { "xml:lang": "en" }]);
  });

  it("is not made up where the sender's stream names none", async () => {
    await juliet.ask(`<message to='${romeo.jid}'/>`);
    const [message] = await romeo.caughtUp();
    expect(message?.attrs).not.toHaveProperty("xml:lang");
  });
});

describe("RFC 6120 section 8.4 extended content", () => {
  it.each([
    "<x xmlns='urn:example:a' a='1'><y xmlns='urn:example:b'><z/></y><z/></x>",
    "<a:x xmlns:a='urn:example:a' a:b='1'><a:y/></a:x>",
    "<x xmlns=''><y/></x>",
    "<body>a &lt;b/> &amp; ]]&gt; \u{1F339} &#9;&#10;</body>",
    "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'><p>O, <em>wilt</em> thou?</p></body></html>",
  ])("arrives as it was sent: %s", async (content) => {
    const [message] = await heard(`<message to='juliet@localhost'>${content}</message>`);
    const sent = readXml(`<message>${content}</message>`);
    const names = (xml: typeof sent): unknown => xml.children.map((child) =>
      typeof child === "string" ? child : [child.name.replace(/^.*:/, ""), child.xmlns, Object.values(child.attrs), names(child)]);
    expect(names(withoutStanzaIds(message!))).toEqual(names(sent));
  });
});

describe("RFC 6120 section 10.1 in-order processing", () => {
  it("keeps the order between two entities, whatever has to be loaded on the way", async () => {
    const say = (n: number) => `<message to='${juliet.jid}'><body>${n}</body></message>`;
    const strangers = (n: number) => `<message type='headline' to='stranger${n}@localhost'><body>?</body></message>`;
    const received = await heard(Array.from({ length: 200 }, (_, n) => say(n) + strangers(n)).join(""));
    expect(received.map((message) => Number(textOf(message)))).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });

  it("answers requests in their order", async () => {
    const ask = (n: number) => `<iq type='get' id='n${n}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`;
    const answers = await romeo.ask(Array.from({ length: 200 }, (_, n) => ask(n)).join(""));
    expect(answers.map((answer) => answer.attrs["id"])).toEqual(Array.from({ length: 200 }, (_, n) => `n${n}`));
  });
});

describe("RFC 6120 section 8.2.3 iq semantics", () => {
  it("answers a request with an answer that keeps its id", async () => {
    const answers = await romeo.ask("<iq type='get' id='&lt;&amp;&gt;' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
    expect(answers.map((answer) => showXml(answer))).toEqual([showXml(readXml(`<iq type='result' id='&lt;&amp;&gt;' from='localhost' to='${romeo.jid}'/>`))]);
  });
});
