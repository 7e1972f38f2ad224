/** The form of the rules for streams: what a client can do in each phase of a stream, and what a server then has to answer. */

/** How far a stream has come, as both of its ends can tell. */
export const phases = [
  /** The stream header is awaited, in the clear. */
  "opening",
  /** Features were offered in the clear: STARTTLS, and mechanisms. */
  "offered",
  /** Features were offered in the clear: STARTTLS alone. */
  "TLS required",
  /** STARTTLS was agreed on; the handshake is awaited. */
  "securing",
  "opening over TLS",
  "offered over TLS",
  /** The same to a client whose header claims another account than the one that it will log in to. */
  "offered over TLS as another",
  /** A challenge awaits its response. */
  "authenticating",
  "authenticating over TLS",
  /** The same within a login that says at once what is to follow, over TLS (XEP-0388). */
  "signing in",
  /** Authentication has succeeded; the new stream header is awaited. */
  "authenticated",
  /** Resource binding is offered, and stream management. */
  "restarted",
  /** A resource is bound; nothing is counted. */
  "bound",
  /** Stanzas are counted; the session ends with its stream. */
  "counting",
  /** Stanzas are counted; the session can be resumed. */
  "resumable",
  /** No stream: of a session that can be resumed. */
  "lost",
  /** The server has closed its stream without an error; the client's end tag is awaited. */
  "closing",
  "closed",
] as const;
export type Phase = (typeof phases)[number];

/** What must be there for an action: another session of the same user, or something that this one has counted. */
export type Need =
  | "a lost session" | "an attached session" | "an attached resumable session" | "an ended session" | "a session of unclear fate" | "no stream in negotiation"
  | "something unacknowledged" | "two unacknowledged" | "something acknowledged" | "no acknowledgement yet" | "an acknowledgement before";

/** Which number the client names: of stanzas that the server has sent in the session that the action is about. */
export type Claim = "acknowledged" | "acknowledged+1" | "acknowledged-1" | "sent" | "sent+1";

export interface Trait {
  /** It is a stanza, so it is counted (XEP-0198 section 4). */
  readonly stanza?: true;
  readonly needs?: readonly Need[];
  readonly claims?: Claim;
}

/** One answer that is allowed, and what is true after it. */
export interface Outcome {
  /**
   * What the client reads, in words. `*` stands for anything; `{id}` for that of the stanza sent, `{resource}`, `{session}` and `{h}` for what the
   * action names, `{handled}` and `{sent}` for the counts of its session, `{unacknowledged}` for the stanzas of that session that are not
   * acknowledged, in order.
   */
  readonly answer: readonly string[];
  /** `same`: as before; `back`: as before the exchange that has failed. */
  readonly next: Phase | "same" | "back";
  /** What the stream reads that the session had until now. */
  readonly other?: readonly string[];
  /** What the server keeps for a session that has no stream, as it will send it. */
  readonly queues?: readonly string[];
  /** What becomes of the other session that the action names: it moves to this stream, or is over. */
  readonly takes?: "its session" | "its resource";
  /** What becomes of the stream's own session. `unclear`: what ended the stream may have ended it or not. */
  readonly leaves?: "lost" | "over" | "unclear";
  /** Only from the so manieth attempt of its kind on, this one included. */
  readonly from?: number;
  /** Only up to it. */
  readonly until?: number;
}

/** `onward` leads on, `aside` is allowed or is an honest mistake, `misuse` breaks a rule. */
export type Manner = "onward" | "aside" | "misuse";

export interface Rule<Action extends string = string> {
  readonly phase: Phase;
  readonly action: Action;
  readonly manner: Manner;
  /** Any one of them. */
  readonly outcomes: readonly Outcome[];
  /** Where it is written. */
  readonly source: string;
}

type Rules<Action extends string> = (
  where: Phase | readonly Phase[], action: Action | readonly Action[], source: string, ...outcomes: readonly (Outcome | readonly Outcome[])[]
) => readonly Rule<Action>[];

/** Ways to write the rules of actions with these names. */
export function rulesFor<Action extends string>(): Readonly<Record<Manner, Rules<Action>>> {
  const rules = (manner: Manner): Rules<Action> => (where, action, source, ...outcomes) =>
    [where].flat().flatMap((phase) => [action].flat().map((action) => ({ phase, action: action as Action, manner, outcomes: outcomes.flat(), source })));
  return { onward: rules("onward"), aside: rules("aside"), misuse: rules("misuse") };
}

/** These words, in this order, and the stream goes on as it was unless `next` says otherwise. */
export const says = (answer: string | readonly string[], next: Outcome["next"] = "same", more: Omit<Outcome, "answer" | "next"> = {}): Outcome =>
  ({ answer: [answer].flat(), next, ...more });

/** Nothing at all. */
export const nothing: Outcome = says([]);

/** One of these stream errors, and the end of the stream (RFC 6120 section 4.9.1.1). */
export const breaks = (...conditions: readonly string[]): readonly Outcome[] =>
  conditions.map((condition) => says([`stream error ${condition}`, "end", "gone"], "closed", { leaves: "unclear" }));

/** The same to a client that has not been sent a header: one comes first (RFC 6120 section 4.9.1.2). */
export const opensAndBreaks = (header: string, ...conditions: readonly string[]): readonly Outcome[] =>
  conditions.map((condition) => says([header, `stream error ${condition}`, "end", "gone"], "closed"));
