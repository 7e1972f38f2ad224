/** Personal eventing: what a user publishes reaches those who see its presence and want it, now or when they come. */
import { parseJid } from "../domain/jid.ts";
import { nodesWanted } from "../pubsub/node.ts";
import type { Extension, FeaturesLearned, PresenceChanged, RosterChanged } from "../router/extension.ts";
import { sessionState } from "../router/session-state.ts";

const name = "pep";
const identity = { category: "pubsub", type: name };

/**
 * When the server started that has sent the session last items in its period of availability: ms since 1970; 0 if none has. What
 * was published while nobody knew what the session wants, because the server was another, is sent when that is known again.
 */
const toldBy = sessionState<number>({ extension: name, initial: 0, read: (recorded) => (typeof recorded === "number" ? recorded : undefined) });

export const pep: Extension = {
  name,
  specification: {
    id: "XEP-0163",
    version: "1.2.2",
    title: "Personal Eventing Protocol",
    missing: [
      "Last items for resources that become available, of accounts that their user has subscribed to and whose presence it does not see: sent when it subscribes, and with each publication.",
      "The account is no collection node: nobody subscribes to all of its nodes at once (section 5).",
      "After a restart of the server, a client that resumes its stream is not told of what changed before it has told its capabilities anew, but for last items (section 4.3.3).",
      "Contacts on other servers: there is no federation.",
    ],
  },
  accountIdentities: [identity],
  // XEP-0222 section 6, XEP-0223 section 6: who wants to know of it asks the server.
  serverIdentities: [identity],
  serverFeatures: ["http://jabber.org/protocol/pubsub#publish-options"],
  sessionState: toldBy,
  featuresLearned: sendLastItems,
  presenceChanged,
  rosterChanged,
};

/** Section 4.3.4: once for each node and period of availability. */
function sendLastItems({ step, session, account, features, before, house }: FeaturesLearned): void {
  const known = new Set(nodesWanted(before));
  const nodes = nodesWanted(features).filter((node) => !known.has(node));
  if (nodes.length === 0) return;
  const startedAt = step.at - house.uptime(step);
  const told = toldBy.of(session);
  toldBy.set(step, session, startedAt);
  house.nodes.welcome({ session, account, nodes, knowsUntil: told === 0 || told === startedAt ? 0 : startedAt });
}

function presenceChanged({ step, session, account, change, house }: PresenceChanged): void {
  if (!change.available) {
    if (toldBy.of(session) !== 0) toldBy.set(step, session, 0);
  } else if (change.initial) {
    house.nodes.people.showRequests(step, account, session);
  }
}

/** Section 7.1. */
function rosterChanged({ step, account, jid, before, house }: RosterChanged): void {
  const contact = parseJid(jid);
  if (contact !== undefined) house.nodes.people.contactChanged(step, account, contact, before);
}
