import { createHash } from "node:crypto";

/** Names a stanza by its content, for the log and for comparing: 128 bits of SHA-256 in base64url. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
