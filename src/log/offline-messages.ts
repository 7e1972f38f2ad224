/** Messages that wait for their users: contents of the accounts' streams, in the order in which they came. */

import { offlinePrefix } from "../domain/facts.ts";
import type { Content } from "../ports.ts";

export interface OfflineMessage {
  readonly number: number;
  /** XML text in `jabber:client`. */
  readonly stanza: string;
  /** What it counts against the quota. */
  readonly bytes: number;
}

/** Those among `contents`. */
export function toOfflineMessages(contents: readonly Content[]): readonly OfflineMessage[] {
  return contents
    .filter(({ key }) => key.startsWith(offlinePrefix))
    .map(({ key, text }) => ({ number: Number(key.slice(offlinePrefix.length)), stanza: text, bytes: Buffer.byteLength(text) }));
}
