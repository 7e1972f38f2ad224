/** The stream of a component (XEP-0114 section 3): header, handshake, stanzas. It has no features, and nothing of it is kept when it is gone. */
import { parseJid } from "../domain/jid.ts";
import type { XmlLimits } from "../domain/limits.ts";
import { countFault, type CountRefusal } from "../domain/refusals.ts";
import type { Ids, Log, Timer } from "../ports.ts";
import { Attachment, type LinkOwner } from "../session/attachment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import type { Link, StreamFault, StreamHeader } from "../xml/link.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace, mayBeAnswered, stanzaError, type Stanza, type StanzaFault } from "../xml/stanza.ts";
import type { Attempts } from "./attempts.ts";
import { checkComponentStanza } from "./border.ts";
import type { ComponentDomain, ComponentHost, ComponentPeer } from "./domain.ts";
import { isHandshake } from "./handshake.ts";
import { streamErrorText } from "./refusal.ts";

export interface StreamOptions {
  readonly host: ComponentHost;
  readonly ids: Ids;
  readonly log: Log;
  readonly attempts: Attempts;
  /** Told of what limits refuse. */
  readonly refused: CountRefusal;
  /** From the handshake on. */
  readonly limits: XmlLimits;
  /** Milliseconds from the connection to a good handshake, and for a closed stream to end. */
  readonly negotiationMs: number;
  readonly closingMs: number;
  /** undefined: there is no such component. */
  readonly find: (domain: string) => ComponentDomain | undefined;
  readonly onGone: (stream: ComponentStream) => void;
}

type State =
  | { readonly name: "awaitingHeader" }
  | { readonly name: "awaitingHandshake"; readonly id: string; readonly domain: ComponentDomain }
  | { readonly name: "open"; readonly domain: ComponentDomain }
  | { readonly name: "closed" };

export class ComponentStream implements LinkOwner, ComponentPeer {
  readonly #options: StreamOptions;
  readonly #attachment: Attachment;
  #state: State = { name: "awaitingHeader" };
  #headerSent = false;
  #timer: Timer;

  constructor(link: Link, options: StreamOptions) {
    this.#options = options;
    this.#attachment = new Attachment(link, options.host.clock, this);
    this.#timer = this.#after(options.negotiationMs, () => this.close({ condition: "connection-timeout", text: "no handshake came in time", limit: "session.negotiationTimeoutMs" }));
  }

  get isOpen(): boolean {
    return this.#state.name === "open";
  }

  /** Begins to read. */
  start(): void {
    this.#attachment.start();
  }

  /** Holds its input, or lets it in again: too much is uncommitted. */
  press(high: boolean): void {
    if (high) this.#attachment.hold("pressure");
    else this.#attachment.unhold("pressure");
  }

  // What the server gives.

  deliver(step: Step, element: Element): void {
    if (this.#state.name === "open") this.#attachment.output(step, serialise(element, clientNamespace));
  }

  replaced(): void {
    this.#end({ condition: "conflict", text: "the component has connected again" });
  }

  /** Says why, if there is a reason, after all that it was given. */
  close(fault?: StreamFault): void {
    const state = this.#state;
    if (state.name === "open") {
      const { domain } = state.domain;
      this.#options.log.info({ event: "component.closed", domain, condition: fault?.condition }, `the stream of the component ${domain} is closed${fault === undefined ? "" : `: ${fault.condition}${fault.text === "" ? "" : `, ${fault.text}`}`}`);
      state.domain.disconnect(this);
    }
    this.#end(fault);
  }

  /** At once, whatever it was given: what waits will never be durable. */
  fail(fault: StreamFault): void {
    if (this.#state.name === "closed") return;
    this.#leaveOpen();
    const { link } = this.#attachment;
    const header = this.#headerText();
    this.#attachment.release();
    this.#options.onGone(this);
    link.write([...header, streamErrorText(fault), link.footerText]);
    link.end();
    this.#options.host.clock.at(this.#options.host.clock.now() + this.#options.closingMs, () => link.destroy());
  }

  abandon(): void {
    this.#leaveOpen();
    this.#attachment.drop();
  }

  // What the link tells.

  /** White space is all that keeps such a stream alive: it is no stanza, and needs no answer. */
  heard(): void {}

  opened(header: StreamHeader): void {
    if (this.#state.name !== "awaitingHeader") return;
    const { ids, attempts, find, host: { clock } } = this.#options;
    const { link } = this.#attachment;
    const to = parseJid(header.to ?? "");
    const domain = to === undefined || to.full !== to.domain ? undefined : find(to.domain);
    const id = ids.next();
    this.#write(...this.#headerText(id, domain?.domain));
    if (domain === undefined) {
      const named = (to?.full ?? header.to ?? "").slice(0, namedCharsMax);
      this.#options.log.warn({ event: "component.refused", domain: named, from: link.remoteAddress }, `somebody at ${link.remoteAddress} wanted to be the component ${JSON.stringify(named)}, which is none of \`components\``);
      return this.close({ condition: "host-unknown", text: `no component ${JSON.stringify(named)} is configured here` });
    }
    if (attempts.areTooMany(link.remoteAddress, domain.domain, clock.now())) {
      return this.close({ condition: "policy-violation", text: "too many wrong secrets; try again in a while", limit: "componentAttemptsMax" });
    }
    this.#state = { name: "awaitingHandshake", id, domain };
  }

  element(element: Element): void {
    const state = this.#state;
    if (state.name === "awaitingHandshake") this.#takeHandshake(state.id, state.domain, element);
    else if (state.name === "open") this.#takeStanza(state.domain, element);
  }

  failed(fault: StreamFault): void {
    this.close(fault);
  }

  ended(): void {
    this.close();
  }

  lost(why: string): void {
    if (this.#state.name === "open") {
      this.#options.log.info({ event: "component.lost", domain: this.#state.domain.domain, why }, `the component ${this.#state.domain.domain} has lost its connection: ${why}`);
    }
    this.#leaveOpen();
    this.#timer.cancel();
    this.#options.onGone(this);
  }

  /** Only sessions have receipts. */
  received(): void {}

  stuck(bytes: number): void {
    const state = this.#state;
    const domain = "domain" in state ? state.domain.domain : undefined;
    this.#options.log.warn({ event: "component.stuck", domain, bytes }, `the component ${domain} does not take what it is sent, and is cut off`);
  }

  broke(error: unknown): void {
    this.#options.log.error({ err: error }, "the stream of a component met an error and is closed");
    this.#attachment.drop();
  }

  #takeHandshake(id: string, domain: ComponentDomain, element: Element): void {
    const { host, attempts, limits, log } = this.#options;
    const { link } = this.#attachment;
    const isOne = element.name === "handshake" && element.attrs["xmlns"] === clientNamespace;
    // RFC 6120 section 4.9.3.12.
    if (!isOne) return this.close({ condition: "not-authorized", text: "a handshake comes first" });
    if (!isHandshake(element.getText().trim(), id, domain.secret)) {
      attempts.failed(link.remoteAddress, domain.domain, host.clock.now());
      log.warn({ event: "component.refused", domain: domain.domain, from: link.remoteAddress }, `somebody at ${link.remoteAddress} wanted to be the component ${domain.domain}, with another secret`);
      return this.close({ condition: "not-authorized", text: "this is not the secret" });
    }
    this.#timer.cancel();
    link.setLimits(limits);
    host.batch.run(null, (step) => {
      domain.connect(step, this, () => {
        this.#state = { name: "open", domain };
        this.#attachment.output(step, "<handshake/>");
      });
    });
    log.info({ event: "component.connected", domain: domain.domain, from: link.remoteAddress }, `the component ${domain.domain} is connected`);
  }

  #takeStanza(domain: ComponentDomain, element: Element): void {
    if (element.name === "error" && element.attrs["xmlns"] === streamNamespace) return this.close();
    const checked = checkComponentStanza(element, domain.domain);
    if ("streamFault" in checked) return this.close(checked.streamFault);
    const { host, log } = this.#options;
    const { stanza, fault } = checked;
    if (fault !== undefined) return this.#refuse(stanza, fault);
    if (!domain.note(stanza)) return this.#refuse(stanza, { condition: "resource-constraint", text: "presence was sent to too many already; take some back", limit: "componentPresencesMax" });
    try {
      const waiting = host.batch.run(null, (step) => host.send(step, stanza, this));
      if (waiting === undefined) return;
      // RFC 6120 section 10.1: what it sends next does not overtake this.
      this.#attachment.hold("routing");
      void waiting.finally(() => this.#attachment.unhold("routing"));
    } catch (error) {
      // The step is discarded, and with it this stanza; the component has others to serve.
      log.error({ err: error, domain: domain.domain }, `a stanza of the component ${domain.domain} could not be dealt with`);
      this.#refuse(stanza, { condition: "internal-server-error", text: "" });
    }
  }

  #refuse(stanza: Stanza, fault: StanzaFault): void {
    countFault(this.#options.refused, fault);
    if (mayBeAnswered(stanza)) this.#options.host.batch.run(null, (step) => this.deliver(step, stanzaError(stanza, fault)));
  }

  /** Nothing that it says is listened to any more. */
  #end(fault: StreamFault | undefined): void {
    if (this.#state.name === "closed") return;
    this.#state = { name: "closed" };
    if (fault !== undefined) countFault(this.#options.refused, fault);
    const { link, outbox } = this.#attachment;
    this.#timer.cancel();
    this.#write(...this.#headerText(), ...(fault === undefined ? [] : [streamErrorText(fault)]), link.footerText, () => outbox.whenWritten(() => link.end(), () => link.end()));
    this.#timer = this.#after(this.#options.closingMs, () => this.#attachment.drop());
  }

  #leaveOpen(): void {
    const state = this.#state;
    this.#state = { name: "closed" };
    if (state.name === "open") state.domain.disconnect(this);
  }

  /** RFC 6120 section 4.9.1.2: an error follows a header. Nothing where that has been sent. */
  #headerText(id = this.#options.ids.next(), from?: string): readonly string[] {
    if (this.#headerSent) return [];
    this.#headerSent = true;
    return [this.#attachment.link.headerText({ id, from, to: undefined, version: undefined, lang: undefined })];
  }

  #write(...texts: readonly (string | (() => void))[]): void {
    this.#options.host.batch.run(null, (step) => {
      for (const text of texts) {
        if (typeof text === "string") this.#attachment.output(step, text);
        else step.afterwards(text);
      }
    });
  }

  #after(ms: number, task: () => void): Timer {
    const { clock } = this.#options.host;
    return clock.at(clock.now() + ms, task);
  }
}

/** Of what a stranger calls itself. */
const namedCharsMax = 200;
const streamNamespace = "http://etherx.jabber.org/streams";
