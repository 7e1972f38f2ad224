/**
 * Three tellings of the same story: users who subscribe, approve, cancel and remove each other. One follows the table of RFC 6121
 * appendix A, one interprets what the machine asks for, one asks a running server. Their answers are compared.
 */
import { createActor, type ActorRefFrom } from "xstate";
import type { SubscriptionEffect } from "../../machines/subscription-events.ts";
import { subscriptionMachine } from "../../machines/subscription.ts";
import {
  decideSubscription,
  subscriptionParts,
  type SubscriptionState,
  type SubscriptionType,
} from "../../src/domain/subscription.ts";
import type { TestServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, type Xml } from "../support/xml-reader.ts";

/** Users are numbers from 0. */
export type Action =
  | { readonly do: SubscriptionType; readonly who: number; readonly to: number }
  /** A roster set: the user lists the other. */
  | { readonly do: "list" | "remove"; readonly who: number; readonly to: number };

/** What one user's side of one pair comes to, as far as anybody can see it from outside. */
export interface Side {
  readonly subscription: "none" | "to" | "from" | "both";
  readonly ask: boolean;
  readonly approved: boolean;
  /** Whether there is a roster item at all. */
  readonly listed: boolean;
  /** A request of the other that waits for an answer. */
  readonly request: boolean;
}

export interface World {
  act(action: Action): Promise<void> | void;
  /** By `who>to`. */
  sides(): Promise<Readonly<Record<string, Side>>> | Readonly<Record<string, Side>>;
}

interface Entry {
  state: SubscriptionState;
  approved: boolean;
  listed: boolean;
}

const nobody: Entry = { state: "None", approved: false, listed: false };
const key = (who: number, to: number): string => `${who}>${to}`;

function pairs(users: number): readonly (readonly [number, number])[] {
  const all = Array.from({ length: users }, (_, index) => index);
  return all.flatMap((who) => all.filter((to) => to !== who).map((to) => [who, to] as const));
}

/** The table of appendix A, cell after cell. */
export class TableWorld implements World {
  readonly #users: number;
  readonly #entries = new Map<string, Entry>();

  constructor(users: number) {
    this.#users = users;
  }

  act({ do: what, who, to }: Action): void {
    if (what === "list") this.#set(who, to, { listed: true });
    else if (what === "remove") this.#remove(who, to);
    else this.#send(who, to, what);
  }

  sides(): Readonly<Record<string, Side>> {
    return Object.fromEntries(pairs(this.#users).map(([who, to]) => [key(who, to), sideOf(this.#entry(who, to))]));
  }

  #send(who: number, to: number, type: SubscriptionType): void {
    const { state, approved } = this.#entry(who, to);
    const outcome = decideSubscription("outbound", type, state, approved);
    this.#set(who, to, outcome);
    if (outcome.pass) this.#receive(to, who, type);
  }

  #receive(who: number, from: number, type: SubscriptionType): void {
    const { state, approved } = this.#entry(who, from);
    const outcome = decideSubscription("inbound", type, state, approved);
    this.#set(who, from, outcome);
    if (outcome.answer !== undefined) this.#receive(from, who, outcome.answer);
  }

  /** RFC 6121 section 2.5.2. */
  #remove(who: number, to: number): void {
    const { state, listed } = this.#entry(who, to);
    if (!listed) return;
    const { subscription, pendingOut, pendingIn } = subscriptionParts[state];
    this.#entries.set(key(who, to), nobody);
    if (subscription === "to" || subscription === "both" || pendingOut) this.#receive(to, who, "unsubscribe");
    if (subscription === "from" || subscription === "both" || pendingIn) this.#receive(to, who, "unsubscribed");
  }

  #entry(who: number, to: number): Entry {
    return this.#entries.get(key(who, to)) ?? nobody;
  }

  #set(who: number, to: number, change: Partial<Entry>): void {
    const { state, approved, listed } = { ...this.#entry(who, to), ...change };
    this.#entries.set(key(who, to), { state, approved, listed: listed || isVisible(state, approved) });
  }
}

/** One actor for each side of each pair; what they ask for is carried to the other side and back. */
export class MachineWorld implements World {
  readonly #users: number;
  readonly #actors = new Map<string, ActorRefFrom<typeof subscriptionMachine>>();
  readonly #effects = new Map<string, SubscriptionEffect[]>();
  readonly #listed = new Set<string>();

  constructor(users: number) {
    this.#users = users;
    for (const [who, to] of pairs(users)) this.#begin(who, to);
  }

  act({ do: what, who, to }: Action): void {
    if (what === "list") this.#listed.add(key(who, to));
    else if (what === "remove") this.#remove(who, to);
    else this.#tell(who, to, `outbound.${what}`);
  }

  sides(): Readonly<Record<string, Side>> {
    return Object.fromEntries(pairs(this.#users).map(([who, to]) => [key(who, to), sideOf(this.#entry(who, to))]));
  }

  #begin(who: number, to: number): void {
    const actor = createActor(subscriptionMachine);
    const effects: SubscriptionEffect[] = [];
    actor.on("*", (effect) => effects.push(effect));
    actor.start();
    this.#actors.set(key(who, to), actor);
    this.#effects.set(key(who, to), effects);
  }

  #tell(who: number, to: number, type: `${"outbound" | "inbound"}.${SubscriptionType}`): void {
    this.#actors.get(key(who, to))!.send({ type });
    const stanza = type.slice(type.indexOf(".") + 1) as SubscriptionType;
    const effects = this.#effects.get(key(who, to))!.splice(0);
    const { state, approved } = this.#entry(who, to);
    if (isVisible(state, approved)) this.#listed.add(key(who, to));
    for (const effect of effects) {
      if (effect.type === "route.stanza") this.#tell(to, who, `inbound.${stanza}`);
      if (effect.type === "answer.contact") this.#tell(to, who, `inbound.${effect.answer}`);
    }
  }

  #remove(who: number, to: number): void {
    const { state, listed } = this.#entry(who, to);
    if (!listed) return;
    const { subscription, pendingOut, pendingIn } = subscriptionParts[state];
    this.#begin(who, to);
    this.#listed.delete(key(who, to));
    if (subscription === "to" || subscription === "both" || pendingOut) this.#tell(to, who, "inbound.unsubscribe");
    if (subscription === "from" || subscription === "both" || pendingIn) this.#tell(to, who, "inbound.unsubscribed");
  }

  #entry(who: number, to: number): Entry {
    const { value, context } = this.#actors.get(key(who, to))!.getSnapshot();
    return { state: value as SubscriptionState, approved: context.approved, listed: this.#listed.has(key(who, to)) };
  }
}

/** A running server, spoken to over sockets. */
export class ServerWorld implements World {
  readonly #server: TestServer;
  readonly #names: readonly string[];
  readonly #clients: readonly BoundClient[];

  /** `names` are localparts of accounts that are as good as new. */
  static async start(server: TestServer, names: readonly string[]): Promise<ServerWorld> {
    const clients = await Promise.all(names.map((user) => login(server, { user, resource: "one" })));
    for (const client of clients) await client.ask("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq><presence/>");
    return new ServerWorld(server, names, clients);
  }

  private constructor(server: TestServer, names: readonly string[], clients: readonly BoundClient[]) {
    this.#server = server;
    this.#names = names;
    this.#clients = clients;
  }

  async act({ do: what, who, to }: Action): Promise<void> {
    const jid = this.#jid(to);
    const client = this.#clients[who]!;
    const set = (attributes: string): string =>
      `<iq type='set' id='set'><query xmlns='jabber:iq:roster'><item jid='${jid}'${attributes}/></query></iq>`;
    if (what === "list") await client.ask(set(""));
    else if (what === "remove") await client.ask(set(" subscription='remove'"));
    else await client.ask(`<presence type='${what}' to='${jid}'/>`);
  }

  async sides(): Promise<Readonly<Record<string, Side>>> {
    const sides: Record<string, Side> = {};
    const users = this.#names.map((_, who) => who);
    for (const who of users) {
      // What a new resource is told is all that the server remembers.
      const reader = await login(this.#server, { user: this.#names[who]!, resource: "reader" });
      const [answer] = await reader.ask("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>");
      const told = await reader.ask("<presence/>");
      await reader.close();
      const items = (childOf(answer, "query")?.children ?? []).filter((child): child is Xml => typeof child !== "string");
      for (const to of users.filter((to) => to !== who)) {
        const item = items.find(({ attrs }) => attrs["jid"] === this.#jid(to));
        sides[key(who, to)] = {
          subscription: (item?.attrs["subscription"] ?? "none") as Side["subscription"],
          ask: item?.attrs["ask"] === "subscribe",
          approved: item?.attrs["approved"] === "true",
          listed: item !== undefined,
          request: told.some(({ attrs }) => attrs["type"] === "subscribe" && attrs["from"] === this.#jid(to)),
        };
      }
    }
    return sides;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  #jid(user: number): string {
    return `${this.#names[user]}@${this.#server.domain}`;
  }
}

function sideOf({ state, approved, listed }: Entry): Side {
  const { subscription, pendingOut, pendingIn } = subscriptionParts[state];
  return { subscription, ask: pendingOut, approved, listed, request: pendingIn };
}

/** RFC 6121 appendix A.1: a request alone makes no item. */
function isVisible(state: SubscriptionState, approved: boolean): boolean {
  const { subscription, pendingOut } = subscriptionParts[state];
  return approved || pendingOut || subscription !== "none";
}
