/** The log as a whole, as an operator keeps it. */
import { BackupError } from "../log/errors.ts";
import type { LogStats, Store } from "../ports.ts";
import type { LogAdmin } from "./api.ts";
import { AdminError } from "./errors.ts";

/** The operations as functions, so that they can be spread into a larger API. */
export function createLogAdmin({ store }: { readonly store: Store }): LogAdmin {
  return {
    logStats: (): Promise<LogStats> => store.stats(),

    async backup(file: string): Promise<void> {
      try {
        await store.backup(file);
      } catch (error) {
        throw error instanceof BackupError ? new AdminError("backup-failed", error.message) : error;
      }
    },
  };
}
