import { describe, expect, it } from "vitest";
import { defaultRoomConfig } from "../../src/domain/room-config.ts";
import {
  affiliationChangedBy,
  affiliationPrivileges,
  affiliations,
  decideAffiliation,
  decideRole,
  initialRoles,
  isAtLeast,
  outranks,
  roleAfter,
  roleChanges,
  roleMay,
  roleOnEntering,
  rolePrivileges,
  roles,
  type Affiliation,
  type OccupantRole,
  type Role,
} from "../../src/domain/room-standing.ts";

const present: readonly OccupantRole[] = ["visitor", "participant", "moderator"];

/** The cells of one of the tables, as the specification has them: the heads of its columns, then its rows. */
function cellsOf(table: string): readonly (readonly [row: string, column: string, cell: string])[] {
  const [head = [], ...rows] = table.trim().split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  return rows.flatMap(([row = "", ...cells]) => cells.map((cell, index) => [row, head[index + 1]!, cell] as const));
}

describe("XEP-0045 section 5.1.1 privileges of roles", () => {
  // What has an asterisk there is a default.
  const cells = cellsOf(`
                        | none | visitor | participant | moderator
    presentInRoom       | No   | Yes     | Yes         | Yes
    receiveMessages     | No   | Yes     | Yes         | Yes
    receivePresence     | No   | Yes     | Yes         | Yes
    broadcastPresence   | No   | Yes*    | Yes         | Yes
    changeAvailability  | No   | Yes*    | Yes         | Yes
    changeNick          | No   | Yes*    | Yes         | Yes
    sendPrivateMessages | No   | Yes*    | Yes         | Yes
    inviteOthers        | No   | Yes*    | Yes*        | Yes
    sendToAll           | No   | No**    | Yes         | Yes
    modifySubject       | No   | No*     | Yes*        | Yes
    kick                | No   | No      | No          | Yes
    grantVoice          | No   | No      | No          | Yes
    revokeVoice         | No   | No      | No          | Yes***`);

  it("is complete", () => {
    expect([...new Set(cells.map(([privilege]) => privilege))]).toEqual(Object.keys(rolePrivileges));
    expect(cells).toHaveLength(13 * 4);
  });

  it.each(cells)("%s: %s %s", (privilege, role, cell) => {
    const yes = cell.startsWith("Yes");
    expect((rolePrivileges as Readonly<Record<string, Readonly<Record<string, boolean>>>>)[privilege]?.[role]).toBe(yes);
    // Section 8.1: by default only moderators change the subject.
    const config = { ...defaultRoomConfig, changeSubject: true };
    expect(roleMay(role as Role, privilege as keyof typeof rolePrivileges, config)).toBe(yes);
  });

  it("has what owners choose below it", () => {
    const may = (privilege: keyof typeof rolePrivileges, config: Partial<typeof defaultRoomConfig>): string =>
      roles.filter((role) => roleMay(role, privilege, { ...defaultRoomConfig, ...config })).join(" ");
    expect(may("modifySubject", {})).toBe("moderator");
    expect(may("modifySubject", { changeSubject: true })).toBe("moderator participant");
    expect(may("broadcastPresence", { presenceOf: ["moderator", "visitor"] })).toBe("moderator visitor");
    expect(may("sendPrivateMessages", { privateMessages: "participants" })).toBe("moderator participant");
    expect(may("sendPrivateMessages", { privateMessages: "moderators" })).toBe("moderator");
    expect(may("sendPrivateMessages", { privateMessages: "none" })).toBe("");
    expect(may("inviteOthers", { membersOnly: true })).toBe("moderator");
    expect(may("inviteOthers", { membersOnly: true, allowInvites: true })).toBe("moderator participant visitor");
  });
});

describe("XEP-0045 section 5.1.2 roles on entering", () => {
  const cells = cellsOf(`
                 | none        | member      | admin     | owner
    moderated    | visitor     | participant | moderator | moderator
    unmoderated  | participant | participant | moderator | moderator
    membersOnly  | N/A         | participant | moderator | moderator
    open         | participant | participant | moderator | moderator`);

  it.each(cells)("%s: %s enters as %s", (type, affiliation, role) => {
    const expected = role === "N/A" ? undefined : role;
    expect(initialRoles[type as keyof typeof initialRoles][affiliation as Affiliation]).toBe(expected);
    const room = { moderated: type === "moderated", membersOnly: type === "membersOnly" };
    expect(roleOnEntering(affiliation as Affiliation, room)).toBe(expected);
    expect(roleOnEntering("outcast", room)).toBe(undefined);
  });

  it("lets a room be of both types", () => {
    expect(affiliations.map((affiliation) => roleOnEntering(affiliation, { moderated: true, membersOnly: true }))).toEqual([
      "moderator",
      "moderator",
      "participant",
      undefined,
      undefined,
    ]);
  });
});

describe("XEP-0045 section 5.1.3 changes of roles", () => {
  const cells = cellsOf(`
                | none          | visitor         | participant     | moderator
    visitor     | kick          | nothing         | grantVoice      | grantModerator
    participant | kick          | revokeVoice     | nothing         | grantModerator
    moderator   | kickModerator | revokeModerator | revokeModerator | nothing`);

  it.each(cells)("from %s to %s: %s", (before, after, kind) => {
    expect(roleChanges[before as OccupantRole][after as Role]).toBe(kind);
  });

  /** All who could ask, about all whom they could ask about. */
  const cases = affiliations.flatMap((affiliation) =>
    roles.flatMap((role) =>
      affiliations.filter((theirs) => theirs !== "outcast").flatMap((theirs) =>
        present.flatMap((was) => roles.map((wanted) => ({ actor: { affiliation, role }, target: { affiliation: theirs, role: was }, wanted }))),
      ),
    ),
  );
  const isHigh = (affiliation: Affiliation): boolean => affiliation === "admin" || affiliation === "owner";

  it("is open to whom sections 8.2 to 8.5, 9.6 and 9.7 say, cell by cell", () => {
    for (const { actor, target, wanted } of cases) {
      const kind = roleChanges[target.role][wanted];
      const what = `${actor.affiliation} ${actor.role}: ${target.affiliation} ${target.role} to ${wanted}`;
      const condition = decideRole(actor, target, wanted, false)?.condition;
      const admin = isHigh(actor.affiliation);
      const moderator = actor.role === "moderator";
      const expected = {
        nothing: moderator || admin ? undefined : "forbidden",
        // Section 8.2: not by a moderator with a lower affiliation.
        kick: !moderator ? "forbidden" : outranks(target.affiliation, actor.affiliation) ? "not-allowed" : undefined,
        // Section 5.1.3: by an admin or owner.
        kickModerator: !moderator ? "forbidden" : !admin || outranks(target.affiliation, actor.affiliation) ? "not-allowed" : undefined,
        grantVoice: moderator ? undefined : "forbidden",
        // Section 8.4: not from anybody at or above the own level, and from no admin or owner.
        revokeVoice: !moderator ? "forbidden" : isHigh(target.affiliation) || !outranks(actor.affiliation, target.affiliation) ? "not-allowed" : undefined,
        grantModerator: admin ? undefined : "forbidden",
        // Section 9.7.
        revokeModerator: !admin ? "forbidden" : isHigh(target.affiliation) ? "not-allowed" : undefined,
      }[kind];
      expect(condition, what).toBe(expected);
    }
    expect(cases).toHaveLength(5 * 4 * 4 * 3 * 4);
  });

  it("lets moderators kick themselves (section 8.2)", () => {
    for (const affiliation of affiliations) {
      const self = { affiliation, role: "moderator" as const };
      expect(decideRole(self, self, "none", true), affiliation).toBe(undefined);
    }
    const participant = { affiliation: "none", role: "participant" } as const;
    expect(decideRole(participant, participant, "none", true)?.condition).toBe("forbidden");
  });
});

describe("XEP-0045 section 5.2.1 privileges of affiliations", () => {
  const cells = cellsOf(`
                         | outcast | none | member | admin | owner
    enterOpenRoom        | No      | Yes* | Yes    | Yes   | Yes
    register             | No      | Yes  | N/A    | N/A   | N/A
    retrieveMemberList   | No      | No   | Yes    | Yes   | Yes
    enterMembersOnlyRoom | No      | No   | Yes*   | Yes   | Yes
    ban                  | No      | No   | No     | Yes   | Yes
    editMemberList       | No      | No   | No     | Yes   | Yes
    assignModerator      | No      | No   | No     | Yes** | Yes**
    editAdminList        | No      | No   | No     | No    | Yes
    editOwnerList        | No      | No   | No     | No    | Yes
    changeConfiguration  | No      | No   | No     | No    | Yes
    destroy              | No      | No   | No     | No    | Yes`);

  it("is complete, and agrees with who may enter", () => {
    expect([...new Set(cells.map(([privilege]) => privilege))]).toEqual(Object.keys(affiliationPrivileges));
    expect(cells).toHaveLength(11 * 5);
    for (const affiliation of affiliations) {
      expect(affiliationPrivileges.enterOpenRoom[affiliation]).toBe(roleOnEntering(affiliation, { membersOnly: false, moderated: false }) !== undefined);
      expect(affiliationPrivileges.enterMembersOnlyRoom[affiliation]).toBe(roleOnEntering(affiliation, { membersOnly: true, moderated: false }) !== undefined);
    }
  });

  it.each(cells)("%s: %s %s", (privilege, affiliation, cell) => {
    expect((affiliationPrivileges as Readonly<Record<string, Readonly<Record<string, boolean>>>>)[privilege]?.[affiliation]).toBe(cell.startsWith("Yes"));
  });
});

describe("XEP-0045 section 5.2.2 changes of affiliations", () => {
  const cells = cellsOf(`
            | outcast        | none           | member         | admin | owner
    outcast | --             | Admin or owner | Admin or owner | Owner | Owner
    none    | Admin or owner | --             | Admin or owner | Owner | Owner
    member  | Admin or owner | Admin or owner | --             | Owner | Owner
    admin   | Owner          | Owner          | Owner          | --    | Owner
    owner   | Owner          | Owner          | Owner          | Owner | --`);

  it.each(cells)("from %s to %s: %s", (from, to, by) => {
    const [current, wanted] = [from as Affiliation, to as Affiliation];
    // What stays is the business of those who may edit that list: a nick, a reason.
    const least = by === "--" ? (["admin", "owner"].includes(current) ? "owner" : "admin") : by === "Owner" ? "owner" : "admin";
    expect(affiliationChangedBy[current][wanted]).toBe(least);
    for (const actor of affiliations) {
      const may = actor === "owner" || (actor === "admin" && least === "admin");
      // Sections 9, 10.5 and 10.8; section 9.1 for bans.
      const refused = actor === "admin" && wanted === "outcast" ? "not-allowed" : "forbidden";
      expect(decideAffiliation(actor, current, wanted, false)?.condition, actor).toBe(may ? undefined : refused);
    }
  });

  it("lets nobody ban themselves (section 9.1)", () => {
    expect(affiliations.map((actor) => decideAffiliation(actor, actor, "outcast", true)?.condition)).toEqual(["conflict", "conflict", "forbidden", "forbidden", "forbidden"]);
  });

  it("gives at least the role that an affiliation enters with, and takes that of an admin or owner with it (section 5.1.3)", () => {
    for (const moderated of [false, true]) {
      for (const membersOnly of [false, true]) {
        for (const before of affiliations.filter((affiliation) => affiliation !== "outcast")) {
          for (const after of affiliations.filter((affiliation) => affiliation !== before)) {
            for (const role of present) {
              const what = `${before} ${role} to ${after}${moderated ? ", moderated" : ""}${membersOnly ? ", members only" : ""}`;
              const entering = roleOnEntering(after, { moderated, membersOnly });
              const found = roleAfter(before, after, role, { moderated, membersOnly });
              if (entering === undefined) expect(found, what).toBe("none");
              else if (after === "owner" || after === "admin") expect(found, what).toBe("moderator");
              else if (before === "owner" || before === "admin") expect(found, what).toBe(entering);
              else if (after === "member") expect(found, what).toBe(isAtLeast(role, "participant") ? role : "participant");
              else expect(found, what).toBe(role);
            }
          }
        }
      }
    }
  });
});
