/** What holds in the life of a BOSH session whatever it is told (XEP-0124 sections 8, 10, 11, 13 and 14). */
import type { SnapshotFrom } from "xstate";
import type { BoshEffect, BoshEvent } from "../../../machines/bosh-events.ts";
import type { boshMachine } from "../../../machines/bosh.ts";
import { stateName } from "../../../machines/state-name.ts";
import type { Invariant, ModelStep } from "./machine-model.ts";

export type BoshSnapshot = SnapshotFrom<typeof boshMachine>;
export type BoshStep = ModelStep<BoshSnapshot, BoshEvent, BoshEffect>;
type Of<Type extends BoshEffect["type"]> = Extract<BoshEffect, { type: Type }>;

export const boshInvariants: readonly Invariant<BoshSnapshot, BoshEvent, BoshEffect>[] = [
  {
    name: "What requests say is taken once each, in the order of their rids, and never before its turn.",
    source: "XEP-0124 section 14.2",
    life() {
      let turn: number | undefined;
      return ({ after, before, effects }) => {
        turn ??= (before ?? after).context.next;
        for (const { rid } of all(effects, "hand.over")) {
          if (rid !== turn) return `${rid} was taken where it was the turn of ${turn}`;
          turn += 1;
        }
        return turn === after.context.next ? undefined : `the turn is said to be ${after.context.next}, and is ${turn}`;
      };
    },
  },
  {
    name: "Requests are answered once each, in the order of their rids, and again only with what they were answered with.",
    source: "XEP-0124 sections 8 and 14.3",
    life() {
      let last = Number.NEGATIVE_INFINITY;
      const answered = new Set<number>();
      return ({ effects }) => {
        for (const effect of effects) {
          if (effect.type === "answer") {
            if (effect.rid <= last) return `${effect.rid} was answered after ${last}`;
            last = effect.rid;
            answered.add(effect.rid);
          }
          if (effect.type === "repeat" && !answered.has(effect.rid)) return `${effect.rid} was answered again, and never was before`;
        }
        return undefined;
      };
    },
  },
  {
    name: "No more requests wait than were agreed on, but where the client is given no reason to say more; and those that do have all been taken.",
    source: "XEP-0124 section 8",
    state: ({ value, context: { held, policy, inputHeld, next } }) => {
      if (stateName(value) !== "open") return undefined;
      const most = inputHeld ? policy.requests + 1 : Math.max(policy.hold, 1);
      if (held.length > most) return `${held.length} wait`;
      const early = held.find(({ rid }) => rid >= next);
      return early === undefined ? undefined : `${early.rid} waits and has not been taken`;
    },
  },
  {
    name: "What there is to say does not wait while a request does.",
    source: "XEP-0124 section 8",
    state: ({ value, context: { held, owed } }) => (stateName(value) === "open" && owed && held.length > 0 ? `${held.length} wait` : undefined),
  },
  {
    name: "What there is to say is said with the next answer that may hold it, and with none before.",
    source: "XEP-0124 sections 8 and 10",
    life() {
      let owed = false;
      return ({ event, before, after, effects }) => {
        const isOpen = before !== undefined && before.status !== "done" && stateName(before.value) === "open";
        if (isOpen && event?.type === "payload.came") owed = true;
        if (all(effects, "answer").some(({ payload }) => payload)) {
          if (!owed) return "something was said where there was nothing to say";
          owed = false;
        }
        if (after.status === "done") return undefined;
        return owed === after.context.owed ? undefined : owed ? "it was forgotten" : "it is said to wait";
      };
    },
  },
  {
    name: "Who has waited for as long as was agreed on is answered.",
    source: "XEP-0124 section 8",
    step: ({ before, event, effects }) => {
      if (before === undefined || before.status === "done" || stateName(before.value) !== "open" || event?.type !== "timer.expired" || event.timer !== "wait") return undefined;
      const oldest = before.context.held[0]?.rid;
      return oldest === undefined || all(effects, "answer").some(({ rid }) => rid === oldest) ? undefined : `${oldest} goes on waiting`;
    },
  },
  {
    name: "The client is told how its stream ended, with what was still to be said: at once where it waits, and with its next request where it does not.",
    source: "XEP-0124 sections 13 and 17.2",
    life() {
      let condition: string | null | undefined;
      return ({ before, event, effects, after }) => {
        if (before === undefined || before.status === "done") return undefined;
        if (event?.type === "stream.ended" && stateName(before.value) === "open") condition = event.condition;
        const [told] = all(effects, "terminate");
        if (event?.type === "session.broken") return told?.condition === event.condition && !told.payload ? undefined : "it was not told why";
        if (condition === undefined || after.status !== "done" || event?.type === "timer.expired") return undefined;
        return told?.condition === condition && told.payload ? undefined : `it was told ${JSON.stringify(told ?? null)}`;
      };
    },
  },
  {
    name: "There is always a time at which something happens by itself: a request has waited long enough, or the client was away for too long.",
    source: "XEP-0124 sections 8 and 10",
    step: ({ before, event, after, effects }) => {
      if (before === undefined || after.status === "done" || event === undefined) return undefined;
      const { held, policy, awayMs } = after.context;
      const armed = all(effects, "arm").at(-1);
      // The oldest is another one, or none waits any more.
      if (armed === undefined) return before.context.held[0]?.rid === held[0]?.rid ? undefined : "another request waits, and for nothing";
      const expected = held[0] === undefined ? { timer: "inactivity", deadline: event.at + awayMs } : { timer: "wait", deadline: held[0].since + policy.waitMs };
      return armed.timer === expected.timer && armed.deadline === expected.deadline ? undefined : `${armed.timer} at ${armed.deadline} in place of ${expected.timer} at ${expected.deadline}`;
    },
  },
  {
    name: "A rid outside the window ends the session, and tells nobody whether it was too large or too small.",
    source: "XEP-0124 section 14.2",
    step: ({ before, event, after, effects }) => {
      if (before === undefined || before.status === "done" || stateName(before.value) !== "open" || event?.type !== "request.came") return undefined;
      const { next, policy, answered, held, early } = before.context;
      const isKnown = [...answered, ...[...held, ...early].map(({ rid }) => rid)].includes(event.rid);
      const above = event.rid - next - policy.requests - (event.purpose === "more" ? 0 : 1);
      if (isKnown || (event.rid >= next && above < 0)) return undefined;
      return after.status === "done" && all(effects, "terminate")[0]?.condition === "item-not-found" ? undefined : "it went on";
    },
  },
  {
    name: "In no span of time are more requests to pause, and such as came again, answered than may be at once, and one for each polling interval in it.",
    source: "XEP-0124 sections 10 and 14.3",
    life() {
      const times: number[] = [];
      return ({ before, event, after }) => {
        if (before === undefined || before.status === "done" || after.status === "done" || event?.type !== "request.came") return undefined;
        const { next, policy: { repeats, pollingMs } } = before.context;
        if (event.rid !== next ? event.rid > next && after.context.early.length > before.context.early.length : event.purpose !== "pause") return undefined;
        times.push(event.at);
        const since = times.findIndex((time, index) => times.length - index > repeats + (event.at - time) / pollingMs);
        return since === -1 ? undefined : `${times.length - since} since ${times[since]}`;
      };
    },
  },
  {
    name: "Who is told the end is told it once; the stream is told of it once, where it did not end it itself.",
    source: "XEP-0124 sections 10 and 13",
    life() {
      let [ends, told] = [0, 0];
      let bySelf = false;
      return ({ event, before, effects, after }) => {
        if (before?.status !== "done" && (event?.type === "stream.ended" || event?.type === "session.broken")) bySelf = true;
        ends += all(effects, "end.stream").length;
        told += all(effects, "terminate").length;
        if (told > 1 || ends > 1) return `told ${told} times, and the stream ${ends} times`;
        if (ends > 0 && bySelf) return "the stream is told of its own end";
        return after.status === "done" && ends === 0 && !bySelf ? "the stream goes on" : undefined;
      };
    },
  },
  {
    name: "An orderly end is one that the client has asked for.",
    source: "XEP-0124 section 13",
    step: ({ event, effects }) => {
      const orderly = all(effects, "end.stream").some((effect) => effect.orderly);
      const asked = event?.type === "request.came" && event.purpose === "terminate";
      return orderly && !asked && !isRaised(effects) ? "nobody asked for it" : undefined;
    },
  },
  {
    name: "A pause is answered at once, with nothing, and so is everything that waits.",
    source: "XEP-0124 section 10",
    step: ({ before, event, after, effects }) => {
      if (before?.status !== "active" || event?.type !== "request.came" || event.purpose !== "pause" || event.rid !== before.context.next || after.status === "done") return undefined;
      const answers = all(effects, "answer").filter(({ rid }) => rid <= event.rid);
      if (stateName(before.value) !== "open") return undefined;
      if (answers.some(({ payload }) => payload)) return "something was said";
      return answers.some(({ rid }) => rid === event.rid) ? undefined : "it waits";
    },
  },
];

function all<Type extends BoshEffect["type"]>(effects: readonly BoshEffect[], type: Type): readonly Of<Type>[] {
  return effects.filter((effect): effect is Of<Type> => effect.type === type);
}

/** One that came before its turn had it now. */
function isRaised(effects: readonly BoshEffect[]): boolean {
  return all(effects, "hand.over").length > 1;
}
