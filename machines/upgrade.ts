/** Snapshots that an earlier version of the session's machine recorded, made fit for this one: a function for each step. */
import type { RecordedSnapshot } from "./fold.ts";
import { sessionMachineVersion } from "./session.ts";

/** A snapshot as it was recorded, by whichever machine and version. */
export interface AnySnapshot {
  readonly machine: string;
  readonly version: number;
  readonly value: unknown;
  readonly context: unknown;
}

type Parts = { readonly value: unknown; readonly context: Readonly<Record<string, unknown>> };

/** From each version to the next. */
const steps: Readonly<Record<number, (old: Parts) => Parts>> = {
  // Nothing could be resumed yet: `management` was "off" in every session.
  1: ({ value, context }) => ({ value, context: { ...context, resumptionMs: 0 } }),
  // No login said yet what was to follow, nor on which device it was.
  2: ({ value, context }) => ({ value, context: { ...context, device: null, wishes: null } }),
};

/** Throws if it is of another machine, or of a version that this one does not know. */
export function upgradeSnapshot({ machine, version, value, context }: AnySnapshot): RecordedSnapshot {
  if (machine !== "session") {
    throw new Error(`snapshot.machine: expected "session", got ${JSON.stringify(machine)}; read it with the release of refrain that recorded it`);
  }
  if (!Number.isInteger(version) || version < 1 || version > sessionMachineVersion) {
    const fix = version > sessionMachineVersion ? "start the release of refrain that recorded it, or a later one" : "check the log";
    throw new Error(`snapshot.version: expected 1–${sessionMachineVersion} of machine session, got ${JSON.stringify(version)}; ${fix}`);
  }
  let parts: Parts = { value, context: context as Parts["context"] };
  for (let from = version; from < sessionMachineVersion; from++) parts = steps[from]!(parts);
  return { machine, version: sessionMachineVersion, ...parts } as unknown as RecordedSnapshot;
}
