import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { privateNamespacesMax } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, readXml, type Xml } from "../support/xml-reader.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

let users = 0;
/** A user who keeps nothing yet. */
async function newUser(): Promise<BoundClient> {
  const user = `hamlet${++users}`;
  await server.addUser(user, "secret");
  return login(server, { user });
}

async function ask(client: BoundClient, type: string, content: string, to?: string): Promise<Xml> {
  const address = to === undefined ? "" : ` to='${to}'`;
  const [answer, ...others] = await client.ask(`<iq type='${type}' id='p'${address}><query xmlns='jabber:iq:private'>${content}</query></iq>`);
  expect(others).toEqual([]);
  expect(answer!.attrs).toMatchObject({ id: "p", to: client.jid });
  return answer!;
}
const set = async (client: BoundClient, content: string) => outcome(await ask(client, "set", content));
/** What is kept, and nothing else: the content of the answer's query. */
async function get(client: BoundClient, content: string): Promise<readonly (Xml | string)[]> {
  const answer = await ask(client, "get", content);
  expect(answer.attrs["type"]).toBe("result");
  return childOf(answer, "query")!.children;
}
/** The condition of an error, or `result`. */
function outcome(answer: Xml): string | undefined {
  const error = childOf(answer, "error");
  if (error === undefined) expect(answer).toMatchObject({ attrs: { type: "result" }, children: [] });
  return error === undefined ? "result" : (error.children[0] as Xml).name;
}

const prefs = "<exodus xmlns='exodus:prefs'><defaultnick>Hamlet</defaultnick></exodus>";

describe("XEP-0049 section 2.3 storing and retrieving", () => {
  it("returns what was stored, to every client of the user", async () => {
    const hamlet = await newUser();
    expect(await set(hamlet, prefs)).toBe("result");
    expect(await get(hamlet, "<exodus xmlns='exodus:prefs'/>")).toEqual([readXml(prefs)]);
    const other = await login(server, { user: hamlet.bare.split("@")[0]!, resource: "other" });
    expect(await get(other, "<exodus xmlns='exodus:prefs'/>")).toEqual([readXml(prefs)]);
    await Promise.all([hamlet.close(), other.close()]);
  });

  it("echoes the element where nothing is stored", async () => {
    const hamlet = await newUser();
    expect(await get(hamlet, "<storage xmlns='storage:bookmarks'/>")).toEqual([readXml("<storage xmlns='storage:bookmarks'/>")]);
    await hamlet.close();
  });

  it("replaces what was stored in a namespace, and leaves the others", async () => {
    const hamlet = await newUser();
    await set(hamlet, prefs);
    await set(hamlet, "<a xmlns='urn:a'>1</a>");
    await set(hamlet, "<a xmlns='urn:a'>2</a>");
    expect(await get(hamlet, "<a xmlns='urn:a'/>")).toEqual([readXml("<a xmlns='urn:a'>2</a>")]);
    expect(await get(hamlet, "<exodus xmlns='exodus:prefs'/>")).toEqual([readXml(prefs)]);
    await hamlet.close();
  });

  it("keeps several elements of one namespace, in their order, and several namespaces of one request", async () => {
    const hamlet = await newUser();
    expect(await set(hamlet, "<b xmlns='urn:a'>1</b><c xmlns='urn:c'/><d xmlns='urn:d' e='f'/><a xmlns='urn:a'>2</a>")).toBe("result");
    const both = [readXml("<b xmlns='urn:a'>1</b>"), readXml("<a xmlns='urn:a'>2</a>")];
    expect(await get(hamlet, "<a xmlns='urn:a'/>")).toEqual(both);
    expect(await get(hamlet, "<a xmlns='urn:a'/><b xmlns='urn:a'/>")).toEqual(both);
    expect(await get(hamlet, "<d xmlns='urn:d'/>")).toEqual([readXml("<d xmlns='urn:d' e='f'/>")]);
    await hamlet.close();
  });

  it("forgets what is replaced by an empty element", async () => {
    const hamlet = await newUser();
    await set(hamlet, "<a xmlns='urn:a'>1</a>");
    await set(hamlet, "<a xmlns='urn:a'/>");
    expect(await get(hamlet, "<a xmlns='urn:a'/>")).toEqual([readXml("<a xmlns='urn:a'/>")]);
    expect(await get(hamlet, "<b xmlns='urn:a'/>")).toEqual([readXml("<b xmlns='urn:a'/>")]);
    await hamlet.close();
  });

  it("keeps every namespace, of prefixes and of none, and every character", async () => {
    const hamlet = await newUser();
    const content =
      "<p:a xmlns:p='urn:p' xmlns:q='urn:q' p:x='1' q:x='&#9;&quot;&apos;&lt;' xml:lang='da'>" +
      "<q:b><c xmlns=''><d xmlns='jabber:client'/>&#13;<p:e/></c></q:b> til &amp;\n ]]&gt; 𝄞 <p:f p:y='2'/></p:a>";
    await set(hamlet, content);
    expect(await get(hamlet, "<a xmlns='urn:p'/>")).toEqual([readXml(content)]);
    // Attributes are compared with their prefixes: those must still mean the same.
    expect(hamlet.raw.received).toMatch(/<a (?=[^>]* xmlns:p="urn:p")(?=[^>]* xmlns:q="urn:q")[^>]* q:x=/);
    await hamlet.close();
  });

  it("keeps as much as a stanza can carry", async () => {
    const hamlet = await newUser();
    const content = `<a xmlns='urn:a'>${"'".repeat(260_000)}</a>`;
    expect(await set(hamlet, content)).toBe("result");
    expect(await get(hamlet, "<a xmlns='urn:a'/>")).toEqual([readXml(content)]);
    await hamlet.close();
  });
});

describe("XEP-0049 section 3 error conditions", () => {
  it.each(["get", "set"])("%s: forbidden for other accounts, one that does not exist, and the server", async (type) => {
    const [hamlet, macbeth] = [await newUser(), await newUser()];
    await set(hamlet, prefs);
    const mine = prefs.replace("Hamlet", "Macbeth");
    for (const to of [hamlet.bare, "nobody@localhost", "localhost"]) {
      expect(outcome(await ask(macbeth, type, mine, to))).toBe("forbidden");
    }
    expect(await get(hamlet, "<exodus xmlns='exodus:prefs'/>")).toEqual([readXml(prefs)]);
    await Promise.all([hamlet.close(), macbeth.close()]);
  });

  it("lets a user name the own account", async () => {
    const hamlet = await newUser();
    expect(outcome(await ask(hamlet, "set", prefs, hamlet.bare))).toBe("result");
    expect(childOf(await ask(hamlet, "get", "<exodus xmlns='exodus:prefs'/>", hamlet.bare), "query")!.children).toEqual([readXml(prefs)]);
    await hamlet.close();
  });

  it.each([
    ["nothing", ""],
    ["text alone", "prefs"],
    ["an element without a namespace of its own", "<prefs/>"],
    ["an element in no namespace", "<prefs xmlns=''/>"],
    ["a reserved namespace", "<vCard xmlns='vcard-temp'/>"],
    ["a reserved namespace among others", `${prefs}<message xmlns='jabber:client'/>`],
    ["a namespace of the old protocols", "<x xmlns='http://jabber.org/protocol/muc'/>"],
  ])("does not accept %s", async (_, content) => {
    const hamlet = await newUser();
    for (const type of ["get", "set"]) expect(outcome(await ask(hamlet, type, content))).toBe("not-acceptable");
    expect(await get(hamlet, "<exodus xmlns='exodus:prefs'/>")).toEqual([readXml("<exodus xmlns='exodus:prefs'/>")]);
    await hamlet.close();
  });

  it("refuses a question for two namespaces (section 2.3)", async () => {
    const hamlet = await newUser();
    expect(outcome(await ask(hamlet, "get", "<a xmlns='urn:a'/><b xmlns='urn:b'/>"))).toBe("bad-request");
    await hamlet.close();
  });
});

describe("XEP-0049: what one account may keep is bounded", () => {
  const elements = (from: number, to: number, content = "x") =>
    Array.from({ length: to - from }, (_, i) => `<a xmlns='urn:n:${from + i}'>${content}</a>`).join("");

  it("by the number of namespaces, of which some can be given up for others", async () => {
    const hamlet = await newUser();
    expect(await set(hamlet, elements(0, privateNamespacesMax + 1))).toBe("resource-constraint");
    expect(await set(hamlet, elements(0, privateNamespacesMax - 1))).toBe("result");
    expect(await set(hamlet, elements(1_000, 1_002))).toBe("resource-constraint");
    expect(await get(hamlet, elements(1_000, 1_001, ""))).toEqual([readXml(elements(1_000, 1_001, ""))]);
    expect(await set(hamlet, elements(1_000, 1_001))).toBe("result");
    expect(await set(hamlet, elements(1_001, 1_002))).toBe("resource-constraint");
    // What is there can be replaced, and one for another.
    expect(await set(hamlet, elements(0, 1, "y"))).toBe("result");
    expect(await set(hamlet, elements(0, 1, "") + elements(1_001, 1_002))).toBe("result");
    expect(await get(hamlet, elements(1_001, 1_002))).toEqual([readXml(elements(1_001, 1_002))]);
    expect(await set(hamlet, elements(1_002, 1_003))).toBe("resource-constraint");
    expect(await set(hamlet, elements(1, 3, ""))).toBe("result");
    expect(await set(hamlet, elements(1_002, 1_004))).toBe("result");
    expect(await set(hamlet, elements(1_004, 1_005))).toBe("resource-constraint");
    await hamlet.close();
  });

  it("also where several clients of one user store at once", async () => {
    const hamlet = await newUser();
    await set(hamlet, elements(0, privateNamespacesMax - 2));
    const user = hamlet.bare.split("@")[0]!;
    const clients = await Promise.all(["1", "2", "3", "4", "5"].map((resource) => login(server, { user, resource })));
    const outcomes = await Promise.all(clients.map((client, i) => set(client, elements(1_000 + i, 1_001 + i))));
    expect(outcomes.toSorted()).toEqual([...Array<string>(3).fill("resource-constraint"), "result", "result"]);
    await Promise.all([hamlet, ...clients].map((client) => client.close()));
  });
});
