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
import { Exchanges, type Exchange, type Opening } from "./exchanges.ts";
import { Rows, type Saying } from "./rows.ts";
import { isClients, groupOfEvent } from "./told-rows.ts";
import { amountIn, conditionOf, labelOf, localName, outlineOf, short, subjectOf, words, type WireOutline } from "./wire.ts";

type Wire = Extract<Happening, { readonly kind: "wire" }>;
export class Timeline {
  readonly #rows = new Rows();
  /** The row of each entry. */
  readonly #rowAt: number[] = [];
  /** Where the journal was before each entry. */
  readonly #journalAt: number[] = [];
  readonly #under = new Exchanges(this.#rows);
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
    this.#under.noteStep(entry, row);
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
        const row = this.#under.rowOfStep(entry.step);
        const { stanza, other } = what;
        if (row !== undefined) return this.#under.join(row, entry);
        const title = words(short(stanza.name), short(stanza.type ?? ""), "for", short(other.jid ?? other.session));
        return open({ group: groupOfStanza(stanza.name), from: "self", title });
      }
      case "closed":
        return this.#under.joinOr("end", entry, () => open({ group: "end", from: "self", title: "nothing is left of it but its log" }));
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
    const begin = (exchange: Exchange, group: Saying["group"], title: string) => this.#under.begin(exchange, open({ group, from: "client", title, mark: "open" }));
    switch (kindOf(outline)) {
      case "stream":
        return begin("stream", "stream", "stream header");
      case "/stream":
        return this.#under.joinOr("end", entry, () => this.#under.begin("end", open({ group: "end", from: "client", title: "the client closes its stream" })));
      case "stream:error":
        return this.#under.joinOr("end", entry, () => this.#under.begin("end", open({ group: "end", from: "client", title: `${label} from the client`, mark: "failed" })));
      case "starttls":
        return begin("tls", "tls", "STARTTLS");
      case "auth":
      case "authenticate":
        return begin("sasl", "sasl", words("login with", short(outline.attributes["mechanism"] ?? "SASL")));
      case "response":
      case "abort":
        return this.#under.joinOr("sasl", entry, () => begin("sasl", "sasl", label));
      case "iq":
        return this.#iq(entry, outline, "in", open);
      case "message":
      case "presence":
        return open({ group: groupOfStanza(outline.name), from: "client", title: addressed(outline, "to") });
      case "r":
        return this.#under.request("client", open);
      case "a":
        return this.#under.acknowledge("server", entry, outline) ?? open({ group: "management", from: "client", title: label });
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
    const beside = (group: Saying["group"]) => this.#under.joinStep(entry) ?? open({ group, from: "server", title: label });
    switch (kindOf(outline)) {
      case "stream":
        return this.#under.joinStep(entry, "stream") ?? open({ group: "stream", from: "server", title: "stream header" });
      case "features":
        return this.#under.finish("stream", entry, `stream header → ${label}`) ?? beside("stream");
      case "stream:error":
        return this.#under.fail(this.#under.joinOr("end", entry, () => this.#under.begin("end", open({ group: "end", from: "server", title: label }))), label);
      case "/stream":
        return this.#under.joinOr("end", entry, () => this.#under.begin("end", open({ group: "end", from: "server", title: "the server closes the stream" })));
      case "proceed":
        return this.#under.joinOr("tls", entry, () => beside("tls"));
      case "challenge":
        return this.#under.joinOr("sasl", entry, () => beside("sasl"));
      case "success":
      case "failure":
        return this.#under.finish(xmlns.endsWith("-tls") ? "tls" : "sasl", entry, undefined, outline) ?? beside("sasl");
      case "iq":
        return this.#under.leaves(entry, outline, this.#iq(entry, outline, "out", open));
      case "message":
      case "presence":
        return this.#under.leaves(entry, outline, open({ group: groupOfStanza(outline.name), from: "server", title: addressed(outline, "from") }));
      case "r":
        return this.#under.request("server", open);
      case "a":
        return this.#under.acknowledge("client", entry, outline) ?? beside("management");
      case "enabled":
        return this.#under.finish("enable", entry, `enable stream management → enabled${outline.attributes["resume"] === "true" ? ", can be resumed" : ""}`) ?? beside("management");
      case "resumed":
        return this.#under.finish("resume", entry, words("resume → resumed, h", short(outline.attributes["h"] ?? ""))) ?? beside("management");
      case "failed":
        return this.#under.finish("enable", entry, undefined, outline) ?? this.#under.finish("resume", entry, undefined, outline) ?? beside("management");
      default:
        return beside("other");
    }
  }

  /** A question, or an answer to one of the other side. */
  #iq(entry: Entry, outline: WireOutline, direction: "in" | "out", open: (opening: Opening) => number): number {
    const { id = "", type = "", from, to } = outline.attributes;
    const [side, asker] = direction === "in" ? (["client", "server"] as const) : (["server", "client"] as const);
    const label = labelOf(outline);
    if (type === "result" || type === "error") {
      const row = this.#under.askedBy(asker, id, direction === "in" ? to : from);
      if (row === undefined) return open({ group: "iq", from: side, title: label });
      const answer = type === "error" ? words("error", short(conditionOf(outline) ?? "")) : words("result", amountIn(outline));
      return this.#under.answer(row, entry, answer, type === "error");
    }
    const isBind = direction === "in" && subjectOf(outline) === "bind";
    const row = open({ group: isBind ? "bind" : "iq", from: side, title: label, mark: "open" });
    if (isBind) this.#under.begin("bind", row);
    this.#under.asks(side, id, { row, address: direction === "in" ? to : from });
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
      const known = this.#under.joinStep(entry);
      if (known !== undefined) return known;
      const end = isEnd ? this.#under.row("end") : undefined;
      if (end !== undefined) return this.#under.join(end, entry);
      const row = open({ group: isEnd ? "end" : groupOfEvent(event.type), from: isClients(event.type) ? "client" : "self", title, mark: isFault(event) ? "failed" : null });
      return isEnd ? this.#under.begin("end", row) : row;
    };
    switch (event.type) {
      case "sasl.started":
      case "sasl.challenged":
      case "sasl.continued":
      case "sasl.aborted":
      case "sasl.succeeded":
      case "sasl.failed":
      case "sasl2.started":
      case "sasl2.continued":
      case "sasl2.aborted":
        return this.#under.joinOr("sasl", entry, own);
      case "tls.established":
        return this.#under.finish("tls", entry, `STARTTLS → ${short(event.protocol)}`) ?? own();
      case "tls.failed":
        return this.#under.failing("tls", entry, `STARTTLS → failed: ${short(event.why)}`) ?? own();
      case "bind.requested":
        return this.#under.expecting("bind", own());
      case "resource.bound":
        return this.#under.finish("bind", entry, `bind → ${short(event.resource)}`) ?? own();
      case "bind.failed":
        return this.#under.failing("bind", entry, `bind → error ${event.condition}`) ?? own();
      case "resume.requested":
        return this.#under.expecting("resume", own());
      case "resume.granted":
        return this.#under.finish("resume", entry, "resume → granted") ?? own();
      case "resume.refused":
        return this.#under.failing("resume", entry, `resume → ${event.condition}`) ?? own();
      case "link.lost":
        this.#under.forgetRequests();
        return own();
      case "link.attached": {
        // What was closed for a restart has gone on.
        this.#under.forget("end");
        // What the client has is the first that is recorded of its step: the row is about the resumption all the same.
        const row = own();
        this.#rows.say(row, { group: "link", from: "client", title: "resume → resumed" });
        return this.#under.begin("resume", row);
      }
      default:
        return own();
    }
  }

  #fact(entry: Entry, fact: StoredFact, open: (opening: Opening) => number): number {
    const title = short(factWords(fact), 120);
    switch (fact.type) {
      case "StanzaQueued": {
        const { kind, id } = dataOf(fact, "StanzaQueued");
        const row = this.#under.takeLeft(fact.step, kind, id);
        const from = this.#state.get("")?.includes("hibernating") === true ? "waits" : "server";
        return row === undefined ? open({ group: kind, from, title }) : this.#under.join(row, entry);
      }
      case "StanzaHeld":
        return open({ group: dataOf(fact, "StanzaHeld").kind, from: "waits", title });
      case "SessionEnded":
        return this.#under.joinOr("end", entry, () => this.#under.joinStep(entry) ?? this.#under.begin("end", open({ group: "end", from: "self", title })));
      case "SessionSnapshotTaken": {
        const state = stateName((fact.data as { readonly value: unknown }).value);
        const before = this.#state.get("") ?? null;
        this.#rows.journal.set(this.#state, "", state);
        return this.#under.joinStep(entry) ?? open({ group: fact.version === 1 ? "sasl" : "state", from: "self", title, stateBefore: before, state });
      }
      default:
        return this.#under.joinStep(entry) ?? open({ group: isOfManagement(fact.type) ? "management" : "other", from: "self", title });
    }
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

function isOfManagement(type: string): boolean {
  return type === "StanzasCounted" || type === "StanzasAcknowledged" || type === "StanzasTaken" || type === "QueueDropped" || type === "HeldStanzasReleased";
}

function isFault({ type }: SessionEvent): boolean {
  return type === "stream.failed" || type === "host.failed" || type === "sasl.failed" || type === "bind.failed" || type === "tls.failed" || type === "resume.refused" || type === "queue.overflowed";
}
