/**
 * What the facts of a room leave behind, as rows: the one place that says what each fact does. The read model in the store and the
 * room in memory are both kept by it, so they cannot differ.
 */
import { archiveKeyOf } from "./archive-keys.ts";
import type { RoomConfig } from "./room-config.ts";
import type { RoomFact } from "./room-facts.ts";
import type { Affiliation, OccupantRole } from "./room-standing.ts";
import type { RowTable } from "./row-maps.ts";

/** Each kind of row with the shape of its values. */
export interface RoomRows {
  /** By bare JID or domain; who is not in it has none. */
  readonly affiliation: AffiliationRow;
  /** By nick. */
  readonly occupant: OccupantRow;
  /** By the names in `RoomMeta`. */
  readonly meta: RoomMeta[keyof RoomMeta];
}

export type AffiliationRow = {
  readonly affiliation: Exclude<Affiliation, "none">;
  readonly nick: string | null;
  readonly reason: string | null;
};

export type OccupantRow = {
  readonly role: OccupantRole;
  /** By the full JID of each session: its presence as the others are given it, XML text. The one that has spoken last is the last one. */
  readonly presences: Readonly<Record<string, string>>;
};

export interface RoomMeta {
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Who made it: a bare JID. */
  readonly madeBy: string;
  readonly config: RoomConfig;
  readonly locked: boolean;
  readonly subject: { readonly nick: string; readonly stanza: string; readonly at: number };
  /** The room's own vCard; there is none without it. */
  readonly vcard: { readonly hashes: readonly string[]; readonly bytes: number };
  /** The key of the last message that was archived. */
  readonly archiveLast: string;
  /** The key up to which the archive was trimmed last. */
  readonly archiveTrimmed: string;
  /** Facts about archived messages, and about how they were trimmed, that are forgotten since the room was made. */
  readonly archiveForgotten: number;
  /** Facts about occupants since they were last noted. */
  readonly unnoted: number;
  /** Facts about occupants that are forgotten, since the room was made. Without it they were never noted. */
  readonly forgotten: number;
}

export type RoomRowKind = keyof RoomRows;
export const roomRowKinds = ["affiliation", "occupant", "meta"] as const satisfies readonly RoomRowKind[];

export type RoomTable = RowTable<RoomRows>;

/** Pure but for `table`. `at`: when it happened, ms since 1970. */
export function applyRoomFact(table: RoomTable, fact: RoomFact, at: number): void {
  const meta = <Name extends keyof RoomMeta>(name: Name): RoomMeta[Name] | undefined => table.get("meta", name) as RoomMeta[Name] | undefined;
  const setMeta = <Name extends keyof RoomMeta>(name: Name, value: RoomMeta[Name]): void => table.set("meta", name, value);
  const occupied = (): void => setMeta("unnoted", (meta("unnoted") ?? 0) + 1);
  switch (fact.type) {
    case "RoomCreated":
      table.clear();
      setMeta("createdAt", at);
      setMeta("madeBy", fact.data.by);
      setMeta("config", fact.data.config);
      setMeta("locked", fact.data.locked);
      return;
    case "RoomConfigured": {
      const config = meta("config");
      if (config !== undefined) setMeta("config", { ...config, ...fact.data.changes });
      setMeta("locked", false);
      return;
    }
    case "AffiliationSet": {
      const { jid, affiliation, nick, reason } = fact.data;
      if (affiliation === "none") table.delete("affiliation", jid);
      else table.set("affiliation", jid, { affiliation, nick, reason });
      return;
    }
    case "OccupantEntered": {
      const { nick, jid, role, presence } = fact.data;
      const known = table.get("occupant", nick);
      table.set("occupant", nick, { role: known?.role ?? role, presences: { ...known?.presences, [jid]: presence } });
      return occupied();
    }
    case "OccupantShown": {
      const { nick, jid, presence } = fact.data;
      const known = table.get("occupant", nick);
      if (known?.presences[jid] !== undefined) {
        const { [jid]: _, ...others } = known.presences;
        table.set("occupant", nick, { ...known, presences: { ...others, [jid]: presence } });
      }
      return occupied();
    }
    case "OccupantRenamed": {
      const known = table.get("occupant", fact.data.nick);
      if (known !== undefined) {
        table.delete("occupant", fact.data.nick);
        table.set("occupant", fact.data.to, known);
      }
      return occupied();
    }
    case "OccupantLeft": {
      const { nick, jid } = fact.data;
      const known = table.get("occupant", nick);
      if (known !== undefined) {
        const { [jid]: _, ...presences } = known.presences;
        if (Object.keys(presences).length === 0) table.delete("occupant", nick);
        else table.set("occupant", nick, { ...known, presences });
      }
      return occupied();
    }
    case "RoleSet": {
      const known = table.get("occupant", fact.data.nick);
      if (known !== undefined) table.set("occupant", fact.data.nick, { ...known, role: fact.data.role });
      return occupied();
    }
    case "SubjectSet":
      setMeta("subject", { nick: fact.data.nick, stanza: fact.data.stanza, at });
      return;
    case "VCardSet": {
      const { hashes, bytes } = fact.data;
      if (bytes === 0) table.delete("meta", "vcard");
      else setMeta("vcard", { hashes, bytes });
      return;
    }
    case "RoomMessageArchived":
      setMeta("archiveLast", archiveKeyOf(fact.data.id) ?? fact.data.id);
      return;
    case "OccupantsNoted":
      table.clear("occupant");
      for (const { nick, role, presences } of fact.data.occupants) table.set("occupant", nick, { role, presences });
      setMeta("unnoted", 0);
      setMeta("forgotten", fact.data.forgotten);
      return;
    case "RoomDestroyed":
      table.clear();
      return;
    case "RoomArchiveTrimmed":
      setMeta("archiveTrimmed", fact.data.through);
      if (fact.data.forgotten !== undefined) setMeta("archiveForgotten", fact.data.forgotten);
      return;
    case "RoomMessageRetracted":
      return;
  }
}
