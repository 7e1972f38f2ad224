/** Every cell of RFC 6121 appendix A by two real users. The expectations are copied from the RFC by hand, not from the server's table. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SubscriptionState, SubscriptionType } from "../../src/domain/subscription.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { arrange, backstage, contactOf, otherSide, subscription } from "../support/contacts.ts";
import { pairOn, shown, type Pair } from "./pair.ts";

const stage = backstage();
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true, extensions: [stage.extension] });
});
afterAll(() => server.stop());

const same = undefined;
type Told = readonly string[];
const nothing: Told = [];

/** How a roster shows each state to its owner. In two of them the contact need not be listed. */
const rosterShows: Readonly<Record<SubscriptionState, string>> = {
  None: "none", NoneOut: "none ask", NoneIn: "none", NoneOutIn: "none ask",
  To: "to", ToIn: "to", From: "from", FromOut: "from ask", Both: "both",
};

async function expectState({ user, contact }: Pair, state: SubscriptionState, approved = false): Promise<void> {
  expect(await stage.stateOf(user.bare, contact.bare)).toBe(state);
  const item = await contactOf(user, contact.bare);
  const mayBeUnlisted = (state === "None" || state === "NoneIn") && !approved;
  if (item === undefined) expect(mayBeUnlisted).toBe(true);
  else expect(shown(item)).toBe(`${rosterShows[state]}${approved ? " approved" : ""}`);
}

/** Two users in a state, seen from the first, on which both agree unless the contact's side is put into another. */
async function pairIn(state: SubscriptionState, contactState?: SubscriptionState): Promise<Pair> {
  const pair = await pairOn(server);
  const { user, contact } = pair;
  await arrange(user, contact, state);
  expect(await stage.stateOf(contact.bare, user.bare)).toBe(otherSide[state]);
  if (contactState !== undefined) await stage.setState(contact.bare, user.bare, contactState);
  await expectState(pair, state);
  return pair;
}

/** Existing state, new state, what the user is told, what the contact is told. Both have agreed before, and agree after. */
type Outbound = readonly [state: SubscriptionState, next: SubscriptionState | "pre-approval" | undefined, user: Told, contact: Told];

function outbound(type: SubscriptionType, rows: readonly Outbound[]): void {
  it.each(rows)("%s → %s", async (state, next, toUser, toContact) => {
    const pair = await pairIn(state);
    const { user, contact } = pair;
    user.send(subscription(type, contact.bare));
    expect(await pair.told()).toEqual({ user: toUser, contact: toContact });
    const after = next === undefined || next === "pre-approval" ? state : next;
    await expectState(pair, after, next === "pre-approval");
    expect(await stage.stateOf(contact.bare, user.bare)).toBe(otherSide[after]);
    await pair.close();
  });
}

/**
 * Whether each state routes: the contact's side is in one that delivers such a stanza always, whatever the user's side is in.
 */
function routes(type: SubscriptionType, receptive: SubscriptionState, cells: Readonly<Record<SubscriptionState, "MUST" | "M.N." | "S.N.">>): void {
  it.each(Object.entries(cells) as [SubscriptionState, string][])("%s: %s be routed", async (state, route) => {
    const pair = await pairIn(state, receptive);
    const { user, contact } = pair;
    user.send(`<presence type='${type}' id='s1' to='${contact.bare}'/>`);
    await user.caughtUp();
    const delivered = (await contact.caughtUp()).filter(({ name, attrs }) => name === "presence" && attrs["type"] === type);
    expect(delivered.map(({ attrs }) => attrs)).toEqual(route === "MUST" ? [{ type, id: "s1", from: user.bare, to: contact.bare }] : []);
    await pair.close();
  });
}

describe("RFC 6121 appendix A.2.1 outbound subscribe", () => {
  outbound("subscribe", [
    ["None", "NoneOut", ["push none ask"], ["subscribe"]],
    ["NoneOut", same, nothing, nothing],
    ["NoneIn", "NoneOutIn", ["push none ask"], ["subscribe"]],
    ["NoneOutIn", same, nothing, nothing],
    ["To", same, nothing, nothing],
    ["ToIn", same, nothing, nothing],
    ["From", "FromOut", ["push from ask"], ["subscribe"]],
    ["FromOut", same, nothing, nothing],
    ["Both", same, nothing, nothing],
  ]);
  routes("subscribe", "None", {
    None: "MUST", NoneOut: "MUST", NoneIn: "MUST", NoneOutIn: "MUST", To: "MUST", ToIn: "MUST", From: "MUST", FromOut: "MUST", Both: "MUST",
  });
});

describe("RFC 6121 appendix A.2.2 outbound unsubscribe", () => {
  outbound("unsubscribe", [
    ["None", same, nothing, nothing],
    ["NoneOut", "None", ["push none"], ["unsubscribe"]],
    ["NoneIn", same, nothing, nothing],
    ["NoneOutIn", "NoneIn", ["push none"], ["unsubscribe"]],
    ["To", "None", ["unavailable", "push none"], ["unsubscribe", "push none"]],
    ["ToIn", "NoneIn", ["unavailable", "push none"], ["unsubscribe", "push none ask"]],
    ["From", same, nothing, nothing],
    ["FromOut", "From", ["push from"], ["unsubscribe"]],
    ["Both", "From", ["unavailable", "push from"], ["unsubscribe", "push to"]],
  ]);
  routes("unsubscribe", "From", {
    None: "MUST", NoneOut: "MUST", NoneIn: "MUST", NoneOutIn: "MUST", To: "MUST", ToIn: "MUST", From: "MUST", FromOut: "MUST", Both: "MUST",
  });
});

describe("RFC 6121 appendix A.2.3 outbound subscribed", () => {
  outbound("subscribed", [
    ["None", "pre-approval", ["push none approved"], nothing],
    ["NoneOut", "pre-approval", ["push none ask approved"], nothing],
    ["NoneIn", "From", ["push from"], ["subscribed", "push to", "available"]],
    ["NoneOutIn", "FromOut", ["push from ask"], ["subscribed", "push to", "available"]],
    ["To", "pre-approval", ["push to approved"], nothing],
    ["ToIn", "Both", ["push both"], ["subscribed", "push both", "available"]],
    ["From", same, nothing, nothing],
    ["FromOut", same, nothing, nothing],
    ["Both", same, nothing, nothing],
  ]);
  routes("subscribed", "NoneOut", {
    None: "M.N.", NoneOut: "M.N.", NoneIn: "MUST", NoneOutIn: "MUST", To: "M.N.", ToIn: "MUST", From: "M.N.", FromOut: "M.N.", Both: "M.N.",
  });
});

describe("RFC 6121 appendix A.2.4 outbound unsubscribed", () => {
  outbound("unsubscribed", [
    ["None", same, nothing, nothing],
    ["NoneOut", same, nothing, nothing],
    ["NoneIn", "None", nothing, ["unsubscribed", "push none"]],
    ["NoneOutIn", "NoneOut", nothing, ["unsubscribed", "push none"]],
    ["To", same, nothing, nothing],
    ["ToIn", "To", nothing, ["unsubscribed", "push from"]],
    ["From", "None", ["push none"], ["unavailable", "unsubscribed", "push none"]],
    ["FromOut", "NoneOut", ["push none ask"], ["unavailable", "unsubscribed", "push none"]],
    ["Both", "To", ["push to"], ["unavailable", "unsubscribed", "push from"]],
  ]);
  routes("unsubscribed", "To", {
    None: "S.N.", NoneOut: "S.N.", NoneIn: "MUST", NoneOutIn: "MUST", To: "S.N.", ToIn: "MUST", From: "MUST", FromOut: "MUST", Both: "MUST",
  });
});

/** Existing state of the user, that of the contact who sends (`agreed` or another), new state of the user, what both are told. */
type Inbound = readonly [
  state: SubscriptionState, contact: SubscriptionState | "agreed", next: SubscriptionState | undefined, user: Told, contactTold: Told,
];

function inbound(type: SubscriptionType, rows: readonly Inbound[]): void {
  it.each(rows)("%s, from a contact in %s → %s", async (state, contactState, next, toUser, toContact) => {
    const pair = await pairIn(state, contactState === "agreed" ? undefined : contactState);
    const { user, contact } = pair;
    contact.send(subscription(type, user.bare));
    expect(await pair.told()).toEqual({ user: toUser, contact: toContact });
    const after = next ?? state;
    await expectState(pair, after);
    if (contactState === "agreed") expect(await stage.stateOf(contact.bare, user.bare)).toBe(otherSide[after]);
    await pair.close();
  });
}

describe("RFC 6121 appendix A.3.1 inbound subscribe", () => {
  const answered = ["push none ask", "subscribed", "push to", "available"];
  inbound("subscribe", [
    ["None", "agreed", "NoneIn", ["subscribe"], ["push none ask"]],
    ["NoneOut", "agreed", "NoneOutIn", ["subscribe"], ["push none ask"]],
    ["NoneIn", "None", same, nothing, ["push none ask"]],
    ["NoneOutIn", "None", same, nothing, ["push none ask"]],
    ["To", "agreed", "ToIn", ["subscribe"], ["push from ask"]],
    ["ToIn", "None", same, nothing, ["push none ask"]],
    ["From", "None", same, nothing, answered],
    ["FromOut", "None", same, nothing, answered],
    ["Both", "None", same, nothing, answered],
  ]);
});

describe("RFC 6121 appendix A.3.2 inbound unsubscribe", () => {
  inbound("unsubscribe", [
    ["None", "agreed", same, nothing, nothing],
    ["NoneOut", "agreed", same, nothing, nothing],
    ["NoneIn", "agreed", "None", ["unsubscribe"], ["push none"]],
    ["NoneOutIn", "agreed", "NoneOut", ["unsubscribe"], ["push none"]],
    ["To", "agreed", same, nothing, nothing],
    ["ToIn", "agreed", "To", ["unsubscribe"], ["push from"]],
    ["From", "agreed", "None", ["unsubscribe", "push none"], ["unavailable", "push none"]],
    ["FromOut", "agreed", "NoneOut", ["unsubscribe", "push none ask"], ["unavailable", "push none"]],
    ["Both", "agreed", "To", ["unsubscribe", "push to"], ["unavailable", "push from"]],
  ]);
});

describe("RFC 6121 appendix A.3.3 inbound subscribed", () => {
  // Who grants what nobody has asked for shows its own presence all the same (section 3.1.5).
  const shownOnly: Told = ["available"];
  inbound("subscribed", [
    ["None", "NoneIn", same, shownOnly, ["push from"]],
    ["NoneOut", "agreed", "To", ["subscribed", "push to", "available"], ["push from"]],
    ["NoneIn", "NoneIn", same, shownOnly, ["push from"]],
    ["NoneOutIn", "agreed", "ToIn", ["subscribed", "push to", "available"], ["push from ask"]],
    ["To", "NoneIn", same, shownOnly, ["push from"]],
    ["ToIn", "NoneIn", same, shownOnly, ["push from"]],
    ["From", "NoneIn", same, shownOnly, ["push from"]],
    ["FromOut", "agreed", "Both", ["subscribed", "push both", "available"], ["push both"]],
    ["Both", "NoneIn", same, shownOnly, ["push from"]],
  ]);
});

describe("RFC 6121 appendix A.3.4 inbound unsubscribed", () => {
  inbound("unsubscribed", [
    ["None", "NoneIn", same, nothing, nothing],
    ["NoneOut", "agreed", "None", ["unsubscribed", "push none"], nothing],
    ["NoneIn", "NoneIn", same, nothing, nothing],
    ["NoneOutIn", "agreed", "NoneIn", ["unsubscribed", "push none"], nothing],
    ["To", "agreed", "None", ["unavailable", "unsubscribed", "push none"], ["push none"]],
    ["ToIn", "agreed", "NoneIn", ["unavailable", "unsubscribed", "push none"], ["push none ask"]],
    ["From", "NoneIn", same, nothing, nothing],
    ["FromOut", "agreed", "From", ["unsubscribed", "push from"], nothing],
    ["Both", "agreed", "From", ["unavailable", "unsubscribed", "push from"], ["push to"]],
  ]);
});
