/**
 * Sends the last item of nodes to those who come later (XEP-0163 section 4.3.4): to who becomes available, once in each period of
 * availability and node, and to who is let in. Many accounts may have to be looked at for one who comes, so few are at a time.
 */
import type { Account } from "../domain/account.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import { lastItemsAccountsMax } from "../domain/limits.ts";
import { sees } from "../domain/roster.ts";
import type { Session } from "../session/environment.ts";
import type { Step } from "../step/batch.ts";
import { isReached, jidOf, type Recipient } from "./audience.ts";
import { publishedEvent, tell } from "./events.ts";
import type { NodeHost } from "./host.ts";
import { readItems } from "./items.ts";
import type { Entry, Node } from "./node.ts";
import { nodeSpaces, readNode } from "./rows.ts";

export interface Newcomer {
  readonly session: Session;
  readonly account: Account;
  /** The nodes that it wants to hear of from now on. */
  readonly nodes: readonly string[];
  /** It has been told of everything that was published before: ms since 1970. */
  readonly knowsUntil: number;
}

/** To whom the last item of a node goes. */
type Recipients = (step: Step, owner: Account, node: Node) => readonly Recipient[];

export class LastItems {
  readonly #host: NodeHost;
  readonly #turns = new Turns(lastItemsAccountsMax);
  /** Publications since the start, and which was the last of each node. Clocks do not say what was first: they stand still, and go back. */
  #publications = 0;
  readonly #latest = new WeakMap<Account, Map<string, { readonly number: number; readonly at: number }>>();

  constructor(host: NodeHost) {
    this.#host = host;
  }

  /** Everybody who is to be told of it now is told: it is no last item for those who have come before. */
  published(account: Account, node: string, { at }: Pick<Entry, "at">): void {
    const latest = this.#latest.get(account) ?? new Map<string, { readonly number: number; readonly at: number }>();
    this.#latest.set(account, latest.set(node, { number: (this.#publications += 1), at }));
  }

  /** A session of an account became available, or says that it wants more: of all accounts whose presence its user sees, and its own. */
  welcome(newcomer: Newcomer): void {
    this.#begin(newcomer.account, this.#welcome(newcomer));
  }

  /** These have been let in, or have subscribed. */
  introduce(account: Account, nodes: readonly string[], recipients: Recipients): void {
    const since = this.#publications;
    const willing: Recipients = (step, owner, node) => (node.config.send_last_published_item === "never" ? [] : recipients(step, owner, node));
    this.#begin(account, this.#turns.take(() => this.#sendFrom({ jid: jidOf(account), nodes, knowsUntil: 0, since, recipients: willing })));
  }

  /** It goes on by itself: nobody waits for it, and nobody is at fault where it fails. */
  #begin({ bare }: Account, work: Promise<void>): void {
    work.catch((error: unknown) => this.#host.log.debug({ err: error, jid: bare }, "last items of nodes could not be sent"));
  }

  async #welcome({ session, account, nodes, knowsUntil }: Newcomer): Promise<void> {
    const since = this.#publications;
    const contacts = [...account.contacts.values()].filter(sees).flatMap(({ jid }) => parseJid(jid) ?? []);
    const recipients: Recipients = (step, owner, node) => {
      const reader = this.#host.account(step, account.bare);
      if (node.config.send_last_published_item !== "on_sub_and_presence" || reader === undefined) return [];
      return isReached(this.#host, owner, node, reader, session) ? [{ session, account: reader, to: session.jid }] : [];
    };
    for (const jid of [jidOf(account), ...contacts]) {
      if (!session.connected || !session.available) return;
      await this.#turns.take(() => this.#sendFrom({ jid, nodes, knowsUntil, since, recipients }));
    }
  }

  async #sendFrom(sending: Sending, tries = triesMax): Promise<void> {
    const host = this.#host;
    const { jid, nodes, recipients } = sending;
    const account = await host.load(jid);
    if (account === undefined) return;
    const published = account.states(nodeSpaces.nodes);
    const wanted = nodes.filter((id) => published.has(id)).flatMap((id) => readNode(account, id) ?? []);
    if (wanted.length === 0) return;
    const last = host.run(null, (step) => wanted.flatMap((node) => {
      const entry = node.entries.at(-1);
      if (entry === undefined) return [];
      const number = this.#numberOf(account, node.id, entry);
      return isTold(entry, sending, number) || recipients(step, account, node).length === 0 ? [] : [{ id: node.id, entry, number }];
    }));
    const left: string[] = [];
    for (const { id, entry, number } of last) {
      const [item] = await readItems(host, account, id, [entry]);
      host.run(null, (step) => {
        if (host.account(step, account.bare) !== account) return void left.push(id);
        const node = readNode(account, id);
        // Whoever published something else meanwhile has told them of it; whoever took it back wants it told to nobody.
        const last = node?.entries.at(-1);
        if (item === undefined || node === undefined || last?.at !== entry.at || this.#numberOf(account, id, last) !== number) return;
        const event = publishedEvent(id, node.config, account, item);
        tell(host, step, account, node.config, recipients(step, account, node), event, { replyTo: item.by, at: item.at });
      });
    }
    // The account was not used for so long that it left the memory: what was read of it may be of the past.
    if (left.length > 0 && tries > 1) await this.#sendFrom({ ...sending, nodes: left }, tries - 1);
  }

  #numberOf(account: Account, node: string, { at }: Entry): number | undefined {
    const latest = this.#latest.get(account)?.get(node);
    return latest?.at === at ? latest.number : undefined;
  }
}

interface Sending {
  readonly jid: Jid;
  readonly nodes: readonly string[];
  readonly knowsUntil: number;
  /** The last publication before they came. */
  readonly since: number;
  readonly recipients: Recipients;
}

const triesMax = 3;

/** Whether they have been told of the item already. `number`: that of its publication, if it was published since the start. */
function isTold({ at }: Entry, { knowsUntil, since }: Sending, number: number | undefined): boolean {
  return number === undefined ? at <= knowsUntil : number > since;
}

/** Lets so many pieces of work go on at once; others wait in their order. */
class Turns {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(free: number) {
    this.#free = free;
  }

  async take(work: () => Promise<void>): Promise<void> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free -= 1;
    try {
      await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
