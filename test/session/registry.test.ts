import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Session } from "../../src/session/environment.ts";
import { Registry } from "../../src/session/registry.ts";

/** The registry never looks into a session: anything that is itself will do. */
const session = (id: string): Session => ({ id }) as Session;

describe("Invariant 6: one live session for each full JID", () => {
  it("refuses a resource that is bound, and does not lose the one that has it", () => {
    const registry = new Registry();
    const [one, two] = [session("1"), session("2")];
    registry.add("romeo@localhost", "orchard", one);
    expect(() => registry.add("romeo@localhost", "orchard", two)).toThrow("romeo@localhost/orchard is bound already");
    expect([registry.session("romeo@localhost", "orchard"), registry.size]).toEqual([one, 1]);
  });

  it("frees what a session has claimed, once: one that was replaced cannot take its successor along", () => {
    const registry = new Registry();
    const [old, successor] = [session("1"), session("2")];
    registry.add("romeo@localhost", "orchard", old);
    registry.remove(old);
    registry.add("romeo@localhost", "orchard", successor);
    registry.remove(old);
    registry.remove(session("3"));
    expect([registry.session("romeo@localhost", "orchard"), registry.size]).toEqual([successor, 1]);
  });

  it("is as a plain list would have it, in the order of binding, whatever is bound and ended", () => {
    const command = fc.record({ user: fc.constantFrom("a@x", "b@x"), resource: fc.constantFrom("1", "2", "3"), add: fc.boolean() });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        const registry = new Registry();
        let list: { readonly user: string; readonly resource: string; readonly session: Session }[] = [];
        commands.forEach(({ user, resource, add }, n) => {
          const known = list.find((entry) => entry.user === user && entry.resource === resource);
          if (add && known === undefined) {
            list.push({ user, resource, session: session(String(n)) });
            registry.add(user, resource, list.at(-1)!.session);
          } else if (!add && known !== undefined) {
            list = list.filter((entry) => entry !== known);
            registry.remove(known.session);
          }
          expect(registry.size).toBe(list.length);
          for (const bare of ["a@x", "b@x"]) {
            expect(registry.sessions(bare)).toEqual(list.filter((entry) => entry.user === bare).map((entry) => entry.session));
          }
        });
      }),
      { numRuns: 50 },
    );
  });
});
