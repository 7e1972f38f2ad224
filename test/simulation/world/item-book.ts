/** What users publish and who is told of it (XEP-0163 section 4): items have numbers, so that it is known whose they are and which came later. */
import { createHash } from "node:crypto";
import { childOf, showXml, textOf, type Xml } from "../../support/xml-reader.ts";
import { ask } from "./asking.ts";
import type { Device } from "./device.ts";
import { answeredFate, registerIn } from "./persons.ts";
import type { Write } from "./register.ts";
import type { Person, Scene } from "./scene.ts";
import type { Sitting } from "./sitting.ts";
import type { Uses } from "./traits.ts";

export const nodes = ["urn:example:mood", "urn:example:place", "urn:example:tune"] as const;
const pubsub = "http://jabber.org/protocol/pubsub";
const caps = "http://jabber.org/protocol/caps";
const clientNode = "urn:example:client";

interface Published {
  readonly by: Person;
  readonly node: string;
  readonly write: Write<number>;
}

export class ItemBook {
  readonly #scene: () => Scene;
  readonly #items: Published[] = [];

  constructor(scene: () => Scene) {
    this.#scene = scene;
  }

  /** The next item, in the place of the one before, or beside it for as long as both are under way. */
  publish(device: Device, node: string, isBeside: boolean): void {
    const scene = this.#scene();
    if (device.sitting === undefined || device.isLeaving) return;
    const number = this.#items.length + 1;
    const write = itemOf(device.person, node).write(number, scene.now());
    this.#items.push({ by: device.person, node, write });
    scene.counts.items += 1;
    const item = `<item id='${isBeside ? number : "current"}'><thing xmlns='${node}'>i${number}</thing></item>`;
    ask(scene, device, { type: "set", content: `<pubsub xmlns='${pubsub}'><publish node='${node}'>${item}</publish></pubsub>`, ...answeredFate(scene, write) });
  }

  /** A notification has come. */
  came(device: Device, sitting: Sitting, stanza: Xml): void {
    const scene = this.#scene();
    const whose = `${device.name} (${sitting.jid}): ${showXml(stanza)}`;
    const { from = "", to, type } = stanza.attrs;
    const items = childOf(childOf(stanza, "event"), "items");
    const node = items?.attrs["node"] ?? "";
    const number = numberIn(childOf(items, "item"));
    const item = this.#items[number - 1];
    if (item === undefined || item.by.account !== from || item.node !== node) return scene.problem("XEP-0163 section 4.3: who publishes is told of as it is", `nobody has published this: ${whose}`);
    if (to !== sitting.jid || type !== "headline") scene.problem("XEP-0163 section 4.3: events are headlines for the resources that want them", whose);
    if (!device.uses.nodes.includes(node) || !sitting.wasAvailable) scene.problem("XEP-0163 section 4.2: who does not want to hear of a node is not told", whose);
    const since = item.write.begun;
    const isSeen = from === sitting.account || scene.rights.wasShown(from, sitting.account, since, scene.now());
    if (!isSeen || scene.rights.wasAlwaysBlocked(from, sitting.account, since, scene.now())) scene.problem("XEP-0163 section 4.1: events are for those who see the publisher", whose);
    const key = `${from} ${node}`;
    const last = sitting.items.get(key);
    if (last !== undefined && this.#isBefore(number, last)) scene.problem("XEP-0163 section 4.3: nobody is told of an older item after a newer one", `i${number} after i${last}: ${whose}`);
    sitting.items.set(key, number);
  }

  /** Whether the second was published when the first was there for certain. */
  #isBefore(first: number, second: number): boolean {
    const [one, other] = [this.#items[first - 1]!.write, this.#items[second - 1]!.write];
    return one.ended !== undefined && one.ended < other.begun;
  }
}

/** 0 where there is none. */
export function numberIn(item: Xml | undefined): number {
  return Number(/^i(\d+)$/.exec(textOf(item))?.[1] ?? 0);
}

export function itemOf({ facts }: Person, node: string) {
  return registerIn(facts.items, node, 0);
}

/** What stands in a client's presence (XEP-0115 section 4). */
export function capsOf(uses: Uses): string {
  if (uses.nodes.length === 0) return "";
  const text = `client/phone//<${featuresOf(uses).map((feature) => `${feature}<`).join("")}`;
  const ver = createHash("sha1").update(text).digest("base64");
  return `<c xmlns='${caps}' node='${clientNode}'${uses.isProven ? ` hash='sha-1' ver='${ver}'` : " ver='1.0'"}/>`;
}

/** What it answers who asks. */
export function descriptionOf(uses: Uses, node: string | undefined): string {
  const about = node === undefined ? "" : ` node='${node}'`;
  const features = featuresOf(uses).map((feature) => `<feature var='${feature}'/>`).join("");
  return `<query xmlns='http://jabber.org/protocol/disco#info'${about}><identity category='client' type='phone'/>${features}</query>`;
}

function featuresOf({ nodes }: Uses): readonly string[] {
  return [caps, "http://jabber.org/protocol/disco#info", ...nodes.map((node) => `${node}+notify`)].toSorted();
}
