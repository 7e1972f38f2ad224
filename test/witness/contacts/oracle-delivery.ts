/** RFC 6121 section 8.5: who gets a stanza for a local user. */
import { deliveryRule, type AddressForm, type Fate, type StanzaForm } from "../../../src/testing/oracle/delivery-tables.ts";
import { resourceOf } from "./actions.ts";
import type { Scene } from "./oracle.ts";
import { availableOf, type Resource } from "./people.ts";
import { situationOf } from "./situation.ts";
import { told, type Told } from "./told.ts";

export interface Sent {
  readonly kind: Told["kind"];
  /** As it is written. */
  readonly type: string;
  /** Of this server. */
  readonly to: string;
  readonly id: string;
  readonly about: string;
}

export function deliver(scene: Scene, by: Resource, sent: Sent): void {
  for (const resource of recipientsOf(scene, by, sent)) scene.mail.give(resource, told(sent.kind, sent.type, by.jid, sent.to, sent.id, sent.about));
}

/** What the table has become of a stanza to an address of this server. */
export function fateOf({ people }: Scene, kind: Told["kind"], type: string, to: string): Fate {
  const address: AddressForm = resourceOf(to) === undefined ? "bare" : people.resource(to) === undefined ? "full no match" : "full match";
  const stanza = formOf(kind, type);
  const situation = situationOf(people.person(to)?.resources);
  people.use(`${stanza}: ${situation}, ${address}`);
  return deliveryRule(stanza, situation, address).fate;
}

/** Those to whom it is delivered; whatever else becomes of it has happened. */
export function recipientsOf(scene: Scene, by: Resource, { kind, type, to, id, about }: Sent): readonly Resource[] {
  const { people, mail } = scene;
  const user = people.person(to);
  const match = people.resource(to);
  const able = availableOf(user).filter(({ priority }) => priority >= 0);
  const bounce = (): readonly Resource[] => {
    mail.give(by, told(kind, "error", to, by.jid, id, "cancel service-unavailable"));
    return [];
  };
  const fate = fateOf(scene, kind, type, to);
  switch (fate) {
    case "O":
      user!.offline.push({ type, from: by.jid, to, id, about: `${about} delayed` });
      return [];
    // The server knows no reply to the requests of this story but that.
    case "R":
    case "E":
      return bounce();
    case "S":
      return [];
    case "D":
      return [match!];
    case "D if shared":
      return isShared(scene, by, match!) ? [match!] : bounce();
    case "M":
      return able.filter(({ priority }) => able.every((other) => other.priority <= priority));
    case "A":
      return able;
    case "P":
      return availableOf(user);
    default:
      throw new Error(`a stanza that is not delivered by this table: ${kind} ${type}, ${fate}`);
  }
}

/** Section 8.5.3.1: by a subscription, or by directed presence. Of one's own resources one knows. */
function isShared({ people }: Scene, by: Resource, match: Resource): boolean {
  const { person } = match;
  const own = person === by.person && "its own";
  const how = own || (people.shows(person, by.person.bare) && "subscribed") || (hasDirected(match, by) && "directed") || "not";
  people.use(`presence shared: ${how}`);
  return how !== "not";
}

export function hasDirected(resource: Resource, to: Resource): boolean {
  return resource.directed.includes(to.jid) || resource.directed.includes(to.person.bare);
}

/** RFC 6121 section 5.2.2: no type, and one that is not known, are normal. */
function formOf(kind: Told["kind"], type: string): StanzaForm {
  if (kind === "message") return `message ${type === "" || type === "unheard-of" ? "normal" : type}` as StanzaForm;
  return `${kind} ${kind === "presence" && type === "" ? "available" : type}` as StanzaForm;
}
