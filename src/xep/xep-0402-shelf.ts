/** The bookmarks of one user as one set, in memory: values, and what a change of one form means for the other. */
import { bookmarkListBytesMax } from "../domain/limits.ts";
import { ownCopy } from "../pubsub/events.ts";
import type { Element } from "../xml/element.ts";
import { restoreElement } from "../xml/parse-element.ts";
import { serialise } from "../xml/serialise.ts";
import { elementsOf, isConference, isSameRoom, itemsNode, keyOf, listNode, roomOf, toItem, toListed, type Room } from "./xep-0402-conference.ts";

/** A child of the list, whatever it is. Elements are kept as their texts, which take much less memory. */
export interface Entry {
  readonly text: string;
  readonly bytes: number;
  /** undefined: it is no bookmark of a room, or of none that an item can have. It stays in the list alone. */
  readonly room?: Room & { readonly key: string };
}

export type List = readonly Entry[];

/** An item that is a room's bookmark. */
export interface Item {
  readonly id: string;
  readonly key: string;
  readonly room: Room;
  readonly text: string;
}

/** By their ids, the latest published last. */
export type Items = ReadonlyMap<string, Item>;

export interface ItemChanges {
  readonly publish: readonly { readonly item: Item; readonly payload: Element }[];
  readonly retract: readonly string[];
}

export function readList(storage: Element): List {
  return elementsOf(storage).map((child) => {
    const text = textOf(child);
    const key = isConference(child, listNode) ? keyOf(child.attrs["jid"] as string | undefined) : undefined;
    return entryOf(text, key === undefined ? undefined : { ...roomOf(child), key });
  });
}

/** undefined: it is no bookmark, or its id no room. Nothing is made of it, and it stays where it is. */
export function readItem(id: string, payload: Element | undefined): Item | undefined {
  const key = keyOf(id);
  return key === undefined || !isConference(payload, itemsNode) ? undefined : { id, key, room: roomOf(payload), text: textOf(payload) };
}

export function storageOf(list: List): Element {
  return restoreElement(storageText(list));
}

/** The same as it is kept: each child has a namespace of its own in it. */
export function storageText(list: List): string {
  return `<storage xmlns="${listNode}">${list.map(({ text }) => text).join("")}</storage>`;
}

export function isStorage(element: Element | undefined): element is Element {
  return element?.name === "storage" && element.getNS() === listNode;
}

export function isSameList(one: List, other: List): boolean {
  return one.length === other.length && one.every(({ text }, index) => text === other[index]?.text);
}

/** A name for each namespace, as if it stood alone. */
export function textOf(element: Element): string {
  return serialise(ownCopy(element));
}

/** The item that stands for a room: where ids are spelt differently there may be several. */
export function itemOf(items: Items, key: string): Item | undefined {
  // From the end: the latest published.
  return [...items.values()].findLast((item) => item.key === key);
}

/** The list after items of these rooms were published or retracted. One that has no room in the list is only an item. */
export function listAfter(list: List, items: Items, keys: Iterable<string>): List {
  let next = list;
  for (const key of keys) {
    const item = itemOf(items, key);
    next = item === undefined ? next.filter(({ room }) => room?.key !== key) : withItem(next, item);
  }
  return next;
}

/** The items after the list became another: unchanged ones are left alone (XEP-0402 section 5.3.2), and so is what was not in the list. */
export function itemsAfter(items: Items, before: List, after: List): ItemChanges {
  const [had, has] = [roomsOf(before), roomsOf(after)];
  const byKey = new Map([...items.values()].map((item) => [item.key, item]));
  const publish = [...has].flatMap(([key, room]) => {
    const item = byKey.get(key);
    if (item !== undefined && isSameRoom(item.room, room)) return [];
    const payload = toItem(room, item === undefined ? undefined : restoreElement(item.text));
    return [{ item: { id: item?.id ?? key, key, room, text: textOf(payload) }, payload }];
  });
  const retract = [...items.values()].filter(({ key }) => had.has(key) && !has.has(key)).map(({ id }) => id);
  return { publish, retract };
}

/** One list of two that differ: where both know a room, as the second has it. */
export function joined(first: List, second: List): List {
  const rooms = new Map(second.toReversed().flatMap((entry) => (entry.room === undefined ? [] : [[entry.room.key, entry] as const])));
  const known = new Set(first.map(({ room, text }) => room?.key ?? text));
  const kept = first.map((entry) => (entry.room === undefined ? entry : (rooms.get(entry.room.key) ?? entry)));
  return [...kept, ...second.filter(({ room, text }) => !known.has(room?.key ?? text))];
}

/** Of each room that is there more than once the first counts. */
function roomsOf(list: List): ReadonlyMap<string, Room> {
  const rooms = new Map<string, Room>();
  for (const { room } of list) if (room !== undefined && !rooms.has(room.key)) rooms.set(room.key, room);
  return rooms;
}

function entryOf(text: string, room: Entry["room"]): Entry {
  const bytes = Buffer.byteLength(text);
  return room === undefined ? { text, bytes } : { text, bytes, room };
}

function withItem(list: List, { id, key, room }: Item): List {
  const index = list.findIndex((entry) => entry.room?.key === key);
  const before = list[index];
  if (before?.room !== undefined && isSameRoom(before.room, room)) return list;
  const entry = entryOf(textOf(toListed(id, room, before === undefined ? undefined : restoreElement(before.text))), { ...room, key });
  const others = list.filter((other, at) => at === index || other.room?.key !== key);
  const next = index === -1 ? [...others, entry] : others.map((other) => (other === before ? entry : other));
  // What is too long already, from an import, may be shortened.
  return isShortEnough(next, list) ? next : others.filter((other) => other !== before);
}

/** Whether a list may follow another: it has at most `bookmarkListBytesMax`, or at least it does not grow. */
export function isShortEnough(list: List, before: List): boolean {
  const bytes = bytesOf(list);
  return bytes <= bookmarkListBytesMax || bytes <= bytesOf(before);
}

/** As it is kept, or a little more. */
function bytesOf(list: List): number {
  return list.reduce((sum, { bytes }) => sum + bytes, 64);
}
