/** What clients read in the archives of rooms, page by page (XEP-0313 sections 4 and 6.1.2). */
import { childOf, showXml, textOf, type Xml } from "../../support/xml-reader.ts";
import { ask } from "./asking.ts";
import type { Device } from "./device.ts";
import type { Word } from "./room-words.ts";
import type { Scene } from "./scene.ts";
import type { Sitting } from "./sitting.ts";

const xmlns = "urn:xmpp:mam:2";
const paging = "XEP-0313 section 4.3: the pages of a room's archive follow each other without gap or repetition";

export interface RoomReading {
  readonly room: string;
  readonly device: string;
  /** The oldest first. */
  readonly entries: readonly RoomEntry[];
}

export interface RoomEntry {
  /** Under which it is in the archive. */
  readonly id: string;
  readonly word: Word | undefined;
}

export class RoomReadings {
  readonly #scene: () => Scene;
  /** By the id of the query. */
  readonly #pages = new Map<string, { readonly sitting: Sitting; readonly room: string; readonly entries: RoomEntry[] }>();
  readonly all: RoomReading[] = [];
  #queries = 0;

  constructor(scene: () => Scene) {
    this.#scene = scene;
  }

  /** Not `done` where the session ends before, or it is refused: who may not enter may not read. */
  read(device: Device, room: string, pageSize: number, done?: (reading: RoomReading) => void): void {
    this.#ask(device, room, pageSize, [], done);
  }

  came(device: Device, sitting: Sitting, stanza: Xml): void {
    const result = childOf(stanza, "result");
    const page = this.#pages.get(result?.attrs["queryid"] ?? "");
    const whose = `${device.name} (${sitting.jid}): ${showXml(stanza)}`;
    if (page === undefined || page.sitting !== sitting || page.room !== stanza.attrs["from"]) {
      if (!sitting.isToBlame) this.#scene().problem("XEP-0313 section 4.2: results come to whom has asked, before the answer", whose);
      return;
    }
    const inner = childOf(childOf(result, "forwarded"), "message");
    const { rooms } = this.#scene();
    const word = rooms.words[Number(/^r(\d+)$/.exec(inner?.attrs["id"] ?? "")?.[1] ?? 0) - 1];
    if (word !== undefined && inner !== undefined) {
      rooms.checkWord(word, inner, page.room, whose);
      if (word.from !== undefined && word.from !== inner.attrs["from"]) this.#scene().problem(paging, `it was heard from ${word.from}: ${whose}`);
    }
    page.entries.push({ id: result?.attrs["id"] ?? "", word });
  }

  #ask(device: Device, room: string, pageSize: number, before: readonly RoomEntry[], done: ((reading: RoomReading) => void) | undefined): void {
    const scene = this.#scene();
    const { sitting } = device;
    if (sitting === undefined || device.isLeaving) return;
    const queryId = `b${(this.#queries += 1)}`;
    const page = { sitting, room, entries: [] as RoomEntry[] };
    this.#pages.set(queryId, page);
    const after = before.length === 0 ? "" : `<after>${before.at(-1)!.id}</after>`;
    ask(scene, device, {
      type: "set",
      to: room,
      content: `<query xmlns='${xmlns}' queryid='${queryId}'><set xmlns='http://jabber.org/protocol/rsm'><max>${pageSize}</max>${after}</set></query>`,
      gone: () => this.#pages.delete(queryId),
      answered: (answer, isResult) => {
        this.#pages.delete(queryId);
        if (!isResult || sitting.isToBlame) return;
        scene.counts.pages += 1;
        const { entries } = page;
        const fin = childOf(answer, "fin");
        const wrong = (text: string): void => scene.problem(paging, `${device.name}: ${text}: ${showXml(answer)}`);
        if (entries.length > pageSize) wrong(`more than ${pageSize}`);
        const set = childOf(fin, "set");
        if (textOf(childOf(set, "first")) !== (entries[0]?.id ?? "") || textOf(childOf(set, "last")) !== (entries.at(-1)?.id ?? "")) wrong("first and last are others");
        const known = new Set(before.map(({ id }) => id));
        if (entries.some(({ id }) => known.has(id))) wrong("what came before");
        const all = [...before, ...entries];
        if (fin?.attrs["complete"] !== "true") return entries.length === 0 ? wrong("nothing, and not the last page") : this.#ask(device, room, pageSize, all, done);
        const reading = { room, device: device.name, entries: all };
        this.all.push(reading);
        done?.(reading);
      },
    });
  }
}
