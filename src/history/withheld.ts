/** What facts hold of people's words: shown only to who asks for it. */
import type { Json, StoredFact } from "../ports.ts";

/** By type of fact, the members of its data that are somebody's words, or a secret of theirs. */
const wordsOf: Readonly<Record<string, readonly string[]>> = {
  SubscriptionRequested: ["stanza"],
  OfflineMessageStored: ["stanza"],
  UserLeft: ["status"],
  AccountDataSet: ["value"],
  AccountStateSet: ["value"],
  // With the password that it has, or had.
  RoomCreated: ["config"],
  RoomConfigured: ["changes"],
  AffiliationSet: ["reason"],
  OccupantEntered: ["presence"],
  OccupantShown: ["presence"],
  OccupantsNoted: ["occupants"],
  SubjectSet: ["stanza"],
  RoomDestroyed: ["reason"],
};

/** The fact without them; null stays in the place of each. */
export function withhold(fact: StoredFact): StoredFact {
  const names = wordsOf[fact.type] ?? [];
  const data = fact.data as { readonly [name: string]: Json };
  const held = names.filter((name) => Object.hasOwn(data, name));
  if (held.length === 0) return fact;
  return { ...fact, data: { ...data, ...Object.fromEntries(held.map((name) => [name, null])) } };
}
