/** The life of a BOSH session, with everything that its client, its stream and time can do to it. */
import type { BoshEffect, BoshEvent, BoshPolicy } from "../../../machines/bosh-events.ts";
import { boshMachine } from "../../../machines/bosh.ts";
import { boshInvariants, type BoshSnapshot } from "./bosh-invariants.ts";
import type { MachineModel } from "./machine-model.ts";

const policy: BoshPolicy = { hold: 1, requests: 2, waitMs: 60_000, pollingMs: 2_000, inactivityMs: 30_000, maxPauseMs: 120_000, repeats: 1 };
const firstRid = 1_000;

/** The model of `boshMachine`. */
export const boshModel: MachineModel<BoshSnapshot, BoshEvent, BoshEffect> = {
  name: "bosh",
  machine: boshMachine,
  starts: [
    { name: "waiting", input: { policy, rid: firstRid, at: 0 } },
    { name: "polling", input: { policy: { ...policy, hold: 0, requests: 1, waitMs: 0 }, rid: firstRid, at: 0 } },
  ],
  startAt: 0,
  events: (snapshot) => (snapshot.status === "done" ? [] : [...ordinary(snapshot), ...ends(snapshot), ...wild(snapshot)]),
  // Else most lives would be short.
  likely: (snapshot) => (snapshot.status === "done" ? [] : ordinary(snapshot)),
  keyOf: ({ value, status, context: { next, early, held, answered, owed, inputHeld, lastAt, lastIdle, repeatsUntil, awayMs, policy: { hold, pollingMs, repeats }, ending } }) => {
    const from = (rid: number) => rid - next;
    return status === "done"
      ? "over"
      : JSON.stringify([
          value, hold, held.map(({ rid }) => from(rid)), answered.map(from), owed, inputHeld, hold === 0 && lastIdle, awayMs, ending,
          // Requests that are not new come a polling interval after the last new one.
          Math.min(repeats + 1, Math.max(1, (repeatsUntil - lastAt) / pollingMs)),
          early.map(({ rid, purpose, pauseMs, ack }) => [from(rid), purpose, pauseMs, ack === null ? null : from(ack)]).toSorted(),
        ]);
  },
  invariants: boshInvariants,
};

type Request = Extract<BoshEvent, { type: "request.came" }>;

function request({ context: { next, lastAt, policy: { pollingMs } } }: BoshSnapshot, from: number, more: Partial<Request> & { readonly soon?: boolean } = {}): Request {
  const { soon = false, ...rest } = more;
  return { type: "request.came", at: lastAt + (soon ? 0 : pollingMs), rid: next + from, purpose: "more", empty: false, pauseMs: 0, ack: null, ...rest };
}

/** What a client does that keeps to the rules, over a network that loses, repeats and reorders. */
function ordinary(snapshot: BoshSnapshot): readonly BoshEvent[] {
  const { context: { lastAt: at, inputHeld, next, policy: { maxPauseMs }, held, early } } = snapshot;
  return [
    request(snapshot, 0),
    request(snapshot, 0, { empty: true }),
    request(snapshot, 0, { ack: next - 1 }),
    // Two that are early, or one while input is held, tell no guard anything that one of these does not.
    ...(early.length === 0 && !inputHeld ? [request(snapshot, 1)] : []),
    request(snapshot, -1),
    request(snapshot, -2),
    request(snapshot, 0, { purpose: "pause", pauseMs: maxPauseMs + 1 }),
    { type: "payload.came", at },
    ...(inputHeld ? [{ type: "input.released", at } as const] : early.length === 0 ? [{ type: "input.held", at } as const] : []),
    ...(held.length > 0 ? [{ type: "timer.expired", at, timer: "wait" } as const] : []),
  ];
}

function ends(snapshot: BoshSnapshot): readonly BoshEvent[] {
  const { context: { lastAt: at, held } } = snapshot;
  return [
    request(snapshot, 0, { purpose: "terminate" }),
    { type: "stream.ended", at, condition: null },
    { type: "stream.ended", at, condition: "remote-stream-error" },
    { type: "session.broken", at, condition: "system-shutdown" },
    ...(held.length === 0 ? [{ type: "timer.expired", at, timer: "inactivity" } as const] : []),
  ];
}

/** What a client does that does not. */
function wild(snapshot: BoshSnapshot): readonly BoshEvent[] {
  const { context: { policy: { requests, maxPauseMs }, early, inputHeld } } = snapshot;
  return [
    request(snapshot, 0, { empty: true, soon: true }),
    request(snapshot, requests),
    ...(early.length === 0 && !inputHeld ? [request(snapshot, requests, { purpose: "pause", pauseMs: maxPauseMs + 1 })] : []),
    request(snapshot, requests + 1, { purpose: "terminate" }),
    request(snapshot, -requests - 3),
    request(snapshot, 0, { ack: Number.MAX_SAFE_INTEGER }),
  ];
}
