/**
 * What several users with several resources do at once: a script for each resource, written down before anybody begins and sent
 * without waiting for an answer. Real sockets mix them.
 */
import fc from "fast-check";
import { subscriptionStates, type SubscriptionState } from "../../../src/domain/subscription.ts";

export const users = ["romeo", "juliet", "nurse"] as const;
export const resourceNames = ["home", "away", "work"] as const;

/** A user by number; a resource by number, or null for the bare JID. Not every resource is played by somebody. */
export interface Address {
  readonly user: number;
  readonly resource: number | null;
}

export type ContactAct = "list" | "remove" | "subscribe" | "subscribed" | "unsubscribe" | "unsubscribed";

export type Act =
  | { readonly does: "available"; readonly priority: number }
  | { readonly does: "unavailable" }
  | { readonly does: "direct" | "undirect" | "chat" | "normal"; readonly to: Address }
  /** `other`: 0 or 1, the users besides the own one. */
  | { readonly does: ContactAct; readonly other: number }
  /** A resource of null means the bare JID, "domain" everybody. */
  | { readonly does: "block" | "unblock"; readonly other: number; readonly resource: number | null | "domain" }
  | { readonly does: "unblock all" };

/** After `pause` something is written in one piece, or the connection ends. Whoever has something to say afterwards logs in again. */
export type Move =
  | { readonly pause: Pause; readonly does: "say"; readonly acts: readonly Act[] }
  /** "kill": without a word; "close": in order; "replace": the resource is bound again, which ends the older stream. */
  | { readonly pause: Pause; readonly does: "kill" | "close" | "replace" };

/** Turns of the event loop, or milliseconds: a login takes a few. */
export type Pause = { readonly turns: number } | { readonly ms: number };

export interface Script {
  /** Whether it is available from its logins on. */
  readonly eager: boolean;
  readonly moves: readonly Move[];
}

export interface Scenario {
  /** Of the pairs romeo–juliet, romeo–nurse and juliet–nurse, seen from the first. */
  readonly relations: readonly [SubscriptionState, SubscriptionState, SubscriptionState];
  /** One to three for each user. */
  readonly scripts: readonly (readonly Script[])[];
  /** Turns that the store takes for each of its answers, in a circle. */
  readonly latency: readonly number[];
}

const resource = fc.option(fc.nat(resourceNames.length - 1), { freq: 2 });
const address: fc.Arbitrary<Address> = fc.record({ user: fc.nat(users.length - 1), resource });
const other = fc.nat(users.length - 2);
const either = <Name extends string>(...names: readonly Name[]) => fc.constantFrom<Name>(...names);

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant("available" as const), priority: fc.constantFrom(0, 0, 0, 5, -1) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("unavailable" as const) }) },
  { weight: 4, arbitrary: fc.record({ does: either("direct", "direct", "undirect"), to: address }) },
  { weight: 6, arbitrary: fc.record({ does: either("chat", "normal"), to: address }) },
  { weight: 6, arbitrary: fc.record({ does: either("subscribe", "subscribed", "unsubscribe", "unsubscribed"), other }) },
  { weight: 2, arbitrary: fc.record({ does: either("list", "list", "remove"), other }) },
  { weight: 2, arbitrary: fc.record({ does: either("block", "unblock"), other, resource: fc.oneof(resource, fc.constant("domain" as const)) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("unblock all" as const) }) },
);

const pause: fc.Arbitrary<Pause> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ turns: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ ms: fc.integer({ min: 1, max: 8 }) }) },
);

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ pause, does: fc.constant("say" as const), acts: fc.array(act, { minLength: 1, maxLength: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ pause, does: either("kill", "kill", "close", "replace") }) },
);

const script: fc.Arbitrary<Script> = fc.record({
  eager: fc.constantFrom(true, true, true, false),
  moves: fc.array(move, { maxLength: 7, size: "max" }),
});

const relation = fc.constantFrom<SubscriptionState>("None", "Both", "Both", ...subscriptionStates);

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  relations: fc.tuple(relation, relation, relation),
  scripts: fc.tuple(...users.map(() => fc.array(script, { minLength: 1, maxLength: resourceNames.length, size: "max" }))),
  latency: fc.array(fc.oneof(fc.nat(3), fc.nat(20)), { minLength: 1, maxLength: 5 }),
});
