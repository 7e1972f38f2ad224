/** The rooms of a service, and the occupants of a room, as items (XEP-0045 sections 6.3 and 6.5): in pages where they are many (XEP-0059). */
import { parseJid } from "../domain/jid.ts";
import { roomItemsMax } from "../domain/limits.ts";
import type { Room } from "../domain/room.ts";
import type { RoomIqRequest, RoomReply } from "../muc/contract.ts";
import { isShown } from "../muc/showing.ts";
import type { Element } from "../xml/element.ts";
import { readPageRequest, resultSet, resultSetNamespace, type PageRequest } from "../xml/result-set.ts";
import { el } from "../xml/stanza.ts";

export const itemsNamespace = "http://jabber.org/protocol/disco#items";

/** Those that are public, in the order of their names: a page goes on where the last one ended, also where that room is gone (XEP-0059 section 2.4). */
export async function listRooms({ rooms: { host: { store } }, iq: { to }, payload }: RoomIqRequest): Promise<RoomReply> {
  const page = readPageRequest(payload);
  if (page === undefined) return malformed;
  const { domain } = to;
  const [after, before] = [nameOf(page.after, domain), nameOf(page.before || undefined, domain)];
  if (after === null || before === null) return noPage;
  const count = await store.listedCount(domain);
  const limit = Math.min(page.max ?? roomItemsMax, roomItemsMax);
  const fromStart = page.after === undefined && page.before === undefined;
  const index = fromStart ? (page.index ?? 0) : 0;
  // XEP-0059 section 2.6: the first of all is known, and that there is none beyond the last.
  if (index > 0 && index < count) return { fault: { condition: "feature-not-implemented", text: "go from page to page" } };
  const reverse = page.after === undefined && page.before !== undefined;
  const found = limit === 0 || index > 0 ? [] : await store.listed(domain, { ...(after && { after }), ...(before && { before }), reverse, limit });
  const listed = reverse ? found.toReversed() : found;
  const items = listed.map(({ room, name }) => ({ jid: `${room}@${domain}`, name: name === "" ? undefined : name }));
  // Where a page from the middle begins would have to be counted.
  const first = fromStart ? 0 : page.before === "" ? count - listed.length : undefined;
  return answer(payload, items, count, first);
}

/** Section 6.5 advises to keep them to the room: who is in it knows them anyway. */
export function listOccupants({ rooms, payload, nick }: RoomIqRequest, room: Room): RoomReply {
  if (nick === undefined) return { result: el("query", { xmlns: itemsNamespace }) };
  const page = readPageRequest(payload);
  if (page === undefined) return malformed;
  const jids = [...room.occupants].flatMap(([other, row]) => (other === nick || isShown(room, row.role) ? [rooms.jidOf(room, other).full] : []));
  const range = rangeOf(jids, page);
  if (range === undefined) return noPage;
  return answer(payload, jids.slice(...range).map((jid) => ({ jid, name: undefined })), jids.length, range[0]);
}

/** undefined: what it is to begin or end at is not there. */
function rangeOf(jids: readonly string[], { max = roomItemsMax, after, before, index = 0 }: PageRequest): readonly [number, number] | undefined {
  const limit = Math.min(max, roomItemsMax);
  const start = after === undefined ? (before === undefined ? index : 0) : jids.indexOf(after) + 1;
  const end = before === undefined || before === "" ? jids.length : jids.indexOf(before);
  if ((after !== undefined && start === 0) || end === -1) return undefined;
  return after === undefined && before !== undefined ? [Math.max(0, end - limit), end] : [start, Math.max(start, Math.min(start + limit, end))];
}

/** Says which part it is where it was asked for one, or is one (section 6.3). */
function answer(payload: Element, items: readonly { readonly jid: string; readonly name: string | undefined }[], count: number, index: number | undefined): RoomReply {
  const isPart = items.length < count || (count > 0 && payload.getChild("set", resultSetNamespace) !== undefined);
  const set = isPart ? resultSet({ first: items[0]?.jid, last: items.at(-1)?.jid, index, count }) : undefined;
  return { result: el("query", { xmlns: itemsNamespace }, ...items.map(({ jid, name }) => el("item", { jid, name })), set) };
}

/** The name of a room by its address. null: it is of no room here. */
function nameOf(jid: string | undefined, domain: string): string | undefined | null {
  if (jid === undefined) return undefined;
  const parsed = parseJid(jid);
  return parsed?.domain === domain ? (parsed.local ?? null) : null;
}

const malformed: RoomReply = { fault: { condition: "bad-request", text: "this asks for no page" } };
const noPage: RoomReply = { fault: { condition: "item-not-found", text: "there is no such page" } };
