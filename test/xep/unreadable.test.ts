/** What the server has kept and cannot read any more is missing, and nobody's stream ends over it. */
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { accountStream, offlineKey, type AccountFact } from "../../src/domain/facts.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { backstage } from "../support/contacts.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, readXml, textOf, type Xml } from "../support/xml-reader.ts";

const stage = backstage();
let server: TestServer;
let logged: { readonly level: number; readonly jid?: string; readonly what?: string; readonly msg: string }[];
let juliet: string;
let clients: BoundClient[];
let users = 0;

beforeAll(async () => {
  const logger = pino({ level: "error" }, { write: (line: string) => void logged.push(JSON.parse(line) as (typeof logged)[number]) });
  server = await startServer({ allowPlaintext: true, extensions: [stage.extension], logger });
  await server.addUser("romeo", "secret");
});
beforeEach(async () => {
  [logged, clients] = [[], []];
  juliet = await server.addUser(`juliet${++users}`, "secret");
});
afterEach(() => {
  for (const { raw } of clients) raw.destroy();
});
afterAll(() => server.stop());

async function enter(bare: string, resource = "balcony"): Promise<BoundClient> {
  const client = await login(server, { user: bare.split("@")[0]!, resource, over: "plaintext" });
  clients.push(client);
  return client;
}

async function ask(client: BoundClient, payload: string, to = juliet): Promise<Xml> {
  const answers = await client.ask(`<iq type='get' id='q' to='${to}'>${payload}</iq>`);
  return answers.find(({ attrs }) => attrs["id"] === "q")!;
}
const condition = (answer: Xml) => (childOf(answer, "error")?.children[0] as Xml | undefined)?.name;

const keep = (space: string, key: string, value: string | number) =>
  stage.withAccount(juliet, (step, account, house) => house.data.set(step, account, space, key, value));
const record = (fact: (about: { host: string; username: string }) => AccountFact) =>
  stage.withAccount(juliet, (step, account, house) => house.change(step, account, fact({ host: account.host, username: account.username })));
/** Whose, and what of it; each of the errors that operators were told. */
const told = () => logged.map(({ jid, what }) => [jid, what]);

describe("A value that is kept and no XML", () => {
  it.each(["no XML", "<vCard>", "<vCard/><vCard/>", 7])("is no vCard: %s", async (value) => {
    const romeo = await enter("romeo@localhost");
    const own = await enter(juliet);
    await keep("vcard", "vcard", value);
    for (let times = 0; times < 2; times += 1) {
      expect(condition(await ask(romeo, "<vCard xmlns='vcard-temp'/>"))).toBe("service-unavailable");
      expect(condition(await ask(own, "<vCard xmlns='vcard-temp'/>"))).toBe("item-not-found");
    }
    expect(told()).toEqual([[juliet, "vcard/vcard"]]);
    expect(logged[0]?.msg).toContain("cannot be read");
    await own.ask("<iq type='set' id='s'><vCard xmlns='vcard-temp'><FN>Juliet</FN></vCard></iq>");
    expect((await ask(romeo, "<vCard xmlns='vcard-temp'/>")).children).toEqual([readXml("<vCard xmlns='vcard-temp'><FN>Juliet</FN></vCard>")]);
  });

  it("is no private XML, and can be replaced", async () => {
    const own = await enter(juliet);
    await keep("private-xml", "namespace/urn:a", "<query>");
    const get = async () => childOf(await ask(own, "<query xmlns='jabber:iq:private'><a xmlns='urn:a'/></query>"), "query")!.children;
    expect([await get(), await get()]).toEqual([[readXml("<a xmlns='urn:a'/>")], [readXml("<a xmlns='urn:a'/>")]]);
    expect(told()).toEqual([[juliet, "private-xml/namespace/urn:a"]]);
    await own.ask("<iq type='set' id='s'><query xmlns='jabber:iq:private'><a xmlns='urn:a'>1</a></query></iq>");
    expect(await get()).toEqual([readXml("<a xmlns='urn:a'>1</a>")]);
  });
});

describe("A request that is kept and no XML", () => {
  it("is shown to nobody, unlike the others", async () => {
    const request = (from: string) => `<presence xmlns='jabber:client' type='subscribe' from='${from}' to='${juliet}'/>`;
    await enter("romeo@localhost");
    for (const [from, stanza] of [["a@x.example", "<presence"], ["b@x.example", request("b@x.example")]] as const) {
      await record((about) => ({ type: "SubscriptionRequested", data: { ...about, from, stanza } }));
    }
    for (const resource of ["balcony", "garden"]) {
      const came = await (await enter(juliet, resource)).ask("<presence/>");
      expect(came.filter(({ attrs }) => attrs["type"] === "subscribe").map(({ attrs }) => attrs["from"])).toEqual(["b@x.example"]);
    }
    const [own] = clients.slice(-1);
    for (const [id, change] of [["1", "block"], ["2", "unblock"]] as const) {
      const answers = await own!.ask(`<iq type='set' id='${id}'><${change} xmlns='urn:xmpp:blocking'><item jid='a@x.example'/></${change}></iq>`);
      expect(answers.map(({ attrs }) => attrs["type"])).toEqual(["result"]);
    }
    expect(told()).toEqual([[juliet, "request of a@x.example"]]);
  });
});

describe("A message that is kept and no XML", () => {
  it("is given to nobody, unlike the others, and stays where it is", async () => {
    await enter("romeo@localhost");
    const message = (body: string) => `<message from='romeo@localhost' to='${juliet}'><body>${body}</body></message>`;
    for (const [index, stanza] of [message("1"), "<message", message("3")].entries()) {
      const number = index + 1;
      await record((about) => ({
        type: "OfflineMessageStored",
        data: { ...about, number, bytes: stanza.length, id: null, from: "romeo@localhost", why: null },
        contents: [{ key: offlineKey(number), text: stanza }],
      }));
    }
    const bodies: string[] = [];
    for (const resource of ["balcony", "garden"]) {
      const client = await enter(juliet, resource);
      client.send("<presence/>");
      client.send(`<iq type='get' id='settled' to='${juliet}'><ping xmlns='urn:xmpp:ping'/></iq>`);
      for (let next = await client.next(); next.attrs["id"] !== "settled"; next = await client.next()) {
        if (next.name === "message") bodies.push(textOf(childOf(next, "body")));
      }
      await client.close();
    }
    expect(bodies).toEqual(["1", "3"]);
    expect(told()).toEqual([[juliet, "offline message 2"]]);
    const kept = await server.store.contents(accountStream("localhost", juliet.split("@")[0]!), "", 9);
    expect(kept.map(({ key }) => key)).toEqual([offlineKey(2)]);
  });
});
