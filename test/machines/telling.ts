/** Tells the machine events without an actor: given–when–then, and the effects as data. */
import { initialTransition, transition } from "xstate";
import { expect } from "vitest";
import type { SessionSnapshot } from "../../machines/fold.ts";
import type { SessionContext, SessionInput, SessionPolicy, SessionTag } from "../../machines/session-context.ts";
import type { SessionEffect, SessionEvent } from "../../machines/session-events.ts";
import { sessionMachine } from "../../machines/session.ts";
import { stateName } from "../../machines/state-name.ts";

/** Few tries, so that they are used up soon. */
export const policy: SessionPolicy = { negotiationMs: 30_000, closingMs: 5_000, resumptionMs: 60_000, saslTriesMax: 2, bindTriesMax: 2 };

/** When the first byte came. */
export const startAt = 1_000_000;

type WithoutTime<Event> = Event extends { readonly at: number } ? Omit<Event, "at"> & { readonly at?: number } : never;
/** An event that may leave its time to the teller. */
export type Telling = WithoutTime<SessionEvent>;
export type EventType = SessionEvent["type"];

export interface Told {
  readonly snapshot: SessionSnapshot;
  readonly effects: readonly SessionEffect[];
}

export function begin(input: Partial<SessionInput> = {}): Told {
  const [snapshot, actions] = initialTransition(sessionMachine, { at: startAt, secure: false, policy, ...input });
  return { snapshot, effects: effectsOf(actions) };
}

export function tell(snapshot: SessionSnapshot, event: SessionEvent): Told {
  const [next, actions] = transition(sessionMachine, snapshot, event);
  return { snapshot: next, effects: effectsOf(actions) };
}

function effectsOf(actions: readonly { readonly type: string; readonly params?: unknown }[]): readonly SessionEffect[] {
  return actions.map(({ type, params }) => {
    if (type !== "xstate.emit") throw new Error(`the machine is to emit only, but it does ${type}`);
    return (params as { readonly event: SessionEffect }).event;
  });
}

/** A session that was told `before`, each event a second after the one before it. */
export function given(...before: readonly Telling[]): Given {
  return new Given(before, {});
}

class Given {
  readonly #before: readonly Telling[];
  readonly #input: Partial<SessionInput>;

  constructor(before: readonly Telling[], input: Partial<SessionInput>) {
    this.#before = before;
    this.#input = input;
  }

  /** TLS from the first byte. */
  over(input: Partial<SessionInput>): Given {
    return new Given(this.#before, { ...this.#input, ...input });
  }

  and(...more: readonly Telling[]): Given {
    return new Given([...this.#before, ...more], this.#input);
  }

  /** Without an event: what the start itself does. */
  when(event?: Telling): Outcome {
    let told = begin(this.#input);
    const events = event === undefined ? this.#before : [...this.#before, event];
    events.forEach((each, index) => {
      told = tell(told.snapshot, { ...each, at: each.at ?? timeOf(index) } as SessionEvent);
    });
    return new Outcome(told, timeOf(events.length - 1));
  }
}

export function timeOf(index: number): number {
  return startAt + 1_000 * (index + 1);
}

class Outcome {
  readonly told: Told;
  /** The time of the event. */
  readonly at: number;

  constructor(told: Told, at: number) {
    this.told = told;
    this.at = at;
  }

  get context(): SessionContext {
    return this.told.snapshot.context;
  }

  get effects(): readonly SessionEffect[] {
    return this.told.effects;
  }

  /** The state that it is in now, and all effects of the event, in order. */
  becomes(state: string, ...effects: readonly SessionEffect[]): this {
    expect({ state: stateName(this.told.snapshot.value), effects: this.told.effects }).toEqual({ state, effects });
    return this;
  }

  knows(context: Partial<SessionContext>): this {
    expect(this.told.snapshot.context).toMatchObject(context);
    return this;
  }

  tagged(...tags: readonly SessionTag[]): this {
    expect([...this.told.snapshot.tags].toSorted()).toEqual(tags.toSorted());
    return this;
  }

  /** It is over, for this reason. */
  over(reason: string): this {
    expect(this.told.snapshot.output).toEqual({ reason });
    return this;
  }
}

// The way of a client that does everything right.

export const opened = { type: "stream.opened", host: "localhost", from: null, version: 1 } as const;
export const saslStarted = { type: "sasl.started", mechanism: "SCRAM-SHA-1" } as const;
export const saslSucceeded = { type: "sasl.succeeded", username: "romeo", data: "dj1y" } as const;
export const saslFailed = { type: "sasl.failed", condition: "not-authorized", text: null } as const;
export const resumeWish = { id: "old", h: 7 } as const;
export const bindWish = { tag: "phone", management: { resumable: true, max: null } } as const;
export const sasl2Started = { type: "sasl2.started", mechanism: "SCRAM-SHA-256", resume: null, bind: bindWish } as const;
export const sasl2Succeeded = { ...saslSucceeded, data: null, device: "d1" } as const;
export const bindRequested = { type: "bind.requested", id: "b1", resource: "orchard" } as const;
export const bindFailed = { type: "bind.failed", condition: "conflict", text: "in use" } as const;
export const resourceBound = { type: "resource.bound", resource: "orchard", roster: { version: "7", items: 2 } } as const;
export const presenceChanged = { type: "presence.changed", priority: 5, digest: "d1" } as const;
export const resumable = { type: "management.requested", resumable: true, max: null } as const;
export const counted = { ...resumable, resumable: false } as const;
export const linkLost = { type: "link.lost", why: "reset" } as const;
export const linkAttached = { type: "link.attached" } as const;
export const resumeRequested = { type: "resume.requested", id: "old", h: 7 } as const;
/** Long before anything that is promised here. */
export const recovered = { type: "server.recovered", until: 0 } as const;

export const toOffering = [opened] as const;
export const toAuthenticating = [...toOffering, saslStarted] as const;
export const toRestart = [...toAuthenticating, saslSucceeded] as const;
export const toBinding = [...toRestart, opened] as const;
export const toPending = [...toBinding, bindRequested] as const;
export const toConnected = [...toPending, resourceBound] as const;
export const toAvailable = [...toConnected, presenceChanged] as const;
export const toResumable = [...toAvailable, resumable] as const;
export const toHibernating = [...toResumable, linkLost] as const;
export const toResuming = [...toBinding, resumeRequested] as const;
export const toSigningIn = [...toOffering, sasl2Started] as const;
export const toInlineResuming = [...toOffering, { ...sasl2Started, resume: resumeWish }, sasl2Succeeded] as const;
export const toInlineBinding = [...toSigningIn, sasl2Succeeded] as const;
export const toClosing = [...toOffering, { type: "close.requested" }] as const;

// Effects that many tests expect.

export const header = (from: string | null = "localhost", to: string | null = null): SessionEffect => ({
  type: "open.stream", from, to, versioned: true,
});
export const endTag: SessionEffect = { type: "close.stream", condition: null, text: null };
export const dropLink: SessionEffect = { type: "drop.link" };
export const features: SessionEffect = { type: "offer.features" };
export const resend: SessionEffect = { type: "resend.queue" };
export const arm = (name: "negotiation" | "closing" | "resumption", deadline: number): SessionEffect => ({ type: "arm.timer", name, deadline });
export const disarm = (name: "negotiation" | "closing" | "resumption"): SessionEffect => ({ type: "disarm.timer", name });

/** What closing a stream that is still being negotiated ends with. */
export function closingTimers(at: number, ...disarmed: readonly ("negotiation" | "closing" | "resumption")[]): readonly SessionEffect[] {
  return [arm("closing", at + policy.closingMs), ...disarmed.map(disarm)];
}
