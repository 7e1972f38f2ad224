/** When two nicks of a room are the same for people (XEP-0045 sections 7.2.8 and 14.6). */

/**
 * Equal for nicks that are equivalent under the Nickname profile (RFC 8266 section 2.4): that differ in case, in spaces, or in how a
 * character is encoded. `nick` is a prepared resourcepart. Empty for one that cannot be seen, which nobody may have (XEP-0045 section 17.1).
 */
export function nickKey(nick: string): string {
  if (plain.test(nick)) return nick.toLowerCase();
  let key = nick;
  // RFC 8266 section 2.1: up to three more times, until nothing changes.
  for (let application = 1; application <= 4; application += 1) {
    const before = key;
    key = key.replaceAll(spaces, " ").trim().toLowerCase().normalize("NFKC");
    if (key === before) break;
  }
  return key;
}

const plain = /^[!-~]+$/;

/** One or more of them are one space; the blank Braille pattern is a symbol that looks like one. */
const spaces = /[\p{Zs}\u2800]+/gu;
