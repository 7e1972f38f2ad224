import { describe, expect, it } from "vitest";
import { isBlocked } from "../../src/domain/block-list.ts";
import { parseJid } from "../../src/domain/jid.ts";

function blocks(blocked: string, jid: string): boolean {
  const parsed = parseJid(jid);
  if (parsed === undefined) throw new Error(`${jid} is no JID`);
  return isBlocked(new Map([[blocked, true]]), parsed);
}

describe("XEP-0191 section 6 JID matching", () => {
  const addresses = [
    "romeo@montague.lit/orchard", "romeo@montague.lit/hall", "romeo@montague.lit", "benvolio@montague.lit/orchard",
    "montague.lit/orchard", "montague.lit", "street.montague.lit", "romeo@capulet.lit/orchard",
  ];

  it.each([
    ["user@domain/resource", "romeo@montague.lit/orchard", ["romeo@montague.lit/orchard"]],
    ["user@domain", "romeo@montague.lit", ["romeo@montague.lit/orchard", "romeo@montague.lit/hall", "romeo@montague.lit"]],
    // "Only that resource matches": the domain's own, of which a user's is none.
    ["domain/resource", "montague.lit/orchard", ["montague.lit/orchard"]],
    ["domain", "montague.lit", addresses.slice(0, 6)],
  ])("a %s means what it says", (_, blocked, matching) => {
    expect(addresses.filter((address) => blocks(blocked, address))).toEqual(matching);
  });

  it("compares whole parts", () => {
    expect(blocks("montague.lit", "romeo@nightmontague.lit")).toBe(false);
    expect(blocks("romeo@montague.lit/orch", "romeo@montague.lit/orchard")).toBe(false);
    expect(blocks("romeo@montague.lit/orchard", "romeo@montague.lit/orchard/tree")).toBe(false);
  });

  it("blocks nobody with an empty list", () => {
    expect(addresses.filter((address) => isBlocked(new Map(), parseJid(address) ?? expect.fail()))).toEqual([]);
  });

  it("blocks by any of its entries", () => {
    const list = new Map([["nurse@capulet.lit", true], ["montague.lit", true]]);
    expect(isBlocked(list, parseJid("romeo@montague.lit/orchard") ?? expect.fail())).toBe(true);
    expect(isBlocked(list, parseJid("nurse@capulet.lit/kitchen") ?? expect.fail())).toBe(true);
    expect(isBlocked(list, parseJid("juliet@capulet.lit") ?? expect.fail())).toBe(false);
  });
});
