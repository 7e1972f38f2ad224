/** Rooms of a salvaged log: those whose begin was lost begin again, closed to strangers, and who is in them is counted anew. */

import { defaultRoomConfig } from "../../domain/room-config.ts";
import { isOfOccupants, roomFactVersions, roomVCardKey, type NotedOccupant, type RoomFacts, type RoomFactType, type RoomOwner } from "../../domain/room-facts.ts";
import type { OccupantRow } from "../../domain/room-rows.ts";
import type { Json } from "../../ports.ts";
import { roomRows, roomRowsPrefix } from "../projections/room-rows.ts";
import { roomKey, rooms, type RoomRow } from "../projections/rooms.ts";
import { parse, type FactRow } from "../rows.ts";
import { mendArchive } from "./mend-archive.ts";
import type { SavedLog } from "./saved-log.ts";

export interface MendedRoom {
  readonly jid: string;
  /** For a person. */
  readonly problems: readonly string[];
}

/** Gives every room that there was its begin again. Before the read models are made. Returns their streams. */
export function beginRooms(log: SavedLog): ReadonlySet<string> {
  const begun = new Set<string>();
  for (const stream of roomStreams(log)) {
    const facts = log.outline(stream);
    const [first] = lifeOf(facts);
    // What follows an end right away was under way at it.
    if (first === undefined || first.type === "RoomCreated" || facts.some(({ version }) => version === first.version - 1)) continue;
    const position = log.freeBefore(first.position);
    if (first.version < 2 || position === undefined) continue;
    // What its owners had chosen is not known: nobody is let in whom they would not have let in.
    const config = { ...defaultRoomConfig, persistent: true, public: false, membersOnly: true };
    const data: RoomFacts["RoomCreated"] = { ...ownerOf(stream), by: "", config, locked: false };
    log.insert(position, stream, first.version - 1, { type: "RoomCreated", v: roomFactVersions.RoomCreated, data: data as unknown as Json }, first.at);
    begun.add(stream);
  }
  return begun;
}

/** Once the read models are made. */
export function mendRooms(log: SavedLog, begun: ReadonlySet<string>): readonly MendedRoom[] {
  const mended: MendedRoom[] = [];
  for (const stream of roomStreams(log)) {
    const owner = ownerOf(stream);
    const row = valueOf(log, rooms.name, roomKey(owner)) as RoomRow | undefined;
    if (row === undefined) continue;
    const problems: string[] = [];
    if (begun.has(stream)) problems.push("its begin was lost, and was made again: until an owner configures it, it is hidden, and for members only");
    noteOccupants(log, stream, row);
    problems.push(...mendVCard(log, stream), ...mendArchive(log, stream));
    if (problems.length > 0) mended.push({ jid: `${owner.room}@${owner.host}`, problems });
  }
  return mended;
}

/** A start looks only at rooms in which somebody was: their number has to be that of the rows. */
function noteOccupants(log: SavedLog, stream: string, { occupied }: RoomRow): void {
  const prefix = `${roomRowsPrefix(ownerOf(stream))}occupant/`;
  const rows = log.all("SELECT key, value FROM projection WHERE name = ? AND substr(key, 1, ?) = ? ORDER BY key", roomRows.name, [...prefix].length, prefix);
  const occupants = rows.map(({ key, value }): NotedOccupant => ({ nick: String(key).slice(prefix.length), ...(parse(String(value)) as OccupantRow) }));
  const sessions = occupants.reduce((sum, { presences }) => sum + Object.keys(presences).length, 0);
  if (sessions === occupied) return;
  const forgotten = valueOf(log, roomRows.name, `${roomRowsPrefix(ownerOf(stream))}meta/forgotten`) as number | undefined;
  // None of the others goes before the next of these: they say what there was.
  const going = lifeOf(log.outline(stream)).filter(({ type }) => isOfOccupants(type as RoomFactType)).length;
  append(log, stream, "OccupantsNoted", { ...ownerOf(stream), occupants, forgotten: (forgotten ?? 0) + going });
}

function mendVCard(log: SavedLog, stream: string): readonly string[] {
  const expected = valueOf(log, roomRows.name, `${roomRowsPrefix(ownerOf(stream))}meta/vcard`) !== undefined;
  const found = log.all("SELECT 1 AS yes FROM content WHERE stream = ? AND key = ?", stream, roomVCardKey).length > 0;
  if (expected === found) return [];
  if (expected) append(log, stream, "VCardSet", { ...ownerOf(stream), hashes: [], bytes: 0 });
  else log.database.prepare("DELETE FROM content WHERE stream = ? AND key = ?").run(stream, roomVCardKey);
  return [expected ? "its vCard was lost" : "a vCard was found of which nothing was recorded: it is gone"];
}

function valueOf(log: SavedLog, model: string, key: string): Json | undefined {
  const [row] = log.all("SELECT value FROM projection WHERE name = ? AND key = ?", model, key);
  return row === undefined ? undefined : parse(String(row["value"]));
}

function append<Type extends RoomFactType>(log: SavedLog, stream: string, type: Type, data: RoomFacts[Type]): void {
  log.append(stream, { type, v: roomFactVersions[type], data: data as unknown as Json });
}

/** What was recorded since the last end. */
function lifeOf<Row extends Pick<FactRow, "type">>(facts: readonly Row[]): readonly Row[] {
  return facts.slice(facts.findLastIndex(({ type }) => type === "RoomDestroyed") + 1);
}

function roomStreams(log: SavedLog): readonly string[] {
  return log.all("SELECT DISTINCT stream FROM fact WHERE stream GLOB 'room/*'").map(({ stream }) => String(stream));
}

function ownerOf(stream: string): RoomOwner {
  const [, host = "", room = ""] = stream.split("/");
  return { host, room };
}
