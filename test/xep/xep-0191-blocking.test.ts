import { wrapStore } from "../support/wrapped-store.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blockedJidsMax } from "../../src/domain/limits.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import { authenticate, type BoundClient } from "../support/login.ts";
import { childOf, readXml, type Xml } from "../support/xml-reader.ts";
import { blocklist, change, command, inWords, listed, pushOf, startStage, xmlns, type Stage } from "./xep-0191-setting.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.server.stop());

/** A client of a new account. */
const newcomer = async (resource = "chamber"): Promise<BoundClient> => stage.enter(await stage.person(), resource);

const errorOf = (stanza: Xml | undefined) => {
  const error = childOf(stanza, "error");
  return `${error?.attrs["type"]} ${(error?.children[0] as Xml | undefined)?.name}`;
};

/** How a request fails, and that it changes nothing. */
async function expectRefused(client: BoundClient, request: string, error: string): Promise<void> {
  const before = await listed(client);
  const answers = await client.ask(request);
  expect(answers.map(errorOf)).toEqual([error]);
  expect(await listed(client)).toEqual(before);
}

describe("XEP-0191 section 3.1: support", () => {
  it("is a feature of the server", async () => {
    const client = await newcomer();
    const [answer] = await client.ask("<iq type='get' id='d' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    const features = childOf(answer, "query")!.children.map((child) => (child as Xml).attrs["var"]);
    expect(features).toContain(xmlns);
  });
});

describe("XEP-0191 section 3.2: the block list", () => {
  it("is an empty element where nobody is blocked", async () => {
    const client = await newcomer();
    expect(await client.ask(blocklist)).toEqual([readXml(`<iq type='result' id='list' to='${client.jid}'><blocklist xmlns='${xmlns}'/></iq>`)]);
  });

  it("has an item for each address, for every resource of the user", async () => {
    const client = await newcomer();
    await change(client, "block", "romeo@montague.net", "iago@shakespeare.lit");
    const other = await stage.enter(client.jid.split("@")[0]!, "balcony");
    const [answer] = await other.ask(blocklist);
    expect(answer).toEqual(readXml(
      `<iq type='result' id='list' to='${other.jid}'><blocklist xmlns='${xmlns}'><item jid='romeo@montague.net'/><item jid='iago@shakespeare.lit'/></blocklist></iq>`,
    ));
  });

  it("can be asked for by the account's own address, and before a resource is bound", async () => {
    const client = await newcomer();
    await change(client, "block", "romeo@montague.net");
    const [answer] = await client.ask(blocklist.replace("<iq", `<iq to='${client.bare}'`));
    expect(childOf(childOf(answer, "blocklist"), "item")?.attrs).toEqual({ jid: "romeo@montague.net" });
    const raw = await authenticate({ ...stage.server }, { user: client.jid.split("@")[0]!, over: "plaintext" });
    raw.send(blocklist);
    expect(await raw.expect(/<iq [^>]*id="list".*<\/iq>/)).toContain('<item jid="romeo@montague.net"/>');
    raw.destroy();
  });

  it("is its owner's: others learn nothing from asking, not even that there is such an account", async () => {
    const [client, owner] = [await newcomer(), await newcomer()];
    for (const request of [blocklist, command("block", "a@b.example"), command("unblock")]) {
      const toOwner = await client.ask(request.replace("<iq", `<iq to='${owner.bare}'`));
      const toNobody = await client.ask(request.replace("<iq", "<iq to='nobody@localhost'"));
      expect([toOwner.map(errorOf), toNobody.map(errorOf)]).toEqual([["cancel service-unavailable"], ["cancel service-unavailable"]]);
    }
    expect(await listed(owner)).toEqual([]);
  });
});

describe("XEP-0191 section 3.3: blocking", () => {
  it("answers with an empty result, and keeps prepared addresses, each once", async () => {
    const client = await newcomer();
    const [result] = await client.ask(command("block", "Romeo@Montague.NET/Orchard", "romeo@montague.net/Orchard", "Shakespeare.LIT"));
    expect(result).toEqual(readXml(`<iq type='result' id='block' to='${client.jid}'/>`));
    expect(await listed(client)).toEqual(["romeo@montague.net/Orchard", "shakespeare.lit"]);
  });

  it("is pushed, after the result, to each resource that has asked for the list and to no other", async () => {
    const chamber = await newcomer();
    const user = chamber.jid.split("@")[0]!;
    const [balcony, street] = [await stage.enter(user, "balcony"), await stage.enter(user, "street")];
    await listed(chamber);
    await listed(balcony);
    const [result, push] = await chamber.ask(command("block", "Romeo@montague.net", "iago@shakespeare.lit"));
    expect(result?.attrs["type"]).toBe("result");
    const items = "<item jid='romeo@montague.net'/><item jid='iago@shakespeare.lit'/>";
    const expected = (to: string, id: string | undefined) =>
      readXml(`<iq type='set' id='${id}' from='${chamber.bare}' to='${to}'><block xmlns='${xmlns}'>${items}</block></iq>`);
    expect(push).toEqual(expected(chamber.jid, push?.attrs["id"]));
    const [other] = await balcony.caughtUp();
    expect(other).toEqual(expected(balcony.jid, other?.attrs["id"]));
    expect(other?.attrs["id"]).not.toBe(push?.attrs["id"]);
    expect(await street.caughtUp()).toEqual([]);
    expect(await balcony.ask(`<iq type='result' id='${other?.attrs["id"]}'/>`)).toEqual([]);
  });

  it("can be done by a resource that has not asked for the list, which is told of no changes then", async () => {
    const client = await newcomer();
    expect(await change(client, "block", "romeo@montague.net")).toEqual([]);
  });

  it("is the same when done twice, and recorded once", async () => {
    const client = await newcomer();
    await listed(client);
    await change(client, "block", "romeo@montague.net");
    const stanzas = await client.ask(command("block", "romeo@montague.net", "iago@shakespeare.lit"));
    expect(stanzas.map((stanza) => pushOf(stanza) ?? inWords(stanza))).toEqual([
      "iq result from nobody", "block romeo@montague.net iago@shakespeare.lit",
    ]);
    await change(client, "block", "romeo@montague.net");
    expect(await listed(client)).toEqual(["romeo@montague.net", "iago@shakespeare.lit"]);
    const facts = await stage.server.store.read(`account/localhost/${client.jid.split("@")[0]}`, 0, 100);
    expect(facts.filter(({ type }) => type === "ContactsBlocked").map(({ data }) => (data as { readonly jids: unknown }).jids)).toEqual([
      ["romeo@montague.net"], ["iago@shakespeare.lit"],
    ]);
  });

  it.each([
    ["no item", "", "modify bad-request"],
    ["nothing but what is no item", "<item xmlns='urn:example:other' jid='a@b.example'/><jid>a@b.example</jid>", "modify bad-request"],
    ["an item without an address", "<item jid='a@b.example'/><item/>", "modify bad-request"],
    ["an empty address", "<item jid=''/>", "modify jid-malformed"],
    ["a malformed address among others", "<item jid='a@b.example'/><item jid='@b.example'/>", "modify jid-malformed"],
  ])("is refused with %s, and nobody is blocked then", async (_, items, error) => {
    await expectRefused(await newcomer(), `<iq type='set' id='b'><block xmlns='${xmlns}'>${items}</block></iq>`, error);
  });

  it("is no question that can be asked, and the list nothing that can be set", async () => {
    const client = await newcomer();
    for (const request of [command("block", "a@b.example").replace("'set'", "'get'"), blocklist.replace("'get'", "'set'")]) {
      await expectRefused(client, request, "cancel service-unavailable");
    }
  });

  it.each(["bare", "full", "another resource"])("is refused for oneself: %s", async (which) => {
    const client = await newcomer();
    const own = { bare: client.bare, full: client.jid }[which] ?? `${client.bare}/elsewhere`;
    await expectRefused(client, command("block", "a@b.example", own), "cancel not-allowed");
  });

  it("has a bound", async () => {
    const client = await newcomer();
    const many = Array.from({ length: blockedJidsMax }, (_, index) => `u${index}@x.example`);
    await change(client, "block", ...many);
    const refused = await client.ask(command("block", "one@more.example"));
    expect(refused.map(errorOf)).toEqual(["wait resource-constraint"]);
    await change(client, "block", "u7@x.example");
    await change(client, "unblock", "u7@x.example");
    await change(client, "block", "one@more.example");
    expect(await listed(client)).toHaveLength(blockedJidsMax);
  });

  it("remains in force across sessions and restarts", async () => {
    const inner = createMemoryStore(projections);
    const store = wrapStore(inner, { close: async () => {} });
    const first = await startStage({ parts: { store } });
    const user = await first.person();
    const before = await first.enter(user, "chamber");
    await change(before, "block", "romeo@montague.net", "iago@shakespeare.lit", "shakespeare.lit");
    await change(before, "unblock", "iago@shakespeare.lit");
    await first.server.stop();
    const second = await startStage({ parts: { store } });
    const after = await second.enter(user, "chamber");
    expect((await listed(after)).toSorted()).toEqual(["romeo@montague.net", "shakespeare.lit"]);
    expect((await after.ask("<message to='romeo@montague.net'/>")).map(errorOf)).toEqual(["cancel not-acceptable"]);
    await second.server.stop();
  });
});

describe("XEP-0191 section 3.4: unblocking", () => {
  it("answers with an empty result, and is pushed to each resource that has asked for the list", async () => {
    const client = await newcomer();
    await change(client, "block", "romeo@montague.net", "iago@shakespeare.lit", "tybalt@capulet.com");
    await listed(client);
    const [result, push] = await client.ask(command("unblock", "Romeo@montague.net", "tybalt@capulet.com"));
    expect(result).toEqual(readXml(`<iq type='result' id='unblock' to='${client.jid}'/>`));
    expect(pushOf(push!)).toBe("unblock romeo@montague.net tybalt@capulet.com");
    expect(await listed(client)).toEqual(["iago@shakespeare.lit"]);
  });

  it("is no mistake for who is not blocked, and means the address on the list alone", async () => {
    const client = await newcomer();
    await change(client, "block", "montague.net", "romeo@montague.net");
    await change(client, "unblock", "romeo@montague.net/orchard", "iago@shakespeare.lit");
    expect(await listed(client)).toEqual(["montague.net", "romeo@montague.net"]);
    await change(client, "unblock", "romeo@montague.net");
    expect((await client.ask("<message to='romeo@montague.net'/>")).map(errorOf)).toEqual(["cancel not-acceptable"]);
  });

  it.each([
    ["an item without an address", "<item/>", "modify bad-request"],
    ["a malformed address among others", "<item jid='romeo@montague.net'/><item jid='a@'/>", "modify jid-malformed"],
    ["nothing but what is no item", "<jid>romeo@montague.net</jid>", "modify bad-request"],
  ])("is refused with %s, and nobody is unblocked then", async (_, items, error) => {
    const client = await newcomer();
    await change(client, "block", "romeo@montague.net");
    await expectRefused(client, `<iq type='set' id='u'><unblock xmlns='${xmlns}'>${items}</unblock></iq>`, error);
  });
});

describe("XEP-0191 section 3.5: unblocking everybody", () => {
  it("empties the list, and is pushed as an empty element", async () => {
    const client = await newcomer();
    await change(client, "block", "romeo@montague.net", "shakespeare.lit", "capulet.com/crypt");
    await listed(client);
    const [result, push] = await client.ask(`<iq type='set' id='unblock'>\n<unblock xmlns='${xmlns}'>\n</unblock></iq>`);
    expect(result).toEqual(readXml(`<iq type='result' id='unblock' to='${client.jid}'/>`));
    expect(pushOf(push!)).toBe("unblock");
    expect(await listed(client)).toEqual([]);
    expect((await client.ask(command("unblock"))).map((stanza) => pushOf(stanza) ?? inWords(stanza))).toEqual(["iq result from nobody", "unblock"]);
  });
});
