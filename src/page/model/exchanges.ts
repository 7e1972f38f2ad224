/** What is under way in a session, each a row of its timeline that waits for its answer. What is done to it can be taken back. */
import type { Entry } from "./contract.ts";
import type { Rows, Saying } from "./rows.ts";
import { conditionOf, localName, short, words, type WireOutline } from "./wire.ts";

/** Of these at most one of a kind is under way. */
export type Exchange = "stream" | "tls" | "sasl" | "bind" | "enable" | "resume" | "end";
/** Begins the row of an entry. */
export type Opening = Partial<Saying> & Pick<Saying, "group" | "from" | "title">;

/** An iq without its answer. */
interface Asked {
  readonly row: number;
  /** Who was asked, or is to get the answer; undefined for the server or the own account. */
  readonly address: string | undefined;
}

export class Exchanges {
  readonly #rows: Rows;
  readonly #exchanges = new Map<Exchange, number>();
  /** Questions by direction and id. */
  readonly #asked = new Map<string, readonly Asked[]>();
  /** Requests for an acknowledgement, by who asks, the oldest first. */
  readonly #requests = new Map<"client" | "server", readonly number[]>();
  /** The row that each step began. */
  readonly #rowOfStep = new Map<string, number>();
  /** Stanzas of a step that left, by step, kind and id, and were not found in the queue yet. */
  readonly #left = new Map<string, readonly number[]>();

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  /** The row of this kind. */
  row(exchange: Exchange): number | undefined {
    return this.#exchanges.get(exchange);
  }

  /** It goes on in no row. */
  forget(exchange: Exchange): void {
    this.#rows.journal.set(this.#exchanges, exchange, undefined);
  }

  rowOfStep(step: string): number | undefined {
    return this.#rowOfStep.get(step);
  }

  /** What else comes of the step of this entry belongs to this row, unless it belongs to another one already. */
  noteStep({ step }: Entry, row: number): void {
    if (step !== "" && !this.#rowOfStep.has(step)) this.#rows.journal.set(this.#rowOfStep, step, row);
  }

  /** `side`: who asks. */
  asks(side: "client" | "server", id: string, asked: Asked): void {
    const key = `${side} ${id}`;
    this.#rows.journal.set(this.#asked, key, [...(this.#asked.get(key) ?? []), asked]);
  }

  /** The question that this is an answer to: the same id, from whom was asked (RFC 6120 section 8.2.3). It waits no longer. */
  askedBy(side: "client" | "server", id: string, address: string | undefined): number | undefined {
    const key = `${side} ${id}`;
    const candidates = this.#asked.get(key) ?? [];
    const found = candidates.find((asked) => isSameAddress(asked.address, address));
    if (found === undefined) return undefined;
    const others = candidates.filter((one) => one !== found);
    this.#rows.journal.set(this.#asked, key, others.length === 0 ? undefined : others);
    return found.row;
  }

  /** The row of a stanza that left in this step; undefined if it was not seen. */
  takeLeft(step: string, kind: string, id: string | null): number | undefined {
    const key = leftKey(step, kind, id);
    const [row, ...others] = this.#left.get(key) ?? [];
    if (row !== undefined) this.#rows.journal.set(this.#left, key, others.length === 0 ? undefined : others);
    return row;
  }

  /** A stanza that leaves can be found in the queue by its step. */
  leaves({ step }: Entry, { name, attributes }: WireOutline, row: number): number {
    const key = leftKey(step, name, attributes["id"] ?? null);
    this.#rows.journal.set(this.#left, key, [...(this.#left.get(key) ?? []), row]);
    return row;
  }

  request(who: "client" | "server", open: (opening: Opening) => number): number {
    const row = open({ group: "management", from: who, title: "ack request", mark: "open" });
    this.#rows.journal.set(this.#requests, who, [...(this.#requests.get(who) ?? []), row]);
    return row;
  }

  /** The answer to the oldest request of this side (XEP-0198 section 4); undefined if there is none. */
  acknowledge(asker: "client" | "server", entry: Entry, { attributes }: WireOutline): number | undefined {
    const [row, ...others] = this.#requests.get(asker) ?? [];
    if (row === undefined) return undefined;
    this.#rows.journal.set(this.#requests, asker, others);
    return this.answer(row, entry, short(attributes["h"] ?? ""), false);
  }

  /** They were made on a link that is lost: nobody answers them any more, and the next answer is to another one. */
  forgetRequests(): void {
    for (const who of this.#requests.keys()) this.#rows.journal.set(this.#requests, who, undefined);
  }

  answer(row: number, entry: Entry, answer: string, failed: boolean): number {
    const { title } = this.#rows.saying(row);
    // A bind says what was bound already.
    const whole = title.includes(" → ") ? title : `${title} → ${answer}`;
    this.#rows.say(row, { title: whole, durationMs: Math.max(0, entry.at - this.#rows.begin(row)), mark: failed ? "failed" : null });
    return this.join(row, entry);
  }

  begin(exchange: Exchange, row: number): number {
    this.#rows.journal.set(this.#exchanges, exchange, row);
    return row;
  }

  expecting(exchange: Exchange, row: number): number {
    if (this.#exchanges.get(exchange) !== row) this.#rows.say(row, { mark: "open" });
    return this.begin(exchange, row);
  }

  /** The exchange is over; undefined if there is none. With an outline its name, and its condition, is the answer. */
  finish(exchange: Exchange, entry: Entry, title?: string, outline?: WireOutline): number | undefined {
    const row = this.#exchanges.get(exchange);
    if (row === undefined) return undefined;
    this.#rows.journal.set(this.#exchanges, exchange, undefined);
    const { title: before } = this.#rows.saying(row);
    const answered = outline === undefined ? before : `${before} → ${words(localName(outline.name), short(conditionOf(outline) ?? ""))}`;
    const failed = outline !== undefined && localName(outline.name).startsWith("fail");
    this.#rows.say(row, { title: title ?? answered, durationMs: Math.max(0, entry.at - this.#rows.begin(row)), mark: failed ? "failed" : null });
    return this.join(row, entry);
  }

  failing(exchange: Exchange, entry: Entry, title: string): number | undefined {
    const row = this.finish(exchange, entry, title);
    if (row !== undefined) this.#rows.say(row, { mark: "failed" });
    return row;
  }

  /** What ends it is an error: that is what the row is about. */
  fail(row: number, title: string): number {
    this.#rows.say(row, { mark: "failed", title });
    return row;
  }

  join(row: number, entry: Entry): number {
    this.#rows.join(row, entry);
    return row;
  }

  joinStep(entry: Entry, group?: Saying["group"]): number | undefined {
    const row = this.#rowOfStep.get(entry.step);
    if (row === undefined || (group !== undefined && this.#rows.saying(row).group !== group)) return undefined;
    return this.join(row, entry);
  }

  joinOr(exchange: Exchange, entry: Entry, open: () => number): number {
    const row = this.#exchanges.get(exchange);
    return row === undefined ? open() : this.join(row, entry);
  }
}

/** Who leaves it out means the server, or the own account. */
function isSameAddress(asked: string | undefined, answering: string | undefined): boolean {
  return asked === undefined || answering === undefined || asked.toLowerCase() === answering.toLowerCase();
}

/** As the log names a stanza: of an id no more than it keeps. */
function leftKey(step: string, kind: string, id: string | null): string {
  return `${step} ${kind} ${id === null ? "" : `#${id.slice(0, 256)}`}`;
}
