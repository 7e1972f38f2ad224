/**
 * RFC 6121 appendix A, typed in by hand from its text, with what section 3 has follow from each stanza. It imports nothing: whatever
 * else knows these tables can be held against it. Everything is seen from the user, whose contact is at the other end.
 */

/** The states of RFC 6121 appendix A.1, by the names that it gives them. "None" includes a contact who is not in the roster. */
export const appendixStates = [
  "None", "None + Pending Out", "None + Pending In", "None + Pending Out+In", "To", "To + Pending In", "From", "From + Pending Out", "Both",
] as const;
export type AppendixState = (typeof appendixStates)[number];

export const appendixTypes = ["subscribe", "unsubscribe", "subscribed", "unsubscribed"] as const;
export type AppendixType = (typeof appendixTypes)[number];

/** Outbound is what the user sends (RFC 6121 appendix A.2), inbound what comes from the contact (RFC 6121 appendix A.3). */
export type AppendixDirection = "outbound" | "inbound";

/** The states in which a contact can be pre-approved: it has no subscription, and has asked for none (RFC 6121 section 3.4.2). */
export const approvableStates: readonly AppendixState[] = ["None", "None + Pending Out", "To"];

/** As the user's roster reflects a state; `request` is what it never shows: one of the contact that waits for an answer. */
export interface AppendixReflection {
  readonly subscription: "none" | "to" | "from" | "both";
  readonly ask: boolean;
  readonly request: boolean;
}

/** RFC 6121 appendix A.1. */
export const reflections: Readonly<Record<AppendixState, AppendixReflection>> = {
  "None":                  { subscription: "none", ask: false, request: false },
  "None + Pending Out":    { subscription: "none", ask: true,  request: false },
  "None + Pending In":     { subscription: "none", ask: false, request: true },
  "None + Pending Out+In": { subscription: "none", ask: true,  request: true },
  "To":                    { subscription: "to",   ask: false, request: false },
  "To + Pending In":       { subscription: "to",   ask: false, request: true },
  "From":                  { subscription: "from", ask: false, request: false },
  "From + Pending Out":    { subscription: "from", ask: true,  request: false },
  "Both":                  { subscription: "both", ask: false, request: false },
};

/** Column 2 of each table: whether the stanza is routed (outbound) or delivered (inbound). "S.N." and "M.N." as in RFC 6121 appendix A.2. */
export type AppendixRequirement = "MUST" | "S.N." | "M.N.";

/** What follows. Of one row they come in this order; what the roster shows in a push is what the new state is reflected by. */
export type Consequence =
  /** The stanza goes to the contact. */
  | "route"
  /** The stanza goes to the user's available resources (RFC 6121 section 3.1.3). */
  | "deliver to available"
  /** The stanza goes to the user's interested resources (RFC 6121 sections 3.1.6, 3.2.3 and 3.3.3). */
  | "deliver to interested"
  /** The user's interested resources are told of the item. */
  | "push"
  /** Current presence of each available resource of the user, to the contact (RFC 6121 section 3.1.5). */
  | "show"
  /** Unavailable presence of each of them, to the contact (RFC 6121 sections 3.2.2 and 3.3.3). */
  | "hide"
  /** The whole request is kept until it is answered (RFC 6121 section 3.1.3). */
  | "keep request"
  | "forget request"
  /** The server answers the contact for the user. */
  | "answer subscribed"
  | "answer unsubscribed";

export interface AppendixRow {
  readonly state: AppendixState;
  /** Only where the contact is pre-approved (RFC 6121 section 3.4.2), which changes the row; else it is the same with and without. */
  readonly approved: boolean;
  readonly requirement: AppendixRequirement;
  /** The state after it, which may be the same. */
  readonly next: AppendixState;
  /** Whether the contact is pre-approved after it. */
  readonly approvedNext: boolean;
  readonly consequences: readonly Consequence[];
}

export interface AppendixTable {
  readonly direction: AppendixDirection;
  readonly type: AppendixType;
  /** Of RFC 6121: `A.2.1`. */
  readonly appendix: string;
  /** Where it says what follows. */
  readonly sections: readonly string[];
  readonly rows: readonly AppendixRow[];
}

const same = "no state change";
type Next = AppendixState | typeof same | "pre-approval";
type Typed = readonly [state: AppendixState, requirement: AppendixRequirement, next: Next, ...consequences: Consequence[]];

export const appendixTables: readonly AppendixTable[] = [
  // Table 2. Note 1 is the `ask` that the new states are reflected by. After routing, a push (section 3.1.2).
  table("outbound", "subscribe", "A.2.1", ["3.1.2"], [
    ["None",                  "MUST", "None + Pending Out",    "route", "push"],
    ["None + Pending Out",    "MUST", same,                    "route"],
    ["None + Pending In",     "MUST", "None + Pending Out+In", "route", "push"],
    ["None + Pending Out+In", "MUST", same,                    "route"],
    ["To",                    "MUST", same,                    "route"],
    ["To + Pending In",       "MUST", same,                    "route"],
    ["From",                  "MUST", "From + Pending Out",    "route", "push"],
    ["From + Pending Out",    "MUST", same,                    "route"],
    ["Both",                  "MUST", same,                    "route"],
  ]),
  // Table 3.
  table("outbound", "unsubscribe", "A.2.2", ["3.3.2"], [
    ["None",                  "MUST", same,                    "route"],
    ["None + Pending Out",    "MUST", "None",                  "route", "push"],
    ["None + Pending In",     "MUST", same,                    "route"],
    ["None + Pending Out+In", "MUST", "None + Pending In",     "route", "push"],
    ["To",                    "MUST", "None",                  "route", "push"],
    ["To + Pending In",       "MUST", "None + Pending In",     "route", "push"],
    ["From",                  "MUST", same,                    "route"],
    ["From + Pending Out",    "MUST", "From",                  "route", "push"],
    ["Both",                  "MUST", "From",                  "route", "push"],
  ]),
  // Table 4. Note 1 is section 3.4.2, rules 3 and 4; a flag that is set already changes nothing that could be pushed.
  table("outbound", "subscribed", "A.2.3", ["3.1.5", "3.4.2"], [
    ["None",                  "M.N.", "pre-approval",          "push"],
    ["None + Pending Out",    "M.N.", "pre-approval",          "push"],
    ["None + Pending In",     "MUST", "From",                  "forget request", "route", "push", "show"],
    ["None + Pending Out+In", "MUST", "From + Pending Out",    "forget request", "route", "push", "show"],
    ["To",                    "M.N.", "pre-approval",          "push"],
    ["To + Pending In",       "MUST", "Both",                  "forget request", "route", "push", "show"],
    ["From",                  "M.N.", same],
    ["From + Pending Out",    "M.N.", same],
    ["Both",                  "M.N.", same],
  ], [
    ["None",                  "M.N.", "pre-approval"],
    ["None + Pending Out",    "M.N.", "pre-approval"],
    ["To",                    "M.N.", "pre-approval"],
  ]),
  // Table 5. Note 1 is the end of a pre-approval (section 3.2.2, rule 2). Unavailable comes first: while the contact may still know of it.
  table("outbound", "unsubscribed", "A.2.4", ["3.2.2"], [
    ["None",                  "S.N.", same],
    ["None + Pending Out",    "S.N.", same],
    ["None + Pending In",     "MUST", "None",                  "forget request", "route"],
    ["None + Pending Out+In", "MUST", "None + Pending Out",    "forget request", "route"],
    ["To",                    "S.N.", same],
    ["To + Pending In",       "MUST", "To",                    "forget request", "route"],
    ["From",                  "MUST", "None",                  "hide", "route", "push"],
    ["From + Pending Out",    "MUST", "None + Pending Out",    "hide", "route", "push"],
    ["Both",                  "MUST", "To",                    "hide", "route", "push"],
  ], [
    ["None",                  "M.N.", same,                    "push"],
    ["None + Pending Out",    "M.N.", same,                    "push"],
    ["To",                    "M.N.", same,                    "push"],
  ]),
  // Table 6. Note 1 and section 3.4.2: the server answers for who has pre-approved, and the record of the approval has served. Note 2 is section 3.1.3, rule 2.
  table("inbound", "subscribe", "A.3.1", ["3.1.3", "3.4.2"], [
    ["None",                  "MUST", "None + Pending In",     "keep request", "deliver to available"],
    ["None + Pending Out",    "MUST", "None + Pending Out+In", "keep request", "deliver to available"],
    ["None + Pending In",     "S.N.", same],
    ["None + Pending Out+In", "S.N.", same],
    ["To",                    "MUST", "To + Pending In",       "keep request", "deliver to available"],
    ["To + Pending In",       "S.N.", same],
    ["From",                  "S.N.", same,                    "answer subscribed"],
    ["From + Pending Out",    "S.N.", same,                    "answer subscribed"],
    ["Both",                  "S.N.", same,                    "answer subscribed"],
  ], [
    ["None",                  "M.N.", "From",                  "push", "answer subscribed", "show"],
    ["None + Pending Out",    "M.N.", "From + Pending Out",    "push", "answer subscribed", "show"],
    ["To",                    "M.N.", "Both",                  "push", "answer subscribed", "show"],
  ]),
  // Table 7. Note 1 is the answer.
  table("inbound", "unsubscribe", "A.3.2", ["3.3.3"], [
    ["None",                  "S.N.", same],
    ["None + Pending Out",    "S.N.", same],
    ["None + Pending In",     "MUST", "None",                  "forget request", "deliver to interested", "answer unsubscribed"],
    ["None + Pending Out+In", "MUST", "None + Pending Out",    "forget request", "deliver to interested", "answer unsubscribed"],
    ["To",                    "S.N.", same],
    ["To + Pending In",       "MUST", "To",                    "forget request", "deliver to interested", "answer unsubscribed"],
    ["From",                  "MUST", "None",                  "deliver to interested", "push", "hide", "answer unsubscribed"],
    ["From + Pending Out",    "MUST", "None + Pending Out",    "deliver to interested", "push", "hide", "answer unsubscribed"],
    ["Both",                  "MUST", "To",                    "deliver to interested", "push", "hide", "answer unsubscribed"],
  ]),
  // Table 8.
  table("inbound", "subscribed", "A.3.3", ["3.1.6"], [
    ["None",                  "S.N.", same],
    ["None + Pending Out",    "MUST", "To",                    "deliver to interested", "push"],
    ["None + Pending In",     "S.N.", same],
    ["None + Pending Out+In", "MUST", "To + Pending In",       "deliver to interested", "push"],
    ["To",                    "S.N.", same],
    ["To + Pending In",       "S.N.", same],
    ["From",                  "S.N.", same],
    ["From + Pending Out",    "MUST", "Both",                  "deliver to interested", "push"],
    ["Both",                  "S.N.", same],
  ]),
  // Table 9.
  table("inbound", "unsubscribed", "A.3.4", ["3.2.3"], [
    ["None",                  "S.N.", same],
    ["None + Pending Out",    "MUST", "None",                  "deliver to interested", "push"],
    ["None + Pending In",     "S.N.", same],
    ["None + Pending Out+In", "MUST", "None + Pending In",     "deliver to interested", "push"],
    ["To",                    "MUST", "None",                  "deliver to interested", "push"],
    ["To + Pending In",       "MUST", "None + Pending In",     "deliver to interested", "push"],
    ["From",                  "S.N.", same],
    ["From + Pending Out",    "MUST", "From",                  "deliver to interested", "push"],
    ["Both",                  "MUST", "From",                  "deliver to interested", "push"],
  ]),
];

/** The row for a stanza. Throws where a contact is pre-approved in a state that knows no pre-approval. */
export function appendixRow(direction: AppendixDirection, type: AppendixType, state: AppendixState, approved: boolean): AppendixRow {
  if (approved && !approvableStates.includes(state)) throw new Error(`RFC 6121 section 3.4.2: nobody is pre-approved in the state "${state}"`);
  const { rows } = appendixTables.find((table) => table.direction === direction && table.type === type)!;
  return rows.find((row) => row.state === state && row.approved === approved)!;
}

/** `rows` are those of the RFC's table; `approvedRows` those which a pre-approval changes. */
function table(
  direction: AppendixDirection,
  type: AppendixType,
  appendix: string,
  sections: readonly string[],
  rows: readonly Typed[],
  approvedRows: readonly Typed[] = [],
): AppendixTable {
  const changed = new Set(approvedRows.map(([state]) => state));
  const alike = rows.filter(([state]) => approvableStates.includes(state) && !changed.has(state));
  const withApproval = [...approvedRows, ...alike].map((typed) => rowOf(typed, true));
  // What ends a pre-approval: the user takes it back, or it has served.
  const ends = (type === "unsubscribed" && direction === "outbound") || (type === "subscribe" && direction === "inbound");
  return {
    direction,
    type,
    appendix,
    sections,
    rows: [...rows.map((typed) => rowOf(typed, false)), ...withApproval.map((row) => (ends ? { ...row, approvedNext: false } : row))],
  };
}

function rowOf([state, requirement, next, ...consequences]: Typed, approved: boolean): AppendixRow {
  const stays = next === same || next === "pre-approval";
  return { state, approved, requirement, next: stays ? state : next, approvedNext: approved || next === "pre-approval", consequences };
}
