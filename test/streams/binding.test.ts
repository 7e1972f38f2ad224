/** Resource binding (RFC 6120 section 7). */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TestServer } from "../../src/testing/start-server.ts";
import { authenticate, bindRequest, BoundClient, login } from "../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";
import { expectStreamError, startWithUsers } from "./support.ts";

const stanzas = "urn:ietf:params:xml:ns:xmpp-stanzas";
const bind = "urn:ietf:params:xml:ns:xmpp-bind";

let server: TestServer;
let rejecting: TestServer;
let renaming: TestServer;
beforeAll(async () => {
  const session = { resourcesPerAccountMax: 3 };
  [server, rejecting, renaming] = await Promise.all([
    startWithUsers({ allowPlaintext: true, session }),
    startWithUsers({ allowPlaintext: true, session: { ...session, conflict: "reject-new" } }),
    startWithUsers({ allowPlaintext: true, session: { ...session, conflict: "rename" } }),
  ]);
});
afterAll(() => Promise.all([server.stop(), rejecting.stop(), renaming.stop()]));

/** Logged in, nothing bound. */
async function unbound(user: string, at: TestServer = server): Promise<BoundClient> {
  return new BoundClient(await authenticate(at, { user, over: "plaintext" }), at.domain);
}

async function bound(user: string, resource: string | null, at: TestServer = server): Promise<BoundClient> {
  return login(at, { user, over: "plaintext", resource });
}

async function bindAs(client: BoundClient, resource: string | null, id = "bind"): Promise<Xml> {
  client.send(bindRequest(resource, id));
  return client.next();
}

const jidOf = (result: Xml) => textOf(childOf(childOf(result, "bind"), "jid"));

function expectError(answer: Xml, type: string, condition: string, id = "bind"): void {
  expect(answer, showXml(answer)).toMatchObject({ name: "iq", attrs: { type: "error", id } });
  const error = childOf(answer, "error");
  expect(error?.attrs).toEqual({ type });
  expect(error?.children[0]).toEqual({ name: condition, xmlns: stanzas, attrs: {}, children: [] });
}

describe("RFC 6120 section 7.6 server-generated resource identifier", () => {
  it("is made for an empty <bind/>, random and unpredictable (section 7.6.1)", async () => {
    const clients = [await bound("romeo", null), await bound("romeo", null), await bound("romeo", null)];
    const resources = clients.map(({ jid }) => jid.slice(jid.indexOf("/") + 1));
    expect(new Set(resources).size).toBe(3);
    for (const resource of resources) expect(resource.length).toBeGreaterThanOrEqual(22);
    for (const client of clients) await client.close();
  });

  it("is made for an empty <resource/> too (section 7.7.2.1)", async () => {
    const client = await bound("romeo", "");
    expect(client.jid).toMatch(/^romeo@localhost\/[\w-]{22,}$/);
    await client.close();
  });

  it("answers with exactly the full JID, under the id that was asked with", async () => {
    const client = await unbound("romeo");
    const result = await bindAs(client, null, "tn281v37");
    expect(result).toMatchObject({
      name: "iq", attrs: { type: "result", id: "tn281v37" }, children: [{ name: "bind", xmlns: bind, children: [{ name: "jid", xmlns: bind }] }],
    });
    await client.close();
  });
});

describe("RFC 6120 section 7.7.1 client-submitted resource identifier", () => {
  it.each(["balcony", "Balcony", "with space", "Ünïcödé", "a@b", "a/b", "🌹", "x".repeat(1_023)])(
    "takes %j without modification", async (resource) => {
      const client = await bound("romeo", resource);
      expect(client.jid).toBe(`romeo@localhost/${resource}`);
      await client.close();
    },
  );

  it("keeps upper and lower case apart (RFC 7622 section 3.4)", async () => {
    const [one, two] = [await bound("romeo", "orchard"), await bound("romeo", "ORCHARD")];
    expect(await one.caughtUp()).toEqual([]);
    expect(two.jid).toBe("romeo@localhost/ORCHARD");
    await one.close();
    await two.close();
  });

  it("prepares it as RFC 7622 section 3.4 says: composed, other spaces to spaces", async () => {
    const composed = await bound("romeo", "cafe\u0301\u00A0table");
    expect(composed.jid).toBe("romeo@localhost/caf\u00E9 table");
    await composed.close();
  });
});

describe("RFC 6120 section 7.7.2.1 bad request", () => {
  it.each([["a tab", "tab&#9;"], ["a noncharacter", "\uFDD0"], ["1,024 bytes", "x".repeat(1_024)], ["an unassigned character", "\u0378"]])(
    "refuses a resource with %s, and another one can follow", async (_, resource) => {
      const client = await unbound("romeo");
      expectError(await bindAs(client, resource), "modify", "bad-request");
      expect(jidOf(await bindAs(client, "good"))).toBe("romeo@localhost/good");
      await client.close();
    },
  );

  it.each([
    ["without an id (section 8.1.3)", `<iq type='set'><bind xmlns='${bind}'/></iq>`, ""],
    ["with a second child (section 8.2.3)", `<iq type='set' id='two'><bind xmlns='${bind}'/><query xmlns='jabber:iq:roster'/></iq>`, "two"],
  ])("refuses a request %s", async (_, request, id) => {
    const client = await unbound("romeo");
    client.send(request);
    expectError(await client.next(), "modify", "bad-request", id);
    expect(jidOf(await bindAs(client, "good"))).toBe("romeo@localhost/good");
    await client.close();
  });
});

describe("RFC 6120 section 7.7.2.2 conflict", () => {
  it("replace: the older stream ends with conflict before the younger one has its answer", async () => {
    const old = await bound("romeo", "orchard");
    await old.ask("<presence/>");
    const young = await bound("romeo", "orchard");
    expect(young.jid).toBe(old.jid);
    await expectStreamError(old.raw, "conflict");
    expect((await server.sessions()).filter((session) => session.full_jid === young.jid)).toHaveLength(1);
    await young.close();
  });

  it("replace: what is sent to the resource reaches the younger stream", async () => {
    const juliet = await bound("juliet", "balcony");
    const old = await bound("romeo", "orchard");
    const young = await bound("romeo", "orchard");
    await juliet.ask(`<message to='${young.jid}'><body>Which one?</body></message>`);
    expect((await young.caughtUp()).map(textOf)).toEqual(["Which one?"]);
    expect(old.raw.received).not.toContain("Which one?");
    old.raw.destroy();
    await young.close();
    await juliet.close();
  });

  it("reject-new: the younger client is told so and may choose another one", async () => {
    const old = await bound("romeo", "orchard", rejecting);
    const young = await unbound("romeo", rejecting);
    expectError(await bindAs(young, "orchard"), "modify", "conflict");
    expect(jidOf(await bindAs(young, "garden"))).toBe("romeo@localhost/garden");
    expect(await old.caughtUp()).toEqual([]);
    await old.close();
    await young.close();
  });

  it("rename: the younger client gets a name from the server, and both live", async () => {
    const old = await bound("romeo", "orchard", renaming);
    const young = await bound("romeo", "orchard", renaming);
    expect(young.jid).toMatch(/^romeo@localhost\/[\w-]{22,}$/);
    expect(await old.caughtUp()).toEqual([]);
    expect(await young.caughtUp()).toEqual([]);
    await old.close();
    await young.close();
  });

  it("compares prepared resources", async () => {
    const old = await bound("romeo", "caf\u00E9", rejecting);
    const young = await unbound("romeo", rejecting);
    expectError(await bindAs(young, "cafe\u0301"), "modify", "conflict");
    await old.close();
    await young.close();
  });
});

describe("RFC 6120 section 7.6.2.1 resource constraint", () => {
  it("refuses more resources than an account may have, until one is free", async () => {
    const three = [await bound("juliet", "1"), await bound("juliet", "2"), await bound("juliet", "3")];
    const fourth = await unbound("juliet");
    expectError(await bindAs(fourth, "4"), "wait", "resource-constraint");
    expectError(await bindAs(fourth, null), "wait", "resource-constraint");
    await three[0]!.close();
    expect(jidOf(await bindAs(fourth, "4"))).toBe("juliet@localhost/4");
    for (const client of [three[1]!, three[2]!, fourth]) await client.close();
  });

  it("does not stand in the way of a client that takes its own resource again", async () => {
    const three = [await bound("juliet", "1"), await bound("juliet", "2"), await bound("juliet", "3")];
    const again = await bound("juliet", "3");
    expect(again.jid).toBe("juliet@localhost/3");
    three[2]!.raw.destroy();
    for (const client of [three[0]!, three[1]!, again]) await client.close();
  });
});

describe("RFC 6120 section 7.6.2.2 not allowed", () => {
  it("refuses a second bind on the same stream, which goes on", async () => {
    const client = await bound("romeo", "first");
    expectError(await bindAs(client, "second", "again"), "cancel", "not-allowed", "again");
    expect(await client.caughtUp()).toEqual([]);
    expect((await server.sessions()).map((session) => session.full_jid)).not.toContain("romeo@localhost/second");
    await client.close();
  });
});

describe("RFC 6120 section 7.7.3 retries", () => {
  it("allows ten failures, and closes the stream with policy-violation at the last one", async () => {
    const client = await unbound("romeo");
    for (let tries = 1; tries <= 10; tries += 1) {
      expectError(await bindAs(client, "\uFDD0", `try${tries}`), "modify", "bad-request", `try${tries}`);
    }
    await expectStreamError(client.raw, "policy-violation");
  });

  it("lets the tenth try succeed", async () => {
    const client = await unbound("romeo");
    for (let tries = 1; tries <= 9; tries += 1) await bindAs(client, "\uFDD0");
    expect(jidOf(await bindAs(client, "tenth"))).toBe("romeo@localhost/tenth");
    await client.close();
  });
});

describe("RFC 6120 section 7.1 before binding", () => {
  it("answers an iq to the server and to the own account", async () => {
    const client = await unbound("romeo");
    for (const [id, to] of [["server", " to='localhost'"], ["account", " to='romeo@localhost'"], ["nobody", ""]]) {
      client.send(`<iq type='get' id='${id}'${to}><ping xmlns='urn:xmpp:ping'/></iq>`);
      const answer = await client.next();
      expect(answer).toMatchObject({ name: "iq", attrs: { type: "result", id } });
    }
    expect(jidOf(await bindAs(client, "afterwards"))).toBe("romeo@localhost/afterwards");
    await client.close();
  });

  it("answers it whatever the case of the host", async () => {
    const client = await unbound("romeo");
    client.send("<iq type='get' id='1' to='LocalHost'><ping xmlns='urn:xmpp:ping'/></iq>");
    expect(await client.next()).toMatchObject({ attrs: { type: "result", id: "1" } });
    await client.close();
  });

  it("delivers nothing to who has no resource yet", async () => {
    const client = await unbound("benvolio");
    const juliet = await bound("juliet", null);
    const answers = await juliet.ask("<message to='benvolio@localhost' type='headline'><body>News</body></message>");
    expect(answers).toEqual([]);
    expect(jidOf(await bindAs(client, "late"))).toBe("benvolio@localhost/late");
    await client.close();
    await juliet.close();
  });
});

describe("RFC 3921 section 3 session establishment", () => {
  it("answers the request of old clients with an empty result", async () => {
    const client = await bound("romeo", "old");
    const answers = await client.ask("<iq type='set' id='s1'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>");
    expect(answers).toHaveLength(1);
    expect(answers[0]).toMatchObject({ name: "iq", attrs: { type: "result", id: "s1" }, children: [] });
    const toServer = await client.ask("<iq type='set' id='s2' to='localhost'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>");
    expect(toServer[0]).toMatchObject({ attrs: { type: "result", id: "s2", from: "localhost" } });
    await client.close();
  });
});
