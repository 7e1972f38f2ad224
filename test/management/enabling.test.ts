/** XEP-0198 from the feature to `<enabled/>`, over sockets. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { expectStreamError } from "../streams/support.ts";
import { bindRequest, connectSecure, login, streamHeader } from "../support/login.ts";
import { HandClock } from "./clock.ts";
import { ack, authenticated, enable, expectFailed, gone, management, ManagedStage, request, resume } from "./support.ts";

const resumptionMs = 600_000;
const clock = new HandClock();
let server: TestServer;
let stage: ManagedStage;
let user: string;

beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, session: { resumptionMs, silenceMs: 86_400_000 }, parts: { clock } });
  stage = new ManagedStage(server);
  user = (await stage.cast("romeo")).romeo;
});
afterEach(() => stage.clear());
afterAll(() => server.stop());

const feature = `<sm xmlns="${management}"/>`;

describe("XEP-0198 section 2: the stream feature", () => {
  it.each(["plaintext", "tls", "starttls"] as const)("is offered after authentication, beside the binding, and not before (%s)", async (over) => {
    const client = await connectSecure(server, over);
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    // Within what a login can carry it is another one (section 9).
    expect(client.received.replace(/<authentication .*?<\/authentication>/g, "")).not.toContain(management);
    client.destroy();
    const { raw } = await authenticated(server, { user, over });
    const [features] = /<stream:features>(?:(?!<stream:features>).)*$/s.exec(raw.received)!;
    expect(features).toContain(feature);
    expect(features).toContain("urn:ietf:params:xml:ns:xmpp-bind");
    raw.destroy();
  });
});

describe("XEP-0198 section 3: <enable/>", () => {
  it("is answered with <enabled/>, without resumption where none was asked for", async () => {
    const client = await stage.bound(user);
    const { name, xmlns, attrs, children } = await client.enable("");
    expect({ name, xmlns, children }).toEqual({ name: "enabled", xmlns: management, children: [] });
    expect(["true", "1"]).not.toContain(attrs["resume"]);
    expect(attrs["max"]).toBeUndefined();
  });

  it.each(["true", "1"])("with resume='%s' is answered with an id, and for how long", async (value) => {
    const client = await stage.bound(user);
    const answer = await client.enable(`resume='${value}'`);
    expect(answer).toMatchObject({ name: "enabled", attrs: { resume: "true", max: String(resumptionMs / 1_000) } });
    // Nobody guesses it, and it is not longer than section 5 wants.
    expect(client.id).toMatch(/^\S{16,4000}$/);
  });

  it.each(["false", "0"])("with resume='%s' does not make the stream resumable", async (value) => {
    const client = await stage.bound(user);
    const { attrs } = await client.enable(`resume='${value}'`);
    expect(["true", "1"]).not.toContain(attrs["resume"]);
    client.cut();
    await gone(server, client.jid);
  });

  it("takes a shorter time from the client, says so and keeps to it", async () => {
    const client = await stage.bound(user);
    expect(await client.enable("resume='true' max='60'")).toMatchObject({ attrs: { resume: "true", max: "60" } });
    await client.vanish(server);
    clock.forward(58_000);
    await client.resume();
    await client.vanish(server);
    clock.forward(61_000);
    await gone(server, client.jid);
  });

  it.each(["601", "99999999999999999999999999999999"])("gives no more time than the server has (max='%s')", async (max) => {
    const client = await stage.bound(user);
    expect(await client.enable(`resume='true' max='${max}'`)).toMatchObject({ attrs: { resume: "true", max: String(resumptionMs / 1_000) } });
  });

  it.each(["0", "-1", "1.5", "soon", ""])("refuses max='%s', which is no positive integer, and the stream goes on", async (max) => {
    const client = await stage.bound(user);
    expectFailed(await client.enable(`resume='true' max='${max}'`), "bad-request");
    expect(await client.caughtUp()).toEqual([]);
    expect(await client.enable()).toMatchObject({ name: "enabled", attrs: { resume: "true" } });
  });

  it("gives each session an id of its own, also to the next one of the same resource", async () => {
    const ids = new Set<string>();
    for (let n = 0; n < 5; n++) ids.add((await stage.resumable(user, "phone")).id);
    for (let n = 0; n < 5; n++) ids.add((await stage.resumable(user, `phone-${n}`)).id);
    expect(ids.size).toBe(10);
  });

  it("is refused before authentication, and the client can still log in", async () => {
    const raw = await connectSecure(server, "plaintext");
    raw.send(streamHeader("localhost"));
    await raw.expect("</stream:features>");
    raw.send(enable("resume='true'"));
    await raw.expect(/<failed xmlns="urn:xmpp:sm:3"><unexpected-request xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"\/><\/failed>/);
    raw.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${Buffer.from(`\0${user.split("@")[0]}\0secret`).toString("base64")}</auth>`);
    await raw.expect(/<success [^>]*>/);
    raw.destroy();
  });

  it("is refused before a resource is bound, and possible after", async () => {
    const link = await authenticated(server, { user });
    link.send(enable("resume='true'"));
    expectFailed(await link.next(), "unexpected-request");
    link.send(bindRequest("phone") + enable("resume='true'"));
    expect(await link.next()).toMatchObject({ name: "iq", attrs: { type: "result" } });
    expect(await link.next()).toMatchObject({ name: "enabled", attrs: { resume: "true" } });
    link.raw.destroy();
  });

  it.each(["", "resume='true'"])("a second time is refused, and ends the stream (first %j)", async (first) => {
    const client = await stage.bound(user);
    await client.enable(first);
    expectFailed(await client.enable("resume='true'"), "unexpected-request");
    await expectStreamError(client.raw, "policy-violation");
    await gone(server, client.jid);
  });

  it("a second time is refused after a resumption too", async () => {
    const client = await stage.resumable(user);
    await client.vanish(server);
    await client.resume();
    expectFailed(await client.enable(), "unexpected-request");
    await expectStreamError(client.raw, "policy-violation");
  });

  it("names the place to come back to, where the operator has set one", async () => {
    const elsewhere = await startServer({ allowPlaintext: true, session: { resumptionLocation: "[2001:db8::1]:9222" } });
    await elsewhere.addUser("romeo", "secret");
    const client = await stage.bound("romeo", "phone", { at: elsewhere });
    expect(await client.enable()).toMatchObject({ attrs: { resume: "true", location: "[2001:db8::1]:9222" } });
    await elsewhere.stop();
  });

  it("does not make a stream resumable where the operator lets none be, but counts", async () => {
    const strict = await startServer({ allowPlaintext: true, session: { resumptionMs: 0 } });
    await strict.addUser("romeo", "secret");
    const client = await stage.bound("romeo", "phone", { at: strict });
    const { name, attrs } = await client.enable();
    expect([name, attrs["resume"] ?? "false", attrs["max"]]).toEqual(["enabled", "false", undefined]);
    await client.caughtUp();
    expect(await client.count()).toBe(1);
    client.cut();
    await gone(strict, client.jid);
    await strict.stop();
  });

  it("counts from there on: nothing before it, and what follows in the same bytes", async () => {
    const client = await stage.bound(user);
    await client.ask("<presence/>");
    client.send(`${enable()}<message to='${user}/nowhere' type='headline'/><iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>${request}`);
    await client.raw.expect(`<a xmlns="${management}" h="2"/>`);
    // In the order in which things happened: nothing that is counted comes before the answer to <enable/>.
    const text = client.raw.received;
    expect(text.indexOf("<enabled ")).toBeLessThan(text.indexOf('id="p"'));
  });
});

describe("XEP-0198 section 6: what belongs to stream management, where it is not enabled", () => {
  it.each([["<r/>", request], ["<a/>", ack(0)]])("%s is refused, and the stream goes on", async (_, nonza) => {
    const client = await login(server, { user: user.split("@")[0]!, over: "plaintext" });
    client.send(nonza);
    expectFailed(await client.next(), "unexpected-request");
    expect(await client.caughtUp()).toEqual([]);
    await client.close();
  });

  it("<resume/> is refused before authentication and once a resource is bound, and the stream goes on", async () => {
    const other = await stage.resumable(user, "other");
    const raw = await connectSecure(server, "plaintext");
    raw.send(streamHeader("localhost"));
    await raw.expect("</stream:features>");
    raw.send(resume(other.id, 0));
    await raw.expect(/<failed [^>]*><unexpected-request [^>]*\/><\/failed>/);
    raw.destroy();
    const client = await stage.bound(user);
    client.send(resume(other.id, 0));
    expectFailed(await client.next(), "unexpected-request");
    expect(await client.caughtUp()).toEqual([]);
    expect(await other.caughtUp()).toEqual([]);
  });
});
