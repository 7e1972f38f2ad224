/** What has a domain of its own beside the hosts: rooms, components (XEP-0030 section 4 calls them items of the server). */
import type { Jid } from "../domain/jid.ts";
import type { DeliveryNote } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import type { Stanza } from "../xml/stanza.ts";

export interface Service {
  /** Prepared; no host's, and no other service's. */
  readonly domain: string;
  /** What service discovery lists it as. */
  readonly name: string;
  /**
   * Takes a stanza to its domain, or to an address of it, that has passed the border; answers too. A promise holds the sender's input
   * until it settles (RFC 6120 section 10.1), and has to be told of its own error. Presence of type unavailable comes from who is gone, too.
   */
  take(step: Step, stanza: Stanza & { readonly to: Jid }, sender: Sender): Promise<void> | undefined;
  /** Before the first session is restored. Rejects where that cannot be. */
  load?(): Promise<void>;
  /** Every session that lives on from before is in its place, and nobody was let in since. */
  sessionsRestored?(): void;
}

/** Who has sent a stanza to a service, and is to be answered. */
export interface Sender {
  /** Puts an element into its queue; after its end it goes nowhere. */
  deliver(step: Step, element: Element, note?: DeliveryNote): void;
}

/** Services by their domains. */
export class Services {
  readonly #byDomain = new Map<string, Service>();

  /** Throws if there is one of that domain. */
  add(service: Service): void {
    if (this.#byDomain.has(service.domain)) throw new Error(`${service.domain}: there are two services of that domain`);
    this.#byDomain.set(service.domain, service);
  }

  remove(service: Service): void {
    if (this.#byDomain.get(service.domain) === service) this.#byDomain.delete(service.domain);
  }

  get(domain: string): Service | undefined {
    return this.#byDomain.get(domain);
  }

  all(): Iterable<Service> {
    return this.#byDomain.values();
  }
}
