/** Who is known, and who is there (RFC 6121 sections 2 to 4). */
import { signal } from "@preact/signals";
import type { Iqs } from "./iqs.ts";
import { bareOf, resourceOf } from "./jid.ts";
import { ns } from "./namespaces.ts";
import type { Send } from "./person.ts";
import { childOf, childrenOf, textOf, xml, type XmlElement } from "./xml.ts";

export interface Contact {
  readonly bare: string;
  readonly subscription: string;
  /** Was asked whether its presence may be seen, and has not answered. */
  readonly asked: boolean;
}

const requestsMax = 50;
const presentMax = 5_000;

export class Contacts {
  /** By their bare JIDs. */
  readonly roster = signal<ReadonlyMap<string, Contact>>(new Map());
  /** What those show who are available, by full JID: "online", "away" … */
  readonly present = signal<ReadonlyMap<string, string>>(new Map());
  /** Who wants to see one's presence. */
  readonly requests = signal<readonly string[]>([]);
  readonly #send: Send;
  readonly #iqs: Iqs;

  constructor(send: Send, iqs: Iqs) {
    this.#send = send;
    this.#iqs = iqs;
  }

  /** Roster first, presence next: so that nothing of it comes before it is known whose it is. */
  begin(): void {
    this.#iqs.ask("get", undefined, xml("query", { xmlns: ns.roster })).then(
      (answer) => {
        this.roster.value = new Map();
        this.#apply(answer);
      },
      () => undefined,
    );
    this.#send(xml("presence", { xmlns: ns.client }));
  }

  ended(): void {
    this.present.value = new Map();
    this.requests.value = [];
  }

  push(iq: XmlElement): void {
    this.#apply(iq);
  }

  presence(stanza: XmlElement): void {
    const [from, type] = [stanza.attributes.get("from") ?? "", stanza.attributes.get("type")];
    if (type === "subscribe") {
      const known = this.requests.value.filter((one) => one !== bareOf(from));
      this.requests.value = [...known, bareOf(from)].slice(-requestsMax);
    } else if (type === undefined || type === "unavailable") {
      const present = new Map(this.present.value);
      if (type === undefined && (present.size < presentMax || present.has(from))) present.set(from, textOf(childOf(stanza, "show")) ?? "online");
      if (type !== undefined) for (const jid of resourceOf(from) === "" ? [...present.keys()].filter((one) => bareOf(one) === from) : [from]) present.delete(jid);
      this.present.value = present;
    }
  }

  /** In one's roster, and asked for its presence. */
  async add(bare: string): Promise<void> {
    await this.#iqs.ask("set", undefined, xml("query", { xmlns: ns.roster }, xml("item", { jid: bare })));
    this.#tell("subscribe", bare);
  }

  accept(bare: string): void {
    this.#answer("subscribed", bare);
    const known = this.roster.value.get(bare);
    if (known === undefined || (!known.asked && !["to", "both"].includes(known.subscription))) this.#tell("subscribe", bare);
  }

  refuse(bare: string): void {
    this.#answer("unsubscribed", bare);
  }

  #answer(type: string, bare: string): void {
    this.#tell(type, bare);
    this.requests.value = this.requests.value.filter((one) => one !== bare);
  }

  #tell(type: string, to: string): void {
    this.#send(xml("presence", { xmlns: ns.client, type, to }));
  }

  #apply(iq: XmlElement): void {
    const query = childOf(iq, "query", ns.roster);
    if (query === undefined) return;
    const roster = new Map(this.roster.value);
    for (const { attributes } of childrenOf(query, "item")) {
      const bare = attributes.get("jid");
      const subscription = attributes.get("subscription") ?? "none";
      if (bare === undefined) continue;
      if (subscription === "remove") roster.delete(bare);
      else roster.set(bare, { bare, subscription, asked: attributes.get("ask") === "subscribe" });
    }
    this.roster.value = roster;
  }
}
