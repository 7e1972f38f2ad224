/**
 * Entries as people think of them: a question and its answer, a login, a request for an acknowledgement with its answer are one row
 * each. What else comes of a step belongs to the row that the step began. Each entry is in one row.
 */
import { stateName } from "../../../machines/state-name.ts";
import type { SessionEvent } from "../../../machines/session-events.ts";
import { dataOf } from "../../history/session-fold.ts";
import { eventWords } from "../../history/event-words.ts";
import { factWords } from "../../history/words.ts";
import type { WatchBegun } from "../../inspector/protocol.ts";
import type { StoredFact } from "../../ports.ts";
import type { Entry, Happening, TimelineRow } from "./contract.ts";
import { Rows, type Saying } from "./rows.ts";
import { isClients, groupOfEvent } from "./told-rows.ts";
import { amountIn, conditionOf, labelOf, localName, outlineOf, short, subjectOf, words, type WireOutline } from "./wire.ts";

type Wire = Extract<Happening, { readonly kind: "wire" }>;
type Exchange = "stream" | "tls" | "sasl" | "bind" | "enable" | "resume" | "end";
type Opening = Partial<Saying> & Pick<Saying, "group" | "from" | "title">;

/** An iq without its answer. */
interface Asked {
  readonly row: number;
  /** Who was asked, or is to get the answer; undefined for the server or the own account. */
  readonly address: string | undefined;
}

export class Timeline {
  readonly #rows = new Rows();
  /** The row of each entry. */
  readonly #rowAt: number[] = [];
  /** Where the journal was before each entry. */
  readonly #journalAt: number[] = [];
  /** What is under way, one of a kind. */
  readonly #exchanges = new Map<Exchange, number>();
  /** Questions by direction and id. */
  readonly #asked = new Map<string, readonly Asked[]>();
  /** Requests for an acknowledgement, by who asks, the oldest first. */
  readonly #requests = new Map<"client" | "server", readonly number[]>();
  /** The row that each step began. */
  readonly #rowOfStep = new Map<string, number>();
  /** Stanzas of a step that left, by step, kind and id, and were not found in the queue yet. */
  readonly #left = new Map<string, readonly number[]>();
  /** The state's name, under "". */
  readonly #state = new Map<"", string>();

  get rows(): readonly TimelineRow[] {
    return this.#rows.views;
  }

  rowOf(index: number): TimelineRow | undefined {
    const row = this.#rowAt[index];
    return row === undefined ? undefined : this.#rows.view(row);
  }

  /** Takes back every entry from this index on. */
  rollback(index: number): void {
    if (index >= this.#rowAt.length) return;
    this.#rows.journal.rollback(this.#journalAt[index]!);
    this.#rowAt.length = this.#journalAt.length = index;
  }

  /** The next entry. `key` is its own for as long as the recording lives; `begun` if the watching began here. */
  add(entry: Entry, key: string, begun: WatchBegun | undefined): void {
    this.#journalAt.push(this.#rows.journal.length);
    const row = this.#take(entry, key, begun);
    this.#rowAt.push(row);
    if (entry.step !== "" && !this.#rowOfStep.has(entry.step)) this.#rows.journal.set(this.#rowOfStep, entry.step, row);
  }

  #take(entry: Entry, key: string, begun: WatchBegun | undefined): number {
    const { what } = entry;
    const open = (opening: Opening) => this.#rows.open(entry, key, opening);
    switch (what.kind) {
      case "wire":
        return what.direction === "in" ? this.#incoming(entry, what, open) : this.#outgoing(entry, what, open);
      case "told":
        return this.#told(entry, what, open);
      case "fact":
        return this.#fact(entry, what.fact, open);
      case "touched": {
        const row = this.#rowOfStep.get(entry.step);
        const { stanza, other } = what;
        if (row !== undefined) return this.#join(row, entry);
        const title = words(short(stanza.name), short(stanza.type ?? ""), "for", short(other.jid ?? other.session));
        return open({ group: groupOfStanza(stanza.name), from: "self", title });
      }
      case "closed":
        return this.#joinOr("end", entry, () => open({ group: "end", from: "self", title: "nothing is left of it but its log" }));
      case "begun": {
        const state = begun === undefined ? "" : stateName(begun.snapshot.value);
        const title = state === "" ? "watched from here" : `watched from here: ${state}`;
        const row = open({ group: "state", from: "self", title, stateBefore: this.#state.get("") ?? null, state });
        this.#rows.journal.set(this.#state, "", state);
        return row;
      }
    }
  }

  #incoming(entry: Entry, { xml }: Wire, open: (opening: Opening) => number): number {
    const outline = outlineOf(xml);
    const label = labelOf(outline);
    const begin = (exchange: Exchange, group: Saying["group"], title: string) => this.#begin(exchange, open({ group, from: "client", title, mark: "open" }));
    switch (kindOf(outline)) {
      case "stream":
        return begin("stream", "stream", "stream header");
      case "/stream":
        return this.#joinOr("end", entry, () => this.#begin("end", open({ group: "end", from: "client", title: "the client closes its stream" })));
      case "stream:error":
        return this.#joinOr("end", entry, () => this.#begin("end", open({ group: "end", from: "client", title: `${label} from the client`, mark: "failed" })));
      case "starttls":
        return begin("tls", "tls", "STARTTLS");
      case "auth":
      case "authenticate":
        return begin("sasl", "sasl", words("login with", short(outline.attributes["mechanism"] ?? "SASL")));
      case "response":
      case "abort":
        return this.#joinOr("sasl", entry, () => begin("sasl", "sasl", label));
      case "iq":
        return this.#iq(entry, outline, "in", open);
      case "message":
      case "presence":
        return open({ group: groupOfStanza(outline.name), from: "client", title: addressed(outline, "to") });
      case "r":
        return this.#request("client", open);
      case "a":
        return this.#acknowledge("server", entry, outline) ?? open({ group: "management", from: "client", title: label });
      case "enable":
        return begin("enable", "management", "enable stream management");
      case "resume":
        return begin("resume", "management", `resume ${short(outline.attributes["previd"] ?? "")}`);
      default:
        return open({ group: "other", from: "client", title: label });
    }
  }

  #outgoing(entry: Entry, { xml }: Wire, open: (opening: Opening) => number): number {
    const outline = outlineOf(xml);
    const label = labelOf(outline);
    const { xmlns = "" } = outline.attributes;
    const beside = (group: Saying["group"]) => this.#joinStep(entry) ?? open({ group, from: "server", title: label });
    switch (kindOf(outline)) {
      case "stream":
        return this.#joinStep(entry, "stream") ?? open({ group: "stream", from: "server", title: "stream header" });
      case "features":
        return this.#finish("stream", entry, `stream header → ${label}`) ?? beside("stream");
      case "stream:error":
        return this.#fail(this.#joinOr("end", entry, () => this.#begin("end", open({ group: "end", from: "server", title: label }))), label);
      case "/stream":
        return this.#joinOr("end", entry, () => this.#begin("end", open({ group: "end", from: "server", title: "the server closes the stream" })));
      case "proceed":
        return this.#joinOr("tls", entry, () => beside("tls"));
      case "challenge":
        return this.#joinOr("sasl", entry, () => beside("sasl"));
      case "success":
      case "failure":
        return this.#finish(xmlns.endsWith("-tls") ? "tls" : "sasl", entry, undefined, outline) ?? beside("sasl");
      case "iq":
        return this.#leaves(entry, outline, this.#iq(entry, outline, "out", open));
      case "message":
      case "presence":
        return this.#leaves(entry, outline, open({ group: groupOfStanza(outline.name), from: "server", title: addressed(outline, "from") }));
      case "r":
        return this.#request("server", open);
      case "a":
        return this.#acknowledge("client", entry, outline) ?? beside("management");
      case "enabled":
        return this.#finish("enable", entry, `enable stream management → enabled${outline.attributes["resume"] === "true" ? ", can be resumed" : ""}`) ?? beside("management");
      case "resumed":
        return this.#finish("resume", entry) ?? beside("management");
      case "failed":
        return this.#finish("enable", entry, undefined, outline) ?? this.#finish("resume", entry, undefined, outline) ?? beside("management");
      default:
        return beside("other");
    }
  }

  /** A question, or an answer to one of the other side: the same id, from whom was asked (RFC 6120 section 8.2.3). */
  #iq(entry: Entry, outline: WireOutline, direction: "in" | "out", open: (opening: Opening) => number): number {
    const { id = "", type = "", from, to } = outline.attributes;
    const [side, asker, answerer] = direction === "in" ? (["client", "in", "out"] as const) : (["server", "out", "in"] as const);
    const label = labelOf(outline);
    if (type === "result" || type === "error") {
      const key = `${answerer} ${id}`;
      const candidates = this.#asked.get(key) ?? [];
      const found = candidates.find(({ address }) => isSameAddress(address, direction === "in" ? to : from));
      if (found === undefined) return open({ group: "iq", from: side, title: label });
      const others = candidates.filter((one) => one !== found);
      this.#rows.journal.set(this.#asked, key, others.length === 0 ? undefined : others);
      return this.#answer(found.row, entry, type === "error" ? `error ${short(conditionOf(outline) ?? "")}`.trim() : words("result", amountIn(outline)), type === "error");
    }
    const isBind = direction === "in" && subjectOf(outline) === "bind";
    const row = open({ group: isBind ? "bind" : "iq", from: side, title: label, mark: "open" });
    if (isBind) this.#begin("bind", row);
    const key = `${asker} ${id}`;
    this.#rows.journal.set(this.#asked, key, [...(this.#asked.get(key) ?? []), { row, address: direction === "in" ? to : from }]);
    return row;
  }

  #told(entry: Entry, { event, state }: Extract<Happening, { readonly kind: "told" }>, open: (opening: Opening) => number): number {
    const before = this.#state.get("") ?? null;
    this.#rows.journal.set(this.#state, "", state);
    const row = this.#rowOfTold(entry, event, state, open);
    const { state: known, stateBefore } = this.#rows.saying(row);
    this.#rows.say(row, known === null ? { state, stateBefore: before } : { state, stateBefore });
    return row;
  }

  #rowOfTold(entry: Entry, event: SessionEvent, state: string, open: (opening: Opening) => number): number {
    const title = short(eventWords(event), 120);
    const isEnd = state === "closing" || state === "closed";
    const own = () => {
      const known = this.#joinStep(entry);
      if (known !== undefined) return known;
      if (isEnd && this.#exchanges.has("end")) return this.#join(this.#exchanges.get("end")!, entry);
      const row = open({ group: isEnd ? "end" : groupOfEvent(event.type), from: isClients(event.type) ? "client" : "self", title, mark: isFault(event) ? "failed" : null });
      return isEnd ? this.#begin("end", row) : row;
    };
    switch (event.type) {
      case "sasl.started":
      case "sasl.challenged":
      case "sasl.continued":
      case "sasl.aborted":
      case "sasl.succeeded":
      case "sasl.failed":
        return this.#joinOr("sasl", entry, own);
      case "tls.established":
        return this.#finish("tls", entry, `STARTTLS → ${short(event.protocol)}`) ?? own();
      case "tls.failed":
        return this.#failing("tls", entry, `STARTTLS → failed: ${short(event.why)}`) ?? own();
      case "bind.requested":
        return this.#expecting("bind", own());
      case "resource.bound":
        return this.#finish("bind", entry, `bind → ${short(event.resource)}`) ?? own();
      case "bind.failed":
        return this.#failing("bind", entry, `bind → error ${event.condition}`) ?? own();
      case "resume.requested":
        return this.#expecting("resume", own());
      case "resume.granted":
        return this.#finish("resume", entry, "resume → granted") ?? own();
      case "resume.refused":
        return this.#failing("resume", entry, `resume → ${event.condition}`) ?? own();
      case "link.attached":
        // What was closed for a restart has gone on.
        this.#rows.journal.set(this.#exchanges, "end", undefined);
        return own();
      default:
        return own();
    }
  }

  #fact(entry: Entry, fact: StoredFact, open: (opening: Opening) => number): number {
    const title = short(factWords(fact), 120);
    switch (fact.type) {
      case "StanzaQueued": {
        const { kind, id } = dataOf(fact, "StanzaQueued");
        const key = leftKey(fact.step, kind, id);
        const [row, ...others] = this.#left.get(key) ?? [];
        if (row === undefined) return open({ group: kind, from: "server", title });
        this.#rows.journal.set(this.#left, key, others.length === 0 ? undefined : others);
        return this.#join(row, entry);
      }
      case "SessionEnded":
        return this.#joinOr("end", entry, () => this.#joinStep(entry) ?? this.#begin("end", open({ group: "end", from: "self", title })));
      case "SessionSnapshotTaken": {
        const state = stateName((fact.data as { readonly value: unknown }).value);
        const before = this.#state.get("") ?? null;
        this.#rows.journal.set(this.#state, "", state);
        return this.#joinStep(entry) ?? open({ group: fact.version === 1 ? "sasl" : "state", from: "self", title, stateBefore: before, state });
      }
      default:
        return this.#joinStep(entry) ?? open({ group: isOfManagement(fact.type) ? "management" : "other", from: "self", title });
    }
  }

  /** A stanza that leaves can be found in the queue by its step. */
  #leaves({ step }: Entry, { name, attributes }: WireOutline, row: number): number {
    const key = leftKey(step, name, attributes["id"] ?? null);
    this.#rows.journal.set(this.#left, key, [...(this.#left.get(key) ?? []), row]);
    return row;
  }

  #request(who: "client" | "server", open: (opening: Opening) => number): number {
    const row = open({ group: "management", from: who, title: "ack request", mark: "open" });
    this.#rows.journal.set(this.#requests, who, [...(this.#requests.get(who) ?? []), row]);
    return row;
  }

  /** The answer to the oldest request of this side (XEP-0198 section 4); undefined if there is none. */
  #acknowledge(asker: "client" | "server", entry: Entry, { attributes }: WireOutline): number | undefined {
    const [row, ...others] = this.#requests.get(asker) ?? [];
    if (row === undefined) return undefined;
    this.#rows.journal.set(this.#requests, asker, others);
    return this.#answer(row, entry, short(attributes["h"] ?? ""), false);
  }

  #answer(row: number, entry: Entry, answer: string, failed: boolean): number {
    const { title } = this.#rows.saying(row);
    // A bind says what was bound already.
    const whole = title.includes(" → ") ? title : `${title} → ${answer}`;
    this.#rows.say(row, { title: whole, durationMs: Math.max(0, entry.at - this.#rows.begin(row)), mark: failed ? "failed" : null });
    return this.#join(row, entry);
  }

  #begin(exchange: Exchange, row: number): number {
    this.#rows.journal.set(this.#exchanges, exchange, row);
    return row;
  }

  #expecting(exchange: Exchange, row: number): number {
    if (this.#exchanges.get(exchange) !== row) this.#rows.say(row, { mark: "open" });
    return this.#begin(exchange, row);
  }

  /** The exchange is over; undefined if there is none. With an outline its name, and its condition, is the answer. */
  #finish(exchange: Exchange, entry: Entry, title?: string, outline?: WireOutline): number | undefined {
    const row = this.#exchanges.get(exchange);
    if (row === undefined) return undefined;
    this.#rows.journal.set(this.#exchanges, exchange, undefined);
    const { title: before } = this.#rows.saying(row);
    const answered = outline === undefined ? before : `${before} → ${words(localName(outline.name), short(conditionOf(outline) ?? ""))}`;
    const failed = outline !== undefined && localName(outline.name).startsWith("fail");
    this.#rows.say(row, { title: title ?? answered, durationMs: Math.max(0, entry.at - this.#rows.begin(row)), mark: failed ? "failed" : null });
    return this.#join(row, entry);
  }

  #failing(exchange: Exchange, entry: Entry, title: string): number | undefined {
    const row = this.#finish(exchange, entry, title);
    if (row !== undefined) this.#rows.say(row, { mark: "failed" });
    return row;
  }

  /** What ends it is an error: that is what the row is about. */
  #fail(row: number, title: string): number {
    this.#rows.say(row, { mark: "failed", title });
    return row;
  }

  #join(row: number, entry: Entry): number {
    this.#rows.join(row, entry);
    return row;
  }

  #joinStep(entry: Entry, group?: Saying["group"]): number | undefined {
    const row = this.#rowOfStep.get(entry.step);
    if (row === undefined || (group !== undefined && this.#rows.saying(row).group !== group)) return undefined;
    return this.#join(row, entry);
  }

  #joinOr(exchange: Exchange, entry: Entry, open: () => number): number {
    const row = this.#exchanges.get(exchange);
    return row === undefined ? open() : this.#join(row, entry);
  }
}

/** The name alone, but for what is called the same elsewhere. */
function kindOf({ name, attributes }: WireOutline): string {
  const local = localName(name);
  if (name.startsWith("/")) return `/${local}`;
  if (local === "error") return name === "stream:error" || attributes["xmlns"] === "http://etherx.jabber.org/streams" ? "stream:error" : "error";
  return local;
}

function addressed(outline: WireOutline, whose: "to" | "from"): string {
  const address = outline.attributes[whose];
  return words(labelOf(outline), address === undefined ? "" : `${whose} ${short(address)}`);
}

function groupOfStanza(name: string): Saying["group"] {
  return name === "message" || name === "presence" || name === "iq" ? name : "other";
}

/** Who leaves it out means the server, or the own account. */
function isSameAddress(asked: string | undefined, answering: string | undefined): boolean {
  return asked === undefined || answering === undefined || asked.toLowerCase() === answering.toLowerCase();
}

/** As the log names a stanza: of an id no more than it keeps. */
function leftKey(step: string, kind: string, id: string | null): string {
  return `${step} ${kind} ${id === null ? "" : `#${id.slice(0, 256)}`}`;
}

function isOfManagement(type: string): boolean {
  return type === "StanzasCounted" || type === "StanzasAcknowledged" || type === "StanzasTaken" || type === "QueueDropped";
}

function isFault({ type }: SessionEvent): boolean {
  return type === "stream.failed" || type === "host.failed" || type === "sasl.failed" || type === "bind.failed" || type === "tls.failed" || type === "resume.refused" || type === "queue.overflowed";
}
