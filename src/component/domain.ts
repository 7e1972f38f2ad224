/** The domain of a component: a service of the house while the component is connected, and one that is away while it is not. */
import { parseJid, type Jid } from "../domain/jid.ts";
import { componentGoneAtOnce, componentReturnMs } from "../domain/limits.ts";
import type { Clock, Timer } from "../ports.ts";
import { nobody, serviceAway, type Sender, type Service, type Services } from "../service/services.ts";
import type { Batch, Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { clientNamespace, el, mayBeAnswered, stanzaError, type Stanza } from "../xml/stanza.ts";
import type { Addressed } from "./border.ts";
import { Shown } from "./shown.ts";

/** What components need of the rest of the server. */
export interface ComponentHost {
  readonly clock: Clock;
  readonly batch: Batch;
  readonly services: Services;
  /** Sends what a component sends; what comes back goes to `sender`. A promise means that something is loaded first; it never rejects. */
  send(step: Step, stanza: Addressed, sender: Sender): Promise<void> | undefined;
  /** Whether a bare JID has sessions here. */
  isOnline(bareJid: string): boolean;
  /** Which addresses of a domain the sessions that are here may have seen: contacts, and to whom they have sent directed presence. */
  beheld(domain: string): readonly Sight[];
  /** Nobody of this domain is in a room any more. */
  leaveRooms(step: Step, domain: string): void;
}

/** An address, and who sees it. */
export interface Sight {
  readonly from: string;
  readonly to: string;
}

/** The stream of a component whose handshake was good. */
export interface ComponentPeer extends Sender {
  /** Another one has taken its place (RFC 6120 section 4.9.3.3). */
  replaced(): void;
}

export class ComponentDomain implements Service {
  readonly domain: string;
  readonly secret: string;
  readonly hasContacts = true;
  readonly #host: ComponentHost;
  #peer: ComponentPeer | undefined;
  #shown = new Shown();
  /** It may come back as if nothing had been. */
  #returning: Timer | undefined;

  constructor(domain: string, secret: string, host: ComponentHost) {
    this.domain = domain;
    this.secret = secret;
    this.#host = host;
  }

  get away(): boolean {
    return this.#peer === undefined;
  }

  take(step: Step, stanza: Addressed, sender: Sender): undefined {
    if (this.#peer === undefined) {
      if (isMissed(stanza)) sender.deliver(step, stanzaError(stanza, serviceAway));
      return;
    }
    if (stanza.kind === "presence" && stanza.type === "unavailable" && stanza.from.resource !== undefined) this.#shown.forget(stanza.from);
    this.#peer.deliver(step, prepared(stanza));
  }

  /**
   * Who was told what before the server was killed is not known any more. Where the component does not come back soon, those who may see
   * its addresses are told that they are gone (RFC 6121 section 4.6.3), in the name of each contact as a whole.
   */
  sessionsRestored(): void {
    const seen = this.#host.beheld(this.domain);
    if (seen.length === 0 || this.#peer !== undefined) return;
    const { batch, clock } = this.#host;
    this.#returning = clock.at(clock.now() + componentReturnMs, () => {
      this.#returning = undefined;
      if (!batch.failed) batch.run(null, (step) => this.#tellGone(step, seen));
    });
  }

  /** Nobody is told anything later. */
  end(): void {
    this.#returning?.cancel();
    this.#returning = undefined;
  }

  /**
   * From now on it is this one: whoever proves to know the secret is the component, and the stream from before may be one that its machine
   * has lost long ago. `greet` runs before anything is given to it.
   */
  connect(step: Step, peer: ComponentPeer, greet: () => void): void {
    this.end();
    const former = this.#peer;
    if (former !== undefined) {
      this.#leave(step);
      former.replaced();
    }
    greet();
    this.#peer = peer;
  }

  /** Nothing is given to it any more. Whoever has seen its addresses is told that they are gone. */
  disconnect(peer: ComponentPeer): void {
    if (this.#peer !== peer) return;
    const { batch } = this.#host;
    if (batch.failed) this.#peer = undefined;
    else batch.run(null, (step) => this.#leave(step));
  }

  /** What it says of its addresses is remembered. False: of so many that there is no room for more. */
  note({ kind, type, from, to }: Addressed): boolean {
    if (kind !== "presence") return true;
    if (type === "unavailable") this.#shown.remove(from, to);
    // A room knows itself who is in it.
    const service = this.#host.services.get(to.domain);
    if (type !== "available" || (service !== undefined && service.hasContacts !== true)) return true;
    return this.#shown.add(from, to, (bareJid) => this.#host.isOnline(bareJid));
  }

  #leave(step: Step): void {
    this.#peer = undefined;
    const shown = this.#shown;
    this.#shown = new Shown();
    this.#host.leaveRooms(step, this.domain);
    this.#tellGone(step, shown.take());
  }

  /** Some now, the others in steps of their own. Who has been told meanwhile that the address is there again is not told that it is gone. */
  #tellGone(step: Step, seen: readonly Sight[]): void {
    const { batch, clock } = this.#host;
    for (const { from, to } of seen.slice(0, componentGoneAtOnce)) if (!this.#shown.has(from, to)) this.#tellOne(step, from, to);
    if (seen.length <= componentGoneAtOnce) return;
    const { id: cause } = step;
    clock.soon(() => {
      if (!batch.failed) batch.run(cause, (step) => this.#tellGone(step, seen.slice(componentGoneAtOnce)));
    });
  }

  #tellOne(step: Step, from: string, to: string): void {
    const [sender, target] = [parseJid(from), parseJid(to)];
    if (sender === undefined || target === undefined) return;
    // Who has no session has nobody to tell: nothing is loaded for it.
    if (this.#host.services.get(target.domain) === undefined && !this.#host.isOnline(target.bare)) return;
    void this.#host.send(step, { element: goneElement(sender, target), kind: "presence", type: "unavailable", id: undefined, from: sender, to: target }, nobody);
  }
}

/** Its addresses as they were understood: two readings of one are how one address passes for another. */
function prepared({ element, from, to }: Addressed): Element {
  if (element.attrs["from"] === from.full && element.attrs["to"] === to.full) return element;
  const copy = el(element.name, { ...element.attrs, from: from.full, to: to.full });
  copy.children = element.children;
  return copy;
}

function goneElement(from: Jid, to: Jid): Element {
  return el("presence", { xmlns: clientNamespace, type: "unavailable", from: from.full, to: to.full });
}

/** Whoever has sent it waits for something, or believes that somebody has read it. Of presence only what begins something is (RFC 6121 sections 3.1.2 and 4.6). */
function isMissed(stanza: Stanza): boolean {
  return stanza.kind === "presence" ? stanza.type === "available" || stanza.type === "subscribe" : mayBeAnswered(stanza);
}
