/** The people of a story as they should be: their rosters, what waits for them, their resources. Nothing here is the server's. */
import { appendixRow, reflections, type AppendixDirection, type AppendixRow, type AppendixState, type AppendixType } from "../../../src/testing/oracle/subscription-tables.ts";
import { bareOf, resourceOf } from "./actions.ts";
import type { ShownItem } from "./told.ts";

export interface Resource {
  /** `romeo/home`. */
  readonly jid: string;
  readonly person: Person;
  connected: boolean;
  available: boolean;
  interested: boolean;
  /** Of an available resource. */
  priority: number;
  /** Its last presence, if it is available: the id and the content. */
  presence: { readonly id: string; readonly about: string } | undefined;
  /** Whom it has sent directed presence to, and is to tell of its end (RFC 6121 section 4.6.3); the last one last. */
  directed: string[];
}

/** What a person keeps of another, by the other's bare JID. */
interface Relation {
  readonly state: AppendixState;
  readonly approved: boolean;
}

export interface Person {
  /** The bare JID: `romeo`. */
  readonly bare: string;
  /** In the order in which they were connected. */
  readonly resources: Resource[];
  /** What the user calls the contacts, by JID. */
  readonly items: Map<string, { readonly name: string; readonly groups: readonly string[] }>;
  readonly relations: Map<string, Relation>;
  /** Requests that wait for an answer, by who asks: the id. */
  readonly requests: Map<string, string>;
  /** Messages that wait until the user is there. */
  readonly offline: { readonly type: string; readonly from: string; readonly to: string; readonly id: string; readonly about: string }[];
  /** Somebody was there and has gone. */
  left: boolean;
}

/** There is no such account. */
export const nobody = "nobody";
/** Where no federation leads to. */
export const stranger = "mercutio@remote.example";
export const domain = "localhost";

export class People {
  readonly all: readonly Person[];
  /** Every resource of the story, connected or not. */
  readonly places: readonly string[];
  /** Rows that were used, by name. */
  readonly used = new Map<string, number>();
  /** The last action had messages delivered that had waited, which takes a server a moment. */
  gaveOffline = false;

  constructor(names: readonly string[], resources: readonly string[]) {
    this.all = names.map((bare) => ({
      bare, resources: [], items: new Map(), relations: new Map(), requests: new Map(), offline: [], left: false,
    }));
    this.places = names.flatMap((bare) => resources.map((name) => `${bare}/${name}`));
  }

  person(address: string): Person | undefined {
    const bare = bareOf(address);
    return this.all.find((person) => person.bare === bare);
  }

  /** A connected resource, by its full JID. */
  resource(jid: string): Resource | undefined {
    return this.person(jid)?.resources.find((resource) => resource.jid === jid);
  }

  connect(jid: string): Resource {
    const person = this.person(jid)!;
    const resource: Resource = {
      jid, person, connected: true, available: false, interested: false, priority: 0, presence: undefined, directed: [],
    };
    person.resources.push(resource);
    return resource;
  }

  relation(person: Person, contact: string): Relation {
    return person.relations.get(contact) ?? { state: "None", approved: false };
  }

  /** Changes what the row says; whatever is shown in a roster is an item from then on. */
  apply(person: Person, contact: string, direction: AppendixDirection, type: AppendixType): AppendixRow {
    const { state, approved } = this.relation(person, contact);
    const row = appendixRow(direction, type, state, approved);
    person.relations.set(contact, { state: row.next, approved: row.approvedNext });
    if (row.consequences.includes("push") && !person.items.has(contact)) person.items.set(contact, { name: "", groups: [] });
    return row;
  }

  use(name: string): void {
    this.used.set(name, (this.used.get(name) ?? 0) + 1);
  }

  /** Whether a person's presence is for a contact: subscription 'from' or 'both'. */
  shows(person: Person, contact: string): boolean {
    return /^(from|both)$/.test(reflections[this.relation(person, contact).state].subscription);
  }

  /** Whether a person has a subscription to a contact's presence: 'to' or 'both'. */
  sees(person: Person, contact: string): boolean {
    return /^(to|both)$/.test(reflections[this.relation(person, contact).state].subscription);
  }

  item(person: Person, jid: string): ShownItem {
    const { name, groups } = person.items.get(jid)!;
    // Subscriptions are between bare JIDs: another address that is listed has none.
    const { state, approved } = resourceOf(jid) === undefined ? this.relation(person, jid) : { state: "None" as const, approved: false };
    const { subscription, ask } = reflections[state];
    return { jid, subscription, ask, approved, name, groups };
  }
}

export function availableOf(person: Person | undefined): readonly Resource[] {
  return person?.resources.filter((resource) => resource.available) ?? [];
}

export function interestedOf(person: Person): readonly Resource[] {
  return person.resources.filter((resource) => resource.interested);
}
