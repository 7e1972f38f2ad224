/** What the log holds of a real session, from its first byte to its last. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stateName } from "../../machines/state-name.ts";
import type { SessionView } from "../../src/domain/session-view.ts";
import type { Json, StoredFact } from "../../src/ports.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { finalMessage, finalParts, firstMessage } from "../auth/scram-client.ts";
import { bindRequest, connectSecure, login, saslPlain, streamHeader } from "../support/login.ts";
import type { RawClient } from "../support/raw-client.ts";
import { bytesOf, eventually, factsOf, foldAll, sessionIn, shownOf } from "./watching.ts";

const password = "wherefore-art-thou";
const nonce = "fyko+d2lbbFgONRv9qkxdawL";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
  await server.addUser("romeo", password);
  await server.addUser("juliet", password);
});
afterAll(() => server.stop());

const streamOf = ({ id }: SessionView) => `session/localhost/${id}`;
const dataOf = (fact: StoredFact) => fact.data as unknown as { readonly event: { readonly type: string; readonly at: number }; readonly state: string };

/** The log catches up with the session, and folds to what it shows. */
async function expectRecorded(state: string): Promise<void> {
  const view = await sessionIn(server, state);
  const facts = await eventually(async () => {
    const found = await factsOf(server, streamOf(view));
    return found.length > 0 && stateName(foldAll(found).at(-1)!.value) === state ? found : undefined;
  });
  const live = (await server.sessions())[0]!;
  const folded = foldAll(facts).at(-1)!;
  expect(live).toMatchObject(shownOf(folded));
  expect(live.full_jid !== null).toBe(folded.hasTag("connected"));
  expect(live.presence !== null).toBe(folded.hasTag("available"));
}

describe("What is recorded of a session", () => {
  const sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'";
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const secrets: string[] = [password, base64(`\0romeo\0${password}`), base64(`\0romeo\0not-${password}`), nonce];
  let raw: RawClient;
  let view: SessionView;

  it("is nothing before authentication, a failed login included", async () => {
    raw = await connectSecure(server);
    raw.send(streamHeader("localhost"));
    await raw.expect("</stream:features>");
    raw.send(saslPlain("romeo", `not-${password}`));
    await raw.expect("</failure>");
    view = await sessionIn(server, "negotiating.offering");
    // A fact that is written now has all earlier ones before it.
    await server.addUser("benvolio", password);
    const all = await server.store.readAll(0, 1_000);
    expect(all.filter(({ stream }) => stream.startsWith("session/"))).toEqual([]);
  });

  it("begins with a snapshot at authentication, without what proved it", async () => {
    const client = { hash: "sha256", username: "romeo", password, nonce } as const;
    raw.send(`<auth ${sasl} mechanism='SCRAM-SHA-256'>${base64(firstMessage(client))}</auth>`);
    const challenge = /<challenge[^>]*>([^<]*)/.exec(await raw.expect(/<challenge[^>]*>[^<]*<\/challenge>/))![1]!;
    const { final, verifier } = finalParts(client, Buffer.from(challenge, "base64").toString());
    raw.send(`<response ${sasl}>${base64(finalMessage(final))}</response>`);
    await raw.expect(/<success[^>]*>[^<]*<\/success>/);
    secrets.push(challenge, final.p, final.r, verifier, base64(finalMessage(final)));
    await expectRecorded("authenticated.awaitingRestart");
    const [first, ...others] = await factsOf(server, streamOf(view));
    expect([first!.type, first!.v, first!.data, others]).toMatchObject([
      "SessionSnapshotTaken", 2, { machine: "session", value: { authenticated: "awaitingRestart" }, context: { username: "romeo", host: "localhost" } }, [],
    ]);
  });

  it("is every event that follows, and the fold of it is the live session at each point", async () => {
    raw.send(streamHeader("localhost"));
    await raw.expect("</stream:features>");
    await expectRecorded("authenticated.binding.idle");
    raw.send(bindRequest("orchard"));
    await raw.expect("</iq>");
    await expectRecorded("connected.unavailable+uninterested+attached");
    raw.send("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
    await expectRecorded("connected.unavailable+interested+attached");
    raw.send("<presence><priority>3</priority><status>a secret status</status></presence>");
    await expectRecorded("connected.available+interested+attached");
    raw.send("<presence to='juliet@localhost'><status>another secret status</status></presence>");
    raw.send("<message to='romeo@localhost/orchard'><body>a secret body</body></message>");
    await raw.expect("a secret body");
    raw.send("<presence type='unavailable'><status>a farewell</status></presence>");
    await expectRecorded("connected.unavailable+interested+attached");
    raw.send("<presence/>");
    await expectRecorded("connected.available+interested+attached");
    raw.send("</stream:stream>");
    await raw.closed();
    raw.destroy();
    const facts = await eventually(async () => {
      const found = await factsOf(server, streamOf(view));
      return found.at(-1)?.type === "SessionEnded" ? found : undefined;
    });
    expect(facts.at(-1)!.data).toEqual({ reason: "the client closed its stream", received: null });
    const told = facts.slice(1, -1).map((fact) => [dataOf(fact).event.type, dataOf(fact).state]);
    expect(told).toEqual([
      ["stream.opened", "authenticated.binding.idle"],
      ["bind.requested", "authenticated.binding.pending"],
      ["resource.bound", "connected.unavailable+uninterested+attached"],
      ["roster.requested", "connected.unavailable+interested+attached"],
      ["presence.changed", "connected.available+interested+attached"],
      ["presence.directed", "connected.available+interested+attached"],
      ["presence.withdrawn", "connected.unavailable+interested+attached"],
      ["presence.changed", "connected.available+interested+attached"],
      ["stream.ended", "closed"],
    ]);
  });

  it("has each event's time, step and cause, and the state's name that folding gives", async () => {
    const facts = await factsOf(server, streamOf(view));
    const states = foldAll(facts);
    expect(bytesOf(foldAll(facts).at(-1)!)).toBe(bytesOf(states.at(-1)!));
    const steps = new Set(facts.map(({ step }) => step));
    facts.forEach((fact, index) => {
      if (fact.type !== "SessionTold") return;
      expect(dataOf(fact).state).toBe(stateName(states[index]!.value));
      expect(fact.at).toBe(dataOf(fact).event.at);
      expect(fact.version).toBe(index + 1);
    });
    const byType = (type: string) => facts.find((fact) => fact.type === "SessionTold" && dataOf(fact).event.type === type)!;
    // The bind was answered later, in a step of its own that the request led to.
    expect(byType("resource.bound").cause).toBe(byType("bind.requested").step);
    // The end is told and recorded in one step.
    expect(facts.slice(-2).map(({ step }) => step)).toEqual([facts.at(-1)!.step, facts.at(-1)!.step]);
    expect(steps.size).toBe(facts.length - 1);
  });

  /** What is kept of stanzas until it has served: requests (RFC 6121 section 3.1.3) and last words (XEP-0012). */
  const kept = { SubscriptionRequested: ["stanza", "a request"], UserLeft: ["status", "a farewell of Juliet"] } as const;

  it("is no password and no proof, and no content of a stanza but what has to be kept for somebody, in no fact of the whole log", async () => {
    const juliet = await login(server, { user: "juliet", password, over: "plaintext" });
    juliet.send("<presence/><presence type='subscribe' to='romeo@localhost'><status>a request</status></presence>");
    juliet.send("<message to='romeo@localhost' type='chat'><body>a letter</body></message>");
    await juliet.ask("<presence type='unavailable'><status>a farewell of Juliet</status></presence>");
    await juliet.close();
    // A fact that is written now has all earlier ones before it.
    await server.addUser("mercutio", password);
    const all = await server.store.readAll(0, 1_000);
    const whole = JSON.stringify(all);
    for (const secret of [...secrets, "secret status", "secret body", "a letter", "StoredKey", "storedKey", "salt"]) expect(whole, secret).not.toContain(secret);
    expect(whole).toContain("SessionTold");
    // A message that waits (XEP-0160) lies beside the log, until it is taken; so do those that are archived.
    const kinds = (await server.store.contents("account/localhost/romeo", "", 10)).map(({ key, text }) => [key.split("/")[0], /<body>(.*)<\/body>/.exec(text)![1]]);
    expect(kinds).toEqual([["archive", "a secret body"], ["archive", "a letter"], ["offline", "a letter"]]);
    for (const [type, [field, words]] of Object.entries(kept)) {
      const holding = all.filter((fact) => JSON.stringify(fact).includes(words));
      expect(holding.map((fact) => fact.type), words).toEqual([type]);
      const { [field]: content, ...others } = holding[0]!.data as Record<string, Json>;
      expect([content, JSON.stringify(others)]).toEqual([expect.stringContaining(words), expect.not.stringContaining(words)]);
    }
  });

  it("goes on beside other sessions, each in its own stream", async () => {
    const clients = await Promise.all(["romeo", "juliet"].map((user) => login(server, { user, password, over: "plaintext" })));
    await Promise.all(clients.map((client) => client.close()));
    const streams = await eventually(async () => {
      const all = await server.store.readAll(0, 1_000);
      const closed = all.filter(({ type }) => type === "SessionEnded").map(({ stream }) => stream);
      return closed.length === 4 ? closed : undefined;
    });
    expect(new Set(streams).size).toBe(4);
    for (const stream of streams) expect(foldAll(await factsOf(server, stream)).at(-1)!.status).toBe("done");
  });
});
