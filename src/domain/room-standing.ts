/**
 * Affiliations and roles of a room (XEP-0045 section 5): how somebody stands to it for good, and while being in it. The tables of that
 * section are the tables here; who may change what is decided by them, and by what sections 8 to 10 add.
 */
import type { RoomConfig } from "./room-config.ts";

export const affiliations = ["owner", "admin", "member", "none", "outcast"] as const;
export type Affiliation = (typeof affiliations)[number];

export const roles = ["moderator", "participant", "visitor", "none"] as const;
export type Role = (typeof roles)[number];

/** The role of somebody who is in the room. */
export type OccupantRole = Exclude<Role, "none">;

/** From the least to the most. */
const ranks: Readonly<Record<Affiliation, number>> = { outcast: -1, none: 0, member: 1, admin: 2, owner: 3 };
const roleRanks: Readonly<Record<Role, number>> = { none: 0, visitor: 1, participant: 2, moderator: 3 };

/** Whether one affiliation is higher than another. */
export function outranks(left: Affiliation, right: Affiliation): boolean {
  return ranks[left] > ranks[right];
}

/** Of those who administer the room. */
export function isOfOffice(affiliation: Affiliation): boolean {
  return affiliation === "owner" || affiliation === "admin";
}

/** Whether one role is as high as another, or higher. */
export function isAtLeast(left: Role, right: Role): boolean {
  return roleRanks[left] >= roleRanks[right];
}

/** Section 5.1.1. What stands there with an asterisk is the default, which the configuration changes (`roleMay`). */
export const rolePrivileges = {
  presentInRoom: { none: false, visitor: true, participant: true, moderator: true },
  receiveMessages: { none: false, visitor: true, participant: true, moderator: true },
  receivePresence: { none: false, visitor: true, participant: true, moderator: true },
  broadcastPresence: { none: false, visitor: true, participant: true, moderator: true },
  changeAvailability: { none: false, visitor: true, participant: true, moderator: true },
  changeNick: { none: false, visitor: true, participant: true, moderator: true },
  sendPrivateMessages: { none: false, visitor: true, participant: true, moderator: true },
  inviteOthers: { none: false, visitor: true, participant: true, moderator: true },
  sendToAll: { none: false, visitor: false, participant: true, moderator: true },
  modifySubject: { none: false, visitor: false, participant: true, moderator: true },
  kick: { none: false, visitor: false, participant: false, moderator: true },
  grantVoice: { none: false, visitor: false, participant: false, moderator: true },
  revokeVoice: { none: false, visitor: false, participant: false, moderator: true },
} as const satisfies Record<string, Record<Role, boolean>>;
export type RolePrivilege = keyof typeof rolePrivileges;

type Chosen = Pick<RoomConfig, "presenceOf" | "privateMessages" | "membersOnly" | "allowInvites" | "changeSubject">;

/** Where the owners of a room choose: of those who have the privilege by the table, who has it in this room. */
const choices: Partial<Record<RolePrivilege, (role: OccupantRole, config: Chosen) => boolean>> = {
  broadcastPresence: (role, { presenceOf }) => presenceOf.includes(role),
  sendPrivateMessages: (role, { privateMessages }) => privateMessages !== "none" && isAtLeast(role, privateMessagesFrom[privateMessages]),
  // Section 9.5: anybody may invite to an open room.
  inviteOthers: (role, { membersOnly, allowInvites }) => role === "moderator" || !membersOnly || allowInvites,
  modifySubject: (role, { changeSubject }) => role === "moderator" || changeSubject,
};

const privateMessagesFrom = { anyone: "visitor", participants: "participant", moderators: "moderator" } as const;

/** Whether somebody with this role may do that in a room that is configured so. */
export function roleMay(role: Role, privilege: RolePrivilege, config: Chosen): boolean {
  if (role === "none" || !rolePrivileges[privilege][role]) return false;
  return choices[privilege]?.(role, config) ?? true;
}

/** Section 5.1.2, by the type of room. undefined: may not enter. */
export const initialRoles = {
  moderated: { outcast: undefined, none: "visitor", member: "participant", admin: "moderator", owner: "moderator" },
  unmoderated: { outcast: undefined, none: "participant", member: "participant", admin: "moderator", owner: "moderator" },
  membersOnly: { outcast: undefined, none: undefined, member: "participant", admin: "moderator", owner: "moderator" },
  open: { outcast: undefined, none: "participant", member: "participant", admin: "moderator", owner: "moderator" },
} as const satisfies Record<string, Record<Affiliation, OccupantRole | undefined>>;

type RoomType = Pick<RoomConfig, "membersOnly" | "moderated">;

/** The role on entering, as the two types that the room is of have it: the lesser one. undefined: may not enter. */
export function roleOnEntering(affiliation: Affiliation, { membersOnly, moderated }: RoomType): OccupantRole | undefined {
  const asOpened = initialRoles[membersOnly ? "membersOnly" : "open"][affiliation];
  const asModerated = initialRoles[moderated ? "moderated" : "unmoderated"][affiliation];
  if (asOpened === undefined || asModerated === undefined) return undefined;
  return isAtLeast(asOpened, asModerated) ? asModerated : asOpened;
}

/** Section 5.1.3: what it is to bring somebody who is in the room from one role to another. */
export const roleChanges = {
  visitor: { none: "kick", visitor: "nothing", participant: "grantVoice", moderator: "grantModerator" },
  participant: { none: "kick", visitor: "revokeVoice", participant: "nothing", moderator: "grantModerator" },
  moderator: { none: "kickModerator", visitor: "revokeModerator", participant: "revokeModerator", moderator: "nothing" },
} as const satisfies Record<OccupantRole, Record<Role, string>>;
export type RoleChangeKind = (typeof roleChanges)[OccupantRole][Role];

/** Who makes a change, and whom it is about. */
export interface Party<PartyRole extends Role = Role> {
  readonly affiliation: Affiliation;
  readonly role: PartyRole;
}

/** Why a change may not be: the condition of the error, and words for a person. undefined: it may. */
export type Refusal = { readonly condition: "forbidden" | "not-allowed" | "conflict"; readonly text: string };

/** Who may make a change of role, and at whose expense it may not be. */
interface RoleRule {
  readonly may: (actor: Party) => boolean;
  readonly spared: (actor: Party, target: Party) => string | undefined;
}

const isAdmin = ({ affiliation }: Party): boolean => affiliationPrivileges.assignModerator[affiliation];
const higher = (actor: Party, target: Party): string | undefined =>
  outranks(target.affiliation, actor.affiliation) ? "somebody whose affiliation is higher than yours cannot be removed" : undefined;

const roleRules: Readonly<Record<RoleChangeKind, RoleRule>> = {
  nothing: { may: (actor) => actor.role === "moderator" || isAdmin(actor), spared: () => undefined },
  // Section 8.2.
  kick: { may: ({ role }) => rolePrivileges.kick[role], spared: higher },
  // Sections 5.1.3 and 8.2.
  kickModerator: {
    may: ({ role }) => rolePrivileges.kick[role],
    spared: (actor, target) => (isAdmin(actor) ? higher(actor, target) : "only admins and owners remove a moderator"),
  },
  // Section 8.3.
  grantVoice: { may: ({ role }) => rolePrivileges.grantVoice[role], spared: () => undefined },
  // Section 8.4: neither somebody at one's own level, nor an admin or owner, whoever asks.
  revokeVoice: {
    may: ({ role }) => rolePrivileges.revokeVoice[role],
    spared: (actor, target) =>
      isAdmin(target) || !outranks(actor.affiliation, target.affiliation) ? "voice is taken only from somebody whose affiliation is lower than yours" : undefined,
  },
  // Section 9.6.
  grantModerator: { may: isAdmin, spared: () => undefined },
  // Section 9.7.
  revokeModerator: { may: isAdmin, spared: (_, target) => (isAdmin(target) ? "admins and owners are moderators" : undefined) },
};

/** Whether an occupant may be given a role, or removed (`none`). `self`: the actor is that occupant. */
export function decideRole(actor: Party, target: Party<OccupantRole>, role: Role, self: boolean): Refusal | undefined {
  const { may, spared } = roleRules[roleChanges[target.role][role]];
  if (!may(actor)) return { condition: "forbidden", text: "you may not change roles so" };
  // Section 8.2: one may kick oneself, by way of apology.
  const why = self && role === "none" ? undefined : spared(actor, target);
  return why === undefined ? undefined : { condition: "not-allowed", text: why };
}

/** Section 5.2.1. Nobody registers with a room whose list has them already. */
export const affiliationPrivileges = {
  enterOpenRoom: { outcast: false, none: true, member: true, admin: true, owner: true },
  register: { outcast: false, none: true, member: false, admin: false, owner: false },
  retrieveMemberList: { outcast: false, none: false, member: true, admin: true, owner: true },
  enterMembersOnlyRoom: { outcast: false, none: false, member: true, admin: true, owner: true },
  ban: { outcast: false, none: false, member: false, admin: true, owner: true },
  editMemberList: { outcast: false, none: false, member: false, admin: true, owner: true },
  assignModerator: { outcast: false, none: false, member: false, admin: true, owner: true },
  editAdminList: { outcast: false, none: false, member: false, admin: false, owner: true },
  editOwnerList: { outcast: false, none: false, member: false, admin: false, owner: true },
  changeConfiguration: { outcast: false, none: false, member: false, admin: false, owner: true },
  destroy: { outcast: false, none: false, member: false, admin: false, owner: true },
} as const satisfies Record<string, Record<Affiliation, boolean>>;
export type AffiliationPrivilege = keyof typeof affiliationPrivileges;

/** Section 5.2.2: who makes such a change, at least. What stays what it is, is changed by those who may edit that list. */
export const affiliationChangedBy = {
  outcast: { outcast: "admin", none: "admin", member: "admin", admin: "owner", owner: "owner" },
  none: { outcast: "admin", none: "admin", member: "admin", admin: "owner", owner: "owner" },
  member: { outcast: "admin", none: "admin", member: "admin", admin: "owner", owner: "owner" },
  admin: { outcast: "owner", none: "owner", member: "owner", admin: "owner", owner: "owner" },
  owner: { outcast: "owner", none: "owner", member: "owner", admin: "owner", owner: "owner" },
} as const satisfies Record<Affiliation, Record<Affiliation, "admin" | "owner">>;

/** Whether somebody who has `current` may be given `wanted`. `self`: the actor changes its own. Whether an owner remains is to be seen besides. */
export function decideAffiliation(actor: Affiliation, current: Affiliation, wanted: Affiliation, self: boolean): Refusal | undefined {
  // Section 9.
  if (!affiliationPrivileges.editMemberList[actor]) return { condition: "forbidden", text: "only admins and owners change affiliations" };
  // Section 9.1.
  if (self && wanted === "outcast") return { condition: "conflict", text: "you cannot ban yourself" };
  if (actor === "owner" || affiliationChangedBy[current][wanted] === "admin") return undefined;
  // Section 9.1 for bans, sections 10.5 and 10.8 for the lists.
  if (wanted === "outcast") return { condition: "not-allowed", text: "only owners ban an admin or owner" };
  return { condition: "forbidden", text: "only owners change the lists of admins and owners" };
}

/**
 * What a change of affiliation makes of the role of somebody who is in the room (section 5.1.3): who gains has at least what that
 * affiliation enters with; who loses admin or owner has that; a lesser loss leaves the role, which a moderator may have given.
 * `none`: to be removed.
 */
export function roleAfter(before: Affiliation, after: Affiliation, role: OccupantRole, room: RoomType): Role {
  const entering = roleOnEntering(after, room);
  if (entering === undefined) return "none";
  if (outranks(before, after)) return outranks(before, "member") ? entering : role;
  return isAtLeast(role, entering) ? role : entering;
}
