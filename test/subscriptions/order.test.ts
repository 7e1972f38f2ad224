/** What each of several resources is told of a subscription, and in which order (RFC 6121 sections 3.1 to 3.3). */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SubscriptionState } from "../../src/domain/subscription.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { arrange, online, pushed, rosterOf, subscription } from "../support/contacts.ts";
import { login, type BoundClient } from "../support/login.ts";
import { childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { shown } from "./pair.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
});
afterAll(() => server.stop());

/** One user with four resources. */
interface Crowd {
  /** Interested and available. */
  readonly desk: BoundClient;
  readonly phone: BoundClient;
  /** Available, but it never asked for the roster. */
  readonly robot: BoundClient;
  /** Interested, but not available. */
  readonly list: BoundClient;
}
type Told = Readonly<Record<keyof Crowd, readonly string[]>>;

let crowds = 0;

async function crowd(): Promise<Crowd> {
  const user = `crowd${++crowds}`;
  await server.addUser(user, "secret");
  const desk = await online(server, { user, resource: "desk", over: "plaintext" });
  const phone = await online(server, { user, resource: "phone", over: "plaintext" });
  const robot = await login(server, { user, resource: "robot", over: "plaintext" });
  const list = await login(server, { user, resource: "list", over: "plaintext" });
  await robot.ask("<presence><status>on duty</status></presence>");
  await rosterOf(list);
  const all = { desk, phone, robot, list };
  await told(all);
  return all;
}

/** `subscribed`, `push to`, `available desk`: resources are those of the other one. `speaker` says something first. */
async function told(crowd: Crowd, speaker: keyof Crowd = "desk", text = ""): Promise<Told> {
  const toSpeaker = await crowd[speaker].ask(text);
  const toldTo = async (name: keyof Crowd) => (name === speaker ? toSpeaker : await crowd[name].caughtUp()).map(inAWord);
  return { desk: await toldTo("desk"), phone: await toldTo("phone"), robot: await toldTo("robot"), list: await toldTo("list") };
}

function inAWord(stanza: Xml): string {
  const push = pushed(stanza);
  if (push !== undefined) return `push ${shown(push.item)}`;
  const { type = "available", from = "" } = stanza.attrs;
  return from.includes("/") ? `${type} ${from.slice(from.indexOf("/") + 1)}` : type;
}

/** The users' desks bring them there; what everybody was told on the way is taken. */
async function twoIn(state: SubscriptionState): Promise<readonly [Crowd, Crowd]> {
  const [user, contact] = [await crowd(), await crowd()];
  await arrange(user.desk, contact.desk, state);
  await told(user);
  await told(contact);
  return [user, contact];
}

const all = (type: string): readonly string[] => ["desk", "phone", "robot"].map((resource) => `${type} ${resource}`);

describe("RFC 6121 sections 3.1.2 and 3.1.3 a request", () => {
  it("goes to available resources, its push to interested ones", async () => {
    const [user, contact] = await twoIn("None");
    expect(await told(user, "robot", subscription("subscribe", contact.desk.bare))).toEqual({ desk: ["push none ask"], phone: ["push none ask"], robot: [], list: ["push none ask"] });
    expect(await told(contact)).toEqual({ desk: ["subscribe"], phone: ["subscribe"], robot: ["subscribe"], list: [] });
  });
});

describe("RFC 6121 sections 3.1.5 and 3.1.6 an approval", () => {
  it("comes before its push, and then the presence of every resource to every available one", async () => {
    const [user, contact] = await twoIn("NoneOut");
    const own = await told(contact, "phone", subscription("subscribed", user.desk.bare));
    expect(own).toEqual({ desk: ["push from"], phone: ["push from"], robot: [], list: ["push from"] });
    const interested = ["subscribed", "push to"];
    expect(await told(user)).toEqual({
      desk: [...interested, ...all("available")], phone: [...interested, ...all("available")], robot: all("available"), list: interested,
    });
  });

  it("brings the last presence of each resource whole", async () => {
    const [user, contact] = await twoIn("NoneOut");
    await contact.phone.ask("<presence id='p7' xml:lang='en'><show>dnd</show><status>fencing</status><priority>3</priority><c xmlns='urn:example:c' v='1'/></presence>");
    await contact.desk.ask(subscription("subscribed", user.desk.bare));
    const stanzas = await user.desk.caughtUp();
    const presence = stanzas.find(({ attrs }) => attrs["from"] === contact.phone.jid);
    expect(presence?.attrs).toEqual({ from: contact.phone.jid, to: user.desk.bare, id: "p7", "xml:lang": "en" });
    expect(presence?.children).toMatchObject([
      { name: "show", children: ["dnd"] }, { name: "status", children: ["fencing"] }, { name: "priority", children: ["3"] },
      { name: "c", xmlns: "urn:example:c", attrs: { v: "1" } },
    ]);
    expect(textOf(childOf(stanzas.find(({ attrs }) => attrs["from"] === contact.robot.jid), "status"))).toBe("on duty");
  });
});

describe("RFC 6121 section 3.2 a cancelled subscription", () => {
  it("ends with every available resource leaving, then the cancellation, then the push", async () => {
    const [user, contact] = await twoIn("To");
    const own = await told(contact, "robot", subscription("unsubscribed", user.desk.bare));
    expect(own).toEqual({ desk: ["push none"], phone: ["push none"], robot: [], list: ["push none"] });
    const interested = ["unsubscribed", "push none"];
    expect(await told(user)).toEqual({
      desk: [...all("unavailable"), ...interested], phone: [...all("unavailable"), ...interested], robot: all("unavailable"), list: interested,
    });
  });

  it("leaves the other direction as it is", async () => {
    const [user, contact] = await twoIn("Both");
    await contact.desk.ask(subscription("unsubscribed", user.desk.bare));
    await told(user);
    await told(contact);
    await contact.desk.ask("<presence><show>away</show></presence>");
    await user.desk.ask("<presence><show>xa</show></presence>");
    expect((await told(contact)).robot).toEqual(["available desk", "available desk"]);
    expect((await told(user)).robot).toEqual(["available desk"]);
  });

  it("that was only a request is told without a word of presence", async () => {
    const [user, contact] = await twoIn("NoneOut");
    const own = await told(contact, "desk", subscription("unsubscribed", user.desk.bare));
    expect(own).toEqual({ desk: [], phone: [], robot: [], list: [] });
    const interested = ["unsubscribed", "push none"];
    expect(await told(user)).toEqual({ desk: interested, phone: interested, robot: [], list: interested });
  });
});

describe("RFC 6121 section 3.3 unsubscribing", () => {
  it("is told to interested resources before the push, and every resource leaves whom it showed itself to", async () => {
    const [user, contact] = await twoIn("Both");
    expect(await told(user, "list", subscription("unsubscribe", contact.desk.bare))).toEqual({
      desk: [...all("unavailable"), "push from"], phone: [...all("unavailable"), "push from"], robot: all("unavailable"), list: ["push from"],
    });
    const interested = ["unsubscribe", "push to"];
    expect(await told(contact)).toEqual({ desk: interested, phone: interested, robot: [], list: interested });
  });

  it("from nobody's request tells nobody (section 3.3.3)", async () => {
    const [user, contact] = await twoIn("None");
    const nothing = { desk: [], phone: [], robot: [], list: [] };
    expect(await told(user, "desk", subscription("unsubscribe", contact.desk.bare))).toEqual(nothing);
    expect(await told(contact)).toEqual(nothing);
  });
});

describe("RFC 6121 section 3 nobody there", () => {
  it("changes the roster of a contact without a session in every step, and tells it at the next login", async () => {
    const [user, contact] = await twoIn("None");
    for (const client of Object.values(contact)) await client.close();
    const name = contact.desk.bare.split("@")[0]!;
    await user.desk.ask(subscription("subscribe", contact.desk.bare));
    const first = await login(server, { user: name, over: "plaintext" });
    await first.ask(subscription("subscribed", user.desk.bare));
    await first.ask(subscription("subscribe", user.desk.bare));
    await first.close();
    await user.desk.ask(subscription("subscribed", contact.desk.bare));
    const second = await login(server, { user: name, over: "plaintext" });
    expect((await rosterOf(second)).items).toEqual([{ jid: user.desk.bare, subscription: "both", groups: [] }]);
    await second.close();
    await user.desk.ask(subscription("unsubscribe", contact.desk.bare));
    await user.desk.ask(subscription("unsubscribed", contact.desk.bare));
    const third = await login(server, { user: name, over: "plaintext" });
    expect((await rosterOf(third)).items).toEqual([{ jid: user.desk.bare, subscription: "none", groups: [] }]);
    await third.close();
  });
});
