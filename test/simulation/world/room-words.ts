/** What somebody has said in a room: to all, as its subject, or to one occupant alone (XEP-0045 sections 7.4, 7.5 and 8.1). */
import type { Sitting } from "./sitting.ts";

export interface Word {
  /** Its place among all words of the world, from 1; its id is `r` and this. */
  readonly number: number;
  readonly kind: "word" | "subject" | "whisper";
  readonly by: Sitting;
  /** The bare JID of the room. */
  readonly room: string;
  /** Who alone is to hear it: a nick. */
  readonly to: string | undefined;
  readonly text: string;
  /** Milliseconds since the world began. */
  readonly at: number;
  /** The server has taken responsibility for it. */
  isAccepted: boolean;
  /** It was not handled, and never will be. */
  isVoid: boolean;
  /** The condition of the error that its speaker was told. */
  refused: string | undefined;
  /** The occupant's address from which it came. */
  from: string | undefined;
  /** Under which it is in the room's archive, as those who heard it were told. */
  archiveId: string | undefined;
  readonly hearers: Set<Sitting>;
}
