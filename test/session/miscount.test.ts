/** Which clients count less than they have read (XEP-0198 section 4). */
import { describe, expect, it } from "vitest";
import { Miscount } from "../../src/session/miscount.ts";

/** Asked so often, it is each time two behind what was sent, and says so. */
function behind(miscount: Miscount, times: number): number {
  let sent = miscount.read;
  for (let time = 0; time < times; time += 1) {
    sent += 10;
    miscount.asked(sent);
    miscount.answered(sent - 2, sent + 5);
  }
  return miscount.read;
}

describe("XEP-0198 section 4: a client that is behind by the same each time that it is asked", () => {
  it("has read all that was sent before it was asked", () => {
    const miscount = new Miscount();
    expect([behind(miscount, 1), behind(miscount, 2)]).toEqual([0, 20]);
  });

  it("has read it also where it was asked twice before it answered", () => {
    const miscount = new Miscount();
    miscount.asked(4);
    miscount.asked(5);
    miscount.answered(2, 5);
    miscount.answered(3, 5);
    expect(behind(miscount, 2)).toBe(20);
  });

  it("has read no more than it says where it says so unasked, too: its words are on their way", () => {
    const miscount = new Miscount();
    miscount.asked(4);
    miscount.answered(1, 4);
    miscount.answered(2, 4);
    expect(behind(miscount, 3)).toBe(0);
  });
});
