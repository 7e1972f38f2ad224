/** The client's half of stream management (XEP-0198): what was said and is not known to have come, and what it takes to come back. */
import { ns } from "./namespaces.ts";
import { xml, type Markup, type XmlElement } from "./xml.ts";

/** A session of the server that waits for its client. */
export interface Resumption {
  readonly id: string;
  readonly management: Management;
}

/** The server's word is asked for after so many stanzas. */
const unasked = 5;
/** Beyond it nothing is resumed any more. */
const waitingMax = 1_000;

export class Management {
  /** By which the session is resumed; undefined while the server has not said that it can be. */
  #id: string | undefined;
  #counts = false;
  #received = 0;
  #acknowledged = 0;
  #waiting: Markup[] = [];

  get resumption(): Resumption | undefined {
    return this.#id === undefined || this.#waiting.length > waitingMax ? undefined : { id: this.#id, management: this };
  }

  get enable(): Markup {
    return xml("enable", { xmlns: ns.management, resume: "true" });
  }

  get resume(): Markup {
    return xml("resume", { xmlns: ns.management, previd: this.#id, h: String(this.#received) });
  }

  /** A stanza is sent. Answers what goes with it. */
  sent(stanza: Markup): readonly Markup[] {
    this.#waiting.push(stanza);
    return this.#waiting.length % unasked === 0 ? [stanza, xml("r", { xmlns: ns.management })] : [stanza];
  }

  /** A stanza came. XEP-0198 section 4: they count from `<enabled/>` on. */
  stanza(): void {
    if (this.#counts) this.#received = (this.#received + 1) % countEnd;
  }

  /** Something else came. Answers what is to be sent. */
  take({ name, attributes }: XmlElement): readonly Markup[] {
    if (name === "enabled") {
      this.#counts = true;
      if (["true", "1"].includes(attributes.get("resume") ?? "")) this.#id = attributes.get("id");
    } else if (name === "a") {
      this.#learn(attributes.get("h"));
    } else if (name === "r") {
      return [xml("a", { xmlns: ns.management, h: String(this.#received) })];
    }
    return [];
  }

  /** The session is resumed, or is gone (XEP-0198 section 5). Answers what the server has not had of it, in order. */
  rest({ attributes }: XmlElement): readonly Markup[] {
    this.#learn(attributes.get("h"));
    return this.#waiting;
  }

  #learn(h: string | undefined): void {
    if (h === undefined || !/^\d{1,10}$/.test(h)) return;
    const news = (Number(h) - this.#acknowledged + countEnd) % countEnd;
    // A server that counts more than was sent is not believed.
    if (news > this.#waiting.length) return;
    this.#acknowledged = Number(h);
    this.#waiting = this.#waiting.slice(news);
  }
}

/** XEP-0198 section 4: the counts begin anew after 2³² − 1. */
const countEnd = 2 ** 32;
