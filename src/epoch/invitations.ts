/** What clients do with invitations: the same as an operator does, with what follows for those who are here. */
import { AdminError } from "../admin/errors.ts";
import type { InvitationAdmin } from "../admin/api.ts";
import type { Account } from "../domain/account.ts";
import { invitationFact, invitationState, invitationStream, type Invitation } from "../domain/invitation.ts";
import { parseJid, type Jid } from "../domain/jid.ts";
import { invitationTriesMax, invitationTriesPerAddress } from "../domain/limits.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import type { Invitations } from "../log/invitations.ts";
import type { Clock, Log } from "../ports.ts";
import type { Contacts } from "../router/contacts.ts";
import type { InvitationDesk } from "../router/invitations.ts";
import { NewcomerCount } from "../router/registrar.ts";
import type { AccountCache } from "../session/account-cache.ts";
import type { Session } from "../session/environment.ts";
import type { Batch } from "../step/batch.ts";

export interface InvitationDeskOptions {
  readonly invitations: Invitations;
  readonly accounts: AccountCache;
  readonly contacts: Contacts;
  readonly batch: Batch;
  readonly clock: Clock;
  readonly log: Log;
  /** Of one user, good at the same time. */
  readonly perUser: number;
  readonly refused: CountRefusal;
  /** Called when it is needed: it is built around the house. */
  readonly admin: () => InvitationAdmin;
}

export interface OpenInvitationDesk extends InvitationDesk {
  /** Does what follows from the use of an invitation, if it is not done yet. */
  fulfil(id: string): Promise<void>;
  /** The same for all of them: those whose server stopped in between. What was over long ago is forgotten. */
  begin(): Promise<void>;
}

export function createInvitationDesk(options: InvitationDeskOptions): OpenInvitationDesk {
  const { invitations, clock, log, perUser, refused, admin } = options;
  const named = new WeakMap<Session, Invitation>();
  const tries = new NewcomerCount({ perAddress: invitationTriesPerAddress, perHour: invitationTriesMax }, (bound) =>
    refused(bound === "perAddress" ? "invitationTriesPerAddress" : "invitationTriesMax"));
  /** One after the other, so that nobody has more than there may be. */
  let making: Promise<unknown> = Promise.resolve();

  /** One that can be used. */
  const open = async (token: string): Promise<Invitation | undefined> =>
    (await admin().userInvitation(token)) === null ? undefined : invitations.find(token);

  const invite: InvitationDesk["invite"] = async ({ inviter, host, link, name, contact, limited }) => {
    if (limited) {
      const own = await invitations.of(inviter.domain, inviter.local ?? "");
      const good = own.filter((one) => one.inviter === inviter.bare && invitationState(one, clock.now()) === "open");
      if (good.length >= perUser) return "too-many";
    }
    try {
      const wish = { domain: host, link, ...(name !== undefined && { name }), inviter: inviter.bare, contact };
      return { value: await admin().userInvite(wish) };
    } catch (error) {
      const refused = error instanceof AdminError ? refusals[error.code as keyof typeof refusals] : undefined;
      if (refused === undefined) throw error;
      return { refused, text: (error as AdminError).message };
    }
  };

  const fulfil = async (id: string): Promise<void> => {
    const found = await invitations.get(id);
    if (found?.pending !== true) return;
    const [inviter, guest] = [found.inviter, found.by].map((jid) => parseJid(jid ?? ""));
    await meet(options, found, inviter, guest);
  };

  return {
    invite: (wish) => {
      const made = making.then(() => invite(wish));
      making = made.catch(() => undefined);
      return made;
    },

    async present(session, host, token, at) {
      if (!tries.admit(session.peer?.address ?? "", at)) return "too-often";
      const found = await open(token);
      if (found?.host !== host) return "unknown";
      named.set(session, found);
      return "accepted";
    },

    presented: (session) => named.get(session),
    forget: (session) => void named.delete(session),

    async redeem({ token, guest, inviter, address, at }) {
      if (!tries.admit(address, at)) return;
      const found = await open(token);
      if (found?.link !== "roster" || found.inviter !== inviter.bare || guest.bare === inviter.bare) return;
      if (!(await invitations.useAlone(found, guest.bare))) return;
      log.info({ jid: guest.bare, inviter: inviter.bare }, "an invitation was used");
      await fulfil(found.id);
    },

    fulfil,

    async begin() {
      await invitations.sweep();
      for (const { id } of await invitations.pending()) await fulfil(id);
    },
  };
}

const refusals = {
  "jid-malformed": "malformed",
  "host-unknown": "unknown",
  "account-unknown": "unknown",
  "account-exists": "exists",
} as const;

/** Durable when it resolves. Who has no account any more is nobody's contact. */
async function meet({ accounts, contacts, batch }: InvitationDeskOptions, invitation: Invitation, inviter: Jid | undefined, guest: Jid | undefined): Promise<void> {
  const { host, id, registered } = invitation;
  for (;;) {
    const people: (Account | undefined)[] = [];
    for (const jid of [inviter, guest]) people.push(jid?.local === undefined ? undefined : await accounts.load(jid.domain, jid.local));
    // Loading one may have dropped the other from memory; the next time both are among the youngest there.
    if (people.some((account) => account !== undefined && accounts.get(account.bare) !== account)) continue;
    const ticket = batch.run(null, (step) => {
      const [known, newcomer] = people.map((account) => account && accounts.read(step, account.bare));
      if (known !== undefined && newcomer !== undefined) (registered ? contacts.unite : contacts.welcome)(step, known, newcomer);
      return step.record(invitationStream(invitation), invitationFact("InvitationFulfilled", { host, id }), true);
    });
    return batch.durable(ticket);
  }
}
