/** The invitations of all hosts: made, found by their tokens, used once, and forgotten. */
import { createHash } from "node:crypto";
import {
  forgetInvitations, invitationFact, invitationState, invitationStream, type Invitation, type InvitationFacts, type InvitationFactType,
} from "../domain/invitation.ts";
import { serverStream } from "../domain/facts.ts";
import { invitationKeptMs, invitationTokenBytes } from "../domain/limits.ts";
import type { Append, Clock, Fact, Ids, Random, Store } from "../ports.ts";
import { ConcurrencyError } from "./errors.ts";
import { dueKey, duePrefix, invitations as projection, namePrefix, ofPrefix, oneKey, onePrefix, pendingPrefix } from "./projections/invitations.ts";

export type NewInvitation = Omit<InvitationFacts["InvitationMade"], "id">;

/** The name is kept free for another invitation. */
export class NameReservedError extends Error {
  override readonly name = "NameReservedError";

  constructor(host: string, username: string) {
    super(`${username}@${host}: an invitation keeps that name free; choose another, or take the invitation back (\`refrain user invitations\` shows it)`);
  }
}

type Parts = { readonly store: Store; readonly clock: Clock; readonly ids: Ids };

export class Invitations {
  readonly #parts: Parts;
  readonly #random: Random;

  /** The store must have the projection `invitations`. */
  constructor(parts: Parts & { readonly random: Random }) {
    this.#parts = parts;
    this.#random = parts.random;
  }

  /** Durable when it resolves. The token is nowhere but in the answer. Rejects with NameReservedError. */
  async make(wish: NewInvitation): Promise<{ readonly token: string; readonly invitation: Invitation }> {
    const { host, username } = wish;
    if (username !== null && (await this.isReserved(host, username))) throw new NameReservedError(host, username);
    // Alphanumeric, as XEP-0401 section 5.1 has it.
    const token = Buffer.from(this.#random.bytes(invitationTokenBytes)).toString("hex");
    const data = { ...wish, id: idOf(token) };
    await this.#parts.store.append(invitationStream(data), 0, [this.#fact("InvitationMade", data)]);
    const invitation = await this.get(data.id);
    if (invitation === undefined) throw new Error("an invitation that was made is not in its read model");
    return { token, invitation };
  }

  /** Whatever became of it; undefined where there is none of this token. */
  async find(token: string): Promise<Invitation | undefined> {
    return tokenForm.test(token) ? this.get(idOf(token)) : undefined;
  }

  async get(id: string): Promise<Invitation | undefined> {
    const [row] = await this.#parts.store.query(projection.name, { key: oneKey(id) });
    return row?.value as unknown as Invitation | undefined;
  }

  /** In the order of their ids; `prefix`: how these begin. */
  async list(prefix = ""): Promise<readonly Invitation[]> {
    return (await this.#keys(`${onePrefix}${prefix}`)).map(({ value }) => value as unknown as Invitation);
  }

  /** Those that somebody has made, or used. */
  async of(host: string, username: string): Promise<readonly Invitation[]> {
    return ofAccount(this.#parts.store, host, username);
  }

  /** Whether an open one keeps the name free. */
  async isReserved(host: string, username: string): Promise<boolean> {
    const rows = await all(this.#parts.store, namePrefix(host, username));
    const found = await Promise.all(rows.map(({ key }) => this.get(idIn(key))));
    return found.some((row) => row !== undefined && invitationState(row, this.#parts.clock.now()) === "open");
  }

  /** Those of which not all is done that follows from their use. */
  async pending(): Promise<readonly Invitation[]> {
    const found = await Promise.all((await this.#keys(pendingPrefix)).map(({ key }) => this.get(idIn(key))));
    return found.filter((row) => row !== undefined);
  }

  /** Its use, to be recorded with what it lets happen: refused with ConcurrencyError of its stream if it was used or taken back meanwhile. */
  use(invitation: Invitation, by: string, registered: boolean): Append {
    const { host, id } = invitation;
    return { stream: invitationStream(invitation), expectedVersion: 1, facts: [this.#fact("InvitationUsed", { host, id, by, registered })] };
  }

  /** False if it was used or taken back meanwhile. */
  async useAlone(invitation: Invitation, by: string): Promise<boolean> {
    return this.#first(this.use(invitation, by, false));
  }

  /** False if it was used or taken back before. */
  async revoke(invitation: Invitation): Promise<boolean> {
    const { host, id } = invitation;
    return this.#first({ stream: invitationStream(invitation), expectedVersion: 1, facts: [this.#fact("InvitationRevoked", { host, id })] });
  }

  /** Forgets those that were over long ago, a portion at a time. */
  async sweep(): Promise<void> {
    const { store, clock } = this.#parts;
    const before = dueKey(clock.now() - invitationKeptMs, "");
    for (;;) {
      const rows = await store.query(projection.name, { prefix: duePrefix, before, limit: forgottenAtOnce });
      const found = (await Promise.all(rows.map(({ key }) => this.get(idIn(key))))).filter((row) => row !== undefined);
      if (found.length === 0) return;
      await forget(this.#parts, found);
    }
  }

  async #first({ stream, expectedVersion, facts }: Append): Promise<boolean> {
    try {
      await this.#parts.store.append(stream, expectedVersion, facts);
      return true;
    } catch (error) {
      if (error instanceof ConcurrencyError) return false;
      throw error;
    }
  }

  #keys(prefix: string) {
    return all(this.#parts.store, prefix);
  }

  #fact<Type extends InvitationFactType>(type: Type, data: InvitationFacts[Type]): Fact {
    return { ...invitationFact(type, data), ...stamp(this.#parts) };
  }
}

/** What an account has made and used: nothing of it is left when it resolves, so that nobody learns there who has gone. */
export async function forgetInvitationsOf(parts: Parts, host: string, username: string): Promise<void> {
  await forget(parts, await ofAccount(parts.store, host, username));
}

async function forget(parts: Parts, found: readonly Invitation[]): Promise<void> {
  for (let from = 0; from < found.length; from += forgottenAtOnce) {
    await parts.store.append(serverStream, "any", [{ ...forgetInvitations(found.slice(from, from + forgottenAtOnce)), ...stamp(parts) }]);
  }
}

async function ofAccount(store: Store, host: string, username: string): Promise<readonly Invitation[]> {
  const found: Invitation[] = [];
  for (const { key } of await all(store, ofPrefix(host, username))) {
    const [row] = await store.query(projection.name, { key: oneKey(idIn(key)) });
    if (row !== undefined) found.push(row.value as unknown as Invitation);
  }
  return found;
}

async function all(store: Store, prefix: string) {
  const found = [];
  for (let after = ""; ; ) {
    const page = await store.query(projection.name, { prefix, after, limit: pageRows });
    found.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < pageRows) return found;
    after = last.key;
  }
}

const pageRows = 1_000;
/** Invitations whose facts are deleted in one commit. */
const forgottenAtOnce = 100;
const tokenForm = /^[0-9a-f]{32}$/;

/** 128 bits of it: who reads the log does not come back to the token. */
function idOf(token: string): string {
  return createHash("sha256").update(token).digest("hex").slice(0, 32);
}

function idIn(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}

function stamp({ clock, ids }: Parts): Pick<Fact, "at" | "step" | "cause"> {
  return { at: clock.now(), step: ids.next(), cause: null };
}
