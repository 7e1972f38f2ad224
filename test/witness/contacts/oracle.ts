/**
 * What everybody should be told, by the tables of RFC 6121 and the sections that they summarise. It knows nothing of the server: after
 * each action it says what came to each client, and how things stand between people.
 */
import type { AppendixState } from "../../../src/testing/oracle/subscription-tables.ts";
import { bareOf, mistakeRule, type Action } from "./actions.ts";
import { deliver } from "./oracle-delivery.ts";
import { broadcast, directPresence, leave, withdraw } from "./oracle-presence.ts";
import { pushItem, removeContact, sendSubscription } from "./oracle-subscriptions.ts";
import { domain, People, stranger, type Resource } from "./people.ts";
import { showItem, told, type Told } from "./told.ts";

/** What an action has told each client, in order; by full JID. */
export class Mail {
  readonly #letters = new Map<string, Told[]>();

  give(to: Resource, letter: Told): void {
    const letters = this.#letters.get(to.jid);
    if (letters === undefined) this.#letters.set(to.jid, [letter]);
    else letters.push(letter);
  }

  for(jid: string): readonly Told[] {
    return this.#letters.get(jid) ?? [];
  }
}

export interface Scene {
  readonly people: People;
  readonly mail: Mail;
}

export class Oracle {
  readonly people: People;

  constructor(names: readonly string[], resources: readonly string[]) {
    this.people = new People(names, resources);
  }

  act(action: Action): Mail {
    const mail = new Mail();
    this.people.gaveOffline = false;
    this.#perform({ people: this.people, mail }, action);
    return mail;
  }

  /** How things stand from each person to each other, by `romeo>juliet`. */
  states(): Readonly<Record<string, { readonly state: AppendixState; readonly approved: boolean }>> {
    const pairs = this.people.all.flatMap((person) => this.people.all.filter((other) => other !== person).map((other) => [person, other] as const));
    return Object.fromEntries(pairs.map(([person, { bare }]) => [`${person.bare}>${bare}`, this.people.relation(person, bare)]));
  }

  #perform(scene: Scene, action: Action): void {
    if (action.do === "login") return void scene.people.connect(action.who);
    const by = scene.people.resource(action.who)!;
    switch (action.do) {
      case "logout":
        return leave(scene, by);
      case "ask roster":
        return this.#askRoster(scene, by, action.id);
      case "available":
        return broadcast(scene, by, action.priority, action.id);
      case "unavailable":
        return withdraw(scene, by, action.id);
      case "list":
        return this.#list(scene, by, action);
      case "remove":
        return this.#remove(scene, by, action);
      case "subscription":
        return sendSubscription(scene, by, action);
      case "message":
      case "iq":
        return this.#sendStanza(scene, by, action);
      case "presence":
        return directPresence(scene, by, action);
      case "mistake":
        return this.#answerMistake(scene, by, action);
    }
  }

  /** RFC 6121 sections 2.1.4 and 2.2. */
  #askRoster({ people, mail }: Scene, by: Resource, id: string): void {
    by.interested = true;
    const items = [...by.person.items.keys()].map((jid) => showItem(people.item(by.person, jid)));
    mail.give(by, told("iq", "result", "", by.jid, id, `roster ${items.toSorted().join("; ")}`));
  }

  /** RFC 6121 sections 2.3.2 and 2.4.2. */
  #list(scene: Scene, by: Resource, { to, id, grouped }: Action & { readonly do: "list" }): void {
    by.person.items.set(to, { name: id, groups: grouped ? [id] : [] });
    scene.mail.give(by, told("iq", "result", "", by.jid, id, ""));
    pushItem(scene, by.person, to);
  }

  /** RFC 6121 sections 2.5.2 and 2.5.3. */
  #remove(scene: Scene, by: Resource, { to, id }: Action & { readonly do: "remove" }): void {
    if (!by.person.items.has(to)) return scene.mail.give(by, told("iq", "error", "", by.jid, id, "cancel item-not-found"));
    scene.mail.give(by, told("iq", "result", "", by.jid, id, ""));
    removeContact(scene, by.person, to);
  }

  #sendStanza(scene: Scene, by: Resource, action: Action & { readonly do: "message" | "iq" }): void {
    const { do: kind, type, id } = action;
    const about = type === "error" ? "cancel gone" : kind === "message" ? `"${id}"` : `query "${id}"`;
    const mayBeAnswered = type !== "error" && type !== "result";
    const refuse = (from: string, condition: string): void => {
      if (mayBeAnswered) scene.mail.give(by, told(kind, "error", from, by.jid, id, `cancel ${condition}`));
    };
    if (action.to === undefined) {
      // RFC 6120 section 10.3: for the account. The server answers for it, and nobody could do so with this request.
      if (kind === "iq") return refuse("", "service-unavailable");
      return deliver(scene, by, { kind, type, to: by.person.bare, id, about });
    }
    // RFC 6120 sections 10.4.3 and 10.5: there is no federation, and nobody reads what is sent to the server.
    if (action.to === stranger) return refuse(stranger, "remote-server-not-found");
    if (bareOf(action.to) === domain) return refuse(action.to, "service-unavailable");
    return deliver(scene, by, { kind, type, to: action.to, id, about });
  }

  #answerMistake({ mail }: Scene, by: Resource, { mistake, to, id }: Action & { readonly do: "mistake" }): void {
    const { kind, condition, from, answeredId = id } = mistakeRule(mistake);
    const sender = from === undefined ? "" : from === "to" ? to : by.person.bare;
    mail.give(by, told(kind, "error", sender, by.jid, answeredId, `${errorTypes[condition]} ${condition}`));
  }
}

/** RFC 6120 section 8.3.3. */
const errorTypes = {
  "jid-malformed": "modify",
  "bad-request": "modify",
  "not-acceptable": "modify",
  "not-allowed": "cancel",
  "item-not-found": "cancel",
  forbidden: "auth",
} as const;
