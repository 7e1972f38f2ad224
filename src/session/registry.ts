/** Which sessions are connected: bare JID → resource → session. One live session for each full JID. */
import type { Session } from "./environment.ts";

export class Registry {
  readonly #accounts = new Map<string, Map<string, Session>>();
  readonly #places = new Map<Session, { readonly bareJid: string; readonly resource: string }>();

  /** Connected sessions in all. */
  get size(): number {
    return this.#places.size;
  }

  /** The connected sessions of an account, in the order in which they were bound. */
  sessions(bareJid: string): readonly Session[] {
    const sessions = this.#accounts.get(bareJid);
    return sessions === undefined ? [] : [...sessions.values()];
  }

  /** Every connected session. */
  all(): Iterable<Session> {
    return this.#places.keys();
  }

  session(bareJid: string, resource: string): Session | undefined {
    return this.#accounts.get(bareJid)?.get(resource);
  }

  add(bareJid: string, resource: string, session: Session): void {
    let sessions = this.#accounts.get(bareJid);
    if (sessions === undefined) this.#accounts.set(bareJid, (sessions = new Map()));
    if (sessions.has(resource)) throw new Error(`${bareJid}/${resource} is bound already`);
    sessions.set(resource, session);
    this.#places.set(session, { bareJid, resource });
  }

  /** Whatever this session has claimed is free again. */
  remove(session: Session): void {
    const place = this.#places.get(session);
    if (place === undefined) return;
    this.#places.delete(session);
    const sessions = this.#accounts.get(place.bareJid);
    sessions?.delete(place.resource);
    if (sessions?.size === 0) this.#accounts.delete(place.bareJid);
  }
}
