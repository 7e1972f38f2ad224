/** Scripts that come to every row of the tables that two people of one server can come to. */
import { deliveryRules, type AddressForm, type DeliveryRule, type Situation } from "../../../src/testing/oracle/delivery-tables.ts";
import type { AppendixType } from "../../../src/testing/oracle/subscription-tables.ts";
import type { Action, IqType, MessageType, PresenceType } from "./actions.ts";
import { nobody } from "./people.ts";
import { reachableRows, type Move } from "./reachable.ts";

type Line = (id: string) => Action;

const online = (who: string, priority?: string): readonly Line[] => [
  () => ({ do: "login", who }),
  (id) => ({ do: "ask roster", who, id }),
  (id) => ({ do: "available", who, priority, id }),
];

/** Of romeo and juliet, with one resource each. Every row begins with nothing between them: whoever has the other in the roster removes them. */
export function subscriptionTour(): readonly Line[] {
  const [romeo, juliet] = ["romeo/home", "juliet/home"] as const;
  const move = ({ by, what }: Move): Line => {
    const [who, to] = by === 0 ? [romeo, "juliet"] : [juliet, "romeo"];
    return (id) => (what === "remove" ? { do: "remove", who, to, id } : { do: "subscription", who, type: what, to, id });
  };
  const anew = [move({ by: 0, what: "remove" }), move({ by: 1, what: "remove" })];
  return [...online(romeo), ...online(juliet), ...reachableRows().flatMap(({ moves }) => [...moves.map(move), ...anew])];
}

/** Of the same two with two resources each: romeo writes to juliet, and to an account that there is not. */
export function deliveryTour(): readonly Line[] {
  const to: Readonly<Record<AddressForm, string>> = { "bare": "juliet", "full match": "juliet/away", "full no match": "juliet/gone" };
  const stage: Readonly<Record<Situation, readonly Line[]>> = {
    "no account": online("romeo/home"),
    "no available resource": [() => ({ do: "login", who: "juliet/home" }), () => ({ do: "login", who: "juliet/away" })],
    "only negative": [available("juliet/away", "-1"), available("juliet/home", "-128")],
    "one non-negative": [available("juliet/home", "0")],
    "several non-negative": [available("juliet/away", "5")],
  };
  const all = (Object.keys(stage) as Situation[]).flatMap((situation) => [
    ...stage[situation],
    ...deliveryRules
      .filter((rule) => rule.situation === situation)
      .map((rule) => send("romeo/home", rule, situation === "no account" ? (rule.address === "bare" ? nobody : `${nobody}/x`) : to[rule.address])),
  ]);
  // What is delivered to those alone with whom presence is shared (section 8.5.3.1).
  const ask = (to: string): Line => (id) => ({ do: "iq", who: "romeo/home", type: "get", to, id });
  const direct = (type: PresenceType): Line => (id) => ({ do: "presence", who: "juliet/home", type, to: "romeo/home", id });
  const negotiate = (who: string, type: AppendixType, to: string): Line => (id) => ({ do: "subscription", who, type, to, id });
  return [
    ...all,
    ask("romeo/home"),
    direct(""), ask("juliet/home"), direct("unavailable"), ask("juliet/home"),
    negotiate("juliet/home", "subscribed", "romeo"), negotiate("romeo/home", "subscribe", "juliet"), ask("juliet/home"),
  ];
}

/** Of the same two: what RFC 6121 section 4.6 says of directed presence and of its end, one rule after the other. */
export function directedTour(): readonly Line[] {
  const [romeo, home, away] = ["romeo/home", "juliet/home", "juliet/away"] as const;
  const login = (who: string): Line => () => ({ do: "login", who });
  const logout = (who: string): Line => () => ({ do: "logout", who });
  const unavailable = (who: string): Line => (id) => ({ do: "unavailable", who, id });
  const direct = (who: string, to: string, type: PresenceType = ""): Line => (id) => ({ do: "presence", who, type, to, id });
  const ask = (who: string, type: AppendixType, to: string): Line => (id) => ({ do: "subscription", who, type, to, id });
  return [
    login(romeo), login(home), login(away), available(home, "0"), available(away, "0"),
    // Rule 3: without having been available. Whoever was reached is told of the end.
    direct(romeo, "juliet"), unavailable(romeo),
    // Rule 2: while it is available; and by leaving.
    available(romeo, "0"), direct(romeo, home), direct(romeo, "juliet/gone"), available(romeo, "1"), logout(romeo),
    // Section 4.6.1: taken back, of an account that was written to as a whole: the other resource is still to be told.
    login(romeo), direct(romeo, "juliet"), direct(romeo, home, "unavailable"), logout(romeo),
    login(romeo), direct(romeo, home), direct(romeo, away), direct(romeo, "juliet", "unavailable"), unavailable(romeo),
    // Section 4.6.1: who leaves, or answers with an error, is not to be told.
    direct(romeo, home), direct(home, romeo), unavailable(home), unavailable(romeo), available(home, "0"),
    direct(romeo, home), direct(home, romeo, "error"), unavailable(romeo),
    // Rule 1: a contact is told once; but not so a resource that no broadcast reaches.
    ask(romeo, "subscribed", "juliet"), ask(home, "subscribe", "romeo"), available(romeo, "0"), direct(romeo, "juliet"), unavailable(romeo),
    unavailable(away), available(romeo, "0"), direct(romeo, away), unavailable(romeo), available(away, "0"),
    // Section 4.6.1: the end of a subscription takes precedence.
    available(romeo, "0"), direct(romeo, home), ask(romeo, "unsubscribed", "juliet"), unavailable(romeo),
    // Section 4.6.6: what a probe may learn.
    direct(romeo, home), direct(home, romeo, "probe"), direct(away, romeo, "probe"), direct(home, "romeo", "probe"), logout(romeo),
  ];
}

const available = (who: string, priority: string): Line => (id) => ({ do: "available", who, priority, id });

function send(who: string, { stanza }: DeliveryRule, to: string): Line {
  const [kind, type] = stanza.split(" ") as [string, string];
  return (id) => {
    if (kind === "message") return { do: "message", who, type: type as MessageType, to, id };
    if (kind === "iq") return { do: "iq", who, type: type as IqType, to, id };
    if (/^(un)?subscribed?$/.test(type)) return { do: "subscription", who, type: type as AppendixType, to, id };
    return { do: "presence", who, type: (type === "available" ? "" : type) as PresenceType, to, id };
  };
}
