/** @xmpp/client's own stream management against a server that is killed: it reconnects by itself, and resumes. */
import { readFileSync } from "node:fs";
import type { Client } from "@xmpp/client";
import type { EventEmitter } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { MortalServer } from "./mortal-server.ts";
import { trust } from "./trust.ts";
import { bodies, password, transports, xml, XmppJsUser, type Transport } from "./xmpp-js.ts";

let server: MortalServer;
let distrust: () => void;
let users: ReturningUser[] = [];

beforeAll(async () => {
  server = await MortalServer.begin(["alice", "bob"], password);
  const certificate = readFileSync(server.certificate, "utf8");
  distrust = trust(() => certificate);
});
afterEach(async () => {
  const stopping = users;
  users = [];
  await Promise.all(stopping.map((user) => user.stop()));
});
afterAll(async () => {
  distrust();
  await server.remove();
});

/** As much of @xmpp/stream-management as the tests look at. */
interface Management extends EventEmitter {
  readonly enabled: boolean;
  readonly id: string;
  readonly outbound_q: readonly unknown[];
  requestAckDebounce: number;
}

/** Comes back whenever its connection ends. */
class ReturningUser extends XmppJsUser {
  resumptions = 0;

  constructor(username: string, transport: Transport = "STARTTLS") {
    super(server, { username, resource: "r", transport });
    this.client.reconnect.delay = 50;
    this.client.reconnect.start();
    this.management.requestAckDebounce = 10;
    this.management.on("resumed", () => this.resumptions++);
  }

  get management(): Management {
    return (this.client as Client & { readonly streamManagement: Management }).streamManagement;
  }

  /** Online and available, and its own presence is taken. Without an iq: this client does not count the answers to its own. */
  async arrive(): Promise<this> {
    users.push(this);
    await this.start();
    await expect.poll(() => this.management.enabled).toBe(true);
    await this.client.send(xml("presence"));
    await this.next(({ name, attrs }) => name === "presence" && attrs["from"] === this.jid);
    return this;
  }

  async isBack(times: number): Promise<void> {
    await expect.poll(() => this.resumptions, { timeout: 8_000 }).toBe(times);
  }
}

const acknowledged = (user: ReturningUser) => expect.poll(() => user.management.outbound_q.length, { timeout: 5_000 }).toBe(0);

describe("XEP-0198 with @xmpp/client", () => {
  it("enables it, and what it sends is acknowledged", async () => {
    const alice = await new ReturningUser("alice").arrive();
    expect(alice.management.id).toMatch(/^\S{16,}$/);
    for (let n = 0; n < 12; n++) await alice.message("bob@localhost", `${n}`, "headline");
    await acknowledged(alice);
  });

  it.each(transports)("resumes when its connection was aborted, again and again, over %s", async (transport) => {
    const [alice, bob] = [await new ReturningUser("alice", transport).arrive(), await new ReturningUser("bob", transport).arrive()];
    const said: string[] = [];
    for (let round = 1; round <= 3; round++) {
      alice.abort();
      for (const body of [`${round} a`, `${round} b`]) {
        await bob.message(alice.jid, body);
        said.push(body);
      }
      await alice.isBack(round);
      await alice.message(bob.jid, `${round} back`);
      expect(bodies([await bob.nextMessage()])).toEqual([`${round} back`]);
      expect(bodies(await alice.messages(said.length))).toEqual(said);
    }
    await Promise.all([acknowledged(alice), acknowledged(bob)]);
    expect(bob.resumptions).toBe(0);
  });

  it.each([["SIGKILL", "STARTTLS"], ["SIGTERM", "direct TLS"], ["SIGKILL", "WebSocket"]] as const)("resumes after the server was ended with %s, over %s: nothing is lost, nothing comes twice", async (signal, transport) => {
    const [alice, bob] = [await new ReturningUser("alice", transport).arrive(), await new ReturningUser("bob", transport).arrive()];
    const said: string[] = [];
    for (let round = 1; round <= 3; round++) {
      const mine = Array.from({ length: 10 }, (_, n) => `${round} ${n}`);
      for (const body of mine) await bob.message(alice.jid, body);
      said.push(...mine);
      await server.restart(signal);
      await Promise.all([alice.isBack(round), bob.isBack(round)]);
      await bob.message(alice.jid, `${round} after`);
      said.push(`${round} after`);
      await alice.messages(said.length);
      await Promise.all([acknowledged(alice), acknowledged(bob)]);
    }
    expect(bodies(await alice.messages(said.length))).toEqual(said);
    // Neither saw the other go.
    expect([...alice.arrived("presence"), ...bob.arrived("presence")]).toEqual([]);
  });

  it("is not sent away because it does not count the answers to its own iqs", async () => {
    const alice = await new ReturningUser("alice").arrive();
    for (let n = 0; n < 20; n++) await alice.settled();
    await acknowledged(alice);
    alice.abort();
    await alice.isBack(1);
    await alice.settled();
    expect(alice.errors.map(({ condition }) => condition).filter((condition) => condition !== undefined)).toEqual([]);
  });

  it("is not sent away because its first answer counts what came before stanzas were counted", async () => {
    for (let n = 0; n < 25; n++) {
      const alice = new ReturningUser("alice");
      users.push(alice);
      alice.client.on("online", () => {
        void alice.client.send(xml("iq", { type: "get", id: "roster" }, xml("query", "jabber:iq:roster"))).then(() => alice.client.send(xml("presence")), () => undefined);
      });
      await alice.start();
      await alice.next(({ name, attrs }) => name === "presence" && attrs["from"] === alice.jid);
      // Answers to <r/> have come and gone.
      for (let round = 0; round < 2; round++) await alice.settled();
      expect(alice.errors.map(({ condition }) => condition).filter((condition) => condition !== undefined)).toEqual([]);
      await alice.stop();
    }
  });
});
