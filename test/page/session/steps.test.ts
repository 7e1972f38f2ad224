import { describe, expect, it } from "vitest";
import { sinceText, timeText } from "../../../src/page/session/moments.ts";
import { entryName, indexOf, nextPlace, previousPlace, stateChanges, trackTicks } from "../../../src/page/session/steps.ts";
import { linkAttached, linkLost, toResumable } from "../../machines/telling.ts";
import { recordingOf, row } from "./support.ts";

describe("Time travel: steps by entry and by change of state", () => {
  const recording = recordingOf(...toResumable, linkLost, linkAttached);
  const changes = stateChanges(recording.entries);

  it("stops where the state is another one than before", () => {
    const states = changes.map((index) => recording.momentAt(index).past?.session.state);
    expect(states).toEqual([
      "negotiating.offering", "negotiating.authenticating", "authenticated.awaitingRestart", "authenticated.binding.idle", "authenticated.binding.pending",
      "connected.unavailable+uninterested+attached", "connected.available+uninterested+attached",
      "connected.available+uninterested+hibernating", "connected.available+uninterested+attached",
    ]);
    // To enable stream management is no other state.
    expect(recording.entries.length - 1).toBe(changes.length + 1);
  });

  it("finds the next and the one before, and none beyond the ends", () => {
    expect(nextPlace(changes, 0)).toBe(1);
    expect(previousPlace(changes, 3)).toBe(2);
    expect(nextPlace(changes, recording.entries.length - 1)).toBeUndefined();
    expect(previousPlace(changes, 1)).toBeUndefined();
  });

  it("brings places that are outside inside", () => {
    expect([indexOf("last", recording), indexOf(-4, recording), indexOf(10_000, recording), indexOf(3, recording)]).toEqual([recording.entries.length - 1, 0, recording.entries.length - 1, 3]);
    expect([indexOf("last", { entries: [] }), indexOf(4, { entries: [] })]).toEqual([-1, -1]);
  });

  it("calls entries by their event and their element", () => {
    expect(entryName(recording.entries[1]!)).toBe("stream.opened");
    expect(entryName(row(0, "iq").entries[0]!)).toBe("→ iq");
    expect(entryName({ ...row(0, "iq").entries[0]!, what: { kind: "wire", direction: "out", xml: "<?xml version='1.0'?><stream:stream>", chars: 40 } })).toBe("← stream:stream");
  });

  it("draws so few ticks that thousands of changes can be seen, failures before changes", () => {
    const rows = Array.from({ length: 5_000 }, (_, index) => row(index, "iq", { mark: index === 2_500 ? "failed" : null }));
    const entries = rows.map(({ entries }) => entries[0]!);
    const ticks = trackTicks({ entries, rows }, entries.map(({ index }) => index));
    expect(ticks.length).toBeLessThanOrEqual(241);
    expect(ticks.filter(({ kind }) => kind === "failed").map(({ at }) => at)).toEqual([0.5]);
    expect(ticks.every(({ at }) => at >= 0 && at <= 1)).toBe(true);
  });
});

describe("Times are told so that they can be told apart", () => {
  it("counts from the begin, to the millisecond", () => {
    expect([12, 1_907, 59_999, 125_123, 3_725_004].map((ms) => sinceText(ms, 0))).toEqual(["+0:00.012", "+0:01.907", "+0:59.999", "+2:05.123", "+1:02:05.004"]);
    expect(sinceText(0, 3)).toBe("−0:00.003");
  });

  it("shows what is no time as a number", () => {
    expect(timeText(0)).toBe("1970-01-01T00:00:00.000Z");
    expect(timeText(1e300)).toBe("1e+300");
    expect(timeText(Number.NaN)).toBe("NaN");
  });
});
