/** What everybody and everything in a world shares. */
import type { SeededRandom } from "../../../src/testing/virtual/seeded-random.ts";
import type { VirtualDisk } from "../../../src/testing/virtual/virtual-disk.ts";
import type { VirtualNetwork } from "../../../src/testing/virtual/virtual-net.ts";
import type { VirtualServer } from "../../../src/testing/virtual/virtual-server.ts";
import type { Timer } from "../../../src/ports.ts";
import type { ArchiveBook } from "./archive-book.ts";
import type { Device } from "./device.ts";
import type { Excuses } from "./excuses.ts";
import type { ItemBook } from "./item-book.ts";
import type { MessageBook } from "./message-book.ts";
import type { PresenceBook } from "./presence-book.ts";
import type { WorldCounts } from "./plan.ts";
import type { Register } from "./register.ts";
import type { Rights } from "./rights.ts";
import type { RoomBook } from "./room-book.ts";
import type { Sitting } from "./sitting.ts";
import type { Transcript } from "./transcript.ts";

export interface Scene {
  readonly domain: string;
  /** Milliseconds since the world began. */
  now(): number;
  /** Calls `task` after so many milliseconds. */
  after(ms: number, task: () => void): Timer;
  readonly network: VirtualNetwork;
  readonly disk: VirtualDisk;
  readonly server: VirtualServer;
  readonly transcript: Transcript;
  readonly counts: { -readonly [Name in keyof WorldCounts]: WorldCounts[Name] };
  /** `rule`: a sentence that the server has broken; `text`: how. */
  problem(rule: string, text: string): void;
  readonly hasProblem: boolean;
  readonly people: Person[];
  readonly devices: Device[];
  /** Every session that there was. */
  readonly sittings: Sitting[];
  /** Binds that were asked for and whose answer never came: there may have been a session that its client knows nothing of. */
  readonly ghosts: Ghost[];
  /** When a resource was asked for, by full JID. */
  readonly bindsAsked: Map<string, number[]>;
  /** When a resumption was, by the session's id. */
  readonly resumesAsked: Map<string, number[]>;
  readonly messages: MessageBook;
  readonly presences: PresenceBook;
  readonly archives: ArchiveBook;
  readonly items: ItemBook;
  readonly rooms: RoomBook;
  /** What the log says of who sees whom. */
  readonly rights: Rights;
  readonly excuses: Excuses;
  /** Iqs that were asked. */
  questions: number;
  /** There is one room, in which everybody is, and nothing else is looked at. */
  readonly isCrowd: boolean;
  /** Everybody comes to rest: what was late is done now, and nothing is begun. */
  isEnding: boolean;
  /** Milliseconds that bytes are under way on a link that nothing was done to. */
  readonly delayMs: readonly [least: number, most: number];
  randomOf(name: string): SeededRandom;
}

export interface Ghost {
  /** The full JID. */
  readonly jid: string;
  /** When it was asked for, and when the link was lost, ms since the world began. */
  readonly askedAt: number;
  readonly lostAt: number;
}

/** A user with one account and some devices. */
export interface Person {
  readonly name: string;
  /** The bare JID. */
  readonly account: string;
  readonly devices: Device[];
  readonly facts: PersonFacts;
}

/** What the user has wanted of the server, whichever device it was; what became of it is looked at when nothing is under way. */
export interface PersonFacts {
  /** Who has asked to see this one, as far as a device was told and nobody has answered. */
  readonly requests: Set<string>;
  /** By contact: what it is called; undefined where it is not in the roster. */
  readonly names: Map<string, Register<string | undefined>>;
  /** By contact: whether it may see this one. An upper bound: both have to agree. */
  readonly shown: Map<string, Register<boolean>>;
  /** By address: whether it is blocked. */
  readonly blocked: Map<string, Register<boolean>>;
  /** By namespace: private XML (XEP-0049); empty for nothing. */
  readonly kept: Map<string, Register<string>>;
  /** By node: the number of the last item that was published; 0 for none. */
  readonly items: Map<string, Register<number>>;
}
