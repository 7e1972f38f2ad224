/** Affiliations and roles of a room (XEP-0045 section 5): how somebody stands to it for good, and while being in it. */

export const affiliations = ["owner", "admin", "member", "none", "outcast"] as const;
export type Affiliation = (typeof affiliations)[number];

export const roles = ["moderator", "participant", "visitor", "none"] as const;
export type Role = (typeof roles)[number];

/** The role of somebody who is in the room. */
export type OccupantRole = Exclude<Role, "none">;

/** XEP-0045 section 5.1.2, table 4: the role on entering. undefined: may not enter. */
export function roleOnEntering(affiliation: Affiliation, room: { readonly membersOnly: boolean; readonly moderated: boolean }): OccupantRole | undefined {
  switch (affiliation) {
    case "owner":
    case "admin":
      return "moderator";
    case "member":
      return "participant";
    case "none":
      return room.membersOnly ? undefined : room.moderated ? "visitor" : "participant";
    case "outcast":
      return undefined;
  }
}

/** From the least to the most. */
const ranks: Readonly<Record<Affiliation, number>> = { outcast: -1, none: 0, member: 1, admin: 2, owner: 3 };

/** Whether one affiliation is higher than another. */
export function outranks(left: Affiliation, right: Affiliation): boolean {
  return ranks[left] > ranks[right];
}
