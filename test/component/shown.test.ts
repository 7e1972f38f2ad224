/** Whom a component has told that its addresses are there. */
import { describe, expect, it } from "vitest";
import { Attempts } from "../../src/component/attempts.ts";
import { Shown } from "../../src/component/shown.ts";
import { componentAttemptsMax, componentAttemptsMs, componentPresencesMax } from "../../src/domain/limits.ts";
import { parseJid, type Jid } from "../../src/domain/jid.ts";

const jid = (text: string): Jid => parseJid(text)!;

describe("What is shown of a component", () => {
  it("is told to be over once, to each as it was addressed, unless it was over before", () => {
    const shown = new Shown();
    const [ann, bob, romeo, phone] = [jid("ann@gw/x"), jid("bob@gw"), jid("romeo@localhost"), jid("romeo@localhost/phone")];
    for (const to of [romeo, phone]) for (const from of [ann, ann, bob]) expect(shown.add(from, to, () => true)).toBe(true);
    shown.remove(bob, phone);
    expect([shown.has(ann.full, phone.full), shown.has(bob.full, phone.full)]).toEqual([true, false]);
    // To the bare JID it is for all of its resources.
    shown.remove(ann, romeo);
    expect(shown.take()).toEqual([{ from: "bob@gw", to: "romeo@localhost" }]);
    expect(shown.take()).toEqual([]);
  });

  it("is bounded; who has left makes room", () => {
    const shown = new Shown();
    for (let index = 0; index < componentPresencesMax; index += 1) shown.add(jid(`u${index % 100}@gw`), jid(`romeo@localhost/${Math.floor(index / 100)}`), () => true);
    expect(shown.add(jid("more@gw"), jid("juliet@localhost"), () => true)).toBe(false);
    shown.remove(jid("u0@gw"), jid("romeo@localhost/0"));
    expect(shown.add(jid("more@gw"), jid("juliet@localhost"), () => true)).toBe(true);
    expect(shown.add(jid("more@gw"), jid("tybalt@localhost"), (bare) => bare === "juliet@localhost")).toBe(true);
    expect(shown.take().map(({ to }) => to)).toEqual(["juliet@localhost", "tybalt@localhost"]);
  });
});

describe("Wrong secrets", () => {
  it("are counted for each address and component, IPv6 by network, until their time is over", () => {
    const attempts = new Attempts();
    for (let count = 0; count < componentAttemptsMax; count += 1) attempts.failed(`2001:db8::${count}`, "gw", 1_000);
    expect(attempts.areTooMany("2001:db8::ff", "gw", 1_000 + componentAttemptsMs - 1)).toBe(true);
    expect([attempts.areTooMany("2001:db8::ff", "other", 1_000), attempts.areTooMany("2001:db8:1::1", "gw", 1_000)]).toEqual([false, false]);
    expect(attempts.areTooMany("2001:db8::ff", "gw", 1_000 + componentAttemptsMs)).toBe(false);
  });
});
