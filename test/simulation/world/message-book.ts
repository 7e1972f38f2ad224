/**
 * Every message of the world, from who wrote it to where it went. Invariant 11: each has one disposition: acknowledged, written to a
 * session that does not count and may be lost with it, offline, returned, dropped by a named rule.
 */
import { childOf, showXml, textOf, type Xml } from "../../support/xml-reader.ts";
import { contentOf, mayBeCopied, waits, type MessageForm } from "./message-form.ts";
import type { Scene } from "./scene.ts";
import type { Sending, Sitting } from "./sitting.ts";

export interface Message {
  /** Its place among all, from 1; its id is `m` and this. */
  readonly number: number;
  readonly by: Sitting;
  readonly type: "chat" | "normal" | "headline";
  /** As written: a bare or a full JID. */
  readonly to: string;
  readonly account: string;
  readonly resource: string | undefined;
  readonly form: MessageForm;
  readonly body: string;
  /** Milliseconds since the world began. */
  readonly at: number;
  /** The server has taken responsibility for it. */
  isAccepted: boolean;
  /** When its client was told so, ms since the world began; Infinity until then. */
  acceptedAt: number;
  /** It was not handled, and never will be. */
  isVoid: boolean;
  readonly receipts: Receipt[];
  /** Sessions that were given a copy (XEP-0280). */
  readonly copies: Sitting[];
  /** Sessions of the addressee that have read it in their archive, while the world was not at its end. */
  readonly fetched: Sitting[];
  /** Under which id it is in the archive of an account, as the stanzas said that came. */
  readonly archiveIds: Map<string, string>;
  /** The condition of the error with which it was given back. */
  returned: string | undefined;
}

export interface Receipt {
  readonly sitting: Sitting;
  /** How many stanzas its client had counted with it; 0 where it did not count. */
  readonly index: number;
  readonly at: number;
  readonly isDelayed: boolean;
}

const addressee = "Invariant 11: a message reaches only whom it is for, as it was written";
const once = "Invariant 11: no session is given a message twice, nor another what a client has acknowledged";
const eitherOne = "XEP-0280: a session is given a message, or one copy of it";
const wall = "XEP-0191 section 3.3: nothing passes between users one of whom has blocked the other";

export class MessageBook {
  readonly #scene: () => Scene;
  readonly #messages: Message[] = [];
  /** By the sessions' numbers, `from>to`: the last message that came at once. */
  readonly #last = new Map<string, number>();
  /** The same for those that were written to a bare JID. */
  readonly #lastToBare = new Map<string, number>();

  constructor(scene: () => Scene) {
    this.#scene = scene;
  }

  get all(): readonly Message[] {
    return this.#messages;
  }

  /** The next message. */
  write(by: Sitting, type: Message["type"], to: string, words: string, form: MessageForm = "plain"): Sending {
    const number = this.#messages.length + 1;
    const slash = to.indexOf("/");
    const [account, resource] = slash < 0 ? [to, undefined] : [to.slice(0, slash), to.slice(slash + 1)];
    const message: Message = {
      number, by, type, to, account, resource, form, body: form === "state" ? "" : `${number} ${words}`, at: this.#scene().now(),
      isAccepted: false, acceptedAt: Infinity, isVoid: false, receipts: [], copies: [], fetched: [], archiveIds: new Map(), returned: undefined,
    };
    this.#messages.push(message);
    this.#scene().counts.messages += 1;
    return {
      text: `<message${type === "normal" ? "" : ` type='${type}'`} to='${to}' id='m${number}'>${contentOf(form, number, escape(message.body))}</message>`,
      accepted: () => {
        message.isAccepted = true;
        message.acceptedAt = this.#scene().now();
      },
      voided: () => this.#void(message),
    };
  }

  came(sitting: Sitting, stanza: Xml): void {
    const scene = this.#scene();
    const { id = "", type = "normal" } = stanza.attrs;
    const message = this.#named(id);
    const whose = `${sitting.device} (${sitting.jid})`;
    if (message === undefined) return scene.problem(addressee, `${whose}: nobody wrote ${showXml(stanza)}`);
    if (type === "error") return this.#cameBack(sitting, message, stanza);
    if (!isAsWritten(message, stanza)) scene.problem(addressee, `${whose}: ${message.by.jid} wrote to ${message.to}, and what came is ${showXml(stanza)}`);
    if (sitting.account !== message.account) return scene.problem(addressee, `${whose}: was given what is for ${message.account}, ${showXml(stanza)}`);
    const isDelayed = childOf(stanza, "delay") !== undefined;
    this.#checkPlace(sitting, message, isDelayed);
    this.#checkOnce(sitting, message);
    if (message.isVoid) scene.problem("XEP-0198 section 5: what the server says it has not handled goes nowhere", `${whose}: m${message.number} came all the same`);
    if (scene.rights.wasAlwaysBlocked(message.by.account, message.account, message.at, scene.now())) {
      scene.problem(wall, `${whose}: m${message.number} of ${message.by.jid}, written at ${message.at} ms`);
    }
    if (isDelayed) this.#checkWaiting(sitting, message);
    else this.#checkOrder(sitting, message);
    if (!isDelayed && message.copies.includes(sitting) && !sitting.isToBlame) scene.problem(eitherOne, `${whose}: m${message.number} came after a copy of it`);
    this.#checkArchiveId(sitting, message, stanza);
    message.receipts.push({ sitting, index: sitting.counting === "on" ? sitting.handled : 0, at: scene.now(), isDelayed });
  }

  /** A copy of what another session of the same user has sent or was sent (XEP-0280 sections 7 and 8). */
  copied(sitting: Sitting, stanza: Xml, direction: "sent" | "received"): void {
    const scene = this.#scene();
    const whose = `${sitting.device} (${sitting.jid}): ${showXml(stanza)}`;
    const inner = childOf(childOf(childOf(stanza, direction), "forwarded"), "message");
    const message = this.#named(inner?.attrs["id"] ?? "");
    if (inner === undefined || message === undefined) return scene.problem(addressee, `nobody wrote this: ${whose}`);
    const { from, to, type = "normal" } = stanza.attrs;
    if (from !== sitting.account || to !== sitting.jid || type !== message.type) scene.problem("XEP-0280 section 7: a copy comes from the own account, and is of the type of the message", whose);
    if (!isAsWritten(message, inner)) scene.problem(addressee, `${message.by.jid} wrote to ${message.to}, and what came is a copy that says ${whose}`);
    if (sitting.account !== (direction === "sent" ? message.by.account : message.account)) scene.problem("XEP-0280 sections 7 and 8: a user is given copies of the own conversations", whose);
    if (direction === "received" && message.by.account === message.account) scene.problem(eitherOne, `what a user writes to itself is sent, and not received besides: ${whose}`);
    if (sitting === message.by) scene.problem("XEP-0280 section 8: who sends a message is given no copy of it", whose);
    if (sitting.copying.isOff) scene.problem("XEP-0280 sections 4 and 5: who has not asked for copies is given none", whose);
    if (!mayBeCopied(message.form)) scene.problem("XEP-0280 section 9: what is private is not copied", whose);
    if (message.isVoid) scene.problem("XEP-0198 section 5: what the server says it has not handled goes nowhere", `a copy came all the same: ${whose}`);
    const isKnown = message.copies.includes(sitting) || message.receipts.some((receipt) => receipt.sitting === sitting);
    if (isKnown && !sitting.isToBlame) scene.problem(eitherOne, `it came before: ${whose}`);
    this.#checkOrder(sitting, message, true);
    this.#checkArchiveId(sitting, message, inner);
    message.copies.push(sitting);
    scene.counts.copies += 1;
  }

  /** What an account says of itself alone, and once (XEP-0313 section 3.5). */
  #checkArchiveId(sitting: Sitting, { number, archiveIds }: Message, stanza: Xml): void {
    for (const child of stanza.children) {
      if (typeof child === "string" || child.name !== "stanza-id") continue;
      const { by = "", id = "" } = child.attrs;
      const whose = `${sitting.device}: m${number} has id ${id} by ${by}`;
      if (by !== sitting.account) this.#scene().problem("XEP-0313 section 3.5: a user is told of the own archive's ids", whose);
      const known = archiveIds.get(by);
      if (known !== undefined && known !== id) this.#scene().problem("XEP-0313 section 3.5: a message has one id in an archive", `${whose}, and before it had ${known}`);
      archiveIds.set(by, id);
    }
  }

  /** By the id of its stanza. */
  #named(id: string): Message | undefined {
    return this.#messages[Number(/^m(\d+)$/.exec(id)?.[1] ?? 0) - 1];
  }

  /** What goes to a bare JID goes to available resources (RFC 6121 section 8.5.2). */
  #checkPlace(sitting: Sitting, message: Message, isDelayed: boolean): void {
    const scene = this.#scene();
    if (message.resource === sitting.resource) return;
    if (!sitting.wasAvailable) {
      scene.problem("RFC 6121 section 8.5.2: what is for a bare JID goes to available resources", `${sitting.device}: m${message.number} to ${message.to}`);
    } else if (message.resource !== undefined && message.type === "normal" && !isDelayed) {
      scene.problem("RFC 6121 section 8.5.3: what is for a full JID goes to no other", `${sitting.device}: m${message.number} to ${message.to}`);
    }
  }

  #checkOnce(sitting: Sitting, { number, receipts }: Message): void {
    const scene = this.#scene();
    const twice = receipts.some((receipt) => receipt.sitting === sitting);
    // Whose client has miscounted on purpose is given what it has said it has not.
    if (twice && !sitting.isToBlame) scene.problem(once, `${sitting.device}: m${number} came twice in one session`);
    // Who left in order had told what it has, and whoever came later is given nothing of that.
    const settled = receipts.find(({ sitting: before, index }) => {
      const { partedAt, endedAt = Infinity } = before;
      return partedAt !== undefined && index > 0 && index <= partedAt && sitting.askedAt > endedAt;
    });
    if (settled !== undefined) scene.problem(once, `${sitting.device}: m${number} came, which ${settled.sitting.device} had acknowledged when it left in order`);
  }

  /** RFC 6120 section 10.1. What was kept meanwhile may come later. */
  #checkOrder(sitting: Sitting, { number, by, resource }: Message, isCopy = false): void {
    sitting.heard.push(number);
    const key = `${by.number}>${sitting.number}`;
    const last = this.#last.get(key) ?? 0;
    if (number < last) this.#scene().problem("RFC 6120 section 10.1: stanzas are delivered in order", `${sitting.device}: m${number} came after m${last}`);
    this.#last.set(key, Math.max(last, number));
    if (resource === undefined && !isCopy) this.#lastToBare.set(key, Math.max(this.#lastToBare.get(key) ?? 0, number));
  }

  /** What has waited for a user comes before what was written to it later, unless somebody else may have had it meanwhile. */
  #checkWaiting(sitting: Sitting, { number, by, account }: Message): void {
    const { rights, sittings, problem, now } = this.#scene();
    const keptAt = rights.keptAt(number);
    const last = this.#messages[(this.#lastToBare.get(`${by.number}>${sitting.number}`) ?? 0) - 1];
    if (last === undefined || last.number < number || last.at < keptAt) return;
    const others = sittings.some((other) => other !== sitting && other.account === account && (other.endedAt ?? now()) >= keptAt);
    if (!others) problem("RFC 6120 section 10.1: stanzas are delivered in order", `${sitting.device}: m${number}, which had waited, came after m${last.number}`);
  }

  #cameBack(sitting: Sitting, message: Message, stanza: Xml): void {
    const scene = this.#scene();
    const error = childOf(stanza, "error");
    const condition = error?.children.find((child): child is Xml => typeof child !== "string" && child.name !== "text")?.name ?? "";
    const whose = `${sitting.device} (${sitting.jid}): ${showXml(stanza)}`;
    // What does not wait comes back late, to whoever has the address then.
    const isBack = sitting === message.by || (!waits(message.form) && sitting.jid === message.by.jid);
    if (!isBack) scene.problem("RFC 6120 section 8.3.1: an error goes to who sent the stanza", whose);
    if (message.returned !== undefined && !sitting.isToBlame) scene.problem(once, `${whose}: it was given back before`);
    message.returned = condition;
    if (!this.#mayComeBack(message)) scene.problem("Invariant 11: a message is given back only where nobody can have it", whose);
  }

  #mayComeBack(message: Message): boolean {
    const { by, account, at, type, resource, form } = message;
    const scene = this.#scene();
    const exists = scene.people.some((person) => person.account === account);
    if (!exists || scene.rights.wasBlocked(by.account, account, at, scene.now())) return true;
    // XEP-0160 section 3: it does not wait for anybody.
    if (!waits(form)) return true;
    // RFC 6121 section 8.5.3.2: there is no such resource; a chat message goes to another then, or waits.
    return type !== "chat" && resource !== undefined && !this.#wasThere(message);
  }

  /** Whom it was written to was online from then until now, on a link that nothing was done to. */
  #wasThere({ to, at }: Message): boolean {
    const { devices, now } = this.#scene();
    return devices.some(({ sitting, isOnline, isLeaving, isLinkFaulty, guilt, onlineMs }) => {
      const isSound = isOnline && !isLeaving && !isLinkFaulty && guilt === undefined;
      return isSound && sitting?.jid === to && !sitting.isToBlame && now() - onlineMs < at;
    });
  }

  #void(message: Message): void {
    message.isVoid = true;
    const [receipt] = message.receipts;
    if (receipt === undefined) return;
    const text = `${receipt.sitting.device} was given m${message.number} of ${message.by.device}`;
    this.#scene().problem("XEP-0198 section 5: what the server says it has not handled goes nowhere", text);
  }
}

/** But for what its way has added: ids, delays. */
export function isAsWritten({ by, to, type, body }: Message, stanza: Xml): boolean {
  const { attrs } = stanza;
  return attrs["from"] === by.jid && attrs["to"] === to && (attrs["type"] ?? "normal") === type && textOf(childOf(stanza, "body")) === body;
}

export function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("'", "&apos;");
}
