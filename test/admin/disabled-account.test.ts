/** An account that nobody may log in to: what is kept of it stays, and it can be let in again. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { connectSecure, login, saslPlain, streamHeader } from "../support/login.ts";
import { childOf, textOf } from "../support/xml-reader.ts";
import { tryLogin } from "../xep/xep-0077-setting.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
  for (const user of ["juliet", "nurse"]) await server.addUser(user, "secret");
});
afterAll(() => server.stop());

const admin = () => server.server.admin;
const ended = "<not-authorized xmlns=\"urn:ietf:params:xml:ns:xmpp-streams\"/>";

describe("RFC 6120 section 6.5.2 account-disabled", () => {
  it("is told to who knows the password, and to nobody else", async () => {
    await server.addUser("romeo", "secret");
    expect(await admin().userDisable("Romeo@localhost")).toBe("romeo@localhost");
    expect(await tryLogin(server, "romeo", "secret")).toBe("account-disabled");
    expect(await tryLogin(server, "romeo", "wrong")).toBe("not-authorized");
    expect(await admin().userEnable("romeo@localhost")).toBe("romeo@localhost");
    expect(await tryLogin(server, "romeo", "secret")).toBe("success");
  });

  it("holds over a restart, and over another password", async () => {
    await server.addUser("paris", "secret");
    await admin().userDisable("paris@localhost");
    await server.restart({ kill: true });
    expect(await tryLogin(server, "paris", "secret")).toBe("account-disabled");
    await admin().userPasswd("paris@localhost", "other");
    expect(await tryLogin(server, "paris", "other")).toBe("account-disabled");
  });
});

describe("A disabled account", () => {
  it("loses its sessions, those that wait to be resumed and those that have not bound too", async () => {
    await server.addUser("tybalt", "secret");
    const sleeper = await login(server, { user: "tybalt", resource: "sleeper" });
    sleeper.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    const id = (await sleeper.next()).attrs["id"] as string;
    sleeper.raw.destroy();
    const tybalt = await login(server, { user: "tybalt" });
    const unbound = await connectSecure(server);
    unbound.send(streamHeader("localhost"));
    await unbound.expect("</stream:features>");
    unbound.send(saslPlain("tybalt"));
    await unbound.expect(/<success [^>]*>/);
    await admin().userDisable("tybalt@localhost");
    await tybalt.raw.expect(ended);
    await unbound.expect(ended);
    const open = (await server.sessions()).filter(({ username, state }) => username === "tybalt" && state !== "closing");
    expect(open).toEqual([]);
    await admin().userEnable("tybalt@localhost");
    // What was ended does not come back.
    const again = await connectSecure(server);
    again.send(streamHeader("localhost"));
    await again.expect("</stream:features>");
    again.send(saslPlain("tybalt"));
    await again.expect(/<success [^>]*>/);
    again.send(streamHeader("localhost"));
    await again.expect("</stream:features>");
    again.send(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`);
    await again.expect(/<failed [^>]*>/);
    for (const { raw } of [tybalt]) raw.destroy();
    for (const raw of [unbound, again]) raw.destroy();
  });

  it("is for others as one whose user is not there: what they write waits, and is read when it is enabled again", async () => {
    await server.addUser("benvolio", "secret");
    const benvolio = await login(server, { user: "benvolio" });
    await benvolio.ask("<presence/>");
    await admin().userDisable("benvolio@localhost");
    await benvolio.raw.expect(ended);
    benvolio.raw.destroy();
    const nurse = await login(server, { user: "nurse" });
    expect(await nurse.ask("<message to='benvolio@localhost' type='chat'><body>are you there</body></message>")).toEqual([]);
    await admin().userEnable("benvolio@localhost");
    const back = await login(server, { user: "benvolio" });
    const got = await back.ask("<presence/>");
    expect(got.filter(({ name }) => name === "message").map((message) => textOf(childOf(message, "body")))).toEqual(["are you there"]);
    await Promise.all([nurse.close(), back.close()]);
  });

  it("is listed as such; to disable it twice changes nothing, and it can be deleted", async () => {
    await server.addUser("mercutio", "secret");
    for (let i = 0; i < 2; i += 1) await admin().userDisable("mercutio@localhost");
    const facts = (await server.store.read("account/localhost/mercutio", 0, 99)).map(({ type }) => type);
    expect(facts).toEqual(["AccountCreated", "PasswordChanged", "AccountDisabled"]);
    expect(await admin().userDisabled()).toContain("mercutio@localhost");
    expect(await admin().userDisabled("localhost")).toContain("mercutio@localhost");
    expect(await admin().userList()).toContain("mercutio@localhost");
    for (let i = 0; i < 2; i += 1) await admin().userEnable("mercutio@localhost");
    expect(await admin().userDisabled()).not.toContain("mercutio@localhost");
    await admin().userDisable("mercutio@localhost");
    await admin().userDelete("mercutio@localhost");
    expect(await admin().userDisabled()).not.toContain("mercutio@localhost");
    // Another one of that name may log in.
    await server.addUser("mercutio", "secret");
    expect(await tryLogin(server, "mercutio", "secret")).toBe("success");
  });

  it("has to be there", async () => {
    for (const operation of ["userDisable", "userEnable"] as const) {
      await expect(admin()[operation]("nobody@localhost")).rejects.toMatchObject({ code: "account-unknown" });
      await expect(admin()[operation]("romeo@example.org")).rejects.toMatchObject({ code: "host-unknown" });
    }
  });

  it("is so where it is taken to, too", async () => {
    await server.addUser("escalus", "secret");
    await admin().userDisable("escalus@localhost");
    const text = (await admin().accountExport("escalus@localhost")).map(({ text }) => text).join("");
    expect(JSON.parse(text)).toMatchObject({ jid: "escalus@localhost", disabled: true });
    const other = await startServer();
    expect(await other.server.admin.accountsImport([{ line: 1, account: JSON.parse(text) }])).toEqual({ created: 1, failures: [] });
    expect(await tryLogin(other, "escalus", "secret")).toBe("account-disabled");
    await other.stop();
  });
});
