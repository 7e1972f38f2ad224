import { describe, expect, it } from "vitest";
import { decideDelivery, deliveryTable, type DeliveryRow } from "../../src/domain/delivery.ts";
import { ruleWords } from "../../src/history/rule-words.ts";

describe("RFC 6121 section 8.5 in words", () => {
  const here = [{ resource: "here", available: true, priority: 0 }];
  const cases = [["8.5.1", undefined, undefined], ["8.5.2.1", undefined, here], ["8.5.2.2", undefined, []], ["8.5.3.1", "here", here], ["8.5.3.2", "gone", here]] as const;

  it.each(Object.keys(deliveryTable) as DeliveryRow[])("each rule for %s names its section, and no word of the table's", (row) => {
    for (const [section, resource, targets] of cases) {
      const { why } = decideDelivery(row, resource, targets, () => false);
      // As if to the bare JID: that is the rule by then.
      const expected = row === "message chat" && section === "8.5.3.2" ? "8.5.2.1" : section;
      expect(ruleWords(why)).toMatch(new RegExp(`^[^:]+: [^:]+, RFC 6121 section ${expected.replaceAll(".", "\\.")}(; the sender may not know of its presence)?$`));
      expect(ruleWords(why)).not.toMatch(/bareSome|bareNone|fullMatch|fullNoMatch|noAccount/);
    }
  });

  it("leaves alone what is no such rule", () => {
    for (const why of ["kept until the user is there", "a copy (XEP-0280 section 6)", "message chat, elsewhere: mostAvailable", "message chat, bareSome: constructor"]) {
      expect(ruleWords(why)).toBe(why);
    }
  });
});
