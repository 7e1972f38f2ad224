/** One line about a session that lives. */
import type { SessionSnapshot } from "../../machines/fold.ts";
import { stateName } from "../../machines/state-name.ts";
import type { SessionSummary } from "../domain/session-summary.ts";
import type { Link } from "../xml/link.ts";
import type { SessionHost } from "./host.ts";

export function summaryOf(session: SessionHost): SessionSummary {
  const { snapshot, context } = session;
  const { username, host } = context;
  const bare = username === null ? null : `${username}@${host}`;
  const link = linkOf(session);
  return {
    id: session.id,
    jid: session.connected ? session.jid.full : bare,
    state: stateName(snapshot.value),
    tags: [...snapshot.tags],
    address: link?.remoteAddress ?? null,
    secure: link?.secure?.protocol ?? null,
    since: session.since,
    received: session.receivedElements,
    delivered: session.deliveredStanzas,
    queue: session.management.queue?.stanzas.length ?? null,
  };
}

/** Remembers them: of thousands of sessions that are looked at again and again few have changed, and those that have not are the same objects. */
export class Summaries {
  readonly #known = new WeakMap<SessionHost, { readonly snapshot: SessionSnapshot; readonly link: Link | undefined; readonly summary: SessionSummary }>();

  of(session: SessionHost): SessionSummary {
    const known = this.#known.get(session);
    const { snapshot } = session;
    const link = linkOf(session);
    // Who a session is, what it may do and how it is secured changes with its state alone.
    if (known !== undefined && known.snapshot === snapshot && known.link === link && hasCounted(session, known.summary)) return known.summary;
    const summary = summaryOf(session);
    this.#known.set(session, { snapshot, link, summary });
    return summary;
  }
}

function linkOf(session: SessionHost): Link | undefined {
  return session.attached && !session.closed ? session.link : undefined;
}

function hasCounted({ receivedElements, deliveredStanzas, management }: SessionHost, { received, delivered, queue }: SessionSummary): boolean {
  return receivedElements === received && deliveredStanzas === delivered && (management.queue?.stanzas.length ?? null) === queue;
}
