/** What a session is by the state of its machine, as far as it is asked for with each stanza: remembered, for to derive it costs more. */
import { fullJid } from "../../machines/session-context.ts";
import type { SessionSnapshot } from "../../machines/fold.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import type { Clock } from "../ports.ts";

export class Standing {
  readonly #clock: Clock;
  #jid: Jid | undefined;
  #ending = false;
  #hibernating = false;
  #lostAt: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Full; undefined unless the session is connected. */
  get jid(): Jid | undefined {
    return this.#jid;
  }

  /** This side's stream is closed, or about to be within this step. */
  get ending(): boolean {
    return this.#ending;
  }

  /** The stream is lost, or was closed for a restart: nothing is written to it. */
  get hibernating(): boolean {
    return this.#hibernating;
  }

  /** Since when it is so, ms since 1970. */
  get lostAt(): number | undefined {
    return this.#lostAt;
  }

  /** After each event. */
  follow(snapshot: SessionSnapshot): void {
    this.#ending = snapshot.matches("closing") || snapshot.matches("closed");
    this.#hibernating = snapshot.matches({ connected: { link: "hibernating" } });
    if (!this.#hibernating) this.#lostAt = undefined;
    else this.#lostAt ??= this.#clock.now();
    if (!snapshot.hasTag("connected")) this.#jid = undefined;
    else if (this.#jid === undefined) this.#jid = parseJid(fullJid(snapshot.context));
  }

  /** Nothing is left of the session. */
  end(): void {
    this.#jid = undefined;
  }
}
