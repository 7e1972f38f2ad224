/**
 * Facts of former versions, as they would be recorded today: one function for each step from a version to the next. They are applied
 * wherever facts are read, so that nobody else has to know that there were others.
 */

import { motdType, motdVersion } from "../domain/motd.ts";
import { accountFactVersions } from "../domain/facts.ts";
import { invitationFactVersions, invitationsForgottenVersion } from "../domain/invitation.ts";
import { roomFactVersions } from "../domain/room-facts.ts";
import { sessionFactVersions } from "../domain/session-facts.ts";
import { logSalvagedVersion } from "../domain/log-salvaged.ts";
import { sessionsCompactedVersion } from "../domain/sessions-compacted.ts";
import { sessionsForgottenVersion } from "../domain/sessions-forgotten.ts";
import type { Json } from "../ports.ts";
import { attributeOf } from "./start-tag.ts";

type Data = Readonly<Record<string, Json>>;
type Upcast = (data: Data) => Json;

/** By type: the first function is the step from version 1 to 2. */
const steps: ReadonlyMap<string, readonly Upcast[]> = new Map<string, readonly Upcast[]>([
  ["OfflineMessageStored", [withoutText]],
  ["SessionSnapshotTaken", [withCounts]],
]);

/** The current version of each type of fact that this refrain records itself. */
export const factVersions: ReadonlyMap<string, number> = new Map(
  Object.entries({
    ...accountFactVersions,
    ...sessionFactVersions,
    ...roomFactVersions,
    ...invitationFactVersions,
    InvitationsForgotten: invitationsForgottenVersion,
    FakeSaltKeyMade: 1,
    [motdType]: motdVersion,
    SessionsForgotten: sessionsForgottenVersion,
    SessionsCompacted: sessionsCompactedVersion,
    LogSalvaged: logSalvagedVersion,
  }),
);

/** The version that a fact is read as. */
export function versionRead(type: string, v: number): number {
  const known = steps.get(type);
  return known === undefined ? v : Math.max(v, known.length + 1);
}

export function upcast(type: string, v: number, data: Json): Json {
  const missing = steps.get(type)?.slice(v - 1) ?? [];
  return missing.reduce((data, step) => step(data as Data), data);
}

/** The text of a message was a part of the fact; it is a content of the stream now, while the message waits. */
function withoutText({ stanza, ...data }: Data): Json {
  const text = String(stanza);
  return { ...data, id: attributeOf(text, "id") ?? null, from: attributeOf(text, "from") ?? null, why: null };
}

/** There was no stream management, and nobody asked for the language. */
function withCounts(data: Data): Json {
  return { ...data, counts: null, lang: null };
}
