/** The facts of a room's life. Its stream is `room/HOST/ROOM`. */
import { archiveContentKey, archivePrefix } from "./archive-keys.ts";
import type { RoomConfig } from "./room-config.ts";
import type { Affiliation, OccupantRole } from "./room-standing.ts";

/** Which room: its JID is `room@host`. Both are prepared (RFC 7622). */
export type RoomOwner = { readonly host: string; readonly room: string };

/** Each fact of a room with the shape of its data. Addresses are prepared JIDs, nicks are resourceparts. */
export interface RoomFacts {
  /** Somebody who entered made it. `locked`: nobody else may enter until its owner has configured it (XEP-0045 section 10.1.2). */
  readonly RoomCreated: RoomOwner & { readonly by: string; readonly config: RoomConfig; readonly locked: boolean };
  /** What differs from before; it is locked no more. */
  readonly RoomConfigured: RoomOwner & { readonly changes: Partial<RoomConfig> };
  /** `jid`: bare, or a domain (XEP-0045 section 5.2). `none` takes it from the list. `nick`: reserved for this user; null for none. */
  readonly AffiliationSet: RoomOwner & {
    readonly jid: string;
    readonly affiliation: Affiliation;
    readonly nick: string | null;
    readonly reason: string | null;
  };
  /** `jid`: the full JID of a session. More than one session of a user may have the same nick. `presence`: as the others are given it, XML text. */
  readonly OccupantEntered: RoomOwner & { readonly nick: string; readonly jid: string; readonly role: OccupantRole; readonly presence: string };
  readonly OccupantShown: RoomOwner & { readonly nick: string; readonly jid: string; readonly presence: string };
  readonly OccupantRenamed: RoomOwner & { readonly nick: string; readonly to: string };
  readonly OccupantLeft: RoomOwner & { readonly nick: string; readonly jid: string };
  readonly RoleSet: RoomOwner & { readonly nick: string; readonly role: OccupantRole };
  /** What everybody in the room was given, as XML text in `jabber:client`; an empty subject too. */
  readonly SubjectSet: RoomOwner & { readonly nick: string; readonly stanza: string };
  /**
   * The room's own vCard (XEP-0486), whose text is the content `vcard`; none any more with 0 bytes. `hashes`: SHA-1 of each picture in it, in
   * lower-case hexadecimal.
   */
  readonly VCardSet: RoomOwner & { readonly hashes: readonly string[]; readonly bytes: number };
  /** What was said is in the room's archive; its text is the content `archive/KEY`. As the fact of the same name of an account. */
  readonly RoomMessageArchived: RoomOwner & { readonly id: string; readonly with: string; readonly bytes: number };
  /** As ArchiveTrimmed of an account: the archive begins after the key `through`, and so many facts of it are forgotten. */
  readonly RoomArchiveTrimmed: RoomOwner & { readonly through: string; readonly forgotten?: number };
  /**
   * A moderator took back what somebody had said: what is left of it, so many bytes, is the content `archive/KEY` from now on. `by`: a bare
   * JID.
   */
  readonly RoomMessageRetracted: RoomOwner & { readonly id: string; readonly by: string; readonly bytes: number };
  /**
   * Who is in the room, once more in one piece: earlier facts of the same are forgotten. `forgotten`: how many of them have gone so since
   * the room was made, those that go with this one included.
   */
  readonly OccupantsNoted: RoomOwner & { readonly occupants: readonly NotedOccupant[]; readonly forgotten: number };
  readonly RoomDestroyed: RoomOwner & { readonly by: string | null; readonly reason: string | null };
}

export interface NotedOccupant {
  readonly nick: string;
  readonly role: OccupantRole;
  /** By full JID: the presence of each session. */
  readonly presences: Readonly<Record<string, string>>;
}

export type RoomFactType = keyof RoomFacts;

/** `forgotten`: the versions of earlier facts of its stream that go with a RoomArchiveTrimmed. */
export type RoomFact = {
  readonly [Type in RoomFactType]: {
    readonly type: Type;
    readonly data: RoomFacts[Type];
    readonly contents?: readonly { readonly key: string; readonly text: string }[];
    readonly forgotten?: readonly number[];
  };
}[RoomFactType];

/** The current version of the shape of each fact's data. */
export const roomFactVersions = {
  RoomCreated: 1,
  RoomConfigured: 1,
  AffiliationSet: 1,
  OccupantEntered: 1,
  OccupantShown: 1,
  OccupantRenamed: 1,
  OccupantLeft: 1,
  RoleSet: 1,
  SubjectSet: 1,
  VCardSet: 1,
  RoomMessageArchived: 1,
  RoomArchiveTrimmed: 1,
  RoomMessageRetracted: 1,
  OccupantsNoted: 1,
  RoomDestroyed: 1,
} as const satisfies Record<RoomFactType, number>;

/** What one `OccupantsNoted` says in place of all of them. */
const ofOccupants = ["OccupantEntered", "OccupantShown", "OccupantRenamed", "OccupantLeft", "RoleSet", "OccupantsNoted"] as const satisfies readonly RoomFactType[];

export function isOfOccupants(type: RoomFactType): boolean {
  return (ofOccupants as readonly string[]).includes(type);
}

/** The stream of a room. Throws if a name is empty or holds "/", which no prepared host or localpart can. */
export function roomStream({ host, room }: RoomOwner): string {
  for (const part of [host, room]) {
    if (part === "" || part.includes("/")) throw new TypeError(`a stream name needs a part without "/", got ${JSON.stringify(part)}`);
  }
  return `room/${host}/${room}`;
}

/** Where the text of a room's vCard is kept. */
export const roomVCardKey = "vcard";

interface RoomFactExtras {
  readonly contents?: readonly { readonly key: string; readonly text: string }[];
  readonly erases?: readonly { readonly from: string; readonly through: string }[];
  readonly forgets?: readonly { readonly stream: string; readonly types?: readonly string[]; readonly versions?: readonly number[] }[];
}

/** What such a fact keeps, erases and forgets in its commit: all of it follows from the fact itself. */
export function roomExtrasOf(fact: RoomFact): RoomFactExtras {
  switch (fact.type) {
    case "RoomArchiveTrimmed":
      return {
        erases: [{ from: archivePrefix, through: archiveContentKey(fact.data.through) }],
        ...(fact.forgotten !== undefined && { forgets: [{ stream: roomStream(fact.data), versions: fact.forgotten }] }),
      };
    case "VCardSet":
      return fact.contents === undefined ? { erases: [{ from: roomVCardKey, through: roomVCardKey }] } : { contents: fact.contents };
    case "OccupantsNoted":
      return { forgets: [{ stream: roomStream(fact.data), types: ofOccupants }] };
    case "RoomDestroyed":
      return { forgets: [{ stream: roomStream(fact.data) }] };
    default:
      return fact.contents === undefined ? {} : { contents: fact.contents };
  }
}
