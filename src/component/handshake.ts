/** How a component proves that it knows the secret (XEP-0114 section 3). */
import { createHash, timingSafeEqual } from "node:crypto";

/** Whether this is SHA-1 of stream id and secret, in lowercase hexadecimal. How long it takes tells nothing of the secret. */
export function isHandshake(text: string, streamId: string, secret: string): boolean {
  const expected = createHash("sha1").update(streamId + secret, "utf8").digest();
  const given = /^[0-9a-f]{40}$/.test(text) ? Buffer.from(text, "hex") : Buffer.alloc(expected.length);
  return timingSafeEqual(given, expected);
}
