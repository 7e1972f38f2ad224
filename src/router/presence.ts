/** Who is told when a resource becomes available, changes or leaves (RFC 6121 section 4). */
import { parseJid } from "../domain/jid.ts";
import type { PresenceChange, Session } from "../session/environment.ts";
import type { Registry } from "../session/registry.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { clientNamespace, el } from "../xml/stanza.ts";

/** Tells the user's own available resources, and at the end everyone who was sent directed presence. */
export function broadcastPresence(registry: Registry, step: Step, session: Session, change: PresenceChange): void {
  const { jid } = change;
  const presence = change.element ?? el("presence", { xmlns: clientNamespace, type: "unavailable", from: jid.full });
  for (const own of registry.sessions(jid.bare)) {
    // On its way out of the connected state a session is told nothing any more.
    if (!own.connected) continue;
    if (own.available || own === session) own.deliver(step, addressed(presence, jid.bare));
    if (change.initial && own !== session && own.presence !== undefined && own.available) {
      session.deliver(step, addressed(own.presence, jid.bare));
    }
  }
  if (!change.available) for (const to of change.directed) tellDirected(registry, step, presence, to);
}

/** RFC 6121 section 4.6.3. An account without sessions has nobody to tell. */
function tellDirected(registry: Registry, step: Step, presence: Element, to: string): void {
  const target = parseJid(to);
  if (target === undefined) return;
  for (const session of registry.sessions(target.bare)) {
    if (!session.connected) continue;
    const matches = target.resource === undefined ? session.available : session.resource === target.resource;
    if (matches) session.deliver(step, addressed(presence, to));
  }
}

/** The stanza with another `to`; its children are shared. */
function addressed(presence: Element, to: string): Element {
  const copy = el(presence.name, { ...presence.attrs, to });
  copy.children = presence.children;
  return copy;
}
