import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { registrationRequestsMax } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { authenticate, login } from "../support/login.ts";
import { childOf, readXml, textOf } from "../support/xml-reader.ts";
import { credentials, newcomer, outcome, register, tryLogin } from "./xep-0077-setting.ts";

let server: TestServer;
let closed: TestServer;
beforeAll(async () => {
  const registration = { enabled: true, perAddress: 1_000, perHour: 1_000 };
  server = await startServer({ registration, admins: ["admin@localhost"] });
  closed = await startServer({ registration: { passwords: false, removal: false, invitations: "nobody" } });
});
afterAll(() => Promise.all([server.stop(), closed.stop()]));

const feature = "<register xmlns=\"http://jabber.org/features/iq-register\"/>";
const password = "m1cro$oft";

describe("XEP-0077 section 8 stream feature", () => {
  it("is offered where accounts are made, and passwords can be told in confidence", async () => {
    const safe = await newcomer(server);
    expect(safe.features).toContain(feature);
    const clear = await newcomer(server, "plaintext");
    expect(clear.features).not.toContain(feature);
    const off = await newcomer(closed);
    expect(off.features).not.toContain(feature);
    for (const { raw } of [safe, clear, off]) raw.destroy();
  });

  it("is not offered to who has logged in", async () => {
    await server.addUser("inside", password);
    const raw = await authenticate(server, { user: "inside", password });
    expect(raw.received.slice(raw.received.lastIndexOf("<stream:features>"))).not.toContain("iq-register");
    raw.destroy();
  });
});

describe("XEP-0077 section 3.1 an entity registers", () => {
  it("is told what is needed, as fields and as a form, and makes an account with which it logs in on the same stream", async () => {
    const bill = await newcomer(server);
    const query = childOf(await bill.ask("get", "", "to='localhost'"), "query")!;
    expect(query.children.map((child) => (child as { name: string }).name)).toEqual(["instructions", "username", "password", "x"]);
    expect(outcome(await bill.ask("set", credentials("Bill", password)))).toBe("result");
    expect(await server.server.admin.userList()).toContain("bill@localhost");
    bill.raw.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${Buffer.from(`\0bill\0${password}`).toString("base64")}</auth>`);
    await bill.raw.expect(/<success [^>]*>/);
    bill.raw.destroy();
  });

  it("takes the form, which counts before the fields (section 6)", async () => {
    const client = await newcomer(server);
    const form = (type: string, formType = register) =>
      `<x xmlns='jabber:x:data' type='${type}'><field var='FORM_TYPE'><value>${formType}</value></field>` +
      `<field var='username'><value>formed</value></field><field var='password'><value>${password}</value></field></x>`;
    expect(outcome(await client.ask("set", form("cancel")))).toBe("406 not-acceptable");
    expect(outcome(await client.ask("set", form("submit", "urn:other")))).toBe("406 not-acceptable");
    expect(outcome(await client.ask("set", credentials("fielded", password) + form("submit")))).toBe("result");
    expect(await tryLogin(server, "formed", password)).toBe("success");
    expect(await tryLogin(server, "fielded", password)).toBe("not-authorized");
    client.raw.destroy();
  });

  it.each([
    ["no password", "<username>ann</username>"],
    ["an empty password", "<username>ann</username><password/>"],
    ["no user name", `<password>${password}</password>`],
    ["nothing", ""],
    ["a user name that no address has", credentials("a@b", password)],
    ["a user name that is too long", credentials("a".repeat(1_024), password)],
    ["a short password", credentials("ann", "1234567")],
    ["the user name as password", credentials("annabella", "Annabella")],
    ["a password that clients write in several ways", credentials("ann", "ﬁﬁﬁﬁﬁﬁﬁﬁ")],
    ["a password with a line break", credentials("ann", "12345678&#10;9")],
  ])("does not accept %s", async (_, content) => {
    const client = await newcomer(server);
    const answer = await client.ask("set", content);
    expect(outcome(answer)).toBe("406 not-acceptable");
    // Section 3.3: a password is not sent back.
    expect(childOf(answer, "query")).toBeUndefined();
    expect(await server.server.admin.userList()).not.toContain("ann@localhost");
    client.raw.destroy();
  });

  it("says that a name is taken: by an account, by one that was, and by an administrator who has no account yet", async () => {
    await server.addUser("there", password);
    await server.addUser("was", password);
    await server.server.admin.userDelete("was@localhost");
    const client = await newcomer(server);
    for (const name of ["there", "THERE", "was", "admin", "Admin"]) {
      expect(outcome(await client.ask("set", credentials(name, password)))).toBe("409 conflict");
    }
    expect(await tryLogin(server, "there", password)).toBe("success");
    client.raw.destroy();
  });

  it("gives a name to one of two who ask at the same time", async () => {
    const clients = await Promise.all([newcomer(server), newcomer(server), newcomer(server)]);
    const answers = await Promise.all(clients.map(({ ask }, index) => ask("set", credentials("wanted", `${password}${index}`))));
    expect(answers.map(outcome).toSorted()).toEqual(["409 conflict", "409 conflict", "result"]);
    const winner = answers.findIndex((answer) => outcome(answer) === "result");
    expect(await tryLogin(server, "wanted", `${password}${winner}`)).toBe("success");
    for (const { raw } of clients) raw.destroy();
  });

  it("makes one account on one stream (section 3.1.1)", async () => {
    const client = await newcomer(server);
    expect(outcome(await client.ask("set", credentials("single", password)))).toBe("result");
    expect(outcome(await client.ask("set", credentials("second", password)))).toBe("406 not-acceptable");
    client.raw.destroy();
  });

  it("answers service-unavailable where it is off", async () => {
    const client = await newcomer(closed);
    expect(outcome(await client.ask("get", ""))).toBe("503 service-unavailable");
    expect(outcome(await client.ask("set", credentials("ann", password)))).toBe("503 service-unavailable");
    expect(await closed.server.admin.userList()).toEqual([]);
    client.raw.destroy();
  });

  it("takes no password in the clear (section 11)", async () => {
    const client = await newcomer(server, "plaintext");
    expect(outcome(await client.ask("set", credentials("clear", password)))).toBe("401 not-authorized");
    client.raw.destroy();
  });

  it.each(["muc.localhost", "romeo@localhost", "example.org", "localhost/x", "@"])("answers nobody who has not logged in for %s (RFC 6120 section 4.9.3.12)", async (to) => {
    const { raw } = await newcomer(server);
    raw.send(`<iq type='get' id='x' to='${to}'><query xmlns='${register}'/></iq>`);
    await raw.expect("<not-authorized xmlns=\"urn:ietf:params:xml:ns:xmpp-streams\"/>");
    raw.destroy();
  });

  it("does not remove what is not there (section 3.2)", async () => {
    const client = await newcomer(server);
    expect(outcome(await client.ask("set", "<remove/>"))).toBe("400 unexpected-request");
    client.raw.destroy();
  });
});

describe("XEP-0077 section 3.1.1: strangers who ask too much", () => {
  it("are refused on one stream after a while", async () => {
    const client = await newcomer(server);
    for (let i = 0; i < registrationRequestsMax; i += 1) expect(outcome(await client.ask("get", ""))).toBe("result");
    client.raw.send(`<iq type='get' id='last'><query xmlns='${register}'/></iq>`);
    await client.raw.expect("<policy-violation xmlns=\"urn:ietf:params:xml:ns:xmpp-streams\"/>");
    client.raw.destroy();
  });

  it("are refused by address, whether the names are free or not", async () => {
    const strict = await startServer({ registration: { enabled: true, perAddress: 2, perHour: 100 } });
    const first = await newcomer(strict);
    expect(outcome(await first.ask("set", credentials("ann", "short")))).toBe("406 not-acceptable");
    expect(outcome(await first.ask("set", credentials("ann", password)))).toBe("result");
    const second = await newcomer(strict);
    expect(outcome(await second.ask("set", credentials("ann", password)))).toBe("409 conflict");
    expect(outcome(await second.ask("set", credentials("bob", password)))).toBe("500 resource-constraint");
    expect(await strict.server.admin.userList()).toEqual(["ann@localhost"]);
    for (const { raw } of [first, second]) raw.destroy();
    await strict.stop();
  });
});

describe("XEP-0077 section 3.1 for who has logged in", () => {
  it("tells that there is an account, without its password", async () => {
    await server.addUser("juliet", password);
    const juliet = await login(server, { user: "juliet", password });
    for (const to of ["", "to='localhost'", "to='juliet@localhost'"]) {
      const [answer] = await juliet.ask(`<iq type='get' id='g' ${to}><query xmlns='${register}'/></iq>`);
      const query = childOf(answer, "query")!;
      expect(childOf(query, "registered")).toBeDefined();
      expect([textOf(childOf(query, "username")), textOf(childOf(query, "password"))]).toEqual(["juliet", ""]);
    }
    const [others] = await juliet.ask(`<iq type='get' id='o' to='bill@localhost'><query xmlns='${register}'/></iq>`);
    expect(outcome(others!)).toBe("503 service-unavailable");
    await juliet.close();
  });

  it("is with the own host alone (section 3.2): another one of the same server has no account of theirs, and ends none", async () => {
    const two = await startServer({ domains: ["localhost", "example.net"], registration: { enabled: true } });
    await two.addUser("juliet", password);
    const juliet = await login(two, { user: "juliet", password });
    const ask = async (type: string, content: string): Promise<string> => outcome((await juliet.ask(`<iq type='${type}' id='o' to='example.net'><query xmlns='${register}'>${content}</query></iq>`))[0]!);
    expect([await ask("get", ""), await ask("set", credentials("juliet", "another password")), await ask("set", "<remove/>")]).toEqual(Array.from({ length: 3 }, () => "503 service-unavailable"));
    expect(await tryLogin(two, "juliet", password)).toBe("success");
    await juliet.close();
    await two.stop();
  });

  it.each([["where it is on", true], ["not where all of it is off", false]])("is told of by service discovery (section 10) %s", async (_, on) => {
    const at = on ? server : closed;
    await at.addUser(`disco-${on}`, password);
    const client = await login(at, { user: `disco-${on}`, password });
    const [answer] = await client.ask("<iq type='get' id='d' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
    const features = childOf(answer, "query")!.children.map((child) => (child as { attrs: Record<string, string> }).attrs["var"]);
    expect(features.includes(register)).toBe(on);
    await client.close();
  });
});

describe("XEP-0077 section 3.3 a user changes the password", () => {
  it("with effect on the next login; sessions go on", async () => {
    await server.addUser("viola", password);
    const viola = await login(server, { user: "viola", password });
    const other = await login(server, { user: "viola", password, resource: "other" });
    const ask = async (content: string) => outcome((await viola.ask(`<iq type='set' id='c' to='localhost'><query xmlns='${register}'>${content}</query></iq>`))[0]!);
    expect(await ask(credentials("viola", "newpassword"))).toBe("result");
    expect(await tryLogin(server, "viola", "newpassword")).toBe("success");
    expect(await tryLogin(server, "viola", password)).toBe("not-authorized");
    expect(await other.caughtUp()).toEqual([]);
    expect(await ask(credentials("Viola@localhost", "anotherone"))).toBe("result");
    for (const [content, expected] of [
      ["<username>viola</username><password/>", "400 bad-request"],
      ["<password>newpassword</password>", "400 bad-request"],
      ["", "400 bad-request"],
      [credentials("viola", "short"), "406 not-acceptable"],
      [credentials("bill", "newpassword"), "405 not-allowed"],
      [credentials("viola@example.org", "newpassword"), "405 not-allowed"],
    ] as const) expect(await ask(content)).toBe(expected);
    expect(await tryLogin(server, "viola", "anotherone")).toBe("success");
    await Promise.all([viola.close(), other.close()]);
  });

  it("not where the operator does not let users, who may still remove the account, or the other way round", async () => {
    for (const [registration, change, removal] of [
      [{ passwords: false }, "405 not-allowed", "result"],
      [{ removal: false }, "result", "405 not-allowed"],
    ] as const) {
      const one = await startServer({ registration });
      await one.addUser("duke", password);
      const duke = await login(one, { user: "duke", password });
      const ask = (content: string) => duke.send(`<iq type='set' id='c'><query xmlns='${register}'>${content}</query></iq>`);
      ask(credentials("duke", "newpassword"));
      expect(outcome(await duke.next())).toBe(change);
      ask("<remove/>");
      expect(outcome(await duke.next())).toBe(removal);
      duke.raw.destroy();
      await one.stop();
    }
  });

  it("not where all of it is off", async () => {
    await closed.addUser("duke", password);
    const duke = await login(closed, { user: "duke", password });
    const [change] = await duke.ask(`<iq type='set' id='c'><query xmlns='${register}'>${credentials("duke", "newpassword")}</query></iq>`);
    const [removal] = await duke.ask(`<iq type='set' id='r'><query xmlns='${register}'><remove/></query></iq>`);
    expect([change, removal].map((answer) => outcome(answer!))).toEqual(["503 service-unavailable", "503 service-unavailable"]);
    expect(await tryLogin(closed, "duke", password)).toBe("success");
    await duke.close();
  });
});

describe("XEP-0077 section 3.2 a user removes the account", () => {
  it("is told that it is done, and then all its sessions end with not-authorized; its contacts see it go", async () => {
    for (const user of ["orsino", "cesario"]) await server.addUser(user, password);
    const enter = async (user: string, resource: string) => {
      const client = await login(server, { user, password, resource });
      await client.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq><presence/>");
      return client;
    };
    const [cesario, orsino, other] = [await enter("cesario", "a"), await enter("orsino", "b"), await enter("orsino", "c")];
    cesario.send("<presence type='subscribe' to='orsino@localhost'/>");
    await cesario.caughtUp();
    await orsino.ask("<presence type='subscribed' to='cesario@localhost'/>");
    await cesario.caughtUp();
    expect(outcome((await orsino.ask(`<iq type='set' id='x'><query xmlns='${register}'><remove/><username>orsino</username></query></iq>`)).find(({ attrs }) => attrs["id"] === "x")!)).toBe("400 bad-request");

    orsino.send(`<iq type='set' id='bye'><query xmlns='${register}'><remove/></query></iq>`);
    const end = await orsino.raw.expect(/<iq [^>]*id="bye"[^>]*>.*<\/stream:stream>/s);
    expect(readXml(/<iq [^>]*id="bye"[^>]*\/>/.exec(end)![0]).attrs["type"]).toBe("result");
    expect(end).toContain("<not-authorized xmlns=\"urn:ietf:params:xml:ns:xmpp-streams\"/>");
    await other.raw.expect("<not-authorized xmlns=\"urn:ietf:params:xml:ns:xmpp-streams\"/>");

    const seen = (await cesario.caughtUp()).map(({ name, attrs }) => `${name} ${attrs["type"]} ${attrs["from"]}`);
    expect(seen.filter((text) => text.startsWith("presence unavailable")).toSorted()).toEqual(["presence unavailable orsino@localhost/b", "presence unavailable orsino@localhost/c"]);
    expect(seen).toContain("presence unsubscribed orsino@localhost");
    expect(seen.at(-1)).not.toContain("unavailable");
    expect(await tryLogin(server, "orsino", password)).toBe("not-authorized");
    expect(await server.server.admin.userList()).not.toContain("orsino@localhost");
    await cesario.close();
    for (const { raw } of [orsino, other]) raw.destroy();
  });

  it("ends a session that waits to be resumed, too", async () => {
    await server.addUser("feste", password);
    const sleeper = await login(server, { user: "feste", password, resource: "sleeper" });
    sleeper.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    await sleeper.caughtUp();
    sleeper.raw.destroy();
    const feste = await login(server, { user: "feste", password });
    feste.send(`<iq type='set' id='bye' to='localhost'><query xmlns='${register}'><remove/></query></iq>`);
    await feste.raw.expect("<not-authorized xmlns=\"urn:ietf:params:xml:ns:xmpp-streams\"/>");
    feste.send("</stream:stream>");
    await feste.raw.closed();
    expect((await server.sessions()).filter(({ username, state }) => username === "feste" && state !== "closing")).toEqual([]);
    feste.raw.destroy();
  });
});
