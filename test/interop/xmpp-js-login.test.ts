/** @xmpp/client from its first byte to a bound resource, and back out. */
import { describe, expect, it } from "vitest";
import { startServer } from "../../src/testing/index.ts";
import { bodies, password, xml, XmppJsUser, type Mechanism } from "./xmpp-js.ts";
import { xmppJsSetting } from "./xmpp-js-setting.ts";

// Sessions end with their links; those that do not are in xmpp-js-resumption.test.ts.
const setting = xmppJsSetting(["alice", "bob", "jürgen"], { session: { resumptionMs: 0 } });
const { user, online, available } = setting;

describe.each([
  { name: "STARTTLS (RFC 6120 section 5)", transport: "STARTTLS", conn: { transport: "tcp", secure: "TLSv1.3" } },
  { name: "TLS from the first byte (XEP-0368)", transport: "direct TLS", conn: { transport: "tls", secure: "TLSv1.3" } },
  { name: "WebSocket (RFC 7395)", transport: "WebSocket", conn: { transport: "websocket" } },
] as const)("@xmpp/client over $name", ({ transport, conn }) => {
  it.each(["SCRAM-SHA-1", "PLAIN"] as const)("logs in with %s", async (mechanism: Mechanism) => {
    const alice = await online("alice", { transport, mechanism, resource: "phone" });
    expect(alice.jid).toBe("alice@localhost/phone");
    expect(alice.mechanisms).toEqual([mechanism]);
    const [session] = await setting.server.sessions();
    expect(session).toMatchObject({ full_jid: "alice@localhost/phone", conn });
  });

  it.each(["SCRAM-SHA-1", "PLAIN"] as const)("refuses a wrong password and an unknown user alike with %s", async (mechanism: Mechanism) => {
    const failures = [];
    for (const options of [{ username: "alice", password: "wrong" }, { username: "nobody" }]) {
      const failure: unknown = await user({ ...options, transport, mechanism }).start().catch((error: unknown) => error);
      failures.push(failure);
    }
    expect(failures).toEqual([
      expect.objectContaining({ name: "SASLError", condition: "not-authorized" }),
      expect.objectContaining({ name: "SASLError", condition: "not-authorized" }),
    ]);
    expect(String(failures[0])).toBe(String(failures[1]));
  });
});

describe("RFC 6120 section 6.3.7 a name in another form", () => {
  it("is the same account in capital letters", async () => {
    expect((await online("ALICE", { resource: "r" })).jid).toBe("alice@localhost/r");
  });

  it("may be outside ASCII, and so may the password and the resource", async () => {
    await setting.server.addUser("jürgen2", "pässwörd → 🔑");
    const octets = (text: string) => Buffer.from(text).toString("latin1");
    // @xmpp/base64 0.14 takes one octet a character, so it is given UTF-8 octets.
    const jürgen = await online(octets("jürgen2"), { password: octets("pässwörd → 🔑"), resource: "büro ☕" });
    expect(jürgen.jid).toBe("jürgen2@localhost/büro ☕");
    await jürgen.presence();
    await jürgen.message("jürgen2@localhost", "grüße");
    expect(bodies([await jürgen.nextMessage()])).toEqual(["grüße"]);
  });

  it("is refused in Latin-1, which @xmpp/client sends of itself, and by nothing worse than a SASL failure", async () => {
    await expect(user({ username: "jürgen" }).start()).rejects.toMatchObject({ name: "SASLError", condition: "malformed-request" });
  });
});

setting.everyWay("RFC 6120 section 7 resource binding", () => {
  it("makes a resource where the client names none, another one each time", async () => {
    const [first, second] = [await online("alice"), await online("alice")];
    expect(first.jid).toMatch(/^alice@localhost\/.{8,}$/);
    expect(second.jid).toMatch(/^alice@localhost\/.{8,}$/);
    expect(first.jid).not.toBe(second.jid);
  });

  it("refuses a second resource on the same stream with not-allowed (section 7.6.2.2)", async () => {
    const alice = await online("alice", { resource: "one" });
    const bind = alice.client.iqCaller.set(xml("bind", "urn:ietf:params:xml:ns:xmpp-bind", xml("resource", {}, "two")));
    await expect(bind).rejects.toMatchObject({ condition: "not-allowed" });
    await alice.settled();
  });
});

setting.everyWay("RFC 6120 section 7.7.2.2 conflict", () => {
  it("ends the old stream with conflict, and the new one lives", async () => {
    const old = await available("alice", { resource: "phone" });
    const young = await available("alice", { resource: "phone" });
    expect(await old.disconnected()).toBe("conflict");
    expect(young.jid).toBe("alice@localhost/phone");
    await young.message("alice@localhost", "still there?");
    expect(bodies([await young.nextMessage()])).toEqual(["still there?"]);
    await expect.poll(() => setting.server.sessions()).toHaveLength(1);
  });

  it("leaves exactly one of eight that ask for the same resource at once", async () => {
    const rivals = Array.from({ length: 8 }, () => user({ username: "alice", resource: "phone", transport: "direct TLS" }));
    // Whoever is replaced while it is still on its way to its own "online" sees the conflict there.
    await Promise.allSettled(rivals.map((rival) => rival.start()));
    await expect.poll(() => rivals.filter((rival) => rival.client.status === "online").length).toBe(1);
    expect(rivals.flatMap((rival) => rival.errors).map(({ condition }) => condition)).toEqual(Array(7).fill("conflict"));
    await expect.poll(() => setting.server.sessions()).toHaveLength(1);
    await rivals.find((rival) => rival.client.status === "online")?.settled();
  });

  it.each([
    { conflict: "reject-new" as const, outcome: "conflict" },
    { conflict: "rename" as const, outcome: "another resource" },
  ])("$conflict gives the new one $outcome", async ({ conflict, outcome }) => {
    const server = await startServer({ session: { conflict } });
    await server.addUser("alice", password);
    const users = [0, 1].map(() => new XmppJsUser(server, { username: "alice", resource: "phone" }));
    await users[0]!.start();
    const second = await users[1]!.start().then(() => (users[1]!.resource === "phone" ? "phone" : "another resource"), (error) => error.condition);
    expect(second).toBe(outcome);
    await users[0]!.settled();
    await Promise.all(users.map((user) => user.stop()));
    await server.stop();
  });
});

setting.everyWay("RFC 6120 section 4.4 the end of a stream", () => {
  it("is answered at once when the client ends it", async () => {
    const alice = await available("alice");
    const ends: unknown[] = [];
    alice.client.on("close", () => ends.push("end tag")).on("disconnect", ({ clean }: { clean: boolean }) => ends.push(clean));
    const before = performance.now();
    await alice.stop();
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(ends).toEqual(["end tag", true]);
    expect(alice.errors).toEqual([]);
    await expect.poll(() => setting.server.sessions()).toEqual([]);
  });

  it("tells clients of a stop with system-shutdown", async () => {
    const server = await startServer();
    await server.addUser("alice", password);
    const alice = await new XmppJsUser(server, { username: "alice" }).start();
    const before = performance.now();
    await Promise.all([server.stop(), alice.disconnected()]);
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(alice.errors.map(({ condition }) => condition)).toEqual(["system-shutdown"]);
    await alice.stop();
  });

  it("that comes without a word lets the client come back to its resource, and the others see both", async () => {
    const watcher = await available("alice", { resource: "watcher" });
    const phone = await available("alice", { resource: "phone" });
    const ofPhone = (type: string | undefined) =>
      watcher.next(({ name, attrs }) => name === "presence" && attrs["from"] === phone.jid && attrs["type"] === type);
    await ofPhone(undefined);

    const back = new Promise((resolve) => phone.client.once("online", resolve));
    phone.client.reconnect.delay = 20;
    phone.client.reconnect.start();
    phone.abort();
    await ofPhone("unavailable");
    expect(String(await back)).toBe("alice@localhost/phone");
    await phone.presence();
    await ofPhone(undefined);
  });
});
