/** What ties users to the nodes of an account, by node and by user. */

export interface Tie<State> {
  readonly node: string;
  /** As it was given: bare or full. */
  readonly jid: string;
  readonly state: State;
}

export class PeopleIndex<State> {
  /** Of which state of the rows it is. */
  mark: number;
  /** By node, user and JID. */
  readonly #nodes = new Map<string, Map<string, Map<string, Tie<State>>>>();
  /** By user, node and JID: the same innermost maps. */
  readonly #users = new Map<string, Map<string, Map<string, Tie<State>>>>();

  constructor(mark: number) {
    this.mark = mark;
  }

  /** `state` undefined: none any more. */
  set(node: string, jid: string, state: State | undefined): void {
    const user = userOf(jid);
    const ties = this.#nodes.get(node)?.get(user);
    if (state === undefined) {
      ties?.delete(jid);
      if (ties?.size !== 0) return;
      drop(this.#nodes, node, user);
      drop(this.#users, user, node);
    } else if (ties === undefined) {
      const first = new Map([[jid, { node, jid, state }]]);
      within(this.#nodes, node).set(user, first);
      within(this.#users, user).set(node, first);
    } else {
      ties.set(jid, { node, jid, state });
    }
  }

  usersAt(node: string): Iterable<string> {
    return this.#nodes.get(node)?.keys() ?? [];
  }

  ofNode(node: string): readonly Tie<State>[] {
    return tiesIn(this.#nodes.get(node));
  }

  ofUser(user: string, node?: string): readonly Tie<State>[] {
    const nodes = this.#users.get(user);
    return node === undefined ? tiesIn(nodes) : [...(nodes?.get(node)?.values() ?? [])];
  }

  all(): readonly Tie<State>[] {
    return [...this.#nodes.values()].flatMap(tiesIn);
  }
}

/** The bare JID: prepared addresses have their first "/" before the resource. */
function userOf(jid: string): string {
  const slash = jid.indexOf("/");
  return slash === -1 ? jid : jid.slice(0, slash);
}

function tiesIn<State>(groups: ReadonlyMap<string, ReadonlyMap<string, Tie<State>>> | undefined): readonly Tie<State>[] {
  return [...(groups?.values() ?? [])].flatMap((ties) => [...ties.values()]);
}

function within<Value>(maps: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  let map = maps.get(key);
  if (map === undefined) maps.set(key, (map = new Map()));
  return map;
}

function drop<Value>(maps: Map<string, Map<string, Value>>, key: string, inner: string): void {
  const map = maps.get(key);
  map?.delete(inner);
  if (map?.size === 0) maps.delete(key);
}
