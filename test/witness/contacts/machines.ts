/** The same story as the subscription machine tells it: one for each side of each pair, folded purely, what it asks for carried over. */
import { initialTransition, transition, type SnapshotFrom } from "xstate";
import type { SubscriptionEffect } from "../../../machines/subscription-events.ts";
import { subscriptionEvent, subscriptionMachine } from "../../../machines/subscription.ts";
import { subscriptionStateNames, type SubscriptionDirection, type SubscriptionType } from "../../../src/domain/subscription.ts";
import { bareOf, resourceOf, type Action } from "./actions.ts";

type Snapshot = SnapshotFrom<typeof subscriptionMachine>;

export class Machines {
  readonly #names: readonly string[];
  readonly #snapshots = new Map<string, Snapshot>();
  /** Whom each has in the roster: what is not there cannot be removed. */
  readonly #listed = new Set<string>();

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  act(action: Action): void {
    if (action.do === "subscription" && this.#isHere(action.to)) this.#tell(bareOf(action.who), bareOf(action.to), "outbound", action.type);
    if (action.do === "list") this.#listed.add(`${bareOf(action.who)}>${action.to}`);
    if (action.do === "remove") this.#remove(bareOf(action.who), action.to);
  }

  /** As `Oracle.states` has it. */
  states(): Readonly<Record<string, { readonly state: string; readonly approved: boolean }>> {
    const pairs = this.#names.flatMap((who) => this.#names.filter((other) => other !== who).map((other) => `${who}>${other}`));
    return Object.fromEntries(pairs.map((pair) => {
      const { value, context } = this.#snapshot(pair);
      return [pair, { state: subscriptionStateNames[value], approved: context.approved }];
    }));
  }

  #isHere(address: string): boolean {
    return this.#names.includes(bareOf(address));
  }

  #tell(who: string, other: string, direction: SubscriptionDirection, type: SubscriptionType): void {
    const pair = `${who}>${other}`;
    const [next, actions] = transition(subscriptionMachine, this.#snapshot(pair), subscriptionEvent(direction, type));
    this.#snapshots.set(pair, next);
    const effects = actions.map(({ params }) => (params as unknown as { readonly event: SubscriptionEffect }).event);
    if (effects.some((effect) => effect.type === "push.item")) this.#listed.add(pair);
    for (const effect of effects) {
      if (effect.type === "route.stanza") this.#tell(other, who, "inbound", type);
      if (effect.type === "answer.contact") this.#tell(other, who, "inbound", effect.answer);
    }
  }

  /** RFC 6121 section 2.5.2: by what the machine's tags say of the roster. */
  #remove(who: string, jid: string): void {
    const pair = `${who}>${jid}`;
    if (!this.#listed.delete(pair) || resourceOf(jid) !== undefined || !this.#isHere(jid)) return;
    const before = this.#snapshot(pair);
    this.#snapshots.delete(pair);
    const isPending = (direction: "Out" | "In"): boolean => (before.value as string).includes(direction);
    if (before.hasTag("to") || before.hasTag("both") || isPending("Out")) this.#tell(jid, who, "inbound", "unsubscribe");
    if (before.hasTag("from") || before.hasTag("both") || isPending("In")) this.#tell(jid, who, "inbound", "unsubscribed");
  }

  #snapshot(pair: string): Snapshot {
    return this.#snapshots.get(pair) ?? initialTransition(subscriptionMachine)[0];
  }
}
