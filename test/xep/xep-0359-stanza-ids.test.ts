/** Who may say under which id an account knows a stanza, over real sockets. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { all, stanzaIdBy } from "./xep-0313-setting.ts";

let server: TestServer;
let romeo: BoundClient;
let juliet: BoundClient;

beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, domains: ["localhost", "capulet.example"] });
  for (const user of ["romeo", "juliet"]) await server.addUser(user, "secret");
  romeo = await login(server, { user: "romeo", over: "plaintext" });
  juliet = await login(server, { user: "juliet", over: "plaintext" });
  await juliet.ask("<presence/>");
});
afterAll(async () => {
  for (const { raw } of [romeo, juliet]) raw.destroy();
  await server.stop();
});

const sid = "urn:xmpp:sid:0";
const claim = (by: string, id = "forged") => `<stanza-id xmlns='${sid}' by='${by}' id='${id}'/>`;
const ids = (stanza: Xml | undefined) => (stanza?.children ?? []).filter((child): child is Xml => typeof child !== "string" && child.name === "stanza-id");

async function send(content: string, type = "chat"): Promise<Xml | undefined> {
  await romeo.ask(`<message to='${juliet.jid}' type='${type}'>${content}</message>`);
  return (await juliet.caughtUp())[0];
}

describe("XEP-0359 section 3, rule 2: an id that this server would give", () => {
  it.each([
    "juliet@localhost", "JULIET@LOCALHOST", "juliet@localhost/test", "romeo@localhost", "nobody@localhost", "localhost", "anybody@capulet.example", "capulet.example", " juliet@localhost ", "&#10;juliet@localhost",
  ])("is taken out of what others send: by '%s'", async (by) => {
    for (const type of ["chat", "headline", "error"]) {
      const message = await send(`<body>a</body>${claim(by)}<x xmlns='urn:x'/>${claim(by, "again")}`, type);
      expect(ids(message).filter(({ attrs }) => attrs["id"] !== stanzaIdBy(message, juliet.bare) || attrs["id"] === "forged")).toEqual([]);
      expect(ids(message)).toHaveLength(type === "chat" ? 1 : 0);
      expect(childOf(message, "x")).toBeDefined();
    }
    const found = await all(juliet, {}, 250);
    for (const { message } of found) expect(ids(message)).toEqual([]);
  });

  it("is taken out of presence as well, and of what one sends to oneself", async () => {
    await romeo.ask(`<presence to='${juliet.jid}'>${claim("juliet@localhost")}${claim("x@remote.example", "theirs")}</presence>`);
    const [presence] = await juliet.caughtUp();
    expect(ids(presence).map(({ attrs }) => attrs["id"])).toEqual(["theirs"]);
    const own = (await juliet.ask(`<message to='${juliet.bare}'><body>note</body>${claim(juliet.bare)}</message>`)).find(({ name }) => name === "message");
    expect(ids(own).map(({ attrs }) => attrs["id"])).not.toContain("forged");
    expect(ids(own)).toHaveLength(1);
  });
});

describe("XEP-0359 section 3, rule 3: what is not this server's to say", () => {
  it("stays: ids by others, the sender's own id, references, and what is not about this stanza", async () => {
    const kept = [
      claim("room@muc.remote.example", "theirs"), claim("localhost.example", "other"), `<origin-id xmlns='${sid}' id='o'/>`,
      `<referenced-stanza xmlns='${sid}' by='juliet@localhost' id='r'/>`, "<stanza-id xmlns='urn:x' by='juliet@localhost' id='x'/>",
      `<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client'>${claim("juliet@localhost", "within")}</message></forwarded>`,
    ];
    const message = await send(`<body>a</body>${kept.join("")}`);
    const theirs = (message!.children as readonly Xml[]).filter(({ attrs }) => attrs["id"] !== stanzaIdBy(message, juliet.bare));
    expect(theirs.map(({ name, attrs }) => [name, attrs["id"]])).toEqual([
      ["body", undefined], ["stanza-id", "theirs"], ["stanza-id", "other"], ["origin-id", "o"], ["referenced-stanza", "r"], ["stanza-id", "x"], ["forwarded", undefined],
    ]);
    expect(stanzaIdBy(childOf(childOf(message, "forwarded"), "message"), "juliet@localhost")).toBe("within");
  });

  it("is left alone in an iq", async () => {
    const [iq] = await juliet.ask(`<iq type='get' id='q' to='${juliet.jid}'>${claim("juliet@localhost")}</iq>`);
    expect(ids(iq)).toHaveLength(1);
  });
});

describe("XEP-0359 section 3, rule 4", () => {
  it("holds whatever a sender claims: one id by the addressee, which is its archive's, and none that a sender made up for an account of ours", async () => {
    const by = fc.constantFrom("juliet@localhost", "romeo@localhost", "Juliet@Localhost/x", "localhost", "remote.example", "a@remote.example", "", "@", " ");
    await fc.assert(fc.asyncProperty(fc.array(by, { maxLength: 6 }), async (claims) => {
      const message = await send(`<body>${claims.length}</body>${claims.map((by, index) => claim(by, `forged${index}`)).join("")}`);
      const [newest] = (await all(juliet, {}, 250)).slice(-1);
      expect(textOf(childOf(message, "body"))).toBe(newest!.body);
      expect(ids(message).filter(({ attrs }) => attrs["by"] === juliet.bare).map(({ attrs }) => attrs["id"])).toEqual([newest!.id]);
      expect(ids(message).filter(({ attrs }) => /localhost/i.test(attrs["by"] ?? ""))).toHaveLength(1);
    }), { numRuns: 40 });
  });
});
