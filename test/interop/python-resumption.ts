/** What every client library of Python's that manages its stream has to be able to do with a server that dies. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { befriend, rosterOf } from "../support/contacts.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { MortalServer } from "./mortal-server.ts";
import { PythonAgent } from "./python-agent.ts";
import { PythonUser, type LoginResult } from "./python-setting.ts";

const password = "secret";

/** Milliseconds for a test that starts servers: a machine with much else to do takes seconds for each. */
const restartMs = 60_000;

export interface Library {
  readonly name: string;
  readonly skipped: boolean;
  /** For python-agent.py. */
  readonly agent: URL;
  /** What it tells of a login and of a resumption. */
  readonly begun: readonly string[];
  readonly resumed: readonly string[];
  /** When it is back, it sends what was not acknowledged: as it was, the last one first, or not at all. */
  readonly resends: "in order" | "in reverse" | "nothing";
  /** Whether it keeps its session when the server says system-shutdown. */
  readonly survivesShutdown: boolean;
}

export function describeResumption({ name, skipped, agent: file, begun, resumed, resends, survivesShutdown }: Library): void {
  let server: MortalServer;
  let agent: PythonAgent;
  let users: PythonUser[] = [];
  let contacts: Contact[] = [];
  let logins = 0;

  beforeAll(async () => {
    if (skipped) return;
    server = await MortalServer.begin(Array.from({ length: 8 }, (_, n) => [`alice${n}`, `bob${n}`]).flat(), password);
    agent = new PythonAgent(file);
  });
  afterEach(async () => {
    for (const { client } of contacts) client.raw.destroy();
    await Promise.all(users.map((user) => user.call("logout")));
    [users, contacts] = [[], []];
  });
  afterAll(async () => {
    if (skipped) return;
    await agent.stop();
    await server.remove();
  });

  /** Alice, available, who shares her presence with Bob; and a way in for Bob. */
  async function pair(): Promise<{ readonly alice: PythonUser; readonly bob: () => Promise<Contact> }> {
    const n = ++logins;
    await befriend(server, `alice${n}`, `bob${n}`);
    const client = `client ${n}`;
    const result = await agent.call("login", { client, jid: `alice${n}@localhost/r`, password, port: server.port, ca: server.certificate });
    const alice = new PythonUser(agent, client, result as LoginResult);
    users.push(alice);
    await alice.call("presence");
    await alice.settled();
    const bob = async (): Promise<Contact> => {
      const contact = new Contact(await login(server, { user: `bob${n}`, resource: "r", over: "plaintext" }));
      contacts.push(contact);
      await contact.arrive();
      return contact;
    };
    return { alice, bob };
  }

  async function hears(bob: Contact, expected: readonly string[]): Promise<void> {
    await expect.poll(() => bob.hear(), { interval: 20, timeout: 8_000 }).toBeGreaterThanOrEqual(expected.length);
    const all = bob.heard.splice(0);
    expect(resends === "in reverse" ? all.toSorted() : all).toEqual(resends === "in reverse" ? expected.toSorted() : expected);
  }

  const isBack = (alice: PythonUser, times = 1) => alice.eventually("happened").toEqual([...begun, ...Array.from({ length: times }, () => resumed).flat()]);

  describe.skipIf(skipped)(`XEP-0198 with ${name}`, () => {
    it("enables it, and what it sends is acknowledged", async () => {
      const { alice, bob } = await pair();
      const contact = await bob();
      const bodies = Array.from({ length: 12 }, (_, n) => `${n}`);
      await alice.call("message", { to: contact.client.jid, bodies });
      await hears(contact, bodies);
      await alice.settled();
      await alice.eventually("unacknowledged").toBe(0);
      expect(await alice.call("happened")).toEqual(begun);
    });

    it("resumes when its connection was aborted, again and again, and nobody sees it go", async () => {
      const { alice, bob } = await pair();
      const contact = await bob();
      const said: string[] = [];
      for (let round = 1; round <= 3; round++) {
        // aioxmpp 0.13 breaks for good when it wants to answer <r/> over a socket that is gone: nothing is asked of it now.
        await alice.settled();
        await new Promise((resolve) => setTimeout(resolve, 100));
        await alice.call("abort");
        for (const body of [`${round} a`, `${round} b`]) {
          contact.client.send(chat(alice.jid, body));
          said.push(body);
        }
        await isBack(alice, round);
        await alice.call("message", { to: contact.client.jid, bodies: [`${round} back`] });
        await hears(contact, [`${round} back`]);
      }
      await alice.eventually("messages").toEqual(said);
      await alice.settled();
      expect(await alice.call("messages")).toEqual(said);
    });

    it("resumes after the server was killed: nothing is lost, nothing comes twice, nobody sees it go", async () => {
      const { alice, bob } = await pair();
      let contact = await bob();
      const said: string[] = [];
      for (let round = 1; round <= 2; round++) {
        const mine = [`${round} a`, `${round} b`, `${round} c`];
        await contact.say(mine.slice(0, 2).map((body) => chat(alice.jid, body)).join(""));
        // Some of it is acknowledged before the end, some is not, some never arrives.
        await alice.call("message", { to: contact.client.jid, bodies: [`${round} before`] });
        await hears(contact, [`${round} before`]);
        await server.end("SIGKILL");
        await alice.call("message", { to: contact.client.jid, bodies: [`${round} while it is dead`] });
        await server.start();
        contact.client.raw.destroy();
        contact = await bob();
        await contact.say(chat(alice.jid, mine[2]!));
        said.push(...mine);
        await isBack(alice, round);
        await hears(contact, [`${round} while it is dead`]);
      }
      await alice.eventually("messages").toEqual(said);
      await alice.settled();
      expect(await alice.call("messages")).toEqual(said);
      await alice.eventually("unacknowledged").toBe(0);
    }, restartMs);

    if (resends !== "nothing") it("sends again what the server had not taken when it was killed, and nothing else", async () => {
      const { alice, bob } = await pair();
      const bodies = Array.from({ length: 40 }, (_, n) => `${n}`);
      await alice.call("message", { to: alice.bareJid.replace("alice", "bob"), bodies });
      await server.restart("SIGKILL");
      await isBack(alice);
      await alice.settled();
      await alice.eventually("unacknowledged").toBe(0);
      await hears(await bob(), bodies);
    }, restartMs);

    if (survivesShutdown) it("resumes after the server was stopped and started", async () => {
      const { alice, bob } = await pair();
      const contact = await bob();
      await contact.say(chat(alice.jid, "before"));
      await alice.eventually("messages").toEqual(["before"]);
      await server.restart("SIGTERM");
      contact.client.raw.destroy();
      const again = await bob();
      await again.say(chat(alice.jid, "after"));
      await alice.eventually("messages").toEqual(["before", "after"]);
      expect(((await alice.call("happened")) as readonly string[]).filter((event) => !event.includes("shutdown"))).toEqual([...begun, ...resumed]);
    }, restartMs);
  });
}

const chat = (to: string, body: string) => `<message to='${to}' type='chat'><body>${body}</body></message>`;

/** A client of ours that keeps what it hears once it has arrived: the bodies of messages, and `+jid` or `-jid` for presence. */
class Contact {
  readonly client: BoundClient;
  readonly heard: string[] = [];

  constructor(client: BoundClient) {
    this.client = client;
  }

  /** What waited for it is kept, how it learns of who is there is not. */
  async arrive(): Promise<void> {
    const { client } = this;
    await rosterOf(client);
    client.send(`<presence/><iq type='get' id='settled' to='${client.bare}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    for (let stanza = await client.next(); stanza.attrs["id"] !== "settled"; stanza = await client.next()) {
      if (stanza.name === "message") this.#keep(stanza);
    }
  }

  /** Until the server has dealt with it; what comes meanwhile is heard. */
  async say(stanzas: string): Promise<void> {
    for (const stanza of await this.client.ask(stanzas)) this.#keep(stanza);
  }

  /** How much it has heard by now. */
  async hear(): Promise<number> {
    for (const stanza of await this.client.caughtUp()) this.#keep(stanza);
    return this.heard.length;
  }

  #keep(stanza: Xml): void {
    const { from, type } = stanza.attrs;
    this.heard.push(stanza.name === "presence" ? `${type === "unavailable" ? "-" : "+"}${from}` : textOf(childOf(stanza, "body")));
  }
}
