import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { subscriptionTypes } from "../../src/domain/subscription.ts";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { MachineWorld, ServerWorld, TableWorld, type Action, type Side } from "./worlds.ts";

let server: TestServer;
let made = 0;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const actions = (users: number, most: number): fc.Arbitrary<readonly Action[]> =>
  fc.array(
    fc
      .tuple(
        // Removal makes everything new, so it comes seldom.
        fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...subscriptionTypes) }, { weight: 1, arbitrary: fc.constantFrom("list", "remove") }),
        fc.nat(users - 1),
        fc.nat(users - 2),
      )
      .map(([what, who, other]) => ({ do: what, who, to: other >= who ? other + 1 : other }) as Action),
    { minLength: 1, maxLength: most, size: "max" },
  );

/** What must hold between the two sides of a pair (RFC 6121 appendix A). */
function agree(sides: Readonly<Record<string, Side>>): readonly string[] {
  return Object.entries(sides).flatMap(([pair, side]) => {
    const other = sides[pair.split(">").toReversed().join(">")]!;
    const sees = side.subscription === "to" || side.subscription === "both";
    const shown = other.subscription === "from" || other.subscription === "both";
    const problems: string[] = [];
    if (sees !== shown) problems.push(`${pair}: ${side.subscription}, the other side: ${other.subscription}`);
    if (side.ask !== other.request) problems.push(`${pair}: ask ${side.ask}, the other side's request: ${other.request}`);
    return problems;
  });
}

describe.each([2, 3])("RFC 6121 appendix A with %i accounts: table, machine and server", (users) => {
  it("say the same of table and machine after any sequence, and both sides agree", async () => {
    fc.assert(
      fc.property(actions(users, 60), (list) => {
        const [table, machine] = [new TableWorld(users), new MachineWorld(users)];
        for (const action of list) {
          table.act(action);
          machine.act(action);
          expect(machine.sides()).toEqual(table.sides());
          expect(agree(table.sides())).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("say the same of the running server", async () => {
    await fc.assert(
      fc.asyncProperty(actions(users, 25), async (list) => {
        const names = Array.from({ length: users }, () => `user${++made}`);
        for (const name of names) await server.addUser(name, "secret");
        const [table, real] = [new TableWorld(users), await ServerWorld.start(server, names)];
        for (const action of list) {
          table.act(action);
          await real.act(action);
        }
        const sides = await real.sides();
        await real.stop();
        expect(sides).toEqual(table.sides());
        expect(agree(sides)).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });
});
