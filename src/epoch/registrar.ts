/** What users do to their accounts from a client: the same as an operator does, with answers that a protocol expects. */
import type { AccountAdmin } from "../admin/account-admin.ts";
import { AdminError, type AdminErrorCode } from "../admin/errors.ts";
import { PasswordChecks } from "../auth/password-checks.ts";
import { parseJid } from "../domain/jid.ts";
import { registrationPasswordsMax } from "../domain/limits.ts";
import type { CountRefusal } from "../domain/refusals.ts";
import type { Accounts } from "../log/accounts.ts";
import { ConcurrencyError } from "../log/errors.ts";
import type { Invitations } from "../log/invitations.ts";
import { NewcomerCount, type Registrar, type RegistrarFault } from "../router/registrar.ts";

export interface RegistrarOptions {
  readonly accounts: Accounts;
  readonly refused: CountRefusal;
  /** Tries to make an account in an hour. */
  readonly limits: { readonly perAddress: number; readonly perHour: number };
  readonly invitations: Invitations;
  /** Does what follows from the use of an invitation. */
  readonly fulfil: (id: string) => Promise<void>;
  /** Called when it is needed: it is built around the house. */
  readonly admin: () => AccountAdmin;
}

export function createRegistrar({ accounts, refused, limits, invitations, fulfil, admin }: RegistrarOptions): Registrar {
  const newcomers = new NewcomerCount(limits, (bound) => refused(`registration.${bound}`));
  const passwords = new PasswordChecks(registrationPasswordsMax, () => refused("registrationPasswordsMax"));
  const withPassword = async (work: () => Promise<string>): Promise<RegistrarFault | undefined> => {
    const done = await passwords.admit(async () => ({ fault: await faultOf(work) }));
    return done === undefined ? "busy" : done.fault;
  };
  return {
    admit: (address, at) => newcomers.admit(address, at),
    async create(bareJid, password, invitation) {
      const { domain, local } = parseJid(bareJid) ?? {};
      if (domain === undefined || local === undefined || (await accounts.everExisted(domain, local))) return "taken";
      if (invitation === undefined) return withPassword(() => admin().userAdd(bareJid, password));
      if (invitation.username !== local && (await invitations.isReserved(domain, local))) return "taken";
      const use = invitations.use(invitation, bareJid, true);
      const fault = await withPassword(() => admin().userAddBeside(bareJid, password, use));
      if (fault === undefined) await fulfil(invitation.id);
      return fault;
    },
    setPassword: (bareJid, password) => withPassword(() => admin().userPasswd(bareJid, password)),
    remove: (bareJid, { id }, gone) => faultOf(() => admin().userDelete(bareJid, { session: id, gone })),
  };
}

const faults: { readonly [Code in AdminErrorCode]?: RegistrarFault } = {
  "account-exists": "taken",
  "account-unknown": "unknown",
  "password-unusable": "unusable",
};

/** What no user can do anything about is thrown on. */
async function faultOf(work: () => Promise<string>): Promise<RegistrarFault | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof ConcurrencyError) return "used";
    const fault = error instanceof AdminError ? faults[error.code] : undefined;
    if (fault === undefined) throw error;
    return fault;
  }
}
