/** What administrators do from a client, and what operators do to who is here: the same operations, with answers that each expects. */
import { componentsAsOthers, type OtherDomains, parseAccount, parseUser } from "../admin/account-admin.ts";
import type { ServiceAdmin, StoreAdmin } from "../admin/api.ts";
import { AdminError, type AdminErrorCode } from "../admin/errors.ts";
import { type Jid, parseJid } from "../domain/jid.ts";
import { type Accounts, NoSuchAccountError } from "../log/accounts.ts";
import type { Administered, Administration, OnlineSession } from "../router/administration.ts";
import type { Bulletin } from "../router/bulletin.ts";
import type { Population } from "../session/population.ts";
import type { Registry } from "../session/registry.ts";

export interface AdministrationOptions {
  /** Bare JIDs, prepared. */
  readonly admins: readonly string[];
  /** Called when it is needed: it is built around the house. */
  readonly admin: () => StoreAdmin;
  readonly registry: Registry;
  readonly sessions: Population;
  readonly bulletin: Bulletin;
}

export function createAdministration({ admins, admin, registry, sessions, bulletin }: AdministrationOptions): Administration {
  return {
    isAdmin: ({ bare }) => admins.includes(bare),
    addUser: (jid, password) => administered(() => admin().userAdd(jid, password)),
    deleteUser: (jid) => administered(() => admin().userDelete(jid)),
    disableUser: (jid) => administered(() => admin().userDisable(jid)),
    enableUser: (jid) => administered(() => admin().userEnable(jid)),
    changePassword: (jid, password) => administered(() => admin().userPasswd(jid, password)),
    endSessions: (jid) => administered(() => admin().sessionsEnd(jid)),
    registered: () => admin().userList(),
    disabled: () => admin().userDisabled(),
    online: () => [...registry.all()].filter(({ connected }) => connected).map((session): OnlineSession => {
      const show = session.presence?.getChildText("show") ?? "";
      const active = session.available && !session.hibernating && show !== "away" && show !== "xa";
      const host = sessions.get(session.id);
      const link = host?.attached === true && !host.closed ? host.link : undefined;
      return { jid: session.jid, address: link?.remoteAddress ?? null, active };
    }),
    roster: (text) => administered(async () => {
      const { jid, contacts } = await admin().roster(text);
      return { jid, contacts };
    }),
    announce: (text) => administered(() => admin().announce(text)),
    get motd() {
      return bulletin.motd;
    },
    setMotd: (text, how) => administered(async () => void (await admin().motdSet(text, how === "edit"))),
    deleteMotd: () => admin().motdDelete(),
    showMotd: (step, session, account) => bulletin.showMotd(step, session, account),
  };
}

export interface ServiceAdminOptions {
  readonly hosts: readonly string[];
  /** Domains of external components. */
  readonly components: readonly string[];
  readonly accounts: Accounts;
  readonly registry: Registry;
  readonly bulletin: Bulletin;
}

export function createServiceAdmin({ hosts, components, accounts, registry, bulletin }: ServiceAdminOptions): ServiceAdmin {
  const others = componentsAsOthers(components);
  return {
    async sessionsEnd(text) {
      const { domain, local, bare, resource } = parseSomebody(text, hosts, others);
      const ending = registry.sessions(bare).filter((session) => resource === undefined || session.jid.resource === resource);
      if (ending.length === 0 && !(await accounts.exists(domain, local))) throw new AdminError("account-unknown", new NoSuchAccountError(domain, local).message);
      // RFC 6120 section 4.9.3.14: the operator's own policy. It may come back.
      for (const session of ending) session.close("policy-violation", "an administrator ended this session");
      return ending.length;
    },
    announce: async (text) => usable(() => bulletin.announce(text)),
    motd: async () => bulletin.motd?.text ?? null,
    motdSet: async (text, edit) => usable(() => bulletin.setMotd(text, edit ? "edit" : "new")),
    motdDelete: () => bulletin.deleteMotd(),
  };
}

/** Throws AdminError jid-malformed or host-unknown. */
function parseSomebody(text: string, hosts: readonly string[], others: OtherDomains): Jid & { readonly local: string } {
  const jid = parseJid(text);
  if (jid?.local === undefined) return parseUser(text, hosts);
  parseAccount(jid.bare, hosts, others);
  return jid as Jid & { readonly local: string };
}

async function usable<Value>(work: () => Value | Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RangeError) throw new AdminError("text-unusable", error.message);
    throw error;
  }
}

const refusals: { readonly [Code in AdminErrorCode]?: Extract<Administered<never>, { readonly refused: string }>["refused"] } = {
  "jid-malformed": "malformed",
  "host-unknown": "unknown",
  "account-unknown": "unknown",
  "account-exists": "exists",
  "password-unusable": "unusable",
  "text-unusable": "unusable",
};

/** In a step of its own: that of who asks has ended. What nobody expects is thrown on. */
async function administered<Value>(work: () => Promise<Value>): Promise<Administered<Value>> {
  await undefined;
  try {
    return { value: await work() };
  } catch (error) {
    const refused = error instanceof AdminError ? refusals[error.code] : undefined;
    if (refused === undefined) throw error;
    return { refused, text: (error as AdminError).message };
  }
}
