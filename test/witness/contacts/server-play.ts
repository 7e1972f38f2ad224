/** The same story on a running server: each resource is a client with a socket, and says what came to it. */
import type { TestServer } from "../../../src/testing/start-server.ts";
import { login, type BoundClient } from "../../support/login.ts";
import { withoutStanzaIds, type Xml } from "../../support/xml-reader.ts";
import { xmlOf, type Action } from "./actions.ts";
import { domain } from "./people.ts";
import { read, type Told } from "./told.ts";

export class ServerPlay {
  readonly #server: TestServer;
  /** Stands at each name, so that every story has people of its own. */
  readonly #number: number;
  readonly #clients = new Map<string, BoundClient>();
  #markers = 0;

  /** The server lets clients log in without TLS. */
  static async begin(server: TestServer, names: readonly string[], number: number): Promise<ServerPlay> {
    await Promise.all(names.map((name) => server.addUser(`${name}-${number}`, "secret")));
    return new ServerPlay(server, number);
  }

  private constructor(server: TestServer, number: number) {
    this.#server = server;
    this.#number = number;
  }

  /** What came to each client that is still there, when all is done that follows; by full JID. Several are stanzas of one resource, in one write. */
  async act(actions: readonly Action[]): Promise<ReadonlyMap<string, readonly Told[]>> {
    const { who, do: what } = actions[0]!;
    const heard = new Map<string, Told[]>();
    if (what === "login") await this.#login(who);
    else if (what === "logout") await this.#logout(who);
    else {
      const client = this.#clients.get(who)!;
      client.send(this.#real(actions.map(xmlOf).join("")));
      await this.#catchUp(who, client, heard);
    }
    // Who has acted has been served, so what others are told of it stands before the answer to what they ask now.
    await Promise.all([...this.#clients].map(([jid, client]) => this.#catchUp(jid, client, heard)));
    return heard;
  }

  end(): void {
    for (const client of this.#clients.values()) client.raw.destroy();
  }

  async #login(jid: string): Promise<void> {
    const [name, resource] = jid.split("/") as [string, string];
    this.#clients.set(jid, await login(this.#server, { user: `${name}-${this.#number}`, resource, over: "plaintext" }));
  }

  async #logout(jid: string): Promise<void> {
    const client = this.#clients.get(jid)!;
    this.#clients.delete(jid);
    await client.close();
  }

  /** Asks its own account, which is held while something older is on its way to it (XEP-0160 section 2), as no question to the server would be. */
  async #catchUp(jid: string, client: BoundClient, heard: Map<string, Told[]>): Promise<void> {
    const id = `marker-${++this.#markers}`;
    client.send(`<iq type='get' id='${id}' to='${client.bare}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    for (;;) {
      const xml = await client.next();
      if (xml.name === "iq" && xml.attrs["id"] === id) return;
      const stanza = read(this.#asTold(withoutStanzaIds(xml)));
      const stanzas = heard.get(jid);
      if (stanzas === undefined) heard.set(jid, [stanza]);
      else stanzas.push(stanza);
    }
  }

  /** With the addresses that the people of this story have. */
  #real(text: string): string {
    return text.replaceAll(/='(romeo|juliet|nurse|nobody)(?=['/])/g, (_, name: string) => `='${name}-${this.#number}@${domain}`);
  }

  #asTold(xml: Xml): Xml {
    const attrs = Object.entries(xml.attrs).map(([name, value]) => [name, value.replaceAll(`-${this.#number}@${domain}`, "")]);
    return { ...xml, attrs: Object.fromEntries(attrs), children: xml.children.map((child) => (typeof child === "string" ? child : this.#asTold(child))) };
  }
}
