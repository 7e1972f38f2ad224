/** RFC 6121 section 4: who is told of whose presence. */
import { bareOf, resourceOf, type Action } from "./actions.ts";
import { fateOf, hasDirected, recipientsOf } from "./oracle-delivery.ts";
import type { Scene } from "./oracle.ts";
import { availableOf, domain, nobody, stranger, type Person, type Resource } from "./people.ts";
import { told } from "./told.ts";

/** Sections 4.2.2 and 4.4.2, and what waited for this resource. */
export function broadcast(scene: Scene, by: Resource, priority: string | undefined, id: string): void {
  const { people, mail } = scene;
  const { person } = by;
  const initial = !by.available;
  by.available = true;
  by.priority = Number(priority ?? 0);
  by.presence = { id, about: `"${id}"${priority === undefined ? "" : ` ${priority}`}` };
  for (const own of availableOf(person)) tellOf(scene, by, own, person.bare);
  for (const contact of subscribers(scene, person)) for (const resource of availableOf(contact)) tellOf(scene, by, resource, contact.bare);
  if (initial) {
    for (const own of availableOf(person)) if (own !== by) tellOf(scene, own, by, person.bare);
    // Section 4.3.1: no probe is needed among accounts of one server.
    for (const contact of people.all) {
      if (contact !== person && people.sees(person, contact.bare)) for (const resource of availableOf(contact)) tellOf(scene, resource, by, person.bare);
    }
    // Section 3.1.3, rule 4.
    for (const [from, request] of person.requests) mail.give(by, told("presence", "subscribe", from, person.bare, request, `"${request}"`));
  }
  if (by.priority < 0) return;
  people.gaveOffline = person.offline.length > 0;
  for (const { type, from, to, id, about } of person.offline.splice(0)) mail.give(by, told("message", type, from, to, id, about));
}

/** Section 4.5.2: each available resource of its own is told too, and itself. */
export function withdraw(scene: Scene, by: Resource, id: string): void {
  const own = by.available ? availableOf(by.person) : [];
  end(scene, by, own, { id, about: `"${id}"` });
}

/** The same, on the user's behalf; the resource itself is not there any more. */
export function leave(scene: Scene, by: Resource): void {
  const own = by.available ? availableOf(by.person).filter((resource) => resource !== by) : [];
  by.person.resources.splice(by.person.resources.indexOf(by), 1);
  by.connected = false;
  end(scene, by, own, { id: "", about: "" });
}

/** Sections 4.5.2 and 4.6.3: everybody once who sees it, or was sent directed presence. */
function end(scene: Scene, by: Resource, own: readonly Resource[], { id, about }: NonNullable<Resource["presence"]>): void {
  const { mail } = scene;
  const { person } = by;
  const reached = new Set<Resource>();
  const tell = (resource: Resource, to: string): void => {
    if (reached.has(resource)) return;
    reached.add(resource);
    mail.give(resource, told("presence", "unavailable", by.jid, to, id, about));
  };
  for (const resource of own) tell(resource, person.bare);
  if (by.available) {
    for (const contact of subscribers(scene, person)) for (const resource of availableOf(contact)) tell(resource, contact.bare);
  }
  for (const to of by.directed) for (const resource of at(scene, to)) tell(resource, to);
  // Section 4.6.1: who has sent unavailable presence is not to be told of anybody's end.
  for (const resource of reached) forget(resource, by.jid);
  const wasAvailable = by.available;
  by.available = false;
  by.presence = undefined;
  by.directed = [];
  if (wasAvailable && availableOf(person).length === 0) person.left = true;
}

/** Sections 4.3 and 4.6. */
export function directPresence(scene: Scene, by: Resource, { type, to, id }: Action & { readonly do: "presence" }): void {
  const { mail } = scene;
  if (type === "probe") return answerProbe(scene, by, to ?? by.person.bare, id);
  // An error without an address is for nobody.
  if (to === undefined) return;
  // RFC 6120 sections 10.4.3 and 10.5.2.
  if (to === stranger && type !== "error") return mail.give(by, told("presence", "error", to, by.jid, id, "cancel remote-server-not-found"));
  if (to === stranger || bareOf(to) === domain) return;
  if (type === "") remember(scene, by, to);
  if (type === "unavailable") takeBack(scene, by, to);
  const about = type === "error" ? "cancel gone" : `"${id}"`;
  for (const resource of recipientsOf(scene, by, { kind: "presence", type, to, id, about })) {
    mail.give(resource, told("presence", type, by.jid, to, id, about));
    if (type !== "") forget(resource, by.jid);
  }
}

/** Section 4.6.3: a contact who is told of the end in any case need not be remembered (rule 1), all others are (rules 2 and 3). */
function remember({ people }: Scene, by: Resource, to: string): void {
  const subscribed = by.available && people.shows(by.person, bareOf(to));
  // The end is told to available resources: another one that was written to has to be told of it for itself.
  const told = subscribed && people.resource(to)?.available !== false;
  if (told) return;
  forget(by, to);
  by.directed.push(to);
}

/** Section 4.6.1: whom it sends directed unavailable presence, which at a bare JID are the available resources, and at a full JID that one alone. */
function takeBack({ people }: Scene, by: Resource, to: string): void {
  forget(by, to);
  if (resourceOf(to) === undefined) {
    by.directed = by.directed.filter((known) => bareOf(known) !== to || people.resource(known)?.available === false);
    return;
  }
  const bare = bareOf(to);
  if (!by.directed.includes(bare) || people.resource(to)?.available !== true) return;
  forget(by, bare);
  for (const other of availableOf(people.person(bare))) {
    if (other.jid === to) continue;
    forget(by, other.jid);
    by.directed.push(other.jid);
  }
}

/** Sections 4.3.2 and 4.6.6. One that finds nothing is ignored. */
function answerProbe(scene: Scene, by: Resource, to: string, id: string): void {
  const { people, mail } = scene;
  if (to === stranger || bareOf(to) === domain) return;
  const contact = people.person(to);
  if (fateOf(scene, "presence", "probe", to) === "S" || contact === undefined) return;
  const mere = (from: string, type: string, answerId: string): void => mail.give(by, told("presence", type, from, by.jid, answerId, ""));
  const directed = contact.resources.filter((resource) => hasDirected(resource, by) && (resourceOf(to) === undefined || resource.jid === to));
  if (contact !== by.person && !people.shows(contact, by.person.bare)) {
    for (const { jid } of directed) mere(jid, "", id);
    return;
  }
  if (resourceOf(to) !== undefined) {
    const presence = people.resource(to)?.presence;
    return mere(to, presence !== undefined || directed.length > 0 ? "" : "unavailable", presence?.id ?? id);
  }
  const available = availableOf(contact);
  for (const resource of available) tellOf(scene, resource, by, by.jid);
  // Section 4.3.2, rule 3: with the time, where somebody has ever gone.
  if (available.length === 0) mail.give(by, told("presence", "unavailable", contact.bare, by.jid, id, contact.left ? "delayed" : ""));
}

/** Section 3.1.5: the current presence of each available resource, to a contact. */
export function showPresence(scene: Scene, person: Person, contact: string): void {
  for (const own of availableOf(person)) for (const resource of availableOf(scene.people.person(contact))) tellOf(scene, own, resource, contact);
}

/** Sections 3.2.2, 3.3.3 and 4.6.1: each resource that the contact sees or was sent presence of; none of that is remembered then. */
export function hidePresence(scene: Scene, person: Person, contact: string): void {
  for (const own of person.resources) {
    const reached = new Set<Resource>();
    const tell = (resource: Resource, to: string): void => {
      if (reached.has(resource)) return;
      reached.add(resource);
      scene.mail.give(resource, told("presence", "unavailable", own.jid, to, "", ""));
    };
    if (own.available) for (const resource of availableOf(scene.people.person(contact))) tell(resource, contact);
    const directed = own.directed.filter((to) => bareOf(to) === contact);
    for (const to of directed) for (const resource of at(scene, to)) tell(resource, to);
    own.directed = own.directed.filter((to) => bareOf(to) !== contact);
  }
}

function tellOf({ mail }: Scene, of: Resource, to: Resource, address: string): void {
  const { id, about } = of.presence!;
  mail.give(to, told("presence", "", of.jid, address, id, about));
}

function subscribers({ people }: Scene, person: Person): readonly Person[] {
  return people.all.filter((contact) => contact !== person && people.shows(person, contact.bare));
}

/** Section 8.5: at a bare JID the available resources, at a full JID that one, connected or available. */
function at({ people }: Scene, address: string): readonly Resource[] {
  if (bareOf(address) === nobody) return [];
  if (resourceOf(address) === undefined) return availableOf(people.person(address));
  const resource = people.resource(address);
  return resource === undefined ? [] : [resource];
}

function forget(resource: Resource, to: string): void {
  resource.directed = resource.directed.filter((known) => known !== to);
}
