/** A session of the log that goes on where it was. */
import type { SessionSnapshot } from "../../machines/fold.ts";
import type { Element } from "../xml/element.ts";
import type { RestoredHeld } from "./held-stanzas.ts";
import type { StanzaQueue } from "./stanza-queue.ts";

export interface RestoredSession {
  readonly id: string;
  readonly snapshot: SessionSnapshot;
  /** When it began, ms since 1970. */
  readonly since: number;
  readonly lang: string | undefined;
  readonly presence: Element | undefined;
  /** undefined if it does not count stanzas. */
  readonly queue: StanzaQueue | undefined;
  /** What waited for its client to look, in order. */
  readonly held: readonly RestoredHeld[];
}
