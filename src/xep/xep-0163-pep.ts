/** Personal eventing: what a user publishes reaches those who see its presence and want it, now or when they come. */
import type { Account } from "../domain/account.ts";
import { parseJid } from "../domain/jid.ts";
import { nodesWanted } from "../pubsub/node.ts";
import type { Extension, FeaturesLearned, House, PresenceChanged, RosterChanged, SessionResumed } from "../router/extension.ts";
import { sessionState } from "../router/session-state.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";

const name = "pep";
const identity = { category: "pubsub", type: name };

/** Whether the session has been sent all last items in its period of availability. Those that a crash has stopped are sent when it is resumed. */
const isToldAll = sessionState<boolean>({ initial: false, read: (recorded) => (typeof recorded === "boolean" ? recorded : undefined) });

export const pep: Extension = {
  name,
  specification: {
    id: "XEP-0163",
    version: "1.2.2",
    title: "Personal Eventing Protocol",
    missing: [
      "Last items for resources that become available, of accounts that their user has subscribed to and whose presence it does not see: sent when it subscribes, and with each publication.",
      "After a restart of the server, a client that resumes its stream and wants more nodes than 4,096 bytes have room for hears of the others when it has told its capabilities anew.",
      "The last item for who is let in, or subscribes, is not sent where the server crashes at that moment; that for who becomes available is.",
      "The account is no collection node: nobody subscribes to all of its nodes at once (section 5).",
      "Contacts on other servers: there is no federation.",
    ],
  },
  accountIdentities: [identity],
  // XEP-0222 section 6, XEP-0223 section 6: who wants to know of it asks the server.
  serverIdentities: [identity],
  serverFeatures: ["http://jabber.org/protocol/pubsub#publish-options"],
  sessionState: isToldAll,
  featuresLearned: sendLastItems,
  presenceChanged,
  sessionResumed,
  rosterChanged,
};

/** Section 4.3.4. */
function sendLastItems({ step, session, account, features, before, house }: FeaturesLearned): void {
  const known = new Set(nodesWanted(before));
  const nodes = nodesWanted(features).filter((node) => !known.has(node));
  if (nodes.length > 0) welcome(step, session, account, nodes, house);
}

function welcome(step: Step, session: Session, account: Account, nodes: readonly string[], house: House): void {
  if (isToldAll.of(session)) isToldAll.set(step, session, false);
  house.nodes.welcome({ session, account, nodes, told: (step) => isToldAll.set(step, session, true) });
}

function presenceChanged({ step, session, account, change, house }: PresenceChanged): void {
  if (!change.available) {
    if (isToldAll.of(session)) isToldAll.set(step, session, false);
    house.nodes.leave(session);
  } else if (change.initial) {
    house.nodes.people.showRequests(step, account, session);
  }
}

function sessionResumed({ step, session, house }: SessionResumed): void {
  const nodes = session.available && !isToldAll.of(session) ? nodesWanted(house.features(session)) : [];
  const account = house.account(step, session.jid.bare);
  if (nodes.length > 0 && account !== undefined) welcome(step, session, account, nodes, house);
}

/** Section 7.1. */
function rosterChanged({ step, account, jid, before, house }: RosterChanged): void {
  const contact = parseJid(jid);
  if (contact !== undefined) house.nodes.people.contactChanged(step, account, contact, before);
}
