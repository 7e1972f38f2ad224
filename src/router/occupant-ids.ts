/** What users are known by in rooms, whatever they call themselves there (XEP-0421 section 4.1). */
import { createHmac } from "node:crypto";

/**
 * From a secret of this server, so that nobody else can make or reverse one, and another one in each room. `key`: the same for as long as
 * the ids are to be. JIDs hold no U+0000.
 */
export function occupantIdOf(key: Uint8Array, room: string, bareJid: string): string {
  return createHmac("sha256", key).update(`${room}\0${bareJid}`).digest("base64url");
}
