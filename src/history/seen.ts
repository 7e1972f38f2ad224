/** What was seen of a session while somebody watched it, besides what its log says. Plain JSON. */
import type { SessionEvent } from "../../machines/session-events.ts";

/** `at`: ms since 1970; `step`: the one in which it happened, by which it and the log's facts are brought together. */
export type SeenItem = { readonly at: number } & (
  /** The machine was told an event and took these transitions (`transitionId`). */
  | { readonly kind: "told"; readonly step: string; readonly event: SessionEvent; readonly state: string; readonly transitions: readonly string[] }
  /**
   * An element, header or end tag that came (`in`) or was put into the outbox (`out`), as XML text. Texts are withheld as
   * "[42 characters]" unless bodies are shown; secrets always are, as "[withheld]". `chars`: of the original; of `xml` where that has a secret.
   */
  | { readonly kind: "wire"; readonly step: string; readonly direction: "in" | "out"; readonly xml: string; readonly chars: number }
  /** A step of this session delivered something to another one. */
  | { readonly kind: "touched"; readonly step: string; readonly other: { readonly session: string; readonly jid: string | null }; readonly stanza: StanzaOutline }
  | { readonly kind: "closed" }
);

export interface StanzaOutline {
  readonly name: string;
  readonly type: string | null;
  readonly id: string | null;
  readonly from: string | null;
  readonly to: string | null;
}
