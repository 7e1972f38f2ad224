/** The invariants of the session, as checks of one step: what was, what was told, what is, and what was asked for. */
import { expect } from "vitest";
import { fullJid } from "../../machines/session-context.ts";
import type { SessionSnapshot } from "../../machines/fold.ts";
import type { SessionEffect, SessionEvent, TimerName } from "../../machines/session-events.ts";
import { isHibernating } from "./model.ts";
import type { Told } from "./telling.ts";

/** What holds of any state. */
export function checkState(state: SessionSnapshot): void {
  const { context } = state;
  const has = (tag: Parameters<SessionSnapshot["hasTag"]>[0]) => state.hasTag(tag);
  const negotiating = state.status === "active" && !has("connected") && !state.matches("closing");

  // 1: full_jid, roster and the tag come and go together.
  expect(context.resource !== null).toBe(has("connected"));
  expect(context.roster !== null).toBe(has("connected"));
  if (has("connected")) expect([context.username, context.host]).not.toContain(null);
  // 2.
  if (has("available") || has("interested")) expect(has("connected")).toBe(true);
  expect(context.presence !== null).toBe(has("available"));
  // 3.
  if (has("c2s_unauthed")) expect(context.username).toBeNull();
  if (has("c2s")) expect([context.username, context.host]).not.toContain(null);
  if (state.matches("awaitingStream")) expect(context.host).toBeNull();
  // 4.
  expect(Number.isInteger(context.priority) && context.priority >= -128 && context.priority <= 127).toBe(true);
  if (!has("available")) expect(context.priority).toBe(0);
  if (!has("connected")) expect(context.directed).toEqual([]);
  // 14, the deadlines: one for each state that waits, and none that nobody waits for.
  const waitsFor: TimerName[] = negotiating ? ["negotiation"] : state.matches("closing") ? ["closing"] : isHibernating(state) ? ["resumption"] : [];
  expect(Object.keys(context.timers)).toEqual(waitsFor);
  // The type: exactly one of two, until the stream is closing.
  expect(Number(has("c2s")) + Number(has("c2s_unauthed"))).toBe(negotiating || has("connected") ? 1 : 0);
  if (isHibernating(state)) expect(context.management).toBe("resumable");
  // A time to resume in, where and only where that is possible.
  expect(context.resumptionMs > 0).toBe(context.management === "resumable");
  if (state.status === "done") expect(state.output).toEqual({ reason: context.reason });
  // It can be recorded: plain JSON, nothing lost.
  expect(JSON.parse(JSON.stringify(context))).toEqual(context);
}

/** What holds of any step. */
export function checkStep(before: SessionSnapshot, event: SessionEvent, { snapshot: after, effects }: Told): void {
  const was = before.context;
  const is = after.context;
  const asked = (type: SessionEffect["type"]) => effects.filter((effect) => effect.type === type);

  // 3 and 7: the user comes from SASL alone, and stays.
  if (is.username !== was.username) expect([was.username, event.type, is.username]).toEqual([null, "sasl.succeeded", "romeo"]);
  if (was.username !== null) expect(is.host).toBe(was.host);
  if (is.resource !== was.resource && is.resource !== null) expect([was.resource, event.type]).toEqual([null, "resource.bound"]);
  // 5.
  if (event.type === "presence.directed" || event.type === "presence.undirected") {
    expect([is.presence, is.priority, effects]).toEqual([was.presence, was.priority, []]);
  }
  // 8: only a connected session is spoken for, under its own JID; its end is told once.
  const jid = before.hasTag("connected") ? fullJid(was) : after.hasTag("connected") ? fullJid(is) : undefined;
  for (const effect of effects) {
    if (effect.type === "broadcast.presence" || effect.type === "destroy.session") expect(effect.jid).toBe(jid);
    if (effect.type === "handle.stanza") expect(event).toMatchObject({ type: "stanza.received", allowed: true });
  }
  const leaves = before.hasTag("connected") && !after.hasTag("connected");
  expect(asked("destroy.session")).toHaveLength(leaves ? 1 : 0);
  // 13, this side's part of it: one beginning and one end for each period of availability.
  const presence = asked("broadcast.presence") as readonly Extract<SessionEffect, { type: "broadcast.presence" }>[];
  const began = !before.hasTag("available") && after.hasTag("available");
  const ended = before.hasTag("available") && !after.hasTag("available");
  expect(presence.filter(({ initial }) => initial)).toHaveLength(began ? 1 : 0);
  expect(presence.filter(({ available }) => !available)).toHaveLength(ended || tellsDirected(before, event, leaves) ? 1 : 0);
  for (const { available } of presence) if (available) expect(after.hasTag("available")).toBe(true);
  // 10, this machine's part of it: nobody else hears of a link that goes or comes while the session lives.
  if (ofTheLink.has(event.type) && after.hasTag("connected")) expect(presence).toEqual([]);
  // 12: counting begins once, on request; who counts is counted for to the end, and only who was promised it can resume.
  expect(asked("enable.management")).toHaveLength(was.management === "off" && is.management !== "off" ? 1 : 0);
  if (is.management !== was.management) {
    expect(["off management.requested on", "off management.requested resumable", "resumable queue.overflowed on"])
      .toContain(`${was.management} ${event.type} ${is.management}`);
  }
  expect(asked("resend.queue")).toHaveLength(event.type === "link.attached" && after.hasTag("connected") ? 1 : 0);
  // What was promised holds: while a session waits, its deadline only moves away.
  if (isHibernating(after)) {
    const promised = isHibernating(before) ? was.timers.resumption! : event.at + was.resumptionMs;
    expect(is.timers.resumption).toBe(event.type === "server.recovered" ? Math.max(promised, event.until) : promised);
  }
  // A closing stream has a link to close on.
  if (!before.matches("closing") && after.matches("closing")) expect(isHibernating(before)).toBe(false);
}

const ofTheLink: ReadonlySet<SessionEvent["type"]> = new Set(["link.lost", "link.attached", "server.stopping", "server.recovered"]);

function tellsDirected(before: SessionSnapshot, event: SessionEvent, leaves: boolean): boolean {
  return before.context.directed.length > 0 && (leaves || event.type === "presence.withdrawn");
}

/**
 * This side's stream as the effects write it: nothing before its header, nothing after its end, nothing without a link.
 * Another stream that takes its place was opened elsewhere.
 */
export class Writer {
  #open = false;
  #closed = false;
  readonly #armed = new Map<TimerName, number>();

  take(before: SessionSnapshot | undefined, event: SessionEvent | undefined, { snapshot, effects }: Told): void {
    if (event?.type === "link.attached" && snapshot.hasTag("connected")) this.#closed = false;
    const attached = before === undefined || !isHibernating(before) || !isGone(snapshot);
    for (const effect of effects) {
      if (writes.has(effect.type)) {
        expect({ effect: effect.type, attached, closed: this.#closed }).toEqual({ effect: effect.type, attached: true, closed: false });
        expect({ effect: effect.type, open: this.#open }).toEqual({ effect: effect.type, open: effect.type !== "open.stream" });
      }
      if (effect.type === "open.stream") this.#open = true;
      if (effect.type === "start.tls" || effect.type === "restart.stream") this.#open = false;
      if (effect.type === "close.stream") this.#closed = true;
      if (effect.type === "arm.timer") this.#armed.set(effect.name, effect.deadline);
      if (effect.type === "disarm.timer") expect(this.#armed.delete(effect.name)).toBe(true);
    }
    // The host's timers are those that the machine knows of; one that has run is the machine's to forget.
    expect(Object.fromEntries(this.#armed)).toEqual(snapshot.context.timers);
  }
}

const writes: ReadonlySet<SessionEffect["type"]> = new Set(["open.stream", "offer.features", "send.element", "close.stream", "resend.queue"]);

function isGone(state: SessionSnapshot): boolean {
  return isHibernating(state) || state.status !== "active";
}
