import { describe, expect, it } from "vitest";
import {
  decideSubscription,
  seesContact,
  showsToContact,
  subscriptionParts,
  subscriptionState,
  subscriptionStateNames,
  subscriptionStates,
  subscriptionTable,
  type SubscriptionDirection,
  type SubscriptionState,
  type SubscriptionType,
} from "../../src/domain/subscription.ts";

/** One of the tables in the words of the appendix: the existing state, whether to route or deliver, the new state. */
interface Table {
  readonly section: string;
  readonly direction: SubscriptionDirection;
  readonly type: SubscriptionType;
  readonly rows: string;
}

const tables: readonly Table[] = [
  {
    section: "A.2.1",
    direction: "outbound",
    type: "subscribe",
    rows: `
      "None"                  |  MUST [1] |  "None + Pending Out"
      "None + Pending Out"    |  MUST     |  no state change
      "None + Pending In"     |  MUST [1] |  "None + Pending Out+In"
      "None + Pending Out+In" |  MUST     |  no state change
      "To"                    |  MUST     |  no state change
      "To + Pending In"       |  MUST     |  no state change
      "From"                  |  MUST [1] |  "From + Pending Out"
      "From + Pending Out"    |  MUST     |  no state change
      "Both"                  |  MUST     |  no state change`,
  },
  {
    section: "A.2.2",
    direction: "outbound",
    type: "unsubscribe",
    rows: `
      "None"                  |  MUST    |  no state change
      "None + Pending Out"    |  MUST    |  "None"
      "None + Pending In"     |  MUST    |  no state change
      "None + Pending Out+In" |  MUST    |  "None + Pending In"
      "To"                    |  MUST    |  "None"
      "To + Pending In"       |  MUST    |  "None + Pending In"
      "From"                  |  MUST    |  no state change
      "From + Pending Out"    |  MUST    |  "From"
      "Both"                  |  MUST    |  "From"`,
  },
  {
    section: "A.2.3",
    direction: "outbound",
    type: "subscribed",
    rows: `
      "None"                  |  M.N.    |  pre-approval [1]
      "None + Pending Out"    |  M.N.    |  pre-approval [1]
      "None + Pending In"     |  MUST    |  "From"
      "None + Pending Out+In" |  MUST    |  "From + Pending Out"
      "To"                    |  M.N.    |  pre-approval [1]
      "To + Pending In"       |  MUST    |  "Both"
      "From"                  |  M.N.    |  no state change
      "From + Pending Out"    |  M.N.    |  no state change
      "Both"                  |  M.N.    |  no state change`,
  },
  {
    section: "A.2.4",
    direction: "outbound",
    type: "unsubscribed",
    rows: `
      "None"                  |  S.N.    |  no state change [1]
      "None + Pending Out"    |  S.N.    |  no state change [1]
      "None + Pending In"     |  MUST    |  "None"
      "None + Pending Out+In" |  MUST    |  "None + Pending Out"
      "To"                    |  S.N.    |  no state change [1]
      "To + Pending In"       |  MUST    |  "To"
      "From"                  |  MUST    |  "None"
      "From + Pending Out"    |  MUST    |  "None + Pending Out"
      "Both"                  |  MUST    |  "To"`,
  },
  {
    section: "A.3.1",
    direction: "inbound",
    type: "subscribe",
    rows: `
      "None"                  |  MUST [1]  |  "None + Pending In"
      "None + Pending Out"    |  MUST      |  "None + Pending Out+In"
      "None + Pending In"     |  S.N.      |  no state change
      "None + Pending Out+In" |  S.N.      |  no state change
      "To"                    |  MUST      |  "To + Pending In"
      "To + Pending In"       |  S.N.      |  no state change
      "From"                  |  S.N. [2]  |  no state change
      "From + Pending Out"    |  S.N. [2]  |  no state change
      "Both"                  |  S.N. [2]  |  no state change`,
  },
  {
    section: "A.3.2",
    direction: "inbound",
    type: "unsubscribe",
    rows: `
      "None"                  |  S.N.      |  no state change
      "None + Pending Out"    |  S.N.      |  no state change
      "None + Pending In"     |  MUST [1]  |  "None"
      "None + Pending Out+In" |  MUST [1]  |  "None + Pending Out"
      "To"                    |  S.N.      |  no state change
      "To + Pending In"       |  MUST [1]  |  "To"
      "From"                  |  MUST [1]  |  "None"
      "From + Pending Out"    |  MUST [1]  |  "None + Pending Out"
      "Both"                  |  MUST [1]  |  "To"`,
  },
  {
    section: "A.3.3",
    direction: "inbound",
    type: "subscribed",
    rows: `
      "None"                  |  S.N.      |  no state change
      "None + Pending Out"    |  MUST      |  "To"
      "None + Pending In"     |  S.N.      |  no state change
      "None + Pending Out+In" |  MUST      |  "To + Pending In"
      "To"                    |  S.N.      |  no state change
      "To + Pending In"       |  S.N.      |  no state change
      "From"                  |  S.N.      |  no state change
      "From + Pending Out"    |  MUST      |  "Both"
      "Both"                  |  S.N.      |  no state change`,
  },
  {
    section: "A.3.4",
    direction: "inbound",
    type: "unsubscribed",
    rows: `
      "None"                  |  S.N.      |  no state change
      "None + Pending Out"    |  MUST      |  "None"
      "None + Pending In"     |  S.N.      |  no state change
      "None + Pending Out+In" |  MUST      |  "None + Pending In"
      "To"                    |  MUST      |  "None"
      "To + Pending In"       |  MUST      |  "None + Pending In"
      "From"                  |  S.N.      |  no state change
      "From + Pending Out"    |  MUST      |  "From"
      "Both"                  |  MUST      |  "From"`,
  },
];

/** The names of appendix A.1, and ours. */
const named: Readonly<Record<string, SubscriptionState>> = {
  "None": "None",
  "None + Pending Out": "NoneOut",
  "None + Pending In": "NoneIn",
  "None + Pending Out+In": "NoneOutIn",
  "To": "To",
  "To + Pending In": "ToIn",
  "From": "From",
  "From + Pending Out": "FromOut",
  "Both": "Both",
};

interface Cell {
  readonly state: SubscriptionState;
  readonly pass: boolean;
  readonly next: SubscriptionState;
  /** The number of the note at the state's row, if there is one. */
  readonly note: string | undefined;
}

/** What happens to a contact who was not approved beforehand, and is not by this stanza. */
function cellsOf({ rows }: Table): readonly Cell[] {
  return rows.trim().split("\n").map((row) => {
    const [existing = "", word = "", to = ""] = row.split("|").map((cell) => cell.trim());
    const state = stateOf(existing);
    const note = /\[(\d)\]/.exec(row)?.[1];
    return { state, pass: word.startsWith("MUST"), next: to.startsWith('"') ? stateOf(to) : state, note };
  });
}

function stateOf(quoted: string): SubscriptionState {
  const state = named[quoted.replaceAll('"', "")];
  if (state === undefined) throw new Error(`the appendix knows no state ${quoted}`);
  return state;
}

const noAnswer = { answer: undefined };

describe.each(tables)("RFC 6121 appendix $section $direction $type", (table) => {
  const { direction, type } = table;
  const cells = cellsOf(table);

  it("has a row for each of the nine states", () => {
    expect(cells.map(({ state }) => state)).toEqual(subscriptionStates);
  });

  it.each(cells)("in $state passes it on: $pass, and goes to $next", ({ state, pass, next }) => {
    const { pass: passes, next: to } = subscriptionTable[direction][type][state];
    expect({ pass: passes, next: to ?? state }).toEqual({ pass, next });
    expect(decideSubscription(direction, type, state, false)).toMatchObject({ pass, state: next });
  });
});

function notesOf(section: string): readonly Cell[] {
  const table = tables.find((table) => table.section === section);
  return table === undefined ? [] : cellsOf(table).filter(({ note }) => note !== undefined);
}

describe("RFC 6121 appendix A.2.1 note 1", () => {
  it("shows that a request is pending in the item, in these states only", () => {
    const asked = subscriptionStates.filter((state) => {
      const { state: next } = decideSubscription("outbound", "subscribe", state, false);
      return subscriptionParts[next].pendingOut && !subscriptionParts[state].pendingOut;
    });
    expect(asked).toEqual(notesOf("A.2.1").map(({ state }) => state));
  });
});

describe("RFC 6121 section 3.4.2 pre-approval", () => {
  const open = notesOf("A.2.3").map(({ state }) => state);

  it("is possible in None, None + Pending Out and To", () => {
    expect(open).toEqual(["None", "NoneOut", "To"]);
  });

  it.each(open)("notes it in %s, routes nothing and changes nothing else (rules 3 and 4)", (state) => {
    const noted = { pass: false, state, approved: true, ...noAnswer };
    expect(decideSubscription("outbound", "subscribed", state, false)).toEqual(noted);
    expect(decideSubscription("outbound", "subscribed", state, true)).toEqual(noted);
  });

  it.each(["From", "FromOut", "Both"] as const)("is ignored in %s (rule 1)", (state) => {
    expect(decideSubscription("outbound", "subscribed", state, false)).toEqual({ pass: false, state, approved: false, ...noAnswer });
  });

  it.each([["ToIn", "Both"], ["NoneIn", "From"], ["NoneOutIn", "FromOut"]] as const)(
    "is an approval like any other in %s, which becomes %s (rule 2)",
    (state, next) => {
      expect(decideSubscription("outbound", "subscribed", state, false)).toEqual({ pass: true, state: next, approved: false, ...noAnswer });
    },
  );

  it.each([["None", "From"], ["NoneOut", "FromOut"], ["To", "Both"]] as const)(
    "answers a request in %s for the user, who is not shown it, and makes it %s",
    (state, next) => {
      expect(decideSubscription("inbound", "subscribe", state, true)).toEqual({
        pass: false, state: next, approved: false, answer: "subscribed",
      });
    },
  );

  it.each(open)("is cancelled by unsubscribed in %s, which is not routed (section 3.2.2, rule 2)", (state) => {
    expect(decideSubscription("outbound", "unsubscribed", state, true)).toEqual({ pass: false, state, approved: false, ...noAnswer });
  });

  it("stays through everything else", () => {
    for (const state of open) {
      for (const type of ["subscribe", "unsubscribe"] as const) {
        expect(decideSubscription("outbound", type, state, true).approved, `${state} outbound ${type}`).toBe(true);
      }
      for (const type of ["unsubscribe", "subscribed", "unsubscribed"] as const) {
        expect(decideSubscription("inbound", type, state, true).approved, `${state} inbound ${type}`).toBe(true);
      }
    }
  });
});

describe("RFC 6121 appendix A.3: answers for the user", () => {
  it.each(subscriptionStates)("in %s", (state) => {
    const subscribed = notesOf("A.3.1").some((cell) => cell.state === state && cell.note === "2");
    const unsubscribed = notesOf("A.3.2").some((cell) => cell.state === state);
    expect(decideSubscription("inbound", "subscribe", state, false).answer).toBe(subscribed ? "subscribed" : undefined);
    expect(decideSubscription("inbound", "unsubscribe", state, false).answer).toBe(unsubscribed ? "unsubscribed" : undefined);
    expect(decideSubscription("inbound", "subscribed", state, false).answer).toBeUndefined();
    expect(decideSubscription("inbound", "unsubscribed", state, false).answer).toBeUndefined();
    for (const { type } of tables) expect(decideSubscription("outbound", type, state, true).answer).toBeUndefined();
  });
});

describe("cells that other servers have been seen to get wrong", () => {
  it("a contact cannot grant what was never asked for: inbound subscribed in From is not Both", () => {
    expect(decideSubscription("inbound", "subscribed", "From", false)).toMatchObject({ pass: false, state: "From" });
  });

  it("a user cannot grant what was never asked for: outbound subscribed in To is a pre-approval, not Both", () => {
    expect(decideSubscription("outbound", "subscribed", "To", false)).toMatchObject({ pass: false, state: "To", approved: true });
  });

  it("inbound subscribed for a contact who is listed but was not asked is not To", () => {
    expect(decideSubscription("inbound", "subscribed", "None", false)).toMatchObject({ pass: false, state: "None" });
    expect(decideSubscription("inbound", "subscribed", "NoneIn", false)).toMatchObject({ pass: false, state: "NoneIn" });
  });

  it.each(["From", "FromOut", "Both"] as const)("outbound subscribed in %s, where it says nothing new, is not routed", (state) => {
    expect(decideSubscription("outbound", "subscribed", state, false)).toMatchObject({ pass: false, state });
  });

  it.each(["From", "FromOut", "Both"] as const)("inbound unsubscribe in %s is answered with unsubscribed", (state) => {
    expect(decideSubscription("inbound", "unsubscribe", state, false)).toMatchObject({ pass: true, answer: "unsubscribed" });
  });
});

describe("RFC 6121 appendix A.1 states", () => {
  /** State, 'subscription', 'ask', whether a request of the contact waits. */
  const shown: readonly (readonly [SubscriptionState, string, boolean, boolean])[] = [
    ["None", "none", false, false],
    ["NoneOut", "none", true, false],
    ["NoneIn", "none", false, true],
    ["NoneOutIn", "none", true, true],
    ["To", "to", false, false],
    ["ToIn", "to", false, true],
    ["From", "from", false, false],
    ["FromOut", "from", true, false],
    ["Both", "both", false, false],
  ];

  it.each(shown)("%s is shown as %s, asked: %s, and keeps a request: %s", (state, subscription, pendingOut, pendingIn) => {
    expect(subscriptionParts[state]).toEqual({ subscription, pendingOut, pendingIn });
    expect(subscriptionState(subscriptionParts[state])).toBe(state);
  });

  it("are found again from their names", () => {
    expect(Object.entries(subscriptionStateNames).map(([state, name]) => [name, state])).toEqual(Object.entries(named));
  });

  it.each([
    ["to", true, "To"],
    ["from", false, "From"],
    ["both", false, "Both"],
    ["both", true, "Both"],
  ] as const)("'%s' loses the requests that it cannot have (asked: %s)", (subscription, pendingOut, state) => {
    expect(subscriptionState({ subscription, pendingOut, pendingIn: subscription !== "to" })).toBe(state);
  });

  it("say who sees whom", () => {
    expect((["none", "to", "from", "both"] as const).map((shown) => [seesContact(shown), showsToContact(shown)])).toEqual([
      [false, false], [true, false], [false, true], [true, true],
    ]);
  });
});
