/** The rules about a session's state, as an expectation of one that a test made. */
import { expect } from "vitest";
import type { SessionSnapshot } from "../../machines/fold.ts";
import { sessionInvariants } from "../../src/testing/model/session-invariants.ts";

export function checkState(snapshot: SessionSnapshot): void {
  expect(sessionInvariants.flatMap(({ name, state }) => (state?.(snapshot) === undefined ? [] : [`${name} ${state(snapshot)}`]))).toEqual([]);
}
