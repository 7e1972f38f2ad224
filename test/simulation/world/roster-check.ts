/** Rosters, block lists and what is kept for a user, when nothing is under way: the same for all, and what was wanted. */
import { ask } from "./asking.ts";
import { blockedIn } from "./entering.ts";
import { entriesOf, rosterDifferences, type RosterEntry } from "./roster-cache.ts";
import type { Device } from "./device.ts";
import type { Person, Scene } from "./scene.ts";
import { childOf, textOf, type Xml } from "../../support/xml-reader.ts";

/** What the server answers now. */
export interface Fetched {
  readonly rosters: Map<Device, ReadonlyMap<string, RosterEntry>>;
  readonly blocks: Map<Device, ReadonlySet<string>>;
  /** By namespace. */
  readonly kept: Map<Device, Map<string, string>>;
}

/** Asks; the answers are there when it is quiet again. */
export function fetchAll(scene: Scene, devices: readonly Device[]): Fetched {
  const fetched: Fetched = { rosters: new Map(), blocks: new Map(), kept: new Map() };
  for (const device of devices) {
    const get = (content: string, answered: (answer: Xml) => void): void =>
      ask(scene, device, { type: "get", content, answered: (answer, isResult) => isResult && answered(answer) });
    get("<query xmlns='jabber:iq:roster'/>", (answer) => fetched.rosters.set(device, entriesOf(childOf(answer, "query")!)));
    get("<blocklist xmlns='urn:xmpp:blocking'/>", (answer) => fetched.blocks.set(device, new Set(blockedIn(childOf(answer, "blocklist")))));
    const texts = new Map<string, string>();
    fetched.kept.set(device, texts);
    for (const namespace of device.person.facts.kept.keys()) {
      get(`<query xmlns='jabber:iq:private'><kept xmlns='${namespace}'/></query>`, (answer) => {
        texts.set(namespace, textOf(childOf(childOf(answer, "query"), "kept")));
      });
    }
  }
  return fetched;
}

export function checkRosters(scene: Scene, fetched: Fetched): void {
  for (const device of fetched.kept.keys()) checkDevice(scene, fetched, device);
  for (const person of scene.people) {
    const device = person.devices.find((one) => fetched.rosters.has(one));
    if (device === undefined) continue;
    checkWanted(scene, person, fetched.rosters.get(device)!);
    for (const other of scene.people) {
      const theirs = other.devices.find((one) => fetched.rosters.has(one));
      if (other !== person && theirs !== undefined) checkPair(scene, person, fetched.rosters.get(device)!, other, fetched.rosters.get(theirs)!);
    }
  }
}

/** Each device knows what all others of its user know, and has been told of every change. */
function checkDevice(scene: Scene, { rosters, blocks, kept }: Fetched, device: Device): void {
  const { person, name } = device;
  const [roster, list] = [rosters.get(device), blocks.get(device)];
  if (roster === undefined || list === undefined) return scene.problem("RFC 6121 section 2.1.3: a user gets the own roster", `${name}: had no answer`);
  for (const text of rosterDifferences(roster, device.roster.entries)) {
    scene.problem("RFC 6121 section 2.1.6: pushes tell every change of a roster", `${name}: its roster and what it was told: ${text}`);
  }
  const told = [...(device.blocks ?? [])].toSorted().join(", ");
  const is = [...list].toSorted().join(", ");
  if (told !== is) scene.problem("XEP-0191 section 3.2: pushes tell every change of a block list", `${name}: it is [${is}], and was told as [${told}]`);
  for (const [jid, register] of person.facts.blocked) {
    const isBlocked = list.has(jid);
    if (!register.mayBe((value) => value === isBlocked)) scene.problem("XEP-0191 section 3.3: what was confirmed is so", `${name}: ${jid} is ${isBlocked ? "" : "not "}blocked`);
  }
  for (const [namespace, text] of kept.get(device) ?? []) {
    const register = person.facts.kept.get(namespace);
    if (register?.mayBe((value) => value === text) === false) {
      scene.problem("XEP-0049 section 2.1: what was confirmed is kept", `${name}: ${namespace} has "${text}", and may have ${JSON.stringify(register.possible)}`);
    }
  }
}

function checkWanted(scene: Scene, { name, facts }: Person, roster: ReadonlyMap<string, RosterEntry>): void {
  for (const [jid, register] of facts.names) {
    const entry = roster.get(jid);
    // By a subscription alone a contact is there without a name.
    const found = entry === undefined || entry.name === "" ? undefined : entry.name;
    if (!register.mayBe((value) => value === found)) {
      scene.problem("RFC 6121 section 2.1.5: what was confirmed of a roster is so", `${name}: ${jid} is called ${found}, and may be ${JSON.stringify(register.possible)}`);
    }
  }
  for (const [jid, { subscription }] of roster) {
    const shows = subscription === "from" || subscription === "both";
    const register = facts.shown.get(jid);
    if (shows && register?.mayBe((value) => value) !== true) {
      scene.problem("RFC 6121 section 3: nobody sees a user who has taken that back", `${name}: its roster has ${jid} with ${subscription}`);
    }
  }
}

/** Whoever lets the other see it is seen by it, as both of them know. */
function checkPair(scene: Scene, one: Person, roster: ReadonlyMap<string, RosterEntry>, other: Person, theirs: ReadonlyMap<string, RosterEntry>): void {
  const [ours, mirror] = [roster.get(other.account)?.subscription ?? "none", theirs.get(one.account)?.subscription ?? "none"];
  const expected = { none: "none", from: "to", to: "from", both: "both" }[ours];
  if (expected === mirror) return;
  // Each pair is met twice.
  if (one.name < other.name) scene.problem("RFC 6121 section 3: both rosters of a subscription agree", `${one.name} has ${other.name} with ${ours}, and ${other.name} has it with ${mirror}`);
}
