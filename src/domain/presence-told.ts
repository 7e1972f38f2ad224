/** What a connected resource is told of another user's resources. */

import { isBarred, type PresenceParty, type PresenceResource } from "./presence-party.ts";
import type { PresenceVerdict, Reason, ToldBy, WatcherResourceView } from "./presence-explanation.ts";
import { reason } from "./presence-reasons.ts";

export function resourceView(
  watcher: PresenceParty,
  resource: PresenceResource,
  shower: PresenceParty,
  verdict: PresenceVerdict,
): WatcherResourceView {
  const { jid, available } = resource;
  const told = shower.resources.flatMap((shown) => {
    const by = toldBy(watcher, resource, shower, shown, verdict);
    return by === undefined ? [] : [{ jid: shown.jid.full, by }];
  });
  return { jid: jid.full, available, told, why: resourceReason(watcher, resource, shower, verdict, told) };
}

function toldBy(
  watcher: PresenceParty,
  to: PresenceResource,
  shower: PresenceParty,
  shown: PresenceResource,
  verdict: PresenceVerdict,
): ToldBy | undefined {
  const both = to.available && shown.available;
  if (verdict === "own") return both ? "own" : undefined;
  if (isBarred(watcher, to.jid, shower, shown.jid)) return undefined;
  // A subscription takes precedence (RFC 6121 section 4.6.1).
  if (both && verdict === "sees") return "subscription";
  if (shown.directed.includes(to.jid.full) || (to.available && shown.directed.includes(to.jid.bare))) return "directed";
  return both && verdict === "changes-only" ? "changes" : undefined;
}

function resourceReason(
  watcher: PresenceParty,
  { jid, available }: PresenceResource,
  shower: PresenceParty,
  verdict: PresenceVerdict,
  told: WatcherResourceView["told"],
): Reason {
  const [first] = told;
  if (first !== undefined) {
    const list = told.map(({ jid, by }) => `${jid}${remarks[by]}`);
    return reason(`is told of ${list.join(", ")}`, rules[first.by]);
  }
  const nothing = (why: string, rule: string) => reason(`is told nothing: ${why}`, rule);
  if (verdict === "blocked") return nothing("blocked", "XEP-0191 section 3.3");
  if (verdict === "foreign") return nothing("no presence comes from other servers", "RFC 6120 section 10.4.3");
  if (verdict === "component") return reason(`is told what the component ${shower.jid.domain} sends it`, "XEP-0114 section 2");
  if (verdict === "no-account") return nothing(`there is no account ${shower.jid.bare}`, "RFC 6121 section 8.5.1");
  const entitled = verdict === "own" || verdict === "sees" || verdict === "changes-only";
  if (!entitled) return nothing(`${shower.jid.bare} does not show itself to it`, "RFC 6121 section 4.2.2");
  if (!available) return nothing("it is not available itself", "RFC 6121 section 4.2.3");
  const shown = shower.resources.filter((resource) => resource.available);
  const barred = shown.some((resource) => isBarred(watcher, jid, shower, resource.jid));
  if (barred) return nothing("blocked", "XEP-0191 section 6");
  return nothing(`${shower.jid.bare} has no available resource`, "RFC 6121 section 4.3.2");
}

const remarks = { own: "", subscription: "", changes: " when it changes", directed: " by directed presence" } as const;
const rules = {
  own: "RFC 6121 section 4.2.2",
  subscription: "RFC 6121 section 4.2.3",
  changes: "RFC 6121 section 4.4.3",
  directed: "RFC 6121 section 4.6.4",
} as const;
