/** The page's own client against this server, over real WebSockets. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startServer, type TestServer } from "../../../src/testing/start-server.ts";
import { signIn, type Wired } from "./support.ts";

let server: TestServer;
let count = 0;
beforeAll(async () => {
  server = await startServer({ http: true });
});
afterAll(() => server?.stop());

const port = () => server.server.listeners.find(({ name }) => name === "http")!.port;
const soon = (expectation: () => void) => vi.waitFor(expectation, { timeout: 4_000, interval: 10 });
const texts = ({ person }: Wired, jid: string) => (person.conversations.all.value.get(jid)?.lines ?? []).map(({ text }) => text);

async function online(name: string, change?: (frame: string) => string): Promise<Wired> {
  const username = `${name}-${(count += 1)}`;
  await server.addUser(username, "wherefore");
  const wired = signIn(port(), username, "wherefore", change);
  await soon(() => expect(wired.person.state.value).toBe("online"));
  return wired;
}

describe("The page's client signs in", () => {
  it("by SCRAM-SHA-256, to a resource of the server's choice, and shows no password to anybody", async () => {
    const { person, frames } = await online("romeo");
    expect(person.jid.value).toMatch(/^romeo-\d+@localhost\/.+/);
    const sent = frames.filter((frame) => frame.startsWith(">"));
    expect(sent.map((frame) => /^> <([a-z]+)/.exec(frame)?.[1]).slice(0, 5)).toEqual(["open", "auth", "response", "open", "iq"]);
    expect(sent[1]).toContain('mechanism="SCRAM-SHA-256"');
    for (const frame of sent) expect(frame).not.toContain(Buffer.from("wherefore").toString("base64").slice(0, 10));
    expect((await server.sessions()).find(({ full_jid }) => full_jid === person.jid.value)).toBeDefined();
  });

  it("not with a wrong password, and says so", async () => {
    const { person } = signIn(port(), "nobody", "wrong");
    await soon(() => expect([person.state.value, person.why.value]).toEqual(["refused", "the name or the password is wrong"]));
  });

  it("not where only something weaker than SCRAM-SHA-256 is offered", async () => {
    const username = `romeo-${(count += 1)}`;
    await server.addUser(username, "wherefore");
    const { person, frames } = signIn(port(), username, "wherefore", (frame) => frame.replaceAll("<mechanism>SCRAM-SHA-256</mechanism>", ""));
    await soon(() => expect([person.state.value, person.why.value]).toEqual(["ended", "the server does not offer SCRAM-SHA-256"]));
    expect(frames.filter((frame) => frame.startsWith("> <auth"))).toEqual([]);
  });

  it("not to a server that does not prove that it knows the account", async () => {
    const username = `romeo-${(count += 1)}`;
    await server.addUser(username, "wherefore");
    const forged = (frame: string) => frame.replace(/(<success [^>]*>)[^<]*/, `$1${Buffer.from("v=AAAA").toString("base64")}`);
    const { person } = signIn(port(), username, "wherefore", forged);
    await soon(() => expect(person.why.value).toBe("the server did not prove that it knows this account"));
    expect([person.state.value, person.jid.value]).toEqual(["ended", undefined]);
  });

  it("again, after it signed out", async () => {
    const { person } = await online("romeo");
    const first = person.jid.value;
    person.signOut();
    expect([person.state.value, person.why.value]).toEqual(["ended", ""]);
    await vi.waitFor(async () => expect((await server.sessions()).filter(({ full_jid }) => full_jid === first)).toEqual([]), { timeout: 4_000 });
    person.signIn();
    await soon(() => expect(person.state.value).toBe("online"));
    expect(person.jid.value).not.toBe(first);
  });

  it("and hears why the server ends it", async () => {
    const other = await startServer({ http: true });
    await other.addUser("romeo", "wherefore");
    const { person } = signIn(other.server.listeners.find(({ name }) => name === "http")!.port, "romeo", "wherefore");
    await soon(() => expect(person.state.value).toBe("online"));
    await other.stop();
    // XEP-0198 section 5: what can be resumed is kept.
    await soon(() => expect([person.state.value, person.why.value]).toEqual(["lost", "the server ended the stream: system-shutdown (the server is stopping; resume when it is back)"]));
  });
});

describe("The page's client chats", () => {
  it("with somebody, whatever the words are, and counts what nobody has looked at", async () => {
    const [romeo, juliet] = [await online("romeo"), await online("juliet")];
    const [his, hers] = [romeo.person.bare.value, juliet.person.bare.value];
    const words = "<b> & \"quotes\" 'and' ]]> \u202e \ud83d\ude00\n\u0007";
    romeo.person.conversations.say(hers, words, his);
    await soon(() => expect(texts(juliet, his)).toEqual([words.replace("\u0007", "\ufffd")]));
    expect(juliet.person.conversations.all.value.get(his)).toMatchObject({ unread: 1 });
    juliet.person.conversations.choose(his);
    expect(juliet.person.conversations.all.value.get(his)).toMatchObject({ unread: 0 });
    juliet.person.conversations.say(his, "two", hers);
    await soon(() => expect(texts(romeo, hers)).toEqual([words, "two"]));
  });

  it("and is told what was not delivered", async () => {
    const { person } = await online("romeo");
    person.conversations.say("nobody@localhost", "one", person.bare.value);
    await soon(() => expect(texts({ person } as Wired, "nobody@localhost")).toEqual(["one", expect.stringContaining("not delivered: service-unavailable")]));
  });

  it("keeps a bounded number of lines and conversations", async () => {
    const { person } = await online("romeo");
    const { conversations } = person;
    conversations.choose("juliet@localhost");
    for (let line = 0; line < 600; line += 1) conversations.note("juliet@localhost", { from: "juliet@localhost", own: false, text: String(line) });
    for (let stranger = 0; stranger < 150; stranger += 1) conversations.note(`s${stranger}@localhost`, { from: "s", own: false, text: "psst" });
    expect(conversations.all.value.size).toBe(100);
    expect(conversations.all.value.get("juliet@localhost")?.lines.length).toBe(500);
    expect(conversations.all.value.get("juliet@localhost")?.lines.at(-1)?.text).toBe("599");
  });
});

describe("XEP-0198 section 5 the page's client resumes", () => {
  it("the same session after its link was lost: what was said meanwhile comes, what did not come is said again, nothing twice", async () => {
    const [romeo, juliet] = [await online("romeo"), await online("juliet")];
    const [his, hers] = [romeo.person.bare.value, juliet.person.bare.value];
    await soon(() => expect(romeo.frames.some((frame) => frame.startsWith("< <enabled"))).toBe(true));
    const jid = romeo.person.jid.value;
    for (let count = 1; count <= 12; count += 1) romeo.person.conversations.say(hers, `before ${count}`, his);
    juliet.person.conversations.say(his, "one", hers);
    await soon(() => expect(texts(romeo, hers)).toContain("one"));
    await soon(() => expect(texts(juliet, his).length).toBe(13));
    romeo.cut();
    await soon(() => expect([romeo.person.state.value, romeo.person.why.value]).toEqual(["lost", "the link was lost"]));
    // Into the broken link: nobody hears it, until the session is back.
    romeo.person.conversations.say(hers, "into the void", his);
    juliet.person.conversations.say(his, "two", hers);
    await soon(() => expect(texts(juliet, his)).toContain("two"));
    romeo.person.signIn();
    await soon(() => expect(romeo.person.state.value).toBe("online"));
    await soon(() => expect(texts(juliet, his)).toContain("into the void"));
    await soon(() => expect(texts(romeo, hers).filter((text) => ["one", "two"].includes(text))).toEqual(["one", "two"]));
    expect(romeo.person.jid.value).toBe(jid);
    expect(texts(juliet, his).filter((text) => text.startsWith("before")).length).toBe(12);
    expect(romeo.frames.filter((frame) => frame.startsWith("< <resumed")).length).toBe(1);
    juliet.person.conversations.say(his, "three", hers);
    await soon(() => expect(texts(romeo, hers).at(-1)).toBe("three"));
  });

  it("or begins another one where it is gone, and says again what did not come", async () => {
    const [romeo, juliet] = [await online("romeo"), await online("juliet")];
    const [his, hers] = [romeo.person.bare.value, juliet.person.bare.value];
    await soon(() => expect(romeo.frames.some((frame) => frame.startsWith("< <enabled"))).toBe(true));
    const jid = romeo.person.jid.value;
    romeo.cut();
    await soon(() => expect(romeo.person.state.value).toBe("lost"));
    romeo.person.conversations.say(hers, "into the void", his);
    romeo.forgetId();
    romeo.person.signIn();
    await soon(() => expect(romeo.person.state.value).toBe("online"));
    await soon(() => expect(texts(juliet, his)).toEqual(["into the void"]));
    expect(romeo.person.jid.value).not.toBe(jid);
  });
});

describe("RFC 6121 section 3 subscriptions of the page's client", () => {
  it("are asked for, seen, accepted in both directions, and presence follows", async () => {
    const [romeo, juliet] = [await online("romeo"), await online("juliet")];
    const [his, hers] = [romeo.person.bare.value, juliet.person.bare.value];
    await romeo.person.contacts.add(hers);
    await soon(() => expect(juliet.person.contacts.requests.value).toEqual([his]));
    expect(romeo.person.contacts.roster.value.get(hers)).toMatchObject({ subscription: "none", asked: true });
    juliet.person.contacts.accept(his);
    await soon(() => expect(romeo.person.contacts.requests.value).toEqual([hers]));
    romeo.person.contacts.accept(hers);
    await soon(() => expect(juliet.person.contacts.roster.value.get(his)).toMatchObject({ subscription: "both" }));
    await soon(() => expect([...romeo.person.contacts.present.value.keys()]).toContain(juliet.person.jid.value));
    juliet.person.signOut();
    await soon(() => expect([...romeo.person.contacts.present.value.keys()]).not.toContain(juliet.person.jid.value));
  });

  it("can be refused", async () => {
    const [romeo, juliet] = [await online("romeo"), await online("juliet")];
    await romeo.person.contacts.add(juliet.person.bare.value);
    await soon(() => expect(juliet.person.contacts.requests.value.length).toBe(1));
    juliet.person.contacts.refuse(romeo.person.bare.value);
    expect(juliet.person.contacts.requests.value).toEqual([]);
    await soon(() => expect(romeo.person.contacts.roster.value.get(juliet.person.bare.value)).toMatchObject({ asked: false, subscription: "none" }));
  });

  it("RFC 6121 section 2.1.6: a push of somebody else changes nothing, and is answered by an error", async () => {
    const romeo = await online("romeo");
    await soon(() => expect(romeo.frames.some((frame) => frame.startsWith("< ") && frame.includes("jabber:iq:roster"))).toBe(true));
    const push = (from: string) => `<iq xmlns='jabber:client' type='set' id='x'${from}><query xmlns='jabber:iq:roster'><item jid='eve@localhost' subscription='both'/></query></iq>`;
    romeo.hear(push(" from='eve@localhost/x'"));
    expect(romeo.frames.at(-1)).toMatch(/^> <iq .*type="error".*service-unavailable/);
    expect([...romeo.person.contacts.roster.value.keys()]).toEqual([]);
    romeo.hear(push(""));
    expect([...romeo.person.contacts.roster.value.keys()]).toEqual(["eve@localhost"]);
    expect(romeo.frames.at(-1)).toMatch(/^> <iq .*type="result"/);
  });
});

describe("XEP-0045 rooms of the page's client", () => {
  it("come into being unlocked, are entered, spoken in and left", async () => {
    const [romeo, juliet] = [await online("romeo"), await online("juliet")];
    const service = await romeo.person.rooms.service();
    expect(service).toBe("muc.localhost");
    const room = `lobby-${count}@${service}`;
    const [his, hers] = [romeo.person.account.username, juliet.person.account.username];
    romeo.person.rooms.join(room);
    await soon(() => expect(romeo.person.rooms.all.value.get(room)).toMatchObject({ joined: true, nick: his }));
    juliet.person.rooms.join(room);
    await soon(() => expect([...(juliet.person.rooms.all.value.get(room)?.occupants ?? [])].toSorted()).toEqual([hers, his].toSorted()));
    juliet.person.rooms.say(room, "good even");
    await soon(() => expect(texts(romeo, room)).toContain("good even"));
    expect(romeo.person.conversations.all.value.get(room)?.lines.find(({ text }) => text === "good even")).toMatchObject({ from: hers, own: false });
    await soon(() => expect(juliet.person.conversations.all.value.get(room)?.lines.find(({ text }) => text === "good even")).toMatchObject({ own: true }));
    juliet.person.rooms.leave(room);
    await soon(() => expect([...(romeo.person.rooms.all.value.get(room)?.occupants ?? [])]).toEqual([his]));
    expect(juliet.person.conversations.all.value.has(room)).toBe(false);
  });
});

describe("What a server that errs, or lies, says to the page's client", () => {
  it.each([
    ["two elements", "<a/><b/>", /^the server said what cannot be read: /],
    ["a start without an end", "<message xmlns='jabber:client'>", /^the server said what cannot be read: /],
    ["an entity of its own", "<message xmlns='jabber:client'>&eve;</message>", /^the server said what cannot be read: /],
    ["the end", "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>", /^the server closed the stream$/],
  ])("%s: it ends the stream with a word", async (_, frame, why) => {
    const { person, hear } = await online("romeo");
    hear(frame);
    expect([person.state.value, person.why.value]).toEqual(["ended", expect.stringMatching(why)]);
  });

  it("an answer of somebody who was not asked: it is passed over", async () => {
    const { person, frames, hear } = await online("romeo");
    const asked = person.rooms.service();
    const id = /id="([^"]+)"/.exec(frames.findLast((frame) => frame.includes("disco#items"))!)![1]!;
    hear(`<iq xmlns='jabber:client' type='result' id='${id}' from='eve@localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`);
    const answered = asked.then(() => "answered", () => "refused");
    // What it was told is done with before the network says anything.
    const open = Array.from({ length: 20 }).reduce<Promise<unknown>>((before) => before.then(() => undefined), Promise.resolve()).then(() => "open");
    expect(await Promise.race([answered, open])).toBe("open");
    expect(person.state.value).toBe("online");
  });
});
