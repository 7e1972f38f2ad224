/** Whether everybody who wants to knows the last item of everybody whom they see, when nothing is under way (XEP-0163 section 4.3). */
import { childOf } from "../../support/xml-reader.ts";
import { ask } from "./asking.ts";
import type { Device } from "./device.ts";
import { itemOf, nodes, numberIn } from "./item-book.ts";
import type { Person, Scene } from "./scene.ts";

/** By `owner node`: the number of the item that the server answers with; 0 for none. */
export type Items = Map<string, number>;

/** Asks for the items of everybody, by a device of their own; the answers are there when it is quiet again. */
export function fetchItems(scene: Scene, devices: readonly Device[]): Items {
  const items: Items = new Map();
  for (const person of scene.people) {
    const device = devices.find((one) => one.person === person);
    if (device === undefined) continue;
    for (const node of nodes) {
      ask(scene, device, {
        type: "get",
        content: `<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='${node}'/></pubsub>`,
        answered: (answer) => items.set(`${person.account} ${node}`, numberIn(childOf(childOf(childOf(answer, "pubsub"), "items"), "item"))),
      });
    }
  }
  return items;
}

/** Nobody is inactive, and all that are online have been there since the last fault of the server. */
export function checkItems(scene: Scene, items: Items, devices: readonly Device[]): void {
  for (const person of scene.people) {
    for (const node of nodes) {
      const number = items.get(`${person.account} ${node}`);
      if (number === undefined) continue;
      const register = itemOf(person, node);
      if (!register.mayBe((value) => value === number)) {
        scene.problem("XEP-0163 section 3: what was confirmed is published", `${person.name}: ${node} has i${number}, and may have ${JSON.stringify(register.possible)}`);
      }
      if (number > 0) for (const device of devices) checkTold(scene, person, node, number, device);
    }
  }
}

function checkTold(scene: Scene, { account }: Person, node: string, number: number, device: Device): void {
  const { sitting, uses, person, name } = device;
  if (sitting?.shown === undefined || !device.isOnline || sitting.isToBlame || !uses.nodes.includes(node)) return;
  const isSeen = account === person.account || scene.rights.isShown(account, person.account);
  // Whoever was blocked meanwhile was not told, and nothing tells them afterwards.
  if (!isSeen || scene.rights.wasBlocked(account, person.account, sitting.askedAt, scene.now())) return;
  const told = sitting.items.get(`${account} ${node}`);
  if (told !== number) {
    scene.problem("XEP-0163 section 4.3: who wants it knows the last item", `${name} (${sitting.jid}) was told of ${told === undefined ? "nothing" : `i${told}`} of ${account} at ${node}, and there is i${number}`);
  }
}
