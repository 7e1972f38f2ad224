/**
 * Who is to see whom, by the words of RFC 6121 and by nothing of the server's: a picture of a few accounts, kept by what their
 * clients do. Presence has a mark (a number in its status), so that the last one is known from those before it.
 */

export interface Resource {
  /** The full JID. */
  readonly jid: string;
  /** The bare JID. */
  readonly account: string;
  connected: boolean;
  /** That of the last broadcast; undefined while it is not available. */
  mark: string | undefined;
  /** Addresses that it has sent directed presence to, and nothing has ended that since. */
  readonly directed: Set<string>;
  /** What a client knows that sits here: full JID → mark. */
  readonly seen: Map<string, string>;
  /** Full JIDs whose directed presence it has just answered with an end of its own: it need not be told of theirs. */
  readonly refused: Set<string>;
}

export class Truth {
  readonly resources: readonly Resource[];
  /** `A>B`: B sees A. */
  readonly #shown = new Set<string>();
  /** `A>B`: B has asked to see A. */
  readonly #asked = new Set<string>();
  /** `A>B`: A lets B see it as soon as B asks (section 3.4). */
  readonly #approved = new Set<string>();
  /** `A>B`: B is in the roster of A. */
  readonly #listed = new Set<string>();

  constructor(resources: readonly { readonly jid: string; readonly account: string }[]) {
    this.resources = resources.map((resource) => ({
      ...resource, connected: false, mark: undefined, directed: new Set(), seen: new Map(), refused: new Set(),
    }));
  }

  /** Whether what `by` shows everybody who sees it is for `to`. */
  isShown(by: Resource, to: Resource): boolean {
    return by.account === to.account || this.#shown.has(pair(by.account, to.account));
  }

  /** Whether `to` may be told that `by` is there, for whatever reason. */
  mayKnow(by: Resource, to: Resource): boolean {
    return this.isShown(by, to) || by.directed.has(to.jid) || by.directed.has(to.account);
  }

  /** Those whom something sent to an address reaches (section 8.5): at a bare JID the available resources, at a full JID that one. */
  at(address: string): readonly Resource[] {
    return this.resources.filter(({ jid, account, connected, mark }) =>
      address === account ? mark !== undefined : connected && address === jid,
    );
  }

  binds(resource: Resource): void {
    if (resource.connected) this.leaves(resource);
    resource.connected = true;
  }

  /** Sections 4.2, 4.3 and 4.4. */
  broadcasts(by: Resource, mark: string): void {
    const initial = by.mark === undefined;
    by.mark = mark;
    const others = this.resources.filter((other) => other.mark !== undefined);
    for (const other of others) if (this.isShown(by, other)) other.seen.set(by.jid, mark);
    for (const other of initial ? others : []) if (this.isShown(other, by)) by.seen.set(other.jid, other.mark!);
  }

  /** Sections 4.5 and 4.6.3: nobody sees it any more. Who is not available has nobody who would keep what it sees up to date. */
  withdraws(by: Resource): void {
    const wasAvailable = by.mark !== undefined;
    this.#ends(by);
    if (wasAvailable) by.seen.clear();
  }

  leaves(by: Resource): void {
    this.#ends(by);
    by.seen.clear();
    by.refused.clear();
    by.connected = false;
  }

  /** Section 4.6.3. */
  directs(by: Resource, to: string, mark: string): void {
    by.directed.add(to);
    for (const other of this.at(to)) other.seen.set(by.jid, mark);
  }

  /** Sections 4.6.1 and 4.6.3. */
  undirects(by: Resource, to: string): void {
    by.directed.delete(to);
    for (const other of this.at(to)) {
      other.seen.delete(by.jid);
      by.directed.delete(other.jid);
      // Of an account that was written to as a whole, the others have not been told.
      if (other.mark !== undefined && by.directed.delete(other.account)) {
        for (const { jid } of this.at(other.account)) if (jid !== other.jid) by.directed.add(jid);
      }
      this.refuses(by, other);
    }
  }

  /** Section 4.6.1: whoever answers directed presence with unavailable, or with an error, will not be told of its end. */
  refuses(by: Resource, of: Resource): void {
    of.directed.delete(by.jid);
    const shown = of.mark !== undefined && by.mark !== undefined && this.isShown(of, by);
    if (shown || of.directed.has(by.account)) return;
    by.seen.delete(of.jid);
    by.refused.add(of.jid);
  }

  /** Section 2.3. */
  lists(by: string, contact: string): void {
    this.#listed.add(pair(by, contact));
  }

  /** Section 3.1. */
  asks(by: string, to: string): void {
    this.#listed.add(pair(by, to));
    if (this.#shown.has(pair(to, by))) return;
    if (this.#approved.delete(pair(to, by))) this.#grants(to, by);
    else this.#asked.add(pair(to, by));
  }

  /** Sections 3.1.5 and 3.4. */
  approves(by: string, to: string): void {
    this.#listed.add(pair(by, to));
    if (this.#asked.delete(pair(by, to))) this.#grants(by, to);
    else if (!this.#shown.has(pair(by, to))) this.#approved.add(pair(by, to));
  }

  /** Section 3.2. */
  cancels(by: string, to: string): void {
    this.#asked.delete(pair(by, to));
    this.#approved.delete(pair(by, to));
    this.#revokes(by, to);
  }

  /** Section 3.3. */
  unsubscribes(by: string, from: string): void {
    this.#asked.delete(pair(from, by));
    this.#revokes(from, by);
  }

  /** Section 2.5. */
  removes(by: string, contact: string): void {
    if (!this.#listed.delete(pair(by, contact))) return;
    this.unsubscribes(by, contact);
    this.cancels(by, contact);
  }

  #ends(by: Resource): void {
    by.mark = undefined;
    by.directed.clear();
    for (const other of this.resources) if (other.seen.delete(by.jid)) this.refuses(by, other);
  }

  #grants(by: string, to: string): void {
    this.#listed.add(pair(by, to));
    this.#shown.add(pair(by, to));
    for (const one of this.#of(by)) {
      if (one.mark === undefined) continue;
      for (const other of this.#of(to)) if (other.mark !== undefined) other.seen.set(one.jid, one.mark);
    }
  }

  /** Section 4.6.1: this takes precedence over directed presence. */
  #revokes(by: string, from: string): void {
    if (!this.#shown.delete(pair(by, from))) return;
    for (const one of this.#of(by)) {
      for (const other of this.#of(from)) {
        other.seen.delete(one.jid);
        one.directed.delete(other.jid);
      }
      one.directed.delete(from);
    }
  }

  #of(account: string): readonly Resource[] {
    return this.resources.filter((resource) => resource.account === account);
  }
}

function pair(by: string, to: string): string {
  return `${by}>${to}`;
}
