/** Every session that lives, connected or not: it begins with a link and is here until nothing is left of it but its log. */
import { parseJid } from "../domain/jid.ts";
import { stopSessionsMs } from "../domain/limits.ts";
import type { Clock } from "../ports.ts";
import type { Link } from "../xml/link.ts";
import type { SessionEnvironment } from "./environment.ts";
import { SessionHost } from "./host.ts";

export class Population implements Iterable<SessionHost> {
  readonly #clock: Clock;
  readonly #sessions = new Set<SessionHost>();
  #pressed = false;
  /** Nobody is let in any more. */
  #shut = false;
  #whenEmpty: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#sessions.size;
  }

  [Symbol.iterator](): Iterator<SessionHost> {
    return this.#sessions.values();
  }

  /** A session begins. After `shut` the link is dropped instead. */
  begin(environment: SessionEnvironment, link: Link): void {
    if (this.#shut) {
      link.destroy();
      return;
    }
    const session = new SessionHost(environment, link, (closed) => this.#remove(closed));
    this.#sessions.add(session);
    session.start();
    if (this.#pressed) session.hold("pressure");
  }

  /** Holds all input while too much is uncommitted. */
  press(high: boolean): void {
    this.#pressed = high;
    for (const session of this.#sessions) {
      if (high) session.hold("pressure");
      // What is let in may bring the pressure back; then the others stay held.
      else if (!this.#pressed) session.release("pressure");
    }
  }

  find(idOrFullJid: string): SessionHost | undefined {
    const jid = parseJid(idOrFullJid)?.full;
    return [...this.#sessions].find((session) => session.id === idOrFullJid || (session.connected && session.jid.full === jid));
  }

  removeAccount(host: string, username: string): void {
    for (const session of this.#sessions) {
      const { context } = session;
      if (context.host !== host || context.username !== username) continue;
      session.tellLater(null, ({ at }) => ({ type: "account.removed", at }));
    }
  }

  /** What is in memory is ahead of the disk: nobody goes on with it. */
  fail(): void {
    this.#shut = true;
    for (const session of this.#sessions) session.close("internal-server-error", "the server cannot store anything");
  }

  /** Sessions end with system-shutdown; those that have not after a while lose their links. Nobody is let in any more. */
  async stop(): Promise<void> {
    this.#shut = true;
    for (const session of this.#sessions) session.tellLater(null, ({ at }) => ({ type: "server.stopping", at }));
    await this.#emptied(stopSessionsMs);
    for (const session of this.#sessions) {
      // The machine has to know before the log is closed; the transport itself would tell too late.
      session.lost("the server stopped");
      session.link.destroy();
    }
  }

  #remove(session: SessionHost): void {
    this.#sessions.delete(session);
    if (this.#sessions.size === 0) this.#whenEmpty?.();
  }

  async #emptied(ms: number): Promise<void> {
    if (this.#sessions.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.at(this.#clock.now() + ms, resolve, true);
      this.#whenEmpty = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
