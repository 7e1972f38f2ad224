/** What the owners of a room choose (XEP-0045 section 10.2). */
import type { Role } from "./room-standing.ts";

export interface RoomConfig {
  /** For people. */
  readonly name: string;
  readonly description: string;
  /** An RFC 5646 tag; empty for none. */
  readonly language: string;
  /** It outlives its last occupant. */
  readonly persistent: boolean;
  /** It is listed. */
  readonly public: boolean;
  readonly membersOnly: boolean;
  readonly moderated: boolean;
  /** null: nobody needs one. */
  readonly password: string | null;
  /** Who may see the real JIDs of occupants; `anyone` is a non-anonymous room, `moderators` a semi-anonymous one. */
  readonly whois: "moderators" | "anyone";
  /** Whether participants may change the subject. */
  readonly changeSubject: boolean;
  /** Whether occupants who are no admins may invite others to a members-only room. */
  readonly allowInvites: boolean;
  /** Who may write to one occupant alone. */
  readonly privateMessages: "anyone" | "participants" | "moderators" | "none";
  /** Who may read the lists of members. */
  readonly memberList: readonly Exclude<Role, "none">[];
  /** Whose presence is told to the others. */
  readonly presenceOf: readonly Exclude<Role, "none">[];
  /** Occupants at once; 0: as many as the server allows. */
  readonly maxUsers: number;
  /** Messages that a newcomer is given at most. */
  readonly historyLength: number;
  /** Whether messages can be queried later (XEP-0313). */
  readonly archive: boolean;
}

/** Of a room that nobody has configured: instant rooms stay so (XEP-0045 section 10.1.2). */
export const defaultRoomConfig: RoomConfig = {
  name: "",
  description: "",
  language: "",
  persistent: false,
  public: true,
  membersOnly: false,
  moderated: false,
  password: null,
  whois: "moderators",
  changeSubject: false,
  allowInvites: false,
  privateMessages: "anyone",
  memberList: ["moderator", "participant", "visitor"],
  presenceOf: ["moderator", "participant", "visitor"],
  maxUsers: 0,
  historyLength: 20,
  archive: true,
};
