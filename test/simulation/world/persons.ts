/** What users do about each other: requests, subscriptions, rosters and block lists, with what they may expect of it. */
import { ask } from "./asking.ts";
import type { Device } from "./device.ts";
import { escape } from "./message-book.ts";
import { Register, type Write } from "./register.ts";
import type { Person, PersonFacts, Scene } from "./scene.ts";

export function newFacts(): PersonFacts {
  return { requests: new Set(), names: new Map(), shown: new Map(), blocked: new Map(), kept: new Map(), items: new Map() };
}

/** Somebody asks to see this one. */
export function requested(scene: Scene, device: Device, from: string): void {
  const { facts } = device.person;
  facts.requests.add(from);
  if (!device.traits.welcomes || scene.isEnding) return;
  subscription(scene, device, "subscribed", from);
  const { subscription: known = "none", ask: asked = false } = device.roster.entries.get(from) ?? {};
  if (known !== "to" && known !== "both" && !asked) subscription(scene, device, "subscribe", from);
}

export type SubscriptionAct = "subscribe" | "subscribed" | "unsubscribe" | "unsubscribed";

export function subscription(scene: Scene, device: Device, act: SubscriptionAct, to: string): void {
  const { person } = device;
  const other = scene.people.find(({ account }) => account === to);
  if (act === "subscribed" || act === "unsubscribed") person.facts.requests.delete(to);
  const write = act === "subscribed" || act === "unsubscribed"
    ? shownTo(person, to).write(act === "subscribed", scene.now())
    : other && shownTo(other, person.account).write(act === "subscribe", scene.now());
  scene.counts.rosterChanges += 1;
  device.send({ text: `<presence type='${act}' to='${to}'/>`, ...fateOf(scene, person, to, write) });
}

/** A contact with this name and these groups. */
export function setContact(scene: Scene, device: Device, jid: string, name: string, groups: readonly string[]): void {
  const write = nameOf(device.person, jid).write(name, scene.now());
  scene.counts.rosterChanges += 1;
  const content = groups.map((group) => `<group>${escape(group)}</group>`).join("");
  ask(scene, device, {
    type: "set",
    content: `<query xmlns='jabber:iq:roster'><item jid='${jid}' name='${escape(name)}'>${content}</item></query>`,
    ...answeredFate(scene, write),
  });
}

export function removeContact(scene: Scene, device: Device, jid: string): void {
  const { person } = device;
  const other = scene.people.find(({ account }) => account === jid);
  const writes = [nameOf(person, jid).write(undefined, scene.now()), shownTo(person, jid).write(false, scene.now())];
  if (other !== undefined) writes.push(shownTo(other, person.account).write(false, scene.now()));
  scene.counts.rosterChanges += 1;
  person.facts.requests.delete(jid);
  ask(scene, device, {
    type: "set",
    content: `<query xmlns='jabber:iq:roster'><item jid='${jid}' subscription='remove'/></query>`,
    ...answeredFate(scene, ...writes),
  });
}

/** XEP-0191 sections 3.3 and 3.4. `jid` undefined: everybody is unblocked. */
export function block(scene: Scene, device: Device, isBlocked: boolean, jid: string | undefined): void {
  const { facts } = device.person;
  // Also those that another device is about to block.
  const addresses = jid === undefined ? new Set([...facts.blocked.keys(), ...scene.people.map(({ account }) => account)]) : [jid];
  const writes = [...addresses].map((address) => registerIn(facts.blocked, address, false).write(isBlocked, scene.now()));
  const items = jid === undefined ? "" : `<item jid='${jid}'/>`;
  ask(scene, device, {
    type: "set",
    content: `<${isBlocked ? "block" : "unblock"} xmlns='urn:xmpp:blocking'>${items}</${isBlocked ? "block" : "unblock"}>`,
    ...answeredFate(scene, ...writes),
  });
}

/** XEP-0049 section 2.1: a text that is kept in a namespace; empty for nothing. */
export function keep(scene: Scene, device: Device, namespace: string, text: string): void {
  const write = registerIn(device.person.facts.kept, namespace, "").write(text, scene.now());
  const content = text === "" ? `<kept xmlns='${namespace}'/>` : `<kept xmlns='${namespace}'>${escape(text)}</kept>`;
  ask(scene, device, { type: "set", content: `<query xmlns='jabber:iq:private'>${content}</query>`, ...answeredFate(scene, write) });
}

export function nameOf({ facts }: Person, jid: string): Register<string | undefined> {
  return registerIn<string | undefined>(facts.names, jid, undefined);
}

export function shownTo({ facts }: Person, jid: string): Register<boolean> {
  return registerIn(facts.shown, jid, false);
}

export function registerIn<Value>(registers: Map<string, Register<Value>>, key: string, initial: Value): Register<Value> {
  const known = registers.get(key) ?? new Register(initial);
  registers.set(key, known);
  return known;
}

/** Who has blocked somebody cannot deal with them (XEP-0191 section 3.3): what was accepted may have been refused. */
function fateOf(scene: Scene, { account }: Person, to: string, write: Write<unknown> | undefined) {
  if (write === undefined) return {};
  return {
    accepted: () => {
      if (!scene.rights.wasBlocked(account, to, write.begun, scene.now())) write.ended = scene.now();
    },
    voided: () => {
      write.isVoid = true;
    },
  };
}

/** What is answered with an error was not done. */
export function answeredFate(scene: Scene, ...writes: readonly Write<unknown>[]) {
  return {
    answered: (_: unknown, isResult: boolean) => {
      for (const write of writes) {
        if (isResult) write.ended = scene.now();
        else write.isVoid = true;
      }
    },
    voided: () => {
      for (const write of writes) write.isVoid = true;
    },
  };
}
