/** What is shown of a stanza: its bones, never its secrets, and its words only to who asks for them. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inspectorWireCharsMax } from "../../src/domain/limits.ts";
import { redact } from "../../src/inspector/redact.ts";
import { showEvent, showFact } from "../../src/inspector/redact-fact.ts";
import { elementCame, headerCame, textWritten } from "../../src/inspector/wire.ts";
import type { StoredFact } from "../../src/ports.ts";
import { parseElement, restoreElement } from "../../src/xml/parse-element.ts";
import { el } from "../../src/xml/stanza.ts";

const came = (xml: string, bodies = false): string => elementCame(parseElement(xml), bodies).xml;
const left = (xml: string, bodies = false): string => textWritten(xml, bodies).xml;

describe("Words of people", () => {
  it("are withheld and counted, with what is protocol left as it is", () => {
    expect(came("<message to='juliet@localhost' type='chat' id='m1'><body>Wherefore art thou &lt;Romeo&gt;?</body><thread>t</thread><active xmlns='http://jabber.org/protocol/chatstates'/></message>"))
      .toBe('<message to="juliet@localhost" type="chat" id="m1"><body>[27 characters]</body><thread>[1 character]</thread><active xmlns="http://jabber.org/protocol/chatstates"/></message>');
    expect(came("<presence><show>away</show><status>gone fishing</status><priority>5</priority></presence>"))
      .toBe("<presence><show>away</show><status>[12 characters]</status><priority>5</priority></presence>");
    expect(came("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='a@b' name='My Love' subscription='none'><group>Friends</group></item></query></iq>"))
      .toBe('<iq type="set" id="r"><query xmlns="jabber:iq:roster"><item jid="a@b" name="[7 characters]" subscription="none"><group>[7 characters]</group></item></query></iq>');
  });

  it("are shown to who asked for them", () => {
    expect(came("<message to='a@b'><body>Wherefore &amp; why</body></message>", true)).toBe('<message to="a@b"><body>Wherefore &amp; why</body></message>');
  });

  it.each([
    ["<iq type='set' id='v'><vCard xmlns='vcard-temp'><FN>Hidden</FN><PHOTO><BINVAL>Hidden</BINVAL></PHOTO></vCard></iq>"],
    ["<iq type='set' id='v'><query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'><conference name='Hidden' jid='a@b'><nick>Hidden</nick></conference></storage></query></iq>"],
    ["<message to='a@b'><subject>Hidden</subject><html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'><p style='Hidden' title='Hidden'>Hidden<a href='Hidden'>Hidden</a></p></body></html></message>"],
    ["<message to='a@b'><encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'><key rid='2'>Hidden</key><iv>Hidden</iv></header><payload>Hidden</payload></encrypted></message>"],
    ["<message to='a@b'><nick xmlns='http://jabber.org/protocol/nick'>Hidden</nick><x xmlns='jabber:x:oob'><url>Hidden</url><desc>Hidden</desc></x></message>"],
    ["<iq type='result' id='v' to='a@b'><query xmlns='jabber:iq:version'><name>Hidden</name><os>Hidden</os></query></iq>"],
    ["<iq type='set' id='f'><x xmlns='jabber:x:data' type='submit'><field var='who' label='Hidden'><value>Hidden</value></field></x></iq>"],
    ["<message from='c@d/e' to='a@b' type='error'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Hidden</gone><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Hidden</text></error></message>"],
    // The same name elsewhere is another one.
    ["<message to='a@b'><x xmlns='urn:example'><show>Hidden</show></x></message>"],
    // RFC 6121 section 4.7.2.1: none of its four values, and none at all where it is in no presence.
    ["<presence><show>Hidden</show></presence>"],
    ["<message to='a@b'><show>Hidden</show></message>"],
    ["<presence><priority>Hidden</priority></presence>"],
    ["<iq type='result' id='t' to='a@b'><time xmlns='urn:xmpp:time'><tzo>Hidden</tzo><utc>Hidden</utc></time></iq>"],
    ["<iq type='set' id='f'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>Hidden</value></field></x></iq>"],
    ["<message to='a@b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>Hidden</resource></bind></message>"],
    // Attributes of what nobody knows, and those that mean something elsewhere.
    ["<message to='a@b'><event xmlns='urn:example' id='Hidden' location='Hidden' since='Hidden' code='Hidden' action='Hidden'/></message>"],
    ["<message to='a@b' code='Hidden' xml:lang='Hidden &#233;'><body node='Hidden'/></message>"],
  ])("are withheld wherever they are: %s", (xml) => {
    expect(came(xml)).not.toContain("Hidden");
    expect(left(xml)).not.toContain("Hidden");
    expect(came(xml, true)).toContain("Hidden");
  });

  it.each([
    ["<presence xml:lang=\"en-GB\"><show>dnd</show><priority>-5</priority><idle xmlns=\"urn:xmpp:idle:1\" since=\"2026-11-23T00:00:00Z\"/></presence>"],
    ["<iq type=\"result\" id=\"t\"><time xmlns=\"urn:xmpp:time\"><tzo>-06:00</tzo><utc>2006-12-19T17:58:35Z</utc></time></iq>"],
    ["<iq type=\"result\" id=\"b\"><bind xmlns=\"urn:ietf:params:xml:ns:xmpp-bind\"><jid>a@b/c d</jid></bind></iq>"],
    ["<iq type=\"result\" id=\"d\"><query xmlns=\"http://jabber.org/protocol/disco#info\" node=\"n\"><identity category=\"server\" type=\"im\"/><x xmlns=\"jabber:x:data\" type=\"result\"><field var=\"FORM_TYPE\" type=\"hidden\"><value>http://jabber.org/network/serverinfo</value></field></x></query></iq>"],
    ["<message to=\"a@b\" id=\"m\"><delay xmlns=\"urn:xmpp:delay\" from=\"b\" stamp=\"2002-09-10T23:08:25Z\"/><stanza-id xmlns=\"urn:xmpp:sid:0\" id=\"i\" by=\"b\"/></message>"],
  ])("are not what the protocol has: %s", (xml) => {
    expect(came(xml)).toBe(xml);
    expect(left(xml)).toBe(xml);
  });

  it("are withheld where they are named like the text of an error, in what this server says too", () => {
    const text = "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Hidden</text>";
    const note = `<query xmlns='jabber:iq:private'><note xmlns='urn:example'>${text}<error xmlns='jabber:client'>${text}</error></note></query>`;
    expect(left(`<iq type='result' id='p' to='romeo@localhost/a'>${note}</iq>`)).not.toContain("Hidden");
    expect(left(`<iq type='error' id='p' to='romeo@localhost/a'>${note}</iq>`)).not.toContain("Hidden");
    expect(left(`<iq type='result' id='p' to='romeo@localhost/a'><error>${text}</error></iq>`)).not.toContain("Hidden");
  });

  it("are not what this server itself says", () => {
    const error = (from: string) =>
      `<iq type='error' id='q' ${from} to='romeo@localhost/x'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>no such node</text></error></iq>`;
    expect(left(error("from='localhost'"))).toContain(">no such node<");
    expect(left(error("from='juliet@localhost/y'"))).toContain(">[12 characters]<");
    expect(left("<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>replaced</text></stream:error>"))
      .toBe('<stream:error><conflict xmlns="urn:ietf:params:xml:ns:xmpp-streams"/><text xmlns="urn:ietf:params:xml:ns:xmpp-streams">replaced</text></stream:error>');
    expect(left("<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>"))
      .toBe('<stream:features><mechanisms xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><mechanism>PLAIN</mechanism></mechanisms></stream:features>');
    expect(left("<stream:features/>")).toBe("<stream:features/>");
  });
});

describe("RFC 6120 section 6.4 and all that is as good as a password", () => {
  it.each([
    ["<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>Hidden</auth>"],
    ["<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>Hidden</response>"],
    ["<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>Hidden</challenge>"],
    ["<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>Hidden</success>"],
    ["<authenticate xmlns='urn:xmpp:sasl:2' mechanism='X'><initial-response>Hidden</initial-response></authenticate>"],
    ["<success xmlns='urn:xmpp:sasl:2'><additional-data>Hidden</additional-data><token xmlns='urn:xmpp:fast:0' token='Hidden' expiry='x'/></success>"],
    ["<iq type='set' id='a'><query xmlns='jabber:iq:auth'><username>Hidden</username><password>Hidden</password><digest>Hidden</digest></query></iq>"],
    ["<iq type='set' id='a'><query xmlns='jabber:iq:register'><username>Hidden</username><password>Hidden</password><x xmlns='jabber:x:data' type='submit'><field var='any'><value>Hidden</value></field></x></query></iq>"],
    ["<iq type='set' id='a'><x xmlns='jabber:x:data' type='submit'><field var='password-verify'><value>Hidden</value></field><field type='text-private' var='q'><value><b>Hidden</b></value></field></x></iq>"],
    ["<presence to='room@muc'><x xmlns='http://jabber.org/protocol/muc'><password>Hidden</password></x></presence>"],
    ["<message to='a@b'><x xmlns='jabber:x:conference' jid='room@muc' password='Hidden'/></message>"],
    ["<iq type='result' id='s'><slot xmlns='urn:xmpp:http:upload:0'><put url='Hidden'><header name='Hidden'>Hidden</header></put></slot></iq>"],
    ["<iq type='result' id='s'><services xmlns='urn:xmpp:extdisco:2'><service type='turn' password='Hidden'/></services></iq>"],
    ["<message to='a@b'><x xmlns='urn:example' apiKey='Hidden' Secret='Hidden'><Client-Secret>Hidden</Client-Secret><access_token>Hidden<b c='Hidden'>Hidden</b></access_token></x></message>"],
    // Whatever the attributes of a secret are called.
    ["<iq type='set' id='a'><password xmlns='urn:example' hash='Hidden' algo='Hidden'/></iq>"],
    ["<iq type='set' id='a'><credential xmlns='urn:example' code='Hidden' xml:lang='Hidden'/></iq>"],
    ["<iq type='set' id='a'><x xmlns='urn:example'><token id='Hidden' sid='Hidden'><jid to='Hidden'/></token></x></iq>"],
  ])("is never shown, whatever is asked for: %s", (xml) => {
    for (const bodies of [false, true]) {
      expect(came(xml, bodies)).not.toContain("Hidden");
      expect(left(xml, bodies)).not.toContain("Hidden");
    }
  });

  it("is withheld in events and facts too", () => {
    expect(showEvent({ type: "sasl.challenged", at: 1, data: "Hidden" })).toEqual({ type: "sasl.challenged", at: 1, data: "[withheld]" });
    expect(showEvent({ type: "sasl.succeeded", at: 1, username: "romeo", data: "Hidden" })).toMatchObject({ username: "romeo", data: "[withheld]" });
    expect(showEvent({ type: "sasl.succeeded", at: 1, username: "romeo", data: null })).toMatchObject({ data: null });
    const fact = (type: string, data: object) => ({ type, v: 1, at: 1, step: "s", cause: null, position: 1, stream: "s", version: 1, data }) as unknown as StoredFact;
    const told = fact("SessionTold", { event: { type: "sasl.challenged", at: 1, data: "Hidden" }, state: "x" });
    expect(JSON.stringify(showFact(told, true))).not.toContain("Hidden");
    const words = [
      fact("RosterItemSet", { item: { jid: "a@b", name: "Hidden", groups: ["Hidden"] } }), fact("SubscriptionRequested", { stanza: "Hidden" }),
      fact("UserLeft", { status: "Hidden" }), fact("AccountDataSet", { value: "Hidden" }),
    ];
    for (const one of words) {
      expect(JSON.stringify(showFact(one, false))).not.toContain("Hidden");
      expect(showFact(one, true)).toEqual(one);
    }
  });

  it("is withheld in what clients keep with the server, and what is long there is cut", () => {
    const kept = (type: string, data: object) => showFact({ type, v: 1, at: 1, step: "s", cause: null, position: 1, stream: "s", version: 1, data } as unknown as StoredFact, true).data;
    const storage = (name: string, password: string) => `<storage xmlns="storage:bookmarks"><conference name="${name}" jid="a@b"><password>${password}</password></conference></storage>`;
    expect(kept("AccountDataSet", { space: "private-xml", value: storage("Verona", "Hidden") })).toEqual({ space: "private-xml", value: storage("Verona", "[withheld]") });
    expect(kept("AccountDataSet", { value: { list: [storage("Verona", "Hidden"), 1, null] } })).toEqual({ value: { list: [storage("Verona", "[withheld]"), 1, null] } });
    expect(kept("AccountDataSet", { value: "<storage><password>Hidden" })).toEqual({ value: "[withheld]" });
    expect(JSON.stringify(kept("SubscriptionRequested", { stanza: "<presence type='subscribe'><token xmlns='urn:example' id='Hidden'>Hidden</token></presence>" }))).not.toContain("Hidden");
    for (const value of ["x".repeat(100_000), `<vCard xmlns="vcard-temp"><FN>${"x".repeat(100_000)}</FN></vCard>`]) {
      expect(JSON.stringify(kept("AccountDataSet", { value })).length).toBeLessThan(inspectorWireCharsMax + 1_000);
    }
  });

  it("does not say how long it is", () => {
    const auth = (secret: string) => `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`;
    expect(elementCame(parseElement(auth("a")), true)).toEqual(elementCame(parseElement(auth("a".repeat(100))), true));
    expect(textWritten(auth("a"), true)).toEqual(textWritten(auth("a".repeat(100)), true));
    const conference = (secret: string) => `<message to='a@b'><x xmlns='jabber:x:conference' jid='room@muc' password='${secret}'/></message>`;
    expect(elementCame(parseElement(conference("a")), true)).toEqual(elementCame(parseElement(conference("a".repeat(100))), true));
  });
});

describe("What is shown", () => {
  it("counts the original", () => {
    const xml = '<message to="a@b"><body>one &amp; two</body></message>';
    expect(elementCame(parseElement(xml), false).chars).toBe(xml.length);
    expect(textWritten(xml, false).chars).toBe(xml.length);
  });

  it("is the header and the end tag as they are", () => {
    expect(headerCame({ to: "local<host", from: undefined, id: undefined, version: "1.0", lang: "en" }).xml).toBe('<stream:stream to="local&lt;host" version="1.0" xml:lang="en">');
    expect(left("<?xml version='1.0'?><stream:stream id='x'>")).toBe("<?xml version='1.0'?><stream:stream id='x'>");
    expect(left("</stream:stream>")).toBe("</stream:stream>");
  });

  it("is nothing of what cannot be read", () => {
    expect(left("<message><body>Hidden", true)).toBe("[withheld]");
  });

  it("is cut where it is long, and stays well-formed", () => {
    const inside = "<![CDATA[" + "<&😀".repeat(40_000) + "]]>";
    for (const xml of [
      `<message to='a@b'><body>${inside}</body><body xml:lang='de'>${inside}</body></message>`,
      `<message to='a@b'><x xmlns='urn:example' a='${"'".replace("'", "&apos;").repeat(30_000)}'/>${"<y xmlns='urn:example'/>".repeat(8_000)}</message>`,
      `<message to='a@b' id='${"i".repeat(100_000)}'/>`,
    ]) {
      const shown = redact(restoreElement(xml), { bodies: true, direction: "in" }).xml;
      expect(shown.length).toBeLessThan(inspectorWireCharsMax + 1_000);
      expect(shown).toMatch(/… \[\d+( characters)? more\]/);
      expect(() => restoreElement(shown)).not.toThrow();
    }
  });

  it("holds no word and no secret of any element, and is always XML", () => {
    const name = fc.constantFrom("message", "body", "item", "password", "x", "text", "field", "auth");
    const namespace = fc.constantFrom(undefined, "jabber:client", "jabber:x:data", "urn:ietf:params:xml:ns:xmpp-sasl", "urn:example", "jabber:iq:auth");
    const attribute = fc.constantFrom("name", "password", "title", "href", "label");
    const word = fc.constantFrom("Hidden", "Hidden <b>&\"'", "\u202eHidden", "Hidden 😀");
    const { tree } = fc.letrec((tie) => ({
      tree: fc.tuple(name, namespace, fc.dictionary(attribute, word, { maxKeys: 3 }), fc.array(fc.oneof({ maxDepth: 4 }, word, tie("tree")), { maxLength: 3 })).map(
        ([name, xmlns, attrs, children]) => el(name, { ...attrs, ...(xmlns === undefined ? {} : { xmlns }) }, ...(children as (string | ReturnType<typeof el>)[])),
      ),
    }));
    fc.assert(
      fc.property(tree as fc.Arbitrary<ReturnType<typeof el>>, fc.constantFrom("in" as const, "out" as const), (element, direction) => {
        const shown = redact(element, { bodies: false, direction }).xml;
        expect(shown).not.toContain("Hidden");
        const open = redact(element, { bodies: true, direction }).xml;
        expect(open).not.toMatch(/password="Hidden|<password[^>/]*>Hidden/);
        for (const xml of [shown, open]) expect(() => restoreElement(xml)).not.toThrow();
      }),
    );
  });
});
