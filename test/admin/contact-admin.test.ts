import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type AdminClient, connectAdmin } from "../../src/admin/connect.ts";
import { type AdminServer, serveAdmin } from "../../src/admin/serve.ts";
import { adminSocketPath } from "../../src/admin/socket-path.ts";
import { partCharsMax } from "../../src/admin/protocol.ts";
import type { DirectionView, PresenceVerdict } from "../../src/domain/presence-explanation.ts";
import { newRosterItem } from "../../src/domain/roster.ts";
import { subscriptionStates, type SubscriptionState } from "../../src/domain/subscription.ts";
import { liveClock } from "../../src/live.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { arrange, backstage, online, subscription } from "../support/contacts.ts";
import { type BoundClient, login } from "../support/login.ts";
import type { Xml } from "../support/xml-reader.ts";

const { extension, setState, stateOf, withAccount } = backstage();
let server: TestServer;
let dataDir: string;
let socket: AdminServer;
let admin: AdminClient;
let clients: BoundClient[] = [];
let made = 0;

beforeAll(async () => {
  server = await startServer({ extensions: [extension] });
  dataDir = mkdtempSync(join(tmpdir(), "refrain-contacts-"));
  socket = await serveAdmin({ dataDir, api: server.server.admin, log: pino({ level: "silent" }) });
  const connected = await connectAdmin(dataDir, liveClock);
  if (connected === undefined) throw new Error("no server answers");
  admin = connected;
  // Somebody has to connect before accounts can be changed from behind.
  await server.addUser("first", "secret");
  await (await login(server, { user: "first" })).close();
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close()));
  clients = [];
});
afterAll(async () => {
  admin.close();
  await socket.close();
  await server.stop();
  rmSync(dataDir, { recursive: true });
});

/** New users each time; their localparts. */
async function users(): Promise<readonly [string, string]> {
  made += 1;
  const names = [`romeo${made}`, `juliet${made}`] as const;
  await Promise.all(names.map((name) => server.addUser(name, "secret")));
  return names;
}

async function come(user: string, resource: string, presence = "<presence/>"): Promise<{ readonly client: BoundClient; readonly told: readonly Xml[] }> {
  const client = await login(server, { user, resource });
  clients.push(client);
  return { client, told: presence === "" ? [] : await client.ask(presence) };
}

const bare = (user: string): string => `${user}@localhost`;
const block = (jid: string) => `<iq type='set' id='block'><block xmlns='urn:xmpp:blocking'><item jid='${jid}'/></block></iq>`;

/** Which resources of a user somebody was told of, by available presence. */
function presenceOf(user: string, told: readonly Xml[]): readonly (string | undefined)[] {
  return told
    .filter(({ name, attrs }) => name === "presence" && attrs["type"] === undefined && attrs["from"]?.startsWith(`${bare(user)}/`))
    .map(({ attrs }) => attrs["from"]);
}

async function direction(watcher: string, shower: string): Promise<DirectionView> {
  return (await admin.explainPresence(bare(watcher), bare(shower))).directions[0]!;
}

/** Of the first connected resource. */
const toldNow = ({ resources }: DirectionView): readonly string[] => (resources[0]?.told ?? []).map(({ jid }) => jid);

describe("What is explained is what the server does (RFC 6121 section 4.2.2)", () => {
  const pairs = subscriptionStates.flatMap((watching) => subscriptionStates.map((showing) => [watching, showing] as const));
  const sees: ReadonlySet<PresenceVerdict> = new Set(["sees"]);
  const learns: ReadonlySet<PresenceVerdict> = new Set(["sees", "changes-only"]);

  it.each(pairs)("watcher %s, shower %s", async (watching, showing) => {
    const [romeo, juliet] = await users();
    await setState(bare(romeo), bare(juliet), watching);
    await setState(bare(juliet), bare(romeo), showing);
    const before = await direction(romeo, juliet);
    const there = await come(juliet, "balcony");
    const here = await come(romeo, "orchard");
    const known = presenceOf(juliet, here.told);
    expect([before.verdict, known]).toEqual([before.verdict, sees.has(before.verdict) ? [`${bare(juliet)}/balcony`] : []]);
    // What its coming has changed is known at once: a subscription of its roster alone is over (section 4.3.2).
    const after = await direction(romeo, juliet);
    if (before.verdict === "not-shown") expect(["not-subscribed", "waiting"]).toContain(after.verdict);
    else expect({ ...after, why: [], resources: [], summary: "" }).toEqual({ ...before, why: [], resources: [], summary: "" });
    if (after.verdict !== "changes-only") expect(toldNow(after)).toEqual(known);
    await there.client.ask("<presence><show>away</show></presence>");
    const heard = presenceOf(juliet, await here.client.caughtUp());
    expect([after.verdict, heard.length]).toEqual([after.verdict, learns.has(after.verdict) ? 1 : 0]);
    expect(toldNow(after)).toEqual(heard);
  });

  it.each(["romeo", "juliet"])("a block by %s keeps it back both ways (XEP-0191 section 3.3)", async (blocker) => {
    const [romeo, juliet] = await users();
    const a = await online(server, { user: romeo, resource: "orchard" });
    const b = await online(server, { user: juliet, resource: "balcony" });
    clients.push(a, b);
    await arrange(a, b, "Both");
    expect(toldNow(await direction(romeo, juliet))).toEqual([b.jid]);
    await (blocker === "romeo" ? a : b).ask(block(blocker === "romeo" ? b.bare : a.bare));
    await Promise.all([a.caughtUp(), b.caughtUp()]);
    const { directions, parties } = await admin.explainPresence(bare(romeo), bare(juliet));
    expect(directions.map((each) => [each.verdict, toldNow(each)])).toEqual([["blocked", []], ["blocked", []]]);
    expect(parties.map(({ contact }) => contact?.blocks)).toEqual(blocker === "romeo" ? [[b.bare], []] : [[], [a.bare]]);
    await a.ask("<presence><show>away</show></presence>");
    await b.ask("<presence><show>away</show></presence>");
    expect(presenceOf(romeo, await b.caughtUp())).toEqual([]);
    expect(presenceOf(juliet, await a.caughtUp())).toEqual([]);
  });

  it("directed presence is told until it is taken back (section 4.6)", async () => {
    const [romeo, juliet] = await users();
    const { client: a } = await come(romeo, "orchard");
    const { client: b } = await come(juliet, "balcony", "");
    await b.ask(`<presence to='${a.jid}'/>`);
    expect(presenceOf(juliet, await a.caughtUp())).toEqual([b.jid]);
    const directed = await direction(romeo, juliet);
    expect([directed.verdict, directed.resources.map(({ told }) => told)]).toEqual(["directed-only", [[{ jid: b.jid, by: "directed" }]]]);
    expect((await direction(juliet, romeo)).verdict).toBe("not-subscribed");
    await b.ask(`<presence to='${a.jid}' type='unavailable'/>`);
    expect((await direction(romeo, juliet)).verdict).toBe("not-subscribed");
  });
});

describe("What is said to follow does follow", () => {
  async function given(watching: SubscriptionState, showing: SubscriptionState) {
    const [romeo, juliet] = await users();
    await setState(bare(romeo), bare(juliet), watching);
    await setState(bare(juliet), bare(romeo), showing);
    const { client: a } = await come(romeo, "orchard", "");
    const { client: b } = await come(juliet, "balcony");
    return { romeo, juliet, a, b, verdict: async () => (await direction(romeo, juliet)).verdict };
  }

  it.each(["None", "NoneOut"] as const)("a watcher in %s whom the shower takes for a subscriber is answered at once (section 3.1.3)", async (state) => {
    const { a, b, verdict } = await given(state, "From");
    expect(await verdict()).toBe("changes-only");
    await a.ask(subscription("subscribe", b.bare));
    expect(await verdict()).toBe("sees");
  });

  it("a request that got lost can be made again (section 3.1.2)", async () => {
    const { a, b, verdict } = await given("NoneOut", "None");
    expect(await verdict()).toBe("not-heard");
    await a.ask(subscription("subscribe", b.bare));
    expect(await verdict()).toBe("waiting");
    await b.ask(subscription("subscribed", a.bare));
    expect(await verdict()).toBe("sees");
  });

  it("an approval of what was not asked is ignored (section 3.1.6)", async () => {
    const { romeo, juliet, a, b } = await given("None", "NoneIn");
    await b.ask(subscription("subscribed", a.bare));
    expect(await stateOf(bare(romeo), bare(juliet))).toBe("None");
  });

  it("pre-approval grants a request at once (section 3.4.2)", async () => {
    const { a, b, juliet, romeo, verdict } = await given("None", "None");
    await b.ask(subscription("subscribed", a.bare));
    expect((await direction(romeo, juliet)).why.map(({ rule }) => rule)).toContain("RFC 6121 section 3.4.2");
    await a.ask(subscription("subscribe", b.bare));
    expect(await verdict()).toBe("sees");
  });
});

describe("A roster", () => {
  it("is shown whole, each list in the order of its JIDs", async () => {
    const [romeo, juliet] = await users();
    expect(await admin.roster(bare(romeo))).toEqual({
      jid: bare(romeo), version: expect.stringMatching(/^[0-9a-z]+-0$/), contacts: [], requests: [], blocked: [],
    });
    const { client: a } = await come(romeo, "orchard", "");
    const { client: b } = await come(juliet, "balcony", "");
    await a.ask("<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='zeno@c.example' name='Zeno'><group>A</group><group>B</group></item></query></iq>");
    await a.ask(subscription("subscribe", b.bare));
    await b.ask(subscription("subscribe", a.bare));
    await a.ask(block("z.example"));
    await a.ask(block("c.example"));
    const roster = await admin.roster(`${romeo.toUpperCase()}@LOCALHOST`);
    expect(roster).toEqual({
      jid: bare(romeo),
      version: expect.stringMatching(/^[0-9a-z]+-2$/),
      contacts: [
        { jid: bare(juliet), name: "", groups: [], subscription: "none", ask: true, approved: false, version: 2 },
        { jid: "zeno@c.example", name: "Zeno", groups: ["A", "B"], subscription: "none", ask: false, approved: false, version: 1 },
      ],
      requests: [{ jid: bare(juliet), stanza: expect.stringMatching(/^<presence [^>]*type="subscribe"/) }],
      blocked: ["c.example", "z.example"],
    });
    expect(await server.server.admin.roster(bare(romeo))).toEqual(roster);
  });

  it("may be long: it comes in several lines", async () => {
    const [romeo] = await users();
    const count = 3_000;
    await withAccount(bare(romeo), (step, account, house) => {
      const { host, username } = account;
      for (let version = 1; version <= count; version += 1) {
        const item = { ...newRosterItem(`c${String(version).padStart(4, "0")}@c.example`), name: "x".repeat(100) };
        house.change(step, account, { type: "RosterItemSet", data: { host, username, item, version } });
      }
    });
    const { contacts } = await admin.roster(bare(romeo));
    expect(contacts.map(({ jid }) => jid)).toEqual(Array.from({ length: count }, (_, index) => `c${String(index + 1).padStart(4, "0")}@c.example`));
    const lines = await linesOf({ id: 7, method: "roster", params: { jid: bare(romeo) } });
    expect(lines.length).toBeGreaterThan((count * 100) / partCharsMax);
    for (const line of lines) expect(line.length).toBeLessThan(2 * partCharsMax);
  });
});

/** The lines with which the socket answers a request that nothing checked before. */
async function linesOf(request: object): Promise<readonly string[]> {
  const raw = connect(adminSocketPath(dataDir).path);
  raw.write(`${JSON.stringify(request)}\n`);
  let text = "";
  try {
    for await (const chunk of raw) {
      text += String(chunk);
      const last = text.trimEnd().split("\n").at(-1) ?? "";
      if (text.endsWith("\n") && /^\{"id":\d+,"(?:result|error)"/.test(last)) break;
    }
  } finally {
    raw.destroy();
  }
  return text.trimEnd().split("\n");
}

describe("What cannot be answered", () => {
  it.each([
    ["nobody@localhost", "account-unknown", "nobody@localhost: there is no such account; check the spelling; `refrain user list` shows which there are"],
    ["romeo", "jid-malformed", 'JID "romeo": expected USER@HOST, such as romeo@localhost'],
    ["romeo@localhost/orchard", "jid-malformed", 'JID "romeo@localhost/orchard": expected USER@HOST, such as romeo@localhost'],
    ["romeo@c.example", "host-unknown", expect.stringMatching(/^c\.example: not a host of this server, which has localhost; /)],
  ])("is refused: the roster of %s", async (jid, code, message) => {
    await expect(admin.roster(jid)).rejects.toMatchObject({ code, message });
  });

  it("is refused: presence, if one of the two is at fault", async () => {
    const [romeo] = await users();
    const nobody = { code: "account-unknown", message: expect.stringMatching(/^nobody@localhost: there is no such account; /) };
    for (const other of ["ghost@localhost", "nobody@localhost", "a@b.example"]) {
      await expect(admin.explainPresence("nobody@localhost", other)).rejects.toMatchObject(nobody);
    }
    await expect(admin.explainPresence("a@b.example", "nobody@localhost")).rejects.toMatchObject(nobody);
    await expect(admin.explainPresence(bare(romeo), "c.example")).rejects.toMatchObject({ code: "jid-malformed" });
    await expect(admin.explainPresence("a@b.example", "a@c.example")).rejects.toMatchObject({
      code: "host-unknown",
      message: expect.stringContaining("b.example: not a host of this server"),
    });
  });

  it("is explained as far as it is known: somebody who has no account", async () => {
    const [romeo] = await users();
    const { client } = await come(romeo, "orchard");
    await client.ask(subscription("subscribe", "ghost@localhost"));
    const { directions, parties } = await admin.explainPresence(bare(romeo), "ghost@localhost");
    expect(directions.map(({ verdict }) => verdict)).toEqual(["no-account", "no-account"]);
    expect(directions[0]!.summary).toMatch(/there is no account ghost@localhost; romeo\d+@localhost has asked, and nobody will answer/);
    expect(parties.map(({ contact }) => contact?.ask ?? null)).toEqual([true, null]);
    const turned = await admin.explainPresence("ghost@localhost", bare(romeo));
    expect(turned.directions).toEqual(directions.toReversed());
  });

  it("is explained as far as it is known: somebody of another server", async () => {
    const [romeo] = await users();
    const { directions, parties } = await admin.explainPresence(bare(romeo), "zeno@c.example");
    expect(directions.map(({ verdict }) => verdict)).toEqual(["foreign", "foreign"]);
    expect(parties.map(({ contact }) => contact?.state ?? null)).toEqual(["None", null]);
    expect((await admin.explainPresence("zeno@c.example", bare(romeo))).parties.map(({ jid }) => jid)).toEqual(["zeno@c.example", bare(romeo)]);
  });

  it.each([
    ["roster", {}, "roster: jid of the wrong form"],
    ["roster", { jid: 1 }, "roster: jid of the wrong form"],
    ["roster", { jid: "romeo@localhost", more: 1 }, "roster: params of the wrong form"],
    ["explain.presence", { a: "romeo@localhost" }, "explain.presence: b of the wrong form"],
    ["explain.presence", null, "explain.presence: params of the wrong form"],
  ])("is told by the socket: %s with %j", async (method, params, message) => {
    const [line] = await linesOf({ id: 1, method, params });
    expect(JSON.parse(line!)).toEqual({ id: 1, error: { code: "request-malformed", message: expect.stringContaining(message) } });
  });
});
