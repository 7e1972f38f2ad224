/** What no client may do, as the state of a device allows; the server is to suffer it, and nobody else. */
import type { Choice } from "./choice.ts";
import type { Device } from "./device.ts";
import { managementNamespace } from "./login.ts";
import type { Scene } from "./scene.ts";

/** Bytes of a stanza that is too large in every world. */
const tooManyBytes = 40_000;

/** Of a request that is made before its session has an address: it is to reach nobody. */
export const earlyId = "early";

type Misdeed = (scene: Scene, device: Device, choice: Choice) => unknown;

/** Said on a stream with a session; most of it ends the stream. */
const online: readonly Misdeed[] = [
  (_, device, choice) => {
    if (device.sitting?.counting !== "on") return;
    device.say(`<a xmlns='${managementNamespace}' h='${device.sitting.handled + choice.pick([1, 1_000, 2 ** 31])!}'/>`, "counts too much");
    device.sitting.isToBlame = true;
  },
  (_, device) => device.sitting?.counting === "on" && device.say(`<a xmlns='${managementNamespace}' h='many'/>`, "does not count"),
  (_, device) => {
    device.enable();
    device.say(`<enable xmlns='${managementNamespace}' resume='true'/>`, "enables twice");
  },
  (_, device) => device.sitting?.counting === "on" && device.say(`<resume xmlns='${managementNamespace}' h='0' previd='${device.sitting.id ?? "none"}'/>`, undefined),
  (_, device, choice) => device.say(choice.pick(["<message><body></message>", "<message to=romeo/>", "</presence>", "&nbsp;", "<!-- -->", "<?what?>", "<!DOCTYPE x>", "\u0001"])!, "is not well-formed"),
  (_, device) => device.say(`<message to='${device.person.account}'><body>${"x".repeat(tooManyBytes)}</body></message>`, "says too much"),
  (_, device, choice) => device.say(choice.pick(["<what xmlns='urn:example:nothing'/>", "<iq xmlns='jabber:server'/>", "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>", "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"])!, "says what has no place"),
  (scene, device) => device.say(`<stream:stream to='${scene.domain}' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>`, "opens its stream twice"),
  // What is refused, and ends nothing.
  (_, device) => device.send({ text: "<iq type='set' id='there'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>another</resource></bind></iq>" }),
  (_, device) => device.send({ text: "<presence><priority>1000</priority></presence>" }),
  (_, device) => device.send({ text: "<iq type='get' id='there'/>" }),
  (_, device) => device.send({ text: "<presence type='sideways'/>" }),
  (scene, device) => device.send({ text: `<presence type='subscribe' to='${scene.domain}'/>` }),
  (scene, device, choice) => spoof(scene, device, choice),
];

/** Said instead of logging in, or while that is under way. */
const away: readonly Misdeed[] = [
  (_, device) => device.misbehaveAtLogin({ stage: "header", text: "GET / HTTP/1.1\r\n\r\n" }),
  (scene, device) => device.misbehaveAtLogin({ stage: "header", text: `<stream:stream to='nowhere.${scene.domain}' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>` }),
  (scene, device) => device.misbehaveAtLogin({ stage: "login", text: `<message to='${scene.people[0]!.account}' id='m1'><body>early</body></message>` }),
  (_, device) => device.misbehaveAtLogin({ stage: "login", text: `<resume xmlns='${managementNamespace}' h='0' previd='x'/><enable xmlns='${managementNamespace}'/><message/>` }),
  (scene, device) => device.misbehaveAtLogin({ stage: "bind", text: `<message to='${scene.people[0]!.account}' id='m1'><body>early</body></message>` }),
  (_, device) => device.misbehaveAtLogin({ stage: "bind", text: "<presence/>" }),
  (scene, device) => device.misbehaveAtLogin({ stage: "bind", text: `<iq type='get' id='${earlyId}' to='${scene.people[0]!.account}/phone1'><ping xmlns='urn:xmpp:ping'/></iq>` }),
  (_, device) => device.misbehaveAtLogin({ password: "wrong" }),
  (scene, device, choice) => steal(scene, device, choice),
];

export function misbehave(scene: Scene, device: Device, choice: Choice): void {
  scene.counts.misdeeds += 1;
  const deeds = device.isOnline ? online : device.sitting === undefined ? away : [];
  choice.pick(deeds)?.(scene, device, choice);
}

/** In the name of somebody else; what arrives has to name who it was. */
function spoof(scene: Scene, device: Device, choice: Choice): void {
  const { sitting } = device;
  if (sitting === undefined) return;
  const [victim, reader] = [choice.pick(scene.people)!, choice.pick(scene.people)!];
  const sending = scene.messages.write(sitting, "chat", reader.account, "spoofed");
  device.send({ ...sending, text: sending.text.replace("<message", `<message from='${victim.account}/x'`) });
}

/** A session of another user, or an own one that is over. */
function steal(scene: Scene, device: Device, choice: Choice): void {
  const { account } = device.person;
  const ids = scene.sittings.flatMap((sitting) => (sitting.id !== undefined && (sitting.account !== account || sitting.partedAt !== undefined) ? [sitting.id] : []));
  const id = choice.pick(ids);
  if (id !== undefined) device.misbehaveAtLogin({ resume: id });
}
