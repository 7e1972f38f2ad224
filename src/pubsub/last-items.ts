/**
 * Sends the last item of nodes to those who come later (XEP-0163 section 4.3.4): to who becomes available, each item once in a period of
 * availability, and to who is let in. Many accounts may have to be looked at for one who comes, so few are at a time.
 */
import type { Account } from "../domain/account.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import { introductionsMax, lastItemsAccountsMax } from "../domain/limits.ts";
import { sees } from "../domain/roster.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import { isReached, jidOf, type Recipient } from "./audience.ts";
import { publishedEvent, tell } from "./events.ts";
import type { NodeHost } from "./host.ts";
import { readItems } from "./items.ts";
import { interestIn, type Entry, type Node } from "./node.ts";
import { nodeSpaces, readNode } from "./rows.ts";
import { Told, type Telling } from "./told.ts";
import { Turns } from "./turns.ts";

export interface Newcomer {
  readonly session: Session;
  readonly account: Account;
  /** The nodes that it wants to hear of from now on. */
  readonly nodes: readonly string[];
  /** Called in a step of its own as soon as it has been told of all that it wants; not at all where it leaves before. */
  readonly told: (step: Step) => void;
}

/** To whom the last item of a node goes. */
type Recipients = (step: Step, owner: Account, node: Node) => readonly Recipient[];

export class LastItems {
  readonly #host: NodeHost;
  /** Of sessions that have come, and of accounts, by their bare JIDs, that have let somebody in. */
  readonly #turns = new Turns<Session | string>(lastItemsAccountsMax, (worker) => this.#turn(worker));
  readonly #walks = new WeakMap<Session, Walk>();
  readonly #introductions = new Map<string, Introduction[]>();
  /** Of each session in its present period of availability. */
  readonly #told = new WeakMap<Session, Told>();
  #tellings = 0;

  constructor(host: NodeHost) {
    this.#host = host;
  }

  /** These are told of an item in the step in which it was published: it is no last item for them any more. */
  published(account: Account, node: string, entry: Entry, recipients: readonly Recipient[]): void {
    this.#add(account, node, entry, recipients);
  }

  /**
   * A session of an account became available, or says that it wants more: of all accounts whose presence its user sees, and its own. If
   * it is being told already it begins anew, with what it wanted before and wants still.
   */
  welcome({ session, account, nodes, told }: Newcomer): void {
    const features = this.#host.features(session);
    const wanted = new Set([...(this.#walks.get(session)?.nodes ?? []), ...nodes]);
    this.#walks.set(session, { account, nodes: [...wanted].filter((node) => features.has(interestIn(node))), told, owners: undefined });
    this.#turns.wake(session);
  }

  /** It is not available any more: what it is told when it comes back is told anew. */
  leave(session: Session): void {
    this.#walks.delete(session);
    this.#told.delete(session);
  }

  /** These have been let in, or have subscribed: they are told whatever they knew before. */
  introduce(account: Account, nodes: readonly string[], recipients: Recipients): void {
    const waiting = this.#introductions.get(account.bare) ?? [];
    if (waiting.length >= introductionsMax) return this.#host.log.debug({ jid: account.bare }, "too many are let in to nodes at once: last items are not sent");
    const willing: Recipients = (step, owner, node) => (node.config.send_last_published_item === "never" ? [] : recipients(step, owner, node));
    waiting.push({ jid: jidOf(account), nodes, since: this.#tellings, recipients: willing });
    this.#introductions.set(account.bare, waiting);
    this.#turns.wake(account.bare);
  }

  /** Nobody waits for it, and nobody is at fault where it fails. */
  async #turn(worker: Session | string): Promise<boolean> {
    const walk = typeof worker === "string" ? undefined : this.#walks.get(worker);
    try {
      if (typeof worker === "string") return await this.#introduceNext(worker);
      return walk !== undefined && await this.#walkOn(worker, walk);
    } catch (error) {
      this.#host.log.debug({ err: error, jid: typeof worker === "string" ? worker : walk?.account.bare }, "last items of nodes could not be sent");
      if (typeof worker === "string") return this.#introductions.has(worker);
      if (this.#walks.get(worker) === walk) this.#walks.delete(worker);
      return false;
    }
  }

  async #introduceNext(bareJid: string): Promise<boolean> {
    const waiting = this.#introductions.get(bareJid) ?? [];
    const next = waiting.shift();
    if (waiting.length === 0) this.#introductions.delete(bareJid);
    if (next !== undefined) await this.#visit(next);
    return this.#introductions.has(bareJid);
  }

  /** To the next account. Who has come anew since, or has left, has another walk or none. */
  async #walkOn(session: Session, walk: Walk): Promise<boolean> {
    if (!session.connected || !session.available) return false;
    walk.owners ??= [walk.account.bare, ...[...walk.account.contacts.values()].filter(sees).map(({ jid }) => jid)].values();
    const owner = walk.owners.next();
    const jid = owner.done === true ? undefined : parseJid(owner.value);
    if (jid !== undefined) await this.#visit({ jid, nodes: walk.nodes, since: 0, recipients: this.#reached(session, walk.account) });
    if (owner.done !== true || this.#walks.get(session) !== walk) return true;
    this.#walks.delete(session);
    this.#host.run(null, (step) => walk.told(step));
    return false;
  }

  #reached(session: Session, { bare }: Account): Recipients {
    return (step, owner, node) => {
      const reader = this.#host.account(step, bare);
      if (node.config.send_last_published_item !== "on_sub_and_presence" || reader === undefined) return [];
      return isReached(this.#host, owner, node, reader, session) ? [{ session, account: reader, to: session.jid }] : [];
    };
  }

  async #visit(visit: Introduction, tries = triesMax): Promise<void> {
    const host = this.#host;
    const account = await host.load(visit.jid);
    if (account === undefined) return;
    const published = account.states(nodeSpaces.nodes);
    const there = visit.nodes.filter((id) => published.has(id)).flatMap((id) => readNode(account, id) ?? []);
    if (there.length === 0) return;
    const due = host.run(null, (step) => there.filter((node) => this.#due(step, account, node, visit).length > 0));
    const left: string[] = [];
    for (const { id, entries } of due) {
      const entry = entries.at(-1)!;
      const [item] = await readItems(host, account, id, [entry]);
      host.run(null, (step) => {
        const node = host.account(step, account.bare) === account ? readNode(account, id) : undefined;
        // The account was not used for so long that it left the memory; or there is another item now, of which they may have been told.
        if (node?.entries.at(-1)?.at !== entry.at) return void left.push(id);
        if (item === undefined) return;
        const recipients = this.#due(step, account, node, visit);
        tell(host, step, account, node.config, recipients, publishedEvent(id, node.config, account, item), { replyTo: item.by, at: item.at });
        this.#add(account, id, entry, recipients);
      });
    }
    if (left.length > 0 && tries > 1) await this.#visit({ ...visit, nodes: left }, tries - 1);
  }

  /** Those who have not been told of the last item. */
  #due(step: Step, account: Account, node: Node, { since, recipients }: Introduction): readonly Recipient[] {
    const entry = node.entries.at(-1);
    if (entry === undefined) return [];
    const key = keyOf(account, node.id);
    return recipients(step, account, node).filter(({ session }) => this.#told.get(session)?.has(key, entry.at, since) !== true);
  }

  #add(account: Account, node: string, { at }: Entry, recipients: readonly Recipient[]): void {
    const key = keyOf(account, node);
    const telling: Telling = { at, number: (this.#tellings += 1) };
    for (const { session } of recipients) {
      const told = this.#told.get(session) ?? new Told();
      told.add(key, telling);
      this.#told.set(session, told);
    }
  }
}

/** Of a session, over all whose presence its user sees. */
interface Walk {
  readonly account: Account;
  readonly nodes: readonly string[];
  readonly told: Newcomer["told"];
  /** Those that are left, by their bare JIDs; undefined before its first turn. */
  owners: Iterator<string> | undefined;
}

interface Introduction {
  readonly jid: Jid;
  readonly nodes: readonly string[];
  /** Tellings before it: what was told by them does not count. */
  readonly since: number;
  readonly recipients: Recipients;
}

const triesMax = 3;

function keyOf({ bare }: Account, node: string): string {
  return `${bare}/${node}`;
}
