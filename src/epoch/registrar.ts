/** What users do to their accounts from a client: the same as an operator does, with answers that a protocol expects. */
import type { AccountAdmin } from "../admin/account-admin.ts";
import { AdminError, type AdminErrorCode } from "../admin/errors.ts";
import { PasswordChecks } from "../auth/password-checks.ts";
import { parseJid } from "../domain/jid.ts";
import { registrationPasswordsMax } from "../domain/limits.ts";
import type { Accounts } from "../log/accounts.ts";
import { NewcomerCount, type Registrar, type RegistrarFault } from "../router/registrar.ts";

export interface RegistrarOptions {
  readonly accounts: Accounts;
  /** Tries to make an account in an hour. */
  readonly limits: { readonly perAddress: number; readonly perHour: number };
  /** Called when it is needed: it is built around the house. */
  readonly admin: () => AccountAdmin;
}

export function createRegistrar({ accounts, limits, admin }: RegistrarOptions): Registrar {
  const newcomers = new NewcomerCount(limits);
  const passwords = new PasswordChecks(registrationPasswordsMax);
  const withPassword = async (work: () => Promise<string>): Promise<RegistrarFault | undefined> => {
    const done = await passwords.admit(async () => ({ fault: await faultOf(work) }));
    return done === undefined ? "busy" : done.fault;
  };
  return {
    admit: (address, at) => newcomers.admit(address, at),
    async create(bareJid, password) {
      const { domain, local } = parseJid(bareJid) ?? {};
      if (domain === undefined || local === undefined || (await accounts.everExisted(domain, local))) return "taken";
      return withPassword(() => admin().userAdd(bareJid, password));
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
    const fault = error instanceof AdminError ? faults[error.code] : undefined;
    if (fault === undefined) throw error;
    return fault;
  }
}
