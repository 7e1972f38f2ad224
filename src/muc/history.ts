/** What was said before somebody came (XEP-0045 sections 7.2.13 to 7.2.15). */
import { parseDateTime } from "../domain/date-time.ts";
import type { Room } from "../domain/room.ts";
import type { Step } from "../step/batch.ts";
import { delayElement } from "../xml/delay.ts";
import type { Element } from "../xml/element.ts";
import { adoptElement } from "../xml/parse-element.ts";
import { clientNamespace, el } from "../xml/stanza.ts";
import { muc } from "./namespaces.ts";
import type { Rooms } from "./rooms.ts";
import { give } from "./showing.ts";

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
export function giveHistory(rooms: Rooms, step: Step, room: Room, to: string, { stanzas, chars, ms, since }: HistoryAsked): void {
  const most = Math.min(stanzas ?? room.config.historyLength, room.config.historyLength);
  const from = Math.max(since ?? 0, ms === undefined ? 0 : step.at - ms);
  const recent = most === 0 ? [] : room.said.filter(({ at }) => at >= from).slice(-most);
  let left = chars ?? Number.POSITIVE_INFINITY;
  const given = [];
  for (const message of recent.toReversed()) {
    left -= message.text.length;
    if (left < 0) break;
    given.unshift(message);
  }
  for (const { at, text } of given) {
    const element = adoptElement(text);
    element.attrs["to"] = to;
    // XEP-0203: from the room, which has kept it.
    element.cnode(delayElement(at, room.bare));
    give(rooms, step, to, element);
  }
  giveSubject(rooms, step, room, to);
}

function giveSubject(rooms: Rooms, step: Step, room: Room, to: string): void {
  const subject = room.meta("subject");
  if (subject === undefined) {
    give(rooms, step, to, el("message", { xmlns: clientNamespace, type: "groupchat", from: room.bare, to }, el("subject")));
    return;
  }
  const element = adoptElement(subject.stanza);
  element.attrs["to"] = to;
  element.cnode(delayElement(subject.at, room.bare));
  give(rooms, step, to, element);
}
