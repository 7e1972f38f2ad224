/** What a BOSH session is told, and what it asks for (XEP-0124): closed sets, plain JSON. What bodies hold stays with whoever tells of them. */

type Told<Type extends string> = { readonly type: Type };
/** `at`: ms since 1970. */
type At<Type extends string> = Told<Type> & { readonly at: number };

/** Why the session is over, as the client is told (XEP-0124 section 17.2); null where it ended in order. */
export type BoshCondition =
  | "bad-request"
  | "host-unknown"
  | "item-not-found"
  | "policy-violation"
  | "remote-connection-failed"
  | "remote-stream-error"
  | "system-shutdown";

/** Milliseconds and counts that were agreed on when the session was made (XEP-0124 section 7.2). */
export interface BoshPolicy {
  /** Requests that are kept waiting at one time. */
  readonly hold: number;
  /** Requests that the client may have under way at one time: more than `hold`. */
  readonly requests: number;
  readonly waitMs: number;
  /** The shortest time between two requests that ask for nothing and say nothing. */
  readonly pollingMs: number;
  /** Requests that come again, or announce a pause, as many as may at once; one more may in each `pollingMs`. */
  readonly repeats: number;
  readonly inactivityMs: number;
  readonly maxPauseMs: number;
}

export type BoshEvent =
  /** A request, whatever its turn (sections 8 and 14). `empty`: it says nothing. `pauseMs`: of a request to pause. */
  | (At<"request.came"> & {
      readonly rid: number;
      readonly purpose: "more" | "pause" | "terminate";
      readonly empty: boolean;
      readonly pauseMs: number;
      /** The highest rid up to which the client has all responses (section 9.2); null where it does not say. */
      readonly ack: number | null;
    })
  /** There is something to say to the client. */
  | At<"payload.came">
  /** What the client says is taken no further for now, or is again. */
  | At<"input.held">
  | At<"input.released">
  | (At<"timer.expired"> & { readonly timer: BoshTimer })
  /** This side's stream is over; the client is told, with what it has still to be told. */
  | (At<"stream.ended"> & { readonly condition: BoshCondition | null })
  /** It is over at once, and who waits is told why. */
  | (At<"session.broken"> & { readonly condition: BoshCondition });

/** `wait`: the oldest request has waited long enough; `inactivity`: the client has been away for too long. */
export type BoshTimer = "wait" | "inactivity";

export type BoshEffect =
  /** What the request with that rid says is taken: each once, in order (section 14.2). */
  | (Told<"hand.over"> & { readonly rid: number })
  /** The request is answered: with all that there is to say, or with an empty body. */
  | (Told<"answer"> & { readonly rid: number; readonly payload: boolean })
  /** The request was answered before: with the same once more (section 14.3). */
  | (Told<"repeat"> & { readonly rid: number })
  /** The request came again before it was answered: who sent it first is told to ask once more (section 14.3). */
  | (Told<"displace"> & { readonly rid: number })
  /** The client has the answers up to this one: nothing is kept of them. */
  | (Told<"forget"> & { readonly upTo: number })
  /** Every request that waits is answered, and nothing follows. `payload`: with what there is still to say. */
  | (Told<"terminate"> & { readonly condition: BoshCondition | null; readonly payload: boolean })
  /** In place of what was armed before; `deadline`: ms since 1970. */
  | (Told<"arm"> & { readonly timer: BoshTimer; readonly deadline: number })
  /** The client has ended the session, or it is gone: so is its stream. */
  | (Told<"end.stream"> & { readonly orderly: boolean });
