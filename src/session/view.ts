/** The documented session: its properties under their documented names, and its two methods. For people; nothing routes by it. */
import { stateName } from "../../machines/state-name.ts";
import type { SessionView } from "../domain/session-view.ts";
import { serialise } from "../xml/serialise.ts";
import type { SessionHost } from "./host.ts";

export function viewOf(host: SessionHost): SessionView {
  const { snapshot, link } = host;
  const { context } = snapshot;
  return {
    id: host.id,
    state: stateName(snapshot.value),
    type: snapshot.hasTag("c2s") ? "c2s" : snapshot.hasTag("c2s_unauthed") ? "c2s_unauthed" : null,
    notopen: snapshot.hasTag("notopen"),
    username: context.username,
    host: context.host,
    resource: context.resource,
    full_jid: host.connected ? host.jid.full : null,
    priority: context.priority,
    presence: host.available && host.presence !== undefined ? serialise(host.presence, "jabber:client") : null,
    interested: host.interested || null,
    roster: context.roster,
    conn: host.closed
      ? null
      : {
          address: link.remoteAddress,
          transport: link.transport,
          secure: link.secure?.protocol ?? null,
          since: host.since,
        },
  };
}
