/** The page of the tables behind the machines: RFC 6121 appendix A and section 8.5, made from the data that the server decides by. */
import { transition } from "xstate";
import { subscriptionEvent, subscriptionMachine, type SubscriptionEffect } from "../machines/index.ts";
import { deliveryTable, type DeliveryCell, type DeliveryColumn, type DeliveryRow } from "../src/domain/delivery.ts";
import {
  decideSubscription,
  subscriptionParts,
  subscriptionStateNames,
  subscriptionStates,
  subscriptionTable,
  subscriptionTypes,
  type SubscriptionDirection,
  type SubscriptionNote,
  type SubscriptionState,
  type SubscriptionType,
} from "../src/domain/subscription.ts";
import { code, table } from "./markdown.ts";

export function tablesPage(): string {
  return [
    "<!-- Generated from src/domain/ and machines/ by `npm run diagrams`: change the tables, not this page. -->",
    "# Subscriptions and delivery",
    "The tables of RFC 6121 as this server has them: its decisions, the [subscription machine](README.md#subscription) and this page " +
      "are made from the same data.",
    "## The states of a subscription",
    "Everything is seen from the user, whose contact is at the other end (RFC 6121 appendix A.1).",
    table(["State", "In the machine", "The roster shows", "Not shown"], subscriptionStates.map(stateRow)),
    "## What becomes of each stanza",
    "*Then* are the effects, in their order; what they mean is on [the machines' page](README.md#subscription-what-it-asks-for). " +
      "*Approved* is a contact whose request the user has approved before there is one (RFC 6121 section 3.4); it has a row of its own where that matters.",
    ...(["outbound", "inbound"] as const).flatMap((direction) => subscriptionTypes.flatMap((type) => stanzaSections(direction, type))),
    "## Who gets a stanza",
    "What is sent to an account of this server, by what is found at its address (RFC 6121 section 8.5). Subscriptions are presence too, and have the tables above.",
    table(["", ...columns.map((column) => columnNames[column])], Object.entries(deliveryTable).map(deliveryRow)),
    table(["", "Means"], Object.values(cellWords).map(({ short, means }) => [short, means])),
    "",
  ].join("\n\n").replace(/\n+$/, "\n");
}

function stateRow(state: SubscriptionState): string[] {
  const { subscription, pendingOut, pendingIn } = subscriptionParts[state];
  const shown = [code(`subscription='${subscription}'`), ...(pendingOut ? [code("ask='subscribe'")] : [])].join(" ");
  const unlisted = subscription === "none" && !pendingOut ? ", or the contact is not in it" : "";
  return [quoted(state), code(state), `${shown}${unlisted}`, pendingIn ? "the contact's request, which is kept" : ""];
}

const sections: Readonly<Record<SubscriptionDirection, string>> = { outbound: "A.2", inbound: "A.3" };

function stanzaSections(direction: SubscriptionDirection, type: SubscriptionType): string[] {
  const cells = subscriptionTable[direction][type];
  const notes = [...new Set(subscriptionStates.flatMap((state) => cells[state].note ?? []))];
  const rows = subscriptionStates.flatMap((state) => {
    const [plain, approved] = [told(direction, type, state, false), told(direction, type, state, true)];
    const note = cells[state].note;
    const row = (name: string, { pass, next, effects }: Told) => [
      name,
      `${pass ? "yes" : "no"}${note === undefined ? "" : ` [${notes.indexOf(note) + 1}]`}`,
      next === state ? "no change" : quoted(next),
      effects.map(effectWords).join(", "),
    ];
    return [row(quoted(state), plain), ...(isOneWay(plain, approved) ? [] : [row(`${quoted(state)}, approved`, approved)])];
  });
  return [
    `### ${direction} ${code(type)}`,
    `RFC 6121 appendix ${sections[direction]}.${subscriptionTypes.indexOf(type) + 1}.`,
    table(["Existing state", direction === "outbound" ? "Route?" : "Deliver?", "New state", "Then"], rows),
    ...notes.map((note, at) => `[${at + 1}] ${noteWords[note]}`),
  ];
}

const noteWords: Readonly<Record<SubscriptionNote, string>> = {
  preApprove: "Approves the contact's request before there is one: the item gets `approved='true'`, and is made if there is none (RFC 6121 section 3.4.2).",
  cancelPreApproval: "Takes the approval back, if there is one (RFC 6121 section 3.4.2).",
  unlessApproved: "Granted at once and not delivered if the user has approved it beforehand; the approval has served then (RFC 6121 section 3.4.2).",
  answerSubscribed: "The contact has what it asks for, and is told so (RFC 6121 section 3.1.3, rule 2).",
  answerUnsubscribed: "The contact is told that it has ended (RFC 6121 appendix A.3.2, note 1).",
};

interface Told {
  readonly pass: boolean;
  readonly next: SubscriptionState;
  readonly effects: readonly SubscriptionEffect[];
}

/** What becomes of a stanza: by the table, and by the machine that is made from it. */
function told(direction: SubscriptionDirection, type: SubscriptionType, state: SubscriptionState, approved: boolean): Told {
  const { pass, state: next } = decideSubscription(direction, type, state, approved);
  const snapshot = subscriptionMachine.resolveState({ value: state, context: { approved } });
  const [, actions] = transition(subscriptionMachine, snapshot, subscriptionEvent(direction, type));
  return { pass, next, effects: actions.map(({ params }) => (params as { readonly event: SubscriptionEffect }).event) };
}

/** Whether an approval makes no difference but that the item still shows it. */
function isOneWay(plain: Told, approved: Told): boolean {
  const way = ({ next, effects }: Told) => [next, ...effects.map(({ type }) => type)].join(" ");
  return way(plain) === way(approved);
}

function effectWords(effect: SubscriptionEffect): string {
  switch (effect.type) {
    case "push.item": {
      const { subscription, ask, approved } = effect;
      const shown = [`subscription='${subscription}'`, ...(ask ? ["ask='subscribe'"] : []), ...(approved ? ["approved='true'"] : [])];
      return `${code(effect.type)} ${shown.join(" ")}`;
    }
    case "deliver.stanza":
      return `${code(effect.type)} to ${effect.to} resources`;
    case "answer.contact":
      return `${code(effect.type)} ${effect.answer}`;
    default:
      return code(effect.type);
  }
}

function quoted(state: SubscriptionState): string {
  return `"${subscriptionStateNames[state]}"`;
}

const columnNames: Readonly<Record<DeliveryColumn, string>> = {
  noAccount: "no such account (8.5.1)",
  bareSome: "bare JID, some resource with priority ≥ 0 (8.5.2.1)",
  bareNone: "bare JID, no such resource (8.5.2.2)",
  fullMatch: "full JID, connected (8.5.3.1)",
  fullNoMatch: "full JID, not connected (8.5.3.2)",
};

const columns = Object.keys(columnNames) as readonly DeliveryColumn[];

const cellWords: Readonly<Record<DeliveryCell, { readonly short: string; readonly means: string }>> = {
  mostAvailable: { short: "most available", means: "To the resources with the highest priority ≥ 0." },
  allNonNegative: { short: "all ≥ 0", means: "To every resource with priority ≥ 0." },
  allAvailable: { short: "all available", means: "To every available resource, whatever its priority; ignored if there is none." },
  match: { short: "that one", means: "To the resource that the full JID names." },
  matchIfShared: { short: "that one, if shared", means: "To the resource that the full JID names, if its user lets the sender see it; else service-unavailable." },
  undelivered: { short: "kept", means: "Kept for later, else service-unavailable." },
  answer: { short: "answered", means: "The server answers for the account." },
  asBare: { short: "as bare", means: "As if it had been sent to the bare JID." },
  bounce: { short: "error", means: "service-unavailable to the sender." },
  drop: { short: "ignored", means: "Silently ignored." },
};

function deliveryRow([row, cells]: readonly [string, (typeof deliveryTable)[DeliveryRow]]): string[] {
  return [row, ...columns.map((column) => cellWords[cells[column]].short)];
}
