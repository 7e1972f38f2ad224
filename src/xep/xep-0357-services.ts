/** The push services that a user has enabled, and from which session each. */
import type { Account } from "../domain/account.ts";
import type { Json } from "../domain/json.ts";
import { parseJid } from "../domain/jid.ts";
import type { House } from "../router/extension.ts";
import { sessionState } from "../router/session-state.ts";
import type { Session } from "../session/environment.ts";
import { digestOf } from "../session/digest.ts";
import type { Step } from "../step/batch.ts";

export const pushName = "push";

export interface PushService {
  /** Prepared. */
  readonly jid: string;
  /** undefined: none was named. */
  readonly node: string | undefined;
  /** The form of publish options, as XML text: it may hold a secret, which is known for one in a form. undefined for none. */
  readonly options: string | undefined;
  /** When it was last enabled, ms since 1970. */
  readonly since: number;
}

/** What names a service among those of a user. It tells nothing of the node, which may be a secret. */
export function serviceKey(jid: string, node: string | undefined): string {
  return digestOf(JSON.stringify([jid, node ?? ""]));
}

/** By their keys. What cannot be read, in an account that came from elsewhere, is none. */
export function servicesOf(account: Account): ReadonlyMap<string, PushService> {
  const services = new Map<string, PushService>();
  for (const [key, value] of account.states(pushName)) {
    const service = readService(value);
    if (service !== undefined) services.set(key, service);
  }
  return services;
}

export function keepService(step: Step, house: House, account: Account, key: string, { jid, node, options, since }: PushService): void {
  house.setState(step, account, pushName, key, { jid, node: node ?? null, options: options ?? null, since });
}

export function dropService(step: Step, house: House, account: Account, key: string): void {
  house.setState(step, account, pushName, key, null);
}

function readService(value: Json): PushService | undefined {
  const { jid, node, options, since } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof jid !== "string" || parseJid(jid) === undefined || typeof since !== "number") return undefined;
  if (node !== null && typeof node !== "string") return undefined;
  if (options !== null && typeof options !== "string") return undefined;
  return { jid, node: node ?? undefined, options: options ?? undefined, since };
}

/** The services that its client has enabled, each with the time of that: enabled again elsewhere, it is that other session's. */
export const enabledBy = sessionState<Readonly<Record<string, number>>>({
  initial: {},
  read: (recorded) => {
    if (typeof recorded !== "object" || recorded === null || Array.isArray(recorded)) return undefined;
    return Object.values(recorded).every((since) => typeof since === "number") ? (recorded as Readonly<Record<string, number>>) : undefined;
  },
});

/** Its client has enabled this one, or disabled it (`since` undefined). What is not enabled any more is forgotten by the way. */
export function noteEnabled(step: Step, session: Session, account: Account, key: string, since: number | undefined): void {
  const services = servicesOf(account);
  const others = Object.entries(enabledBy.of(session)).filter(([other]) => other !== key && services.has(other));
  enabledBy.set(step, session, Object.fromEntries(since === undefined ? others : [...others, [key, since]]));
}

/** The keys of those that this session has enabled, as far as they still are its. */
export function servicesFrom(session: Session, account: Account): readonly string[] {
  const enabled = Object.entries(enabledBy.of(session));
  if (enabled.length === 0) return [];
  const services = servicesOf(account);
  return enabled.filter(([key, since]) => services.get(key)?.since === since).map(([key]) => key);
}
