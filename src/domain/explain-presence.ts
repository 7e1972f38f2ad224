/** Who sees whose presence, and by which rule: what the server does about it, said in words. Nothing is decided by it. */

import type { DirectionView, PresenceExplanation, PresenceVerdict, Reason } from "./presence-explanation.ts";
import { directors, isBarred, partyView, type PresenceParty } from "./presence-party.ts";
import {
  approvalReasons,
  availabilityReasons,
  blockersOf,
  blockReasons,
  componentReasons,
  connectedText,
  directedReasons,
  foreignReasons,
  missingReasons,
  nameOf,
  reason,
  rosterReasons,
} from "./presence-reasons.ts";
import { resourceView } from "./presence-told.ts";
import { seesContact, showsToContact, subscriptionParts } from "./subscription.ts";

/** Pure. `running`: whether a server runs, so that resources could be connected. */
export function explainPresence(a: PresenceParty, b: PresenceParty, running: boolean): PresenceExplanation {
  if (a.jid.equals(b.jid)) return { running, parties: [partyView(a, b)], directions: [explainOwn(a, running)] };
  return {
    running,
    parties: [partyView(a, b), partyView(b, a)],
    directions: [explainDirection(a, b, running), explainDirection(b, a, running)],
  };
}

/** What the two rosters say together, of one direction. */
interface Cell {
  readonly verdict: PresenceVerdict;
  readonly agree: boolean;
  /** What comes of it, for the bare JIDs of who watches and of who is watched. */
  readonly follows?: (watcher: string, shower: string) => Reason;
}

/** What the watcher's roster says, and what the shower's says. What is sent is decided by the latter (RFC 6121 section 4.2.2). */
const cells: Readonly<Record<"sees" | "asked" | "not", Readonly<Record<"shows" | "asked" | "not", Cell>>>> = {
  sees: {
    shows: { verdict: "sees", agree: true },
    asked: { verdict: "not-shown", agree: false, follows: endsWithProbe },
    not: { verdict: "not-shown", agree: false, follows: endsWithProbe },
  },
  asked: {
    shows: { verdict: "changes-only", agree: false, follows: isGranted },
    asked: { verdict: "waiting", agree: true, follows: waits },
    not: { verdict: "not-heard", agree: false, follows: isLost },
  },
  not: {
    shows: { verdict: "changes-only", agree: false, follows: isGranted },
    asked: { verdict: "not-subscribed", agree: false, follows: isForgotten },
    not: { verdict: "not-subscribed", agree: true },
  },
};

function endsWithProbe(watcher: string, shower: string): Reason {
  const text = `${watcher} takes itself for a subscriber of ${shower}; the next probe ends that, then it can ask again`;
  return reason(`the rosters disagree: ${text}`, "RFC 6121 section 4.3.2");
}

function isGranted(watcher: string, shower: string): Reason {
  const text = `${shower} takes ${watcher} for a subscriber, ${watcher} does not; if it asks, it is answered at once`;
  return reason(`the rosters disagree: ${text}`, "RFC 6121 section 3.1.3");
}

function waits(watcher: string, shower: string): Reason {
  const text = `the request of ${watcher} is shown to each resource of ${shower} that becomes available, until it is answered`;
  return reason(text, "RFC 6121 section 3.1.3");
}

function isLost(watcher: string, shower: string): Reason {
  const text = `${watcher} waits for an answer, and no request waits with ${shower}; it has to ask again`;
  return reason(`the rosters disagree: ${text}`, "RFC 6121 section 3.1.2");
}

function isForgotten(watcher: string, shower: string): Reason {
  const text = `a request of ${watcher} waits with ${shower}, and ${watcher} knows of none, so that an approval would be ignored`;
  return reason(`the rosters disagree: ${text}`, "RFC 6121 section 3.1.6");
}

function explainDirection(watcher: PresenceParty, shower: PresenceParty, running: boolean): DirectionView {
  const cell = cellOf(watcher, shower);
  const verdict = verdictOf(watcher, shower, cell);
  const [from, to] = [watcher.jid.bare, shower.jid.bare];
  return {
    watcher: from,
    shower: to,
    verdict,
    rostersAgree: cell?.agree ?? null,
    summary: summaryOf(watcher, shower, verdict, running),
    why: [
      ...rosterReasons(watcher, shower),
      ...(cell?.follows === undefined ? [] : [cell.follows(from, to)]),
      ...approvalReasons(watcher, shower),
      ...blockReasons(watcher, shower),
      ...foreignReasons(watcher, shower),
      ...componentReasons(watcher, shower),
      ...missingReasons(watcher, shower),
      ...availabilityReasons(shower, running),
      ...directedReasons(watcher, shower),
    ],
    resources: watcher.resources.map((resource) => resourceView(watcher, resource, shower, verdict)),
  };
}

/** RFC 6121 section 4.2.2: everybody sees their own presence, whatever is in the roster or blocked (XEP-0191 section 5). */
function explainOwn(party: PresenceParty, running: boolean): DirectionView {
  const { bare } = party.jid;
  return {
    watcher: bare,
    shower: bare,
    verdict: "own",
    rostersAgree: true,
    summary: summaryOf(party, party, "own", running),
    why: availabilityReasons(party, running),
    resources: party.resources.map((resource) => resourceView(party, resource, party, "own")),
  };
}

function cellOf({ account: watching }: PresenceParty, { account: showing }: PresenceParty): Cell | undefined {
  if (watching === undefined || showing === undefined) return undefined;
  const [own, others] = [subscriptionParts[watching.state], subscriptionParts[showing.state]];
  const sees = seesContact(own.subscription) ? "sees" : own.pendingOut ? "asked" : "not";
  const shows = showsToContact(others.subscription) ? "shows" : others.pendingIn ? "asked" : "not";
  return cells[sees][shows];
}

function verdictOf(watcher: PresenceParty, shower: PresenceParty, cell: Cell | undefined): PresenceVerdict {
  if (watcher.missing === true || shower.missing === true) return "no-account";
  const isComponent = watcher.component !== undefined || shower.component !== undefined;
  if (cell === undefined && !isComponent) return "foreign";
  if (isBarred(watcher, watcher.jid, shower, shower.jid)) return "blocked";
  if (cell === undefined) return "component";
  if (cell.verdict === "sees" || cell.verdict === "changes-only") return cell.verdict;
  return directors(watcher, shower).length > 0 ? "directed-only" : cell.verdict;
}

function summaryOf(watcher: PresenceParty, shower: PresenceParty, verdict: PresenceVerdict, running: boolean): string {
  const [from, to] = [watcher.jid.bare, shower.jid.bare];
  const own = `the roster of ${from} says ${nameOf(watcher)}`;
  const others = `the roster of ${to} says ${nameOf(shower)} (RFC 6121 section 4.2.2)`;
  const there = nobodyThere(shower, running);
  switch (verdict) {
    case "own":
      return `${from} sees itself: its available resources are told of each other (RFC 6121 section 4.2.2)${there}`;
    case "sees":
      return `${from} sees ${to}: ${others}, ${own}${there}`;
    case "changes-only":
      return `${from} sees only changes of ${to}: ${others}, but ${own} (RFC 6121 section 4.3.1)${there}`;
    case "directed-only": {
      const list = directors(watcher, shower).map(({ jid }) => jid.full);
      return `${from} sees of ${to} only directed presence: that of ${list.join(", ")} (RFC 6121 section 4.6.4)`;
    }
    case "blocked":
      return `${from} does not see ${to}: ${blockersOf(watcher, shower)} (XEP-0191 section 3.3)`;
    case "not-shown":
      return `${from} does not see ${to}: ${own}, but ${others}`;
    case "waiting":
      return `${from} does not see ${to} yet: it has asked, and ${to} has not answered (RFC 6121 section 3.1.3)`;
    case "not-heard":
      return `${from} does not see ${to}: it has asked, but no request waits with ${to} (RFC 6121 section 3.1.2)`;
    case "not-subscribed":
      return `${from} does not see ${to}: ${own}, so it is not subscribed and has not asked (RFC 6121 section 3.1.1)`;
    case "foreign": {
      const foreign = watcher.account === undefined ? watcher : shower;
      const why = `${foreign.jid.domain} is no host of this server, which does not speak to others`;
      return `${from} does not see ${to}: ${why} (RFC 6120 section 10.4.3)`;
    }
    case "component":
      return componentSummary(watcher, shower);
    case "no-account": {
      const missing = watcher.missing === true ? from : to;
      const asked = watcher.account !== undefined && subscriptionParts[watcher.account.state].pendingOut;
      const follows = asked ? `; ${from} has asked, and nobody will answer` : "";
      return `${from} does not see ${to}: there is no account ${missing}${follows} (RFC 6121 section 8.5.1)`;
    }
  }
}

/** Of what one roster says, which is all that is known here. */
function componentSummary(watcher: PresenceParty, shower: PresenceParty): string {
  const [from, to] = [watcher.jid.bare, shower.jid.bare];
  if (shower.component !== undefined) {
    const gone = shower.component.connected === false ? "; it is not connected, so nobody is there" : "";
    const asks = watcher.account === undefined ? "" : `; the roster of ${from} says ${nameOf(watcher)}`;
    return `${from} sees of ${to} what the component ${shower.jid.domain} sends it${asks}${gone} (XEP-0114 section 2)`;
  }
  const shows = shower.account !== undefined && showsToContact(subscriptionParts[shower.account.state].subscription);
  const says = `the roster of ${to} says ${nameOf(shower)}`;
  if (!shows) return `${from} does not see ${to}: ${says}, so no presence goes to the component ${watcher.jid.domain} but what is directed to it (RFC 6121 section 4.2.2)`;
  return `the presence of ${to} goes to ${from}: ${says}; it is for the component ${watcher.jid.domain}, ${connectedText(watcher.component!)} (RFC 6121 section 4.2.2)`;
}

/** A remark on who may be seen, if there is nothing to see. */
function nobodyThere({ jid, resources }: PresenceParty, running: boolean): string {
  if (!running) return "; no server runs, so nobody is there";
  return resources.some(({ available }) => available) ? "" : `; ${jid.bare} has no available resource now`;
}
