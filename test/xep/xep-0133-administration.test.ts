/** What administrators do from a client, and what it comes to. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { administeredUsersMax, announcementBytesMax } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { Stage } from "../presence/support.ts";
import { connectSecure, login, saslPlain, streamHeader, type BoundClient } from "../support/login.ts";
import { childOf, showXml, textOf, type Xml } from "../support/xml-reader.ts";
import { children, command, executed, said, valuesIn } from "./xep-0050-setting.ts";

const node = (name: string) => `http://jabber.org/protocol/admin#${name}`;

let server: TestServer;
let stage: Stage;
let admin: BoundClient;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, domains: ["localhost", "other.example"], admins: ["admin@localhost"] });
  await server.addUser("admin", "secret");
  stage = new Stage(server);
});
beforeEach(async () => {
  admin = await stage.enter("admin@localhost", "desk");
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

const run = async (name: string, fields: Readonly<Record<string, string | readonly string[]>>) => said(await executed(admin, node(name), fields));
const numbers = async (name: string) => Object.values(valuesIn(await command(admin, node(`get-${name}-users-num`)))).flat().at(-1);
const users = async (name: string, most = "none") => valuesIn(await executed(admin, node(name), { max_items: most }));

/** What came that is a headline: `subject: body`. */
async function headlines(client: BoundClient): Promise<readonly string[]> {
  return (await client.caughtUp()).filter(({ name }) => name === "message").map(headline);
}

function headline(stanza: Xml): string {
  expect(stanza.attrs).toMatchObject({ type: "headline", from: stanza.attrs["to"]?.replace(/.*@|\/.*/g, "") });
  return `${textOf(childOf(stanza, "subject"))}: ${textOf(childOf(stanza, "body"))}`;
}

/** What a login that fails comes to. */
async function attempt(user: string, password: string): Promise<string | undefined> {
  const client = await connectSecure(server, "plaintext");
  client.send(streamHeader("localhost"));
  await client.expect("</stream:features>");
  client.send(saslPlain(user, password));
  await client.expect("</failure>");
  client.destroy();
  return /<failure [^>]*><([-a-z]+)/.exec(client.received)?.[1];
}

async function hears(client: BoundClient): Promise<string> {
  return headline(await client.next());
}

describe("XEP-0133 section 6: who may not", () => {
  it("is forbidden all of it, whatever they send", async () => {
    const romeo = await stage.enter((await stage.cast("romeo"))["romeo"], "phone");
    for (const name of ["add-user", "delete-user", "disable-user", "reenable-user", "end-user-session", "change-user-password", "get-user-roster", "user-stats",
      "get-registered-users-num", "get-online-users-list", "get-idle-users", "announce", "set-motd", "edit-motd", "delete-motd"]) {
      expect([name, said(await command(romeo, node(name)))]).toEqual([name, "error cancel forbidden"]);
      expect([name, said(await command(admin, node(name)))]).toEqual([name, expect.stringMatching(/^(executing complete \[complete\]|completed)/)]);
    }
    // It has never told passwords (section 4.6), and is not restarted from here.
    for (const name of ["get-user-password", "restart", "shutdown"]) expect(said(await command(admin, node(name)))).toBe("error cancel item-not-found");
  });
});

describe("XEP-0133 sections 4.1, 4.2 and 4.7: accounts", () => {
  it("are added, given another password, and deleted with their sessions", async () => {
    const fields = { FORM_TYPE: "http://jabber.org/protocol/admin", accountjid: "Paris@localhost", password: "Verona1", "password-verify": "Verona1" };
    expect(await run("add-user", { ...fields, "password-verify": "Verona2" })).toBe("error modify not-acceptable");
    expect(await run("add-user", fields)).toBe("completed info: added paris@localhost");
    expect(await run("add-user", fields)).toBe("error cancel conflict");
    const paris = await login(server, { user: "paris", password: "Verona1", over: "plaintext" });
    expect(await run("change-user-password", { accountjid: "paris@localhost", password: "Verona3" })).toBe("completed info: paris@localhost has another password");
    expect(await attempt("paris", "Verona1")).toBe("not-authorized");
    expect((await login(server, { user: "paris", password: "Verona3", resource: "other", over: "plaintext" })).jid).toBe("paris@localhost/other");
    expect(await run("delete-user", { accountjids: "paris@localhost" })).toBe("completed info: deleted paris@localhost");
    await paris.raw.expect("<not-authorized");
    expect(await attempt("paris", "Verona3")).toBe("not-authorized");
    expect(await run("delete-user", { accountjids: "paris@localhost" })).toBe("error cancel item-not-found");
  });

  it("are of this server, and named as they can be", async () => {
    const add = (accountjid: string, password = "x") => run("add-user", { accountjid, password, "password-verify": password });
    expect(await add("paris@elsewhere.example")).toBe("error cancel item-not-found");
    expect(await add("localhost")).toBe("error modify jid-malformed");
    expect(await add("paris@localhost/phone")).toBe("error modify jid-malformed");
    expect(await add("paris@@")).toBe("error modify bad-request bad-payload");
    expect(await add("paris@localhost", "\u00a0\u200b")).toBe("error modify not-acceptable");
    expect(await add("paris@other.example")).toBe("completed info: added paris@other.example");
    expect(await run("delete-user", { accountjids: "paris@other.example" })).toBe("completed info: deleted paris@other.example");
  });

  it("are several at once, up to a bound; what was done before one that cannot be is said", async () => {
    const { a, b } = await stage.cast("a", "b");
    expect(await run("delete-user", { accountjids: [a, a, "nobody@localhost", b] })).toMatch(new RegExp(`^completed error: deleted ${a}; then nothing more: nobody@localhost`));
    expect(await server.server.admin.userList()).toContain(b);
    expect(await run("delete-user", { accountjids: Array.from({ length: administeredUsersMax + 1 }, (_, n) => `u${n}@localhost`) })).toBe("error modify policy-violation");
    for (const name of ["delete-user", "disable-user"]) expect(await run(name, { accountjids: [b, "admin@localhost"] })).toBe("error cancel not-allowed");
    expect(await server.server.admin.userList()).toContain(b);
  });
});

describe("XEP-0133 sections 4.3 and 4.4: a disabled account", () => {
  it("has no sessions and gets none until it is enabled again; what is kept of it stays", async () => {
    const { romeo: jid } = await stage.cast("romeo");
    const romeo = await stage.appear(jid, "phone");
    await romeo.ask("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='juliet@localhost'/></query></iq>");
    expect(await run("disable-user", { accountjids: jid })).toBe(`completed info: disabled ${jid}`);
    await romeo.raw.expect("<not-authorized");
    expect(await attempt(jid.replace(/@.*/, ""), "secret")).toBe("account-disabled");
    expect(await numbers("disabled")).toBe("1");
    expect((await users("get-disabled-users-list"))["disableduserjids"]).toEqual([jid]);
    expect(await run("reenable-user", { accountjids: jid })).toBe(`completed info: enabled ${jid}`);
    const again = await stage.enter(jid, "phone");
    expect((await again.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>")).map((stanza) => showXml(stanza)).join("")).toContain("juliet@localhost");
    expect(await numbers("disabled")).toBe("0");
  });
});

describe("XEP-0133 section 4.5: sessions", () => {
  it("end: all of a user's, or the one of a full JID; the user may come again", async () => {
    const { romeo: jid } = await stage.cast("romeo");
    const [phone, tablet, desk] = [await stage.appear(jid, "phone"), await stage.appear(jid, "tablet"), await stage.appear(jid, "desk")];
    expect(await run("end-user-session", { accountjids: `${jid}/phone` })).toBe("completed info: sessions ended: 1");
    await phone.raw.expect("<policy-violation");
    expect((await tablet.caughtUp()).map(({ attrs }) => attrs["type"])).toContain("unavailable");
    expect(await run("end-user-session", { accountjids: jid })).toBe("completed info: sessions ended: 2");
    await Promise.all([tablet.raw.expect("<policy-violation"), desk.raw.expect("<policy-violation")]);
    expect(await run("end-user-session", { accountjids: jid })).toBe("completed info: sessions ended: 0");
    expect(await run("end-user-session", { accountjids: "nobody@localhost" })).toBe("error cancel item-not-found");
    await stage.enter(jid, "phone");
  });
});

describe("XEP-0133 sections 4.8 and 4.10: what is known of a user", () => {
  it("is the roster, and where they are", async () => {
    const { romeo: jid } = await stage.cast("romeo");
    const romeo = await stage.appear(jid, "phone");
    await romeo.ask("<iq type='set' id='r'><query xmlns='jabber:iq:roster'><item jid='juliet@localhost' name='J'><group>Capulet</group></item></query></iq>");
    const answer = await executed(admin, node("get-user-roster"), { accountjids: jid });
    const query = children(childOf(childOf(answer, "command"), "x")!).find(({ name }) => name === "query");
    expect(query && showXml(query, "jabber:iq:roster")).toBe("<query><item jid='juliet@localhost' name='J' subscription='none'><group>Capulet</group></item></query>");
    expect(valuesIn(await executed(admin, node("user-stats"), { accountjid: jid }))).toMatchObject({ ipaddresses: ["127.0.0.1"], rostersize: ["1"], onlineresources: ["phone"] });
    expect(await run("get-user-roster", { accountjids: [jid, "admin@localhost"] })).toBe("error modify not-acceptable");
    expect(await run("user-stats", { accountjid: "nobody@localhost" })).toBe("error cancel item-not-found");
  });
});

describe("XEP-0133 sections 4.13 to 4.22: numbers and lists", () => {
  it("are of who is registered, online, active and idle", async () => {
    const before = Number(await numbers("registered"));
    const { here, away, gone } = await stage.cast("here", "away", "gone");
    await stage.appear(here, "phone");
    const idle = await stage.appear(away, "phone");
    await idle.ask("<presence><show>away</show></presence>");
    expect(await numbers("registered")).toBe(String(before + 3));
    expect(await numbers("online")).toBe("3");
    expect((await users("get-online-users-list"))["onlineuserjids"]).toEqual(["admin@localhost", away, here].toSorted());
    expect(await numbers("active")).toBe("1");
    expect((await users("get-active-users"))["activeuserjids"]).toEqual([here]);
    expect((await users("get-idle-users"))["idleuserjids"]).toEqual(["admin@localhost", away].toSorted());
    expect((await users("get-registered-users-list"))["registereduserjids"]).toContain(gone);
  });

  it("are cut where fewer were asked for, with a note", async () => {
    for (let n = 0; n < 26; n += 1) await server.addUser(`crowd-${n}`, "secret");
    const answer = await executed(admin, node("get-registered-users-list"), { max_items: "25" });
    expect(said(answer)).toMatch(/^completed warn: the first 25 of \d+$/);
    expect(valuesIn(answer)["registereduserjids"]).toHaveLength(25);
    expect(await run("get-registered-users-list", { max_items: "26" })).toBe("error modify bad-request bad-payload");
  });
});

describe("XEP-0133 section 4.23: an announcement", () => {
  it("comes to everybody who is available, and to nobody later", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const [phone, tablet, absent] = [await stage.appear(romeo, "phone"), await stage.appear(romeo, "tablet"), await stage.enter(juliet, "phone")];
    const shy = await stage.enter(juliet, "shy", "<presence><priority>-1</priority></presence>");
    await shy.caughtUp();
    expect(await run("announce", { announcement: ["The server", "goes <down>".replace("<", "&lt;")] })).toBe("completed info: told to 2 sessions");
    for (const client of [phone, tablet]) expect(await headlines(client)).toEqual(["Announcement: The server\ngoes <down>"]);
    for (const client of [absent, shy]) expect(await headlines(client)).toEqual([]);
    absent.send("<presence/>");
    expect(await headlines(absent)).toEqual([]);
  });

  it("is a text of a bounded size", async () => {
    expect(await run("announce", { announcement: "" })).toBe("error modify bad-request bad-payload");
    expect(await run("announce", { announcement: " " })).toBe("error modify not-acceptable");
    expect(await run("announce", { announcement: "x".repeat(announcementBytesMax + 1) })).toBe("error modify not-acceptable");
    expect(await run("announce", { announcement: "x".repeat(announcementBytesMax) })).toBe("completed info: told to 0 sessions");
  });

  it("comes to all of many sessions", async () => {
    const { romeo } = await stage.cast("romeo");
    const clients = await Promise.all(Array.from({ length: 8 }, (_, n) => stage.appear(romeo, `r${n}`)));
    await Promise.all(clients.map((client) => client.caughtUp()));
    expect(await run("announce", { announcement: "all" })).toBe("completed info: told to 8 sessions");
    for (const client of clients) expect(await headlines(client)).toEqual(["Announcement: all"]);
  });
});

describe("XEP-0133 sections 4.24 to 4.26: the message of the day", () => {
  afterEach(async () => void (await server.server.admin.motdDelete()));

  it("comes to who is here at once, to others with their next login, to everybody once", async () => {
    const { romeo, juliet } = await stage.cast("romeo", "juliet");
    const phone = await stage.appear(romeo, "phone");
    expect(await run("set-motd", { motd: ["Be", "kind"] })).toBe("completed");
    expect(await hears(phone)).toBe("Message of the day: Be\nkind");
    const [tablet, late] = [await stage.enter(romeo, "tablet", "<presence/>"), await stage.enter(juliet, "phone", "<presence/>")];
    expect(await headlines(late)).toEqual(["Message of the day: Be\nkind"]);
    expect(await headlines(tablet)).toEqual([]);
    await late.ask("<presence type='unavailable'/>");
    late.send("<presence/>");
    expect(await headlines(late)).toEqual([]);
  });

  it("is edited for those who have not seen it, and deleted", async () => {
    const { romeo, juliet, nurse } = await stage.cast("romeo", "juliet", "nurse");
    const phone = await stage.appear(romeo, "phone");
    await run("set-motd", { motd: ["one", "two"] });
    expect(await hears(phone)).toBe("Message of the day: one\ntwo");
    // It has the present one in it.
    expect(valuesIn(await command(admin, node("edit-motd")))).toMatchObject({ motd: ["one", "two"] });
    expect(await run("edit-motd", { motd: "three" })).toBe("completed");
    expect(await headlines(phone)).toEqual([]);
    const late = await stage.enter(juliet, "phone", "<presence/>");
    expect(await headlines(late)).toEqual(["Message of the day: three"]);
    expect(said(await command(admin, node("delete-motd")))).toBe("completed");
    expect(said(await command(admin, node("delete-motd")))).toBe("completed info: there was none");
    const later = await stage.enter(nurse, "phone", "<presence/>");
    expect(await headlines(later)).toEqual([]);
  });

  it("is there after a restart, and who has seen it is known; of former ones nothing is left", async () => {
    const own = await startServer({ allowPlaintext: true, admins: ["admin@localhost"] });
    const people = new Stage(own);
    try {
      const { romeo, juliet } = await people.cast("romeo", "juliet");
      const phone = await people.appear(romeo, "phone");
      await own.server.admin.motdSet("former", false);
      await own.server.admin.motdSet("present", false);
      expect([await hears(phone), await hears(phone)]).toEqual(["Message of the day: former", "Message of the day: present"]);
      await phone.caughtUp();
      await own.restart();
      const [again, late] = [await people.enter(romeo, "phone", "<presence/>"), await people.enter(juliet, "phone", "<presence/>")];
      expect(await headlines(again)).toEqual([]);
      expect(await headlines(late)).toEqual(["Message of the day: present"]);
      expect(JSON.stringify(await own.store.readAll(0, 1_000))).not.toContain("former");
    } finally {
      people.clear();
      await own.stop();
    }
  });
});
