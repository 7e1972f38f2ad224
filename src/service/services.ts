/** What has a domain of its own beside the hosts: rooms, components (XEP-0030 section 4 calls them items of the server). */
import type { Jid } from "../domain/jid.ts";
import type { DeliveryNote } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import type { Stanza, StanzaFault } from "../xml/stanza.ts";

export interface Service {
  /** Prepared; no host's, and no other service's. */
  readonly domain: string;
  /** What service discovery lists it as, if by more than its domain. */
  readonly name?: string;
  /** Nobody is there to take anything now: it is a service that may come. What is sent to it is still for `take`, which says so. */
  readonly away?: boolean;
  /**
   * Its addresses are contacts as those of another server are: they have subscriptions to presence, and are sent directed presence also
   * at the domain itself. Without it only its addresses with a localpart take presence, and no subscriptions.
   */
  readonly hasContacts?: true;
  /**
   * Takes a stanza to its domain, or to an address of it, that has passed the border; answers too. A promise holds the sender's input
   * until it settles (RFC 6120 section 10.1), and has to be told of its own error. Presence of type unavailable comes from who is gone, too.
   */
  take(step: Step, stanza: Stanza & { readonly to: Jid }, sender: Sender): Promise<void> | undefined;
  /** Its promises are settled within `extensionAnswerMs`. Of others the sender's input is let go then. */
  readonly isPatient?: true;
  /** Before the first session is restored. Rejects where that cannot be. */
  load?(): Promise<void>;
  /** Every session that lives on from before is in its place, and nobody was let in since. */
  sessionsRestored?(): void;
}

/** Who has sent a stanza to a service, and is to be answered. */
export interface Sender {
  /** Puts an element into its queue; after its end it goes nowhere. */
  deliver(step: Step, element: Element, note?: DeliveryNote): void;
  /** false: it is over, and its address may be another's by now. */
  readonly connected?: boolean;
}

/** For what nobody wants to hear an answer to. */
export const nobody: Sender = { deliver: () => undefined };

/** RFC 6120 sections 8.3.3.17 and 10.4.3: the service is known, and no stream to it can be had. Its type is wait: it may come back. */
export const serviceAway: StanzaFault = { condition: "remote-server-timeout", text: "this service is not connected" };

/** Told of what a service has promised to take, and could not. */
export type OnServiceFailed = (error: unknown, service: Service, stanza: Stanza & { readonly to: Jid }) => void;

/** Services by their domains. */
export class Services {
  readonly #byDomain = new Map<string, Service>();
  readonly #onFailed: OnServiceFailed;

  constructor(onFailed: OnServiceFailed) {
    this.#onFailed = onFailed;
  }

  /** Gives a service what nobody waits for, and nobody wants to hear an answer to. */
  tell(step: Step, service: Service, stanza: Stanza & { readonly to: Jid }): void {
    service.take(step, stanza, nobody)?.catch((error: unknown) => this.#onFailed(error, service, stanza));
  }

  /** Throws if there is one of that domain. */
  add(service: Service): void {
    if (this.#byDomain.has(service.domain)) throw new Error(`${service.domain}: there are two services of that domain`);
    this.#byDomain.set(service.domain, service);
  }

  remove(service: Service): void {
    if (this.#byDomain.get(service.domain) === service) this.#byDomain.delete(service.domain);
  }

  /** The service of a bare or full JID whose addresses are contacts. */
  ofContact(jid: string): Service | undefined {
    const slash = jid.indexOf("/");
    const bare = slash === -1 ? jid : jid.slice(0, slash);
    const service = this.#byDomain.get(bare.slice(bare.indexOf("@") + 1));
    return service?.hasContacts === true ? service : undefined;
  }

  get(domain: string): Service | undefined {
    return this.#byDomain.get(domain);
  }

  all(): Iterable<Service> {
    return this.#byDomain.values();
  }
}
