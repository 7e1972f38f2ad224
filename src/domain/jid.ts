/** JIDs: the addresses of XMPP (RFC 7622). */

import { prepareDomain } from "./domain-name.ts";
import { jidCacheEntriesMax, jidCacheTextLengthMax } from "./limits.ts";
import { opaqueString, usernameCaseMapped } from "./precis.ts";

export { prepareDomain };

/**
 * An address whose parts are prepared: two of them are equal if and only if their `full` is. Immutable, and shared:
 * parsing one text twice may give one object. Made by `parseJid` and `makeJid`.
 */
export class Jid {
  /** An account or a room. 1 to 1,023 bytes of UTF-8, like the other parts. */
  readonly local: string | undefined;
  readonly domain: string;
  /** A session or an occupant. */
  readonly resource: string | undefined;
  /** `local@domain`, or the domain alone. */
  readonly bare: string;
  /** `bare/resource`, or `bare` if there is no resource. */
  readonly full: string;

  /** Takes parts that are prepared already. */
  constructor(local: string | undefined, domain: string, resource: string | undefined) {
    const domainStart = local === undefined ? 0 : local.length + 1;
    const domainEnd = domainStart + domain.length;
    const bare = local === undefined ? domain : `${local}@${domain}`;
    const full = ownCopy(resource === undefined ? bare : `${bare}/${resource}`);
    this.local = local === undefined ? undefined : full.slice(0, domainStart - 1);
    this.domain = full.slice(domainStart, domainEnd);
    this.resource = resource === undefined ? undefined : full.slice(domainEnd + 1);
    this.bare = full.slice(0, domainEnd);
    this.full = full;
  }

  toString(): string {
    return this.full;
  }

  toBare(): Jid {
    return this.resource === undefined ? this : new Jid(this.local, this.domain, undefined);
  }

  /** RFC 7622 sections 3.2.3, 3.3 and 3.4: octet for octet. `===` would hold only as long as both come from the same cache. */
  equals(other: Jid): boolean {
    return this.full === other.full;
  }
}

/** Parses and prepares. undefined: malformed (RFC 7622 section 4), whatever the text is. */
export function parseJid(text: string): Jid | undefined {
  if (text.length > jidCacheTextLengthMax) return hasBytesAtMost(text, jidBytesMax) ? readJid(text) : undefined;
  const known = cache.get(text);
  if (known !== undefined) return known;
  const jid = readJid(text);
  if (jid !== undefined) cache.set(text, jid);
  return jid;
}

/** A JID of parts that are prepared already, such as those in a recorded fact. */
export function makeJid(local: string | undefined, domain: string, resource?: string): Jid {
  return new Jid(local, domain, resource);
}

/** Whether a prepared address is this bare JID or one of its full JIDs; said of the texts, for where parsing all of them is too much. */
export function belongsTo(address: string, bareJid: string): boolean {
  return address.startsWith(bareJid) && (address.length === bareJid.length || address[bareJid.length] === "/");
}

/** Enforces the rules for a localpart (RFC 7622 section 3.3). undefined: malformed. */
export function prepareLocal(text: string): string | undefined {
  if (plainLocal.test(text)) return text;
  const local = usernameCaseMapped(text);
  if (local === undefined || excludedFromLocal.test(local)) return undefined;
  return hasBytesAtMost(local, partBytesMax) ? local : undefined;
}

/** Enforces the rules for a resourcepart (RFC 7622 section 3.4). undefined: malformed. */
export function prepareResource(text: string): string | undefined {
  if (plainResource.test(text)) return text;
  const resource = opaqueString(text);
  // RFC 7622 section 3.5, example 18, though OpaqueString would allow the space.
  if (resource === undefined || resource.startsWith(" ")) return undefined;
  return hasBytesAtMost(resource, partBytesMax) ? resource : undefined;
}

/** RFC 7622 section 3.1: bytes of UTF-8, of a whole JID and of each part. */
const jidBytesMax = 3_071;
const partBytesMax = 1_023;

/** RFC 7622 section 3.3.1. */
const excludedFromLocal = /["&'/:<>@]/;

/** ASCII to which preparation would do nothing. */
const plainLocal = /^[!#-%(-.0-9;=?[-~]{1,1023}$/;
const plainResource = /^[!-~][ -~]{0,1022}$/;

/** RFC 7622 section 3.2: first the resourcepart is cut off, then the localpart, before anything is mapped. */
function readJid(text: string): Jid | undefined {
  const slash = text.indexOf("/");
  const bare = slash === -1 ? text : text.slice(0, slash);
  const at = bare.indexOf("@");
  const local = at === -1 ? undefined : prepareLocal(bare.slice(0, at));
  if (at !== -1 && local === undefined) return undefined;
  const resource = slash === -1 ? undefined : prepareResource(text.slice(slash + 1));
  if (slash !== -1 && resource === undefined) return undefined;
  const domain = prepareDomain(bare.slice(at + 1));
  return domain === undefined ? undefined : new Jid(local, domain, resource);
}

/** Of UTF-8, in which a lone surrogate counts as its replacement. */
function hasBytesAtMost(text: string, max: number): boolean {
  if (text.length > max) return false;
  if (text.length * 3 <= max) return true;
  return encoder.encode(text).length <= max;
}

const encoder = new TextEncoder();

/** For a slice V8 keeps alive all that it was cut from, here a chunk from the network. This copy holds `text` alone. */
function ownCopy(text: string): string {
  return ` ${text}`.slice(1);
}

/**
 * Texts and their JIDs in two generations: when the younger one is full it becomes the older one, which is dropped.
 * What is used again in time moves back. Never more than `jidCacheEntriesMax`, and nothing depends on their presence.
 */
class JidCache {
  #young = new Map<string, Jid>();
  #old = new Map<string, Jid>();

  get(text: string): Jid | undefined {
    const jid = this.#young.get(text);
    if (jid !== undefined) return jid;
    const aged = this.#old.get(text);
    if (aged !== undefined) this.set(text, aged);
    return aged;
  }

  set(text: string, jid: Jid): void {
    if (this.#young.size >= jidCacheEntriesMax / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(jid.full === text ? jid.full : ownCopy(text), jid);
  }
}

const cache = new JidCache();
