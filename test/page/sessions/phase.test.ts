import { describe, expect, it } from "vitest";
import { phaseOf, shortState, statesIn } from "../../../src/page/sessions/phase.ts";

describe("The inspector's list: a state in a word", () => {
  it.each([
    ["awaitingStream", "opening", "awaitingStream"],
    ["negotiating.securing", "opening", "securing"],
    ["authenticated.binding.pending", "login", "pending"],
    ["connected.available+interested+attached", "connected", "connected"],
    ["connected.unavailable+uninterested+hibernating", "hibernating", "hibernating"],
    ["closing", "closing", "closing"],
    ["closed", "closed", "closed"],
  ])("%s", (state, phase, short) => {
    expect(phaseOf(state)).toBe(phase);
    expect(shortState(state)).toBe(short);
  });

  it("does not take a session that is unavailable for one that is available", () => {
    expect(statesIn("connected.unavailable+uninterested+attached")).toEqual(["connected", "unavailable", "uninterested", "attached"]);
  });
});
