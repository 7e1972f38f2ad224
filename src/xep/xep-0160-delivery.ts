/** How the messages that were kept for a user get to a client, and when they are gone from the store. */
import type { Account } from "../domain/account.ts";
import { parseJid } from "../domain/jid.ts";
import { archiveIdsMax, archiveMissesMax, offlinePageMax } from "../domain/limits.ts";
import { forgetGiven, wasGiven } from "../router/archive-given.ts";
import type { House, StoredMessage } from "../router/house.ts";
import { readKept } from "../router/kept-element.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
import { stanzaIdOf } from "../xml/stanza-id.ts";

export function deliveryOf(house: House, account: Account): Delivery {
  let delivery = deliveries.get(account);
  if (delivery === undefined) deliveries.set(account, (delivery = new Delivery(house, account)));
  return delivery;
}

/** An account that is dropped from memory has no session, and what was on its way to one waits again. */
const deliveries = new WeakMap<Account, Delivery>();

/** Messages that were given to a session, of which it is not certain that its client has them. */
interface Flight {
  readonly numbers: readonly number[];
  readonly bytes: number;
}

interface Archived {
  readonly removals: number;
  readonly messages: readonly StoredMessage[];
}

/** How the messages of one account get to its user. Nothing newer overtakes them: the account is held while they are read. */
class Delivery {
  readonly #house: House;
  readonly #account: Account;
  readonly #flights = new Set<Flight>();
  /** The numbers of messages that cannot be read: they stay where they are, and nobody waits for them. */
  readonly #unreadable = new Set<number>();
  /** How often some were removed: whoever has read them before does not know which are there. */
  #removals = 0;
  #reading = false;
  /** What was on its way waits again, since reading began. */
  #lost = false;

  constructor(house: House, account: Account) {
    this.#house = house;
    this.#account = account;
  }

  /** Begins to deliver if something waits that is on its way to nobody, and somebody is there: `first` before others. */
  look(step: Step, first?: Session): void {
    // Who is there to take them is decided when they have been read.
    if (this.#reading) return;
    const house = this.#house;
    const account = this.#account;
    const waiting = (account.meta("offlineMessages") ?? 0) - this.#setAside().size;
    if (!this.#exists(step) || waiting <= 0 || this.#recipient(first) === undefined) return;
    this.#reading = true;
    house.hold(account, this.#deliver(step.id, first));
  }

  /** Those that wait and that the user finds in the archive, as it is now. */
  async archived(): Promise<Archived> {
    const removals = this.#removals;
    const read = await this.#read();
    const ids = read.flatMap((message) => {
      const element = readKept(this.#house.log, this.#account, `offline message ${message.number}`, message.stanza);
      const id = element && stanzaIdOf(element, this.#account.bare);
      return id === undefined ? [] : [{ message, id }];
    });
    const there = await this.#inArchive(ids.map(({ id }) => id));
    return { removals, messages: ids.flatMap(({ message, id }) => (there.has(id) ? [message] : [])) };
  }

  /** They are not given to anybody any more, unless they are on their way to somebody already. */
  drop(step: Step, { removals, messages }: Archived): void {
    // Some have gone meanwhile, and nobody knows which: the rest waits for whoever becomes available.
    if (removals !== this.#removals || this.#reading) return;
    const aside = this.#setAside();
    const gone = messages.filter(({ number }) => !aside.has(number));
    if (gone.length > 0) this.#remove(step, flightOf(gone));
  }

  /** Which of them are in the archive. What is not is what has been trimmed, the oldest, of which each is found out by itself: so not too many. */
  async #inArchive(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    let left = ids;
    for (let misses = 0; left.length > 0 && misses < archiveMissesMax; ) {
      const asked = left.slice(0, archiveIdsMax);
      const page = await this.#house.archive.page(this.#account, { ids: asked, page: { max: 0 } });
      if ("missing" in page) {
        misses += 1;
        left = left.filter((id) => id !== page.missing);
        continue;
      }
      for (const id of asked) found.add(id);
      left = left.slice(asked.length);
    }
    return found;
  }

  async #deliver(cause: string, first: Session | undefined): Promise<void> {
    // Not before the step that asked for it is over: it may have recorded what is to be read.
    await Promise.resolve();
    try {
      let messages: readonly StoredMessage[];
      do {
        this.#lost = false;
        messages = await this.#read();
      } while (this.#lost);
      this.#house.run(cause, (step) => this.#give(step, messages, first));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** In order, without those that are set aside. */
  async #read(): Promise<readonly StoredMessage[]> {
    const aside = this.#setAside();
    const found: StoredMessage[] = [];
    for (let after = 0; ; ) {
      const page = await this.#house.data.offlineMessages(this.#account, after, offlinePageMax);
      found.push(...page.filter(({ number }) => !aside.has(number)));
      const last = page.at(-1);
      if (last === undefined || page.length < offlinePageMax) return found;
      after = last.number;
    }
  }

  /** All to one resource, in one step. If nobody is there any more they go on waiting. */
  #give(step: Step, messages: readonly StoredMessage[], first: Session | undefined): void {
    this.#reading = false;
    const session = this.#exists(step) ? this.#recipient(first) : undefined;
    if (session === undefined) return;
    const given: StoredMessage[] = [];
    const blocked: StoredMessage[] = [];
    for (const message of messages) {
      const element = readKept(this.#house.log, this.#account, `offline message ${message.number}`, message.stanza);
      if (element === undefined) {
        this.#unreadable.add(message.number);
        continue;
      }
      // XEP-0191 section 3.3: nothing is delivered of whom the user has blocked since.
      const barred = this.#isBlocked(element);
      (barred ? blocked : given).push(message);
      if (!barred && !this.#hasFromArchive(session, element)) session.deliver(step, element);
    }
    forgetGiven(session);
    if (blocked.length > 0) this.#remove(step, flightOf(blocked));
    if (given.length > 0) this.#follow(step, session, flightOf(given));
  }

  /**
   * When a message that was given is gone from the store: for a session that does not count stanzas, when its client certainly has
   * it. A session that counts them (XEP-0198) keeps what it was given itself; what goes into its queue is removed in the same step.
   */
  #follow(step: Step, session: Session, flight: Flight): void {
    this.#flights.add(flight);
    step.ifDiscarded(() => this.#flights.delete(flight));
    session.onReceipt(step, {
      received: (step) => {
        this.#flights.delete(flight);
        this.#remove(step, flight);
      },
      lost: (step) => {
        this.#flights.delete(flight);
        this.#lost = true;
        this.look(step);
      },
    });
  }

  /** Nobody waits until that is on the disk: lost, it means that a client gets a message twice. */
  #remove(step: Step, { numbers, bytes }: Flight): void {
    if (!this.#exists(step)) return;
    this.#removals += 1;
    const { host, username } = this.#account;
    this.#house.change(step, this.#account, { type: "OfflineMessagesRemoved", data: { host, username, numbers, bytes } }, false);
  }

  /** Whoever is there would get newer messages before these. When they come again, these are tried again. */
  #fail(error: unknown): void {
    this.#reading = false;
    const there = this.#there();
    if (there.length === 0) return;
    this.#house.log.error({ err: error, jid: this.#account.bare }, "messages that wait for a user could not be delivered");
    for (const session of there) session.close("internal-server-error", "messages that wait for you could not be delivered");
  }

  /** Those that are on their way, and those that cannot be read. */
  #setAside(): ReadonlySet<number> {
    return new Set([...this.#unreadable, ...[...this.#flights].flatMap(({ numbers }) => numbers)]);
  }

  /** The account was not deleted, nor made anew, since its messages were looked for. */
  #exists(step: Step): boolean {
    return this.#house.account(step, this.#account.bare) === this.#account;
  }

  #there(): readonly Session[] {
    return this.#house.sessions(this.#account.bare).filter(takesMessages);
  }

  #recipient(first: Session | undefined): Session | undefined {
    const there = this.#there();
    return there.find((session) => session === first) ?? there.toSorted((a, b) => b.priority - a.priority)[0];
  }

  /**
   * XEP-0313 section 6.1.1: this very client has asked its archive for it, and was sent it, before it became available. It counts as
   * given: like what was delivered, it is gone from here when it is certain that the client has all that it was sent so far.
   */
  #hasFromArchive(session: Session, element: Element): boolean {
    const id = stanzaIdOf(element, this.#account.bare);
    return id !== undefined && wasGiven(session, id);
  }

  #isBlocked(element: Element): boolean {
    const from = parseJid(String(element.attrs["from"]));
    return from !== undefined && this.#account.blocks(from);
  }
}

function flightOf(messages: readonly StoredMessage[]): Flight {
  return { numbers: messages.map(({ number }) => number), bytes: messages.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** RFC 6121 section 8.5.2.1.1. Who has no link gets them when it is resumed, if nobody else was there before. */
function takesMessages(session: Session): boolean {
  return session.connected && !session.hibernating && session.available && session.priority >= 0;
}
