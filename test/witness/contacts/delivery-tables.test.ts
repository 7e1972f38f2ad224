/** RFC 6121 section 8.5 twice: typed in by hand, and as the server decides. Both say the same of every stanza, address and set of resources. */
import { describe, expect, it } from "vitest";
import { decideDelivery, type DeliveryRow, type DeliveryTarget } from "../../../src/domain/delivery.ts";
import {
  deliveryRule,
  deliveryRules,
  situations,
  stanzaForms,
  type AddressForm,
  type DeliveryRule,
  type Fate,
  type StanzaForm,
} from "../../../src/testing/oracle/delivery-tables.ts";
import { sectionsOf } from "../../tidy/sections.ts";
import { situationOf } from "./situation.ts";

const addresses: readonly AddressForm[] = ["bare", "full match", "full no match"];
const nameOf = ({ stanza, situation, address }: DeliveryRule): string => `${stanza}: ${situation}, ${address}`;

describe("RFC 6121 section 8.5, typed in by hand", () => {
  it("has one rule for each stanza, situation and form of address", () => {
    const expected = stanzaForms.flatMap((stanza) =>
      situations.flatMap((situation) =>
        addresses
          .filter((address) => !(situation === "no account" && address === "full match"))
          .map((address) => `${stanza}: ${situation}, ${address}`),
      ),
    );
    expect(deliveryRules.map(nameOf).toSorted()).toEqual(expected.toSorted());
    expect(expected).toHaveLength(238);
  });

  it("names sections that exist", () => {
    const sections = sectionsOf("RFC 6121")!;
    expect(deliveryRules.filter(({ section }) => !sections.has(section))).toEqual([]);
  });

  it("does what the RFC allows, but for subscription stanzas whose 'to' was made bare before", () => {
    const others = deliveryRules.filter(({ allowed, fate }) => allowed.length > 0 && !allowed.includes(fate));
    expect([...new Set(others.map(({ stanza, address, allowed, fate }) => `${stanza}, ${address}: ${allowed.join("/")}, not ${fate}`))]).toEqual([
      "presence subscribed, full no match: S, not 3",
      "presence unsubscribe, full no match: S, not 3",
      "presence unsubscribed, full no match: S, not 3",
    ]);
  });

  it("chooses where the RFC says nothing for errors of presence alone", () => {
    const unsaid = deliveryRules.filter(({ allowed }) => allowed.length === 0);
    expect([...new Set(unsaid.map(({ stanza }) => stanza))]).toEqual(["presence error"]);
  });
});

/** Every set of at most three resources: each is not available, or has one of these priorities. */
const kinds = [null, -128, -1, 0, 5, 127] as const;
const sets: readonly (readonly DeliveryTarget[])[] = [0, 1, 2, 3].flatMap((size) =>
  Array.from({ length: kinds.length ** size }, (_, number) =>
    Array.from({ length: size }, (_, index) => {
      const priority = kinds[Math.floor(number / kinds.length ** index) % kinds.length]!;
      return { resource: `r${index}`, available: priority !== null, priority: priority ?? 0 };
    }),
  ),
);

/** The server's row; undefined for presence that it does not deliver by the table. */
function rowOf(stanza: StanzaForm): DeliveryRow | undefined {
  const [kind, type] = stanza.split(" ") as [string, string];
  if (kind === "message") return stanza as DeliveryRow;
  if (kind === "iq") return type === "get" || type === "set" ? "iq request" : "iq response";
  return ["available", "unavailable", "error"].includes(type) ? "presence" : undefined;
}

describe("RFC 6121 section 8.5 and the server's decision", () => {
  it.each(stanzaForms.filter((stanza) => rowOf(stanza) !== undefined))("agree for every address and set of resources: %s", (stanza) => {
    const wrong: string[] = [];
    let compared = 0;
    for (const targets of [undefined, ...sets]) {
      for (const resource of [undefined, "gone", ...(targets ?? []).map((target) => target.resource)]) {
        for (const shared of [false, true]) {
          const { action, ...rest } = decideDelivery(rowOf(stanza)!, resource, targets, () => shared);
          const address = resource === undefined ? "bare" : targets?.some((target) => target.resource === resource) === true ? "full match" : "full no match";
          const { fate } = deliveryRule(stanza, situationOf(targets), address);
          const expected = expectation(fate, shared, resource, targets ?? []);
          const is = "to" in rest ? rest.to.map((target) => target.resource).join(" ") : action;
          compared += 1;
          if (is !== expected) wrong.push(`${JSON.stringify(targets)} /${resource} shared=${shared}: ${is}, not ${expected}`);
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(compared).toBe(2_492);
  });
});

function expectation(fate: Fate, shared: boolean, resource: string | undefined, targets: readonly DeliveryTarget[]): string {
  const names = (chosen: readonly DeliveryTarget[]): string => chosen.map((target) => target.resource).join(" ");
  const available = targets.filter((target) => target.available);
  const able = available.filter(({ priority }) => priority >= 0);
  switch (fate) {
    case "O":
      return "undelivered";
    case "E":
      return "bounce";
    case "S":
      return "drop";
    case "D":
      return resource!;
    case "M":
      return names(able.filter(({ priority }) => able.every((other) => other.priority <= priority)));
    case "A":
      return names(able);
    case "P":
      return names(available);
    case "D if shared":
      return shared ? resource! : "bounce";
    case "R":
      return "answer";
    default:
      throw new Error(`${fate} is none of the delivery table's`);
  }
}
