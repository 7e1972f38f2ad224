/** RFC 6121 section 3: what a subscription stanza does at both ends, row by row of appendix A; and the end of a contact (section 2.5.2). */
import { reflections, type AppendixType, type Consequence } from "../../../src/testing/oracle/subscription-tables.ts";
import { bareOf, resourceOf, type Action } from "./actions.ts";
import { fateOf } from "./oracle-delivery.ts";
import { hidePresence, showPresence } from "./oracle-presence.ts";
import type { Scene } from "./oracle.ts";
import { availableOf, domain, interestedOf, stranger, type Person, type Resource } from "./people.ts";
import { rowName } from "./reachable.ts";
import { showItem, told } from "./told.ts";

export function sendSubscription(scene: Scene, by: Resource, { type, to, id }: Action & { readonly do: "subscription" }): void {
  const refuse = (condition: string): void => scene.mail.give(by, told("presence", "error", to, by.jid, id, `cancel ${condition}`));
  // Section 3.1.2: what cannot be routed is answered. Of the other types only what the user's own roster says can change.
  if (type === "subscribe" && to === stranger) return refuse("remote-server-not-found");
  if (type === "subscribe" && bareOf(to) === domain) return refuse("service-unavailable");
  const hosted = to !== stranger && bareOf(to) !== domain;
  // Section 8.5.1: who does not exist is told nothing, and answers nothing.
  if (hosted && (fateOf(scene, "presence", type, to) === "S") !== (scene.people.person(to) === undefined)) {
    throw new Error(`appendix A is for everybody who exists: ${type} to ${to}`);
  }
  // Section 3.1.2, rule 1: as if it had been sent to the bare JID.
  const contact = bareOf(to);
  follow(scene, by.person, contact, "outbound", type, id)();
}

/** Section 2.5.2: what was between the two ends. Another address than a bare JID is listed for itself. */
export function removeContact(scene: Scene, person: Person, jid: string): void {
  const { people } = scene;
  const contact = people.person(jid);
  if (resourceOf(jid) === undefined) {
    const { subscription, ask, request } = reflections[people.relation(person, jid).state];
    const shown = /^(from|both)$/.test(subscription);
    if (shown) hidePresence(scene, person, jid);
    person.relations.delete(jid);
    person.requests.delete(jid);
    if (contact !== undefined && (/^(to|both)$/.test(subscription) || ask)) follow(scene, contact, person.bare, "inbound", "unsubscribe", "")();
    if (contact !== undefined && (shown || request)) follow(scene, contact, person.bare, "inbound", "unsubscribed", "")();
  }
  person.items.delete(jid);
  for (const resource of interestedOf(person)) scene.mail.give(resource, told("iq", "push", person.bare, resource.jid, "", `${jid} remove`, bareOf(jid)));
}

/** Section 2.1.6. */
export function pushItem({ people, mail }: Scene, person: Person, jid: string): void {
  const item = showItem(people.item(person, jid));
  for (const resource of interestedOf(person)) mail.give(resource, told("iq", "push", person.bare, resource.jid, "", item, bareOf(jid)));
}

/**
 * What follows for the owner of a roster from a stanza to or from a contact. What the server answers for somebody, and all that comes
 * after that, comes when whoever is answered is done with what it has sent: it is returned.
 */
function follow(scene: Scene, owner: Person, contact: string, direction: "outbound" | "inbound", type: AppendixType, id: string): () => void {
  const { people } = scene;
  const { state, approved } = people.relation(owner, contact);
  people.use(rowName(direction, type, { state, approved }));
  const { consequences } = people.apply(owner, contact, direction, type);
  const answer = consequences.findIndex((consequence) => consequence.startsWith("answer"));
  const [now, later] = answer < 0 ? [consequences, []] : [consequences.slice(0, answer), consequences.slice(answer)];
  const afterwards = now.map((consequence) => perform(scene, owner, contact, consequence, type, id));
  return () => {
    for (const work of afterwards) work();
    for (const consequence of later) perform(scene, owner, contact, consequence, type, id)();
  };
}

function perform(scene: Scene, owner: Person, contact: string, consequence: Consequence, type: AppendixType, id: string): () => void {
  const { people, mail } = scene;
  const other = people.person(contact);
  const deliverTo = (resources: readonly Resource[]): void => {
    for (const resource of resources) mail.give(resource, told("presence", type, contact, owner.bare, id, id === "" ? "" : `"${id}"`));
  };
  switch (consequence) {
    case "route":
      return other === undefined ? nothing : follow(scene, other, owner.bare, "inbound", type, id);
    case "answer subscribed":
    case "answer unsubscribed":
      return other === undefined ? nothing : follow(scene, other, owner.bare, "inbound", consequence === "answer subscribed" ? "subscribed" : "unsubscribed", "");
    case "deliver to available":
      deliverTo(availableOf(owner));
      return nothing;
    case "deliver to interested":
      deliverTo(interestedOf(owner));
      return nothing;
    case "push":
      pushItem(scene, owner, contact);
      return nothing;
    case "show":
      showPresence(scene, owner, contact);
      return nothing;
    case "hide":
      hidePresence(scene, owner, contact);
      return nothing;
    case "keep request":
      owner.requests.set(contact, id);
      return nothing;
    case "forget request":
      owner.requests.delete(contact);
      return nothing;
  }
}

function nothing(): void {}
