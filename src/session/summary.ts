/** One line about a session that lives. */
import { stateName } from "../../machines/state-name.ts";
import type { SessionSummary } from "../domain/session-summary.ts";
import type { SessionHost } from "./host.ts";

export function summaryOf(session: SessionHost): SessionSummary {
  const { snapshot, context } = session;
  const { username, host } = context;
  const bare = username === null ? null : `${username}@${host}`;
  const link = session.attached && !session.closed ? session.link : undefined;
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
