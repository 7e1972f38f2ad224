/** What waits until a client looks: what is in memory, what is recorded of it, and what a next server would find, whatever happens in whatever order. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SessionContext } from "../../machines/session-context.ts";
import { heldCharsMax, heldStanzasMax } from "../../src/domain/limits.ts";
import { evolveHeld, numberOfHeldKey } from "../../src/domain/session-facts.ts";
import { liveClock, liveIds } from "../../src/live.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { HeldStanzas } from "../../src/session/held-stanzas.ts";
import { SessionLog } from "../../src/session/session-log.ts";
import { Batch, type Step } from "../../src/step/batch.ts";
import { parseElement } from "../../src/xml/parse-element.ts";
import { clientNamespace, el } from "../../src/xml/stanza.ts";

const stream = "session/localhost/held";

function house(management: SessionContext["management"]) {
  const store = createMemoryStore([]);
  const batch = new Batch({ store, clock: liveClock, ids: liveIds, onFailed: (error) => { throw error; }, onPressure: () => {} });
  const log = new SessionLog("held", () => ({ counts: null, lang: null }));
  log.begin("localhost");
  const context = { management } as SessionContext;
  const held = new HeldStanzas({ get context() { return context; }, management: { sumUp: () => {} } }, log);
  return {
    held, batch,
    becomes: (to: SessionContext["management"]) => void Object.assign(context, { management: to }),
    /** A step that fails where that is asked for. */
    run(work: (step: Step) => void, fails = false): void {
      try {
        batch.run(null, (step) => {
          work(step);
          if (fails) throw new Error("it fails");
        });
      } catch (error) {
        expect((error as Error).message).toBe("it fails");
      }
    },
    /** What a next server would find, in order. */
    async kept(): Promise<readonly string[]> {
      await batch.settle();
      const contents = (await store.contents(stream, "", 9_999)).filter(({ key }) => numberOfHeldKey(key) !== undefined);
      const numbers = new Set<number>();
      for (const fact of await store.read(stream, 0, 9_999)) evolveHeld(numbers, fact);
      expect(contents.map(({ key }) => numberOfHeldKey(key))).toEqual([...numbers].toSorted((a, b) => a - b));
      return contents.map(({ text }) => String(parseElement(text).attrs["id"]));
    },
  };
}

const message = (id: string, text = "") => el("message", { xmlns: clientNamespace, id }, text);

describe("What is held back", () => {
  const action = fc.oneof(
    { weight: 6, arbitrary: fc.record({ is: fc.constant("add" as const), subject: fc.constantFrom("a", "b", "c", "d"), rebuilt: fc.boolean(), fails: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ is: fc.constant("take" as const), fails: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ is: fc.constant("outlive" as const), fails: fc.boolean() }) },
  );

  it("is the latest of each subject, in order; of a session that can be resumed it is recorded, but for what the next server knows", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), fc.constantFrom("resumable" as const, "off" as const), async (actions, management) => {
        const { held, run, kept, becomes } = house(management);
        let [model, outlives, count] = [new Map<string, { id: string; rebuilt: boolean }>(), management === "resumable", 0];
        for (const act of actions) {
          if (act.is === "add") {
            const { subject, rebuilt, fails } = act;
            const id = `${++count}`;
            run((step) => void expect(held.add(step, message(id), { subject, rebuilt })).toBe(true), fails);
            if (fails) continue;
            model.delete(subject);
            model.set(subject, { id, rebuilt });
          } else if (act.is === "take") {
            run((step) => void expect(held.take(step).map(({ attrs }) => attrs["id"])).toEqual([...model.values()].map(({ id }) => id)), act.fails);
            if (!act.fails) model = new Map();
          } else {
            becomes("resumable");
            run((step) => held.outlive(step), act.fails);
            if (act.fails && !outlives) becomes("off");
            else outlives = true;
          }
        }
        const recorded = [...model.values()].filter(({ rebuilt }) => !rebuilt).map(({ id }) => id);
        const found = await kept();
        // Of a subject whose latest the next server knows, it may have what was the last that it would not have known.
        const latest = new Set([...model.values()].flatMap(({ id, rebuilt }) => (rebuilt ? [] : [id])));
        expect(found.filter((id) => latest.has(id))).toEqual(outlives ? recorded : []);
        expect(found.length).toBeLessThanOrEqual(model.size);
        run((step) => void held.take(step));
        expect(await kept()).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it("is bounded in number and in size, and keeps what it has where there is no room", async () => {
    const { held, run, kept } = house("resumable");
    const add = (id: string, subject: string, text = "") => {
      let added = false;
      run((step) => void (added = held.add(step, message(id, text), { subject })));
      return added;
    };
    expect(add("much", "much", "x".repeat(heldCharsMax))).toBe(false);
    for (let index = 0; index < heldStanzasMax; index += 1) expect(add(`${index}`, `${index}`)).toBe(true);
    expect(add("more", "more")).toBe(false);
    expect(add("again", "0")).toBe(true);
    expect(add("long", "0", "x".repeat(heldCharsMax))).toBe(false);
    expect((await kept()).length).toBe(heldStanzasMax);
    run((step) => void expect(held.take(step).length).toBe(heldStanzasMax));
    expect(await kept()).toEqual([]);
  });

  it("is no element but a stanza", () => {
    const { held, run } = house("resumable");
    run((step) => void expect(held.add(step, el("r", { xmlns: "urn:xmpp:sm:3" }), { subject: "a" })).toBe(false));
  });
});
