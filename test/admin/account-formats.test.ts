import { describe, expect, it } from "vitest";
import { AccountFileError } from "../../src/admin/formats/account-file.ts";
import { guessFormat } from "../../src/admin/formats/account-formats.ts";
import { jsonLinesFooter, jsonLinesHeader } from "../../src/admin/formats/json-lines.ts";
import { readFile } from "./account-files.ts";

/** The problem of a file that cannot be read, with its line. */
function problemOf(format: "json" | "xep-0227", text: string): string {
  try {
    readFile(format, text);
  } catch (error) {
    if (error instanceof AccountFileError) return `${error.line}: ${error.message}`;
    throw error;
  }
  throw new Error("nothing is wrong with it");
}

const pie = (content: string) => `<server-data xmlns='urn:xmpp:pie:0'><host jid='capulet.com'>${content}</host></server-data>`;

describe("XEP-0227 a file as Prosody writes it", () => {
  it("is understood whole", () => {
    // The stanzas have no namespace of their own, and there is an attribute of Prosody's.
    const text =
      "<server-data xmlns='urn:xmpp:pie:0'><host jid='localhost'><user name='juliet' ns1:created='1700000000' xmlns:ns1='http://prosody.im/protocol/extended-xep0227'>" +
      "<scram-credentials mechanism='SCRAM-SHA-1' xmlns='urn:xmpp:pie:0#scram'><server-key>5XD3Uij2R2X3wNB927c2SB7nXYQ=</server-key>" +
      "<stored-key>LgYOPX+KGi2olZeJ//029F+ekD4=</stored-key><iter-count>10000</iter-count><salt>YWY1OGMzMTctZWU4MC00NWE0LTg3YTgtMWI0M2Y2MWVkYTNl</salt></scram-credentials>" +
      "<query version='2' xmlns='jabber:iq:roster'><item name='Nurse &amp; friend' ask='subscribe' subscription='from' jid='nurse@localhost'><group>Friends</group><group>Verona</group></item></query>" +
      "<presence type='subscribe' from='romeo@localhost'><status>it is I</status></presence>" +
      "<query xmlns='jabber:iq:private'><storage xmlns='storage:bookmarks'><conference name='x' jid='a@b'/></storage></query>" +
      "<vCard xmlns='vcard-temp'><FN>Juliet Capulet</FN></vCard>" +
      "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><configure node='n'/></pubsub><pubsub xmlns='http://jabber.org/protocol/pubsub'/>" +
      "<archive xmlns='urn:xmpp:pie:0#mam'/></user></host></server-data>";
    expect(readFile("xep-0227", text)).toEqual([{
      kind: "account",
      line: 1,
      bytes: expect.any(Number) as number,
      account: {
        jid: "juliet@localhost",
        credentials: {
          "SCRAM-SHA-1": {
            salt: "YWY1OGMzMTctZWU4MC00NWE0LTg3YTgtMWI0M2Y2MWVkYTNl", iterations: 10_000,
            storedKey: "LgYOPX+KGi2olZeJ//029F+ekD4=", serverKey: "5XD3Uij2R2X3wNB927c2SB7nXYQ=",
          },
        },
        roster: [{ jid: "nurse@localhost", name: "Nurse & friend", groups: ["Friends", "Verona"], subscription: "from", ask: true, approved: false }],
        requests: [{ from: "romeo@localhost", stanza: '<presence type="subscribe" from="romeo@localhost" xmlns="jabber:client"><status>it is I</status></presence>' }],
        blocked: [],
        offlineMessages: [],
        // Who may see it is not said, so nobody may.
        state: [{ space: "pep", key: "n", value: { created: 1_700_000_000_000, config: { access_model: "whitelist" }, chunks: [] } }],
        data: [
          { space: "vcard", key: "vcard", value: '<vCard xmlns="vcard-temp"><FN>Juliet Capulet</FN></vCard>' },
          { space: "private-xml", key: "count", value: 1 },
          {
            space: "private-xml", key: "namespace/storage:bookmarks",
            value: '<query xmlns="jabber:iq:private"><storage xmlns="storage:bookmarks"><conference name="x" jid="a@b"/></storage></query>',
          },
        ],
      },
      ignored: [
        "the attribute created of users", "the access model of nodes, where it is missing or unknown: only their owners may see them now",
      ],
    }]);
  });
});

describe("XEP-0227 section 4", () => {
  const accountOf = (user: string) => {
    const [entry, ...others] = readFile("xep-0227", pie(user));
    expect(others).toEqual([]);
    return entry;
  };

  it("gives passwords in clear, which count, and nothing for an empty one", () => {
    expect(accountOf("<user name='juliet' password='R0m30'/>")).toMatchObject({ account: { password: "R0m30" } });
    expect(accountOf("<user name='juliet' password=''/>")).toMatchObject({ account: { credentials: {} } });
  });

  it("gives keys in the place of a password, as ejabberd does", () => {
    const keys = { storedKey: "U1Q=", serverKey: "U0U=", salt: "U0E=", iterations: 4096 };
    expect(accountOf("<user name='juliet' password='scram:U1Q=,U0U=,U0E=,4096'/>")).toMatchObject({ account: { credentials: { "SCRAM-SHA-1": keys } } });
    expect(accountOf("<user name='juliet' password='scram:U1Q=,U0U=,U0E=,4096'/>")).not.toHaveProperty("account.password");
  });

  it("gives keys for the mechanisms that are here, and tells of others", () => {
    const keys = (mechanism: string) =>
      `<scram-credentials xmlns='urn:xmpp:pie:0#scram' mechanism='${mechanism}'>
         <iter-count>4096</iter-count><salt>c2Fs\n dA==</salt><server-key>a</server-key><stored-key>b</stored-key>
       </scram-credentials>`;
    expect(accountOf(`<user name='juliet'>${keys("SCRAM-SHA-256")}${keys("SCRAM-SHA-512")}</user>`)).toMatchObject({
      account: { credentials: { "SCRAM-SHA-256": { salt: "c2FsdA==", iterations: 4096, serverKey: "a", storedKey: "b" } } },
      ignored: ["keys for SCRAM-SHA-512"],
    });
    expect(accountOf(`<user name='juliet'>${keys("SCRAM-SHA-1").repeat(2)}</user>`)).toMatchObject({ kind: "failure", message: /two sets/ });
    expect(accountOf(`<user name='juliet'>${keys("SCRAM-SHA-1").replace("4096", "04096")}</user>`)).toMatchObject({ kind: "failure", message: /whole number/ });
    expect(accountOf(`<user name='juliet'>${keys("SCRAM-SHA-1").replace(/<salt>.*<\/salt>/s, "")}</user>`)).toMatchObject({ kind: "failure", message: /exactly one salt/ });
  });

  it("gives a roster, without the user and without what no roster holds", () => {
    const roster = (items: string) => `<user name='juliet'><query xmlns='jabber:iq:roster'>${items}</query></user>`;
    expect(accountOf(roster("<item jid='romeo@montague.net'><group/><group>a</group><group>a</group></item><item jid='Juliet@capulet.com' subscription='both'/>"))).toMatchObject({
      account: { roster: [{ jid: "romeo@montague.net", name: "", groups: ["a"], subscription: "none", ask: false, approved: false }] },
      ignored: ["users as contacts of their own"],
    });
    expect(accountOf(roster("<item jid='a@b' approved='true'/>"))).toMatchObject({ account: { roster: [{ approved: true }] } });
    expect(accountOf(roster("<item jid='a@b' subscription='remove'/>"))).toMatchObject({ kind: "failure", message: /expected the subscription none, to, from or both/ });
    expect(accountOf(roster("<item/>"))).toMatchObject({ kind: "failure" });
  });

  it("gives offline messages in order, as they are", () => {
    const user = "<user name='juliet'><offline-messages><message xmlns='jabber:client' from='a@b' type='chat'><body>1</body></message><message from='a@b'><body>2</body></message></offline-messages></user>";
    expect(accountOf(user)).toMatchObject({
      account: {
        offlineMessages: [
          '<message xmlns="jabber:client" from="a@b" type="chat"><body>1</body></message>',
          '<message from="a@b" xmlns="jabber:client"><body>2</body></message>',
        ],
      },
    });
  });

  it("gives whom the default privacy list blocks, and tells of what else privacy lists do", () => {
    const privacy = (content: string) => accountOf(`<user name='juliet'><query xmlns='jabber:iq:privacy'>${content}</query></user>`);
    const deny = (value: string, order: number, child = "") => `<item type='jid' value='${value}' action='deny' order='${order}'>${child}</item>`;
    expect(privacy(`<default name='d'/><list name='d'>${deny("b@c", 10)}${deny("a@c", 9)}<item action='allow' order='11'/>${deny("d@c", 12)}</list>`)).toMatchObject({
      account: { blocked: ["a@c", "b@c"] },
      ignored: [],
    });
    expect(privacy(`<default name='d'/><list name='d'>${deny("a@c", 1)}${deny("b@c", 2, "<message/>")}${deny("d@c", 3)}</list><list name='e'>${deny("e@c", 1)}</list>`)).toMatchObject({
      account: { blocked: ["a@c"] },
      ignored: ["privacy lists that are not the default", "rules of privacy lists that do more than block an address"],
    });
    expect(privacy(`<list name='d'>${deny("a@c", 1)}</list>`)).toMatchObject({ account: { blocked: [] }, ignored: ["privacy lists that are not the default"] });
  });

  it("keeps no private XML that clients could not reach, and no empty vCard", () => {
    const user = "<user name='juliet'><vCard xmlns='vcard-temp'/><query xmlns='jabber:iq:private'><a xmlns='jabber:iq:last'>x</a><b xmlns='urn:b'/><c xmlns='urn:c'>1</c><d xmlns='urn:c'>2</d></query></user>";
    const value = '<query xmlns="jabber:iq:private"><c xmlns="urn:c">1</c><d xmlns="urn:c">2</d></query>';
    expect(accountOf(user)).toMatchObject({
      account: { data: [{ space: "private-xml", key: "count", value: 1 }, { space: "private-xml", key: "namespace/urn:c", value }] },
      ignored: ['private XML in the namespace "jabber:iq:last"'],
    });
  });

  it("reads on after a user that cannot be read, and over what is not known", () => {
    const text = `<server-data xmlns='urn:xmpp:pie:0' xmlns:x='urn:x'>
<x:settings>some text <x:deep>and <x:more/></x:deep></x:settings>
<host jid='capulet.com'>
<user name='a'>&lost;</user>
<user/>
<x:user name='b'/>
<user name='c'/>
</host>
<host><user name='d'/></host>
<host jid='montague.net'><user name='e'/></host>
</server-data>`;
    expect(readFile("xep-0227", text)).toMatchObject([
      { kind: "ignored", line: 2, what: "settings (urn:x)" },
      { kind: "failure", line: 4 },
      { kind: "failure", line: 5, message: "a user without a 'name'" },
      { kind: "ignored", line: 6, what: "user (urn:x)" },
      { kind: "account", line: 7, account: { jid: "c@capulet.com" } },
      { kind: "failure", line: 9, message: "a host without a 'jid': its users are left out" },
      { kind: "account", line: 10, account: { jid: "e@montague.net" } },
    ]);
  });
});

describe("XEP-0227 section 5", () => {
  const include = "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='x.xml'/>";

  it.each([
    ["hosts", `<server-data xmlns='urn:xmpp:pie:0'>\n${include}</server-data>`, /^2: the data is split with XInclude.*xmllint --xinclude/],
    ["users", pie(include), /^1: the data is split with XInclude/],
    ["the file of a host", "<host xmlns='urn:xmpp:pie:0' jid='a'/>", /^1: expected the root element server-data.*XInclude/],
  ])("is not there for %s, and the file says so", (_, text, problem) => {
    expect(problemOf("xep-0227", text)).toMatch(problem);
  });

  it("is not there for a user's data, either", () => {
    expect(readFile("xep-0227", pie(`<user name='a'>${include}</user>`))).toMatchObject([{ kind: "failure", message: /^a@capulet.com: the data is split with XInclude/ }]);
    // RFC 6120 section 11.1 and XEP-0227 section 6: further down it is data like any other.
    const kept = `<user name='a'><query xmlns='jabber:iq:private'><b xmlns='urn:b'>${include}</b></query></user>`;
    expect(readFile("xep-0227", pie(kept))).toMatchObject([{ kind: "account", ignored: [] }]);
  });
});

describe("a file that is no file of accounts", () => {
  it.each([
    ["other XML", "<html xmlns='http://www.w3.org/1999/xhtml'/>", /^1: expected the root element server-data in urn:xmpp:pie:0, got html in http/],
    ["a cut file", "<server-data xmlns='urn:xmpp:pie:0'><host jid='a'>\n<user name='b'>", /^2: the document ends early/],
    ["text", pie("hello"), /^1: text between the elements$/],
  ])("is refused: %s", (_, text, problem) => {
    expect(problemOf("xep-0227", text)).toMatch(problem);
  });

  it.each([
    ["other JSON", '{"a":1}\n', /^1: expected the first line of an export in JSON, {"format":"refrain-accounts","version":1}$/],
    ["a later version", `${jsonLinesHeader.replace("1", "2")}\n`, /^1: expected the first line/],
    ["nothing", "\n \n", /^1: the file is empty$/],
    ["a cut file", `${jsonLinesHeader}\n{}\n`, /^3: the last line, {"end":true}, is missing/],
    ["a line too many", `${jsonLinesHeader}\n${jsonLinesFooter}\n{}\n`, /^3: a line after the last one$/],
  ])("is refused: %s", (_, text, problem) => {
    expect(problemOf("json", text)).toMatch(problem);
  });

  it("is told by its beginning", () => {
    expect(["\uFEFF \n<?xml", '{"a"', "a\tb", "", "\u001f\u008b"].map((start) => guessFormat(Buffer.from(start)))).toEqual(["xep-0227", "json", undefined, undefined, undefined]);
  });
});

describe("a file in JSON", () => {
  const text = `\uFEFF${jsonLinesHeader}\r\n{"jid":"ü@localhost","name":"\uFFFD"}\r\n\r\n{"jid":\n${jsonLinesFooter}`;
  const entries = [{ kind: "account", line: 2, account: { jid: "ü@localhost", name: "\uFFFD" } }, { kind: "failure", line: 4, message: "not JSON" }];

  it("is the same whatever pieces it comes in", () => {
    for (const chunkBytes of [1, 2, 7, 1_000]) expect(readFile("json", text, chunkBytes)).toMatchObject(entries);
  });

  it("may have lines that are too long or not UTF-8", () => {
    const long = `{"jid":"${"x".repeat(16_000_000)}"}`;
    const bytes = Buffer.concat([Buffer.from(`${jsonLinesHeader}\n${long}\n`), Buffer.from([0xff]), Buffer.from(`\n{}\n${jsonLinesFooter}\n`)]);
    expect(readFile("json", bytes)).toMatchObject([
      { kind: "failure", line: 2, message: "longer than 16000000 bytes" },
      { kind: "failure", line: 3, message: "not UTF-8" },
      { kind: "account", line: 4 },
    ]);
  });
});
