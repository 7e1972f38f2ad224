/** Every session that lives: it begins with a link, or is restored from the log, and is here until nothing is left of it but its log. */
import { parseJid } from "../domain/jid.ts";
import { stopSessionsMs } from "../domain/limits.ts";
import type { Clock } from "../ports.ts";
import type { Link } from "../xml/link.ts";
import type { SessionEnvironment } from "./environment.ts";
import { SessionHost } from "./host.ts";
import type { RestoredSession } from "./restored-session.ts";

export class Population implements Iterable<SessionHost> {
  readonly #clock: Clock;
  readonly #sessions = new Map<string, SessionHost>();
  #pressed = false;
  /** Nobody is let in any more. */
  #shut = false;
  #whenDetached: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#sessions.size;
  }

  [Symbol.iterator](): Iterator<SessionHost> {
    return this.#sessions.values();
  }

  /** By its id. */
  get(id: string): SessionHost | undefined {
    return this.#sessions.get(id);
  }

  /** A session begins. After `shut` the link is dropped instead. */
  begin(environment: SessionEnvironment, link: Link): void {
    if (this.#shut) {
      link.destroy();
      return;
    }
    const session = this.#add(environment, link);
    environment.tally.begun += 1;
    environment.observation.onBegun?.(session);
    session.start();
    if (this.#pressed) session.hold("pressure");
  }

  /** A session of the log goes on where it was. */
  restore(environment: SessionEnvironment, restored: RestoredSession): SessionHost {
    return this.#add(environment, restored);
  }

  /** Holds all input while too much is uncommitted. */
  press(high: boolean): void {
    this.#pressed = high;
    for (const session of this.#sessions.values()) {
      if (high) session.hold("pressure");
      // What is let in may bring the pressure back; then the others stay held.
      else if (!this.#pressed) session.release("pressure");
    }
  }

  find(idOrFullJid: string): SessionHost | undefined {
    const jid = parseJid(idOrFullJid)?.full;
    return this.#sessions.get(idOrFullJid) ?? [...this].find((session) => session.connected && session.jid.full === jid);
  }

  /** Those of an account that is no more, or will not be; all but `spared`, by its id. */
  removeAccount(host: string, username: string, spared?: string): void {
    for (const session of this.#of(host, username)) {
      if (session.id !== spared) session.tellLater(null, ({ at }) => ({ type: "account.removed", at }));
    }
  }

  /** RFC 6120 section 4.9.3.12: what they had been let in for does not hold any more. */
  disableAccount(host: string, username: string): void {
    for (const session of this.#of(host, username)) session.close("not-authorized", "the account was disabled");
  }

  /** Ends those of one device. */
  endDevice(host: string, username: string, device: string): void {
    for (const session of this.#of(host, username)) if (session.device === device) session.close("not-authorized", "the device may not log in without the password any more");
  }

  /** The devices that have one. */
  devices(host: string, username: string): ReadonlySet<string> {
    return new Set([...this.#of(host, username)].flatMap(({ device }) => device ?? []));
  }

  /** What is in memory is ahead of the disk: nobody goes on with it. */
  fail(): void {
    this.#shut = true;
    for (const session of this.#sessions.values()) session.close("internal-server-error", "the server cannot store anything");
  }

  /**
   * Sessions end with system-shutdown; those that can be resumed wait for the next start. Links that are still there after a while
   * are dropped. Nobody is let in any more.
   */
  async stop(): Promise<void> {
    this.#shut = true;
    // Who has no stream has nothing to be told, and is on the disk as it is.
    for (const session of this) if (!session.hibernating) session.tellLater(null, ({ at }) => ({ type: "server.stopping", at }));
    await this.#detached(stopSessionsMs);
    for (const session of this) {
      if (!session.attached) continue;
      // The machine has to know before the log is closed; the transport itself would tell too late.
      const { link } = session;
      session.lost("the server stopped");
      link.destroy();
    }
  }

  /** Everybody is forgotten as they are: what is on the disk says what was. */
  abandon(): void {
    this.#shut = true;
    for (const session of this) session.abandon();
    this.#sessions.clear();
  }

  #of(host: string, username: string): readonly SessionHost[] {
    return [...this].filter(({ context }) => context.host === host && context.username === username);
  }

  #add(environment: SessionEnvironment, origin: Link | RestoredSession): SessionHost {
    const session = new SessionHost(environment, origin, (changed) => this.#look(changed));
    this.#sessions.set(session.id, session);
    return session;
  }

  /** A session has no link any more, or is closed. */
  #look(session: SessionHost): void {
    if (session.closed) this.#sessions.delete(session.id);
    if (this.#whenDetached !== undefined && !this.#anyAttached()) this.#whenDetached();
  }

  #anyAttached(): boolean {
    for (const session of this) if (session.attached) return true;
    return false;
  }

  async #detached(ms: number): Promise<void> {
    if (!this.#anyAttached()) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.at(this.#clock.now() + ms, resolve, true);
      this.#whenDetached = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}
