/**
 * A BOSH session (XEP-0124): which requests are awaited, taken, kept waiting, answered and answered again. Its stream is another matter, and
 * knows nothing of requests.
 */
import { assign, emit, enqueueActions, setup } from "xstate";
import type { BoshCondition, BoshEffect, BoshEvent, BoshPolicy } from "./bosh-events.ts";

export interface BoshInput {
  readonly policy: BoshPolicy;
  /** Of the request that has made the session, and when it came. */
  readonly rid: number;
  readonly at: number;
}

export interface BoshContext {
  readonly policy: BoshPolicy;
  /** The rid whose turn it is. */
  readonly next: number;
  /** Requests that came before their turn. */
  readonly early: readonly BoshRequest[];
  /** Requests that are taken and wait for an answer, the oldest first, and since when. */
  readonly held: readonly { readonly rid: number; readonly since: number }[];
  /** Rids whose answers are kept, ascending. */
  readonly answered: readonly number[];
  /** Something waits for a request that can be answered with it. */
  readonly owed: boolean;
  /** The client is given no reason to say more. */
  readonly inputHeld: boolean;
  /** When a request was taken last, ms since 1970, and whether it said nothing and was told nothing. */
  readonly lastAt: number;
  readonly lastIdle: boolean;
  /** When each of the requests that came again, or announced a pause, will have had a `pollingMs` of its own, ms since 1970. */
  readonly repeatsUntil: number;
  /** How long the client may be away without a request that waits, ms. */
  readonly awayMs: number;
  /** What the client is still to be told once its stream is over. */
  readonly ending: BoshCondition | null;
}

type BoshRequest = Extract<BoshEvent, { type: "request.came" }>;

const asked = (event: BoshEvent): BoshRequest => event as BoshRequest;

export const boshMachine = setup({
  types: {} as { context: BoshContext; events: BoshEvent; emitted: BoshEffect; input: BoshInput },
  guards: {
    isTooOften: ({ context, event }) => isTooOften(context, asked(event)),
    isWaiting: ({ context: { held, early }, event }) => [...held, ...early].some(({ rid }) => rid === asked(event).rid),
    isAnswered: ({ context: { answered }, event }) => answered.includes(asked(event).rid),
    isOutsideWindow: ({ context, event }) => isOutsideWindow(context, asked(event)),
    isEarly: ({ context: { next }, event }) => asked(event).rid > next,
    isTooMany: ({ context: { held, policy }, event }) => held.length >= policy.requests + (asked(event).purpose === "more" ? 0 : 1),
    isTooSoon: ({ context, event }) => isTooSoon(context, asked(event)),
    isTermination: ({ event }) => asked(event).purpose === "terminate",
    isPause: ({ event }) => asked(event).purpose === "pause",
    isOfNobody: ({ context: { held } }) => held.length === 0,
    isInactivity: ({ event }) => event.type === "timer.expired" && event.timer === "inactivity",
  },
  actions: {
    countRepeat: assign({ repeatsUntil: ({ context, event }) => repeatsUntil(context, asked(event)) }),
    displace: emit(({ event }) => ({ type: "displace", rid: asked(event).rid })),
    repeat: emit(({ event }) => ({ type: "repeat", rid: asked(event).rid })),
    keepForItsTurn: assign({ early: ({ context, event }) => [...context.early, asked(event)] }),
    forgetWhatIsCertain: enqueueActions(({ context, event, enqueue }) => {
      const upTo = certainUpTo(context, asked(event));
      if (!context.answered.some((rid) => rid <= upTo)) return;
      enqueue.assign({ answered: context.answered.filter((rid) => rid > upTo) });
      enqueue.emit({ type: "forget", upTo });
    }),
    take: enqueueActions(({ context, event, enqueue }) => {
      const { rid, at, empty } = asked(event);
      enqueue.emit({ type: "hand.over", rid });
      enqueue.assign({
        next: rid + 1,
        early: context.early.filter((other) => other.rid !== rid),
        held: [...context.held, { rid, since: at }],
        lastAt: at,
        lastIdle: empty,
        awayMs: context.policy.inactivityMs,
      });
    }),
    /** Section 10: every request is answered, with nothing, and for so long none is needed. */
    pause: enqueueActions(({ context, event, enqueue }) => {
      for (const { rid } of context.held) enqueue.emit({ type: "answer", rid, payload: false });
      enqueue.assign({ held: [], answered: kept(context, context.held.length), awayMs: Math.min(asked(event).pauseMs, context.policy.maxPauseMs) });
    }),
    owe: assign({ owed: true }),
    holdInput: assign({ inputHeld: true }),
    releaseInput: assign({ inputHeld: false }),
    /** Section 8: the oldest request that waits is answered where there is something to say, or where more wait than may. */
    answerOldest: enqueueActions(({ context, enqueue }) => {
      const { held, owed } = context;
      const count = answersNow(context);
      held.slice(0, count).forEach(({ rid }, index) => enqueue.emit({ type: "answer", rid, payload: owed && index === 0 }));
      enqueue.assign({
        held: held.slice(count),
        owed: owed && count === 0,
        answered: kept(context, count),
        lastIdle: context.lastIdle && !(owed && count > 0),
      });
    }),
    /** Section 8: no longer than the client has asked for. */
    answerWhoHasWaited: enqueueActions(({ context, enqueue }) => {
      const [oldest, ...others] = context.held;
      if (oldest === undefined) return;
      enqueue.emit({ type: "answer", rid: oldest.rid, payload: context.owed });
      enqueue.assign({ held: others, owed: false, answered: kept(context, 1) });
    }),
    armTimer: emit(({ context: { held: [oldest], policy, awayMs }, event: { at } }) =>
      oldest === undefined
        ? { type: "arm", timer: "inactivity", deadline: at + awayMs }
        : { type: "arm", timer: "wait", deadline: oldest.since + policy.waitMs }),
    /** Whose turn it is now, if it has come. */
    takeNext: enqueueActions(({ context: { early, next }, event: { at }, enqueue }) => {
      const following = early.find(({ rid }) => rid === next);
      if (following === undefined) return;
      enqueue.assign({ early: early.filter((other) => other !== following) });
      // It came as soon as it could: what came before its turn is not held against it.
      enqueue.raise({ ...following, at, empty: false });
    }),
    rememberEnding: assign({ ending: ({ event }) => (event.type === "stream.ended" ? event.condition : null) }),
    tellEnding: emit(({ context, event }) => ({ type: "terminate", condition: event.type === "stream.ended" ? event.condition : context.ending, payload: true })),
    tellBroken: emit(({ event }) => ({ type: "terminate", condition: event.type === "session.broken" ? event.condition : null, payload: false })),
    refuse: emit((_, { condition }: { readonly condition: BoshCondition | null }) => ({ type: "terminate", condition, payload: false })),
    endStream: emit((_, { orderly }: { readonly orderly: boolean }) => ({ type: "end.stream", orderly })),
  },
}).createMachine({
  id: "bosh",
  context: ({ input: { policy, rid, at } }) => ({
    policy,
    next: rid + 1,
    early: [],
    held: [{ rid, since: at }],
    answered: [],
    owed: false,
    inputHeld: false,
    lastAt: at,
    lastIdle: false,
    repeatsUntil: at,
    awayMs: policy.inactivityMs,
    ending: null,
  }),
  initial: "open",
  on: {
    "session.broken": { target: ".over", actions: "tellBroken" },
  },
  states: {
    open: {
      description: "Requests are taken in their order, and kept waiting until there is something to say (XEP-0124 section 8).",
      on: {
        "request.came": [
          { guard: "isTooOften", target: "over", actions: [{ type: "refuse", params: { condition: "policy-violation" } }, { type: "endStream", params: { orderly: false } }] },
          { guard: "isWaiting", actions: ["countRepeat", "displace"] },
          { guard: "isAnswered", actions: ["countRepeat", "repeat"] },
          // Section 14.2: too large and too small are the same, so that nobody learns what would be right.
          { guard: "isOutsideWindow", target: "over", actions: [{ type: "refuse", params: { condition: "item-not-found" } }, { type: "endStream", params: { orderly: false } }] },
          { guard: "isEarly", actions: ["forgetWhatIsCertain", "keepForItsTurn"] },
          { guard: "isTooMany", target: "over", actions: [{ type: "refuse", params: { condition: "policy-violation" } }, { type: "endStream", params: { orderly: false } }] },
          { guard: "isTooSoon", target: "over", actions: [{ type: "refuse", params: { condition: "policy-violation" } }, { type: "endStream", params: { orderly: false } }] },
          // Section 13: what it says is taken before.
          { guard: "isTermination", target: "over", actions: ["take", { type: "refuse", params: { condition: null } }, { type: "endStream", params: { orderly: true } }] },
          { guard: "isPause", actions: ["forgetWhatIsCertain", "countRepeat", "take", "pause", "armTimer", "takeNext"] },
          { actions: ["forgetWhatIsCertain", "take", "answerOldest", "armTimer", "takeNext"] },
        ],
        "payload.came": { actions: ["owe", "answerOldest", "armTimer"] },
        "input.held": { actions: "holdInput" },
        "input.released": { actions: ["releaseInput", "answerOldest", "armTimer"] },
        "timer.expired": [
          // Section 10: who is away for so long is gone.
          { guard: "isInactivity", target: "over", actions: { type: "endStream", params: { orderly: false } } },
          { actions: ["answerWhoHasWaited", "armTimer"] },
        ],
        "stream.ended": [
          { guard: "isOfNobody", target: "ending", actions: "rememberEnding" },
          { target: "over", actions: "tellEnding" },
        ],
      },
    },
    ending: {
      description: "The stream is over, and the client's next request is awaited to tell it so (XEP-0124 section 13).",
      on: {
        "request.came": [
          { guard: "isTooOften", target: "over", actions: "tellEnding" },
          { guard: "isAnswered", actions: ["countRepeat", "repeat"] },
          { target: "over", actions: "tellEnding" },
        ],
        "timer.expired": { target: "over" },
      },
    },
    over: { type: "final", description: "There is no such session (XEP-0124 section 10)." },
  },
});

/** XEP-0124 section 14.2: as many as the client may have under way, and one more to pause or to end (section 11). */
function isOutsideWindow({ next, policy }: BoshContext, { rid, purpose }: BoshRequest): boolean {
  return rid < next || rid >= next + policy.requests + (purpose === "more" ? 0 : 1);
}

/** XEP-0124 section 14.3, and for pauses, which are answered at once whatever else holds (section 10), the same. */
function isTooOften(context: BoshContext, request: BoshRequest): boolean {
  const { next, early, held, answered, policy } = context;
  const isPause = request.purpose === "pause" && request.rid === next;
  const isRepeat = answered.includes(request.rid) || [...held, ...early].some(({ rid }) => rid === request.rid);
  return (isPause || isRepeat) && repeatsUntil(context, request) - request.at > policy.repeats * policy.pollingMs;
}

function repeatsUntil({ repeatsUntil: former, policy }: BoshContext, { at }: BoshRequest): number {
  return Math.max(former, at) + policy.pollingMs;
}

/**
 * XEP-0124 sections 11 and 12: it says nothing, and comes too soon after the last one, while as many wait as may, or where none waits, after one
 * that said nothing and was told nothing. Who has given no reason to say more, as input is held, may have more waiting; polling goes on as ever.
 */
function isTooSoon({ policy, held, lastAt, lastIdle, inputHeld }: BoshContext, { purpose, empty, at }: BoshRequest): boolean {
  if (purpose !== "more" || !empty || at - lastAt >= policy.pollingMs) return false;
  return isPolling(policy) ? lastIdle : !inputHeld && held.length >= policy.hold;
}

/** XEP-0124 section 12. */
function isPolling({ hold, waitMs }: BoshPolicy): boolean {
  return hold === 0 || waitMs === 0;
}

/** Who may have so many requests under way has had an answer to the one so many before (section 11), and to all of which it says so (section 9.2). */
function certainUpTo({ policy, next }: BoshContext, { rid, purpose, ack }: BoshRequest): number {
  return Math.max(rid - policy.requests - (purpose === "more" ? 0 : 1), Math.min(ack ?? 0, next - 1));
}

/** How many of those that wait are answered now, the oldest first. */
function answersNow({ held, owed, inputHeld, policy }: BoshContext): number {
  const owing = owed && held.length > 0 ? 1 : 0;
  const spare = held.length - (isPolling(policy) ? 0 : policy.hold);
  return inputHeld ? owing : Math.max(owing, spare);
}

/** Rids whose answers are kept when `count` more are answered: never more than the client may have under way, and a pause. */
function kept({ answered, held, policy }: BoshContext, count: number): readonly number[] {
  return [...answered, ...held.slice(0, count).map(({ rid }) => rid)].slice(-policy.requests - 1);
}

export type BoshMachine = typeof boshMachine;
