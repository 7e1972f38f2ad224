/** Who is in a world: by the plan so many accounts with so many devices, each with the traits that the seed gives it. */
import { Device } from "./device.ts";
import { newFacts } from "./persons.ts";
import type { WorldPlan } from "./plan.ts";
import type { Person, Scene } from "./scene.ts";
import { inCrowd, traitsOf, usesInCrowd, usesOf } from "./traits.ts";

const names = ["romeo", "juliet", "nurse", "mercutio", "tybalt", "benvolio", "paris", "laurence", "rosaline", "balthasar"] as const;

export function populate(scene: Scene, { accounts, devices, isCrowd = false }: WorldPlan): void {
  for (let index = 0; index < accounts; index += 1) {
    const name = names[index] ?? `user${index + 1}`;
    const person: Person = { name, account: `${name}@${scene.domain}`, devices: [], facts: newFacts() };
    scene.people.push(person);
    const resources = Array.from({ length: devices[index] ?? 1 }, (_, place) => `phone${place + 1}`);
    for (const [place, own] of resources.entries()) {
      // Each for itself, so that it stays as it is when others are left out.
      const random = scene.randomOf(`traits of ${name}/${place + 1}`);
      const traits = traitsOf(random, own, resources.filter((other) => other !== own));
      const uses = usesOf(scene.randomOf(`uses of ${name}/${place + 1}`));
      const habits = isCrowd ? { traits: inCrowd(traits), uses: usesInCrowd(uses) } : { traits, uses };
      const device = new Device(scene, { name: `${name}/${place + 1}`, person, ...habits });
      person.devices.push(device);
      scene.devices.push(device);
    }
  }
}
