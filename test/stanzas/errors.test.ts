/** Stanza errors (RFC 6120 section 8.3): right kind, id, addresses and error type, and never an error for an error. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../../src/testing/start-server.ts";
import { startServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, showXml, type Xml } from "../support/xml-reader.ts";

const stanzas = "urn:ietf:params:xml:ns:xmpp-stanzas";

let server: TestServer;
let romeo: BoundClient;
let juliet: BoundClient;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  for (const user of ["romeo", "juliet", "absent"]) await server.addUser(user, "secret");
  romeo = await login(server, { user: "romeo", resource: "orchard", over: "plaintext" });
  juliet = await login(server, { user: "juliet", resource: "balcony", over: "plaintext" });
  await juliet.ask("<presence/>");
});
afterAll(() => server.stop());

interface Expected {
  readonly type: "auth" | "cancel" | "modify" | "wait";
  readonly condition: string;
  readonly kind?: string;
  /** null: the error has none. */
  readonly from?: string | null;
  /** null: the error has none. */
  readonly id?: string | null;
}

/** Romeo sends a stanza; exactly one error comes back, and nothing reaches Juliet. */
async function expectRefusal(stanza: string, { type, condition, kind = "iq", from = null, id = "e1" }: Expected): Promise<void> {
  const answers = await romeo.ask(stanza);
  expect(answers.map((answer) => showXml(answer))).toHaveLength(1);
  const [answer] = answers as [Xml];
  expect(answer.name).toBe(kind);
  expect(answer.attrs).toEqual({
    type: "error",
    to: romeo.jid,
    ...(id === null ? {} : { id }),
    ...(from === null ? {} : { from }),
  });
  const error = childOf(answer, "error");
  expect(error).toMatchObject({ xmlns: "jabber:client", attrs: { type } });
  expect(error?.children[0]).toEqual({ name: condition, xmlns: stanzas, attrs: {}, children: [] });
  expect(await juliet.caughtUp()).toEqual([]);
}

const ping = "<ping xmlns='urn:xmpp:ping'/>";

describe("RFC 6120 section 8.3.3.1 bad-request", () => {
  const modify = { type: "modify", condition: "bad-request" } as const;

  it("answers an iq without an id with an empty one (section 8.2.3)", () =>
    expectRefusal(`<iq type='get' to='localhost'>${ping}</iq>`, { ...modify, from: "localhost", id: "" }));

  it("answers an iq whose id is empty", () =>
    expectRefusal(`<iq type='get' id='' to='localhost'>${ping}</iq>`, { ...modify, from: "localhost", id: "" }));

  it.each(["subscribe", "GET", ""])("answers an iq of type %j (section 8.2.3)", (type) =>
    expectRefusal(`<iq type='${type}' id='e1' to='localhost'>${ping}</iq>`, { ...modify, from: "localhost" }));

  it("answers an iq without a type", () => expectRefusal(`<iq id='e1' to='localhost'>${ping}</iq>`, { ...modify, from: "localhost" }));

  it("answers an iq for somebody else too, which goes nowhere", () =>
    expectRefusal(`<iq type='subscribe' id='e1' to='${juliet.jid}'>${ping}</iq>`, { ...modify, from: juliet.jid }));

  it.each([["no child", ""], ["two children", ping + ping], ["text alone", "hello"]])("answers an iq get with %s", (_, children) =>
    expectRefusal(`<iq type='get' id='e1'>${children}</iq>`, modify));

  it.each(["-129", "128", "1000000", "high", "1.5", "", "0x10"])("answers a presence with the priority %j (RFC 6121 section 4.7.2.3)", (priority) =>
    expectRefusal(`<presence id='e1'><priority>${priority}</priority></presence>`, { ...modify, kind: "presence" }));

  it.each(["here", "", "Unavailable", "available"])("answers a presence of type %j (RFC 6121 section 4.7.1)", (type) =>
    expectRefusal(`<presence type='${type}' id='e1' to='${juliet.jid}'/>`, { ...modify, kind: "presence", from: juliet.jid }));

  it.each(["subscribe", "subscribed", "unsubscribe", "unsubscribed"])("answers a presence of type %s for nobody", (type) =>
    expectRefusal(`<presence type='${type}' id='e1'/>`, { ...modify, kind: "presence" }));
});

describe("RFC 6120 section 8.3.3.4 forbidden", () => {
  it.each([["get", ""], ["set", "<item jid='tybalt@localhost'/>"]])("answers a roster %s for somebody else's account", (type, item) =>
    expectRefusal(`<iq type='${type}' id='e1' to='juliet@localhost'><query xmlns='jabber:iq:roster'>${item}</query></iq>`, {
      type: "auth", condition: "forbidden", from: "juliet@localhost",
    }));
});

describe("RFC 6120 section 8.3.3.7 item-not-found", () => {
  it.each(["info", "items"])("answers a question for a node that is not there (disco#%s)", (what) =>
    expectRefusal(`<iq type='get' id='e1' to='localhost'><query xmlns='http://jabber.org/protocol/disco#${what}' node='nowhere'/></iq>`, {
      type: "cancel", condition: "item-not-found", from: "localhost",
    }));
});

describe("RFC 6120 section 8.3.3.8 jid-malformed", () => {
  it.each(["@localhost", "romeo@", "foo bar@localhost", "a@b@localhost", "localhost/", "ju\u0378liet@localhost", "", `${"x".repeat(1_024)}@localhost`])(
    "answers a stanza to %j, without the address (section 8.3.1)", async (to) => {
      await expectRefusal(`<message id='e1' to='${to}'><body>?</body></message>`, { type: "modify", condition: "jid-malformed", kind: "message" });
      await expectRefusal(`<iq type='get' id='e1' to='${to}'>${ping}</iq>`, { type: "modify", condition: "jid-malformed" });
      await expectRefusal(`<presence id='e1' to='${to}'/>`, { type: "modify", condition: "jid-malformed", kind: "presence" });
    },
  );
});

describe("RFC 6120 section 8.3.3.10 not-allowed", () => {
  it("answers a second bind (section 7.6.2.2)", async () => {
    const [answer] = await romeo.ask("<iq type='set' id='e1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
    expect(answer).toMatchObject({ name: "iq", attrs: { type: "error", id: "e1" } });
    expect(childOf(childOf(answer, "error"), "not-allowed")).toBeDefined();
    expect(childOf(answer, "error")?.attrs).toEqual({ type: "cancel" });
  });
});

describe("RFC 6120 section 8.3.3.16 remote-server-not-found", () => {
  const elsewhere = { type: "cancel", condition: "remote-server-not-found" } as const;

  it.each(["mercutio@elsewhere.example", "elsewhere.example", "mercutio@elsewhere.example/street"])("answers stanzas to %s", async (to) => {
    await expectRefusal(`<message id='e1' to='${to}'><body>?</body></message>`, { ...elsewhere, kind: "message", from: to });
    await expectRefusal(`<iq type='get' id='e1' to='${to}'>${ping}</iq>`, { ...elsewhere, from: to });
    await expectRefusal(`<presence id='e1' to='${to}'/>`, { ...elsewhere, kind: "presence", from: to });
  });
});

describe("RFC 6120 section 8.3.3.19 service-unavailable", () => {
  const unavailable = { type: "cancel", condition: "service-unavailable" } as const;
  const unknown = "<query xmlns='urn:example:unknown'/>";

  it("answers an iq that nobody understands: for the own account (section 10.3.3)", () =>
    expectRefusal(`<iq type='get' id='e1'>${unknown}</iq>`, unavailable));

  it("for the server (section 10.5.1)", () => expectRefusal(`<iq type='set' id='e1' to='localhost'>${unknown}</iq>`, { ...unavailable, from: "localhost" }));

  it("for a resource of the server (section 10.5.2)", () =>
    expectRefusal(`<iq type='get' id='e1' to='localhost/room'>${ping}</iq>`, { ...unavailable, from: "localhost/room" }));

  it("for an account that answers nothing to strangers (RFC 6121 section 8.5.2.1.3)", () =>
    expectRefusal(`<iq type='get' id='e1' to='juliet@localhost'>${unknown}</iq>`, { ...unavailable, from: "juliet@localhost" }));

  it("looks alike for an account that does not exist, exists, or is connected (RFC 6121 section 11)", async () => {
    const seen = [];
    for (const to of ["nobody@localhost", "absent@localhost", "juliet@localhost", "nobody@localhost/balcony", "absent@localhost/balcony", "juliet@localhost/balcony"]) {
      const [answer] = await romeo.ask(`<iq type='get' id='e1' to='${to}'>${ping}</iq>`);
      seen.push(showXml(answer!).replace(` from='${to}'`, ""));
    }
    expect(new Set(seen).size).toBe(1);
  });

  it("answers a message to the server (section 10.5.1)", () =>
    expectRefusal("<message id='e1' to='localhost'><body>?</body></message>", { ...unavailable, kind: "message", from: "localhost" }));

  it("keeps the id away where there was none (section 8.3.1)", () =>
    expectRefusal("<message to='localhost'><body>?</body></message>", { ...unavailable, kind: "message", from: "localhost", id: null }));
});

describe("RFC 6120 section 8.3.1 an error is never answered", () => {
  const error = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";

  it.each(["", "localhost", "localhost/room", "juliet@localhost", "juliet@localhost/gone", "nobody@localhost", "absent@localhost",
    "elsewhere.example", "@"])("nor is a result, nor what is wrong with either, to %j", async (address) => {
    const to = address === "" ? "" : ` to='${address}'`;
    expect(await romeo.ask(`<message type='error' id='e1'${to}>${error}</message>`)).toEqual([]);
    expect(await romeo.ask(`<presence type='error' id='e1'${to}>${error}</presence>`)).toEqual([]);
    expect(await romeo.ask(`<iq type='error' id='e1'${to}>${error}</iq>`)).toEqual([]);
    expect(await romeo.ask(`<iq type='error'${to}>${error}</iq>`)).toEqual([]);
    expect(await romeo.ask(`<iq type='result' id='e1'${to}/>`)).toEqual([]);
    expect(await romeo.ask(`<iq type='result' id='e1'${to}>${ping}${ping}</iq>`)).toEqual([]);
    expect(await romeo.ask(`<iq type='result'${to}/>`)).toEqual([]);
  });

  it("nor is a question to oneself that goes on for ever", async () => {
    const [first] = await romeo.ask(`<iq type='get' id='self' to='${romeo.jid}'>${ping}</iq>`);
    expect(first).toMatchObject({ name: "iq", attrs: { type: "get", from: romeo.jid, to: romeo.jid, id: "self" } });
    const answers = await romeo.ask(`<iq type='error' id='self' to='${romeo.jid}'>${error}</iq>`);
    expect(answers).toHaveLength(1);
    expect(answers[0]).toMatchObject({ attrs: { type: "error", from: romeo.jid } });
  });
});
