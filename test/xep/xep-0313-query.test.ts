/** Reading archives over real sockets: pages in both directions, filters, what is malformed, and what is nobody else's. */
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { archiveIdsMax, archivePageDefault, archivePageMax, archiveQueryIdCharsMax } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { all, ask, bodiesOf, conditionOf, mam, page, queryText, request, toldMessage, type Asked, type Told, type ToldMessage } from "./xep-0313-setting.ts";

let server: TestServer;
let juliet: BoundClient;
/** Of juliet's archive, the oldest first; `with` is the other side. */
const archive: (ToldMessage & { readonly with: string })[] = [];
const total = 520;
const clients: BoundClient[] = [];

beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, domains: ["localhost", "capulet.example"] });
  for (const user of ["juliet", "romeo", "nurse", "tybalt"]) await server.addUser(user, "secret");
  juliet = await connect("juliet", "balcony");
  const [orchard, cell, nurse] = [await connect("romeo", "orchard"), await connect("romeo", "cell"), await connect("nurse", "kitchen")];
  const others: string[] = [];
  for (let index = 0; index < total; index += 1) {
    // Ways in an order that is no pattern of the pages.
    const way = (index * index + Math.floor(index / 7)) % 6;
    const [sender, to, other] = ([
      [orchard, juliet.bare, orchard.jid], [cell, juliet.jid, cell.jid], [nurse, juliet.bare, nurse.jid],
      [juliet, orchard.jid, orchard.jid], [juliet, "romeo@localhost", "romeo@localhost"], [juliet, juliet.bare, juliet.bare],
    ] as const)[way]!;
    others.push(other);
    sender.send(`<message to='${to}' type='chat'><body>${index}</body></message>`);
    const next = ((index + 1) * (index + 1) + Math.floor((index + 1) / 7)) % 6;
    if (way < 3 ? next !== way : next < 3) await sender.caughtUp();
    // Some moments between them.
    if (index % 40 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
  }
  await Promise.all([juliet, orchard, cell, nurse].map((client) => client.caughtUp()));
  for (const message of await all(juliet, {}, 250)) archive.push({ ...message, with: others[Number(message.body)]! });
}, 30_000);
afterAll(async () => {
  for (const { raw } of clients) raw.destroy();
  await server.stop();
});

async function connect(user: string, resource: string): Promise<BoundClient> {
  const client = await login(server, { user, resource, over: "plaintext" });
  clients.push(client);
  return client;
}

const idsOf = (messages: readonly { readonly id: string }[]): readonly string[] => messages.map(({ id }) => id);

describe("XEP-0313 section 4.3: paging through an archive", () => {
  it("gives each of 520 messages exactly once and in order, forward and backward, whatever the size of the page", async () => {
    expect(bodiesOf(archive)).toEqual(Array.from({ length: total }, (_, index) => `${index}`));
    for (const max of [1, 7, 50, 104, 250]) {
      if (max > 1) expect(idsOf(await all(juliet, {}, max))).toEqual(idsOf(archive));
      const backward: ToldMessage[] = [];
      for (let before = ""; ; ) {
        const told = await ask(juliet, { set: `<max>${max}</max><before>${before}</before>` });
        backward.unshift(...told.messages);
        expect(told).toMatchObject({ count: total, index: total - backward.length, first: told.messages[0]!.id, last: told.messages.at(-1)!.id });
        if (told.complete || (max === 1 && backward.length === 20)) break;
        before = told.first!;
      }
      expect(idsOf(backward)).toEqual(idsOf(archive.slice(-backward.length)));
      if (max > 1) expect(backward).toHaveLength(total);
    }
  });

  it("gives the first 50 to who does not say how many, and 250 to who wants more", async () => {
    const told = await ask(juliet);
    expect(told).toMatchObject({ count: total, index: 0, first: archive[0]!.id, last: archive[archivePageDefault - 1]!.id, complete: false });
    expect(idsOf(told.messages)).toEqual(idsOf(archive.slice(0, archivePageDefault)));
    const many = await ask(juliet, { set: "<max>100000</max>" });
    expect(idsOf(many.messages)).toEqual(idsOf(archive.slice(0, archivePageMax)));
    expect(many.complete).toBe(false);
  });

  it("tells the count alone to who wants nothing else (XEP-0059 section 2.7)", async () => {
    expect(await ask(juliet, { set: "<max>0</max>" })).toEqual({
      messages: [], first: undefined, index: undefined, last: undefined, count: total, complete: false, error: undefined,
    });
  });

  it("begins where it is told to (XEP-0059 section 2.6), and is empty beyond the end", async () => {
    const told = await ask(juliet, { set: "<max>3</max><index>371</index>" });
    expect([told.index, idsOf(told.messages)]).toEqual([371, idsOf(archive.slice(371, 374))]);
    expect(await ask(juliet, { set: `<max>3</max><index>${total}</index>` })).toMatchObject({ messages: [], first: undefined, count: total });
    expect(await ask(juliet, { set: "<index>99999999999999999999</index>" })).toMatchObject({ messages: [], count: total });
  });

  it("sends a flipped page the newest first, and says the same of it (section 4.3.4)", async () => {
    const set = `<max>10</max><after>${archive[99]!.id}</after>`;
    const [plain, flipped] = [await ask(juliet, { set }), await ask(juliet, { set, flip: true })];
    expect(idsOf(flipped.messages)).toEqual(idsOf(archive.slice(100, 110)).toReversed());
    expect({ ...flipped, messages: [] }).toEqual({ ...plain, messages: [] });
  });

  it("sends each message before the answer, from the account, with what the client calls its query", async () => {
    const { before, answer } = await request(juliet, queryText({ queryid: "f&amp;27", set: `<max>10</max><after>${archive.at(-4)!.id}</after>` }));
    expect(before.map(({ name, attrs }) => [name, attrs["from"], attrs["to"]])).toEqual(Array.from({ length: 3 }, () => ["message", juliet.bare, juliet.jid]));
    expect(new Set(before.map(({ attrs }) => attrs["id"])).size).toBe(3);
    expect(before.map((element) => toldMessage(element)!.queryid)).toEqual(["f&27", "f&27", "f&27"]);
    expect(answer).toMatchObject({ name: "iq", attrs: { type: "result" } });
    expect(childOf(answer, "fin")).toMatchObject({ xmlns: mam, attrs: { complete: "true" } });
    expect((await ask(juliet, { set: "<max>1</max>" })).messages[0]!.queryid).toBeUndefined();
  });
});

describe("XEP-0313 section 4.1: what a query leaves", () => {
  interface Wish {
    readonly other: string | undefined;
    readonly start: number | undefined;
    readonly end: number | undefined;
    readonly after: number | undefined;
    readonly before: number | undefined;
    readonly ids: readonly number[] | undefined;
    readonly max: number;
    readonly turn: { readonly kind: "first" | "last" } | { readonly kind: "after" | "before" | "index"; readonly at: number };
    readonly flip: boolean;
  }
  const place = fc.nat(total - 1);
  const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
  const turn = fc.oneof<fc.Arbitrary<Wish["turn"]>[]>(
    fc.record({ kind: fc.constantFrom("first", "last") }),
    fc.record({ kind: fc.constantFrom("after", "before"), at: place }),
    fc.record({ kind: fc.constant("index" as const), at: fc.nat(total + 10) }),
  );
  const wish: fc.Arbitrary<Wish> = fc.record({
    other: maybe(fc.constantFrom(
      "romeo@localhost", "romeo@localhost/orchard", "romeo@localhost/cell", "romeo@localhost/none", "nurse@localhost", "NURSE@localhost/kitchen", "juliet@localhost", "localhost", "tybalt@localhost",
    )),
    start: maybe(place), end: maybe(place), after: maybe(place), before: maybe(place),
    ids: fc.option(fc.array(place, { minLength: 1, maxLength: 60 }), { nil: undefined, freq: 6 }),
    max: fc.oneof(fc.nat(12), fc.nat(260)), turn, flip: fc.boolean(),
  });

  /** By a plain array. */
  function expected({ other, start, end, after, before, ids, max, turn, flip }: Wish): Omit<Told, "error"> {
    const bare = other?.toLowerCase();
    const set = archive.filter((message, place) => {
      if (bare !== undefined && message.with !== bare && !(!bare.includes("/") && message.with.startsWith(`${bare}/`))) return false;
      if (start !== undefined && message.stamp < archive[start]!.stamp) return false;
      if (end !== undefined && message.stamp > archive[end]!.stamp) return false;
      if (ids !== undefined && !ids.includes(place)) return false;
      return (after === undefined || place > after) && (before === undefined || place < before);
    });
    const placeOf = (message: ToldMessage) => archive.indexOf(message as (typeof archive)[number]);
    const size = Math.min(max, archivePageMax);
    let rest: readonly ToldMessage[] = set;
    if (turn.kind === "after") rest = set.filter((message) => placeOf(message) > turn.at);
    if (turn.kind === "before") rest = set.filter((message) => placeOf(message) < turn.at);
    if (turn.kind === "index") rest = set.slice(turn.at);
    const backward = turn.kind === "before" || turn.kind === "last";
    const messages = size === 0 ? [] : backward ? rest.slice(-size) : rest.slice(0, size);
    return {
      messages: flip ? messages.toReversed() : messages,
      first: messages[0]?.id, last: messages.at(-1)?.id,
      index: messages.length === 0 ? undefined : set.indexOf(messages[0] as (typeof set)[number]),
      count: set.length,
      complete: set.length === 0 || (size > 0 && messages.length === rest.length),
    };
  }

  function asked({ other, start, end, after, before, ids, max, turn, flip }: Wish): Asked {
    const id = (place: number) => archive[place]!.id;
    const form: Record<string, string | readonly string[]> = {};
    if (other !== undefined) form["with"] = other;
    if (start !== undefined) form["start"] = archive[start]!.stamp;
    if (end !== undefined) form["end"] = archive[end]!.stamp;
    if (after !== undefined) form["after-id"] = id(after);
    if (before !== undefined) form["before-id"] = id(before);
    if (ids !== undefined) form["ids"] = ids.map(id);
    const position = { first: "", last: "<before/>", after: "", before: "", index: "" }[turn.kind];
    const at = "at" in turn ? (turn.kind === "index" ? `<index>${turn.at}</index>` : `<${turn.kind}>${id(turn.at)}</${turn.kind}>`) : position;
    return { form, set: `<max>${max}</max>${at}`, flip };
  }

  it("is what a plain array leaves, for any filters and any page", async () => {
    await fc.assert(fc.asyncProperty(wish, async (wish) => {
      const { error, ...told } = await ask(juliet, asked(wish));
      expect(error).toBeUndefined();
      const { messages, ...about } = expected(wish);
      expect(idsOf(told.messages)).toEqual(idsOf(messages));
      expect({ ...told, messages: [] }).toEqual({ ...about, messages: [] });
    }), { numRuns: 150 });
  });

  it("is found page by page with any filter, each exactly once", async () => {
    for (const form of [{ with: "romeo@localhost" }, { with: "romeo@localhost/orchard" }, { with: juliet.bare }, { start: archive[100]!.stamp, end: archive[400]!.stamp }]) {
      const found = await all(juliet, { form }, 13);
      const { messages } = await ask(juliet, { form, set: "<max>0</max>" });
      expect(messages).toEqual([]);
      const wanted = archive.filter((message) => ("with" in form
        ? message.with === form.with || message.with.startsWith(`${form.with}/`)
        : message.stamp >= form.start && message.stamp <= form.end));
      expect(idsOf(found)).toEqual(idsOf(wanted));
      expect(found.length).toBeGreaterThan(10);
    }
  });

  it("is what the user wrote to itself for its own address (section 4.1.1)", async () => {
    const found = await all(juliet, { form: { with: juliet.bare } });
    expect(found.length).toBeGreaterThan(50);
    for (const { message } of found) expect([message!.attrs["from"], message!.attrs["to"]]).toEqual([juliet.jid, juliet.bare]);
  });

  it("includes both ends of a time, to the fraction and in any zone (section 4.1.2)", async () => {
    const at = archive[200]!.stamp;
    const same = archive.filter(({ stamp }) => stamp === at).length;
    const zoned = `${new Date(Date.parse(at) + 5.5 * 3_600_000).toISOString().slice(0, -1)}+05:30`;
    for (const form of [{ start: at, end: at }, { start: zoned, end: zoned }]) expect((await ask(juliet, { form })).count).toBe(same);
    const finer = `${at.slice(0, -1)}001Z`;
    expect((await ask(juliet, { form: { start: finer, end: finer } })).count).toBe(0);
    expect((await ask(juliet, { form: { end: "1999-01-01T00:00:00Z" } }))).toMatchObject({ count: 0, complete: true, error: undefined });
    expect((await ask(juliet, { form: { start: "0000-01-01T00:00:00Z", end: "9999-12-31T23:59:59Z" } })).count).toBe(total);
  });

  it("takes ids without a page of its own, however many they are (section 4.1.3)", async () => {
    const wanted = archive.filter((_, place) => place % 3 === 0);
    expect(idsOf((await ask(juliet, { form: { ids: idsOf(wanted.toReversed()) } })).messages)).toEqual(idsOf(wanted));
    const [one] = (await ask(juliet, { form: { ids: archive[7]!.id } })).messages;
    expect(one).toMatchObject({ id: archive[7]!.id, body: "7" });
  });

  it("may be said of messages from rooms, of which there are none (section 4.1.4)", async () => {
    for (const value of ["true", "false", "1", "0"]) expect((await ask(juliet, { form: { "include-groupchat": value }, set: "<max>0</max>" })).count).toBe(total);
  });

  it("is everything where a field is empty (XEP-0004 section 3.6)", async () => {
    expect((await ask(juliet, { form: { with: [], start: [], ids: [] }, set: "<max>0</max>" })).count).toBe(total);
  });
});

describe("XEP-0313: a query that cannot be answered", () => {
  const unknown = () => `${archive[0]!.id.slice(0, 15)}${"A".repeat(22)}`;
  it.each([
    { what: "nonsense", id: () => "nonsense" },
    { what: "another secret", id: unknown },
    { what: "another time", id: () => `000000000-0000-${archive[0]!.id.slice(15)}` },
    { what: "an id in capitals", id: () => archive[0]!.id.toUpperCase() },
    { what: "nothing", id: () => "" },
    { what: "a long text", id: () => "x".repeat(100_000) },
    { what: "a path", id: () => "../../w/romeo@localhost" },
  ])("asks for an id that is not there: $what (sections 4.1.3 and 4.3.2)", async ({ id }) => {
    for (const field of ["before-id", "after-id", "ids"]) expect((await ask(juliet, { form: { [field]: id() } })).error).toBe("item-not-found");
    expect((await ask(juliet, { form: { ids: [archive[0]!.id, id()] } })).error).toBe("item-not-found");
    if (id() !== "") for (const field of ["before", "after"]) expect((await ask(juliet, { set: `<${field}>${id()}</${field}>` })).error).toBe("item-not-found");
  });

  it("asks for an id of another's archive", async () => {
    const nurse = await connect("nurse", "chamber");
    const [theirs] = (await ask(nurse, { set: "<max>1</max>" })).messages;
    expect((await ask(juliet, { form: { ids: theirs!.id } })).error).toBe("item-not-found");
  });

  const form = (content: string, type = "submit", formType = mam) =>
    `<x xmlns='jabber:x:data' type='${type}'><field var='FORM_TYPE' type='hidden'><value>${formType}</value></field>${content}</x>`;
  const field = (name: string, ...values: readonly string[]) => `<field var='${name}'>${values.map((value) => `<value>${value}</value>`).join("")}</field>`;
  it.each([
    { what: "a field that there is not (section 4.1.5)", content: form(field("{urn:x}search", "a")), condition: "feature-not-implemented" },
    { what: "a field of the language's", content: form(field("constructor", "a") + field("__proto__", "a")), condition: "feature-not-implemented" },
    { what: "no JID", content: form(field("with", "@")), condition: "not-acceptable" },
    { what: "an empty JID", content: form(field("with", "")), condition: "not-acceptable" },
    { what: "two JIDs", content: form(field("with", "a@b", "c@d")), condition: "not-acceptable" },
    { what: "no start", content: form(field("start", "yesterday")), condition: "not-acceptable" },
    { what: "a date alone", content: form(field("end", "2026-11-23")), condition: "not-acceptable" },
    { what: "no boolean", content: form(field("include-groupchat", "perhaps")), condition: "not-acceptable" },
    { what: "two ids where there is one", content: form(field("before-id", "a", "b")), condition: "not-acceptable" },
    { what: "too many ids", content: form(field("ids", ...Array.from({ length: archiveIdsMax + 1 }, (_, index) => `${index}`))), condition: "not-acceptable" },
    { what: "a form of another type", content: form("", "submit", "urn:xmpp:mam:1"), condition: "bad-request" },
    { what: "a form that is no answer", content: form("", "form"), condition: "bad-request" },
    { what: "a form that was given up", content: form("", "cancel"), condition: "bad-request" },
    { what: "a form without a type", content: "<x xmlns='jabber:x:data' type='submit'/>", condition: "bad-request" },
    { what: "two forms", content: form("") + form(""), condition: "bad-request" },
    { what: "a field twice", content: form(field("with", "a@b") + field("with", "a@b")), condition: "bad-request" },
    { what: "a page that is none", content: "<set xmlns='http://jabber.org/protocol/rsm'><max>many</max></set>", condition: "bad-request" },
    { what: "two pages", content: "<set xmlns='http://jabber.org/protocol/rsm'/><set xmlns='http://jabber.org/protocol/rsm'/>", condition: "bad-request" },
  ])("has $what: $condition", async ({ content, condition }) => {
    const { before, answer } = await request(juliet, `<query xmlns='${mam}'>${content}</query>`);
    expect(before).toEqual([]);
    expect(conditionOf(answer)).toBe(condition);
    expect((await ask(juliet, { set: "<max>0</max>" })).count).toBe(total);
  });

  it("is for a node (section 6.1.3), or has a name that would be repeated for ever", async () => {
    expect(conditionOf((await request(juliet, `<query xmlns='${mam}' node='urn:x'/>`)).answer)).toBe("feature-not-implemented");
    const id = (length: number) => `<query xmlns='${mam}' queryid='${"q".repeat(length)}'/>`;
    expect(conditionOf((await request(juliet, id(archiveQueryIdCharsMax))).answer)).toBeUndefined();
    expect(conditionOf((await request(juliet, id(archiveQueryIdCharsMax + 1))).answer)).toBe("not-acceptable");
  });

  it("is for another's archive, whether there is one or not (section 8.1)", async () => {
    for (const to of ["romeo@localhost", "nobody@localhost", "juliet@capulet.example"]) {
      for (const [type, payload] of [
        ["set", queryText({})], ["set", queryText({ form: { ids: archive[0]!.id } })], ["get", `<query xmlns='${mam}'/>`], ["get", `<metadata xmlns='${mam}'/>`],
        ["get", `<prefs xmlns='${mam}'/>`], ["set", `<prefs xmlns='${mam}' default='never'/>`],
      ] as const) {
        const { before, answer } = await request(juliet, payload, type, to);
        expect([before, conditionOf(answer), childOf(answer, "error")!.attrs["type"]]).toEqual([[], "forbidden", "auth"]);
      }
    }
  });

  it("is for the server, which has no archive", async () => {
    expect(conditionOf((await request(juliet, queryText({}), "set", "localhost")).answer)).toBe("service-unavailable");
  });
});

describe("XEP-0313: whatever a client asks", () => {
  const name = fc.constantFrom("x", "field", "value", "set", "max", "before", "after", "index", "flip-page", "always", "never", "jid", "option");
  const xmlns = fc.option(fc.constantFrom(mam, "jabber:x:data", "http://jabber.org/protocol/rsm", "", "urn:x"), { nil: undefined });
  const word = fc.oneof(
    fc.constantFrom(mam, "FORM_TYPE", "submit", "with", "start", "ids", "before-id", "roster", "hidden", "toString", "1", "-1", "1e9", "2026-11-23T00:00:00Z", "a@b/c"),
    fc.string({ unit: fc.constantFrom("a", "0", "-", "/", "@", "🌹", " "), maxLength: 40 }),
  );
  const attributes = fc.dictionary(fc.constantFrom("var", "type", "default", "queryid", "node", "index"), word, { maxKeys: 3 })
    .map((all) => Object.entries(all).map(([key, value]) => ` ${key}='${value}'`).join(""));
  const { tree } = fc.letrec<{ tree: string; children: string }>((tie) => ({
    tree: fc.tuple(name, xmlns, attributes, tie("children")).map(([name, xmlns, attributes, children]) =>
      `<${name}${xmlns === undefined ? "" : ` xmlns='${xmlns}'`}${attributes}>${children}</${name}>`),
    children: fc.oneof({ maxDepth: 3, withCrossShrink: true }, word, fc.array(tie("tree"), { maxLength: 4 }).map((trees) => trees.join(""))),
  }));
  // Half of them with a form or a page that is nearly right.
  const fields = fc.array(fc.tuple(word, fc.array(word, { maxLength: 3 })), { maxLength: 4 }).map((all) =>
    `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>${mam}</value></field>` +
    `${all.map(([name, values]) => `<field var='${name}'>${values.map((value) => `<value>${value}</value>`).join("")}</field>`).join("")}</x>`);
  const set = fc.tuple(fc.constantFrom("max", "before", "after", "index"), word).map(([name, value]) => page(`<${name}>${value}</${name}>`));
  const payload = fc.record({
    name: fc.constantFrom("query", "query", "prefs", "metadata"), attributes, type: fc.constantFrom("get" as const, "set" as const),
    children: fc.array(fc.oneof(tree, fields, set), { maxLength: 4 }),
  });

  it("is answered once, and the session goes on", async () => {
    await server.addUser("peter", "secret");
    const peter = await connect("peter", "hall");
    const answers = new Map<string, number>();
    await fc.assert(fc.asyncProperty(payload, async ({ name, attributes, children, type }) => {
      const { before, answer } = await request(peter, `<${name} xmlns='${mam}'${attributes}>${children.join("")}</${name}>`, type);
      expect(before).toEqual([]);
      const condition = conditionOf(answer) ?? String(answer.attrs["type"]);
      answers.set(condition, (answers.get(condition) ?? 0) + 1);
      expect(condition).not.toBe("internal-server-error");
    }), { numRuns: 300 });
    expect(await peter.caughtUp()).toEqual([]);
    expect([...answers.keys()]).toEqual(expect.arrayContaining(["result", "bad-request", "feature-not-implemented"]));
  });
});

describe("XEP-0313 section 4.1.5: the form", () => {
  it("has all the fields, none of them required, and takes any ids", async () => {
    const { answer } = await request(juliet, `<query xmlns='${mam}'/>`, "get", juliet.bare);
    const x = childOf(childOf(answer, "query"), "x")!;
    const fields = x.children as readonly Xml[];
    expect(x.attrs["type"]).toBe("form");
    expect(fields.map(({ attrs }) => [attrs["var"], attrs["type"]])).toEqual([
      ["FORM_TYPE", "hidden"], ["with", "jid-single"], ["start", "text-single"], ["end", "text-single"], ["before-id", "text-single"], ["after-id", "text-single"],
      ["ids", "list-multi"], ["include-groupchat", "boolean"],
    ]);
    expect(textOf(fields[0])).toBe(mam);
    expect(fields[6]!.children).toMatchObject([
      { name: "validate", xmlns: "http://jabber.org/protocol/xdata-validate", attrs: { datatype: "xs:string" }, children: [{ name: "open" }] },
    ]);
  });
});

describe("XEP-0313 section 5: metadata", () => {
  it("names the first and the last message, and nothing in an empty archive", async () => {
    const { answer } = await request(juliet, `<metadata xmlns='${mam}'/>`, "get");
    const [first, last] = [archive[0]!, archive.at(-1)!];
    expect(childOf(answer, "metadata")!.children).toMatchObject([
      { name: "start", attrs: { id: first.id, timestamp: first.stamp } }, { name: "end", attrs: { id: last.id, timestamp: last.stamp } },
    ]);
    const tybalt = await connect("tybalt", "square");
    expect(childOf((await request(tybalt, `<metadata xmlns='${mam}'/>`, "get")).answer, "metadata")).toMatchObject({ xmlns: mam, children: [] });
    expect(await ask(tybalt)).toMatchObject({ messages: [], count: 0, complete: true, first: undefined, error: undefined });
  });
});

describe("XEP-0313 section 7: service discovery", () => {
  it("tells of the archive where it is: at the account", async () => {
    const features = async (to: string) => {
      const { answer } = await request(juliet, "<query xmlns='http://jabber.org/protocol/disco#info'/>", "get", to);
      return (childOf(answer, "query")!.children as readonly Xml[]).map(({ attrs }) => attrs["var"]);
    };
    const account = await features(juliet.bare);
    for (const feature of [mam, `${mam}#extended`, `${mam}#groupchat-field`, "urn:xmpp:sid:0"]) expect(account).toContain(feature);
    const own = await features("localhost");
    expect(own).toContain("urn:xmpp:sid:0");
    expect(own.filter((feature) => feature?.startsWith("urn:xmpp:mam"))).toEqual([]);
  });
});

describe("XEP-0313 and XEP-0198: a client that counts stanzas", () => {
  let small: TestServer;
  beforeEach(async () => {
    small = await startServer({ allowPlaintext: true, limits: { queueStanzas: 100 }, session: { resumptionMs: 100 } });
    await small.addUser("juliet", "secret");
  });
  afterEach(() => small.stop());

  const present = async (jid: string) => (await small.sessions()).some(({ full_jid }) => full_jid === jid);

  it("is not given so much at once that it could not be resumed any more, and what it does not acknowledge is missed by nobody", async () => {
    const client = await login(small, { user: "juliet", resource: "window", over: "plaintext" });
    client.send("<presence/>");
    for (let index = 0; index < 120; index += 1) client.send(`<message to='${client.bare}'><body>${index}</body></message>`);
    await client.caughtUp();
    client.send("<presence type='unavailable'/><enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    for (let element = await client.next(); element.name !== "enabled"; element = await client.next());
    const told = await ask(client, { set: "<max>250</max>" });
    expect([told.messages.length, told.complete, told.count]).toEqual([50, false, 120]);
    client.raw.plain.resetAndDestroy();
    await expect.poll(() => present(client.jid)).toBe(false);
    // Neither given to others, nor kept until there is somebody, nor archived as something new.
    const later = await login(small, { user: "juliet", resource: "later", over: "plaintext" });
    later.send("<presence/>");
    const { before } = await request(later, "<ping xmlns='urn:xmpp:ping'/>", "get", later.bare);
    expect(before.map(({ name }) => name)).toEqual(["presence"]);
    expect((await ask(later, { set: "<max>0</max>" })).count).toBe(120);
    later.raw.destroy();
  });

  it("is not given more bytes than leave room in its queue, whatever it asks for, and comes to the end page by page", async () => {
    const narrow = await startServer({ allowPlaintext: true, limits: { queueBytes: 65_536 }, session: { resumptionMs: 60_000 } });
    await narrow.addUser("juliet", "secret");
    const writer = await login(narrow, { user: "juliet", resource: "desk", over: "plaintext" });
    for (let index = 0; index < 12; index += 1) await writer.ask(`<message to='${writer.bare}' type='chat'><body>${"&amp;".repeat(1_900)}${index}</body></message>`);
    const client = await login(narrow, { user: "juliet", resource: "window", over: "plaintext" });
    client.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    await client.next();
    const told = await ask(client, { set: "<max>250</max>", queryid: "q".repeat(200) });
    expect([told.messages.length, told.complete, told.count]).toEqual([3, false, 12]);
    client.raw.plain.resetAndDestroy();
    await expect.poll(async () => (await narrow.sessions()).find(({ full_jid }) => full_jid === client.jid)?.state).toMatch(/hibernating/);
    expect(bodiesOf(await all(writer, {}, 250))).toHaveLength(12);
    await narrow.stop();
  });
});
