/** What clients can do, by what they say in their presence. The extension here writes down what is learned, and tells what is known. */
import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { capabilitiesText, type EntityDescription } from "../../src/domain/entity-caps.ts";
import { capabilitiesCharsMax, capabilityCharsMax, capabilityFeaturesMax, serverRequestMs, serverRequestsMax } from "../../src/domain/limits.ts";
import type { Extension } from "../../src/router/extension.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { el } from "../../src/xml/stanza.ts";
import { HandClock } from "../management/clock.ts";
import { bodies, chat, ManagedStage, type ManagedClient } from "../management/support.ts";
import { until } from "../presence/support.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";

const xmlns = "urn:example:features";
const info = "http://jabber.org/protocol/disco#info";

/** `romeo@localhost/phone: urn:a urn:b` (what was known before comes after a <). */
function witness(learned: string[], fails: { now: boolean }): readonly Extension[] {
  const specification = { id: "TEST", title: "Capabilities of clients" };
  const failing: Extension = {
    name: "failing",
    specification,
    featuresLearned: () => {
      if (fails.now) throw new Error("the test asks for it");
    },
  };
  return [failing, {
    name: "witness",
    specification,
    featuresLearned: ({ session, account, features, before }) => {
      expect(account.bare).toBe(session.jid.bare);
      learned.push(`${session.jid.full}: ${[...features].join(" ")}${before.size === 0 ? "" : ` < ${[...before].join(" ")}`}`);
    },
    iq: [
      {
        xmlns, name: "known", types: ["get"], at: ["account"],
        handle: ({ session, house }) => ({ result: el("known", { xmlns }, [...house.features(session)].join(" ")) }),
      },
    ],
  }];
}

const learned: string[] = [];
const fails = { now: false };
const clock = new HandClock();
let server: TestServer;
let stage: ManagedStage;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: witness(learned, fails), parts: { clock } });
  stage = new ManagedStage(server);
});
afterEach(() => {
  learned.length = 0;
  fails.now = false;
  stage.clear();
});
afterAll(() => server.stop());

type Client = Pick<ManagedClient, "ask" | "caughtUp" | "jid" | "send">;

const pc = [{ category: "client", type: "pc", name: "Exodus" }] as const;
let kinds = 0;

/** Another kind of client each time. */
function kindOf(...features: readonly string[]): EntityDescription {
  kinds += 1;
  return { identities: [{ ...pc[0], name: `Exodus ${kinds}` }], features };
}

const verOf = (what: EntityDescription, hash = "sha1") => createHash(hash).update(capabilitiesText(what)).digest("base64");
const caps = (ver: string, hash = "hash='sha-1'", node = "http://example.org/exodus") =>
  `<presence><c xmlns='http://jabber.org/protocol/caps' node='${node}' ver='${ver}' ${hash}/></presence>`;
const query = ({ identities, features, forms = [] }: EntityDescription, node = "") =>
  `<query xmlns='${info}' ${node}>` +
  identities.map(({ category, type, name }) => `<identity category='${category}' type='${type}' name='${name}'/>`).join("") +
  features.map((feature) => `<feature var='${feature}'/>`).join("") +
  forms.map(({ fields }) => `<x xmlns='jabber:x:data' type='result'>${fields.map(({ var: name, type, values }) =>
    `<field var='${name}'${type === undefined ? "" : ` type='${type}'`}>${values.map((value) => `<value>${value}</value>`).join("")}</field>`).join("")}</x>`).join("") +
  "</query>";
const result = (question: Xml, payload: string, type = "result") =>
  `<iq type='${type}' to='${question.attrs["from"]}' id='${question.attrs["id"]}'>${payload}</iq>`;

const questionsAmong = (stanzas: readonly Xml[]) => stanzas.filter((stanza) => stanza.name === "iq" && childOf(stanza, "query")?.xmlns === info);

/** Sends it and returns what the client is asked then. */
const says = async (client: Client, presence: string) => questionsAmong(await client.ask(presence));
const isAsked = async (client: Client) => questionsAmong(await client.caughtUp());

/** The features that are known of the client. An answer that it has sent before has been dealt with. */
async function known(client: Client): Promise<string> {
  await client.caughtUp();
  await client.caughtUp();
  const [answer] = await client.ask(`<iq type='get' id='k'><known xmlns='${xmlns}'/></iq>`);
  return textOf(childOf(answer, "known"));
}

/** As many clients, of users of their own. */
async function clients(count: number): Promise<readonly ManagedClient[]> {
  const cast = await stage.cast(...Array.from({ length: count }, (_, index) => `user${index}`));
  return Promise.all(Object.values(cast).map((user) => stage.bound(user)));
}

describe("XEP-0115 section 6.2: a client that says what it can do", () => {
  it("is asked by the server for that node, and known for what it tells", async () => {
    const [client] = await clients(1) as [ManagedClient];
    const what = kindOf("urn:a", "urn:b");
    const [question, ...more] = await says(client, caps(verOf(what)));
    expect([question, more]).toMatchObject([{ attrs: { type: "get", from: "localhost", to: client.jid } }, []]);
    expect(childOf(question, "query")!.attrs).toEqual({ node: `http://example.org/exodus#${verOf(what)}` });
    expect([await known(client), learned]).toEqual(["", []]);
    client.send(result(question!, query(what, `node='http://example.org/exodus#${verOf(what)}'`)));
    expect([await known(client), learned]).toEqual(["urn:a urn:b", [`${client.jid}: urn:a urn:b`]]);
  });

  it("is not asked again when its presence changes otherwise, nor is anything learned", async () => {
    const [client] = await clients(1) as [ManagedClient];
    const what = kindOf("urn:a");
    const [question] = await says(client, caps(verOf(what)));
    expect(await says(client, caps(verOf(what)).replace("<presence>", "<presence><show>away</show>"))).toEqual([]);
    client.send(result(question!, query(what)));
    await known(client);
    expect(await says(client, caps(verOf(what)).replace("<presence>", "<presence><show>dnd</show>"))).toEqual([]);
    expect([await known(client), learned.length]).toEqual(["urn:a", 1]);
  });

  it.each([
    "<presence/>", "<presence><c xmlns='http://jabber.org/protocol/caps'/></presence>", caps(""), caps("x", "", ""), caps("x".repeat(1_001)),
    "<presence><c xmlns='urn:x' node='n' ver='v' hash='sha-1'/></presence>",
  ])("is not asked where it says nothing of it: %s", async (presence) => {
    const [client] = await clients(1) as [ManagedClient];
    expect([await says(client, presence), await known(client)]).toEqual([[], ""]);
  });

  it("is known for nothing any more when it says nothing more, or is not available", async () => {
    const [client] = await clients(1) as [ManagedClient];
    const what = kindOf("urn:a");
    const [question] = await says(client, caps(verOf(what)));
    client.send(result(question!, query(what)));
    expect(await known(client)).toBe("urn:a");
    expect([await says(client, "<presence/>"), await known(client), learned]).toEqual([[], "", [`${client.jid}: urn:a`, `${client.jid}:  < urn:a`]]);
    expect([await says(client, caps(verOf(what))), await known(client)]).toEqual([[], "urn:a"]);
    learned.length = 0;
    // It is told of as a change of presence.
    expect([await says(client, "<presence type='unavailable'/>"), await known(client), learned]).toEqual([[], "", []]);
  });

  it("can do what is learned of it, whatever an extension makes of that", async () => {
    const [client] = await clients(1) as [ManagedClient];
    const what = kindOf("urn:a");
    const [question] = await says(client, caps(verOf(what)));
    fails.now = true;
    client.send(result(question!, query(what)));
    expect([await known(client), learned]).toEqual(["urn:a", [`${client.jid}: urn:a`]]);
  });
});

describe("XEP-0115 section 5.4: clients that claim the same", () => {
  it("are asked once, and all known for what the hash proves", async () => {
    const [one, two, three] = await clients(3) as [ManagedClient, ManagedClient, ManagedClient];
    const what = kindOf("urn:a");
    const [question] = await says(one, caps(verOf(what)));
    expect([await says(two, caps(verOf(what))), await known(two)]).toEqual([[], ""]);
    one.send(result(question!, query(what)));
    expect([await known(one), await known(two)]).toEqual(["urn:a", "urn:a"]);
    expect(learned).toEqual([`${one.jid}: urn:a`, `${two.jid}: urn:a`]);
    // The node is no part of the proof, nor is how the hash is written.
    expect([await says(three, caps(verOf(what), "hash='SHA-1'", "http://example.org/other")), await known(three)]).toEqual([[], "urn:a"]);
  });

  it("are known for it in each hash that can prove it", async () => {
    for (const [name, algorithm] of [["sha-256", "sha256"], ["sha-512", "sha512"]] as const) {
      const [one, two] = await clients(2) as [ManagedClient, ManagedClient];
      const what = kindOf("urn:a");
      const [question] = await says(one, caps(verOf(what, algorithm), `hash='${name}'`));
      one.send(result(question!, query(what)));
      expect([await known(one), await says(two, caps(verOf(what, algorithm), `hash='${name}'`)), await known(two)]).toEqual(["urn:a", [], "urn:a"]);
    }
  });

  it("are not deceived by one that lies: it is believed of itself alone, the next one is asked, and who comes later is told the truth", async () => {
    const [liar, honest, late] = await clients(3) as [ManagedClient, ManagedClient, ManagedClient];
    const what = kindOf("urn:a");
    const [question] = await says(liar, caps(verOf(what)));
    await says(honest, caps(verOf(what)));
    liar.send(result(question!, query(kindOf("urn:lie"))));
    expect(await known(liar)).toBe("urn:lie");
    const [next, ...more] = await isAsked(honest);
    expect([more, learned]).toEqual([[], [`${liar.jid}: urn:lie`]]);
    honest.send(result(next!, query(what)));
    expect([await known(honest), await known(liar)]).toEqual(["urn:a", "urn:lie"]);
    expect([await says(late, caps(verOf(what))), await known(late)]).toEqual([[], "urn:a"]);
    // What it has told of itself stays, for as long as it says the same.
    expect([await says(liar, caps(verOf(what))), await known(liar)]).toEqual([[], "urn:lie"]);
  });

  it("are asked after those who lied have left, and nothing is left of their lie", async () => {
    const [liar, honest] = await clients(2) as [ManagedClient, ManagedClient];
    const what = kindOf("urn:a");
    const [question] = await says(liar, caps(verOf(what)));
    liar.send(result(question!, query(kindOf("urn:lie"))));
    await known(liar);
    await liar.close();
    const [next] = await says(honest, caps(verOf(what)));
    honest.send(result(next!, query(what)));
    expect(await known(honest)).toBe("urn:a");
  });

  it.each([
    ["leaves", (asked: ManagedClient) => asked.close()],
    ["is not available any more", (asked: ManagedClient) => asked.ask("<presence type='unavailable'/>")],
    ["says nothing of it any more", (asked: ManagedClient) => asked.ask("<presence/>")],
    ["says something else", (asked: ManagedClient) => asked.ask(caps("else"))],
  ] as const)("are asked one after the other where the one that was asked %s", async (_, leave) => {
    const [asked, next, last] = await clients(3) as [ManagedClient, ManagedClient, ManagedClient];
    const what = kindOf("urn:a");
    const [question] = await says(asked, caps(verOf(what)));
    expect([await says(next, caps(verOf(what))), await says(last, caps(verOf(what)))]).toEqual([[], []]);
    await leave(asked);
    await until(() => next.raw.received.includes(info));
    const [again] = await isAsked(next);
    next.send(result(again!, query(what)));
    expect([await known(next), await known(last)]).toEqual(["urn:a", "urn:a"]);
    expect(question!.attrs["id"]).not.toBe(again!.attrs["id"]);
  });

  it("do not wait for long where many do not answer: twice as many are asked each time", async () => {
    const cast = await clients(8);
    const what = kindOf("urn:a");
    for (const client of cast) await client.ask(caps(verOf(what)));
    const asked = () => cast.filter((client) => client.raw.received.includes(info)).length;
    expect(asked()).toBe(1);
    clock.forward(serverRequestMs + 1);
    await until(() => asked() === 3);
    clock.forward(serverRequestMs + 1);
    await until(() => asked() === 7);
    const [question] = questionsAmong(await cast[6]!.caughtUp());
    cast[6]!.send(result(question!, query(what)));
    expect([await known(cast[6]!), await known(cast[7]!), await known(cast[0]!), asked()]).toEqual(["urn:a", "urn:a", "", 7]);
    // Who did not answer is taken at its word when it says it again.
    expect([await says(cast[0]!, caps(verOf(what))), await known(cast[0]!)]).toEqual([[], "urn:a"]);
  });
});

describe("XEP-0115 section 5.4: an answer that proves nothing", () => {
  const form = (values: readonly string[], type = "hidden") => ({ fields: [{ var: "FORM_TYPE", type, values }] });

  it.each<readonly [string, () => EntityDescription]>([
    ["an identity twice", () => ({ identities: [...pc, ...pc], features: ["urn:a"] })],
    ["a feature twice", () => kindOf("urn:a", "urn:a")],
    ["two forms of one type", () => ({ ...kindOf("urn:a"), forms: [form(["urn:f"]), form(["urn:f"])] })],
    ["a form of two types", () => ({ ...kindOf("urn:a"), forms: [form(["urn:f", "urn:g"])] })],
  ])("counts for who gave it, and for nobody else: %s", async (_, make) => {
    const [one, two] = await clients(2) as [ManagedClient, ManagedClient];
    const what = make();
    const [question] = await says(one, caps(verOf(what)));
    one.send(result(question!, query(what)));
    expect(await known(one)).toBe("urn:a");
    expect((await says(two, caps(verOf(what)))).length).toBe(1);
  });

  it.each([
    ["an error", "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>", "error"],
    ["nothing", "", "result"],
    ["something else", `<query xmlns='${info}#not'><feature var='urn:a'/></query>`, "result"],
    ["another element", `<item xmlns='${info}'><feature var='urn:a'/></item>`, "result"],
    ["too many features", `<query xmlns='${info}'>${Array.from({ length: capabilityFeaturesMax + 1 }, (_, index) => `<feature var='${index}'/>`).join("")}</query>`, "result"],
    ["features that are too long", `<query xmlns='${info}'><feature var='${"x".repeat(capabilityCharsMax + 1)}'/></query>`, "result"],
  ])("teaches nothing: %s; and the next one is asked", async (_, payload, type) => {
    const [one, two] = await clients(2) as [ManagedClient, ManagedClient];
    const what = kindOf("urn:a");
    const [question] = await says(one, caps(verOf(what)));
    await says(two, caps(verOf(what)));
    one.send(result(question!, payload, type));
    expect([await known(one), learned]).toEqual(["", []]);
    const [next] = await isAsked(two);
    two.send(result(next!, query(what)));
    expect([await known(two), await known(one)]).toEqual(["urn:a", ""]);
    // It is asked again, or believed by then, when it says it again.
    expect([await says(one, caps(verOf(what))), await known(one)]).toEqual([[], "urn:a"]);
  });

  it("is read as far as it is one: attributes that are missing, texts that are not expected, forms of no type", async () => {
    const [one, two] = await clients(2) as [ManagedClient, ManagedClient];
    const ver = createHash("sha1").update("<urn:a<").digest("base64");
    const odd = `<query xmlns='${info}'>text<feature/><feature var='urn:a'/><x xmlns='jabber:x:data'><field/><field var='FORM_TYPE'><value/></field></x><x xmlns='urn:x'/></query>`;
    const [question] = await says(one, caps(ver));
    one.send(result(question!, odd));
    expect([await known(one), await says(two, caps(ver)), await known(two)]).toEqual([" urn:a", [], " urn:a"]);
  });

  it.each([
    ["a form", "<feature var='urn:a'/><x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>urn:b</value></field><field var='urn:c'><value>urn:d</value></field></x>", "urn:a<urn:b<urn:c<urn:d<"],
    ["an identity", "<identity category='http:' type='' xml:lang='example.org' name='nick+notify'/><feature var='urn:a'/>", "http://example.org/nick+notify<urn:a<"],
  ])("has the same hash when features are told as %s: that is believed of nobody else (section 9.3)", async (_, told, text) => {
    const [liar, honest] = await clients(2) as [ManagedClient, ManagedClient];
    const ver = createHash("sha1").update(text).digest("base64");
    const [question] = await says(liar, caps(ver));
    liar.send(result(question!, `<query xmlns='${info}'>${told}</query>`));
    expect(await known(liar)).toBe("urn:a");
    const [again] = await says(honest, caps(ver));
    const features = text.split("<").slice(0, -1);
    honest.send(result(again!, `<query xmlns='${info}'>${features.map((feature) => `<feature var='${feature}'/>`).join("")}</query>`));
    expect(await known(honest)).toBe(features.toSorted().join(" "));
  });

  it("is not taken from another resource of the same user, nor from another user, nor with the id of another question", async () => {
    const [one, stranger] = await clients(2) as [ManagedClient, ManagedClient];
    const other = await stage.bound(one.bare, "other");
    const [what, lie] = [kindOf("urn:a"), kindOf("urn:lie")];
    const [question] = await says(one, caps(verOf(what)));
    const [otherQuestion] = await says(other, caps(verOf(lie)));
    for (const liar of [other, stranger]) await liar.ask(result(question!, query(what)));
    expect([await known(one), await known(other), await known(stranger)]).toEqual(["", "", ""]);
    await one.ask(result(otherQuestion!, query(lie)));
    expect([await known(one), await known(other)]).toEqual(["", ""]);
    one.send(result(question!, query(what)));
    other.send(result(otherQuestion!, query(lie)));
    expect([await known(one), await known(other)]).toEqual(["urn:a", "urn:lie"]);
  });
});

describe("XEP-0115 section 5.4, rules 1 and 2: what nobody can prove", () => {
  it.each([
    ["without a hash", "", undefined],
    ["an empty hash", "hash=''", undefined],
    ["a hash that is not supported", "hash='md5'", "md5"],
    ["the name of something else", "hash='constructor'", "constructor"],
  ])("is asked of each client, and believed of it alone: %s", async (_, hash, named) => {
    const [one, two] = await clients(2) as [ManagedClient, ManagedClient];
    const what = kindOf("urn:a");
    const [first] = await says(one, caps("0.9", hash));
    const [second] = await says(two, caps("0.9", hash));
    expect(childOf(first, "query")!.attrs).toEqual(named === undefined ? {} : { node: "http://example.org/exodus#0.9" });
    one.send(result(first!, query(what)));
    two.send(result(second!, query(kindOf("urn:b"))));
    expect([await known(one), await known(two)]).toEqual(["urn:a", "urn:b"]);
    // It is not asked for what it has told, until it says something else.
    expect([await says(one, caps("0.9", hash)), await known(one)]).toEqual([[], "urn:a"]);
    const [third] = await says(one, caps("1.0", hash));
    one.send(result(third!, query(what)));
    expect([await known(one), learned.length]).toEqual(["urn:a", 2]);
  });
});

describe("A client that says something else while it is asked", () => {
  it("is asked for that, and its answer to the former question is nobody's", async () => {
    const [client, other] = await clients(2) as [ManagedClient, ManagedClient];
    const [before, now] = [kindOf("urn:before"), kindOf("urn:now")];
    const [first] = await says(client, caps(verOf(before)));
    const [second] = await says(client, caps(verOf(now)));
    client.send(result(first!, query(before)) + result(second!, query(now)));
    expect([await known(client), learned]).toEqual(["urn:now", [`${client.jid}: urn:now`]]);
    expect((await says(other, caps(verOf(before)))).length).toBe(1);
  });

  it("and then again what it said first, is asked anew", async () => {
    const [client] = await clients(1) as [ManagedClient];
    const what = kindOf("urn:a");
    await says(client, caps(verOf(what)));
    await says(client, caps("else"));
    const [third] = await says(client, caps(verOf(what)));
    client.send(result(third!, query(what)));
    expect([await known(client), learned]).toEqual(["urn:a", [`${client.jid}: urn:a`]]);
  });

  it("keeps to itself what else it learns: with what was known before", async () => {
    const [client] = await clients(1) as [ManagedClient];
    const [before, now] = [kindOf("urn:a", "urn:b"), kindOf("urn:b", "urn:c")];
    const [first] = await says(client, caps(verOf(before)));
    client.send(result(first!, query(before)));
    await known(client);
    const [second] = await says(client, caps(verOf(now)));
    // Until the answer is there it is taken for what it was.
    expect(await known(client)).toBe("urn:a urn:b");
    client.send(result(second!, query(now)));
    expect([await known(client), learned[1]]).toEqual(["urn:b urn:c", `${client.jid}: urn:b urn:c < urn:a urn:b`]);
  });
});

describe("A client that says something else many times", () => {
  it("without an answer takes nobody else's place: it is asked one question at a time", async () => {
    const [busy, other] = await clients(2) as [ManagedClient, ManagedClient];
    const times = serverRequestsMax + 1_000;
    busy.raw.send(Array.from({ length: times }, (_, index) => caps(`${index}.`)).join(""));
    await busy.raw.expect(`exodus#${times - 1}.`, 15_000);
    const what = kindOf("urn:a");
    const [question] = await says(other, caps(verOf(what)));
    other.send(result(question!, query(what)));
    expect(await known(other)).toBe("urn:a");
  });

  it("and proves each, makes the server forget what was used longest ago, and nothing else", async () => {
    const [busy, first, second] = await clients(3) as [ManagedClient, ManagedClient, ManagedClient];
    const [old, used] = [kindOf("urn:old"), kindOf("urn:used")];
    for (const [client, what] of [[first, old], [second, used]] as const) {
      const [question] = await says(client, caps(verOf(what)));
      client.send(result(question!, query(what)));
      await known(client);
    }
    const all = Math.ceil(capabilitiesCharsMax / capabilityCharsMax);
    for (let index = 0; index < all; index += 1) {
      // Whoever says it now uses it again.
      if (index === all - 2) expect(await says(await stage.bound(second.bare, "again"), caps(verOf(used)))).toEqual([]);
      const what = kindOf(String(index).padEnd(capabilityCharsMax, "x"));
      busy.raw.send(caps(verOf(what)));
      const question = await busy.raw.expect(/<iq [^>]*type="get"[^>]*><query/);
      busy.raw.send(`<iq type='result' to='localhost' id='${/ id="([^"]*)"/.exec(question)![1]}'>${query(what)}</iq>`);
      const before = learned.length;
      await until(() => learned.length > before);
    }
    const [one, two] = [await stage.bound(first.bare, "late"), await stage.bound(second.bare, "late")];
    expect([(await says(one, caps(verOf(old)))).length, (await says(two, caps(verOf(used)))).length]).toEqual([1, 0]);
    expect([await known(first), await known(two)]).toEqual(["urn:old", "urn:used"]);
  });
});

describe("XEP-0198 section 5: a client that loses its link", () => {
  it("is asked over the next one if it had not answered, and known for it", async () => {
    const { romeo } = await stage.cast("romeo");
    const client = await stage.resumable(romeo);
    const what = kindOf("urn:a");
    await says(client, caps(verOf(what)));
    await client.vanish(server);
    // Unread until now, so it comes again.
    client.handled = 0;
    await client.resume();
    const [question] = await isAsked(client);
    client.send(result(question!, query(what)));
    expect(await known(client)).toBe("urn:a");
    await client.vanish(server);
    await client.resume();
    expect([await isAsked(client), await known(client)]).toEqual([[], "urn:a"]);
  });

  it.each([{ kill: false }, { kill: true }])("for a server that starts again ($kill: killed) is asked by that", async ({ kill }) => {
    const learned: string[] = [];
    const server = await startServer({ allowPlaintext: true, extensions: witness(learned, { now: false }) });
    const stage = new ManagedStage(server);
    try {
      const { romeo } = await stage.cast("romeo");
      const client = await stage.resumable(romeo);
      const what = kindOf("urn:a");
      const [question] = await says(client, caps(verOf(what)));
      client.send(result(question!, query(what)));
      expect(await known(client)).toBe("urn:a");
      await server.restart({ kill });
      await client.resume();
      const [again] = (await isAsked(client)).slice(-1);
      client.send(result(again!, query(what)));
      expect([await known(client), learned]).toEqual(["urn:a", [`${client.jid}: urn:a`, `${client.jid}: urn:a`]]);
    } finally {
      stage.clear();
      await server.stop();
    }
  });

  it("is written to as before while it is asked", async () => {
    const [asked, other] = await clients(2) as [ManagedClient, ManagedClient];
    await says(asked, caps(verOf(kindOf("urn:a"))));
    await other.ask(chat(asked.jid, "still here"));
    expect(bodies(await asked.caughtUp())).toEqual(["still here"]);
  });
});
