/**
 * Somebody with a client: sends numbered messages to contacts, changes status and roster, asks others, and enters all that into the
 * ledger, together with what comes from others.
 */
import { childOf, showXml, textOf, type Xml } from "../../support/xml-reader.ts";
import type { Sending } from "./client.ts";
import type { Decisions } from "./decisions.ts";
import type { Channel, Kind, Ledger } from "./ledger.ts";
import { RosterBook } from "./roster-book.ts";

const rosterNamespace = "jabber:iq:roster";
const mucNamespace = "http://jabber.org/protocol/muc";
/** Contacts without a subscription that one person has at most: beyond it the oldest are removed first. */
const strangersMax = 6;

/** What a person needs of a client. */
export interface Voice {
  readonly jid: string;
  send(sending: Sending): void;
}

export interface PersonSettings {
  /** The localpart. */
  readonly name: string;
  readonly domain: string;
  /** The localparts of those who see each other with this one. */
  readonly friends: readonly string[];
  readonly voice: Voice;
  readonly ledger: Ledger;
  readonly decisions: Decisions;
  /** The localparts of all who are in the room, this one too. */
  readonly everybody: readonly string[];
  /** What is no matter of numbers; `words` lead to the stanzas that have to do with it. */
  trouble(trouble: "flaps" | "faults", text: string, words: readonly string[]): void;
}

export class Person {
  readonly name: string;
  readonly roster = new RosterBook();
  readonly #settings: PersonSettings;
  /** Since the friends see each other everything counts. */
  #isCounted = false;
  #greeted = new Set<string>();
  /** The number of the last presence. */
  #status = 0;
  #strangers: string[] = [];
  /** The numbers of removals, by address. */
  readonly #removals = new Map<string, number>();
  /** Who is in the room. */
  readonly #seen = new Set<string>();
  #questions = 0;
  readonly #asked = new Map<string, (answer: Xml) => void>();

  constructor(settings: PersonSettings) {
    this.#settings = settings;
    this.name = settings.name;
  }

  /** Becomes available and interested in the roster. */
  enter(): void {
    void this.fetchRoster(undefined).then((answer) => this.roster.replace(childOf(answer, "query")));
    this.#send(`<presence><status>${this.#status}</status></presence>`);
  }

  /** Asks the friends that come after this one by name; they ask back. */
  befriend(): void {
    for (const friend of this.#settings.friends) if (friend > this.name) this.#send(`<presence type='subscribe' to='${this.#bare(friend)}'/>`);
  }

  /** All friends see this one, and it sees them. */
  get isAmongFriends(): boolean {
    return this.#settings.friends.every((friend) => this.#greeted.has(friend) && this.roster.subscription(this.#bare(friend)) === "both");
  }

  enterRoom(): void {
    this.#send(`<presence to='${this.#room}/${this.name}'><x xmlns='${mucNamespace}'/></presence>`);
  }

  /** Everybody may enter from then on (XEP-0045 section 10.1.2), and it stays. */
  async openRoom(): Promise<void> {
    const field = (name: string, value: string) => `<field var='${name}'><value>${value}</value></field>`;
    const form = field("FORM_TYPE", `${mucNamespace}#roomconfig`) + field("muc#roomconfig_persistentroom", "1");
    await this.#ask(`<query xmlns='${mucNamespace}#owner'><x xmlns='jabber:x:data' type='submit'>${form}</x></query>`, this.#room, "set");
  }

  /** Whether this one sees so many there, itself too. */
  isInRoom(count: number): boolean {
    return this.#seen.size === count && this.#seen.has(this.name);
  }

  /** The nicks of those who are in the room, as the server says, in order. */
  async fetchOccupants(): Promise<readonly string[]> {
    const query = childOf(await this.#ask("<query xmlns='http://jabber.org/protocol/disco#items'/>", this.#room), "query");
    return (query?.children ?? []).flatMap((child) => (typeof child === "string" ? [] : [(child.attrs["jid"] ?? "").slice(this.#room.length + 1)])).toSorted();
  }

  /** From now on nothing may be missing. */
  begin(): void {
    this.#isCounted = true;
    this.roster.begin();
  }

  /** Does something, by chance. */
  act(): void {
    const { decisions, friends } = this.#settings;
    const dice = decisions.fraction();
    if (dice < 0.66) this.#message(decisions.pick(friends));
    else if (dice < 0.7) this.#say();
    else if (dice < 0.72) this.#show();
    else if (dice < 0.78) for (let left = decisions.whole(3, 15); left > 0; left--) this.#message(decisions.pick(friends));
    else if (dice < 0.84) this.#presence();
    else if (dice < 0.9) this.#changeRoster();
    else this.#ping(decisions.chance(0.5) ? decisions.pick(friends) : undefined);
  }

  /** Resolves with the answer, which may be an empty one if `version` is given (RFC 6121 section 2.6.3). */
  async fetchRoster(version: string | undefined): Promise<Xml> {
    const ver = version === undefined ? "" : ` ver='${version}'`;
    return this.#ask(`<query xmlns='${rosterNamespace}'${ver}/>`, undefined);
  }

  /** A question to the server; what was sent before it is done when it is answered. */
  async catchUp(): Promise<void> {
    await this.#ask("<ping xmlns='urn:xmpp:ping'/>", this.#settings.domain);
  }

  /** A stanza came. */
  stanza(stanza: Xml): void {
    const { type } = stanza.attrs;
    if (type === "error") this.#fault(stanza);
    else if (stanza.name !== "iq" && stanza.attrs["from"]?.startsWith(`${this.#room}/`) === true) this.#roomCame(stanza);
    else if (stanza.name === "message" && stanza.attrs["from"] === this.#room) return;
    else if (stanza.name === "message") this.#messageCame(stanza);
    else if (stanza.name === "presence") this.#presenceCame(stanza);
    else if (type === "result") this.#answerCame(stanza);
    else this.#requestCame(stanza);
  }

  #message(friend: string): void {
    const channel = this.#channel("message", friend);
    const number = this.#settings.ledger.send(channel);
    const to = this.#settings.decisions.chance(0.5) ? this.#bare(friend) : `${this.#bare(friend)}/phone`;
    const text = `<message type='chat' to='${to}' id='${this.name}-${friend}-${number}'><body>${escape(bodyOf(number))}</body></message>`;
    this.#send(text, [channel]);
  }

  #messageCame(stanza: Xml): void {
    const from = this.#friendIn(stanza);
    const body = textOf(childOf(stanza, "body"));
    const number = Number.parseInt(body, 10);
    const id = `${from}-${this.name}-${number}`;
    if (from === undefined || stanza.attrs["id"] !== id || body !== bodyOf(number)) return this.#fault(stanza);
    this.#settings.ledger.deliver({ kind: "message", from, to: this.name }, number);
  }

  #say(): void {
    const channels = this.#settings.everybody.map((name) => this.#channel("said", name));
    const number = channels.map((channel) => this.#settings.ledger.send(channel))[0] ?? 0;
    this.#send(`<message type='groupchat' to='${this.#room}' id='${this.name}~${number}'><body>${escape(bodyOf(number))}</body></message>`, channels);
  }

  #show(): void {
    const channels = this.#settings.everybody.map((name) => this.#channel("shown", name));
    const number = channels.map((channel) => this.#settings.ledger.send(channel))[0] ?? 0;
    this.#send(`<presence to='${this.#room}/${this.name}'><status>${number}</status></presence>`, channels);
  }

  /** From one who is in the room. */
  #roomCame(stanza: Xml): void {
    const from = stanza.attrs["from"]!.slice(this.#room.length + 1);
    const { ledger, everybody } = this.#settings;
    if (!everybody.includes(from)) return this.#fault(stanza);
    if (stanza.name === "message") {
      const body = textOf(childOf(stanza, "body"));
      const number = Number.parseInt(body, 10);
      if (stanza.attrs["id"] !== `${from}~${number}` || body !== bodyOf(number) || childOf(stanza, "delay") !== undefined) return this.#fault(stanza);
      return ledger.deliver({ kind: "said", from, to: this.name }, number);
    }
    const number = Number(textOf(childOf(stanza, "status")));
    if (stanza.attrs["type"] !== undefined || (this.#isCounted && number === 0)) {
      return this.#settings.trouble("flaps", `${this.name} was told that ${from} came or went: ${showXml(stanza)}`, [`from='${this.#room}/${from}'`]);
    }
    this.#seen.add(from);
    if (number > 0) ledger.deliver({ kind: "shown", from, to: this.name }, number);
  }

  #presence(): void {
    const { friends, ledger, decisions } = this.#settings;
    const channels = friends.map((friend) => this.#channel("presence", friend));
    const number = channels.map((channel) => ledger.send(channel))[0] ?? 0;
    const show = decisions.pick(["", "<show>away</show>", "<show>dnd</show>", "<show>chat</show>", "<show>xa</show>"]);
    this.#status = number;
    this.#send(`<presence>${show}<status>${number}</status></presence>`, channels);
  }

  #presenceCame(stanza: Xml): void {
    const { type, from: sender = "" } = stanza.attrs;
    // RFC 6121 section 4.4.2: the own presence comes too.
    if (sender.startsWith(`${this.#bare(this.name)}/`) && type === undefined) return;
    const from = this.#friendIn(stanza);
    const number = Number(textOf(childOf(stanza, "status")));
    if (from === undefined) return this.#fault(stanza);
    if (!this.#isCounted) return this.#friendshipGrows(from, type);
    if (type !== undefined && type !== "unavailable") return this.#fault(stanza);
    if (type === "unavailable" || number === 0) {
      const text = `${this.name} was told ${type === undefined ? "anew that" : "that"} ${from} is ${type === undefined ? "there" : "gone"}`;
      return this.#settings.trouble("flaps", `${text}: ${showXml(stanza)}`, [`<presence from='${this.#bare(from)}/`]);
    }
    this.#settings.ledger.deliver({ kind: "presence", from, to: this.name }, number);
  }

  #friendshipGrows(friend: string, type: string | undefined): void {
    if (type === undefined) this.#greeted.add(friend);
    if (type !== "subscribe") return;
    this.#send(`<presence type='subscribed' to='${this.#bare(friend)}'/>`);
    if (friend < this.name) this.#send(`<presence type='subscribe' to='${this.#bare(friend)}'/>`);
  }

  /** Adds, renames or removes a contact. */
  #changeRoster(): void {
    const { decisions, friends, domain, ledger } = this.#settings;
    const push = this.#channel("push", this.name);
    const number = ledger.send(push);
    const dice = this.#strangers.length >= strangersMax ? 0.9 : decisions.fraction();
    if (dice >= 0.7 && this.#strangers.length > 0) {
      const jid = this.#strangers.shift()!;
      this.roster.want(jid, "remove");
      this.#removals.set(jid, number);
      this.#question(`<query xmlns='${rosterNamespace}'><item jid='${jid}' subscription='remove'/></query>`, undefined, [push]);
      return;
    }
    const known = dice < 0.35 ? this.#strangers : friends.map((friend) => this.#bare(friend));
    const isNew = dice >= 0.5 || known.length === 0;
    const jid = isNew ? `stranger-${this.name}-${number}@${domain}` : decisions.pick(known);
    if (isNew) this.#strangers.push(jid);
    const groups = ["Friends", "Émigrés & <others>"].filter(() => decisions.chance(0.3));
    const name = `number ${number}`;
    this.roster.want(jid, { name, groups });
    const content = groups.map((group) => `<group>${escape(group)}</group>`).join("");
    this.#question(`<query xmlns='${rosterNamespace}'><item jid='${jid}' name='${name}'>${content}</item></query>`, undefined, [push]);
  }

  #pushCame(query: Xml): void {
    this.roster.push(query);
    if (!this.#isCounted) return;
    const [item] = query.children;
    if (item === undefined || typeof item === "string" || query.children.length > 1) return this.#fault(query);
    const { jid = "", name = "", subscription } = item.attrs;
    const number = subscription === "remove" ? this.#removals.get(jid) : Number(/^number (\d+)$/.exec(name)?.[1]);
    this.#settings.ledger.deliver(this.#channel("push", this.name), number ?? Number.NaN);
  }

  #ping(friend: string | undefined): void {
    this.#question("<ping xmlns='urn:xmpp:ping'/>", friend === undefined ? this.#settings.domain : `${this.#bare(friend)}/phone`);
  }

  /** An iq whose answer is entered into the ledger. */
  #question(content: string, to: string | undefined, channels: readonly Channel[] = []): void {
    const answers = this.#channel("answer", this.name);
    const number = this.#settings.ledger.send(answers);
    this.#iq(content, to, `${this.name}?${number}`, [answers, ...channels]);
  }

  #ask(content: string, to: string | undefined, type?: "set"): Promise<Xml> {
    const id = `${this.name}!${++this.#questions}`;
    this.#iq(content, to, id, [], type);
    return new Promise((resolve) => this.#asked.set(id, resolve));
  }

  #iq(content: string, to: string | undefined, id: string, channels: readonly Channel[], type = content.includes("<item") ? "set" : "get"): void {
    this.#send(`<iq type='${type}' id='${id}'${to === undefined ? "" : ` to='${to}'`}>${content}</iq>`, channels);
  }

  #answerCame(stanza: Xml): void {
    const { id = "" } = stanza.attrs;
    const asked = this.#asked.get(id);
    const [, name, number] = /^(.+)\?(\d+)$/.exec(id) ?? [];
    if (asked !== undefined) {
      this.#asked.delete(id);
      asked(stanza);
    } else if (name === this.name) this.#settings.ledger.deliver(this.#channel("answer", this.name), Number(number));
    else this.#fault(stanza);
  }

  #requestCame(stanza: Xml): void {
    const { from, id = "", type } = stanza.attrs;
    const query = childOf(stanza, "query");
    const isOwn = from === undefined || from === this.#bare(this.name);
    if (type === "set" && query?.xmlns === rosterNamespace && isOwn) this.#pushCame(query);
    else if (type !== "get" || childOf(stanza, "ping") === undefined) return this.#fault(stanza);
    this.#send(`<iq type='result' id='${escape(id)}'${isOwn ? "" : ` to='${escape(from)}'`}/>`);
  }

  #send(text: string, channels: readonly Channel[] = []): void {
    const { voice, ledger } = this.#settings;
    voice.send({
      text,
      accepted: () => {
        for (const channel of channels) ledger.accept(channel);
      },
    });
  }

  #fault(stanza: Xml): void {
    this.#settings.trouble("faults", `${this.name} did not expect ${showXml(stanza)}`, []);
  }

  #channel(kind: Kind, to: string): Channel {
    return { kind, from: this.name, to };
  }

  get #room(): string {
    return `crash@muc.${this.#settings.domain}`;
  }

  #bare(name: string): string {
    return `${name}@${this.#settings.domain}`;
  }

  #friendIn({ attrs: { from = "" } }: Xml): string | undefined {
    return this.#settings.friends.find((friend) => from === this.#bare(friend) || from.startsWith(`${this.#bare(friend)}/`));
  }
}

/** What a message with this number says: mostly little, sometimes much, and now and then what is easily damaged. */
export function bodyOf(number: number): string {
  if (number % 50 === 0) return `${number} ${"long enough to come in several pieces ".repeat(90)}`;
  if (number % 7 === 0) return `${number} <Ромео> & "Juliette" 😀 ]]> 'été'`;
  return `${number} plain`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("'", "&apos;");
}
