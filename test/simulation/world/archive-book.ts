/** What clients read in their archives, page by page (XEP-0313 section 4, XEP-0059): each page as it has to be, and what came of all of them. */
import { childOf, showXml, textOf, type Xml } from "../../support/xml-reader.ts";
import { ask } from "./asking.ts";
import type { Device } from "./device.ts";
import { isAsWritten } from "./message-book.ts";
import type { Scene } from "./scene.ts";
import type { Sitting } from "./sitting.ts";

const xmlns = "urn:xmpp:mam:2";
const paging = "XEP-0313 section 4.3: the pages of a result set follow each other without gap or repetition";
/** Pages of one reading: none needs more. */
const pagesMax = 5_000;

export interface ReadingPlan {
  /** An id: only what comes after it. */
  readonly after: string | undefined;
  readonly isBackwards: boolean;
  readonly pageSize: number;
  /** Not called where the session ends before all is read. */
  done?(reading: Reading): void;
}

/** A part of an archive that was read to its end. */
export interface Reading {
  readonly device: string;
  /** The bare JID. */
  readonly account: string;
  readonly after: string | undefined;
  /** The oldest first. */
  readonly entries: readonly Entry[];
  /** Milliseconds since the world began. */
  readonly askedAt: number;
}

export interface Entry {
  readonly id: string;
  /** That of the message. */
  readonly number: number;
  readonly stamp: string;
}

export class ArchiveBook {
  readonly #scene: () => Scene;
  readonly readings: Reading[] = [];
  #queries = 0;

  constructor(scene: () => Scene) {
    this.#scene = scene;
  }

  /** Reads page after page, for as long as the session lasts. */
  read(device: Device, plan: ReadingPlan): void {
    const { sitting } = device;
    if (sitting === undefined || device.isLeaving) return;
    this.#ask({ device, sitting, plan, entries: [], askedAt: this.#scene().now(), pages: 0, firstIndex: undefined });
  }

  /** A message of an archive has come. */
  came(device: Device, sitting: Sitting, stanza: Xml): void {
    const scene = this.#scene();
    const results = sitting.reading.get(childOf(stanza, "result")?.attrs["queryid"] ?? "");
    const isOwn = stanza.attrs["from"] === sitting.account && stanza.attrs["to"] === sitting.jid;
    if (results !== undefined && isOwn) results.push(stanza);
    else if (!sitting.isToBlame) scene.problem("XEP-0313 section 4.2: results come to whom has asked, before the answer", `${device.name} (${sitting.jid}): ${showXml(stanza)}`);
  }

  #ask(state: State): void {
    const { device, sitting, plan: { after, isBackwards, pageSize }, entries } = state;
    const queryId = `a${(this.#queries += 1)}`;
    sitting.reading.set(queryId, []);
    const form = after === undefined ? "" : `<x xmlns='jabber:x:data' type='submit'>${field("FORM_TYPE", xmlns)}${field("after-id", after)}</x>`;
    const bound = isBackwards ? `<before>${entries[0]?.id ?? ""}</before>` : entries.length === 0 ? "" : `<after>${entries.at(-1)!.id}</after>`;
    const set = `<set xmlns='http://jabber.org/protocol/rsm'><max>${pageSize}</max>${bound}</set>`;
    ask(this.#scene(), device, {
      type: "set",
      content: `<query xmlns='${xmlns}' queryid='${queryId}'>${form}${set}</query>`,
      answered: (answer, isResult) => this.#answered(state, queryId, answer, isResult),
    });
  }

  #answered(state: State, queryId: string, answer: Xml, isResult: boolean): void {
    const scene = this.#scene();
    const { device, sitting, plan } = state;
    const results = sitting.reading.get(queryId) ?? [];
    sitting.reading.delete(queryId);
    if (sitting.isToBlame) return;
    if (!isResult) {
      const error = childOf(answer, "error");
      const isMissing = childOf(error, "item-not-found") !== undefined;
      // One commit after the other can take longer than a request waits for its answer.
      const isTooLate = childOf(error, "internal-server-error") !== undefined && scene.excuses.isSlow;
      if (isMissing || !(scene.excuses.isDiskTroubled || isTooLate)) scene.problem("XEP-0313 section 4: a user reads the own archive, and the archive knows its ids", `${device.name}: ${showXml(answer)}`);
      return;
    }
    scene.counts.pages += 1;
    const page = results.map((stanza) => this.#entryOf(device, sitting, stanza));
    const fin = childOf(answer, "fin");
    this.#checkPage(state, page, fin);
    const entries = plan.isBackwards ? [...page, ...state.entries] : [...state.entries, ...page];
    const isComplete = ["true", "1"].includes(fin?.attrs["complete"] ?? "");
    if (isComplete) return this.#end({ ...state, entries });
    if (page.length === 0 || state.pages > pagesMax) return scene.problem(paging, `${device.name}: a page with nothing, and not the last one: ${showXml(answer)}`);
    this.#ask({ ...state, entries, pages: state.pages + 1, firstIndex: indexIn(fin) });
  }

  #end({ device, sitting, plan, entries, askedAt }: State): void {
    const reading = { device: device.name, account: sitting.account, after: plan.after, entries, askedAt };
    this.readings.push(reading);
    device.archivedUntil = entries.at(-1)?.id ?? device.archivedUntil;
    plan.done?.(reading);
  }

  #entryOf(device: Device, sitting: Sitting, stanza: Xml): Entry {
    const scene = this.#scene();
    const result = childOf(stanza, "result");
    const forwarded = childOf(result, "forwarded");
    const inner = childOf(forwarded, "message");
    // What was whispered in a room is here too, under numbers below 0; each side has it as it knows it (XEP-0045 section 7.5).
    const whisper = inner === undefined ? undefined : scene.rooms.whisper(inner);
    if (whisper !== undefined) return { id: result?.attrs["id"] ?? "", number: -whisper.number, stamp: childOf(forwarded, "delay")?.attrs["stamp"] ?? "" };
    const message = scene.messages.all[Number(/^m(\d+)$/.exec(inner?.attrs["id"] ?? "")?.[1] ?? 0) - 1];
    const whose = `${device.name}: ${showXml(stanza)}`;
    const isOwn = message !== undefined && (message.by.account === sitting.account || message.account === sitting.account);
    if (inner === undefined || !isOwn || !isAsWritten(message, inner)) scene.problem("XEP-0313 section 4.2: an archive has its user's messages, as they were written", whose);
    if (message?.account === sitting.account) message.fetched.push(sitting);
    return { id: result?.attrs["id"] ?? "", number: message?.number ?? 0, stamp: childOf(forwarded, "delay")?.attrs["stamp"] ?? "" };
  }

  /** XEP-0059 section 2.6: the index of the first; what was read before decides what that is. */
  #checkPage({ device, plan, entries, firstIndex }: State, page: readonly Entry[], fin: Xml | undefined): void {
    const scene = this.#scene();
    const set = childOf(fin, "set");
    const [first, last] = [textOf(childOf(set, "first")), textOf(childOf(set, "last"))];
    const index = indexIn(fin);
    const count = Number(textOf(childOf(set, "count")));
    const wrong = (text: string): void => scene.problem(paging, `${device.name}: ${text}: ${fin === undefined ? "no fin" : showXml(fin)} for [${page.map(({ number }) => `m${number}`).join(", ")}]`);
    if (page.length > plan.pageSize) wrong(`more than ${plan.pageSize}`);
    if (first !== (page[0]?.id ?? "") || last !== (page.at(-1)?.id ?? "")) wrong("first and last are others");
    const known = new Set(entries.map(({ id }) => id));
    if (page.some(({ id }) => known.has(id)) || new Set(page.map(({ id }) => id)).size < page.length) wrong("what came before");
    if (page.length === 0) return;
    if (index === undefined || index + page.length > count) return wrong("index and count do not agree");
    const isComplete = fin?.attrs["complete"] === "true";
    if (!plan.isBackwards && index !== entries.length) wrong(`its first is number ${entries.length}`);
    if (plan.isBackwards && firstIndex !== undefined && index !== firstIndex - page.length) wrong(`it ends before number ${firstIndex}`);
    if (plan.isBackwards && isComplete !== (index === 0)) wrong("complete and index do not agree");
    if (!plan.isBackwards && isComplete !== (index + page.length === count)) wrong("complete and count do not agree");
  }
}

interface State {
  readonly device: Device;
  readonly sitting: Sitting;
  readonly plan: ReadingPlan;
  readonly entries: readonly Entry[];
  readonly askedAt: number;
  readonly pages: number;
  /** That of the page before. */
  readonly firstIndex: number | undefined;
}

function field(name: string, value: string): string {
  return `<field var='${name}'><value>${value}</value></field>`;
}

function indexIn(fin: Xml | undefined): number | undefined {
  const index = childOf(childOf(fin, "set"), "first")?.attrs["index"];
  return index === undefined ? undefined : Number(index);
}
