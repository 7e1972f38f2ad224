/** BOSH over HTTP (XEP-0124, XEP-0206): sessions from their first request to their end, with a client that knows no XML. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { boshInactivityMs } from "../../src/domain/limits.ts";
import { startServer, type TestServer } from "../../src/testing/index.ts";
import { until } from "../net/support.ts";
import { BoshClient } from "./client.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ http: true, origins: ["https://chat.example"], session: { resumptionMs: 5_000 } });
  for (const name of ["alice", "bob"]) await server.addUser(name, "secret");
});
afterAll(() => server.stop());

const client = (headers: Readonly<Record<string, string>> = {}) => new BoshClient({ port: server.httpPort, headers });
const ping = (id: string) => `<iq xmlns='jabber:client' type='get' id='${id}'><ping xmlns='urn:xmpp:ping'/></iq>`;
const httpbind = "xmlns='http://jabber.org/protocol/httpbind'";

describe("XEP-0124 section 7 a session is made", () => {
  it("with no more than the client wants, and the features of its stream (XEP-0206 section 4)", async () => {
    const alice = client();
    const answer = await alice.begin("wait='20' hold='1'");
    expect(alice.sid).toMatch(/^[\w-]{16,}$/);
    for (const attribute of ["wait='20'", "hold='1'", "requests='2'", "inactivity='30'", "polling='2'", "maxpause='120'", "ver='1.6'", "from='localhost'", "xmpp:version='1.0'", "xmpp:restartlogic='true'"]) {
      expect(answer).toContain(` ${attribute}`);
    }
    expect(answer).toMatch(/<stream:features [^>]*><mechanisms/);
    expect(answer).toContain("xmlns:stream='http://etherx.jabber.org/streams'");
    expect(answer).not.toContain("xmpp-tls");
  });

  it("with no more than there is", async () => {
    const answer = await client().begin("wait='1000000' hold='1000'");
    expect([/ wait='(\d+)'/, / hold='(\d+)'/, / requests='(\d+)'/].map((pattern) => pattern.exec(answer)?.[1])).toEqual(["60", "1", "2"]);
  });

  it.each([["", "1.11"], ["ver='1.8'", "1.8"], ["ver='0.9'", "0.9"], ["ver='1.100'", "1.11"], ["ver='2.0'", "1.11"], ["ver='x'", "1.11"]])("tells the lower of two versions, whose parts are numbers: of %j it is %s", async (asked, ver) => {
    expect((await client().raw(`<body rid='1' to='localhost' ${asked} ${httpbind}/>`)).text).toContain(` ver='${ver}'`);
  });

  it("lets a client that polls be away for longer, by more than it waits between (section 12)", async () => {
    const answer = await client().begin("wait='0' hold='0'");
    const [inactivity, polling] = ["inactivity", "polling"].map((name) => Number(new RegExp(` ${name}='(\\d+)'`).exec(answer)?.[1]));
    expect(inactivity! - boshInactivityMs / 1_000).toBeGreaterThan(polling!);
  });

  it("answers with text/xml in UTF-8, and not with what a client names", async () => {
    const { headers, text } = await client().raw(`<body rid='1' to='localhost' content='text/html' ${httpbind}/>`);
    expect(headers.get("content-type")).toBe("text/xml; charset=utf-8");
    expect(text).toContain(" sid='");
  });

  it("tells a host that is not served with the stream's error (XEP-0206 section 6)", async () => {
    const answer = await client().begin("", "elsewhere.example");
    expect(answer).toMatch(/<body [^>]*type='terminate' condition='remote-stream-error'[^>]*>.*<host-unknown /);
  });

  it.each([
    ["no rid", `<body to='localhost' ${httpbind}/>`],
    ["a rid of zero", `<body rid='0' to='localhost' ${httpbind}/>`],
    ["a negative rid", `<body rid='-5' to='localhost' ${httpbind}/>`],
    ["a rid above 2^53", `<body rid='9007199254740993' to='localhost' ${httpbind}/>`],
    ["a rid that is no number", `<body rid='1e5' to='localhost' ${httpbind}/>`],
    ["a wait that is no number", `<body rid='5' wait='x' to='localhost' ${httpbind}/>`],
    ["another element", `<message rid='5' ${httpbind}/>`],
    ["another namespace", `<body rid='5' to='localhost' xmlns='jabber:client'/>`],
    ["half a body", `<body rid='5' to='localhost' ${httpbind}>`],
    ["two bodies", `<body rid='5' ${httpbind}/><body rid='6' ${httpbind}/>`],
    ["text among the elements", `<body rid='5' to='localhost' ${httpbind}>hello</body>`],
    ["elements of its own namespace", `<body rid='5' to='localhost' ${httpbind}><other/></body>`],
    ["an entity", `<!DOCTYPE body [<!ENTITY a 'b'>]><body rid='5' ${httpbind}>&a;</body>`],
    ["nothing", ""],
    ["bytes that are no text", Uint8Array.of(0x3c, 0x62, 0xff, 0xfe)],
  ])("refuses %s with bad-request", async (_, body) => {
    const { status, text } = await client().raw(body);
    expect([status, text]).toEqual([200, "<body xmlns='http://jabber.org/protocol/httpbind' type='terminate' condition='bad-request'/>"]);
  });

  it("refuses compressed bodies, which ask for more memory than they take", async () => {
    expect((await client().raw("x", { "content-encoding": "gzip" })).status).toBe(415);
  });

  it("does not read a body that is larger than a stanza may be", async () => {
    expect((await client().raw(`<body rid='5' ${httpbind}>${" ".repeat(300_000)}</body>`)).text).toContain("condition='policy-violation'");
  });

  it("holds strangers to the limits of strangers", async () => {
    const stranger = client();
    await stranger.begin();
    expect(await stranger.next(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${"A".repeat(20_000)}</auth>`)).toContain("condition='bad-request'");
  });
});

describe("Pages from elsewhere (Fetch Standard)", () => {
  it("are told that they may ask, where they may", async () => {
    const response = await fetch(`http://127.0.0.1:${server.httpPort}/http-bind`, { method: "OPTIONS", headers: { origin: "https://chat.example" } });
    expect([response.status, response.headers.get("access-control-allow-origin"), response.headers.get("access-control-allow-headers"), response.headers.get("access-control-allow-credentials")]).toEqual([
      204, "https://chat.example", "content-type", null,
    ]);
    const { headers } = await client({ origin: "https://chat.example" }).raw(`<body rid='1' to='localhost' ${httpbind}/>`);
    expect([headers.get("access-control-allow-origin"), headers.get("vary")]).toEqual(["https://chat.example", "origin"]);
  });

  it("that are opened by hand at its address say what is there", async () => {
    const response = await fetch(`http://127.0.0.1:${server.httpPort}/http-bind`);
    expect([response.status, response.headers.get("allow"), await response.text()]).toEqual([405, "POST, OPTIONS", "This takes POST, OPTIONS alone: it is BOSH (XEP-0124), for XMPP clients.\n"]);
  });

  it("get nothing where they may not", async () => {
    expect((await client({ origin: "https://evil.example" }).raw(`<body rid='1' to='localhost' ${httpbind}/>`)).status).toBe(403);
  });
});

describe("XEP-0124 section 8 payloads", () => {
  it("go both ways: a stanza to another, and its answer with the request that waits", async () => {
    const [alice, bob] = [client(), client()];
    const [, jid] = [await alice.bound("alice"), await bob.bound("bob")];
    const waiting = bob.next();
    await alice.next(`<message xmlns='jabber:client' to='${jid}' type='chat'><body>hello</body></message>${ping("sent")}`);
    expect(await waiting).toMatch(/<message xmlns='jabber:client' [^>]*from="alice@localhost\/web"[^>]*>.*<body>hello<\/body>/);
  });

  it("that name no namespace are stanzas (XEP-0206 section 2)", async () => {
    const alice = client();
    await alice.bound("alice", "unnamed");
    expect(await alice.next("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>")).toMatch(/<iq [^>]*id="p"/);
  });

  it("of several stanzas are taken in order", async () => {
    const alice = client();
    await alice.bound("alice", "several");
    const ids = Array.from({ length: 10 }, (_, index) => `s${index}`);
    let text = await alice.next(ids.map(ping).join(""));
    while (!text.includes('id="s9"')) text += await alice.next();
    expect([...text.matchAll(/id="(s\d)"/g)].map(([, id]) => id)).toEqual(ids);
  });

  it("wait for the client for as long as it says, and no longer", async () => {
    const alice = client();
    await alice.begin("wait='1' hold='1'");
    const began = performance.now();
    expect(await alice.next()).toBe("<body xmlns='http://jabber.org/protocol/httpbind'/>");
    expect(performance.now() - began).toBeGreaterThan(900);
  });

  it("let a request that waits go when another one comes: no more wait than were agreed on", async () => {
    const alice = client();
    await alice.bound("alice", "hold");
    const first = alice.next();
    const second = alice.next(ping("later"));
    expect(await first).toMatch(/^<body xmlns='http:\/\/jabber.org\/protocol\/httpbind'\/>$|id="later"/);
    expect(`${await first}${await second}`).toContain('id="later"');
  });
});

describe("XEP-0124 section 14 request ids", () => {
  it("put requests in order that came out of order", async () => {
    const alice = client();
    await alice.bound("alice", "order");
    const rid = alice.rid;
    const second = alice.post(rid + 2, "", ping("second"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const first = alice.post(rid + 1, "", ping("first"));
    alice.rid = rid + 2;
    let text = `${await first}${await second}`;
    while (!/id="second"/.test(text)) text += await alice.next();
    expect([...text.matchAll(/id="(first|second)"/g)].map(([, id]) => id)).toEqual(["first", "second"]);
  });

  it("get the same answer again, and what they say is taken once", async () => {
    const [alice, bob] = [client(), client()];
    await alice.bound("alice", "again");
    const jid = await bob.bound("bob", "again");
    const text = `<message xmlns='jabber:client' to='${jid}' type='chat'><body>once</body></message>${ping("again")}`;
    const answer = await alice.next(text);
    expect(answer).toContain('id="again"');
    expect(await alice.post(alice.rid, "", text)).toBe(answer);
    await bob.next(ping("end"));
    await bob.ask(ping("end2"), /end2/);
    expect(bob.received.join("").match(/<body>once<\/body>/g)).toHaveLength(1);
  });

  it("that come again while they wait are told so to who asked first, and answered to who asked last", async () => {
    const alice = client();
    const jid = await alice.bound("alice", "twice");
    const first = alice.next();
    await until(() => server.session(jid) !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const second = alice.post(alice.rid);
    expect(await first).toBe("<body xmlns='http://jabber.org/protocol/httpbind' type='error'/>");
    const bob = client();
    await bob.bound("bob", "twice");
    void bob.next(`<message xmlns='jabber:client' to='${jid}' type='chat'><body>to the last</body></message>`);
    expect(await second).toContain("to the last");
  });

  it.each([["too large", 100], ["too small", -10]])("that are %s end the session with item-not-found", async (_, step) => {
    const alice = client();
    await alice.bound("alice", "window");
    expect(await alice.post(alice.rid + step)).toContain("type='terminate' condition='item-not-found'");
    expect(await alice.next()).toContain("type='terminate' condition='item-not-found'");
  });

  it("of a session that is not there are told so", async () => {
    const nobody = client();
    nobody.sid = "guessed";
    expect(await nobody.next()).toContain("type='terminate' condition='item-not-found'");
  });
});

describe("XEP-0124 section 10 inactivity", () => {
  it("is announced by a pause: requests that wait are answered with nothing, and the next one with what came meanwhile", async () => {
    const [alice, bob] = [client(), client()];
    const jid = await alice.bound("alice", "pause");
    const waiting = alice.next();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await alice.next("", "pause='60'")).toBe("<body xmlns='http://jabber.org/protocol/httpbind'/>");
    expect(await waiting).toBe("<body xmlns='http://jabber.org/protocol/httpbind'/>");
    await bob.bound("bob", "pause");
    await bob.next(`<message xmlns='jabber:client' to='${jid}' type='chat'><body>meanwhile</body></message>${ping("sent")}`);
    expect(await alice.next()).toContain("meanwhile");
  });

  it("of more than is allowed is refused", async () => {
    const alice = client();
    await alice.bound("alice", "long");
    expect(await alice.next("", "pause='3600'")).toContain("condition='policy-violation'");
  });
});

describe("XEP-0124 sections 11 and 12 overactivity", () => {
  it("ends the session of who asks for nothing again and again", async () => {
    const alice = client();
    await alice.bound("alice", "over");
    const answers = [alice.next(), alice.next()];
    expect((await Promise.all(answers)).join("")).toContain("condition='policy-violation'");
  });

  it("ends the session of who polls too often", async () => {
    const alice = client();
    await alice.begin("wait='0' hold='0'");
    await alice.next();
    await alice.next();
    expect(await alice.next()).toContain("condition='policy-violation'");
  });
});

describe("XEP-0124 section 13 the end", () => {
  it("takes what the client says with it, and is told to who waits", async () => {
    const [alice, bob] = [client(), client()];
    const [jid, other] = [await alice.bound("alice", "end"), await bob.bound("bob", "end")];
    const waiting = alice.next();
    await new Promise((resolve) => setTimeout(resolve, 30));
    const last = alice.next(`<message xmlns='jabber:client' to='${other}' type='chat'><body>goodbye</body></message>`, "type='terminate'");
    expect(await waiting).toBe("<body xmlns='http://jabber.org/protocol/httpbind' type='terminate'/>");
    expect(await last).toBe("<body xmlns='http://jabber.org/protocol/httpbind'/>");
    expect(await bob.ask("", /goodbye/)).toContain(`from="${jid}"`);
    await until(() => server.session(jid) === undefined);
  });

  it("of the stream is told with the error that ended it (XEP-0206 section 6)", async () => {
    const alice = client();
    await alice.begin();
    const answer = await alice.ask(ping("early"), /terminate/);
    expect(answer).toMatch(/condition='remote-stream-error'.*<stream:error [^>]*><not-authorized/);
    expect(await alice.next()).toContain("condition='item-not-found'");
  });

  it("comes with the end of the server, in its words", async () => {
    const own = await startServer({ http: true });
    await own.addUser("alice", "secret");
    const alice = new BoshClient({ port: own.httpPort });
    await alice.bound("alice");
    const waiting = alice.next();
    await new Promise((resolve) => setTimeout(resolve, 30));
    await own.stop();
    expect(await waiting).toMatch(/type='terminate' condition='remote-stream-error'.*<system-shutdown/);
  });
});

describe("XEP-0198 over BOSH", () => {
  it("resumes a session whose BOSH session is gone, over another one", async () => {
    const alice = client();
    const jid = await alice.bound("alice", "resumes");
    const enabled = await alice.ask("<enable xmlns='urn:xmpp:sm:3' resume='true'/>", /<enabled/);
    const id = /<enabled [^>]*id="([^"]+)"/.exec(enabled)?.[1] ?? "";
    // Broken: the rules of BOSH.
    await alice.post(alice.rid + 50);
    const bob = client();
    await bob.bound("bob", "resumes");
    await bob.next(`<message xmlns='jabber:client' to='${jid}' type='chat'><body>while away</body></message>${ping("sent")}`);
    const again = client();
    await again.login("alice");
    expect(await again.ask(`<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`, /while away/)).toBeDefined();
    expect(server.session(jid)?.conn).toMatchObject({ transport: "bosh" });
  });
});

describe("A client behind a proxy that nobody trusts", () => {
  it("is not on this machine, and is refused without TLS", async () => {
    expect((await client({ "x-forwarded-for": "192.0.2.7" }).raw(`<body rid='1' to='localhost' ${httpbind}/>`)).status).toBe(403);
  });
});

describe("XEP-0206 section 5 a stream is begun again", () => {
  it("where a login asks for it, and nowhere else: who does so is told", async () => {
    const alice = client();
    await alice.bound("alice", "anew");
    expect(await alice.ask("", /terminate/, "xmpp:restart='true' to='localhost'")).toMatch(/condition='remote-stream-error'.*<stream:error [^>]*><bad-format/);
  });

  it("to the host of the session where the request names none", async () => {
    const alice = client();
    await alice.begin();
    await alice.ask(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${Buffer.from("\0alice\0secret").toString("base64")}</auth>`, /<success/);
    await alice.ask("", /<bind/, "xmpp:restart='true'");
  });
});
