/**
 * One session in one room, as its client knows it by what it is told (XEP-0045 section 7): whether it is in it and under which nick, who
 * else is there and how, and what it has heard. What cannot be is a problem at once.
 */
import { childOf, showXml, textOf, type Xml } from "../../support/xml-reader.ts";
import type { Word } from "./room-words.ts";
import type { Sitting } from "./sitting.ts";

export const userNamespace = "http://jabber.org/protocol/muc#user";

/** How one occupant is seen by another. */
export interface Seen {
  readonly role: string;
  readonly affiliation: string;
  /** The number in the status of its last presence. */
  readonly mark: number;
}

/** Between an entrance and the end of it: what was heard. */
export interface Stay {
  /** History messages that were asked for; undefined: as many as the room gives. */
  readonly asked: number | undefined;
  /** Delayed ones, before the subject. */
  readonly history: Word[];
  /** The number of the subject that ended them, 0 for none; undefined: it has not come. */
  subject: number | undefined;
  readonly live: Word[];
  isOver: boolean;
}

const order = "XEP-0045 section 7.1: a newcomer is told who is there, of itself, what was said, the subject, and then what is said";
const there = "XEP-0045 section 7: who enters a room and leaves it is shown so to everybody in it, once";
const outside = "XEP-0045 sections 7.2 and 7.14: who is not in a room is told of nothing there";
const codesRule = "XEP-0045 section 12: status codes say what has happened";

/** Of who has not left by itself. */
const removedCodes = ["301", "307", "321", "322", "332", "333"];

export class Visit {
  readonly sitting: Sitting;
  /** The bare JID. */
  readonly room: string;
  /** Its own; undefined while it is not in the room. */
  nick: string | undefined;
  /** Who is there, by nick, itself included. */
  view = new Map<string, Seen>();
  readonly stays: Stay[] = [];
  /** It has made the room and not yet been told that it is open. */
  isLocked = false;
  /** What was asked for by presence that asks to enter, by id. */
  readonly entrances = new Map<string, { readonly stanzas: number | undefined }>();
  /** The last mark before it has asked to leave, or to be not available any more. */
  leftAfter = -1;
  readonly #problem: (rule: string, text: string) => void;
  #coming = new Map<string, Seen>();
  /** The mark of the presence that has asked to enter. */
  #enteredWith = 0;

  constructor(sitting: Sitting, room: string, problem: (rule: string, text: string) => void) {
    this.sitting = sitting;
    this.room = room;
    this.#problem = (rule, text) => (sitting.isToBlame ? undefined : problem(rule, `${sitting.device} (${sitting.jid}) in ${room}: ${text}`));
  }

  get isIn(): boolean {
    return this.nick !== undefined && this.sitting.end === undefined;
  }

  get stay(): Stay | undefined {
    const stay = this.stays.at(-1);
    return stay?.isOver === false ? stay : undefined;
  }

  /** Its own role there. */
  get role(): string {
    return this.view.get(this.nick ?? "")?.role ?? "none";
  }

  presence(stanza: Xml): void {
    const { type, from = "", id = "" } = stanza.attrs;
    const nick = from.slice(from.indexOf("/") + 1);
    if (type === "error") return void this.entrances.delete(id);
    const part = stanza.children.find((child): child is Xml => typeof child !== "string" && child.name === "x" && child.xmlns === userNamespace);
    const item = childOf(part, "item");
    if (item === undefined) return this.#problem("XEP-0045 section 7.2.2: presence of an occupant says its role and affiliation", showXml(stanza));
    const codes = (part?.children ?? []).flatMap((child) => (typeof child !== "string" && child.name === "status" ? [child.attrs["code"] ?? ""] : []));
    const isSelf = codes.includes("110");
    if (type === "unavailable") return this.#gone(stanza, nick, item, codes, isSelf, childOf(part, "destroy") !== undefined);
    const mark = Number(/^o(\d+)$/.exec(textOf(childOf(stanza, "status")))?.[1] ?? 0);
    const seen = { role: item.attrs["role"] ?? "", affiliation: item.attrs["affiliation"] ?? "", mark };
    if (isSelf) return this.#self(stanza, nick, seen, codes);
    if (this.nick === undefined && this.entrances.size === 0) return this.#problem(outside, showXml(stanza));
    if (this.nick === nick && !this.sitting.wasInactive) this.#problem(codesRule, `its own presence has no 110: ${showXml(stanza)}`);
    // Whose role has changed may be told of its own other nicks before it is told of that.
    const mayKnow = this.role === "moderator" || this.nick === undefined || item.attrs["jid"]?.startsWith(`${this.sitting.account}/`) === true;
    if (item.attrs["jid"] !== undefined && !mayKnow && !this.sitting.wasInactive) this.#problem("XEP-0045 section 4.2: only moderators know real JIDs", showXml(stanza));
    (this.nick === undefined ? this.#coming : this.view).set(nick, seen);
  }

  /** A message of type groupchat; `word`: undefined for what the room itself says. */
  heard(stanza: Xml, word: Word | undefined): void {
    const { stay } = this;
    if (stay === undefined || this.nick === undefined) return this.#problem(outside, showXml(stanza));
    const isDelayed = childOf(stanza, "delay") !== undefined;
    const isSubject = childOf(stanza, "subject") !== undefined;
    if (stay.subject === undefined) {
      if (isSubject) stay.subject = word?.number ?? 0;
      else if (!isDelayed) this.#problem(order, `${showXml(stanza)} came before the subject`);
      else if (word !== undefined) stay.history.push(word);
      return;
    }
    if (isDelayed) return this.#problem(order, `what is old came after the subject: ${showXml(stanza)}`);
    if (word === undefined) return;
    const { from = "" } = stanza.attrs;
    const speaker = from.slice(from.indexOf("/") + 1);
    if (!this.view.has(speaker)) this.#problem(there, `${speaker} speaks, and is not there: ${showXml(stanza)}`);
    if (this.stays.some(({ live }) => live.includes(word))) this.#problem("XEP-0045 section 7.4: everybody in the room hears each word once", `it came twice: ${showXml(stanza)}`);
    stay.live.push(word);
  }

  #self(stanza: Xml, nick: string, seen: Seen, codes: readonly string[]): void {
    const { id = "" } = stanza.attrs;
    const entrance = this.entrances.get(id);
    this.entrances.delete(id);
    const wasIn = this.nick !== undefined;
    if (!wasIn && entrance === undefined) this.#problem(outside, `nobody has asked to enter: ${showXml(stanza)}`);
    if (!wasIn) {
      this.view = this.#coming;
      this.#coming = new Map();
    } else if (this.nick !== nick && !this.sitting.wasInactive) this.#problem(codesRule, `its nick was ${this.nick}, and no 303 has changed that: ${showXml(stanza)}`);
    // Of who shares its nick in an own session all are told as of itself.
    this.nick = nick;
    this.view.set(nick, seen);
    if (codes.includes("201")) {
      this.isLocked = true;
      if (this.view.size > 1 || wasIn) this.#problem(codesRule, `it has made a room in which others are: ${showXml(stanza)}`);
    }
    if (entrance === undefined) return;
    if (!codes.includes("170")) this.#problem(codesRule, `the room is archived, and it is not told so: ${showXml(stanza)}`);
    this.#enteredWith = seen.mark;
    const before = this.stay;
    if (before !== undefined) before.isOver = true;
    this.stays.push({ asked: entrance.stanzas, history: [], subject: undefined, live: [], isOver: false });
  }

  #gone(stanza: Xml, nick: string, item: Xml, codes: readonly string[], isSelf: boolean, isDestroyed: boolean): void {
    const isRenamed = codes.includes("303");
    if (!isSelf) {
      if (this.nick === undefined && this.entrances.size === 0 && !this.sitting.wasInactive) return this.#problem(outside, showXml(stanza));
      const known = this.view.delete(nick) || this.#coming.delete(nick);
      if (!known && !this.sitting.wasInactive) this.#problem(there, `${nick} goes, and was not there: ${showXml(stanza)}`);
      return;
    }
    // Section 7.2.18: it believed to be there.
    if (this.nick === undefined) return;
    if (isRenamed) {
      const newNick = item.attrs["nick"];
      if (newNick === undefined) return this.#problem(codesRule, `a change of nick says which: ${showXml(stanza)}`);
      const known = this.view.get(nick);
      this.view.delete(nick);
      if (known !== undefined) this.view.set(newNick, known);
      this.nick = newNick;
      return;
    }
    const isExplained = this.leftAfter >= this.#enteredWith || isDestroyed || removedCodes.some((code) => codes.includes(code));
    if (!isExplained) this.#problem(codesRule, `it is out of the room, and is not told why: ${showXml(stanza)}`);
    if (item.attrs["role"] !== "none") this.#problem(codesRule, `who leaves has the role none: ${showXml(stanza)}`);
    this.nick = undefined;
    this.isLocked = false;
    this.view = new Map();
    const { stay } = this;
    if (stay !== undefined) stay.isOver = true;
  }
}
