/** External components (XEP-0114): each has a domain beside the hosts, proves who it is by a secret, and is a service of the house. */
import type { XmlLimits } from "../domain/limits.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import type { Ids, Log } from "../ports.ts";
import type { Link } from "../xml/link.ts";
import { Attempts } from "./attempts.ts";
import { ComponentDomain, type ComponentHost } from "./domain.ts";
import { ComponentStream, type StreamOptions } from "./stream.ts";

export interface ComponentsOptions {
  /** Domains that are prepared, and no host's or other service's. */
  readonly components: readonly { readonly domain: string; readonly secret: string }[];
  readonly host: ComponentHost;
  readonly ids: Ids;
  readonly log: Log;
  readonly refused: CountRefusal;
  /** Of a component that is connected. */
  readonly limits: XmlLimits;
  readonly negotiationMs: number;
  readonly closingMs: number;
}

export class Components {
  readonly #options: StreamOptions;
  readonly #streams = new Set<ComponentStream>();
  readonly #domains: readonly ComponentDomain[];
  #pressed = false;

  /** Throws where there is another service of such a domain. */
  constructor({ components, ...options }: ComponentsOptions) {
    const domains = new Map(components.map(({ domain, secret }) => [domain, new ComponentDomain(domain, secret, options.host)]));
    this.#domains = [...domains.values()];
    for (const domain of this.#domains) options.host.services.add(domain);
    this.#options = {
      ...options,
      attempts: new Attempts(),
      find: (domain) => domains.get(domain),
      onGone: (stream) => this.#streams.delete(stream),
    };
  }

  /** Those that are connected. */
  get connected(): number {
    return [...this.#streams].filter(({ isOpen }) => isOpen).length;
  }

  /** Domains of the others. */
  get away(): readonly string[] {
    return this.#domains.filter(({ away }) => away).map(({ domain }) => domain);
  }

  begin(link: Link): void {
    const stream = new ComponentStream(link, this.#options);
    this.#streams.add(stream);
    if (this.#pressed) stream.press(true);
    stream.start();
  }

  /** Too much is uncommitted (true), or no longer. */
  press(high: boolean): void {
    this.#pressed = high;
    // What is let in may bring the pressure back; then the others stay held.
    for (const stream of this.#streams) if (high || !this.#pressed) stream.press(high);
  }

  /** Whoever sees their addresses is told that they are gone, and they that the server is. */
  stop(): void {
    this.#endDomains();
    for (const stream of this.#streams) stream.close({ condition: "system-shutdown", text: "" });
  }

  /** The store is lost. */
  fail(): void {
    this.#endDomains();
    for (const stream of this.#streams) stream.fail({ condition: "internal-server-error", text: "" });
  }

  /** Whatever is left of them. */
  abandon(): void {
    this.#endDomains();
    for (const stream of this.#streams) stream.abandon();
  }

  #endDomains(): void {
    for (const domain of this.#domains) domain.end();
  }
}
