/** Who receives what, over real sockets: each cell of the delivery table (RFC 6121 section 8.5) with clients of every kind. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, showXml } from "../support/xml-reader.ts";

let server: TestServer;
let romeo: BoundClient;
/** By `user/resource`. */
const clients = new Map<string, BoundClient>();

/** Resources with their priorities; null: connected and not available. Absent has an account and is not there; Nobody has none. */
const resources: Readonly<Record<string, Readonly<Record<string, number | null>>>> = {
  juliet: { top: 5, also: 5, low: 1, negative: -1, silent: null },
  nurse: { negative: -1, silent: null },
};

beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  for (const user of ["romeo", "juliet", "nurse", "absent"]) await server.addUser(user, "secret");
  romeo = await login(server, { user: "romeo", resource: "orchard", over: "plaintext" });
  for (const [user, priorities] of Object.entries(resources)) {
    for (const [resource, priority] of Object.entries(priorities)) {
      const client = await login(server, { user, resource, over: "plaintext" });
      clients.set(`${user}/${resource}`, client);
      if (priority !== null) client.send(`<presence><priority>${priority}</priority></presence>`);
      await client.caughtUp();
    }
  }
  await Promise.all([...clients.values()].map((client) => client.caughtUp()));
});
afterAll(() => server.stop());

type Outcome = readonly string[] | "bounce" | "drop" | "answer" | "kept";

/** Stored for later (RFC 6121 section 8.5.2.2.1, choice a): nobody is told anything, and the store has one more. */
const undelivered = "kept";

let stanzas = 0;

/** How many messages wait for users. */
async function kept(): Promise<number> {
  const sizes = (await server.store.stats()).contents;
  return sizes.find(({ name }) => name === "offline")?.count ?? 0;
}

/** Sends one stanza and tells who got it, checked to be as it was sent but for its sender. */
async function fate(sender: BoundClient, kind: string, type: string, to: string): Promise<Outcome> {
  const id = `d${++stanzas}`;
  const payload = { message: "<body>?</body>", presence: "<status>?</status>", iq: "<ping xmlns='urn:xmpp:ping'/>" }[kind]!;
  const error = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
  const attributes = type === "" ? "" : ` type='${type}'`;
  const before = await kept();
  const back = await sender.ask(`<${kind} id='${id}' to='${to}'${attributes}>${type === "error" ? error : payload}</${kind}>`);
  const got: string[] = [];
  await Promise.all([...clients].map(async ([name, client]) => {
    const received = client === sender ? back : await client.caughtUp();
    for (const stanza of received) {
      expect(stanza, showXml(stanza)).toMatchObject({ name: kind, attrs: { id, to, from: sender.jid, ...(type === "" ? {} : { type }) } });
      got.push(name);
    }
  }));
  if (clients.get(sender.jid.replace("@localhost", "")) === sender) return got.toSorted();
  if (got.length > 0) {
    expect(back).toEqual([]);
    return got.toSorted();
  }
  const more = (await kept()) - before;
  if (more > 0) {
    expect([more, back]).toEqual([1, []]);
    return "kept";
  }
  if (back.length === 0) return "drop";
  expect(back).toHaveLength(1);
  const [answer] = back;
  expect(answer).toMatchObject({ name: kind, attrs: { id, from: to, to: sender.jid } });
  if (answer!.attrs["type"] === "result") return "answer";
  expect(answer!.attrs["type"]).toBe("error");
  expect(childOf(childOf(answer, "error"), "service-unavailable")).toBeDefined();
  return "bounce";
}

type Row = readonly [stanza: string, outcome: Outcome];

function delivers(rule: string, to: readonly string[], rows: readonly Row[]): void {
  describe(rule, () => {
    for (const address of to) {
      it.each(rows.map(([stanza, outcome]) => ({ stanza, outcome })))(`$stanza to ${address}: $outcome`, async ({ stanza, outcome }) => {
        const [kind, type = ""] = stanza.split(" ") as [string, string?];
        expect(await fate(romeo, kind, type, address)).toEqual(outcome);
      });
    }
  });
}

const noResourceMessages: readonly Row[] = [
  ["message chat", undelivered], ["message normal", undelivered], ["message", undelivered],
  ["message groupchat", "bounce"], ["message headline", "drop"], ["message error", "drop"],
];
const noMatchMessages: readonly Row[] = [
  ["message normal", "bounce"], ["message", "bounce"], ["message groupchat", "bounce"], ["message headline", "bounce"], ["message error", "drop"],
];
const droppedPresence: readonly Row[] = [["presence", "drop"], ["presence unavailable", "drop"]];
const refusedIqs: readonly Row[] = [["iq get", "bounce"], ["iq set", "bounce"], ["iq result", "drop"], ["iq error", "drop"]];

delivers("RFC 6121 section 8.5.1 no such user", ["nobody@localhost", "nobody@localhost/top"], [
  ["message chat", "bounce"], ["message normal", "bounce"], ["message", "bounce"], ["message groupchat", "bounce"],
  ["message headline", "drop"], ["message error", "drop"], ...droppedPresence, ...refusedIqs,
]);

const top = ["juliet/also", "juliet/top"];
delivers("RFC 6121 section 8.5.2.1.1 message to a bare JID", ["juliet@localhost"], [
  ["message chat", top], ["message normal", top], ["message", top], ["message unheard-of", top],
  ["message headline", ["juliet/also", "juliet/low", "juliet/top"]], ["message groupchat", "bounce"], ["message error", "drop"],
]);
delivers("RFC 6121 section 8.5.2.1.1 message to a bare JID with negative priorities alone", ["nurse@localhost"], noResourceMessages);

const available = ["juliet/also", "juliet/low", "juliet/negative", "juliet/top"];
delivers("RFC 6121 section 8.5.2.1.2 presence to a bare JID", ["juliet@localhost"], [["presence", available], ["presence unavailable", available]]);
delivers("RFC 6121 section 8.5.2.1.2 presence to a bare JID with negative priorities alone", ["nurse@localhost"], [
  ["presence", ["nurse/negative"]], ["presence unavailable", ["nurse/negative"]],
]);
delivers("RFC 6121 section 8.5.2.1.3 iq to a bare JID", ["juliet@localhost", "nurse@localhost"], refusedIqs);

delivers("RFC 6121 section 8.5.2.2.1 message, no available or connected resources", ["absent@localhost"], noResourceMessages);
delivers("RFC 6121 section 8.5.2.2.2 presence, no available or connected resources", ["absent@localhost"], droppedPresence);
delivers("RFC 6121 section 8.5.2.2.3 iq, no available or connected resources", ["absent@localhost"], refusedIqs);

for (const name of ["juliet/top", "juliet/low", "juliet/negative", "juliet/silent"]) {
  delivers("RFC 6121 section 8.5.3.1 resource matches", [name.replace("/", "@localhost/")], [
    ...["chat", "normal", "groupchat", "headline", "error", ""].map((type): Row => [`message ${type}`.trim(), [name]]),
    ["presence", [name]], ["presence unavailable", [name]],
    ["iq result", [name]], ["iq error", [name]], ["iq get", "bounce"], ["iq set", "bounce"],
  ]);
}

delivers("RFC 6121 section 8.5.3.2.1 message, no resource matches", ["juliet@localhost/gone", "juliet@localhost/TOP"], [["message chat", top], ...noMatchMessages]);
delivers("RFC 6121 section 8.5.3.2.1 message, no resource matches and none can take it", ["nurse@localhost/gone", "absent@localhost/gone"], [
  ["message chat", undelivered], ...noMatchMessages,
]);
delivers("RFC 6121 section 8.5.3.2.2 presence, no resource matches", ["juliet@localhost/gone", "absent@localhost/gone"], droppedPresence);
delivers("RFC 6121 section 8.5.3.2.3 iq, no resource matches", ["juliet@localhost/gone", "absent@localhost/gone"], refusedIqs);

describe("RFC 6121 section 8.5.3.1 an iq to a resource that shares its presence", () => {
  it.each(["juliet/top", "juliet/silent"])("is delivered while %s has sent directed presence, and not before or after", async (name) => {
    const client = clients.get(name)!;
    expect(await fate(romeo, "iq", "get", client.jid)).toBe("bounce");
    client.send(`<presence to='${romeo.jid}'/>`);
    await client.caughtUp();
    expect(await romeo.caughtUp()).toMatchObject([{ name: "presence", attrs: { from: client.jid } }]);
    expect(await fate(romeo, "iq", "get", client.jid)).toEqual([name]);
    expect(await fate(romeo, "iq", "set", client.jid)).toEqual([name]);
    // The others share nothing.
    expect(await fate(romeo, "iq", "get", clients.get("juliet/low")!.jid)).toBe("bounce");
    client.send(`<presence to='${romeo.jid}' type='unavailable'/>`);
    await client.caughtUp();
    expect(await romeo.caughtUp()).toMatchObject([{ name: "presence", attrs: { from: client.jid, type: "unavailable" } }]);
    expect(await fate(romeo, "iq", "get", client.jid)).toBe("bounce");
  });

  it("is delivered between resources of one account", async () => {
    expect(await fate(clients.get("juliet/low")!, "iq", "get", "juliet@localhost/silent")).toEqual(["juliet/silent"]);
  });
});

describe("RFC 6121 section 8.5.2 the own account", () => {
  it("is answered by the server on behalf of the account (section 8.5.2.1.3)", async () => {
    expect(await fate(romeo, "iq", "get", "romeo@localhost")).toBe("answer");
    expect(await fate(romeo, "iq", "set", "romeo@localhost")).toBe("bounce");
  });

  it("gives a message for the own bare JID to the most available resources, the sender among them", async () => {
    expect(await fate(clients.get("juliet/top")!, "message", "chat", "juliet@localhost")).toEqual(top);
    expect(await fate(clients.get("juliet/low")!, "message", "chat", "juliet@localhost")).toEqual(top);
  });
});

describe("RFC 6121 section 8.5.2.1.1 a priority that changes", () => {
  it("changes who is most available at once", async () => {
    const low = clients.get("juliet/low")!;
    const everybody = () => Promise.all([...clients.values()].map((client) => client.caughtUp()));
    await low.ask("<presence><priority>127</priority></presence>");
    await everybody();
    expect(await fate(romeo, "message", "chat", "juliet@localhost")).toEqual(["juliet/low"]);
    await low.ask("<presence type='unavailable'/>");
    await everybody();
    expect(await fate(romeo, "message", "chat", "juliet@localhost")).toEqual(top);
    expect(await fate(romeo, "message", "headline", "juliet@localhost")).toEqual(top);
    await low.ask("<presence><priority>1</priority></presence>");
    await everybody();
    expect(await fate(romeo, "message", "chat", "juliet@localhost")).toEqual(top);
  });
});
