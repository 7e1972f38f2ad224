/**
 * Links that come while nobody can be served. Who opens a stream is told to come back later; who has not said anything by then is let in
 * when there is somebody to serve it.
 */
import { openedBy } from "../session/border.ts";
import type { StreamErrorCondition } from "../domain/errors.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import type { Clock, Ids, Log, Timer } from "../ports.ts";
import type { Link, LinkHandler, StreamFault, StreamHeader } from "../xml/link.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace, el } from "../xml/stanza.ts";

export interface DoorkeeperOptions {
  readonly refused: CountRefusal;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Prepared domains; the first answers streams that name none (RFC 6120 section 4.9.1.3). */
  readonly hosts: readonly string[];
  /** Milliseconds that a link may say nothing. */
  readonly negotiationMs: number;
  /** Milliseconds until a peer that was turned away is not waited for any more. */
  readonly closingMs: number;
}

export class Doorkeeper {
  readonly #options: DoorkeeperOptions;
  readonly #visitors = new Set<Visitor>();

  constructor(options: DoorkeeperOptions) {
    this.#options = options;
  }

  receive(link: Link): void {
    this.#visitors.add(new Visitor(link, this.#options, (visitor) => this.#visitors.delete(visitor)));
  }

  /** Those who have not been turned away. */
  handOver(to: (link: Link) => void): void {
    for (const visitor of this.#visitors) {
      const link = visitor.release();
      if (link === undefined) continue;
      this.#visitors.delete(visitor);
      try {
        to(link);
      } catch (error) {
        link.destroy();
        this.#options.log.error({ err: error }, "a link that waited could not be let in and is closed");
      }
    }
  }

  close(): void {
    for (const visitor of this.#visitors) visitor.drop();
  }
}

class Visitor implements LinkHandler {
  readonly #link: Link;
  readonly #options: DoorkeeperOptions;
  readonly #onGone: (visitor: Visitor) => void;
  #turnedAway = false;
  #timer: Timer;

  constructor(link: Link, options: DoorkeeperOptions, onGone: (visitor: Visitor) => void) {
    this.#link = link;
    this.#options = options;
    this.#onGone = onGone;
    this.#timer = this.#after(options.negotiationMs, () => this.#turnAway(busy));
    link.attach(this);
  }

  release(): Link | undefined {
    if (this.#turnedAway) return undefined;
    this.#timer.cancel();
    return this.#link;
  }

  drop(): void {
    this.#timer.cancel();
    this.#link.destroy();
    this.#onGone(this);
  }

  // What the link tells.

  heard(): void {}

  opened(header: StreamHeader): void {
    this.#turnAway(busy, header);
  }

  element(): void {}

  failed(fault: StreamFault): void {
    if (fault.limit !== undefined) this.#options.refused(fault.limit);
    this.#turnAway(fault);
  }

  ended(): void {
    this.drop();
  }

  lost(): void {
    this.#timer.cancel();
    this.#onGone(this);
  }

  drained(): void {}

  /** RFC 6120 section 4.9.1.2: the error follows a header of this side, whatever the client has said. */
  #turnAway({ condition, text }: StreamFault, header?: StreamHeader): void {
    if (this.#turnedAway) return;
    this.#turnedAway = true;
    this.#timer.cancel();
    this.#link.write([this.#headerText(header), errorText(condition, text), this.#link.footerText]);
    this.#link.end();
    this.#timer = this.#after(this.#options.closingMs, () => this.#link.destroy());
  }

  #headerText(header: StreamHeader | undefined): string {
    const { hosts, clock, ids } = this.#options;
    const opened = header && openedBy(header, hosts, clock.now());
    const { host, from } = opened?.type === "stream.opened" ? opened : { host: null, from: null };
    // RFC 6120 section 4.7.5: a peer that names no version is told none.
    const version = header !== undefined && header.version === undefined ? undefined : "1.0";
    return this.#link.headerText({ from: host ?? hosts[0], to: from ?? undefined, id: ids.next(), version, lang: "en" });
  }

  #after(ms: number, task: () => void): Timer {
    return this.#options.clock.at(this.#options.clock.now() + ms, task);
  }
}

/** RFC 6120 section 4.9.3.17. */
const busy: StreamFault = { condition: "resource-constraint", text: "the server is recovering; try again in a moment" };

function errorText(condition: StreamErrorCondition, text: string): string {
  const xmlns = "urn:ietf:params:xml:ns:xmpp-streams";
  const reason = text === "" ? undefined : el("text", { xmlns, "xml:lang": "en" }, text);
  return serialise(el("stream:error", {}, el(condition, { xmlns }), reason), clientNamespace);
}
