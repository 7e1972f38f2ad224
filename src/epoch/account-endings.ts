/** What becomes of who is here when an account is deleted or disabled. */
import type { AccountAdminOptions } from "../admin/account-admin.ts";
import { forgetUser } from "../muc/forgetting.ts";
import type { Clock, Log } from "../ports.ts";
import { endContacts, type DepartureOptions } from "../router/departure.ts";
import type { Extension } from "../router/extension.ts";
import type { House } from "../router/house.ts";
import type { Population } from "../session/population.ts";

export interface AccountEndingsOptions extends DepartureOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly extensions: readonly Extension[];
  readonly sessions: Population;
  readonly house: House;
}

export interface AccountEndings extends Required<Pick<AccountAdminOptions, "onDeleting" | "onDeleted" | "onDisabled" | "onRevoked" | "onlineDevices" | "onEnabling">> {
  /** Disabled in this epoch. What is read of it may be older. */
  isDisabled(host: string, username: string): boolean;
}

export function createAccountEndings({ clock, log, extensions, sessions, house, ...departure }: AccountEndingsOptions): AccountEndings {
  const { accounts, batch } = departure;
  const disabled = new Set<string>();
  return {
    isDisabled: (host, username) => disabled.has(`${username}@${host}`),

    /** Its sessions first: those who see them are told that they are gone, and then that nothing will come. Rooms let go of its name last. */
    async onDeleting(host, username, asker) {
      sessions.removeAccount(host, username, asker);
      await endContacts(departure, host, username);
      await forgetUser(house.rooms, `${username}@${host}`);
    },

    async onDeleted(host, username) {
      // Whoever has come since: what follows from its end is still the account's.
      sessions.removeAccount(host, username);
      const bareJid = `${username}@${host}`;
      accounts.forget(bareJid);
      disabled.delete(bareJid);
      for (const { name, accountRemoved } of extensions) {
        try {
          accountRemoved?.({ bareJid, house });
        } catch (error) {
          // The others have something to remove, too, and so has the log.
          log.error({ err: error, extension: name, jid: bareJid }, "an extension failed over an account that was deleted: look for what it has left of it");
        }
      }
      // What was recorded of it until now is forgotten next.
      await batch.settle();
    },

    onDisabled(host, username) {
      const bareJid = `${username}@${host}`;
      disabled.add(bareJid);
      sessions.disableAccount(host, username);
      // Whose login was decided in the same moment is a session soon.
      clock.at(clock.now(), () => disabled.has(bareJid) && sessions.disableAccount(host, username));
    },

    onRevoked(host, username, device) {
      sessions.endDevice(host, username, device);
      // As above.
      clock.at(clock.now(), () => sessions.endDevice(host, username, device));
    },

    onlineDevices: (host, username) => sessions.devices(host, username),

    onEnabling: (host, username) => void disabled.delete(`${username}@${host}`),
  };
}
