/** What an operator does about invitations, the same in a running server and on a store that is opened for it. */
import { invitationState, invitationUri, type Invitation } from "../domain/invitation.ts";
import { makeJid, parseJid, prepareLocal } from "../domain/jid.ts";
import { AccountExistsError, type Accounts, NoSuchAccountError } from "../log/accounts.ts";
import { type Invitations, NameReservedError } from "../log/invitations.ts";
import type { Clock } from "../ports.ts";
import { parseAccount, requireHost } from "./account-admin.ts";
import type { InvitationAdmin, InvitationView, Invited, InvitationWish } from "./api.ts";
import { AdminError } from "./errors.ts";

export interface InvitationAdminOptions {
  readonly invitations: Invitations;
  readonly accounts: Accounts;
  /** The configured domains, prepared. */
  readonly hosts: readonly string[];
  readonly settings: { readonly invitations: "admins" | "users" | "nobody"; readonly invitationDays: number };
  /** The page of a token of this host; undefined where there are none. */
  readonly pageOf: (host: string, token: string) => string | undefined;
  readonly clock: Clock;
}

export function createInvitationAdmin({ invitations, accounts, hosts, settings, pageOf, clock }: InvitationAdminOptions): InvitationAdmin {
  const viewOf = (invitation: Invitation): InvitationView => {
    const { id, host, link, inviter, username, contact, by, madeAt, expiresAt } = invitation;
    return { id, host, link, inviter, username, contact, by, madeAt, expiresAt, state: invitationState(invitation, clock.now()) };
  };

  const open = async (token: string): Promise<Invitation | undefined> => {
    const found = settings.invitations === "nobody" ? undefined : await invitations.find(token);
    if (found === undefined || !hosts.includes(found.host) || invitationState(found, clock.now()) !== "open") return undefined;
    const inviter = found.inviter === null ? undefined : parseJid(found.inviter);
    // Who may not log in invites nobody.
    return inviter?.local !== undefined && (await accounts.isDisabled(inviter.domain, inviter.local)) ? undefined : found;
  };

  return {
    async userInvite(wish) {
      if (settings.invitations === "nobody") {
        throw new AdminError("invitations-off", "registration.invitations is \"nobody\", so that no invitation lets anybody in; set it to \"admins\" or \"users\"");
      }
      const made = await invitations.make(await invitationOf(wish)).catch(rethrow);
      await invitations.sweep();
      return { ...viewOf(made.invitation), uri: invitationUri(made.invitation, made.token), page: pageOf(made.invitation.host, made.token) ?? null } satisfies Invited;
    },

    async userInvitations(text) {
      const host = text === undefined ? undefined : requireHost(text, hosts);
      const found = (await invitations.list()).filter((invitation) => host === undefined || invitation.host === host);
      return found.toSorted((a, b) => a.madeAt - b.madeAt || (a.id < b.id ? -1 : 1)).map(viewOf);
    },

    async userUninvite(id) {
      const found = /^[0-9a-f]{4,32}$/.test(id) ? await invitations.list(id) : [];
      const [only] = found;
      if (only === undefined || found.length > 1) {
        const why = found.length > 1 ? "more than one begins so; give more of its id" : "there is none of that id";
        throw new AdminError("invitation-unknown", `invitation ${JSON.stringify(id)}: ${why}; \`refrain user invitations\` shows them`);
      }
      const state = invitationState(only, clock.now());
      if (state === "used" || state === "revoked" || !(await invitations.revoke(only))) {
        throw new AdminError("invitation-over", `invitation ${only.id}: it was ${state === "revoked" ? "taken back" : "used"} already; nothing is left to take back`);
      }
      return only.id;
    },

    async userInvitation(token) {
      const found = await open(token);
      return found === undefined ? null : { ...viewOf(found), uri: invitationUri(found, token), page: pageOf(found.host, token) ?? null };
    },
  };

  async function invitationOf({ domain, name, days = settings.invitationDays, inviter: who, contact = true, link = "register" }: InvitationWish) {
    const inviter = who === undefined ? undefined : parseAccount(who, hosts);
    const host = domain === undefined ? (inviter?.domain ?? hosts[0] ?? "localhost") : requireHost(domain, hosts);
    if (inviter !== undefined && !(await accounts.exists(inviter.domain, inviter.local))) throw refusal(new NoSuchAccountError(inviter.domain, inviter.local));
    const username = name === undefined ? null : prepareLocal(name);
    if (username === undefined || username === "" || (username !== null && parseJid(makeJid(username, host).bare) === undefined)) {
      throw new AdminError("jid-malformed", `name ${JSON.stringify(name)}: no address can have it; give the part before the @, such as juliet`);
    }
    if (username !== null && (await accounts.exists(host, username))) throw new AdminError("account-exists", `${username}@${host}: there is such an account already, so nobody can be invited to that name; choose another`);
    return { host, link, inviter: inviter?.bare ?? null, username, contact: contact && inviter !== undefined, expiresAt: clock.now() + Math.round(days * dayMs) };
  }
}

const dayMs = 86_400_000;

function refusal(error: unknown): unknown {
  if (error instanceof AccountExistsError || error instanceof NameReservedError) return new AdminError("account-exists", error.message);
  if (error instanceof NoSuchAccountError) return new AdminError("account-unknown", error.message);
  return error;
}

function rethrow(error: unknown): never {
  throw refusal(error);
}
