import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, readXml, showXml, textOf, type Xml } from "../support/xml-reader.ts";

let server: TestServer;
let romeo: BoundClient;
beforeAll(async () => {
  server = await startServer();
  for (const user of ["romeo", "paris"]) await server.addUser(user, "secret");
  romeo = await login(server, { user: "romeo" });
});
afterAll(() => server.stop());

let users = 0;
/** A user that nobody has met. */
async function newUser(): Promise<BoundClient> {
  const user = `juliet${++users}`;
  await server.addUser(user, "secret");
  return login(server, { user });
}

async function ask(client: BoundClient, type: string, vcard: string, to?: string): Promise<Xml> {
  const [answer, ...others] = await client.ask(`<iq type='${type}' id='v'${to === undefined ? "" : ` to='${to}'`}>${vcard}</iq>`);
  expect(others).toEqual([]);
  expect(answer!.attrs).toMatchObject({ id: "v", to: client.jid });
  return answer!;
}
const get = (client: BoundClient, to?: string) => ask(client, "get", "<vCard xmlns='vcard-temp'/>", to);
const set = (client: BoundClient, vcard: string, to?: string) => ask(client, "set", vcard, to);
const condition = (answer: Xml) => (childOf(answer, "error")?.children[0] as Xml | undefined)?.name;

const card = `<vCard xmlns='vcard-temp' version='3.0'><FN>Juliet &amp; &lt;Capulet&gt;</FN>
  <N><FAMILY>Capulet</FAMILY><GIVEN>Juliet</GIVEN><MIDDLE/></N>
  <PHOTO><TYPE>image/png</TYPE><BINVAL>iVBORw0KGgo=</BINVAL></PHOTO><x:note xmlns:x='urn:example:x' x:of='&apos;'>…</x:note></vCard>`;

describe("XEP-0054 section 3.1 retrieving one's vCard", () => {
  it("has none at first", async () => {
    const juliet = await newUser();
    for (const to of [undefined, juliet.bare]) expect(condition(await get(juliet, to))).toBe("item-not-found");
    await juliet.close();
  });

  it("returns what was stored, whole", async () => {
    const juliet = await newUser();
    expect((await set(juliet, card)).attrs).toMatchObject({ type: "result" });
    for (const to of [undefined, juliet.bare]) {
      const answer = await get(juliet, to);
      expect(answer.attrs["type"]).toBe("result");
      expect(answer.children).toEqual([readXml(card)]);
    }
    await juliet.close();
  });
});

describe("XEP-0054 section 3.2 updating one's vCard", () => {
  it("replaces all of it, also by way of the own bare JID", async () => {
    const juliet = await newUser();
    await set(juliet, card);
    const other = "<vCard xmlns='vcard-temp'><FN>Juliet</FN></vCard>";
    expect(await set(juliet, other, juliet.bare)).toMatchObject({ attrs: { type: "result" }, children: [] });
    expect((await get(juliet)).children).toEqual([readXml(other)]);
    await juliet.close();
  });

  it("takes it back with an empty one", async () => {
    const juliet = await newUser();
    await set(juliet, card);
    await set(juliet, "<vCard xmlns='vcard-temp'/>");
    expect(condition(await get(juliet))).toBe("item-not-found");
    expect(condition(await get(romeo, juliet.bare))).toBe("service-unavailable");
    await juliet.close();
  });

  it("is forbidden for every other account, one that does not exist, and the server", async () => {
    const juliet = await newUser();
    await set(juliet, card);
    const answers = [];
    for (const to of [juliet.bare, "paris@localhost", "nobody@localhost", "localhost"]) {
      const answer = await set(romeo, "<vCard xmlns='vcard-temp'><FN>Mallory</FN></vCard>", to);
      expect(childOf(answer, "error")!.attrs["type"]).toBe("auth");
      answers.push(condition(answer));
    }
    expect(answers).toEqual(["forbidden", "forbidden", "forbidden", "forbidden"]);
    expect((await get(juliet)).children).toEqual([readXml(card)]);
    await juliet.close();
  });
});

describe("XEP-0054 section 3.3 viewing another user's vCard", () => {
  it("is open to everybody, whether the user is there or not", async () => {
    const juliet = await newUser();
    await set(juliet, card);
    const seen = await get(romeo, juliet.bare);
    expect(seen.attrs).toMatchObject({ type: "result", from: juliet.bare });
    expect(seen.children).toEqual([readXml(card)]);
    await juliet.close();
    expect((await get(romeo, juliet.bare)).children).toEqual([readXml(card)]);
  });

  it("does not tell an account without a vCard from one that does not exist", async () => {
    const [without, nobody] = [await get(romeo, "paris@localhost"), await get(romeo, "nobody@localhost")];
    expect(condition(without)).toBe("service-unavailable");
    expect(showXml(without).replaceAll("paris", "nobody")).toBe(showXml(nobody));
  });

  it("gives back also what is longer and has more attributes once it is kept", async () => {
    const juliet = await newUser();
    const attributes = Array.from({ length: 64 }, (_, i) => `p:a${i}=''`).join(" ");
    const fill = (quotes: number) =>
      `<vCard xmlns='vcard-temp' xmlns:p='urn:p' xmlns:q='urn:q'><q:x ${attributes}/><DESC>${"'".repeat(quotes)}</DESC></vCard>`;
    expect((await set(juliet, fill(250_000))).attrs["type"]).toBe("result");
    const seen = childOf(await get(romeo, juliet.bare), "vCard");
    expect(textOf(childOf(seen, "DESC"))).toHaveLength(250_000);
    expect(Object.keys(childOf(seen, "x")!.attrs)).toHaveLength(64);
    expect(await romeo.caughtUp()).toEqual([]);
    await juliet.close();
  });
});

describe("XEP-0054 section 4 determining support", () => {
  it.each(["localhost", "romeo@localhost"])("is told of %s", async (to) => {
    const answer = await ask(romeo, "get", "<query xmlns='http://jabber.org/protocol/disco#info'/>", to);
    expect(showXml(answer)).toContain("<feature var='vcard-temp'/>");
  });
});
