/** What the tests of blocking share: a server of two domains, people who are met once, and stanzas in a few words. */
import { startServer, type TestServer, type TestServerOptions } from "../../src/testing/start-server.ts";
import { befriend } from "../support/contacts.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, showXml, type Xml } from "../support/xml-reader.ts";

export const xmlns = "urn:xmpp:blocking";

/** The other domain that the server serves. */
export const elsewhere = "montague.example";

export interface Stage {
  readonly server: TestServer;
  /** A new account with a localpart of its own; `domain` is that of the server unless told otherwise. Returns the localpart. */
  person(domain?: string): Promise<string>;
  /** Two new accounts that see each other. */
  friends(): Promise<readonly [string, string]>;
  /** Connected, not available. */
  enter(user: string, resource: string, domain?: string): Promise<BoundClient>;
  /** Connected and available; what it was told on the way is taken. */
  appear(user: string, resource: string, domain?: string): Promise<BoundClient>;
}

export async function startStage(options: TestServerOptions = {}): Promise<Stage> {
  const server = await startServer({ allowPlaintext: true, domains: ["localhost", elsewhere], ...options });
  let people = 0;
  const plaintext = { ...server, tlsPort: server.port };
  const stage: Stage = {
    server,
    person: async (domain = server.domain) => {
      const name = `user${++people}`;
      await server.addUser(`${name}@${domain}`, "secret");
      return name;
    },
    friends: async () => {
      const pair = [await stage.person(), await stage.person()] as const;
      await befriend(server, ...pair);
      return pair;
    },
    enter: (user, resource, domain = server.domain) => login({ ...plaintext, domain }, { user, resource, over: "plaintext" }),
    appear: async (user, resource, domain) => {
      const client = await stage.enter(user, resource, domain);
      await client.ask("<presence/>");
      return client;
    },
  };
  return stage;
}

/** `get` for the list. */
export const blocklist = `<iq type='get' id='list'><blocklist xmlns='${xmlns}'/></iq>`;

export const command = (name: "block" | "unblock", ...jids: readonly string[]): string =>
  `<iq type='set' id='${name}'><${name} xmlns='${xmlns}'>${jids.map((jid) => `<item jid='${jid}'/>`).join("")}</${name}></iq>`;

/** Does it, which must succeed. Returns what else the client was told meanwhile, in a few words each. */
export async function change(client: BoundClient, name: "block" | "unblock", ...jids: readonly string[]): Promise<readonly string[]> {
  const stanzas = await client.ask(command(name, ...jids));
  const result = stanzas.find(({ attrs }) => attrs["id"] === name);
  if (result?.attrs["type"] !== "result") throw new Error(`${name} ${jids.join(" ")}: ${stanzas.map((stanza) => showXml(stanza)).join("")}`);
  return stanzas.filter((stanza) => stanza !== result).map(inWords);
}

/** The JIDs on the list; asking for it makes the resource one that is told of changes. */
export async function listed(client: BoundClient): Promise<readonly string[]> {
  const answers = await client.ask(blocklist);
  const list = childOf(answers.find(({ attrs }) => attrs["id"] === "list"), "blocklist");
  if (list?.xmlns !== xmlns) throw new Error("no list came");
  return itemsOf(list);
}

/** `block a b`, for a push of this kind; undefined for everything else. */
export function pushOf(stanza: Xml): string | undefined {
  const payload = childOf(stanza, "block") ?? childOf(stanza, "unblock");
  if (stanza.name !== "iq" || stanza.attrs["type"] !== "set" || payload?.xmlns !== xmlns) return undefined;
  return [payload.name, ...itemsOf(payload)].join(" ");
}

/** What all these have been told, in a few words each; taken in their order. */
export async function heard(...clients: readonly BoundClient[]): Promise<readonly (readonly string[])[]> {
  const all: (readonly string[])[] = [];
  for (const client of clients) all.push((await client.caughtUp()).map(inWords));
  return all;
}

/** `presence unavailable from a/b`, `message chat from a/b`, `iq error from a: not-acceptable`. */
export function inWords(stanza: Xml): string {
  const { name, attrs } = stanza;
  const type = attrs["type"] ?? { presence: "available", message: "normal", iq: "" }[name];
  const error = childOf(stanza, "error")?.children.flatMap((child) => (typeof child === "string" ? [] : [child.name]))[0];
  return `${name} ${type} from ${attrs["from"] ?? "nobody"}${error === undefined ? "" : `: ${error}`}`;
}

function itemsOf(payload: Xml): readonly string[] {
  return payload.children.flatMap((child) => (typeof child === "string" ? [] : [child.attrs["jid"] ?? ""]));
}
