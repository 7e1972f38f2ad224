/** What the tests of presence share: a stage with new people for each test, and what they are told in a few words. */
import { expect } from "vitest";
import type { SubscriptionState } from "../../src/domain/subscription.ts";
import type { TestServer } from "../../src/testing/start-server.ts";
import { arrange } from "../support/contacts.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, readXml, showXml, textOf, type Xml } from "../support/xml-reader.ts";

export class Stage {
  readonly server: TestServer;
  readonly #clients: BoundClient[] = [];
  #scenes = 0;

  /** The server must allow plaintext, which is faster. */
  constructor(server: TestServer) {
    this.server = server;
  }

  /** New accounts, by their bare JIDs. In what `told` says, they have the names that are asked for. */
  async cast<Name extends string>(...names: readonly Name[]): Promise<Readonly<Record<Name, string>>> {
    const scene = ++this.#scenes;
    const jids = await Promise.all(names.map(async (name) => [name, await this.server.addUser(`${name}-${scene}`, "secret")]));
    return Object.fromEntries(jids) as Record<Name, string>;
  }

  /** Logs in; with presence if that is given. What it is told of that is still to be taken. */
  async enter(bareJid: string, resource: string, presence?: string): Promise<BoundClient> {
    const client = await login(this.server, { user: bareJid.slice(0, bareJid.indexOf("@")), resource, over: "plaintext" });
    this.#clients.push(client);
    if (presence !== undefined) client.send(presence);
    return client;
  }

  /** Logs in and is available; what it is told of that is gone. */
  async appear(bareJid: string, resource: string): Promise<BoundClient> {
    const client = await this.enter(bareJid, resource, "<presence/>");
    await client.caughtUp();
    return client;
  }

  /** Brings two accounts with nothing between them to a state, seen from the first. */
  async relate(user: string, contact: string, state: SubscriptionState): Promise<void> {
    const [one, other] = [await this.enter(user, "relating"), await this.enter(contact, "relating")];
    await arrange(one, other, state);
    await Promise.all([one.close(), other.close()]);
  }

  /** Drops a connection without a word, and waits until the server has seen it. */
  async kill(client: BoundClient): Promise<void> {
    client.raw.destroy();
    await until(() => this.server.session(client.jid) === undefined);
  }

  /** For `afterEach`. */
  clear(): void {
    for (const client of this.#clients.splice(0)) client.raw.destroy();
  }
}

/** `name/resource available`, `name unavailable (its status)`, `name subscribe`: each stanza since the last look, in order. */
export async function told(client: BoundClient): Promise<readonly string[]> {
  return (await client.caughtUp()).map(inWords);
}

/** The same for several. Who has acted comes first. */
export async function eachTold(...clients: readonly BoundClient[]): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = [];
  for (const client of clients) all.push(await told(client));
  return all;
}

export function inWords(stanza: Xml): string {
  const { from = "", type = "available" } = stanza.attrs;
  if (stanza.name !== "presence") return showXml(stanza);
  const status = textOf(childOf(stanza, "status"));
  return `${nameOf(from)} ${type}${status === "" ? "" : ` (${status})`}`;
}

export function nameOf(jid: string): string {
  return jid.replace(/-\d+@localhost/, "");
}

/** The stanza as it must arrive: what was sent, with the sender's full JID and the given `to`. */
export function expectCopy(stanza: Xml | undefined, sent: string, from: string, to: string): void {
  const { name, xmlns, attrs, children } = readXml(sent);
  expect(stanza).toEqual({ name, xmlns, attrs: { ...attrs, from, to }, children });
}

/** A presence stanza with nothing in it. */
export function expectMere(stanza: Xml | undefined, attrs: Readonly<Record<string, string>>): void {
  expect(stanza).toEqual({ name: "presence", xmlns: "jabber:client", attrs, children: [] });
}

export function conditionOf(stanza: Xml | undefined): string | undefined {
  const [condition] = childOf(stanza, "error")?.children ?? [];
  return typeof condition === "string" ? undefined : condition?.name;
}

/** Looks again and again, at most for five seconds: for what no client is told of. */
export async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error("it did not become true in 5 s");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
