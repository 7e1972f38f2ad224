/** slixmpp from its first byte to a bound resource: its own SCRAM, its own TLS, its own idea of which mechanism to take. */
import { describe, expect, it } from "vitest";
import { startServer } from "../../../src/testing/index.ts";
import { password, slixmppIsMissing, slixmppSetting } from "./setting.ts";

const setting = slixmppSetting(["alice", "bob"]);
const { login, online } = setting;
const jid = "alice@localhost/phone";
const refused = (mechanism: string, condition: string) => ({ mechanism, condition });

// With a binding in hand slixmpp 1.8 says p=tls-unique, which no connection here has, or "y", which would be a downgrade.
const untilPlain = [
  refused("SCRAM-SHA-256-PLUS", "invalid-mechanism"),
  refused("SCRAM-SHA-1-PLUS", "invalid-mechanism"),
  refused("SCRAM-SHA-256", "not-authorized"),
  refused("SCRAM-SHA-1", "not-authorized"),
];
const byName = (a: { mechanism: string }, b: { mechanism: string }) => a.mechanism.localeCompare(b.mechanism);

describe.skipIf(slixmppIsMissing).each([
  { name: "STARTTLS, TLS 1.3", direct: false, version: "TLSv1.3", more: {} },
  { name: "TLS from the first byte, TLS 1.3", direct: true, version: "TLSv1.3", more: {} },
  { name: "STARTTLS, TLS 1.2", direct: false, version: "TLSv1.2", more: { tls: "TLSv1.2" as const } },
  { name: "TLS from the first byte, TLS 1.2", direct: true, version: "TLSv1.2", more: { tls: "TLSv1.2" as const } },
])("slixmpp over $name", ({ direct, version, more }) => {
  it("gets in with nothing forced, however many mechanisms it tries", async () => {
    const alice = await login({ jid, direct, ...more });
    expect(alice.login).toMatchObject({ online: true, jid, mechanism: "PLAIN", tls: version });
    expect(alice.login.refusals.toSorted(byName)).toEqual(untilPlain.toSorted(byName));
  });

  it("gets in with its best mechanism where it cannot bind", async () => {
    const alice = await login({ jid, direct, binding: "none", ...more, mechanism: "SCRAM-SHA-256" });
    expect(alice.login).toEqual({ online: true, jid, mechanism: "SCRAM-SHA-256", tls: version, refusals: [], why: null });
  });
});

describe.skipIf(slixmppIsMissing)("slixmpp with one mechanism forced", () => {
  it.each(["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"])("%s logs in, and the server proves that it knows the password too", async (mechanism) => {
    const alice = await login({ jid, mechanism, binding: "none" });
    expect(alice.login).toMatchObject({ online: true, jid, mechanism, refusals: [] });
  });

  it.each(["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"])("%s refuses a wrong password and an unknown user alike", async (mechanism) => {
    for (const options of [{ jid, password: "wrong" }, { jid: "nobody@localhost/phone" }]) {
      const { login: result } = await login({ ...options, mechanism, binding: "none" });
      expect(result).toMatchObject({ online: false, refusals: [refused(mechanism, "not-authorized")] });
    }
  });

  it.each(["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"])("%s is refused with tls-unique as one that cannot work here", async (mechanism) => {
    const { login: result } = await login({ jid, mechanism });
    expect(result).toMatchObject({ online: false, refusals: [refused(mechanism, "invalid-mechanism")] });
  });

  it.each(["SCRAM-SHA-256", "SCRAM-SHA-1"])("%s with y, by a client that could bind, is a downgrade (RFC 5802 section 6)", async (mechanism) => {
    const { login: result } = await login({ jid, mechanism });
    expect(result).toMatchObject({ online: false, refusals: [refused(mechanism, "not-authorized")] });
  });

  it("nothing forced, a wrong password: every mechanism is refused, and the stream is closed", async () => {
    const { login: result } = await login({ jid, password: "wrong" });
    expect(result.online).toBe(false);
    expect(result.refusals.map(({ mechanism }) => mechanism)).toContain("PLAIN");
    await expect.poll(() => setting.server.sessions()).toEqual([]);
  });
});

describe.skipIf(slixmppIsMissing)("slixmpp with unusual names and passwords", () => {
  it.each(["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"])("outside ASCII, or with what SCRAM has to escape: %s", async (mechanism) => {
    for (const [prefix, secret] of [["jürgen", "pässwörd → ключ"], ["a=b,c", "p=q,r"], ["decomposed", "e\u0301te\u0301"]] as const) {
      const name = `${prefix}-${mechanism.toLowerCase()}`;
      await setting.server.addUser(name, secret);
      const user = await login({ jid: `${name}@localhost/büro`, password: secret, mechanism, binding: "none" });
      expect(user.login).toMatchObject({ online: true, jid: `${name}@localhost/büro` });
    }
  });
});

describe.skipIf(slixmppIsMissing)("slixmpp without TLS", () => {
  it("gets in with its best mechanism where the server allows it on loopback, and there is nothing to bind", async () => {
    const server = await startServer({ allowPlaintext: true });
    await server.addUser("alice", password);
    const alice = await login({ jid, cleartext: true, port: server.port });
    expect(alice.login).toEqual({ online: true, jid, mechanism: expect.stringMatching(/^SCRAM-SHA-(1|256)$/), tls: null, refusals: [], why: null });
    await server.stop();
    expect(await alice.next("stream-error")).toMatchObject({ condition: "system-shutdown" });
  });
});

describe.skipIf(slixmppIsMissing)("RFC 6120 section 7 resource binding with slixmpp", () => {
  it("makes a resource where none is named", async () => {
    const alice = await online("alice@localhost");
    expect(alice.jid).toMatch(/^alice@localhost\/.{8,}$/);
  });

  it("ends the old stream with conflict where the resource is taken (section 7.7.2.2)", async () => {
    const old = await online(jid);
    const young = await online(jid);
    expect(await old.next("stream-error")).toMatchObject({ condition: "conflict" });
    await old.next("ended");
    expect(await young.call("ping", { to: "localhost" })).toEqual({ from: "localhost", type: "result" });
    await expect.poll(async () => (await setting.server.sessions()).map(({ full_jid }) => full_jid)).toEqual([jid]);
  });
});

describe.skipIf(slixmppIsMissing)("RFC 6120 section 4.4 the end of slixmpp's stream", () => {
  it("is answered with the server's own end", async () => {
    const alice = await online(jid);
    expect(await alice.call("logout")).toEqual({ connected: false, reason: "End of stream" });
    await expect.poll(() => setting.server.sessions()).toEqual([]);
  });

  it("comes with not-authorized when the account is deleted", async () => {
    await setting.server.addUser("leaver", password);
    const leaver = await online("leaver@localhost/r");
    await setting.server.server.admin.userDelete("leaver@localhost");
    expect(await leaver.next("stream-error")).toMatchObject({ condition: "not-authorized" });
    const again = await login({ jid: "leaver@localhost/r", mechanism: "SCRAM-SHA-256", binding: "none" });
    expect(again.login).toMatchObject({ online: false, refusals: [refused("SCRAM-SHA-256", "not-authorized")] });
  });
});
