/** How errors stand in the log of the process. */
import { describe, expect, it } from "vitest";
import { described } from "../../src/cli/logger.ts";

const cause = new RangeError("boom");

describe("An error in the log", () => {
  it.each([
    ["says once what its message and its cause's both say", new Error("extension mine: boom", { cause }), "extension mine: boom"],
    ["says its cause where its own message does not", new Error("the client left", { cause }), "the client left: boom"],
    ["says its own where there is no cause", cause, "boom"],
  ])("%s", (_, error, message) => {
    expect(described(error)).toMatchObject({ type: error.name, message, stack: expect.stringContaining("RangeError: boom") });
  });

  it("may be no error at all", () => {
    expect(described("boom")).toBe("boom");
  });
});
