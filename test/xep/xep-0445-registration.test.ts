/** In-band registration with a token, where nobody else may make an account. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { invitationTriesPerAddress, registrationRequestsMax } from "../../src/domain/limits.ts";
import type { Clock } from "../../src/ports.ts";
import { liveClock } from "../../src/live.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { login } from "../support/login.ts";
import { childOf, textOf } from "../support/xml-reader.ts";
import { credentials, newcomer, outcome } from "./xep-0077-setting.ts";
import { password, preauth, registerWith, tokenOf } from "./xep-0401-setting.ts";

let server: TestServer;
let off: TestServer;
let ahead = 0;
const clock: Clock = {
  now: () => liveClock.now() + ahead,
  at: (deadline, task, keepAlive) => liveClock.at(deadline - ahead, task, keepAlive),
  soon: (task) => liveClock.soon(task),
};
beforeAll(async () => {
  server = await startServer({ domains: ["localhost", "other.example"], admins: ["admin@localhost"], parts: { clock } });
  off = await startServer({ registration: { invitations: "nobody" } });
});
afterAll(() => Promise.all([server.stop(), off.stop()]));

const invite = async (wish = {}) => tokenOf((await server.server.admin.userInvite(wish)).uri);

describe("XEP-0445 section 3 discovery", () => {
  it("is a stream feature where a password can be told in confidence, beside that of XEP-0077", async () => {
    const [safe, clear, closed] = [await newcomer(server), await newcomer(server, "plaintext"), await newcomer(off)];
    expect(safe.features).toContain("<register xmlns=\"urn:xmpp:ibr-token:0\"/><register xmlns=\"http://jabber.org/features/iq-register\"/>");
    for (const { features } of [clear, closed]) expect(features).not.toContain("<register");
    for (const { raw } of [safe, clear, closed]) raw.destroy();
  });
});

describe("XEP-0445 section 4 pre-authenticated in-band registration", () => {
  it("lets who has a token make an account, and then log in on the same stream", async () => {
    const client = await newcomer(server);
    expect(outcome(await client.ask("get", ""))).toBe("503 service-unavailable");
    expect(await preauth(client, await invite())).toBe("result");
    expect(outcome(await client.ask("get", ""))).toBe("result");
    expect(outcome(await client.ask("set", credentials("bill", "short")))).toBe("406 not-acceptable");
    expect(outcome(await client.ask("set", credentials("bill", password)))).toBe("result");
    expect(outcome(await client.ask("set", credentials("bob", password)))).toBe("406 not-acceptable");
    client.raw.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${Buffer.from(`\0bill\0${password}`).toString("base64")}</auth>`);
    await client.raw.expect(/<success [^>]*>/);
    client.raw.destroy();
  });

  it("does not count it as used before there is an account", async () => {
    const token = await invite();
    await server.addUser("there", "secret");
    expect(await registerWith(server, token, "there")).toBe("409 conflict");
    expect(await registerWith(server, token, "new")).toBe("result");
    expect(await registerWith(server, token, "newer")).toBe("item-not-found");
  });

  it("says what was meant in the form", async () => {
    const client = await newcomer(server);
    expect(await preauth(client, await invite({ name: "juliet" }))).toBe("result");
    const x = childOf(childOf(await client.ask("get", ""), "query"), "x")!;
    const field = x.children.find((child) => typeof child !== "string" && child.attrs["var"] === "username");
    expect(textOf(childOf(field as typeof x, "value"))).toBe("juliet");
    client.raw.destroy();
  });

  it("looks at the time only when the token is named", async () => {
    const [first, second] = [await invite({ days: 1 }), await invite({ days: 1 })];
    const client = await newcomer(server);
    expect(await preauth(client, first)).toBe("result");
    ahead = 86_400_001;
    expect(outcome(await client.ask("set", credentials("late", password)))).toBe("result");
    expect(await registerWith(server, second, "later")).toBe("item-not-found");
    client.raw.destroy();
  });

  it("lets nobody have an administrator's name who was not meant to", async () => {
    expect(await registerWith(server, await invite(), "admin")).toBe("409 conflict");
    expect(await registerWith(server, await invite({ name: "admin" }), "admin")).toBe("result");
  });

  it.each([
    ["no token", undefined, "bad-request"],
    ["an empty one", "", "bad-request"],
    ["one that there is not", "0".repeat(32), "item-not-found"],
    ["a text that is none", "../../x", "item-not-found"],
    ["a long one", "a".repeat(5_000), "item-not-found"],
  ])("refuses %s, and the stream goes on", async (_, token, condition) => {
    const client = await newcomer(server);
    expect(await preauth(client, token)).toBe(condition);
    expect(outcome(await client.ask("set", credentials("mallory", password)))).toBe("503 service-unavailable");
    client.raw.destroy();
  });

  it("refuses one that was taken back, one of another host, and all where they are off", async () => {
    const made = await server.server.admin.userInvite({});
    await server.server.admin.userUninvite(made.id.slice(0, 8));
    expect(await registerWith(server, tokenOf(made.uri), "mallory")).toBe("item-not-found");
    expect(await registerWith(server, await invite({ domain: "other.example" }), "mallory")).toBe("item-not-found");
    expect(await registerWith(off, "0".repeat(32), "mallory")).toBe("service-unavailable");
    await expect(off.server.admin.userInvite({})).rejects.toThrow("registration.invitations");
  });

  it("refuses it in the clear, and from who has logged in", async () => {
    const clear = await newcomer(server, "plaintext");
    expect(await preauth(clear, await invite())).toBe("not-authorized");
    clear.raw.destroy();
    await server.addUser("inside", "secret");
    const inside = await login(server, { user: "inside", password: "secret" });
    const answers = await inside.ask("<iq type='set' id='p' to='localhost'><preauth xmlns='urn:xmpp:pars:0' token='x'/></iq>");
    expect(answers.map(({ attrs }) => attrs["type"])).toContain("error");
    inside.raw.destroy();
  });

  it("has a bound for each address, and requests of one stream have one, too", async () => {
    ahead += 3_600_001;
    const client = await newcomer(server);
    expect(await preauth(client, await invite())).toBe("result");
    for (let tries = 1; tries < invitationTriesPerAddress; tries += 1) await preauth(client, "0".repeat(32), `t${tries}`);
    expect(await preauth(client, "0".repeat(32), "last")).toBe("resource-constraint");
    // What was named before stays.
    for (let requests = 0; requests < registrationRequestsMax; requests += 1) expect(outcome(await client.ask("get", ""))).toBe("result");
    client.raw.send("<iq type='get' id='over'><query xmlns='jabber:iq:register'/></iq>");
    await client.raw.expect("<policy-violation");
    client.raw.destroy();
  });
});
