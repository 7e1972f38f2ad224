/** Pseudonyms: for each name one of its kind, the same wherever it stands, given in the order in which the names are met. */
import { saslErrorConditions, stanzaErrorTypes, streamErrorConditions } from "../../domain/errors.ts";
import { deliveryTable } from "../../domain/delivery.ts";
import { protocolNames, protocolWords } from "./protocol-words.ts";
import { serverWords } from "./server-words.ts";

/** 2000-01-01T00:00:00Z. */
const epoch = 946_684_800_000;

export class Names {
  readonly #known = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #shift: number;

  /** `begin`, ms since 1970, becomes the epoch. */
  constructor(begin: number) {
    this.#shift = epoch - begin;
  }

  /** As far from all other times as it was. Zero, which is no time, stays. */
  time(at: number): number {
    return at === 0 ? 0 : at + this.#shift;
  }

  user(username: string): string {
    return this.#name("user", username);
  }

  host(host: string): string {
    return host === "" ? "" : this.#name("host", host, ".example");
  }

  resource(resource: string): string {
    return this.#name("resource", resource);
  }

  session(id: string): string {
    return this.#name("session", id);
  }

  step(step: string): string {
    return step === "" ? "" : this.#name("step", step);
  }

  /** Of stanzas, queues and versions. A session's stays that session's. */
  id(id: string): string {
    return this.#known.get(`session ${id}`) ?? (id === "" ? "" : this.#name("id", id));
  }

  address(address: string): string {
    return this.#name("address", address);
  }

  text(text: string): string {
    // A reason may begin with its condition, which says enough by itself.
    const [, condition = ""] = /^([A-Za-z-]{1,40}): /.exec(text) ?? [];
    const known = condition === "TLS" || conditions.has(condition) ? `${condition}: ` : "";
    const rest = text.slice(known.length);
    return rest === "" || isWithheld(rest) || protocolWords.has(rest) || serverWords.has(rest) ? text : `${known}${this.#name("text", rest)}`;
  }

  /** By its parts (RFC 7622 section 3.2), so that what names the same account goes on to do so. */
  jid(jid: string): string {
    if (jid === "") return "";
    const slash = jid.indexOf("/");
    const bare = slash === -1 ? jid : jid.slice(0, slash);
    const at = bare.indexOf("@");
    const local = at === -1 ? "" : `${this.user(bare.slice(0, at))}@`;
    return `${local}${this.host(bare.slice(at + 1))}${slash === -1 ? "" : `/${this.resource(jid.slice(slash + 1))}`}`;
  }

  /** A language, which says something of people too; its tag is one for private use. */
  lang<Lang extends string | null>(lang: Lang): Lang | string {
    return lang === null || lang === "" ? lang : this.#name("x-lang", lang);
  }

  /** A word out of a closed set, such as the type of a stanza, stays. */
  word(word: string): string {
    return word === "" || protocolWords.has(word) ? word : this.text(word);
  }

  /** The rule by which something was delivered is this server's own word. */
  rule(why: string): string {
    return ruleParts.has(why.split(",")[0]!) && /^[A-Za-z -]+, \w+: \w+$/.test(why) ? why : this.word(why);
  }

  element(name: string): string {
    return protocolNames.has(name) ? name : this.#name("element", name);
  }

  attribute(name: string): string {
    return protocolNames.has(name) ? name : this.#name("attribute", name);
  }

  namespace(uri: string): string {
    return protocolWords.has(uri) ? uri : `urn:example:${this.#name("namespace", uri)}`;
  }

  condition(condition: string): string {
    return conditions.has(condition) ? condition : this.text(condition);
  }

  #name(kind: string, name: string, suffix = ""): string {
    const known = this.#known.get(`${kind} ${name}`);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const given = `${kind}${count}${suffix}`;
    this.#known.set(`${kind} ${name}`, given);
    return given;
  }
}

/** The server has withheld it already. */
export function isWithheld(text: string): boolean {
  return text === "[withheld]" || /^\[[\d,]+ characters?\]$/.test(text);
}

const conditions: ReadonlySet<string> = new Set([...saslErrorConditions, ...streamErrorConditions, ...Object.keys(stanzaErrorTypes)]);
const ruleParts: ReadonlySet<string> = new Set(Object.keys(deliveryTable));
