/** What clients and their users do, as the state of their device allows: one happening, one act. */
import { ask, askForRoster } from "./asking.ts";
import type { Choice } from "./choice.ts";
import type { Device } from "./device.ts";
import { askForBlocks } from "./entering.ts";
import { block, keep, removeContact, setContact, subscription } from "./persons.ts";
import { direct, makeAvailable, makeUnavailable, probe } from "./presence-acts.ts";
import type { Person, Scene } from "./scene.ts";

interface Act {
  /** How often, compared with the others; 0: not now. */
  weight(scene: Scene, device: Device): number;
  perform(scene: Scene, device: Device, choice: Choice): void;
}

const always = (weight: number) => () => weight;

const acts: readonly Act[] = [
  { weight: always(14), perform: (scene, device, choice) => message(scene, device, choice) },
  { weight: always(3), perform: (scene, device, choice) => { for (let left = choice.between(2, 8); left > 0; left -= 1) message(scene, device, choice); } },
  { weight: always(7), perform: (scene, device, choice) => makeAvailable(scene, device, choice.pick([0, 0, 1, 5, -1]) ?? 0, choice.whole(5)) },
  { weight: (_, { sitting }) => (sitting?.shown === undefined ? 0 : 2), perform: (scene, device) => makeUnavailable(scene, device) },
  { weight: always(2), perform: (scene, device, choice) => direct(scene, device, address(scene, device, choice), true) },
  { weight: (_, { sitting }) => ((sitting?.touched.size ?? 0) > 0 ? 2 : 0), perform: (scene, device, choice) => direct(scene, device, address(scene, device, choice), false) },
  { weight: always(1), perform: (scene, device, choice) => probe(device, address(scene, device, choice)) },
  { weight: always(6), perform: (scene, device, choice) => subscription(scene, device, "subscribe", other(scene, device, choice).account) },
  { weight: (_, { person }) => Math.min(6, 3 * person.facts.requests.size), perform: (scene, device, choice) => respond(scene, device, choice) },
  { weight: always(1), perform: (scene, device, choice) => subscription(scene, device, "subscribed", other(scene, device, choice).account) },
  { weight: always(1), perform: (scene, device, choice) => subscription(scene, device, "unsubscribe", other(scene, device, choice).account) },
  { weight: always(1), perform: (scene, device, choice) => subscription(scene, device, "unsubscribed", other(scene, device, choice).account) },
  { weight: always(2), perform: (scene, device, choice) => rename(scene, device, choice) },
  { weight: always(1), perform: (scene, device, choice) => removeContact(scene, device, contact(scene, device, choice)) },
  { weight: always(1), perform: (scene, device, choice) => askForRoster(scene, device, choice.oneIn(2) ? device.roster.version : undefined) },
  { weight: always(1), perform: (scene, device, choice) => block(scene, device, true, other(scene, device, choice).account) },
  { weight: (_, { person }) => (person.facts.blocked.size > 0 ? 2 : 0), perform: (scene, device, choice) => block(scene, device, false, choice.oneIn(4) ? undefined : choice.pick([...device.person.facts.blocked.keys()])) },
  { weight: always(1), perform: (scene, device) => askForBlocks(scene, device) },
  { weight: always(1), perform: (scene, device, choice) => keep(scene, device, `urn:example:kept:${choice.whole(2)}`, choice.pick(["", "one", "two <&>"]) ?? "") },
  { weight: always(2), perform: (scene, device, choice) => question(scene, device, choice) },
  { weight: (_, { sitting, traits }) => (sitting?.counting === "off" && traits.management !== "off" ? 2 : 0), perform: (_, device) => device.enable() },
  { weight: always(1), perform: (_, device) => device.acknowledge() },
  { weight: always(1), perform: (_, device) => device.ask() },
  { weight: always(1), perform: (_, device) => device.leave() },
  { weight: always(1), perform: (_, device) => device.forget() },
];

/** Who is not there comes; who waits to come back hurries. */
export function act(scene: Scene, device: Device, choice: Choice): void {
  if (device.isAway) return device.come();
  if (device.sitting === undefined || !device.isOnline) {
    // With a session, what is said waits for the link.
    if (device.sitting === undefined || choice.oneIn(2)) return device.hurry();
  }
  choice.weighted(acts.map((one) => ({ weight: one.weight(scene, device), one })))?.one.perform(scene, device, choice);
}

const words = ["plain", "<Ромео> & \"Juliette\" 😀 ]]> 'été'", "x".repeat(3_000)] as const;

function message(scene: Scene, device: Device, choice: Choice): void {
  if (device.sitting === undefined) return;
  const to = choice.oneIn(3) ? address(scene, device, choice) : other(scene, device, choice).account;
  const type = choice.oneIn(4) ? "normal" : "chat";
  device.send(scene.messages.write(device.sitting, type, to, words[choice.oneIn(12) ? choice.between(1, 2) : 0]!));
}

/** A request of somebody, if there is one. */
function respond(scene: Scene, device: Device, choice: Choice): void {
  const from = choice.pick([...device.person.facts.requests]);
  if (from === undefined) return;
  subscription(scene, device, choice.oneIn(4) ? "unsubscribed" : "subscribed", from);
}

function rename(scene: Scene, device: Device, choice: Choice): void {
  scene.questions += 1;
  const groups = [["Friends"], [], ["Friends", "Émigrés & <others>"]] as const;
  setContact(scene, device, contact(scene, device, choice), `name ${scene.questions}`, choice.pick(groups) ?? []);
}

function question(scene: Scene, device: Device, choice: Choice): void {
  const { domain } = scene;
  const all = [
    { to: domain, content: "<ping xmlns='urn:xmpp:ping'/>" },
    { to: address(scene, device, choice), content: "<ping xmlns='urn:xmpp:ping'/>" },
    { to: domain, content: "<query xmlns='http://jabber.org/protocol/disco#info'/>" },
    { to: other(scene, device, choice).account, content: "<query xmlns='jabber:iq:last'/>" },
    { to: domain, content: "<query xmlns='urn:example:nothing'/>" },
  ];
  ask(scene, device, { type: "get", ...choice.pick(all)! });
}

/** Somebody else. */
export function other({ people }: Scene, { person }: Device, choice: Choice): Person {
  return choice.pick(people.filter((one) => one !== person)) ?? person;
}

/** A user, or somebody who has no account here. */
function contact(scene: Scene, device: Device, choice: Choice): string {
  return choice.oneIn(4) ? `stranger${choice.whole(3)}@${scene.domain}` : other(scene, device, choice).account;
}

/** The full JID of somebody's session, be it that it was; without one, or now and then, a bare JID. */
export function address(scene: Scene, device: Device, choice: Choice): string {
  const person = choice.oneIn(6) ? device.person : other(scene, device, choice);
  const jids = person.devices.flatMap(({ sitting }) => sitting?.jid ?? []);
  return choice.oneIn(4) ? person.account : (choice.pick(jids) ?? `${person.account}/nobody`);
}
