/**
 * Every presence of the world. Invariant 13: nobody without a right to it sees that somebody is there, and whoever has seen it is told of
 * the end, once. Each presence has a mark of its own in its status, so that it is known whose it is and whether it is the last one.
 */
import { childOf, showXml, textOf, type Xml } from "../../support/xml-reader.ts";
import type { Device } from "./device.ts";
import { requested } from "./persons.ts";
import type { Scene } from "./scene.ts";
import type { Sending, Sitting } from "./sitting.ts";

export interface SentPresence {
  /** Its place among all, from 1; its mark is `p` and this. */
  readonly number: number;
  readonly by: Sitting;
  /** undefined where it is for everybody who may see it. */
  readonly to: string | undefined;
  readonly isAvailable: boolean;
  /** It was available before, and is no more. */
  readonly isEnd: boolean;
  /** Milliseconds since the world began. */
  readonly at: number;
}

const leak = "Invariant 13: nobody sees presence without a right to it";
const ends = "Invariant 13: exactly one unavailable ends each period of availability";

export class PresenceBook {
  readonly #scene: () => Scene;
  readonly #presences: SentPresence[] = [];

  constructor(scene: () => Scene) {
    this.#scene = scene;
  }

  /** How many there are; the last one has this number. */
  get count(): number {
    return this.#presences.length;
  }

  /** The next presence. `content`: what is in it beside its mark. */
  write(by: Sitting, options: { readonly isAvailable: boolean; readonly to?: string; readonly content?: string }): Sending {
    const { isAvailable, to, content = "" } = options;
    const number = this.#presences.length + 1;
    const isEnd = !isAvailable && to === undefined && by.shown !== undefined;
    this.#presences.push({ number, by, to, isAvailable, isEnd, at: this.#scene().now() });
    this.#scene().counts.presences += 1;
    if (to !== undefined) by.touched.add(bareOf(to));
    else {
      by.shown = isAvailable ? number : undefined;
      by.wasAvailable ||= isAvailable;
      if (!isAvailable) this.#scene().rooms.becomesUnavailable(by);
    }
    const attributes = `${to === undefined ? "" : ` to='${to}'`}${isAvailable ? "" : " type='unavailable'"}`;
    return { text: `<presence${attributes}>${content}<status>p${number}</status></presence>` };
  }

  came(device: Device, sitting: Sitting, stanza: Xml): void {
    const scene = this.#scene();
    const { type, from = "" } = stanza.attrs;
    switch (type) {
      case undefined:
        return this.#available(device, sitting, stanza);
      case "unavailable":
        return this.#unavailable(device, sitting, stanza);
      case "subscribe":
        return requested(scene, device, from);
      case "subscribed":
      case "unsubscribe":
      case "unsubscribed":
      case "error":
        return;
      default:
        scene.problem("RFC 6121 section 4.3: the server answers probes", `${device.name} was given ${showXml(stanza)}`);
    }
  }

  #available(device: Device, sitting: Sitting, stanza: Xml): void {
    const scene = this.#scene();
    const { from = "" } = stanza.attrs;
    const whose = `${device.name} (${sitting.jid}): ${showXml(stanza)}`;
    const presence = this.#presences[numberIn(stanza) - 1];
    const hasProbed = sitting.probed.has(bareOf(from));
    // RFC 6121 section 4.3.2: the answer to a probe may say that somebody is there, and nothing else.
    if (presence === undefined && hasProbed) return;
    // Whom it was directed to while nobody looked, and the server has begun anew since, is told that somebody is there (XEP-0352).
    if (presence === undefined && sitting.wasInactive && this.#isAside(sitting, from)) return void (sitting.touched.add(bareOf(from)), sitting.seen.has(from) || sitting.seen.set(from, 0));
    if (presence === undefined || !presence.isAvailable) return scene.problem("Invariant 7: a stanza is of the session that has sent it", `nobody has sent this: ${whose}`);
    const { by, to, number, at } = presence;
    if (by.jid !== from) return scene.problem("Invariant 7: a stanza is of the session that has sent it", `${by.jid} has sent this: ${whose}`);
    this.#checkOrder(sitting, presence, whose);
    // The answer to a probe says nothing new to who is kept up to date, and nobody tells others of the end.
    const isAnswer = hasProbed && to === undefined && stanza.attrs["to"] === sitting.jid;
    // Where it takes the place of what waited for an inactive client it is all that this one is told (XEP-0352).
    const isLatest = sitting.wasInactive && sitting.shown !== undefined && scene.rights.isShown(by.account, sitting.account);
    if (!isAnswer || sitting.seen.has(from) || isLatest) {
      sitting.seen.set(from, number);
      sitting.hidden.delete(from);
    }
    if (to !== undefined) {
      sitting.touched.add(by.account);
      if (to !== sitting.jid && to !== sitting.account) scene.problem(leak, `it is for ${to}: ${whose}`);
    } else if (!sitting.wasAvailable && !hasProbed) {
      scene.problem("RFC 6121 section 4.2.2: presence goes to available resources", whose);
    }
    if (by.account === sitting.account) return;
    if (to === undefined && !scene.rights.wasShown(by.account, sitting.account, at, scene.now())) scene.problem(leak, `not subscribed at any time since ${at} ms: ${whose}`);
    if (scene.rights.wasAlwaysBlocked(by.account, sitting.account, at, scene.now())) scene.problem(leak, `blocked since before ${at} ms: ${whose}`);
  }

  /** What is directed comes between; the last one that was for everybody may come again after it. */
  #checkOrder({ lastPresence }: Sitting, { number, to, by }: SentPresence, whose: string): void {
    const kind = `${by.jid} ${to === undefined ? "to all" : "directed"}`;
    const last = lastPresence.get(kind) ?? 0;
    if (number < last) this.#scene().problem("RFC 6120 section 10.1: stanzas are delivered in order", `p${number} came after p${last}: ${whose}`);
    lastPresence.set(kind, number);
  }

  /** Whether these have had to do with each other beside subscriptions: the end of directed presence is told to an address, whoever sits there. */
  #isAside(sitting: Sitting, from: string): boolean {
    const account = bareOf(from);
    if (sitting.touched.has(account) || sitting.probed.has(account)) return true;
    return this.#scene().sittings.some(({ jid, touched }) => jid === from && touched.has(sitting.account));
  }

  #unavailable(device: Device, sitting: Sitting, stanza: Xml): void {
    const scene = this.#scene();
    const { from = "" } = stanza.attrs;
    const whose = `${device.name} (${sitting.jid}): ${showXml(stanza)}`;
    const presence = this.#presences[numberIn(stanza) - 1];
    if (presence !== undefined && presence.by.jid !== from) {
      return scene.problem("Invariant 7: a stanza is of the session that has sent it", `${presence.by.jid} has sent this: ${whose}`);
    }
    if (presence !== undefined) this.#checkOrder(sitting, presence, whose);
    // Who is not available has nobody who would keep up to date what it sees (RFC 6121 section 4.5.3).
    if (from === sitting.jid && presence?.isEnd === true) return sitting.seen.clear();
    if (presence?.to !== undefined) sitting.hidden.add(from);
    const isKnown = sitting.seen.delete(from);
    // Of who has come and gone while nobody looked only the end is told (XEP-0352 section 3.2).
    if (!isKnown && !sitting.wasInactive && !this.#isAside(sitting, from)) scene.problem(ends, `it was not there: ${whose}`);
  }
}

/** 0 if it has no mark. */
function numberIn(stanza: Xml): number {
  return Number(/^p(\d+)$/.exec(textOf(childOf(stanza, "status")))?.[1] ?? 0);
}

export function bareOf(jid: string): string {
  const slash = jid.indexOf("/");
  return slash < 0 ? jid : jid.slice(0, slash);
}
