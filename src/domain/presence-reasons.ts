/** Each rule that bears on who sees whom, said in a line of its own. */

import type { Reason } from "./presence-explanation.ts";
import { directedTo, directors, isBarred, partialBlocks, wholeBlocks, type PresenceParty } from "./presence-party.ts";
import { seesContact, showsToContact, subscriptionParts, subscriptionStateNames } from "./subscription.ts";

/** What the two rosters say; the shower's comes first, for it decides. */
export function rosterReasons(watcher: PresenceParty, shower: PresenceParty): readonly Reason[] {
  const [from, to] = [watcher.jid.bare, shower.jid.bare];
  const reasons: Reason[] = [];
  if (shower.account !== undefined) {
    const shows = showsToContact(subscriptionParts[shower.account.state].subscription);
    const follows = shows ? goesTo(watcher, shower) : `its presence does not go to ${from}`;
    reasons.push(reason(`${rosterSays(shower, from)}: ${follows}`, "RFC 6121 section 4.2.2"));
  }
  if (watcher.account !== undefined) {
    const sees = seesContact(subscriptionParts[watcher.account.state].subscription);
    const follows = sees ? `asks for the presence of ${to}` : `does not ask for the presence of ${to}`;
    const text = `${rosterSays(watcher, to)}: a resource that becomes available ${follows}`;
    reasons.push(reason(text, "RFC 6121 section 4.3.1"));
  }
  return reasons;
}

/** What the shower's roster lets go, and what keeps it back all the same. */
function goesTo(watcher: PresenceParty, shower: PresenceParty): string {
  const { bare } = watcher.jid;
  if (isBarred(watcher, watcher.jid, shower, shower.jid)) return `its presence would go to ${bare} when it changes, but for the block`;
  if (watcher.missing === true) return `its presence would go to ${bare} when it changes, if there were such an account`;
  return `its presence goes to ${bare} when it changes`;
}

function rosterSays(party: PresenceParty, other: string): string {
  const { jid, account } = party;
  const says = account?.listed === false ? `does not list ${other} (${nameOf(party)})` : `says ${nameOf(party)} of ${other}`;
  return `the roster of ${jid.bare} ${says}`;
}

/** The state's name, as it stands in RFC 6121 appendix A.1. */
export function nameOf({ account }: PresenceParty): string {
  return account === undefined ? "nothing that is known" : subscriptionStateNames[account.state];
}

/** What a request would meet, if the watcher made one. */
export function approvalReasons(watcher: PresenceParty, shower: PresenceParty): readonly Reason[] {
  const { account } = shower;
  if (account?.approved !== true || showsToContact(subscriptionParts[account.state].subscription)) return [];
  const text = `${shower.jid.bare} has approved ${watcher.jid.bare} beforehand: a request is granted at once`;
  return [reason(text, "RFC 6121 section 3.4.2")];
}

/** Nobody answers for an account that does not exist. */
export function missingReasons(watcher: PresenceParty, shower: PresenceParty): readonly Reason[] {
  const reasons = [watcher, shower]
    .filter(({ missing }) => missing === true)
    .map(({ jid }) => reason(`there is no account ${jid.bare}: what is sent to it is not answered`, "RFC 6121 section 8.5.1"));
  if (shower.missing !== true || watcher.account === undefined) return reasons;
  const { subscription, pendingOut } = subscriptionParts[watcher.account.state];
  const text = `${watcher.jid.bare} takes itself for a subscriber of ${shower.jid.bare}; the next probe ends that`;
  if (seesContact(subscription)) return [...reasons, reason(text, "RFC 6121 section 4.3.2")];
  if (!pendingOut) return reasons;
  const waits = `the request of ${watcher.jid.bare} stays in its roster, and nobody will answer it`;
  return [...reasons, reason(waits, "RFC 6121 section 8.5.1")];
}

/** Of an account of another server nothing is known here. */
export function foreignReasons(...parties: readonly PresenceParty[]): readonly Reason[] {
  return parties
    .filter(({ account, missing, component }) => account === undefined && missing !== true && component === undefined)
    .map(({ jid }) => reason(`what ${jid.bare} has in its roster is known to ${jid.domain} alone`, "RFC 6121 section 2"));
}

/** The server takes a component's contacts as those of another server are, and keeps nothing for it. */
export function componentReasons(...parties: readonly PresenceParty[]): readonly Reason[] {
  return parties.flatMap(({ jid, component }) =>
    component === undefined ? [] : [reason(`what ${jid.bare} holds of its contacts is known to the component ${jid.domain} alone, ${connectedText(component)}`, "XEP-0114 section 2")]);
}

export function connectedText({ connected }: NonNullable<PresenceParty["component"]>): string {
  if (connected === null) return "and whether that is connected is known while a server runs";
  return connected ? "which is connected" : "which is not connected";
}

/** What is allowed to be seen, and what there is to see, are two things. */
export function availabilityReasons({ jid, account, resources }: PresenceParty, running: boolean): readonly Reason[] {
  if (account === undefined || !running) return [];
  const available = resources.filter((resource) => resource.available).map((resource) => resource.jid.full);
  const there = available.length === 0 ? `no resource of ${jid.bare} is available now` : `available now: ${available.join(", ")}`;
  return [reason(there, "RFC 6121 section 4.3.2")];
}

/** Whoever got directed presence is told of its end, subscription or not. */
export function directedReasons(watcher: PresenceParty, shower: PresenceParty): readonly Reason[] {
  return directors(watcher, shower).map((resource) => {
    const text = `${resource.jid.full} has sent directed presence to ${directedTo(resource, watcher).join(", ")}`;
    return reason(`${text}, which is told when it ends`, "RFC 6121 section 4.6.3");
  });
}

/** Whoever has blocked the other neither sees it nor is seen by it. */
export function blockReasons(watcher: PresenceParty, shower: PresenceParty): readonly Reason[] {
  const [from, to] = [watcher.jid.bare, shower.jid.bare];
  const say = (blocker: PresenceParty, other: PresenceParty, ofWhole: string, ofPart: string): readonly Reason[] => {
    const has = `${blocker.jid.bare} has blocked`;
    return [
      ...wholeBlocks(blocker, other).map((entry) => reason(`${has} ${entry}: ${ofWhole}`, "XEP-0191 section 3.3")),
      ...partialBlocks(blocker, other).map((entry) => reason(`${has} ${entry}: ${ofPart}`, "XEP-0191 section 6")),
    ];
  };
  return [
    ...say(watcher, shower, `nothing of ${to} is delivered to ${from}`, `nothing of that resource is delivered to ${from}`),
    ...say(shower, watcher, `${to} appears offline to ${from}`, `${to} appears offline to that resource`),
  ];
}

/** Who has blocked whom, in half a sentence; empty if nobody has. */
export function blockersOf(a: PresenceParty, b: PresenceParty): string {
  const say = (blocker: PresenceParty, other: PresenceParty) =>
    wholeBlocks(blocker, other).map((entry) => `${blocker.jid.bare} has blocked ${entry}`);
  return [...say(a, b), ...say(b, a)].join(", and ");
}

export function reason(text: string, rule: string): Reason {
  return { text, rule };
}
