/**
 * Finds dead links (RFC 6120 section 4.6): a client that was silent for long is asked whether it lives,
 * and closed with connection-timeout if nothing at all comes back in time.
 */
import type { Clock, Timer } from "../ports.ts";
import type { Batch, Step } from "../step/batch.ts";
import type { StanzaRouter } from "./environment.ts";
import type { SessionHost } from "./host.ts";

export interface SilenceOptions {
  readonly clock: Clock;
  readonly batch: Batch;
  readonly router: Pick<StanzaRouter, "livenessProbe">;
  readonly silenceMs: number;
  readonly answerMs: number;
  /** All sessions that live. */
  readonly sessions: Iterable<SessionHost>;
}

/** Starts looking. Returns the way to stop. */
export function watchSilence(options: SilenceOptions): () => void {
  const { clock, silenceMs, answerMs } = options;
  const everyMs = Math.max(10, Math.min(15_000, Math.floor(Math.min(silenceMs, answerMs) / 4)));
  const asked = new WeakMap<SessionHost, number>();
  let timer: Timer;
  const look = (): void => {
    for (const session of options.sessions) session.guarded(null, () => lookAt(session, options, asked));
    timer = clock.at(clock.now() + everyMs, look);
  };
  timer = clock.at(clock.now() + everyMs, look);
  return () => timer.cancel();
}

function lookAt(session: SessionHost, options: SilenceOptions, asked: WeakMap<SessionHost, number>): void {
  const { clock, batch, router, silenceMs, answerMs } = options;
  const now = clock.now();
  // While this side does not read, the client cannot be heard.
  if (session.held) session.heardAt = now;
  if (!session.connected || session.hibernating || now - session.heardAt < silenceMs) return;
  const askedAt = asked.get(session);
  // A client on this machine answers within the millisecond; only who was silent is asked, so that is an answer.
  if (askedAt === undefined || askedAt <= session.heardAt) {
    asked.set(session, now);
    batch.run(null, (step) => ask(session, step, router));
  } else if (now - askedAt >= answerMs) {
    session.giveUp("nothing was heard from the client for too long");
  }
}

/** A client that counts stanzas need not be sent one more (XEP-0198 section 4). */
function ask(session: SessionHost, step: Step, router: SilenceOptions["router"]): void {
  if (session.management.probe(step)) return;
  const probe = router.livenessProbe(session);
  if (probe !== undefined) session.deliver(step, probe);
}
