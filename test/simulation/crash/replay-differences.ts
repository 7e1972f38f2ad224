/** What a replay says of a session otherwise than the live server did. */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Past, ReportedSession } from "./operator.ts";

/** What a client and the server have told each other by their counts (XEP-0198 section 4), at a moment. */
export interface Told {
  /** By the server: so many of the client's stanzas it has handled. */
  readonly handledThere: number;
  /** By the client, or what it would tell: so many of the server's. */
  readonly handledHere: number;
}

/** One for each property; none where both say the same. */
export function differencesOf(reported: ReportedSession, past: Past): readonly string[] {
  const { presence, conn, ...properties } = reported;
  const { presence: presenceThen, ...propertiesThen } = past.session;
  const found: string[] = [];
  const compare = (what: string, live: unknown, replayed: unknown): void => {
    if (!isDeepStrictEqual(live, replayed)) found.push(`${what}: the live server said ${shown(live)}, the replay says ${shown(replayed)}`);
  };
  for (const name of new Set([...Object.keys(properties), ...Object.keys(propertiesThen)])) compare(name, properties[name], propertiesThen[name]);
  compare("presence, its digest", presence === null ? null : digestOf(presence), presenceThen?.digest ?? null);
  // Kept is the last one only.
  if (presenceThen !== null && presenceThen.text !== null) compare("presence", presence, presenceThen.text);
  compare("conn, whether there is one", conn !== null, past.link === "attached");
  if (conn !== null) compare("conn.secure, whether it is", conn.secure !== null, past.secure);
  compare("whether it has ended", false, past.ended);
  return found;
}

/**
 * Facts before bytes: the log held all that was told before, and nothing that was told only `after`; where nothing was under way in
 * between, all are the same.
 */
export function countDifferences(before: Told, after: Told, { counts }: Past): readonly string[] {
  if (counts === null) return ["counts: the session counts stanzas, the replay says null"];
  const { received, sent, acknowledged } = counts;
  const found: string[] = [];
  const compare = (what: string, holds: boolean, told: string) => {
    if (!holds) found.push(`counts.${what}: the replay says ${counts[what as keyof typeof counts]}, and ${told}`);
  };
  compare("received", received >= before.handledThere, `the live server had told its client ${before.handledThere}`);
  compare("sent", sent >= before.handledHere, `its client had ${before.handledHere}`);
  compare("acknowledged", acknowledged <= after.handledHere, `its client had no more than ${after.handledHere}`);
  compare("acknowledged", acknowledged <= sent, `only ${sent} were sent`);
  return found;
}

/** Nothing is under way and both have told all. */
export function finalCountDifferences({ handledThere, handledHere }: Told, { counts }: Past): readonly string[] {
  const expected = { received: handledThere, sent: handledHere, acknowledged: handledHere };
  return isDeepStrictEqual(counts, expected) ? [] : [`counts: server and client have told each other ${shown(expected)}, the replay says ${shown(counts)}`];
}

/** As the log names a presence: 128 bits of SHA-256 in base64url, of the stanza with its namespace. */
function digestOf(presence: string): string {
  const whole = presence.replace("<presence", '<presence xmlns="jabber:client"');
  return createHash("sha256").update(whole).digest("base64url").slice(0, 22);
}

function shown(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
