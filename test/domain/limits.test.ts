import { describe, expect, it } from "vitest";
import * as limits from "../../src/domain/limits.ts";

const numbers = Object.entries({ ...limits, ...limits.xmlLimitsUnauthenticated, ...limits.xmlLimitsAuthenticated }).filter(
  ([, value]) => typeof value === "number",
);

describe("The bounds of the server", () => {
  it.each(numbers)("%s is a whole number, and lets something through", (_, value) => {
    expect(Number.isSafeInteger(value)).toBe(true);
    expect(value).toBeGreaterThan(0);
  });

  it("leave an unauthenticated stream what RFC 6120 section 13.12 asks for, and an authenticated one more of everything", () => {
    const { xmlLimitsUnauthenticated: before, xmlLimitsAuthenticated: after } = limits;
    expect(before.stanzaBytesMax).toBeGreaterThanOrEqual(10_000);
    for (const name of ["stanzaBytesMax", "depthMax", "attributesMax", "nameBytesMax", "elementsMax"] as const) {
      expect(before[name], name).toBeLessThan(after[name]);
    }
  });

  it("let a client that reads be given in one piece what is kept for it", () => {
    expect(limits.outboxBytesSoftMax).toBeLessThan(limits.outboxBytesHardMax);
    expect(limits.offlineBytesMax).toBeLessThan(limits.outboxBytesSoftMax);
    expect(4 * limits.rosterBytesMax).toBeLessThanOrEqual(limits.outboxBytesHardMax);
    expect(limits.subscriptionRequestsMax * limits.subscriptionRequestCharsMax * 3).toBeLessThan(limits.outboxBytesHardMax);
  });

  it("take the longest name of a contact in each of its groups", () => {
    expect(limits.rosterGroupsMax * limits.rosterNameBytesMax).toBeLessThan(limits.xmlLimitsAuthenticated.stanzaBytesMax);
  });

  it("let a session be resumed after a start for a minute, while the store is tried many times", () => {
    expect(limits.resumptionGraceMs).toBe(60_000);
    expect(limits.reopenDelayMsMin).toBeLessThan(limits.reopenDelayMsMax);
    expect(10 * limits.reopenDelayMsMax).toBeLessThan(limits.resumptionGraceMs);
    expect(limits.stopSessionsMs + limits.stopCommitMs).toBe(5_000);
  });

  it("let facts of many stanzas wait for one commit", () => {
    expect(8 * limits.xmlLimitsAuthenticated.stanzaBytesMax).toBeLessThan(limits.uncommittedBytesMax);
  });

  it("try the log for half a second when the process ends", () => {
    expect(limits.logFlushTurnsMax * limits.logFlushTurnMs).toBe(500);
  });

  it("keep a page's entrance for half a day, and a fresh address for ten minutes", () => {
    expect(limits.entranceMs / 3_600_000).toBe(12);
    expect(limits.freshTokenMs / 60_000).toBe(10);
  });

  it("let a page be sent several frames of what it missed", () => {
    expect(limits.inspectorWireCharsMax).toBeLessThan(limits.inspectorFrameCharsMax);
    expect(4 * limits.inspectorFrameCharsMax).toBeLessThanOrEqual(limits.inspectorQueueCharsMax);
    expect(limits.inspectorRowsMax).toBeLessThan(limits.inspectorQueueItemsMax);
  });
});
