import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StanzaQueue } from "../../src/session/stanza-queue.ts";

describe("XEP-0198 section 4: the queue of stanzas that are not acknowledged", () => {
  it("holds what was sent and not acknowledged, in order, whatever happens to it", () => {
    const action = fc.oneof(
      fc.record({ is: fc.constant("push" as const), text: fc.string({ maxLength: 8 }) }),
      fc.record({ is: fc.constant("acknowledge" as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.constant({ is: "take back" as const }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const queue = new StanzaQueue();
        let model: { readonly number: number; readonly text: string }[] = [];
        let acknowledged = 0;
        for (const act of actions) {
          if (act.is === "push") model.push(queue.push(act.text, 0, false));
          else if (act.is === "acknowledge") {
            const number = acknowledged + Math.round(act.share * (queue.sent - acknowledged));
            expect(queue.acknowledge(number) !== undefined).toBe(number > acknowledged);
            acknowledged = number;
            model = model.filter((stanza) => stanza.number > number);
          } else {
            const last = queue.push("never sent", 0, false);
            queue.takeBack(last);
          }
          expect(queue.stanzas).toEqual(model);
          expect(queue.bytes).toBe(model.reduce((bytes, { text }) => bytes + Buffer.byteLength(text), 0));
          expect(queue.counts).toEqual({ received: 0, sent: acknowledged + model.length, acknowledged });
        }
      }),
    );
  });

  it("goes on counting, and keeps what it has and nothing more, once it was told so", () => {
    const queue = new StanzaQueue({ received: 3, sent: 7, acknowledged: 6 }, [{ number: 7, text: "<iq/>", at: 1, copy: false }]);
    queue.stopKeeping();
    queue.push("<message/>", 2, false);
    expect([queue.keeps, queue.stanzas.map(({ number }) => number), queue.bytes]).toEqual([false, [7], 5]);
    expect(queue.counts).toEqual({ received: 3, sent: 8, acknowledged: 6 });
    expect(queue.letGo(7)).toHaveLength(1);
    expect([queue.stanzas, queue.bytes]).toEqual([[], 0]);
  });
});
