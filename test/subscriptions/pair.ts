/** Two users with a client each, and what the two are told in a word a stanza. */
import { expect } from "vitest";
import type { TestServer } from "../../src/testing/start-server.ts";
import { online, pushed, type Contact } from "../support/contacts.ts";
import type { BoundClient } from "../support/login.ts";
import { showXml, type Xml } from "../support/xml-reader.ts";

export interface Pair {
  readonly user: BoundClient;
  readonly contact: BoundClient;
  /** What has come to both since the last time. */
  told(): Promise<{ readonly user: readonly string[]; readonly contact: readonly string[] }>;
  close(): Promise<void>;
}

let pairs = 0;

/** Two new accounts without a word between them, both online. The server lets clients log in without TLS. */
export async function pairOn(server: TestServer): Promise<Pair> {
  const number = ++pairs;
  const client = async (name: string): Promise<BoundClient> => {
    await server.addUser(name, "secret");
    return online(server, { user: name, over: "plaintext" });
  };
  const [user, contact] = await Promise.all([client(`user${number}`), client(`contact${number}`)]);
  return {
    user,
    contact,
    async told() {
      // What the second one sent is done when it has caught up; the first may have been told of it after its own turn.
      const early = await user.caughtUp();
      const toContact = await contact.caughtUp();
      return { user: inWords([...early, ...(await user.caughtUp())], user, contact), contact: inWords(toContact, contact, user) };
    },
    close: async () => void (await Promise.all([user.close(), contact.close()])),
  };
}

/** What `client` was told of `other`: `subscribe`, `available`, `push none ask approved`. The addresses are what they have to be. */
export function inWords(stanzas: readonly Xml[], client: BoundClient, other: BoundClient): readonly string[] {
  return stanzas.map((stanza) => {
    const push = pushed(stanza);
    if (push !== undefined) {
      expect([push.item.jid, stanza.attrs["from"], stanza.attrs["to"]]).toEqual([other.bare, client.bare, client.jid]);
      return `push ${shown(push.item)}`;
    }
    if (stanza.name !== "presence") throw new Error(`unexpected: ${showXml(stanza)}`);
    const { type = "available", from, to } = stanza.attrs;
    const ofResource = type === "available" || type === "unavailable";
    // Both addresses of a subscription stanza are bare (section 3); presence is that of a resource.
    expect([from, to]).toEqual([ofResource ? other.jid : other.bare, client.bare]);
    return type;
  });
}

/** `none ask approved`. */
export function shown({ subscription, ask, approved }: Contact): string {
  return [subscription, ...(ask === undefined ? [] : [ask === "subscribe" ? "ask" : `ask=${ask}`]), ...(approved === "true" ? ["approved"] : [])].join(" ");
}
