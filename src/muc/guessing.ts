/** The password of a room is to be known, not guessed: whoever brings wrong ones again and again has to wait (XEP-0045 section 7.2.5). */
import { roomGuessersMax, roomGuessesMax, roomGuessMs } from "../domain/limits.ts";
import type { Room } from "../domain/room.ts";
import type { StanzaFault } from "../xml/stanza.ts";

/** Why a password does not open the room; undefined if it does. `at`: now, ms since 1970. */
export function passwordFault(room: Room, bareJid: string, given: string | null, at: number): StanzaFault | undefined {
  const { password } = room.config;
  if (password === null) return undefined;
  const tries = wrong.get(room)?.get(bareJid);
  const isRecent = tries !== undefined && at - tries.since < roomGuessMs;
  if (isRecent && tries.count >= roomGuessesMax) return { condition: "resource-constraint", text: "too many wrong passwords: try again later", limit: "roomGuessesMax" };
  if (given === password) return undefined;
  // Who has brought none has not guessed: that is how clients find out that they need one.
  if (given !== null) remember(room, bareJid, isRecent ? { ...tries, count: tries.count + 1 } : { since: at, count: 1 });
  return { condition: "not-authorized", text: "the room has a password, and this is not it" };
}

interface Tries {
  /** When the first of them was, ms since 1970. */
  readonly since: number;
  readonly count: number;
}

/** By bare JID, the one that has brought one last at the end. In memory alone. */
const wrong = new WeakMap<Room, Map<string, Tries>>();

function remember(room: Room, bareJid: string, tries: Tries): void {
  const all = wrong.get(room) ?? new Map<string, Tries>();
  wrong.set(room, all);
  all.delete(bareJid);
  all.set(bareJid, tries);
  const [oldest] = all.keys();
  if (all.size > roomGuessersMax && oldest !== undefined) all.delete(oldest);
}
