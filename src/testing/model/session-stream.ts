/** This side's stream as the effects of a life write it, and the timers that they keep. */
import type { SessionEffect, SessionEvent, TimerName } from "../../../machines/session-events.ts";
import type { SessionInvariant, SessionStep } from "./session-rules.ts";
import { isHibernating } from "./session-told.ts";
import { says, unlike } from "./unlike.ts";

/** Another stream that takes its place was opened elsewhere. */
export const oneStream: SessionInvariant = {
  name: "A stream begins with its header and ends once: nothing is sent before, nothing after, nothing without a link.",
  source: "RFC 6120 sections 4.2 and 4.4",
  life: () => {
    let open = false;
    let closed = false;
    return ({ before, event, after, effects }) => {
      if (event?.type === "link.attached" && after.hasTag("connected")) closed = false;
      const attached = before === undefined || !isHibernating(before) || !isGone(after);
      for (const { type } of effects) {
        const problem = !writes.has(type) ? undefined :
          says(!attached, `${type} without a link`) ??
          says(closed, `${type} after the end of the stream`) ??
          says(open === (type === "open.stream"), open ? "a second stream header" : `${type} before the stream header`);
        if (problem !== undefined) return problem;
        if (type === "open.stream") open = true;
        if (type === "start.tls" || type === "restart.stream") open = false;
        if (type === "close.stream") closed = true;
      }
      // During the TLS handshake there is no stream.
      const inOrder = closed || before?.matches({ negotiating: "securing" });
      return (
        says(after.matches("closing") && !closed, "it waits for the end of the peer's stream and has not ended its own") ??
        says(lets(effects) && !inOrder, "it drops the link and has not ended its stream") ??
        says(event?.type === "server.stopping" && isHibernating(after) && !isHibernating(before!) && !closed, "the server stops, and its stream has not ended")
      );
    };
  },
};

export const linkIsLetGo: SessionInvariant = {
  name: "A session that is over lets go of its link, once, unless the link is gone or another session has it.",
  source: "RFC 6120 section 4.4, XEP-0198 section 5",
  step: ({ before, event, after, effects }) => {
    const ends = before?.status === "active" && after.status !== "active";
    const isFree = before === undefined || isHibernating(before) || (event !== undefined && frees.has(event.type));
    return unlike("drop.link", effects.filter(({ type }) => type === "drop.link").length, ends && !isFree ? 1 : 0);
  },
};

/** After these there is no link, or it is another session's. */
const frees: ReadonlySet<SessionEvent["type"]> = new Set(["link.lost", "server.recovered", "resume.granted"]);

export const timersAreKnown: SessionInvariant = {
  name: "The timers that were asked for are those that the session knows of; none is taken back that does not run.",
  life: () => {
    const armed = new Map<TimerName, number>();
    return ({ after, effects }) => {
      for (const effect of effects) {
        if (effect.type === "arm.timer") armed.set(effect.name, effect.deadline);
        if (effect.type === "disarm.timer" && !armed.delete(effect.name)) return `${effect.name} is taken back and does not run`;
      }
      const known = Object.entries(after.context.timers) as [TimerName, number][];
      const same = known.length === armed.size && known.every(([name, deadline]) => armed.get(name) === deadline);
      return same ? undefined : unlike("timers", Object.fromEntries(armed), after.context.timers);
    };
  },
};

const writes: ReadonlySet<SessionEffect["type"]> = new Set(["open.stream", "offer.features", "send.element", "confirm.login", "close.stream", "resend.queue"]);

function lets(effects: SessionStep["effects"]): boolean {
  return effects.some(({ type }) => type === "drop.link");
}

function isGone(state: SessionStep["after"]): boolean {
  return isHibernating(state) || state.status !== "active";
}
