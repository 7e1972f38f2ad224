/**
 * Invitations: `one/ID` → Invitation. Beside them, each with `true`: `of/HOST/USERNAME/ID` for those who have made or used it,
 * `name/HOST/USERNAME/ID` for the name that it keeps free, `due/TIME/ID` when it may be forgotten, `pending/ID` while what follows from its
 * use is not done.
 */
import type { Invitation, InvitationFacts, InvitationOwner, InvitationsForgotten } from "../../domain/invitation.ts";
import { parseJid } from "../../domain/jid.ts";
import type { Json } from "../../ports.ts";
import type { Projection, ProjectionTable } from "../projection.ts";

export const invitations: Projection = {
  name: "invitations",
  version: 1,
  apply(fact, table) {
    switch (fact.type) {
      case "InvitationMade": {
        const made = fact.data as unknown as InvitationFacts["InvitationMade"];
        return put(table, { ...made, madeAt: fact.at, usedAt: null, by: null, registered: false, pending: false, revokedAt: null });
      }
      case "InvitationUsed": {
        const { by, registered, ...owner } = fact.data as unknown as InvitationFacts["InvitationUsed"];
        return change(table, owner, (row) => ({ ...row, usedAt: fact.at, by, registered, pending: row.contact && row.inviter !== null }));
      }
      case "InvitationFulfilled":
        return change(table, fact.data as unknown as InvitationOwner, (row) => ({ ...row, pending: false }));
      case "InvitationRevoked":
        return change(table, fact.data as unknown as InvitationOwner, (row) => ({ ...row, revokedAt: fact.at }));
      case "InvitationsForgotten":
        for (const { id } of (fact.data as unknown as InvitationsForgotten).invitations) remove(table, id);
        return undefined;
      case "LogSalvaged":
        // Whether one was used may be among what was lost.
        for (const { value } of table.rows({ prefix: onePrefix, limit: rowsMax })) {
          const row = value as unknown as Invitation;
          if (row.usedAt === null && row.revokedAt === null) put(table, { ...row, revokedAt: fact.at });
        }
        return undefined;
    }
  },
};

/** More than there are. */
const rowsMax = 1_000_000_000;

export const onePrefix = "one/";
export const duePrefix = "due/";
export const pendingPrefix = "pending/";

export function oneKey(id: string): string {
  return `${onePrefix}${id}`;
}

export function ofPrefix(host: string, username: string): string {
  return `of/${host}/${username}/`;
}

export function namePrefix(host: string, username: string): string {
  return `name/${host}/${username}/`;
}

/** Sixteen digits hold every safe integer, and sort as text. */
export function dueKey(at: number, id: string): string {
  return `${duePrefix}${String(at).padStart(16, "0")}/${id}`;
}

function change(table: ProjectionTable, { id }: InvitationOwner, changed: (row: Invitation) => Invitation): void {
  const row = table.get(oneKey(id)) as unknown as Invitation | undefined;
  if (row === undefined) return;
  for (const key of besides(row)) table.delete(key);
  put(table, changed(row));
}

function put(table: ProjectionTable, row: Invitation): void {
  table.set(oneKey(row.id), row as unknown as Json);
  for (const key of besides(row)) table.set(key, true);
}

function remove(table: ProjectionTable, id: string): void {
  const row = table.get(oneKey(id)) as unknown as Invitation | undefined;
  if (row === undefined) return;
  for (const key of [...besides(row), oneKey(id)]) table.delete(key);
}

function besides({ id, host, inviter, by, username, usedAt, revokedAt, expiresAt, pending }: Invitation): readonly string[] {
  const people = [...new Set([inviter, by])].flatMap((jid) => {
    const { domain, local } = (jid === null ? undefined : parseJid(jid)) ?? {};
    return domain === undefined || local === undefined ? [] : [`${ofPrefix(domain, local)}${id}`];
  });
  const kept = username !== null && usedAt === null && revokedAt === null ? [`${namePrefix(host, username)}${id}`] : [];
  return [...people, ...kept, dueKey(expiresAt, id), ...(pending ? [`${pendingPrefix}${id}`] : [])];
}
