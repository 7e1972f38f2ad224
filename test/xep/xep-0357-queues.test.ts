/** Which messages of a session's queue are worth a notification (XEP-0357 section 7, XEP-0198 section 4). */
import { describe, expect, it } from "vitest";
import type { Session } from "../../src/session/environment.ts";
import type { Step } from "../../src/step/batch.ts";
import { countQueued, noteQueued } from "../../src/xep/xep-0357-queues.ts";

describe("XEP-0198 section 4 what a client has acknowledged", () => {
  it("is not counted, though something else was given to it in the same millisecond", () => {
    const counts = { given: 0, unacknowledgedFrom: undefined as number | undefined, hibernating: true };
    const session = counts as unknown as Session;
    const step = { at: 1_000, ifDiscarded() {} } as unknown as Step;
    noteQueued(step, session, {} as never);
    counts.given = 1;
    counts.unacknowledgedFrom = 1;
    expect(countQueued(session, 1_000)).toBe(1);
    // The first is acknowledged, and a second, which is no message, is not.
    counts.given = 2;
    counts.unacknowledgedFrom = 2;
    expect(countQueued(session, 1_000)).toBe(0);
  });
});
