/** Invitations that users and administrators make from a client, and what comes of them. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseDateTime } from "../../src/domain/date-time.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import { login, type BoundClient } from "../support/login.ts";
import { showXml } from "../support/xml-reader.ts";
import { children, command, executed, said, valuesIn } from "./xep-0050-setting.ts";
import { credentials, newcomer, outcome, tryLogin } from "./xep-0077-setting.ts";
import { contactsOf, createAccount, createNode, inviteNode, inviteUser, linkIn, password, preauth, registerWith } from "./xep-0401-setting.ts";

let server: TestServer;
let closed: TestServer;
let stage: Stage;
beforeAll(async () => {
  const registration = { invitations: "users", invitationsPerUser: 3, perAddress: 100_000, perHour: 100_000 } as const;
  server = await startServer({ domains: ["localhost", "other.example"], admins: ["admin@localhost"], registration, http: true, allowPlaintext: true });
  closed = await startServer({ admins: ["admin@localhost"], allowPlaintext: true });
  for (const name of ["admin", "romeo"]) await Promise.all([server.addUser(name, "secret"), closed.addUser(name, "secret")]);
  stage = new Stage(server);
});
afterEach(() => stage.clear());
afterAll(() => Promise.all([server.stop(), closed.stop()]));

const states = async () => (await server.server.admin.userInvitations()).map(({ state }) => state);

async function user(name: string): Promise<BoundClient> {
  await server.addUser(name, "secret");
  return stage.enter(`${name}@localhost`, "phone");
}

describe("XEP-0401 section 3 discovery", () => {
  const listed = async (of: TestServer, name: string) => {
    const client = await login(of, { user: name, over: "plaintext" });
    const answer = await client.ask("<iq type='get' id='i' to='localhost'><query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/></iq>");
    client.raw.destroy();
    return answer.flatMap(children).flatMap(children).map(({ attrs }) => attrs["node"]).filter((node) => node?.startsWith("urn:xmpp:invite"));
  };

  it("lists what somebody may: administrators both, users what the operator lets them", async () => {
    expect(await listed(server, "admin")).toEqual([inviteNode, createNode]);
    expect(await listed(server, "romeo")).toEqual([inviteNode]);
    expect(await listed(closed, "admin")).toEqual([inviteNode, createNode]);
    expect(await listed(closed, "romeo")).toEqual([]);
  });

  it("does nothing for others", async () => {
    const romeo = await login(closed, { user: "romeo", over: "plaintext" });
    for (const node of [inviteNode, createNode]) expect(said(await command(romeo, node))).toBe("error cancel forbidden");
    expect(await closed.server.admin.userInvitations()).toEqual([]);
    romeo.raw.destroy();
  });
});

describe("XEP-0401 section 5.1 creating a user invitation", () => {
  it("gives a link, a page and the time at once", async () => {
    const ann = await user("ann");
    const answer = await command(ann, inviteNode);
    expect(said(answer)).toBe("completed");
    const { fields, token } = linkIn(answer);
    expect(token).toMatch(/^[0-9a-f]{32}$/);
    expect(fields).toEqual({
      FORM_TYPE: ["urn:xmpp:invite#invitation"],
      uri: [`xmpp:ann@localhost?roster;preauth=${token};ibr=y`],
      "landing-url": [`http://127.0.0.1:${server.httpPort}/invite/${token}`],
      expire: [expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)],
    });
    const days = (parseDateTime(fields["expire"]![0]!)! - Date.now()) / 86_400_000;
    expect(days).toBeCloseTo(7, 2);
  });

  it("escapes what of an address would end it in a link", async () => {
    const odd = await user("art?x;y=z");
    expect((await inviteUser(odd)).uri).toMatch(/^xmpp:art%3Fx%3By%3Dz@localhost\?roster;preauth=[0-9a-f]{32};ibr=y$/);
  });

  it("gives one user so many that are good, and the next when one was used or taken back", async () => {
    const bea = await user("bea");
    const first = await inviteUser(bea);
    for (const _ of [2, 3]) await inviteUser(bea);
    expect(said(await command(bea, inviteNode))).toBe("error wait resource-constraint");
    expect(await registerWith(server, first.token, "bea-friend")).toBe("result");
    expect(said(await command(bea, inviteNode))).toBe("completed");
    const open = (await server.server.admin.userInvitations()).find(({ inviter, state }) => inviter === "bea@localhost" && state === "open");
    await server.server.admin.userUninvite(open!.id);
    expect(said(await command(bea, inviteNode))).toBe("completed");
    expect(said(await command(bea, inviteNode))).toBe("error wait resource-constraint");
  });

  it("keeps no token", async () => {
    const { token } = await inviteUser(await user("cay"));
    const facts = await server.store.readAll(0, 100_000);
    expect(JSON.stringify(facts)).not.toContain(token);
    expect(JSON.stringify(await server.store.query("invitations", { prefix: "", limit: 1_000 }))).not.toContain(token);
  });
});

describe("XEP-0401 section 5.3.2 redeeming without an account", () => {
  it("makes both contacts of each other, and tells the inviter with one push (section 5.5)", async () => {
    const romeo = await stage.enter("romeo@localhost", "phone");
    expect(await contactsOf(romeo)).toEqual([]);
    await romeo.ask("<presence/>");
    const { token } = await inviteUser(romeo);
    expect(await registerWith(server, token, "juliet")).toBe("result");
    const pushes = (await romeo.caughtUp()).filter(({ name }) => name === "iq").map((push) => showXml(push));
    expect(pushes).toHaveLength(1);
    expect(pushes[0]).toContain("juliet@localhost");
    expect(pushes[0]).toContain("both");
    const juliet = await login(server, { user: "juliet", password });
    expect(await contactsOf(juliet)).toEqual(["romeo@localhost both"]);
    // They see each other.
    expect((await juliet.ask("<presence/>")).map(({ attrs }) => attrs["from"])).toContain("romeo@localhost/phone");
    expect((await romeo.caughtUp()).map(({ attrs }) => attrs["from"])).toContain(juliet.jid);
    juliet.raw.destroy();
  });

  it("does so also if the server is killed before the contacts are such", async () => {
    const dee = await user("dee");
    const { token } = await inviteUser(dee);
    // What comes after the account: the invitation was used in the same commit.
    const { store } = server;
    const append = store.appendMany;
    let held = false;
    store.appendMany = (batch) => {
      const isLast = batch.some(({ facts }) => facts.some(({ type }) => type === "InvitationFulfilled"));
      if (!isLast) return append.call(store, batch);
      held = true;
      return new Promise(() => undefined);
    };
    const client = await newcomer(server);
    expect(await preauth(client, token)).toBe("result");
    client.raw.send(`<iq type='set' id='r'><query xmlns='jabber:iq:register'>${credentials("dee-friend", password)}</query></iq>`);
    await expect.poll(() => held, { timeout: 5_000 }).toBe(true);
    await server.restart({ kill: true });
    client.raw.destroy();
    const again = await login(server, { user: "dee-friend", password });
    expect(await contactsOf(again)).toEqual(["dee@localhost both"]);
    const found = (await server.server.admin.userInvitations()).find(({ by }) => by === "dee-friend@localhost");
    expect(found?.state).toBe("used");
    again.raw.destroy();
  });
});

describe("XEP-0401 section 5.4 initiating account creation", () => {
  it("asks for a user name and whether they become contacts", async () => {
    const admin = await stage.enter("admin@localhost", "desk");
    const begun = await command(admin, createNode);
    expect(said(begun)).toBe("executing complete [complete]");
    expect(valuesIn(begun)).toEqual({ username: [], "roster-subscription": ["1"] });
  });

  it("makes a link for a name, which is kept free until then (section 6.2)", async () => {
    const admin = await stage.enter("admin@localhost", "desk");
    const link = await createAccount(admin, { username: "Mercutio" });
    expect(link.uri).toBe(`xmpp:mercutio@localhost?register;preauth=${link.token}`);
    // By nobody else, another administrator and another invitation included.
    await expect(server.addUser("mercutio", "secret")).rejects.toThrow("an invitation keeps that name free");
    expect(said(await executed(admin, createNode, { username: "mercutio" }))).toBe("error cancel conflict");
    const other = await createAccount(admin, {});
    expect(await registerWith(server, other.token, "mercutio")).toBe("409 conflict");
    expect(await registerWith(server, link.token, "tybalt")).toBe("406 not-acceptable");
    expect(await registerWith(server, link.token, "MERCUTIO")).toBe("result");
    expect(await tryLogin(server, "mercutio", password)).toBe("success");
    expect(await contactsOf(admin)).toContain("mercutio@localhost both");
  });

  it("makes a link for whatever name, and nobody's contact where that is wished", async () => {
    const admin = await stage.enter("admin@localhost", "desk");
    const before = await contactsOf(admin);
    const { uri, token } = await createAccount(admin, { "roster-subscription": "0" });
    expect(uri).toBe(`xmpp:localhost?register;preauth=${token}`);
    expect(await registerWith(server, token, "lone")).toBe("result");
    expect(await contactsOf(admin)).toEqual(before);
  });

  it.each([["a name that no address has", "a b", "modify not-acceptable"], ["a name in use", "romeo", "cancel conflict"]])("does not make one for %s", async (_, username, error) => {
    const admin = await stage.enter("admin@localhost", "desk");
    expect(said(await executed(admin, createNode, { username }))).toBe(`error ${error}`);
  });

  it("makes one for the host that was asked", async () => {
    const admin = await stage.enter("admin@localhost", "desk");
    const begun = await command(admin, createNode, {}, "", "other.example");
    expect(said(begun)).toBe("executing complete [complete]");
  });
});

describe("An invitation (XEP-0401 section 10)", () => {
  it("lets one in of two who use it at once", async () => {
    const { token } = await inviteUser(await user("eve"));
    const clients = await Promise.all([newcomer(server), newcomer(server)]);
    for (const client of clients) expect(await preauth(client, token)).toBe("result");
    const said = await Promise.all(clients.map(async (client, index) => outcome(await client.ask("set", credentials(`twin${index}`, password)))));
    expect(said.toSorted()).toEqual(["406 not-acceptable", "result"]);
    expect((await server.server.admin.userList()).filter((jid) => jid.startsWith("twin"))).toHaveLength(1);
    expect(await registerWith(server, token, "third")).toBe("item-not-found");
    for (const { raw } of clients) raw.destroy();
  });

  it("lets nobody in whose inviter is disabled, or gone", async () => {
    const fay = await user("fay");
    const { token } = await inviteUser(fay);
    await server.server.admin.userDisable("fay@localhost");
    expect(await registerWith(server, token, "fay-friend")).toBe("item-not-found");
    await server.server.admin.userEnable("fay@localhost");
    await server.server.admin.userDelete("fay@localhost");
    expect(await registerWith(server, token, "fay-friend")).toBe("item-not-found");
  });

  it("leaves nothing of an account that has made or used it", async () => {
    const gus = await user("gus");
    const [used, open] = [await inviteUser(gus), await inviteUser(gus)];
    expect(used.token).not.toBe(open.token);
    expect(await registerWith(server, used.token, "hal")).toBe("result");
    const before = (await states()).length;
    await server.server.admin.userDelete("hal@localhost");
    expect((await states()).length).toBe(before - 1);
    await server.server.admin.userDelete("gus@localhost");
    expect((await states()).length).toBe(before - 2);
    const left = (await server.store.readAll(0, 100_000)).filter(({ stream }) => !["account/localhost/gus", "account/localhost/hal"].includes(stream));
    expect(left.filter(({ data }) => /"(?:gus|hal)(?:@localhost)?"/.test(JSON.stringify(data)))).toEqual([]);
    expect((await server.store.query("invitations", { prefix: "", limit: 1_000 })).filter((row) => /gus|hal@/.test(JSON.stringify(row)))).toEqual([]);
  });

  it("is there after a restart", async () => {
    const { token } = await inviteUser(await user("ivy"));
    await server.restart();
    expect(await registerWith(server, token, "ivy-friend")).toBe("result");
  });
});
