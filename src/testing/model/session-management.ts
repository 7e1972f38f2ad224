/** What holds of stream management, of a lost link and of a lost server. */
import type { SessionSnapshot } from "../../../machines/fold.ts";
import type { SessionEvent } from "../../../machines/session-events.ts";
import { afterEvent, asked, type SessionInvariant } from "./session-rules.ts";
import { ofTheLink } from "./session-steps.ts";
import { isHibernating } from "./session-told.ts";
import { says, unlike } from "./unlike.ts";

export const countsFromRequestToEnd: SessionInvariant = {
  name: "Counting begins once, on request; who counts is counted for to the end, and can resume as it was promised unless its queue is full.",
  source: "XEP-0198 sections 3 and 5",
  step: afterEvent(({ context: was }, event, { context: is }, step) => {
    const change = `${was.management} ${event.type} ${is.management}`;
    const [enabled] = asked(step, "enable.management");
    return (
      says(is.management !== was.management && !changes.has(change), `management went by ${change}`) ??
      unlike("enable.management", asked(step, "enable.management").length, was.management === "off" && is.management !== "off" ? 1 : 0) ??
      (enabled && unlike("the time that was promised", enabled.resumptionMs, is.resumptionMs)) ??
      says(was.management === "resumable" && is.management === "resumable" && is.resumptionMs !== was.resumptionMs, "the time to resume in changed")
    );
  }),
};

const changes: ReadonlySet<string> = new Set([
  "off management.requested on", "off management.requested resumable", "off resource.bound on", "off resource.bound resumable", "resumable queue.overflowed on",
]);

export const promisesWhatWasAsked: SessionInvariant = {
  name: "A client gets the time to resume in that it asked for, as far as there is so much; none if it asked for none.",
  source: "XEP-0198 section 3",
  step: afterEvent((before, event, { context: is }) => {
    const was = before.context;
    const asked = event.type === "management.requested" && before.hasTag("connected") && was.management === "off" ? event : wishOf(before, event);
    if (asked === undefined) return event.type === "resource.bound" ? unlike("management", is.management, was.management) : undefined;
    const wanted = asked.resumable ? Math.min(was.policy.resumptionMs, (asked.max ?? Number.POSITIVE_INFINITY) * 1_000) : 0;
    return unlike("milliseconds to resume in", is.resumptionMs, wanted) ?? unlike("management", is.management, wanted > 0 ? "resumable" : "on");
  }),
};

/** XEP-0198 section 9.1: what a login wants of the session that begins with it. */
function wishOf(before: SessionSnapshot, { type }: SessionEvent): { readonly resumable: boolean; readonly max: number | null } | undefined {
  const begins = type === "resource.bound" && before.matches({ authenticated: { fulfilling: "claiming" } });
  return begins ? (before.context.wishes?.bind?.management ?? undefined) : undefined;
}

export const overflowEndsResumption: SessionInvariant = {
  name: "A session whose queue is full is counted for and cannot be resumed: its queue is dropped, or it is over with its link.",
  source: "XEP-0198 section 5",
  step: afterEvent((before, event, after, step) => {
    const overflows = event.type === "queue.overflowed" && before.hasTag("connected");
    const drops = asked(step, "drop.queue").length;
    if (!overflows) return unlike("drop.queue", drops, 0);
    if (isHibernating(before)) return says(after.status !== "done", "it waits to be resumed with a queue that is full");
    return (
      says(!after.hasTag("connected"), "it ends though its stream goes on") ??
      unlike("management", after.context.management, before.context.management === "off" ? "off" : "on") ?? unlike("drop.queue", drops, 1)
    );
  }),
};

export const answersResumption: SessionInvariant = {
  name: "What was not acknowledged is sent again exactly when a stream takes the session up.",
  source: "XEP-0198 section 5",
  step: afterEvent((_, event, after, step) =>
    unlike("resend.queue", asked(step, "resend.queue").length, event.type === "link.attached" && after.hasTag("connected") ? 1 : 0)),
};

export const countsFitTheWire: SessionInvariant = {
  name: "A count on the wire has 32 bits.",
  source: "XEP-0198 section 4",
  step: afterEvent((_, event, __, step) => {
    for (const { element } of asked(step, "send.element")) {
      const { h } = element.attrs;
      if (h === undefined) continue;
      if (!/^\d+$/.test(h) || Number(h) >= 2 ** 32) return `h='${h}'`;
      if (event.type === "resume.refused") return unlike("h", Number(h), (event.h ?? Number.NaN) % 2 ** 32);
    }
    return undefined;
  }),
};

export const linkIsPrivate: SessionInvariant = {
  name: "Nobody else hears of a link that goes or comes while the session lives.",
  source: "XEP-0198 section 5",
  step: afterEvent((_, event, after, step) =>
    says(ofTheLink.has(event.type) && after.hasTag("connected") && asked(step, "broadcast.presence").length > 0, `${event.type} is told to others`)),
};

export const waitsAsPromised: SessionInvariant = {
  name: "Who loses its link can resume until the time that was promised, and longer after a restart of the server.",
  source: "XEP-0198 section 5",
  step: afterEvent((before, event, after) => {
    if (!isHibernating(after)) return undefined;
    const promised = isHibernating(before) ? before.context.timers.resumption! : event.at + before.context.resumptionMs;
    return unlike("the deadline", after.context.timers.resumption, event.type === "server.recovered" ? Math.max(promised, event.until) : promised);
  }),
};

export const crashIsALostLink: SessionInvariant = {
  name: "A crash of the server, or its stop, is the loss of a link to a session that can be resumed; a crash is the end of every other one.",
  source: "XEP-0198 section 5",
  step: afterEvent((before, event, after) => {
    if (before.status !== "active" || !["link.lost", "server.stopping", "server.recovered"].includes(event.type)) return undefined;
    const survives = before.hasTag("connected") && before.context.management === "resumable";
    if (!survives) return says(event.type !== "server.stopping" && after.status !== "done", `it outlives ${event.type}`);
    const { timers: _, ...was } = before.context;
    const { timers: __, ...is } = after.context;
    return says(!isHibernating(after), `${event.type} does not make it hibernate`) ?? unlike("what it knows", is, was) ?? unlike("its tags", tagsOf(after), tagsOf(before));
  }),
};

export const isRecordable: SessionInvariant = {
  name: "Whatever a session knows can be recorded, and is the same when it is restored.",
  state: (state) => {
    if (!verdicts.has(state)) verdicts.set(state, recordingFault(state));
    return verdicts.get(state);
  },
};

/** An event that changes nothing leaves the very same state. */
const verdicts = new WeakMap<SessionSnapshot, string | undefined>();

function recordingFault(state: SessionSnapshot): string | undefined {
  const { value, context, status, machine } = state;
  const recorded = JSON.stringify({ value, context });
  const lost = notPlain(context, "context");
  if (lost !== undefined) return `${lost} cannot be recorded`;
  const restored = machine.resolveState(JSON.parse(recorded) as { value: typeof value; context: typeof context }) as SessionSnapshot;
  return (
    says(JSON.stringify({ value: restored.value, context: restored.context }) !== recorded, "it is restored differently") ??
    unlike("its restored status", restored.status, status) ?? unlike("its restored tags", tagsOf(restored), tagsOf(state))
  );
}

function tagsOf({ tags }: SessionSnapshot): readonly string[] {
  return [...tags].toSorted();
}

/** The path of the first thing that JSON would lose or change. */
function notPlain(value: unknown, path: string): string | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0) ? undefined : path;
  if (typeof value !== "object" || (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype)) return path;
  for (const [key, inner] of Object.entries(value)) {
    const lost = notPlain(inner, `${path}.${key}`);
    if (lost !== undefined) return lost;
  }
  return undefined;
}
