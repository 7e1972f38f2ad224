/** One XML stream over a WebSocket (RFC 7395), from its header to a bound resource: SCRAM-SHA-256 or nothing. */
import type { PageClock } from "../model/contract.ts";
import { Management, type Resumption } from "./management.ts";
import { ns } from "./namespaces.ts";
import { saslData, saslText, scram, ScramError, type Scram } from "./scram.ts";
import { childOf, childrenOf, elementsOf, readElement, textOf, xml, XmlError, type Markup, type XmlElement } from "./xml.ts";

export interface StreamSocket {
  send(text: string): void;
  close(): void;
}

export interface StreamParts {
  /** Opens a WebSocket of subprotocol xmpp. `closed` is told once, also where it never opened. */
  connect(handlers: { opened(): void; text(text: string): void; closed(reason: string): void }): StreamSocket;
  /** Printable, without commas, another one each time; nobody can guess it. */
  nonce(): string;
  readonly clock: PageClock;
}

export interface Account {
  readonly username: string;
  readonly domain: string;
  readonly password: string;
}

export interface StreamHandlers {
  /** A resource is bound: its full JID. */
  online(jid: string): void;
  /** Stanzas, from then on. */
  stanza(stanza: XmlElement): void;
  /** The session is there again, and knows nothing of the time between. */
  resumed(): void;
  /**
   * Told once, with words for people, "" where it was asked for. `refused`: the name or the password is wrong. `resumption`: the session is still
   * there, as far as is known.
   */
  ended(why: string, refused: boolean, resumption: Resumption | undefined): void;
}

/** From the first byte to a bound resource. */
const signInMsMax = 20_000;

export class Stream {
  readonly #account: Account;
  readonly #handlers: StreamHandlers;
  readonly #scram: Scram;
  readonly #socket: StreamSocket;
  /** What the next element is taken for. */
  #next: (element: XmlElement) => void | Promise<void> = (element) => this.#header(element);
  #authenticated = false;
  #management: Management | undefined;
  /** What is to be resumed before anything else is tried. */
  #resumption: Resumption | undefined;
  #ended = false;
  #cancel: () => void;

  constructor(parts: StreamParts, account: Account, handlers: StreamHandlers, resumption?: Resumption) {
    this.#resumption = resumption;
    this.#account = account;
    this.#handlers = handlers;
    this.#scram = scram(account.username, account.password, parts.nonce());
    this.#cancel = parts.clock.after(signInMsMax, () => this.#lose("the server did not answer in time"));
    this.#socket = parts.connect({
      opened: () => this.#open(),
      text: (text) => this.#take(text),
      closed: (reason) => this.#lose(reason === "" ? "the link was lost" : reason),
    });
  }

  /** Stanzas. */
  send(stanza: Markup): void {
    for (const each of this.#management?.sent(stanza) ?? [stanza]) this.#write(each);
  }

  /** In order; nothing is heard of it any more but its end. */
  close(): void {
    this.#end("");
  }

  /** As when the network goes away: the server is told nothing. */
  cut(): void {
    this.#lose("the link was cut");
  }

  #write(element: Markup): void {
    if (!this.#ended) this.#socket.send(element.markup);
  }

  // RFC 7395 section 3.4.
  #open(): void {
    this.#write(xml("open", { xmlns: ns.framing, to: this.#account.domain, version: "1.0" }));
    this.#next = (element) => this.#header(element);
  }

  #take(text: string): void {
    if (this.#ended) return;
    let element: XmlElement;
    try {
      element = readElement(text);
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
      return this.#end(`the server said what cannot be read: ${error.message}`);
    }
    if (is(element, "close", ns.framing)) return this.#end("the server closed the stream");
    if (is(element, "error", ns.streams)) {
      const why = `the server ended the stream: ${conditionIn(element, ns.streamErrors)}`;
      // Of these a session is kept that can be resumed.
      return childOf(element, "system-shutdown", ns.streamErrors) === undefined ? this.#end(why) : this.#lose(why);
    }
    void this.#step(element);
  }

  async #step(element: XmlElement): Promise<void> {
    try {
      await this.#next(element);
    } catch (error) {
      // What is wrong with one answer ends this stream, and nothing else.
      this.#end(error instanceof ScramError ? error.message : `this page met an error: ${String(error)}`);
    }
  }

  #header(element: XmlElement): void {
    if (!is(element, "open", ns.framing)) return this.#unexpected(element);
    this.#next = (features) => this.#features(features);
  }

  #features(element: XmlElement): void {
    if (!is(element, "features", ns.streams)) return this.#unexpected(element);
    if (this.#authenticated && this.#resumption !== undefined && childOf(element, "sm", ns.management) !== undefined) return this.#resume(this.#resumption, element);
    if (this.#authenticated) return this.#bind(element);
    const mechanisms = childOf(element, "mechanisms", ns.sasl);
    const offered = mechanisms === undefined ? [] : childrenOf(mechanisms, "mechanism").map(textOf);
    // Never a weaker one: whoever strikes it from the list gets no password.
    if (!offered.includes("SCRAM-SHA-256")) return this.#end("the server does not offer SCRAM-SHA-256");
    this.#write(xml("auth", { xmlns: ns.sasl, mechanism: "SCRAM-SHA-256" }, saslData(this.#scram.first)));
    this.#next = (challenge) => this.#challenged(challenge);
  }

  async #challenged(element: XmlElement): Promise<void> {
    if (is(element, "failure", ns.sasl)) return this.#refused(element);
    if (!is(element, "challenge", ns.sasl)) return this.#unexpected(element);
    // Nothing may come before the answer.
    this.#next = (early) => this.#unexpected(early);
    const answer = await this.#scram.answer(saslText(textOf(element) ?? ""));
    this.#next = (outcome) => this.#outcome(outcome);
    this.#write(xml("response", { xmlns: ns.sasl }, saslData(answer)));
  }

  #outcome(element: XmlElement): void {
    if (is(element, "failure", ns.sasl)) return this.#refused(element);
    if (!is(element, "success", ns.sasl)) return this.#unexpected(element);
    if (!this.#scram.proves(saslText(textOf(element) ?? ""))) return this.#end("the server did not prove that it knows this account");
    this.#authenticated = true;
    this.#open();
  }

  #refused(element: XmlElement): void {
    const why = conditionIn(element, ns.sasl);
    this.#end(why.startsWith("not-authorized") ? "the name or the password is wrong" : `the server refuses the login: ${why}`, true);
  }

  /** The resource is the server's choice: no other page of the same user loses its own. */
  #bind(features: XmlElement): void {
    if (childOf(features, "bind", ns.bind) === undefined) return this.#end("the server does not offer to bind a resource");
    this.#write(xml("iq", { xmlns: ns.client, type: "set", id: "bind" }, xml("bind", { xmlns: ns.bind })));
    this.#next = (element) => this.#bound(element, childOf(features, "sm", ns.management) !== undefined);
  }

  #bound(element: XmlElement, managed: boolean): void {
    if (!is(element, "iq", ns.client) || element.attributes.get("id") !== "bind") return this.#unexpected(element);
    const bind = childOf(element, "bind", ns.bind);
    const jid = bind && textOf(childOf(bind, "jid"));
    if (element.attributes.get("type") !== "result" || jid === undefined) return this.#end(`the server binds no resource: ${stanzaError(element)}`);
    this.#cancel();
    this.#next = (stanza) => this.#stanza(stanza);
    if (managed) {
      const management = new Management();
      this.#write(management.enable);
      this.#management = management;
    }
    this.#handlers.online(jid);
  }

  #resume(resumption: Resumption, features: XmlElement): void {
    this.#write(resumption.management.resume);
    this.#next = (element) => {
      if (!["resumed", "failed"].includes(element.name) || element.namespace !== ns.management) return this.#unexpected(element);
      const rest = resumption.management.rest(element);
      this.#resumption = undefined;
      if (element.name === "failed") return this.#anew(features, rest);
      this.#cancel();
      this.#management = resumption.management;
      this.#next = (stanza) => this.#stanza(stanza);
      for (const stanza of rest) this.#write(stanza);
      this.#handlers.resumed();
    };
  }

  /** The session is gone. What was said in it and did not come is said again; what was asked is over. */
  #anew(features: XmlElement, rest: readonly Markup[]): void {
    this.#bind(features);
    const bound = this.#next;
    this.#next = async (element) => {
      await bound(element);
      for (const stanza of rest) if (stanza.markup.startsWith("<message ")) this.send(stanza);
    };
  }

  #stanza(stanza: XmlElement): void {
    if (stanza.namespace === ns.management) {
      for (const answer of this.#management?.take(stanza) ?? []) this.#write(answer);
    } else if (stanza.namespace === ns.client) {
      this.#management?.stanza();
      this.#handlers.stanza(stanza);
    }
  }

  #unexpected({ name }: XmlElement): void {
    this.#end(`the server said <${name}/> where it has no place`);
  }

  #end(why: string, refused = false): void {
    try {
      this.#write(xml("close", { xmlns: ns.framing }));
    } catch {
      // It never opened.
    }
    this.#over(why, refused, undefined);
  }

  /** Without a last word, so that the session lives on. */
  #lose(why: string): void {
    this.#over(why, false, this.#management?.resumption ?? this.#resumption);
  }

  #over(why: string, refused: boolean, resumption: Resumption | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancel();
    this.#socket.close();
    this.#handlers.ended(why, refused, resumption);
  }
}

export function is(element: XmlElement, name: string, namespace: string): boolean {
  return element.name === name && element.namespace === namespace;
}

/** What a stanza of type error says, in words: `item-not-found (There is nobody of this name.)`. */
export function stanzaError(stanza: XmlElement): string {
  const error = childOf(stanza, "error");
  return error === undefined ? "it does not say why" : conditionIn(error, ns.stanzaErrors);
}

function conditionIn(error: XmlElement, namespace: string): string {
  const condition = elementsOf(error).find((child) => child.namespace === namespace && child.name !== "text");
  const text = textOf(childOf(error, "text", namespace));
  return `${condition?.name ?? "it does not say why"}${text === undefined || text === "" ? "" : ` (${text})`}`;
}
