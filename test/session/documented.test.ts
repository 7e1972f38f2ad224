/** The documented session, field by field, at each stage of a login over real sockets. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { SessionView } from "../../src/domain/session-view.ts";
import type { DocumentedSession } from "../../src/session/view.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { clientNamespace, el } from "../../src/xml/stanza.ts";
import { bindRequest, login, saslPlain, startTls, streamHeader, type BoundClient } from "../support/login.ts";
import { connectRaw, type RawClient } from "../support/raw-client.ts";
import { childOf, readXml, textOf } from "../support/xml-reader.ts";
import { eventually, sessionIn } from "./watching.ts";

const getRoster = "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
  await server.addUser("romeo", "secret");
  await server.addUser("juliet", "secret");
});
afterAll(() => server.stop());

/** Nothing of the test before is left. */
async function noSession(): Promise<void> {
  for (const { id } of await server.sessions()) server.session(id)?.close();
  await eventually(async () => (await server.sessions()).length === 0 || undefined);
}

describe("The documented session during a login", () => {
  let client: RawClient;
  /** One object for the whole life: its properties are what holds when they are read. */
  let live: DocumentedSession;
  let id: string;

  const nothing = {
    username: undefined, resource: undefined, full_jid: undefined, priority: 0, presence: undefined, interested: undefined, roster: undefined,
  };
  const authenticated = { ...nothing, type: "c2s", username: "romeo", host: "localhost" };
  /** That of a roster which nobody has changed; it is the same all the time. */
  const version = expect.stringMatching(/^[0-9a-z]+-0$/) as string;
  const connected = {
    ...authenticated, notopen: undefined, resource: "orchard", full_jid: "romeo@localhost/orchard", roster: { version, items: [] },
  };

  /** Waits for the state, and compares the live session and the JSON of it with what is documented: all of it. */
  async function observe(state: string, documented: Readonly<Record<string, unknown>>): Promise<SessionView> {
    const view = await sessionIn(server, state);
    live ??= server.session(view.id)!;
    id ??= view.id;
    expect(view.id).toBe(id);
    const { conn, send, close, ...properties } = live;
    expect(properties).toStrictEqual(documented);
    expect([typeof send, typeof close, conn]).toEqual(["function", "function", view.conn]);
    const asJson = Object.fromEntries(Object.entries(documented).map(([name, value]) => [name, value ?? null]));
    const roster = documented["roster"] === undefined ? null : { version, items: 0 };
    expect(view).toStrictEqual({ ...asJson, id, state, notopen: documented["notopen"] ?? false, roster, conn: view.conn });
    return view;
  }

  it("before the header: not open, no host", async () => {
    client = await connectRaw({ port: server.port });
    const view = await observe("awaitingStream", { ...nothing, type: "c2s_unauthed", notopen: true, host: undefined });
    expect(view.conn).toEqual({ address: "127.0.0.1", transport: "tcp", secure: null, since: expect.any(Number) as number });
    expect(Math.abs(Date.now() - view.conn!.since)).toBeLessThan(60_000);
  });

  it("after the header: open, and its host is known", async () => {
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    await observe("negotiating.offering", { ...nothing, type: "c2s_unauthed", notopen: undefined, host: "localhost" });
  });

  it("after STARTTLS: the handshake, then not open again and without a host", async () => {
    client.send(startTls);
    await client.expect(/<proceed[^>]*>/);
    await observe("negotiating.securing", { ...nothing, type: "c2s_unauthed", notopen: undefined, host: "localhost" });
    await client.startTls();
    const view = await observe("awaitingStream", { ...nothing, type: "c2s_unauthed", notopen: true, host: undefined });
    expect(view.conn).toMatchObject({ transport: "tcp", secure: "TLSv1.3" });
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    await observe("negotiating.offering", { ...nothing, type: "c2s_unauthed", notopen: undefined, host: "localhost" });
  });

  it("during authentication: nobody yet, and after a failed one too", async () => {
    client.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>biwsbj1yb21lbyxyPWFiYw==</auth>");
    await client.expect("</challenge>");
    await observe("negotiating.authenticating", { ...nothing, type: "c2s_unauthed", notopen: undefined, host: "localhost" });
    client.send("<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    await client.expect("</failure>");
    await observe("negotiating.offering", { ...nothing, type: "c2s_unauthed", notopen: undefined, host: "localhost" });
  });

  it("after authentication: c2s, with its username, not open until the new header", async () => {
    client.send(saslPlain("romeo"));
    await client.expect(/<success[^>]*>/);
    await observe("authenticated.awaitingRestart", { ...authenticated, notopen: true });
    client.send(streamHeader("localhost"));
    await client.expect("</stream:features>");
    await observe("authenticated.binding.idle", { ...authenticated, notopen: undefined });
    expect(server.session("romeo@localhost/orchard")).toBeUndefined();
  });

  it("bound: a connected resource, with its full JID and its roster", async () => {
    client.send(bindRequest("orchard"));
    await client.expect("</iq>");
    await observe("connected.unavailable+uninterested+attached", connected);
    expect(server.session("ROMEO@localhost/orchard")!.full_jid).toBe("romeo@localhost/orchard");
  });

  it("after it asked for the roster: an interested resource", async () => {
    client.send(getRoster);
    await client.expect(`ver="${live.roster!.version}"/></iq>`);
    await observe("connected.unavailable+interested+attached", { ...connected, interested: true });
  });

  const presence = `<presence from="romeo@localhost/orchard"><priority>7</priority><status>&lt;3</status></presence>`;

  it("available: the presence that it sent, and its priority", async () => {
    client.send("<presence><priority>7</priority><status>&lt;3</status></presence>");
    const view = await sessionIn(server, "connected.available+interested+attached");
    expect(view).toMatchObject({ presence, priority: 7, interested: true, full_jid: "romeo@localhost/orchard" });
    expect([live.priority, live.presence!.getChildText("status"), live.presence!.attrs["type"]]).toEqual([7, "<3", undefined]);
  });

  it("keeps it through directed presence, and hands out copies only", async () => {
    client.send("<presence to='juliet@localhost'><status>for you</status></presence><iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>");
    await client.expect(/<iq [^>]*id="p"[^>]*>/);
    live.presence!.attrs["type"] = "unavailable";
    live.presence!.children.length = 0;
    const view = await sessionIn(server, "connected.available+interested+attached");
    expect(view).toMatchObject({ presence, priority: 7 });
    expect(live.presence!.getChildText("priority")).toBe("7");
  });

  it("unavailable: presence and priority are gone, interest stays", async () => {
    client.send("<presence type='unavailable'><status>bye</status></presence>");
    await observe("connected.unavailable+interested+attached", { ...connected, interested: true });
  });

  it("closing: neither type, no resource, no roster", async () => {
    client.send("<presence/>");
    await sessionIn(server, "connected.available+interested+attached");
    live.close();
    const { full_jid, resource, roster, presence, interested, type, priority, username, host } = live;
    expect({ full_jid, resource, roster, presence, interested, type, priority }).toEqual({ ...nothing, username: undefined, type: undefined, full_jid: undefined });
    expect([username, host]).toEqual(["romeo", "localhost"]);
    const view = await sessionIn(server, "closing");
    expect(view).toMatchObject({ type: null, full_jid: null, resource: null, roster: null, presence: null, interested: null, notopen: false, priority: 0 });
    expect(view.conn).not.toBeNull();
  });

  it("closed: no connection, and nobody's session any more", async () => {
    await client.expect("</stream:stream>");
    client.send("</stream:stream>");
    await client.closed();
    client.destroy();
    await eventually(async () => (await server.sessions()).length === 0 || undefined);
    expect([live.conn, live.type, live.full_jid, live.notopen]).toEqual([undefined, undefined, undefined, undefined]);
    expect([server.session(id), server.session("romeo@localhost/orchard")]).toEqual([undefined, undefined]);
    expect(() => live.send("<message/>")).toThrow(/is closed: it is sent something only while its stream is open/);
    live.close();
  });
});

describe("The documented names", () => {
  afterEach(noSession);

  it("are all that a session shows", async () => {
    const client = await login(server, { user: "romeo" });
    const live = server.session(client.jid)!;
    expect(Object.keys(live)).toEqual([
      "conn", "notopen", "type", "username", "host", "resource", "full_jid", "priority", "presence", "interested", "roster", "send", "close",
    ]);
    expect(() => Object.assign(live, { username: "juliet" })).toThrow(TypeError);
    await client.close();
  });
});

describe("send(x)", () => {
  afterEach(noSession);

  let client: BoundClient;
  let live: DocumentedSession;
  const open = async (): Promise<void> => {
    client = await login(server, { user: "juliet", resource: "balcony" });
    live = server.session("juliet@localhost/balcony")!;
  };

  it("sends an element", async () => {
    await open();
    live.send(el("message", { xmlns: clientNamespace, to: client.jid, id: "m1" }, el("body", {}, "a < b & c")));
    live.send(el("message", { id: "m2" }));
    expect(await client.next()).toEqual(readXml(`<message to='${client.jid}' id='m1'><body>a &lt; b &amp; c</body></message>`));
    expect(await client.next()).toEqual(readXml("<message id='m2'/>"));
    await client.close();
  });

  it("sends text that is one element, as the parser has read it", async () => {
    await open();
    live.send("\n <message id='t1'><body>it&apos;s &#x41;</body><x:y xmlns:x='urn:z'/></message> ");
    const message = await client.next();
    expect([message.attrs, textOf(childOf(message, "body")), childOf(message, "y")?.xmlns]).toEqual([{ id: "t1" }, "it's A", "urn:z"]);
    await client.close();
  });

  const refused = {
    "text outside an element": "hello",
    "nothing": "",
    "two elements": "<message/><message/>",
    "half an element": "<message><body>",
    "a half begun second one": "<message/><message",
    "an attribute without an end": "<message/><message to='",
    "mismatched tags": "<message></iq>",
    "text behind it": "<message/>x",
    "the end of the stream": "</stream:stream>",
    "an element and the end of the stream": "<message/></stream:stream>",
    "a comment": "<message><!-- --></message>",
    "an entity": "<message><body>&nbsp;</body></message>",
    "a control character": "<message><body>\u0001</body></message>",
    "half a surrogate pair": "<message><body>\ud800</body></message>",
    "a header": "<?xml version='1.0'?><message/>",
  };

  it("refuses any other text, and nothing of it reaches the wire", async () => {
    await open();
    for (const [what, text] of Object.entries(refused)) expect(() => live.send(text), what).toThrow(SyntaxError);
    expect(await client.caughtUp()).toEqual([]);
    await client.close();
  });

  it("refuses elements that are no XML", async () => {
    await open();
    expect(() => live.send(el("message to='x'", {}))).not.toThrow();
    expect(() => live.send(el("a b", {}))).toThrow(SyntaxError);
    expect(() => live.send(el("message", { "to='x' ": "y", "<": "" }))).toThrow(SyntaxError);
    expect(() => live.send(el("message", {}, "\u0000"))).toThrow(RangeError);
    expect(await client.caughtUp()).toEqual([readXml("<message to='x'/>")]);
    await client.close();
  });

  it("refuses to write where no stream is open: before the header, and into a TLS handshake", async () => {
    const raw = await connectRaw({ port: server.port });
    const { id } = await sessionIn(server, "awaitingStream");
    const session = server.session(id)!;
    expect(() => session.send("<message/>")).toThrow(/is awaitingStream: it is sent something only while its stream is open/);
    raw.send(streamHeader("localhost"));
    await raw.expect("</stream:features>");
    session.send("<message id='early'/>");
    await raw.expect('<message id="early"/>');
    raw.send(startTls);
    await raw.expect(/<proceed[^>]*>/);
    expect(() => session.send("<message/>")).toThrow(/is negotiating\.securing/);
    session.close();
    await raw.closed();
    expect(raw.received.endsWith('xmpp-tls"/>')).toBe(true);
    raw.destroy();
  });
});

describe("close(x)", () => {
  afterEach(noSession);

  it("ends the session politely", async () => {
    const client = await login(server, { user: "romeo" });
    server.session(client.jid)!.close();
    await client.raw.expect("</stream:stream>");
    expect(client.raw.received).not.toContain("stream:error");
    await client.close();
  });

  it("ends it with a stream error and words for a person", async () => {
    const client = await login(server, { user: "romeo" });
    server.session(client.jid)!.close("policy-violation", "enough <of> this");
    const error = await client.next();
    expect([error.name, childOf(error, "policy-violation")?.xmlns, textOf(childOf(error, "text"))]).toEqual([
      "error", "urn:ietf:params:xml:ns:xmpp-streams", "enough <of> this",
    ]);
    await client.raw.closed();
    client.raw.destroy();
  });
});
