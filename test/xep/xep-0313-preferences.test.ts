/** What users want archived, over real sockets. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";
import { all, bodiesOf, conditionOf, mam, request, stanzaIdBy } from "./xep-0313-setting.ts";

let server: TestServer;
/** Whose wishes they are, each test's own. */
let juliet: BoundClient;
let romeo: BoundClient;
let users = 0;

beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  await server.addUser("romeo", "secret");
  romeo = await login(server, { user: "romeo", resource: "orchard", over: "plaintext" });
  await romeo.ask("<presence/>");
});
beforeEach(async () => {
  users += 1;
  await server.addUser(`juliet${users}`, "secret");
  juliet = await connect();
});
afterEach(() => juliet.raw.destroy());
afterAll(async () => {
  romeo.raw.destroy();
  await server.stop();
});

async function connect(): Promise<BoundClient> {
  const client = await login(server, { user: `juliet${users}`, resource: "balcony", over: "plaintext" });
  await client.ask("<presence/>");
  return client;
}

const lists = (always: readonly string[], never: readonly string[]) =>
  [["always", always], ["never", never]].map(([name, jids]) => `<${String(name)}>${(jids as readonly string[]).map((jid) => `<jid>${jid}</jid>`).join("")}</${String(name)}>`).join("");
const prefs = (otherwise: string, always: readonly string[] = [], never: readonly string[] = []) =>
  `<prefs xmlns='${mam}' default='${otherwise}'>${lists(always, never)}</prefs>`;

/** Sets them; what the server then says they are. */
async function set(text: string): Promise<string> {
  return told((await request(juliet, text)).answer);
}

async function get(): Promise<string> {
  return told((await request(juliet, `<prefs xmlns='${mam}'/>`, "get")).answer);
}

function told(answer: Xml): string {
  const element = childOf(answer, "prefs");
  if (element === undefined) return conditionOf(answer) ?? "nothing";
  expect(element.xmlns).toBe(mam);
  const list = (name: string) => childOf(element, name)!.children.map((child) => textOf(child as Xml)).join(",");
  return `${element.attrs["default"]}; always ${list("always")}; never ${list("never")}`;
}

/** Of a message in each direction, which ones juliet's archive has. */
async function kept(): Promise<readonly string[]> {
  const before = (await all(juliet)).length;
  await romeo.ask(`<message to='${juliet.bare}' type='chat'><body>in</body></message>`);
  const message = (await juliet.caughtUp()).find(({ name }) => name === "message");
  await juliet.ask(`<message to='${romeo.jid}' type='chat'><body>out</body></message>`);
  await romeo.caughtUp();
  const bodies = bodiesOf((await all(juliet)).slice(before));
  // Nor is there an id of what is not kept.
  expect(stanzaIdBy(message, juliet.bare) !== undefined).toBe(bodies.includes("in"));
  return bodies;
}

describe("XEP-0441 section 2.1: preferences", () => {
  it("are to keep everything, until the user says otherwise", async () => {
    expect(await get()).toBe("always; always ; never ");
    expect(await kept()).toEqual(["in", "out"]);
  });

  it("are told as they are in force when they are set, with prepared JIDs, each once", async () => {
    expect(await set(prefs("roster", ["ROMEO@localhost", "romeo@localhost"], ["Tybalt@LOCALHOST/Square"]))).toBe("roster; always romeo@localhost; never tybalt@localhost/Square");
    expect(await get()).toBe("roster; always romeo@localhost; never tybalt@localhost/Square");
    juliet.raw.destroy();
    juliet = await connect();
    expect(await get()).toBe("roster; always romeo@localhost; never tybalt@localhost/Square");
  });

  it("take lists that are missing for empty ones, and forget what was there before", async () => {
    await set(prefs("never", ["a@b"], ["c@d"]));
    expect(await set(`<prefs xmlns='${mam}' default='roster'/>`)).toBe("roster; always ; never ");
    expect(await set(prefs("always"))).toBe("always; always ; never ");
    expect(await get()).toBe("always; always ; never ");
  });

  it.each([
    { what: "a default that there is not", text: prefs("sometimes"), condition: "bad-request" },
    { what: "no default", text: `<prefs xmlns='${mam}'/>`, condition: "bad-request" },
    { what: "no JID", text: prefs("never", ["@"]), condition: "jid-malformed" },
    { what: "an empty JID", text: prefs("never", [], [""]), condition: "jid-malformed" },
    { what: "two lists", text: `<prefs xmlns='${mam}' default='never'><never/><never/></prefs>`, condition: "bad-request" },
    { what: "more than can be kept", text: prefs("never", Array.from({ length: 1_000 }, (_, index) => `somebody${index}@localhost`)), condition: "resource-constraint" },
  ])("are refused with $what, and stay as they are", async ({ text, condition }) => {
    await set(prefs("roster", ["a@b"]));
    expect(await set(text)).toBe(condition);
    expect(await get()).toBe("roster; always a@b; never ");
  });
});

describe("XEP-0441 sections 2.1.1 to 2.3: what is archived", () => {
  it.each([
    { otherwise: "never", always: [], never: [], bodies: [] },
    { otherwise: "roster", always: [], never: [], bodies: [] },
    { otherwise: "never", always: ["romeo@localhost"], never: [], bodies: ["in", "out"] },
    { otherwise: "always", always: [], never: ["romeo@localhost"], bodies: [] },
    { otherwise: "always", always: [], never: ["romeo@localhost/orchard"], bodies: [] },
    { otherwise: "always", always: [], never: ["romeo@localhost/cell"], bodies: ["in", "out"] },
    { otherwise: "always", always: [], never: ["localhost"], bodies: ["in", "out"] },
    { otherwise: "never", always: ["romeo@localhost/orchard"], never: ["romeo@localhost"], bodies: ["in", "out"] },
    { otherwise: "always", always: ["romeo@localhost"], never: ["romeo@localhost/orchard"], bodies: [] },
    { otherwise: "always", always: ["romeo@localhost"], never: ["romeo@localhost"], bodies: [] },
  ])("by default $otherwise, always $always, never $never: $bodies", async ({ otherwise, always, never, bodies }) => {
    await set(prefs(otherwise, always, never));
    expect(await kept()).toEqual(bodies);
  });

  it("with roster: of contacts, as bare JIDs", async () => {
    await set(prefs("roster"));
    await juliet.ask("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='romeo@localhost'/></query></iq>");
    expect(await kept()).toEqual(["in", "out"]);
    await juliet.ask("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='romeo@localhost' subscription='remove'/></query></iq>");
    expect(await kept()).toEqual([]);
  });

  it("is nobody else's business: the other side keeps what it wants", async () => {
    await set(prefs("never"));
    const before = (await all(romeo, {}, 250)).length;
    expect(await kept()).toEqual([]);
    expect(bodiesOf((await all(romeo, {}, 250)).slice(before))).toEqual(["in", "out"]);
  });

  it("is true of what one writes to oneself", async () => {
    await set(prefs("always", [], [juliet.bare]));
    await juliet.ask(`<message to='${juliet.jid}'><body>secret</body></message>`);
    expect(await all(juliet)).toEqual([]);
  });

  it("leaves what was archived before", async () => {
    expect(await kept()).toEqual(["in", "out"]);
    await set(prefs("never"));
    const [found] = await all(juliet);
    expect(showXml(found!.message!)).toContain("in");
  });
});
