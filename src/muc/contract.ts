/** What extensions add to rooms, in terms that know no extension. */
import type { Jid } from "../domain/jid.ts";
import type { Room } from "../domain/room.ts";
import type { Sender } from "../service/services.ts";
import type { Step } from "../step/batch.ts";
import type { FormField } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import type { Stanza, StanzaFault } from "../xml/stanza.ts";
import type { Rooms } from "./rooms.ts";

export interface RoomExtension {
  /** Requests that it answers. No other may answer the same. */
  readonly iq?: readonly RoomIqHandler[];
  /** Messages to a room that are not said to everybody: the first that takes one, or refuses it, has it. */
  readonly messages?: readonly RoomMessageHandler[];
  /** May refuse what is about to be said to everybody, or add to it: the element is a copy, from the occupant's address in the room. */
  readonly saying?: RoomSaying;
  /** Adds to what one occupant is told by another alone: the element is a copy without an addressee, from the occupant's address in the room. */
  readonly whispering?: (said: { readonly rooms: Rooms; readonly room: Room; readonly nick: string; readonly bareJid: string; readonly element: Element }) => void;
  /** Adds to what everybody is told of an occupant: the element is a copy without an addressee. */
  readonly showing?: (shown: { readonly rooms: Rooms; readonly room: Room; readonly nick: string; readonly bareJid: string; readonly element: Element }) => void;
  /** What service discovery tells of the service. */
  readonly serviceFeatures?: readonly string[];
  /** What it tells of a room. */
  readonly roomFeatures?: (room: Room) => readonly string[];
  /** What it tells of a room in the form of XEP-0045 section 6.4, to everybody. */
  readonly roomInfo?: (room: Room) => readonly FormField[];
}

/** Whom a stanza to a service is addressed to: the service itself, a room, or one of its occupants. */
export type RoomPlace = "service" | "room" | "occupant";

export interface RoomIqHandler {
  readonly xmlns: string;
  /** The name of the payload. */
  readonly name: string;
  readonly types: readonly ("get" | "set")[];
  readonly at: readonly RoomPlace[];
  /**
   * Answers at once, or later: until then nothing else that the sender sends is taken. After a wait `step` is over: `rooms.host.run` gives
   * another. Who has not answered within `extensionAnswerMs` is not waited for. undefined: it is for the occupant whose address it was sent to; nowhere else.
   */
  handle(request: RoomIqRequest): RoomReply | undefined | Promise<RoomReply>;
}

export interface Arrival {
  readonly rooms: Rooms;
  readonly step: Step;
  readonly sender: Sender;
}

export interface RoomIqRequest extends Arrival {
  readonly iq: Stanza & { readonly to: Jid };
  readonly payload: Element;
  readonly at: RoomPlace;
  /** The room that is asked, or whose occupant is; undefined at the service. It exists. */
  readonly room: Room | undefined;
  /** The asker's nick in the room; undefined if the asker is not in it. */
  readonly nick: string | undefined;
}

export type RoomReply =
  /** `afterwards` runs after the answer was sent, in the same step. */
  | { readonly result: Element | undefined; readonly afterwards?: (step: Step) => void }
  | { readonly fault: StanzaFault; readonly payload?: Element };

export interface RoomMessage extends Arrival {
  /** To the room itself; of type normal or chat, or groupchat. */
  readonly stanza: Stanza & { readonly to: Jid };
  readonly room: Room;
  /** The sender's nick in the room; undefined if the sender is not in it. */
  readonly nick: string | undefined;
}

/** undefined: it is not for this handler. */
export type RoomMessageHandler = (message: RoomMessage) => undefined | "taken" | StanzaFault;

export type RoomSaying = (said: RoomMessage & { readonly nick: string; readonly element: Element }) => StanzaFault | undefined;
