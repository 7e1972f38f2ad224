/** Questions and their answers (RFC 6120 section 8.2.3). */
import { bareOf, domainOf } from "./jid.ts";
import { ns } from "./namespaces.ts";
import type { Send } from "./person.ts";
import { stanzaError } from "./stream.ts";
import { childOf, elementsOf, xml, type Markup, type XmlElement } from "./xml.ts";

interface Waiting {
  readonly to: string | undefined;
  readonly resolve: (answer: XmlElement) => void;
  readonly reject: (error: Error) => void;
}

export class Iqs {
  /** The full JID that is bound. */
  own = "";
  readonly #send: Send;
  readonly #waiting = new Map<string, Waiting>();
  #last = 0;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Without `to` it is the own account that is asked. Rejects with words for people. */
  ask(type: "get" | "set", to: string | undefined, payload: Markup): Promise<XmlElement> {
    const id = `q${++this.#last}`;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { to, resolve, reject });
      this.#send(xml("iq", { xmlns: ns.client, type, id, to }, payload));
    });
  }

  /** Answers what others ask. true for a roster push, of which it has told that it came. */
  take(iq: XmlElement): boolean {
    const type = iq.attributes.get("type");
    if (type === "get" || type === "set") return this.#asked(iq, type);
    const id = iq.attributes.get("id") ?? "";
    const waiting = this.#waiting.get(id);
    // An answer of somebody else is none.
    if (waiting === undefined || !this.#comesFrom(iq.attributes.get("from"), waiting.to)) return false;
    this.#waiting.delete(id);
    if (type === "result") waiting.resolve(iq);
    else waiting.reject(new Error(stanzaError(iq)));
    return false;
  }

  /** Nobody answers any more. */
  end(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error("the link was lost"));
    this.#waiting.clear();
  }

  #asked(iq: XmlElement, type: "get" | "set"): boolean {
    const [id, from] = [iq.attributes.get("id"), iq.attributes.get("from")];
    const payload = elementsOf(iq)[0];
    // RFC 6121 section 2.1.6: nobody else pushes.
    const isPush = type === "set" && childOf(iq, "query", ns.roster) !== undefined && this.#comesFrom(from, undefined);
    if (isPush || (type === "get" && payload?.namespace === ns.ping)) {
      this.#send(xml("iq", { xmlns: ns.client, type: "result", id, to: from }));
      return isPush;
    }
    this.#send(xml("iq", { xmlns: ns.client, type: "error", id, to: from }, xml("error", { type: "cancel" }, xml("service-unavailable", { xmlns: ns.stanzaErrors }))));
    return false;
  }

  /** RFC 6120 section 8.1.2.1: what names nobody is of the own account. */
  #comesFrom(from: string | undefined, expected: string | undefined): boolean {
    if (expected !== undefined) return from === expected;
    return from === undefined || [this.own, bareOf(this.own), domainOf(this.own)].includes(from);
  }
}
