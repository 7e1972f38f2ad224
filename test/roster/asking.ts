/** What the tests of rosters share: sets as text, answers in a word. */
import type { TestServer } from "../../src/testing/start-server.ts";
import { pushed, rosterOf, type Contact } from "../support/contacts.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, showXml, type Xml } from "../support/xml-reader.ts";

export const rosterSet = (items: string, id = "s", to = ""): string =>
  `<iq type='set' id='${id}'${to === "" ? "" : ` to='${to}'`}><query xmlns='jabber:iq:roster'>${items}</query></iq>`;

/** `result s`, `forbidden auth s`, `push juliet@localhost`. */
export function inWord(stanza: Xml): string {
  const push = pushed(stanza);
  if (push !== undefined) return `push ${push.item.jid}`;
  const { type, id } = stanza.attrs;
  if (stanza.name === "iq" && type === "result") return `result ${id}`;
  const error = childOf(stanza, "error");
  const [condition] = error?.children ?? [];
  if (condition === undefined || typeof condition === "string") throw new Error(`unexpected: ${showXml(stanza)}`);
  return `${condition.name} ${error?.attrs["type"]} ${id}`;
}

/** Sets one item, which has to succeed; returns what was pushed for it to this client. */
export async function setItem(client: BoundClient, item: string): Promise<{ readonly ver: string | undefined; readonly item: Contact }> {
  const answers = await client.ask(rosterSet(item));
  const [result, push] = answers;
  const told = pushed(push);
  if (answers.length !== 2 || result?.attrs["type"] !== "result" || told === undefined) throw new Error(answers.map((answer) => showXml(answer)).join(""));
  return told;
}

export interface Users {
  /** A client of a new account that has asked for its roster. */
  interested(): Promise<BoundClient>;
  /** Another client of the same account. `asks`: whether it has asked for the roster. */
  another(client: BoundClient, resource: string, asks?: boolean): Promise<BoundClient>;
  /** A new account; returns its name. */
  account(): Promise<string>;
  /** Closes every client, and the server. */
  end(): Promise<void>;
}

export function usersOf(server: TestServer): Users {
  const clients: BoundClient[] = [];
  let count = 0;
  const account = async (): Promise<string> => {
    const name = `owner${++count}`;
    await server.addUser(name, "secret");
    return name;
  };
  const enter = async (user: string, resource: string, asks: boolean): Promise<BoundClient> => {
    const client = await login(server, { user, resource, over: "plaintext" });
    clients.push(client);
    if (asks) await rosterOf(client);
    return client;
  };
  return {
    account,
    interested: async () => enter(await account(), "balcony", true),
    another: ({ bare }, resource, asks = true) => enter(bare.slice(0, bare.indexOf("@")), resource, asks),
    end: async () => {
      for (const { raw } of clients) raw.destroy();
      await server.stop();
    },
  };
}
