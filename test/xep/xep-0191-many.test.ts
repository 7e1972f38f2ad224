import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BoundClient } from "../support/login.ts";
import { change, heard, startStage, type Stage } from "./xep-0191-setting.ts";

/** As short as can be: the addresses that a session remembers are bounded by their characters. */
const domain = "x";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage({ domains: [domain] });
});
afterAll(() => stage.server.stop());

const addresses = (prefix: string, count: number): readonly string[] => Array.from({ length: count }, (_, index) => `${prefix}${index}@${domain}`);

async function direct(client: BoundClient, to: readonly string[]): Promise<void> {
  for (let done = 0; done < to.length; done += 500) {
    await client.ask(to.slice(done, done + 500).map((jid) => `<presence to='${jid}'/>`).join(""));
  }
}

async function within(milliseconds: number, work: () => Promise<unknown>): Promise<void> {
  const before = performance.now();
  await work();
  expect(performance.now() - before).toBeLessThan(milliseconds);
}

/** A step holds up everybody, so that it must not take people times addresses: that was 55 seconds. */
describe("XEP-0191 section 3.3: many addresses at once", () => {
  it("are blocked and unblocked in no time by who has written to many others", async () => {
    const user = await stage.appear(await stage.person(), "home", domain);
    await direct(user, addresses("d", 7_000));
    const blocked = addresses("b", 5_000);
    await within(1_000, () => change(user, "block", ...blocked));
    await within(1_000, () => change(user, "unblock"));
  }, 30_000);

  it("are forgotten in no time by who has written to all of them, and who was written to besides is told of the end", async () => {
    const user = await stage.appear(await stage.person(), "home", domain);
    const [near, far] = [await stage.appear(await stage.person(), "away", domain), await stage.appear(await stage.person(), "away", domain)];
    const known = addresses("k", 5_000);
    await direct(user, [...known, near.bare, far.bare]);
    await heard(near, far);
    await within(1_000, () => change(user, "block", ...known.slice(1), near.bare));
    expect(await heard(near, far)).toEqual([[`presence unavailable from ${user.jid}`], []]);
    await change(user, "unblock");
    await user.ask("<presence type='unavailable'/>");
    expect(await heard(near, far)).toEqual([[], [`presence unavailable from ${user.jid}`]]);
  }, 30_000);
});
