/** What the server tells everybody: announcements, and the message of the day. */
import type { Account } from "../domain/account.ts";
import { serverStream } from "../domain/facts.ts";
import { makeJid } from "../domain/jid.ts";
import { announcementBytesMax, announcementGapMs, announcementsAtOnce } from "../domain/limits.ts";
import { motdSet } from "../domain/motd.ts";
import type { AccountCache } from "../session/account-cache.ts";
import type { Session } from "../session/environment.ts";
import type { Registry } from "../session/registry.ts";
import type { Batch, Step } from "../step/batch.ts";
import { isXmlChar } from "../xml/characters.ts";
import { clientNamespace, el } from "../xml/stanza.ts";
import type { MessageOfTheDay } from "./administration.ts";
import type { House } from "./house.ts";

export interface BulletinOptions {
  readonly registry: Registry;
  readonly accounts: AccountCache;
  readonly batch: Batch;
  readonly house: () => House;
  /** As it was left. */
  readonly motd: MessageOfTheDay | undefined;
}

export class Bulletin {
  readonly #options: BulletinOptions;
  #motd: MessageOfTheDay | undefined;
  /** What accounts are being shown, by their bare JIDs: it is not yet certain that a client has it. */
  readonly #showing = new Map<string, string>();

  constructor(options: BulletinOptions) {
    this.#options = options;
    this.#motd = options.motd;
  }

  get motd(): MessageOfTheDay | undefined {
    return this.#motd;
  }

  /** Returns how many sessions are told: a few now, the others soon. Throws RangeError for what is no text for it. */
  announce(text: string): number {
    mustBeText(text);
    return this.#tellAll((step, session, account) => this.#deliver(step, session, account, "Announcement", text));
  }

  /** Resolves when it is durable, and before everybody is shown it. Throws RangeError for what is no text for it. */
  async setMotd(text: string, how: "new" | "edit"): Promise<void> {
    mustBeText(text);
    const edited = how === "edit" ? this.#motd : undefined;
    const motd = { id: edited?.id ?? this.#options.house().nextId(), text };
    await this.#record(motd);
    if (edited === undefined) this.#tellAll((step, session, account) => this.#show(step, session, account, motd));
  }

  async deleteMotd(): Promise<void> {
    if (this.#motd !== undefined) await this.#record(undefined);
  }

  /** Shows somebody who has just come what is new to the account. */
  showMotd(step: Step, session: Session, account: Account): void {
    const motd = this.#motd;
    if (motd === undefined || !takesMessages(session)) return;
    if (account.state(space, key) !== motd.id && this.#showing.get(account.bare) !== motd.id) this.#show(step, session, account, motd);
  }

  async #record(motd: MessageOfTheDay | undefined): Promise<void> {
    const { batch } = this.#options;
    const ticket = batch.run(null, (step) => step.record(serverStream, motdSet({ id: motd?.id ?? null, text: motd?.text ?? null }), true));
    await batch.durable(ticket);
    this.#motd = motd;
  }

  /** It counts as shown when that is certain: else it is shown once more, with the next login. */
  #show(step: Step, session: Session, account: Account, { id, text }: MessageOfTheDay): void {
    const { house, accounts } = this.#options;
    const { bare } = account;
    const over = (): void => void (this.#showing.get(bare) === id && this.#showing.delete(bare));
    this.#showing.set(bare, id);
    step.ifDiscarded(over);
    this.#deliver(step, session, account, "Message of the day", text);
    session.onReceipt(step, {
      received(step) {
        over();
        const account = accounts.read(step, bare);
        if (account !== undefined && account.state(space, key) !== id) house().setState(step, account, space, key, id);
      },
      lost: over,
    });
  }

  /** RFC 6121 section 5.2.2: a headline expects no answer, and is not kept for who is not there. */
  #deliver(step: Step, session: Session, account: Account, subject: string, text: string): void {
    const house = this.#options.house();
    const [from, to, id] = [makeJid(undefined, account.host), session.jid, house.nextId()];
    const attrs = { xmlns: clientNamespace, type: "headline", id, from: from.full, to: to.full };
    const element = el("message", attrs, el("subject", {}, subject), el("body", {}, text));
    house.deliver(step, { element, kind: "message", type: "headline", id, from, to }, account, session);
  }

  /** In portions: others have their turn between them. */
  #tellAll(tell: (step: Step, session: Session, account: Account) => void): number {
    const { registry, accounts, batch, house } = this.#options;
    const sessions = [...registry.all()].filter(takesMessages);
    const next = (step: Step, from: number): void => {
      for (const session of sessions.slice(from, from + announcementsAtOnce)) {
        const account = takesMessages(session) ? accounts.read(step, session.jid.bare) : undefined;
        if (account !== undefined) tell(step, session, account);
      }
      const after = from + announcementsAtOnce;
      if (after < sessions.length) house().later(step, announcementGapMs, (step) => next(step, after));
    };
    batch.run(null, (step) => next(step, 0));
    return sessions.length;
  }
}

/** Where it is noted what an account was shown: the name of the extension that shows it. */
const space = "message-of-the-day";
const key = "shown";

/** RFC 6121 section 8.5.2.1.1: who has a negative priority wants nothing that is for the user. */
function takesMessages(session: Session): boolean {
  return session.connected && session.available && session.priority >= 0;
}

function mustBeText(text: string): void {
  if (text.trim() === "") throw new RangeError("the text: expected at least a word, got nothing");
  const bytes = Buffer.byteLength(text);
  if (bytes > announcementBytesMax) throw new RangeError(`the text: expected at most ${announcementBytesMax} bytes, got ${bytes}`);
  if (![...text].every((character) => isXmlChar(character.codePointAt(0)!))) throw new RangeError("the text: it has a character that XML has not; leave out control characters");
}
