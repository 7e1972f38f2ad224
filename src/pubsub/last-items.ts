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
  /** Since when it is told of what is published, as all others are: ms since 1970. */
  readonly since: number;
}

/** To whom the last item of a node goes. */
type Recipients = (step: Step, owner: Account, node: Node) => readonly Recipient[];

export class LastItems {
  readonly #host: NodeHost;
  readonly #turns = new Turns(lastItemsAccountsMax);

  constructor(host: NodeHost) {
    this.#host = host;
  }

  /** A session of an account became available, or says that it wants more: of all accounts whose presence its user sees, and its own. */
  welcome(newcomer: Newcomer): void {
    this.#begin(newcomer.account, this.#welcome(newcomer));
  }

  /** These have been let in, or have subscribed, in a step at the time `since`. */
  introduce(account: Account, nodes: readonly string[], since: number, recipients: Recipients): void {
    const willing: Recipients = (step, owner, node) => (node.config.send_last_published_item === "never" ? [] : recipients(step, owner, node));
    this.#begin(account, this.#turns.take(() => this.#sendFrom({ jid: jidOf(account), nodes, knowsUntil: 0, since, recipients: willing })));
  }

  /** It goes on by itself: nobody waits for it, and nobody is at fault where it fails. */
  #begin({ bare }: Account, work: Promise<void>): void {
    work.catch((error: unknown) => this.#host.log.debug({ err: error, jid: bare }, "last items of nodes could not be sent"));
  }

  async #welcome({ session, account, nodes, knowsUntil, since }: Newcomer): Promise<void> {
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
      const entry = lastOf(node, sending, step.at);
      return entry === undefined || recipients(step, account, node).length === 0 ? [] : [{ id: node.id, entry }];
    }));
    const left: string[] = [];
    for (const { id, entry } of last) {
      const [item] = await readItems(host, account, id, [entry]);
      host.run(null, (step) => {
        if (host.account(step, account.bare) !== account) return void left.push(id);
        const node = readNode(account, id);
        // Whoever published something else meanwhile has told them of it; whoever took it back wants it told to nobody.
        if (item === undefined || node?.entries.at(-1)?.at !== entry.at) return;
        const event = publishedEvent(id, node.config, account, item);
        tell(host, step, account, node.config, recipients(step, account, node), event, { replyTo: item.by, at: item.at });
      });
    }
    // The account was not used for so long that it left the memory: what was read of it may be of the past.
    if (left.length > 0 && tries > 1) await this.#sendFrom({ ...sending, nodes: left }, tries - 1);
  }
}

interface Sending {
  readonly jid: Jid;
  readonly nodes: readonly string[];
  readonly knowsUntil: number;
  readonly since: number;
  readonly recipients: Recipients;
}

const triesMax = 3;

/** The last item of the node, unless they have been told of it. */
function lastOf({ entries }: Node, { knowsUntil, since }: Sending, now: number): Entry | undefined {
  const entry = entries.at(-1);
  // After `now`: the clock went back.
  const isTold = entry !== undefined && (entry.at <= knowsUntil || (entry.at > since && entry.at <= now));
  return isTold ? undefined : entry;
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
