/** That a log was read from a damaged file, and what it lacks since. */

/** The shape of the data of a fact `LogSalvaged`, which is in the server's own stream. */
export interface LogSalvaged {
  /** Where facts of a stream are missing: those with versions from the one to the other, both included. */
  readonly gaps: readonly VersionGap[];
}

export type VersionGap = { readonly stream: string; readonly from: number; readonly through: number };

export const logSalvagedType = "LogSalvaged";
export const logSalvagedVersion = 1;
/** Why a session ended whose state could not be told any more. */
export const damagedLogReason = "log-damaged";
