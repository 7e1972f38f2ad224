/** Rooms of many in the world (XEP-0045): what clients do there, and who hears what of it. */
import { childOf, showXml, textOf, type Xml } from "../../support/xml-reader.ts";
import { ask } from "./asking.ts";
import type { Device } from "./device.ts";
import { RoomReadings } from "./room-archive.ts";
import { Visit } from "./room-visit.ts";
import type { Word } from "./room-words.ts";
import type { Scene } from "./scene.ts";
import type { Sending, Sitting } from "./sitting.ts";

const names = ["square", "garden", "crypt"] as const;
const asSaid = "XEP-0045 section 7.4: what is said in a room is heard as it was said, by who is there, from who has said it";
const echo = "XEP-0045 section 7.4: a word is heard by its speaker too, or refused";

export class RoomBook {
  /** Bare JIDs. The first is to outlive its last occupant, the others are not. */
  readonly rooms: readonly string[];
  readonly words: Word[] = [];
  readonly visits: Visit[] = [];
  readonly readings: RoomReadings;
  readonly #scene: () => Scene;
  readonly #bySitting = new Map<Sitting, Map<string, Visit>>();
  /** By session and room: words whose speaker has heard nothing of them yet. */
  readonly #awaited = new Map<string, Set<Word>>();
  #marks = 0;

  constructor(scene: () => Scene, domain: string, count: number) {
    this.#scene = scene;
    this.rooms = names.slice(0, count).map((name) => `${name}@muc.${domain}`);
    this.readings = new RoomReadings(scene);
  }

  visit(sitting: Sitting, room: string): Visit {
    const own = this.#bySitting.get(sitting) ?? new Map<string, Visit>();
    this.#bySitting.set(sitting, own);
    let visit = own.get(room);
    if (visit === undefined) {
      own.set(room, (visit = new Visit(sitting, room, (rule, text) => this.#scene().problem(rule, text))));
      this.visits.push(visit);
    }
    return visit;
  }

  visitsOf(sitting: Sitting): readonly Visit[] {
    return [...(this.#bySitting.get(sitting)?.values() ?? [])];
  }

  /** What was written to one occupant alone, as somebody else than that one has it too: its writer's other clients, and archives. */
  whisper(stanza: Xml): Word | undefined {
    const word = this.#named(stanza);
    const { from = "", to = "" } = stanza.attrs;
    return word?.kind === "whisper" && (from.startsWith(`${word.room}/`) || to.startsWith(`${word.room}/`)) ? word : undefined;
  }

  isOfRoom({ attrs }: Xml): boolean {
    const { from = "" } = attrs;
    return this.rooms.some((room) => from === room || from.startsWith(`${room}/`));
  }

  /** `stanzas`: of what was said before, so many at most. */
  enter(device: Device, room: string, nick: string, stanzas: number | undefined): void {
    const { sitting } = device;
    if (sitting === undefined || device.isLeaving) return;
    const visit = this.visit(sitting, room);
    const mark = (this.#marks += 1);
    visit.entrances.set(`o${mark}`, { stanzas });
    this.#scene().counts.entrances += 1;
    const history = stanzas === undefined ? "" : `<history maxstanzas='${stanzas}'/>`;
    device.send({
      text: `<presence id='o${mark}' to='${room}/${nick}'><x xmlns='http://jabber.org/protocol/muc'>${history}</x><status>o${mark}</status></presence>`,
      voided: () => void visit.entrances.delete(`o${mark}`),
    });
  }

  /** Shows itself anew in a room, under another nick if that is one. */
  show(device: Device, { room }: Visit, nick: string): void {
    const mark = (this.#marks += 1);
    device.send({ text: `<presence id='o${mark}' to='${room}/${nick}'><show>away</show><status>o${mark}</status></presence>` });
  }

  leave(device: Device, visit: Visit): void {
    visit.leftAfter = this.#marks;
    device.send({ text: `<presence type='unavailable' to='${visit.room}/${visit.nick ?? "nobody"}'/>` });
  }

  /** RFC 6121 section 4.5.2: who is not available any more is so in rooms, too. */
  becomesUnavailable(sitting: Sitting): void {
    for (const visit of this.visitsOf(sitting)) visit.leftAfter = this.#marks;
  }

  /** `to`: a nick, for a whisper. */
  say(device: Device, room: string, kind: Word["kind"], to?: string): void {
    const { sitting } = device;
    if (sitting === undefined || device.isLeaving) return;
    device.send(this.#write(sitting, room, kind, to));
  }

  /** One change of a role, by nick, or of an affiliation, by bare JID. */
  change(device: Device, room: string, item: string): void {
    ask(this.#scene(), device, { type: "set", to: room, content: `<query xmlns='http://jabber.org/protocol/muc#admin'>${item}</query>` });
  }

  configure(device: Device, visit: Visit, fields: Readonly<Record<string, string>>): void {
    const all = Object.keys(fields).length === 0 ? {} : { FORM_TYPE: "http://jabber.org/protocol/muc#roomconfig", ...fields };
    const form = Object.entries(all).map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`).join("");
    ask(this.#scene(), device, {
      type: "set",
      to: visit.room,
      content: `<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>${form}</x></query>`,
      answered: (_, isResult) => {
        if (isResult) visit.isLocked = false;
      },
    });
  }

  /** Section 10.1: who has made a room opens it. */
  open(device: Device, visit: Visit): void {
    this.configure(device, visit, visit.room === this.rooms[0] ? { "muc#roomconfig_persistentroom": "1" } : {});
  }

  /** Presence or a message from a room. */
  came(device: Device, sitting: Sitting, stanza: Xml): void {
    const { from = "", type } = stanza.attrs;
    const visit = this.visit(sitting, from.split("/", 1)[0]!);
    if (stanza.name === "presence") {
      const wasLocked = visit.isLocked;
      visit.presence(stanza);
      if (visit.isLocked && !wasLocked) this.open(device, visit);
      return;
    }
    if (childOf(stanza, "result") !== undefined) return this.readings.came(device, sitting, stanza);
    const word = this.#named(stanza);
    if (type === "error") return this.#refused(visit, stanza, word);
    if (type !== "groupchat") return word === undefined ? undefined : this.#whispered(visit, stanza, word);
    if (word !== undefined) this.#heard(visit, stanza, word);
    visit.heard(stanza, word);
  }

  #write(by: Sitting, room: string, kind: Word["kind"], to: string | undefined): Sending {
    const number = this.words.length + 1;
    const word: Word = {
      number, kind, by, room, to, text: `${number} said`, at: this.#scene().now(),
      isAccepted: false, isVoid: false, refused: undefined, from: undefined, archiveId: undefined, hearers: new Set(),
    };
    this.words.push(word);
    this.#scene().counts.words += 1;
    if (kind !== "whisper") this.#awaitedBy(by, room).add(word);
    const content = kind === "subject" ? `<subject>${word.text}</subject>` : `<body>${word.text}</body>`;
    const [address, type] = kind === "whisper" ? [`${room}/${to}`, "chat"] : [room, "groupchat"];
    const more = kind === "whisper" ? "<x xmlns='http://jabber.org/protocol/muc#user'/>" : "";
    return {
      text: `<message type='${type}' to='${address}' id='r${number}'>${content}${more}</message>`,
      accepted: () => (word.isAccepted = true),
      voided: () => {
        word.isVoid = true;
        this.#awaitedBy(by, room).delete(word);
        if (word.hearers.size > 0) this.#scene().problem("XEP-0198 section 5: what the server says it has not handled goes nowhere", `${by.device}: r${number} was heard`);
      },
    };
  }

  #awaitedBy(by: Sitting, room: string): Set<Word> {
    const key = `${by.number} ${room}`;
    const known = this.#awaited.get(key) ?? new Set<Word>();
    this.#awaited.set(key, known);
    return known;
  }

  /** What its speaker has neither heard nor been refused. */
  unanswered(by: Sitting, room: string): readonly Word[] {
    return [...this.#awaitedBy(by, room)];
  }

  #heard(visit: Visit, stanza: Xml, word: Word): void {
    const scene = this.#scene();
    const { sitting } = visit;
    const { from } = stanza.attrs;
    const whose = `${sitting.device} (${sitting.jid}): ${showXml(stanza)}`;
    this.checkWord(word, stanza, visit.room, whose);
    if (word.from !== undefined && word.from !== from) scene.problem(asSaid, `others heard it from ${word.from}: ${whose}`);
    word.from = from;
    const id = stanza.children.find((child): child is Xml => typeof child !== "string" && child.name === "stanza-id" && child.attrs["by"] === visit.room)?.attrs["id"];
    if (id === undefined || (word.archiveId !== undefined && word.archiveId !== id)) scene.problem("XEP-0313 section 3.5: a message has one id in an archive", `before it had ${word.archiveId}: ${whose}`);
    word.archiveId ??= id;
    word.hearers.add(sitting);
    if (childOf(stanza, "delay") !== undefined || word.by !== sitting) return;
    const awaited = this.#awaitedBy(sitting, visit.room);
    awaited.delete(word);
    const [first] = awaited;
    if (first !== undefined && first.number < word.number && !sitting.isToBlame) scene.problem(echo, `r${first.number} was neither, when this came: ${whose}`);
  }

  /** Whether it may be so, wherever it comes from. */
  checkWord(word: Word, stanza: Xml, room: string, whose: string): void {
    const scene = this.#scene();
    const text = textOf(childOf(stanza, word.kind === "subject" ? "subject" : "body"));
    if (word.room !== room || word.kind === "whisper" || text !== word.text) scene.problem(asSaid, `r${word.number} was said otherwise: ${whose}`);
    if (word.isVoid) scene.problem("XEP-0198 section 5: what the server says it has not handled goes nowhere", whose);
    if (word.refused !== undefined) scene.problem(echo, `it was refused with ${word.refused}: ${whose}`);
  }

  #whispered(visit: Visit, stanza: Xml, word: Word): void {
    const { sitting, nick } = visit;
    const whose = `${sitting.device} (${sitting.jid}): ${showXml(stanza)}`;
    const isRight = word.kind === "whisper" && word.room === visit.room && textOf(childOf(stanza, "body")) === word.text && !word.isVoid;
    const problem = (text: string): void => this.#scene().problem("XEP-0045 section 7.5: a private message reaches the occupant of that nick, once", `${text}: ${whose}`);
    if (!isRight) problem("nobody has written it so");
    if (sitting.isToBlame) return;
    if (nick !== word.to && !sitting.wasInactive) problem(`its nick is ${nick ?? "none"}`);
    if (word.hearers.has(sitting)) problem("it came twice");
    word.hearers.add(sitting);
  }

  #refused({ sitting, room }: Visit, stanza: Xml, word: Word | undefined): void {
    const whose = `${sitting.device} (${sitting.jid}): ${showXml(stanza)}`;
    // A whisper comes back late, to whoever has the address then.
    const isBack = word !== undefined && (word.by === sitting || (word.kind === "whisper" && word.by.jid === sitting.jid));
    if (!isBack) return this.#scene().problem("RFC 6120 section 8.3.1: an error goes to who sent the stanza", whose);
    const condition = childOf(stanza, "error")?.children.find((child): child is Xml => typeof child !== "string" && child.name !== "text")?.name ?? "";
    // A whisper comes back where one of those who were given it never said so.
    if (word.kind !== "whisper" && word.hearers.size > 0 && !sitting.isToBlame) this.#scene().problem(echo, `it was heard: ${whose}`);
    word.refused = condition;
    this.#awaitedBy(word.by, room).delete(word);
  }

  #named({ attrs }: Xml): Word | undefined {
    return this.words[Number(/^r(\d+)$/.exec(attrs["id"] ?? "")?.[1] ?? 0) - 1];
  }
}
