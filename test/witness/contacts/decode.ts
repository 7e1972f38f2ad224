/** Natural numbers as actions: each is read against what is possible and likely in the state that those before it have led to. */
import fc from "fast-check";
import { appendixRow, appendixTypes, type AppendixType } from "../../../src/testing/oracle/subscription-tables.ts";
import { bareOf, iqTypes, messageTypes, mistakeNames, type Action } from "./actions.ts";
import { hasDirected } from "./oracle-delivery.ts";
import { domain, nobody, stranger, type People, type Person, type Resource } from "./people.ts";

/** Who acts, what they do, to whom, and how. */
export type Choice = readonly [who: number, what: number, whom: number, how: number];

const natural = fc.noBias(fc.nat({ max: 99_999 }));

/** A script by numbers: how far each resource is on its way at the start, and what is done then. */
export interface Numbers {
  readonly opening: readonly number[];
  readonly choices: readonly Choice[];
}

/** Of scripts with at most so many choices. */
export const numbers = (places: number, most: number): fc.Arbitrary<Numbers> =>
  fc.record({
    opening: fc.array(fc.noBias(fc.nat({ max: openings.length - 1 })), { minLength: places, maxLength: places }),
    choices: fc.noBias(fc.array(fc.tuple(natural, natural, natural, natural), { minLength: 1, maxLength: most, size: "max" })),
  });

/** What a resource has done when the script begins. */
const openings: readonly (readonly ("login" | "roster" | "available" | "negative")[])[] = [
  [],
  ["login", "roster", "available"],
  ["login", "roster", "available"],
  ["login", "roster"],
  ["login", "available"],
  ["login", "roster", "negative"],
];

/** One after the other; their marks are those of turns from 0. */
export function decodeOpening(places: readonly string[], opening: readonly number[]): readonly Action[] {
  const steps = places.flatMap((who, index) => openings[opening[index] ?? 0]!.map((step) => ({ who, step })));
  return steps.map(({ who, step }, turn) => {
    const id = `m${turn}`;
    if (step === "login") return { do: "login", who };
    if (step === "roster") return { do: "ask roster", who, id };
    return { do: "available", who, priority: step === "available" ? undefined : "-1", id };
  });
}

type Weighted<Value> = readonly [weight: number, value: Value];

/** `turn` marks what is sent: `m7`. One in four is done in the same breath as `previous`, by whoever did that. */
export function decode(people: People, turn: number, choice: Choice, previous: Action | undefined): Action {
  const hasty = previous !== undefined && people.resource(previous.who) !== undefined && choice[0] % 4 === 0;
  return hasty ? { ...deed(people, turn, choice, previous.who), hasty } : deed(people, turn, choice, undefined);
}

function deed(people: People, turn: number, [who, what, whom, how]: Choice, again: string | undefined): Action {
  const id = `m${turn}`;
  const jid = again ?? pick(Math.floor(who / 4), people.places.map((place) => [people.resource(place) === undefined ? 2 : 5, place] as const));
  const by = people.resource(jid);
  if (by === undefined) return { do: "login", who: jid };
  switch (pick(what, likely(by))) {
    case "logout":
      return { do: "logout", who: jid };
    case "ask roster":
      return { do: "ask roster", who: jid, id };
    case "available":
      return { do: "available", who: jid, priority: priorities[how % priorities.length], id };
    case "unavailable":
      return { do: "unavailable", who: jid, id };
    case "list":
      return { do: "list", who: jid, to: pick(whom, [...others(people, by, 6, 1), [1, nobody], [1, stranger]]), grouped: how % 2 === 1, id };
    case "remove": {
      const listed = [...by.person.items.keys()].map((item) => [4, item] as const);
      return { do: "remove", who: jid, to: pick(whom, [...listed, ...others(people, by, 1, 0)]), id };
    }
    case "subscription": {
      const to = pick(whom, [...others(people, by, 24, 3), [2, nobody], [2, stranger], [1, domain]]);
      return { do: "subscription", who: jid, type: pick(how, likelyTypes(people, by.person, to)), to, id };
    }
    case "message":
      return { do: "message", who: jid, type: messageTypes[how % messageTypes.length]!, to: pick(whom, anywhere(people, by)), id };
    case "iq":
      return { do: "iq", who: jid, type: iqTypes[how % iqTypes.length]!, to: pick(whom, anywhere(people, by)), id };
    case "presence": {
      const to = pick(whom, [...anywhere(people, by), ...directedBetween(people, by)]);
      // Without an address the others are broadcasts.
      const types = to === undefined ? directedTypes.filter(([, type]) => type === "error" || type === "probe") : directedTypes;
      return { do: "presence", who: jid, type: pick(how, types), to, id };
    }
    case "mistake":
      return { do: "mistake", who: jid, mistake: mistakeNames[how % mistakeNames.length]!, to: pick(whom, others(people, by, 1, 0)), id };
    default:
      throw new Error("a resource that is there does not log in");
  }
}

const priorities = [undefined, "5", "-1", "0", "127", "-128", "-1", "5"] as const;
const directedTypes = [[5, ""], [3, "unavailable"], [1, "error"], [2, "probe"]] as const;

/** Of a hundred or so five are mistakes. */
function likely({ interested, available, directed }: Resource): readonly Weighted<Action["do"]>[] {
  return [
    [interested ? 2 : 16, "ask roster"],
    [available ? 8 : 18, "available"],
    [directed.length > 0 ? 10 : available ? 4 : 1, "unavailable"],
    [directed.length > 0 ? 5 : 3, "logout"],
    [3, "list"],
    [2, "remove"],
    [28, "subscription"],
    [22, "message"],
    [14, "iq"],
    [16, "presence"],
    [6, "mistake"],
  ];
}

/** What leads on is likely, what takes back less so, and what changes nothing least. */
function likelyTypes(people: People, person: Person, to: string): readonly Weighted<AppendixType>[] {
  const { state, approved } = people.relation(person, bareOf(to));
  return appendixTypes.map((type) => {
    const { next, approvedNext } = appendixRow("outbound", type, state, approved);
    const changes = next !== state || approvedNext !== approved;
    return [changes ? (type === "subscribe" || type === "subscribed" ? 7 : 3) : 2, type];
  });
}

/** Other people, and their resources, there or not. */
function others(people: People, by: Resource, bare: number, full: number): readonly Weighted<string>[] {
  return people.all.flatMap((person) => (person === by.person ? [] : [[bare, person.bare] as const, ...placesOf(people, person, full)]));
}

function placesOf(people: People, person: Person, weight: number): readonly Weighted<string>[] {
  if (weight === 0) return [];
  const places = people.places.filter((place) => place.startsWith(`${person.bare}/`));
  return [...places.map((place) => [weight, place] as const), [weight, `${person.bare}/gone`]];
}

function anywhere(people: People, by: Resource): readonly Weighted<string | undefined>[] {
  const own = by.person.bare;
  return [
    ...others(people, by, 9, 5),
    [2, own], ...placesOf(people, by.person, 1),
    [2, nobody], [2, `${nobody}/x`],
    [1, stranger], [1, domain], [1, `${domain}/x`], [1, undefined],
  ];
}

/** Whom it has sent directed presence to, the resources that are meant by that, and those that have sent it such: where something ends. */
function directedBetween(people: People, by: Resource): readonly Weighted<string>[] {
  const meant = by.directed.flatMap((to) => [to, ...people.places.filter((place) => bareOf(place) === to)]);
  const back = people.all.flatMap(({ resources }) => resources).filter((resource) => resource !== by && hasDirected(resource, by));
  return [...meant, ...back.map(({ jid }) => jid)].map((to) => [7, to] as const);
}

function pick<Value>(number: number, options: readonly Weighted<Value>[]): Value {
  let rest = number % options.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, value] of options) {
    rest -= weight;
    if (rest < 0) return value;
  }
  throw new Error("no option has any weight");
}

