import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { liveClock } from "../../src/live.ts";
import type { Clock } from "../../src/ports.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { arrange, befriend, online } from "../support/contacts.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";

/** The machine's clock, and what the test puts before it. */
let ahead = 0;
const clock: Clock = {
  now: () => liveClock.now() + ahead,
  at: (deadline, task, keepAlive) => liveClock.at(deadline - ahead, task, keepAlive),
  soon: (task) => liveClock.soon(task),
};

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ parts: { clock }, session: { silenceMs: 3_600_000 } });
});
afterAll(() => server.stop());

let users = 0;
/** Two users who see each other, neither of them there. */
async function friends(): Promise<readonly [string, string]> {
  const names = [`romeo${++users}`, `juliet${users}`] as const;
  for (const name of names) await server.addUser(name, "secret");
  await befriend(server, ...names);
  return names;
}

async function last(client: BoundClient, to?: string): Promise<Xml> {
  const address = to === undefined ? "" : ` to='${to}'`;
  const answers = await client.ask(`<iq type='get' id='last'${address}><query xmlns='jabber:iq:last'/></iq>`);
  return answers.find(({ name }) => name === "iq")!;
}

/** `seconds status`, or the condition of an error. */
function said(answer: Xml): string {
  const query = childOf(answer, "query");
  if (query === undefined) return (childOf(answer, "error")!.children[0] as Xml).name;
  expect(query.xmlns).toBe("jabber:iq:last");
  expect(query.attrs["seconds"]).toMatch(/^\d+$/);
  return `${query.attrs["seconds"]} ${textOf(query)}`.trim();
}

describe("XEP-0012 section 3 offline user query", () => {
  it("tells a contact how long ago the last resource left, and with which words", async () => {
    const [a, b] = await friends();
    const romeo = await login(server, { user: a });
    const juliet = await online(server, { user: b, resource: "balcony" });
    await juliet.ask("<presence type='unavailable'><status>Heading &lt;Home></status></presence>");
    ahead += 903_000;
    expect(said(await last(romeo, juliet.bare))).toBe("903 Heading <Home>");
    await Promise.all([romeo.close(), juliet.close()]);
  });

  it("tells of long words only the beginning, in whole characters", async () => {
    const [a, b] = await friends();
    const romeo = await login(server, { user: a });
    const juliet = await online(server, { user: b, resource: "balcony" });
    for (const [words, kept] of [["x".repeat(2_000), 1_023], ["\u{1F339}".repeat(600), 1_022], ["x".repeat(1_023), 1_023]] as const) {
      await juliet.ask(`<presence/><presence type='unavailable'><status>${words}</status></presence>`);
      expect(said(await last(romeo, juliet.bare))).toBe(`0 ${words.slice(0, kept)}`);
    }
    await Promise.all([romeo.close(), juliet.close()]);
  });

  it("tells the time alone of who left without a word", async () => {
    const [a, b] = await friends();
    const romeo = await login(server, { user: a });
    const juliet = await online(server, { user: b });
    await juliet.close();
    ahead += 60_000;
    const answer = await last(romeo, juliet.bare);
    expect(said(answer)).toBe("60");
    expect(answer.attrs).toMatchObject({ type: "result", from: juliet.bare });
    await romeo.close();
  });

  it("is 0 while a resource is available, and not while one is only connected", async () => {
    const [a, b] = await friends();
    const romeo = await login(server, { user: a });
    const juliet = await online(server, { user: b, resource: "balcony" });
    const other = await online(server, { user: b, resource: "chamber" });
    await juliet.ask("<presence type='unavailable'><status>gone</status></presence>");
    ahead += 5_000;
    expect(said(await last(romeo, juliet.bare))).toBe("0");
    await other.ask("<presence type='unavailable'><status>gone too</status></presence>");
    ahead += 7_000;
    expect(said(await last(romeo, juliet.bare))).toBe("7 gone too");
    await Promise.all([romeo, juliet, other].map((client) => client.close()));
  });

  it("knows nothing of a contact who was never there", async () => {
    const [a, b] = await friends();
    const romeo = await login(server, { user: a });
    // Becoming friends needed no presence.
    expect(said(await last(romeo, `${b}@localhost`))).toBe("item-not-found");
    await romeo.close();
  });

  it("answers the user about the own account, with an address and without", async () => {
    const [a] = await friends();
    const romeo = await online(server, { user: a });
    expect(said(await last(romeo))).toBe("0");
    await romeo.ask("<presence type='unavailable'><status>busy</status></presence>");
    ahead += 2_000;
    for (const to of [undefined, romeo.bare]) expect(said(await last(romeo, to))).toBe("2 busy");
    await romeo.close();
  });
});

describe("XEP-0012 section 8 security: no presence leaks", () => {
  it("forbids it to strangers, and tells them the same of an account that does not exist", async () => {
    const [a] = await friends();
    const [b] = await friends();
    const stranger = await login(server, { user: a });
    const available = await online(server, { user: b });
    const answers = [];
    for (const name of [b, "nobody"]) answers.push(showXml(await last(stranger, `${name}@localhost`)).replaceAll(name, "NAME"));
    await available.close();
    answers.push(showXml(await last(stranger, available.bare)).replaceAll(b, "NAME"));
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain("<forbidden ");
    await stranger.close();
  });

  it("follows the direction of the subscription", async () => {
    const names = [`romeo${++users}`, `juliet${users}`] as const;
    for (const name of names) await server.addUser(name, "secret");
    const romeo = await online(server, { user: names[0] });
    const juliet = await online(server, { user: names[1] });
    await arrange(romeo, juliet, "To");
    expect(said(await last(romeo, juliet.bare))).toBe("0");
    expect(said(await last(juliet, romeo.bare))).toBe("forbidden");
    await Promise.all([romeo.close(), juliet.close()]);
  });
});

describe("XEP-0012 section 4 online user query", () => {
  it("reaches the client that is asked, which answers itself", async () => {
    const [a, b] = await friends();
    const romeo = await login(server, { user: a });
    const juliet = await online(server, { user: b });
    romeo.send(`<iq type='get' id='last2' to='${juliet.jid}'><query xmlns='jabber:iq:last'/></iq>`);
    const asked = await juliet.next();
    expect(childOf(asked, "query")?.xmlns).toBe("jabber:iq:last");
    juliet.send(`<iq type='result' id='last2' to='${romeo.jid}'><query xmlns='jabber:iq:last' seconds='123'/></iq>`);
    expect(said(await romeo.next())).toBe("123");
    await Promise.all([romeo.close(), juliet.close()]);
  });

  it("does not reach the client of somebody who does not show it", async () => {
    const [a] = await friends();
    const [b] = await friends();
    const stranger = await login(server, { user: a });
    const available = await online(server, { user: b });
    expect(childOf(await last(stranger, available.jid), "error")).toBeDefined();
    expect(await available.caughtUp()).toEqual([]);
    await Promise.all([stranger.close(), available.close()]);
  });
});

describe("XEP-0012 section 5 server query", () => {
  it("is how long the server has been running, to anybody, without words", async () => {
    const [a] = await friends();
    const romeo = await login(server, { user: a });
    const before = Number(said(await last(romeo, "localhost")));
    ahead += 123_456_000;
    const after = said(await last(romeo, "localhost"));
    expect([123_456, 123_457]).toContain(Number(after) - before);
    await romeo.close();
  });
});

describe("XEP-0012 section 6 determining support", () => {
  it("is told of the server and of accounts", async () => {
    const [a] = await friends();
    const romeo = await login(server, { user: a });
    for (const to of ["localhost", romeo.bare]) {
      const [answer] = await romeo.ask(`<iq type='get' id='d' to='${to}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`);
      expect(showXml(answer!)).toContain("<feature var='jabber:iq:last'/>");
    }
    await romeo.close();
  });
});
