/** What was said before somebody came (XEP-0045 sections 7.2.13 to 7.2.15). */
import { parseDateTime } from "../domain/date-time.ts";
import type { Room } from "../domain/room.ts";
import type { Step } from "../step/batch.ts";
import { delayElement, delayNamespace } from "../xml/delay.ts";
import type { Element } from "../xml/element.ts";
import { adoptElement } from "../xml/parse-element.ts";
import { serialise } from "../xml/serialise.ts";
import { clientNamespace, el } from "../xml/stanza.ts";
import { muc } from "./namespaces.ts";
import type { Rooms } from "./rooms.ts";
import { isSubject } from "./saying.ts";
import { give } from "./showing.ts";
import { takeSpeaker } from "./speakers.ts";

/** What a newcomer wants of it; what is undefined has no bound. */
export interface HistoryAsked {
  readonly stanzas: number | undefined;
  /** Of the stanzas whole, as XML. */
  readonly chars: number | undefined;
  /** Milliseconds before now. */
  readonly ms: number | undefined;
  /** Milliseconds since 1970. */
  readonly since: number | undefined;
}

/** What is no number, or no time, is not there. */
export function historyAsked(presence: Element): HistoryAsked {
  const asked = presence.getChild("x", muc)?.getChild("history", muc);
  const number = (name: string): number | undefined => {
    const text: unknown = asked?.attrs[name];
    return typeof text === "string" && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  };
  const seconds = number("seconds");
  const since: unknown = asked?.attrs["since"];
  return {
    stanzas: number("maxstanzas"),
    chars: number("maxchars"),
    ms: seconds === undefined ? undefined : seconds * 1_000,
    since: typeof since === "string" ? parseDateTime(since) : undefined,
  };
}

/** The last of it, the oldest first, and then the subject: that ends it, also where there is none (section 7.2.15). */
export function giveHistory(rooms: Rooms, step: Step, room: Room, to: string, asked: HistoryAsked): void {
  for (const element of historyFor(room, to, step.at, asked)) give(rooms, step, to, element);
  giveSubject(rooms, step, room, to);
}

/** The least that is asked for and the room gives; of the messages that are the last ones, as many whole ones as there is room for. */
function historyFor(room: Room, to: string, now: number, { stanzas, chars, ms, since }: HistoryAsked): readonly Element[] {
  const most = Math.min(stanzas ?? room.config.historyLength, room.config.historyLength);
  const from = Math.max(since ?? 0, ms === undefined ? 0 : now - ms);
  let left = chars ?? Number.POSITIVE_INFINITY;
  const given: Element[] = [];
  for (const { at, text } of room.said.toReversed()) {
    if (given.length >= most || at < from || left <= 0) break;
    const element = delayed(text, at, room, to);
    // Section 7.2.15: one subject alone, at the end.
    if (isSubject(element)) continue;
    if (chars !== undefined) left -= charsOf(serialise(element, clientNamespace));
    if (left < 0) break;
    given.unshift(element);
  }
  return given;
}

function giveSubject(rooms: Rooms, step: Step, room: Room, to: string): void {
  const subject = room.meta("subject");
  const never = () => el("message", { xmlns: clientNamespace, type: "groupchat", from: room.bare, to }, el("subject"));
  give(rooms, step, to, subject === undefined ? never() : delayed(subject.stanza, subject.at, room, to));
}

/** XEP-0203 section 2: from the room, which has kept it; whatever its sender said of a delay of its own. */
function delayed(text: string, at: number, room: Room, to: string): Element {
  const element = adoptElement(text);
  takeSpeaker(element);
  element.attrs["to"] = to;
  element.children = element.children.filter((child) => typeof child === "string" || child.getNS() !== delayNamespace);
  element.cnode(delayElement(at, room.bare));
  return element;
}

/** Characters, not UTF-16 units. */
function charsOf(text: string): number {
  return text.length - (text.match(/[\uD800-\uDBFF]/g)?.length ?? 0);
}
