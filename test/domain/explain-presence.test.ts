import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isBlocked } from "../../src/domain/block-list.ts";
import { explainPresence } from "../../src/domain/explain-presence.ts";
import { makeJid, type Jid } from "../../src/domain/jid.ts";
import type { DirectionView, PresenceExplanation, PresenceVerdict } from "../../src/domain/presence-explanation.ts";
import type { PresenceAccount, PresenceParty, PresenceResource } from "../../src/domain/presence-party.ts";
import {
  decideSubscription,
  subscriptionStateNames,
  subscriptionStates,
  type SubscriptionState,
  type SubscriptionType,
} from "../../src/domain/subscription.ts";

const romeo = makeJid("romeo", "a.example");
const juliet = makeJid("juliet", "b.example");
const at = (jid: Jid, resource: string): Jid => makeJid(jid.local, jid.domain, resource);

interface Given {
  readonly state?: SubscriptionState;
  readonly listed?: boolean;
  readonly approved?: boolean;
  readonly blocks?: readonly string[];
  readonly resources?: readonly PresenceResource[];
}

function party(jid: Jid, { state = "None", listed = true, approved = false, blocks = [], resources = [] }: Given): PresenceParty {
  const account: PresenceAccount = { state, listed, approved, blocked: new Map(blocks.map((entry) => [entry, true])) };
  return { jid, account, resources };
}

const available = (jid: Jid, ...directed: readonly string[]): PresenceResource => ({ jid, available: true, directed });
const connected = (jid: Jid, ...directed: readonly string[]): PresenceResource => ({ jid, available: false, directed });

function explain(a: Given, b: Given, running = true): PresenceExplanation {
  return explainPresence(party(romeo, a), party(juliet, b), running);
}

/** Whether Romeo sees Juliet. */
function romeoSees(a: Given, b: Given, running = true): DirectionView {
  return explain(a, b, running).directions[0]!;
}

const texts = ({ why }: DirectionView): readonly string[] => why.map(({ text }) => text);
const rulesOf = ({ why }: DirectionView): readonly string[] => why.map(({ rule }) => rule);
const told = ({ resources }: DirectionView): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(resources.map((resource) => [resource.jid, resource.told.map(({ jid, by }) => `${jid} ${by}`)]));

/** What every line is: it says something of somebody to its end, and names where it stands. */
const wellSaid: string = expect.stringMatching(/(romeo@|juliet@|is told).*\w$/);
const citation: string = expect.stringMatching(/^(RFC 6121 section \d(\.\d+)*|RFC 6120 section 10\.4\.3|XEP-0191 section (3\.3|6))$/);

/** Of the watcher's state and the shower's, by hand; the order is that of `subscriptionStates`, the shower's from left to right. */
const [sees, changes, stale, waits, lost, no] = ["sees", "changes-only", "not-shown", "waiting", "not-heard", "not-subscribed"] as const;
const expected: Readonly<Record<SubscriptionState, readonly PresenceVerdict[]>> = {
  // The shower: None, NoneOut, NoneIn, NoneOutIn, To, ToIn, From, FromOut, Both.
  None: [no, no, no, no, no, no, changes, changes, changes],
  NoneOut: [lost, lost, waits, waits, lost, waits, changes, changes, changes],
  NoneIn: [no, no, no, no, no, no, changes, changes, changes],
  NoneOutIn: [lost, lost, waits, waits, lost, waits, changes, changes, changes],
  To: [stale, stale, stale, stale, stale, stale, sees, sees, sees],
  ToIn: [stale, stale, stale, stale, stale, stale, sees, sees, sees],
  From: [no, no, no, no, no, no, changes, changes, changes],
  FromOut: [lost, lost, waits, waits, lost, waits, changes, changes, changes],
  Both: [stale, stale, stale, stale, stale, stale, sees, sees, sees],
};
const pairs = subscriptionStates.flatMap((watching) => subscriptionStates.map((showing, index) => [watching, showing, expected[watching][index]!] as const));

/** How the summary of each verdict goes on after the name of who watches. */
const summaries: Readonly<Partial<Record<PresenceVerdict, string>>> = {
  "sees": "sees juliet@b.example: the roster of juliet@b.example says",
  "changes-only": "sees only changes of juliet@b.example: the roster of juliet@b.example says",
  "not-shown": "does not see juliet@b.example: the roster of romeo@a.example says",
  "waiting": "does not see juliet@b.example yet: it has asked, and juliet@b.example has not",
  "not-heard": "does not see juliet@b.example: it has asked, but no request waits",
  "not-subscribed": "does not see juliet@b.example: the roster of romeo@a.example says",
};

const resources = { romeo: [available(at(romeo, "orchard"))], juliet: [available(at(juliet, "balcony"))] };

describe("RFC 6121 section 4.2.2: the roster of who is seen decides", () => {
  it.each(pairs)("watcher %s, shower %s: %s", (watching, showing, verdict) => {
    const direction = romeoSees({ state: watching, resources: resources.romeo }, { state: showing, resources: resources.juliet });
    expect(direction.verdict).toBe(verdict);
    expect(direction.summary).toContain(`romeo@a.example ${summaries[verdict]} `);
    expect(direction.summary.includes("so it is not subscribed")).toBe(verdict === "not-subscribed");
    const by = { sees: ["juliet@b.example/balcony subscription"], "changes-only": ["juliet@b.example/balcony changes"] };
    expect(told(direction)).toEqual({ "romeo@a.example/orchard": by[verdict as keyof typeof by] ?? [] });
    // Both states are named in each explanation, with the names of the appendix.
    expect(texts(direction)[0]).toContain(`the roster of juliet@b.example says ${subscriptionStateNames[showing]} of romeo@a.example`);
    expect(texts(direction)[1]).toContain(`the roster of romeo@a.example says ${subscriptionStateNames[watching]} of juliet@b.example`);
  });

  it("explains the second direction as the first of the pair turned round", () => {
    for (const [first, second] of pairs) {
      const { directions } = explain({ state: first, resources: resources.romeo }, { state: second, resources: resources.juliet });
      const turned = explainPresence(party(juliet, { state: second, resources: resources.juliet }), party(romeo, { state: first, resources: resources.romeo }), true);
      expect(turned.directions).toEqual(directions.toReversed());
    }
  });

  it("tells whether the rosters agree: each pair that stanzas lead to does, in both directions", () => {
    const reached = reachedPairs();
    expect(reached.length).toBeGreaterThan(8);
    for (const [a, b] of reached) {
      expect([a, b, explain({ state: a }, { state: b }).directions.map(({ rostersAgree }) => rostersAgree)]).toEqual([a, b, [true, true]]);
    }
    const agreeing = pairs.filter(([a, b]) => explain({ state: a }, { state: b }).directions.every(({ rostersAgree }) => rostersAgree === true));
    expect(agreeing.map(([a, b]) => `${a} ${b}`).toSorted()).toEqual(reached.map(([a, b]) => `${a} ${b}`).toSorted());
  });

  it("says in a line of its own that the rosters disagree, and only then", () => {
    for (const [a, b] of pairs) {
      const direction = romeoSees({ state: a }, { state: b });
      expect(texts(direction).some((text) => text.startsWith("the rosters disagree: "))).toBe(direction.rostersAgree === false);
    }
  });

  it("says whether presence goes out, and whether it is asked for", () => {
    for (const [a, b] of pairs) {
      const [shows, sees] = texts(romeoSees({ state: a }, { state: b }));
      const goes = ["From", "FromOut", "Both"].includes(b);
      expect(shows).toMatch(goes ? /: its presence goes to romeo@a\.example when it changes$/ : /: its presence does not go to romeo@a\.example$/);
      const asks = ["To", "ToIn", "Both"].includes(a);
      expect(sees).toMatch(asks ? / available asks for the presence of juliet@b\.example$/ : / does not ask for the presence of juliet@b\.example$/);
    }
  });

  it("says why a resource is told nothing", () => {
    const why = (a: Given, b: Given) => romeoSees({ resources: resources.romeo, ...a }, { resources: resources.juliet, ...b }).resources[0]!.why;
    const notShown = { text: "is told nothing: juliet@b.example does not show itself to it", rule: "RFC 6121 section 4.2.2" };
    for (const state of ["None", "NoneOut", "To"] as const) expect(why({ state }, { state: "NoneIn" })).toEqual(notShown);
    const away = { resources: [connected(at(romeo, "orchard"))] };
    const itself = { text: "is told nothing: it is not available itself", rule: "RFC 6121 section 4.2.3" };
    for (const state of ["None", "To"] as const) expect(why({ state, ...away }, { state: "From" })).toEqual(itself);
    expect(why(away, {})).toEqual(notShown);
    const nobody = { text: "is told nothing: juliet@b.example has no available resource", rule: "RFC 6121 section 4.3.2" };
    for (const state of ["None", "To"] as const) expect(why({ state }, { state: "From", resources: [connected(at(juliet, "balcony"))] })).toEqual(nobody);
  });

  it("names a roster that does not list the other", () => {
    const direction = romeoSees({ listed: false }, { state: "NoneIn", listed: false });
    expect(texts(direction)[0]).toContain("the roster of juliet@b.example does not list romeo@a.example (None + Pending In)");
    expect(texts(direction)[1]).toContain("the roster of romeo@a.example does not list juliet@b.example (None)");
  });
});

/** What every exchange of stanzas between two users leads to, from nothing, without pre-approvals or blocks. */
function reachedPairs(): readonly (readonly [SubscriptionState, SubscriptionState])[] {
  const found = new Map<string, readonly [SubscriptionState, SubscriptionState]>();
  const visit = (a: SubscriptionState, b: SubscriptionState): void => {
    if (found.has(`${a} ${b}`)) return;
    found.set(`${a} ${b}`, [a, b]);
    for (const type of ["subscribe", "unsubscribe", "subscribed", "unsubscribed"] as const) {
      visit(...send(type, a, b));
      visit(...(send(type, b, a).toReversed() as [SubscriptionState, SubscriptionState]));
    }
  };
  visit("None", "None");
  return [...found.values()];
}

function send(type: SubscriptionType, sender: SubscriptionState, receiver: SubscriptionState): [SubscriptionState, SubscriptionState] {
  const out = decideSubscription("outbound", type, sender, false);
  if (!out.pass) return [out.state, receiver];
  const inbound = decideSubscription("inbound", type, receiver, false);
  if (inbound.answer === undefined) return [out.state, inbound.state];
  return [decideSubscription("inbound", inbound.answer, out.state, false).state, inbound.state];
}

describe("XEP-0191 section 3.3: a block keeps presence back both ways", () => {
  const whole = ["juliet@b.example", "b.example"] as const;

  it.each(pairs)("whatever the rosters say: %s, %s", (a, b) => {
    for (const blocks of [...whole.map((entry) => [entry]), [...whole]]) {
      const { directions } = explain({ state: a, blocks, resources: resources.romeo }, { state: b, resources: resources.juliet });
      for (const direction of directions) {
        expect(direction.verdict).toBe("blocked");
        expect(direction.resources.map((resource) => resource.told)).toEqual([[]]);
        expect(direction.resources[0]!.why).toEqual({ text: "is told nothing: blocked", rule: "XEP-0191 section 3.3" });
        for (const entry of blocks) expect(direction.summary).toContain(`romeo@a.example has blocked ${entry}`);
        expect(rulesOf(direction).filter((rule) => rule === "XEP-0191 section 3.3")).toHaveLength(blocks.length);
        expect(direction.rostersAgree).toBe(explain({ state: a }, { state: b }).directions.find(({ watcher }) => watcher === direction.watcher)!.rostersAgree);
      }
    }
  });

  it("and the line of the roster that would let it go says so", () => {
    for (const [a, b] of pairs) {
      const { directions } = explain({ state: a }, { state: b, blocks: ["romeo@a.example"] });
      for (const direction of directions) {
        const line = texts(direction)[0]!;
        expect(line).not.toContain("its presence goes to");
        expect(line.includes("would go to")).toBe(line.endsWith(", but for the block"));
      }
      expect(texts(directions[0]!)[0]!.includes("would go to romeo@a.example when it changes")).toBe(["From", "FromOut", "Both"].includes(b));
    }
  });

  it("names both where both have blocked", () => {
    const direction = romeoSees({ blocks: ["juliet@b.example"] }, { blocks: ["a.example"] });
    const summary = "romeo@a.example does not see juliet@b.example: romeo@a.example has blocked juliet@b.example, and juliet@b.example has blocked a.example";
    expect(direction.summary).toBe(`${summary} (XEP-0191 section 3.3)`);
  });

  it("of directed presence too", () => {
    const given = { resources: [available(at(juliet, "balcony"), "romeo@a.example")], blocks: ["romeo@a.example"] };
    const direction = romeoSees({ resources: resources.romeo }, given);
    expect(direction.verdict).toBe("blocked");
    expect(told(direction)).toEqual({ "romeo@a.example/orchard": [] });
  });

  it("of one resource alone, where the list names it (section 6)", () => {
    const both = { state: "Both", resources: [available(at(romeo, "orchard")), available(at(romeo, "phone"))] } as const;
    const other = { state: "Both", resources: [available(at(juliet, "balcony")), available(at(juliet, "chamber"))] } as const;
    const { directions } = explain({ ...both, blocks: ["juliet@b.example/chamber"] }, { ...other, blocks: ["romeo@a.example/phone"] });
    expect(directions.map(({ verdict }) => verdict)).toEqual(["sees", "sees"]);
    expect(told(directions[0]!)).toEqual({ "romeo@a.example/orchard": ["juliet@b.example/balcony subscription"], "romeo@a.example/phone": [] });
    expect(told(directions[1]!)).toEqual({ "juliet@b.example/balcony": ["romeo@a.example/orchard subscription"], "juliet@b.example/chamber": [] });
    expect(directions[0]!.resources[1]!.why).toEqual({ text: "is told nothing: blocked", rule: "XEP-0191 section 6" });
    expect(texts(directions[0]!)).toContain("romeo@a.example has blocked juliet@b.example/chamber: nothing of that resource is delivered to romeo@a.example");
    expect(texts(directions[0]!)).toContain("juliet@b.example has blocked romeo@a.example/phone: juliet@b.example appears offline to that resource");
  });

  it("of no resource that is not there: then that nobody is there is the reason", () => {
    const direction = romeoSees(
      { state: "Both", resources: resources.romeo, blocks: ["juliet@b.example/chamber"] },
      { state: "Both", resources: [connected(at(juliet, "chamber"))] },
    );
    expect(direction.resources[0]!.why.text).toBe("is told nothing: juliet@b.example has no available resource");
  });

  it("exactly as the list is read elsewhere", () => {
    const entries = ["juliet@b.example", "juliet@b.example/balcony", "juliet@b.example/chamber", "b.example", "b.example/balcony", "romeo@a.example", "juliet@a.example"];
    fc.assert(
      fc.property(fc.subarray(entries), fc.subarray(["balcony", "chamber"]), (blocks, names) => {
        const shown = names.map((name) => available(at(juliet, name)));
        const direction = romeoSees({ state: "Both", blocks, resources: resources.romeo }, { state: "Both", resources: shown });
        const list = new Map(blocks.map((entry) => [entry, true]));
        expect(direction.verdict === "blocked").toBe(isBlocked(list, juliet));
        expect(told(direction)["romeo@a.example/orchard"]).toEqual(
          shown.filter(({ jid }) => !isBlocked(list, jid)).map(({ jid }) => `${jid.full} subscription`),
        );
      }),
    );
  });
});

describe("RFC 6121 section 4.2.3: available resources are told", () => {
  it("of each that is available, and of no other", () => {
    const direction = romeoSees(
      { state: "To", resources: [available(at(romeo, "orchard")), connected(at(romeo, "phone"))] },
      { state: "From", resources: [available(at(juliet, "balcony")), connected(at(juliet, "chamber")), available(at(juliet, "tomb"))] },
    );
    expect(told(direction)).toEqual({
      "romeo@a.example/orchard": ["juliet@b.example/balcony subscription", "juliet@b.example/tomb subscription"],
      "romeo@a.example/phone": [],
    });
    expect(direction.resources.map(({ why }) => why)).toEqual([
      { text: "is told of juliet@b.example/balcony, juliet@b.example/tomb", rule: "RFC 6121 section 4.2.3" },
      { text: "is told nothing: it is not available itself", rule: "RFC 6121 section 4.2.3" },
    ]);
    expect(texts(direction)).toContain("available now: juliet@b.example/balcony, juliet@b.example/tomb");
  });

  it("and somebody is there as soon as one is", () => {
    const both = [available(at(juliet, "balcony")), connected(at(juliet, "chamber"))];
    for (const there of [both, both.toReversed()]) {
      const direction = romeoSees({ state: "To", resources: resources.romeo }, { state: "From", resources: there });
      expect(direction.summary).toMatch(/ the roster of romeo@a\.example says To$/);
    }
  });

  it("and there may be nobody there", () => {
    const direction = romeoSees({ state: "To", resources: resources.romeo }, { state: "From", resources: [connected(at(juliet, "balcony"))] });
    expect(direction.verdict).toBe("sees");
    expect(direction.summary).toBe(
      "romeo@a.example sees juliet@b.example: the roster of juliet@b.example says From (RFC 6121 section 4.2.2), " +
        "the roster of romeo@a.example says To; juliet@b.example has no available resource now",
    );
    expect(direction.resources[0]!.why.text).toBe("is told nothing: juliet@b.example has no available resource");
    expect(texts(direction)).toContain("no resource of juliet@b.example is available now");
  });

  it("or no server", () => {
    const direction = romeoSees({ state: "To" }, { state: "From" }, false);
    expect(direction.summary).toMatch(/; no server runs, so nobody is there$/);
    expect(rulesOf(direction)).toEqual(["RFC 6121 section 4.2.2", "RFC 6121 section 4.3.1"]);
    expect(explain({}, {}, false).running).toBe(false);
  });
});

describe("RFC 6121 section 4.6: directed presence", () => {
  it("is seen without a subscription, by whom it was sent to", () => {
    const direction = romeoSees(
      { resources: [available(at(romeo, "orchard")), connected(at(romeo, "phone")), connected(at(romeo, "tower"))] },
      { resources: [connected(at(juliet, "balcony"), "romeo@a.example"), available(at(juliet, "chamber"), "romeo@a.example/phone", "nurse@b.example")] },
    );
    expect(direction.verdict).toBe("directed-only");
    expect(direction.summary).toBe(
      "romeo@a.example sees of juliet@b.example only directed presence: that of juliet@b.example/balcony, juliet@b.example/chamber (RFC 6121 section 4.6.4)",
    );
    expect(told(direction)).toEqual({
      "romeo@a.example/orchard": ["juliet@b.example/balcony directed"],
      "romeo@a.example/phone": ["juliet@b.example/chamber directed"],
      "romeo@a.example/tower": [],
    });
    expect(direction.why.at(-1)).toEqual({
      text: "juliet@b.example/chamber has sent directed presence to romeo@a.example/phone, which is told when it ends",
      rule: "RFC 6121 section 4.6.3",
    });
    expect(direction.resources[0]!.why).toEqual({ text: "is told of juliet@b.example/balcony by directed presence", rule: "RFC 6121 section 4.6.4" });
  });

  it("comes after a subscription (section 4.6.1), and adds what that does not show", () => {
    const direction = romeoSees(
      { state: "To", resources: resources.romeo },
      { state: "From", resources: [available(at(juliet, "balcony"), "romeo@a.example"), connected(at(juliet, "chamber"), "romeo@a.example/orchard")] },
    );
    expect(direction.verdict).toBe("sees");
    expect(told(direction)).toEqual({ "romeo@a.example/orchard": ["juliet@b.example/balcony subscription", "juliet@b.example/chamber directed"] });
  });

  it("says nothing new to who is told of changes, but is told of", () => {
    const direction = romeoSees(
      { resources: resources.romeo },
      { state: "From", resources: [available(at(juliet, "balcony"), "romeo@a.example", "romeo@a.example/orchard")] },
    );
    expect(direction.verdict).toBe("changes-only");
    expect(texts(direction)).toContain(
      "juliet@b.example/balcony has sent directed presence to romeo@a.example, romeo@a.example/orchard, which is told when it ends",
    );
  });

  it("to others is nobody's business here", () => {
    const direction = romeoSees({ resources: resources.romeo }, { resources: [available(at(juliet, "balcony"), "romeo@a.example.org", "nurse@b.example")] });
    expect(direction.verdict).toBe("not-subscribed");
    expect(told(direction)).toEqual({ "romeo@a.example/orchard": [] });
  });

  it("to a resource that is blocked does not count", () => {
    const given = { blocks: ["romeo@a.example/phone"], resources: [available(at(juliet, "balcony"), "romeo@a.example/phone")] };
    expect(romeoSees({ resources: [available(at(romeo, "phone"))] }, given).verdict).toBe("not-subscribed");
  });
});

describe("RFC 6121 section 3.4.2: pre-approval", () => {
  it("is told as long as it says anything", () => {
    for (const state of subscriptionStates) {
      const shows = ["From", "FromOut", "Both"].includes(state);
      expect(rulesOf(romeoSees({}, { state, approved: true })).includes("RFC 6121 section 3.4.2")).toBe(!shows);
      expect(rulesOf(romeoSees({}, { state, approved: false }))).not.toContain("RFC 6121 section 3.4.2");
    }
  });
});

describe("RFC 6120 section 10.4.3: somebody of another server", () => {
  const foreign: PresenceParty = { jid: juliet, account: undefined, resources: [] };

  it.each(subscriptionStates)("is not seen, and what the own roster says is told (%s)", (state) => {
    const { parties, directions } = explainPresence(party(romeo, { state, blocks: ["b.example"], resources: resources.romeo }), foreign, true);
    expect(directions.map(({ verdict, rostersAgree }) => [verdict, rostersAgree])).toEqual([["foreign", null], ["foreign", null]]);
    for (const direction of directions) {
      expect(direction.summary).toContain("b.example is no host of this server");
      expect(texts(direction)[0]).toContain(`the roster of romeo@a.example says ${subscriptionStateNames[state]} of juliet@b.example`);
      expect(texts(direction)).toContain("what juliet@b.example has in its roster is known to b.example alone");
      expect(rulesOf(direction)).toContain("XEP-0191 section 3.3");
    }
    expect(parties.map(({ contact }) => contact?.stateName ?? null)).toEqual([subscriptionStateNames[state], null]);
    expect(told(directions[0]!)).toEqual({ "romeo@a.example/orchard": [] });
    expect(directions[0]!.resources[0]!.why).toEqual({ text: "is told nothing: no presence comes from other servers", rule: "RFC 6120 section 10.4.3" });
    expect(texts(directions[0]!).join("\n")).not.toContain("available now");
  });
});

describe("RFC 6121 section 8.5.1: no such user", () => {
  const ghost: PresenceParty = { jid: juliet, account: undefined, missing: true, resources: [] };
  const asked: ReadonlySet<string> = new Set(["NoneOut", "NoneOutIn", "FromOut"]);
  const subscribed: ReadonlySet<string> = new Set(["To", "ToIn", "Both"]);

  it.each(subscriptionStates)("is not seen, and what becomes of the own roster is told (%s)", (state) => {
    const { parties, directions } = explainPresence(party(romeo, { state, resources: resources.romeo }), ghost, true);
    expect(directions.map(({ verdict, rostersAgree }) => [verdict, rostersAgree])).toEqual([["no-account", null], ["no-account", null]]);
    for (const direction of directions) {
      expect(direction.summary).toContain("there is no account juliet@b.example");
      expect(rulesOf(direction)).toContain("RFC 6121 section 8.5.1");
      const text = texts(direction).join("\n");
      expect(text).toContain(`the roster of romeo@a.example says ${subscriptionStateNames[state]} of juliet@b.example`);
      expect(text).not.toMatch(/known to b\.example alone|its presence goes to/);
    }
    const asks = asked.has(state) ? "; romeo@a.example has asked, and nobody will answer" : "";
    expect(directions[0]!.summary).toBe(`romeo@a.example does not see juliet@b.example: there is no account juliet@b.example${asks} (RFC 6121 section 8.5.1)`);
    expect(texts(directions[0]!).some((text) => text.endsWith("stays in its roster, and nobody will answer it"))).toBe(asked.has(state) && !subscribed.has(state));
    expect(directions[0]!.resources[0]!.why).toEqual({ text: "is told nothing: there is no account juliet@b.example", rule: "RFC 6121 section 8.5.1" });
    for (const { text, rule } of directions.flatMap(({ why }) => why)) expect([text, rule]).toEqual([wellSaid, citation]);
    expect(texts(directions[0]!).some((text) => text.endsWith("the next probe ends that"))).toBe(subscribed.has(state));
    expect(directions[1]!.summary).not.toContain("has asked");
    expect(parties.map(({ contact }) => contact?.stateName ?? null)).toEqual([subscriptionStateNames[state], null]);
    expect(told(directions[0]!)).toEqual({ "romeo@a.example/orchard": [] });
  });
});

describe("RFC 6121 section 8.5.1: two users that there are not", () => {
  it.each<readonly [string, Partial<PresenceParty>, string]>([
    ["both would be of this server", { missing: true }, "no-account"],
    ["both are of other servers", {}, "foreign"],
  ])("are explained all the same: %s", (_, given, verdict) => {
    const [a, b] = [romeo, juliet].map((jid): PresenceParty => ({ jid, account: undefined, resources: [], ...given }));
    const { directions } = explainPresence(a!, b!, true);
    expect(directions.map((direction) => direction.verdict)).toEqual([verdict, verdict]);
    for (const direction of directions) {
      expect(direction.why).toHaveLength(2);
      for (const { text, rule } of direction.why) expect([text, rule]).toEqual([wellSaid, citation]);
    }
  });
});

describe("RFC 6121 section 4.2.2: one's own presence", () => {
  it("is seen by every available resource, itself included, whatever is blocked", () => {
    const own = party(romeo, { blocks: ["romeo@a.example"], resources: [available(at(romeo, "orchard")), available(at(romeo, "phone")), connected(at(romeo, "tower"))] });
    const { parties, directions } = explainPresence(own, own, true);
    expect(parties).toHaveLength(1);
    expect(directions).toHaveLength(1);
    expect(directions[0]!.verdict).toBe("own");
    const both = ["romeo@a.example/orchard own", "romeo@a.example/phone own"];
    expect(told(directions[0]!)).toEqual({ "romeo@a.example/orchard": both, "romeo@a.example/phone": both, "romeo@a.example/tower": [] });
    expect(directions[0]!.rostersAgree).toBe(true);
    expect(directions[0]!.summary).toMatch(/^romeo@a\.example sees itself: .* \(RFC 6121 section 4\.2\.2\)$/);
    expect(directions[0]!.resources[2]!.why).toEqual({ text: "is told nothing: it is not available itself", rule: "RFC 6121 section 4.2.3" });
  });
});

describe("An explanation", () => {
  it("shows what each side holds of the other", () => {
    const { parties } = explain(
      { state: "ToIn", approved: true, blocks: ["b.example", "juliet@b.example/balcony", "nurse@c.example", "juliet@b.example"] },
      { state: "FromOut", listed: false, resources: [available(at(juliet, "balcony"), "nurse@b.example", "romeo@a.example/orchard")] },
    );
    expect(parties).toEqual([
      {
        jid: "romeo@a.example",
        contact: {
          state: "ToIn", stateName: "To + Pending In", listed: true, subscription: "to", ask: false, request: true, approved: true,
          blocks: ["juliet@b.example", "b.example", "juliet@b.example/balcony"],
        },
        resources: [],
      },
      {
        jid: "juliet@b.example",
        contact: { state: "FromOut", stateName: "From + Pending Out", listed: false, subscription: "from", ask: true, request: false, approved: false, blocks: [] },
        resources: [{ jid: "juliet@b.example/balcony", available: true, directedTo: ["romeo@a.example/orchard"] }],
      },
    ]);
  });

  it("is plain JSON, and every line says something and names its rule", () => {
    for (const [a, b] of pairs) {
      for (const blocks of [[], ["juliet@b.example"], ["juliet@b.example/balcony"]]) {
        const explanation = explain({ state: a, blocks, resources: resources.romeo }, { state: b, approved: true, resources: resources.juliet });
        expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
        for (const { summary, why, resources: views } of explanation.directions) {
          for (const { text, rule } of [...why, ...views.map((view) => view.why)]) expect([text, rule]).toEqual([wellSaid, citation]);
          expect(summary).toMatch(/\((RFC 6121|RFC 6120|XEP-0191) section [\d.]+\)/);
        }
      }
    }
  });
});
