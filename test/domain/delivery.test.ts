import { describe, expect, it } from "vitest";
import {
  decideDelivery, deliveryTable, type DeliveryColumn, type DeliveryDecision, type DeliveryRow, type DeliveryTarget,
} from "../../src/domain/delivery.ts";

interface Resource extends DeliveryTarget {
  readonly shares: boolean;
}

const resource = (name: string, priority: number | null, shares = false): Resource =>
  ({ resource: name, available: priority !== null, priority: priority ?? 0, shares });

/** Two at the top, one lower, one that asked for no messages, one that sent no presence. */
const everyone = [
  resource("top", 5), resource("low", 1), resource("negative", -1), resource("silent", null), resource("shared", 5, true),
];

/** What an account looks like, and the resource of the `to` address. */
interface Situation {
  readonly title: string;
  readonly resource?: string;
  readonly targets: readonly Resource[] | undefined;
}

const noAccount: Situation = { title: "no such account, bare JID", targets: undefined };
const noAccountFull: Situation = { title: "no such account, full JID", resource: "top", targets: undefined };
const bareSome: Situation = { title: "bare JID, resources of all kinds", targets: everyone };
/** The priority of who sent none is 0; a resource that sent no presence has one that counts for nothing. */
const bareZero: Situation = { title: "bare JID, priority 0 and others that may get nothing", targets: [resource("zero", 0), resource("silent", null), resource("negative", -1)] };
const bareNegative: Situation = { title: "bare JID, only a negative priority", targets: [resource("negative", -1)] };
const bareConnected: Situation = { title: "bare JID, connected but not available", targets: [resource("silent", null)] };
const bareNobody: Situation = { title: "bare JID, nobody connected", targets: [] };
const full: Situation = { title: "full JID of an available resource", resource: "low", targets: everyone };
const fullNegative: Situation = { title: "full JID of a resource with a negative priority", resource: "negative", targets: everyone };
const fullSilent: Situation = { title: "full JID of a connected resource that is not available", resource: "silent", targets: everyone };
const fullShared: Situation = { title: "full JID of a resource that shares its presence", resource: "shared", targets: everyone };
const noMatch: Situation = { title: "full JID of nobody, others available", resource: "gone", targets: everyone };
const noMatchNegative: Situation = { title: "full JID of nobody, only a negative priority", resource: "gone", targets: [resource("negative", -1)] };
const noMatchNobody: Situation = { title: "full JID of nobody, nobody connected", resource: "gone", targets: [] };

type Outcome = "answer" | "undelivered" | "bounce" | "drop" | readonly string[];
type Case = readonly [row: DeliveryRow, situation: Situation, outcome: Outcome];

const top = ["top", "shared"];
const nonNegative = ["top", "low", "shared"];
const available = ["top", "low", "negative", "shared"];

/** By hand from the text of RFC 6121 section 8.5, where each rule stands; where it leaves a choice, shared with the design's table. */
const rules: Readonly<Record<string, readonly Case[]>> = {
  "RFC 6121 section 8.5.1 no such user": [noAccount, noAccountFull].flatMap((situation): Case[] => [
    ["message chat", situation, "bounce"],
    ["message normal", situation, "bounce"],
    ["message groupchat", situation, "bounce"],
    ["message headline", situation, "drop"],
    ["message error", situation, "drop"],
    ["presence", situation, "drop"],
    ["iq request", situation, "bounce"],
    ["iq response", situation, "drop"],
  ]),
  "RFC 6121 section 8.5.2.1.1 message to a bare JID": [
    ["message chat", bareSome, top],
    ["message normal", bareSome, top],
    ["message headline", bareSome, nonNegative],
    ["message groupchat", bareSome, "bounce"],
    ["message error", bareSome, "drop"],
    ["message chat", bareZero, ["zero"]],
    ["message normal", bareZero, ["zero"]],
    ["message headline", bareZero, ["zero"]],
    ["message chat", bareNegative, "undelivered"],
    ["message normal", bareNegative, "undelivered"],
    ["message headline", bareNegative, "drop"],
    ["message groupchat", bareNegative, "bounce"],
    ["message error", bareNegative, "drop"],
  ],
  "RFC 6121 section 8.5.2.1.2 presence to a bare JID": [
    ["presence", bareSome, available],
    ["presence", bareNegative, ["negative"]],
  ],
  "RFC 6121 section 8.5.2.1.3 iq to a bare JID": [
    ["iq request", bareSome, "answer"],
    ["iq response", bareSome, "drop"],
    ["iq request", bareNegative, "answer"],
    ["iq response", bareNegative, "drop"],
  ],
  "RFC 6121 section 8.5.2.2.1 message, no available resources": [bareConnected, bareNobody].flatMap((situation): Case[] => [
    ["message chat", situation, "undelivered"],
    ["message normal", situation, "undelivered"],
    ["message groupchat", situation, "bounce"],
    ["message headline", situation, "drop"],
    ["message error", situation, "drop"],
  ]),
  "RFC 6121 section 8.5.2.2.2 presence, no available resources": [
    ["presence", bareConnected, "drop"],
    ["presence", bareNobody, "drop"],
  ],
  "RFC 6121 section 8.5.2.2.3 iq, no available resources": [bareConnected, bareNobody].flatMap((situation): Case[] => [
    ["iq request", situation, "answer"],
    ["iq response", situation, "drop"],
  ]),
  "RFC 6121 section 8.5.3.1 resource matches": [
    ...[full, fullNegative, fullSilent].flatMap((situation): Case[] => {
      const it = [situation.resource!];
      return [
        ["message chat", situation, it],
        ["message normal", situation, it],
        ["message headline", situation, it],
        ["message groupchat", situation, it],
        ["message error", situation, it],
        ["presence", situation, it],
        ["iq response", situation, it],
        ["iq request", situation, "bounce"],
      ];
    }),
    ["iq request", fullShared, ["shared"]],
  ],
  "RFC 6121 section 8.5.3.2.1 message, no resource matches": [
    ["message chat", noMatch, top],
    ["message chat", noMatchNegative, "undelivered"],
    ["message chat", noMatchNobody, "undelivered"],
    ...[noMatch, noMatchNegative, noMatchNobody].flatMap((situation): Case[] => [
      ["message normal", situation, "bounce"],
      ["message groupchat", situation, "bounce"],
      ["message headline", situation, "bounce"],
      ["message error", situation, "drop"],
    ]),
  ],
  "RFC 6121 section 8.5.3.2.2 presence, no resource matches": [
    ["presence", noMatch, "drop"],
    ["presence", noMatchNegative, "drop"],
    ["presence", noMatchNobody, "drop"],
  ],
  "RFC 6121 section 8.5.3.2.3 iq, no resource matches": [noMatch, noMatchNegative, noMatchNobody].flatMap((situation): Case[] => [
    ["iq request", situation, "bounce"],
    ["iq response", situation, "drop"],
  ]),
};

for (const [rule, cases] of Object.entries(rules)) {
  describe(rule, () => {
    it.each(cases.map(([row, situation, outcome]) => ({ row, title: situation.title, outcome, situation })))(
      "$row, $title: $outcome",
      ({ row, situation, outcome }) => {
        expect(shown(decide(row, situation))).toEqual(outcome);
      },
    );
  });
}

describe("RFC 6121 section 8.5 as a whole", () => {
  it("has a case for every row and every column", () => {
    const columnOf = ({ resource, targets }: Situation): DeliveryColumn => {
      if (targets === undefined) return "noAccount";
      if (resource !== undefined) return targets.some((target) => target.resource === resource) ? "fullMatch" : "fullNoMatch";
      return targets.some((target) => target.available && target.priority >= 0) ? "bareSome" : "bareNone";
    };
    const tested = new Set(Object.values(rules).flat().map(([row, situation]) => `${row}, ${columnOf(situation)}`));
    const cells = Object.entries(deliveryTable).flatMap(([row, columns]) => Object.keys(columns).map((column) => `${row}, ${column}`));
    expect(cells).toHaveLength(40);
    expect(cells.filter((cell) => !tested.has(cell))).toEqual([]);
  });

  it("tells a reason that names the row and the column", () => {
    expect(decide("message chat", bareSome).why).toBe("message chat, bareSome: mostAvailable");
    expect(decide("iq request", fullShared).why).toBe("iq request, fullMatch: matchIfShared");
    expect(decide("iq request", full).why).toBe("iq request, fullMatch: matchIfShared; the sender may not know of its presence");
  });

  it("never delivers a message for a bare JID to a negative priority", () => {
    for (const type of ["chat", "normal", "headline", "groupchat", "error"] as const) {
      const decision = decide(`message ${type}`, bareSome);
      if (decision.action === "deliver") expect(decision.to.every(({ priority }) => priority >= 0)).toBe(true);
    }
  });
});

function decide(row: DeliveryRow, { resource, targets }: Situation): DeliveryDecision<Resource> {
  return decideDelivery(row, resource, targets, (target) => target.shares);
}

function shown(decision: DeliveryDecision<Resource>): Outcome {
  return decision.action === "deliver" ? decision.to.map((target) => target.resource) : decision.action;
}
