/** Facts before bytes, for all sequences of steps, turns and commits. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Bench, fact } from "./bench.ts";

/** What one step of the model does. */
interface Work {
  readonly kind: "step";
  readonly facts: readonly ("binding" | "trailing")[];
  /** To these outboxes. */
  readonly outputs: readonly number[];
  /** The steps, counted back from this one, whose facts it reads. */
  readonly reads: readonly number[];
  readonly throws: boolean;
}

type Move = Work | { readonly kind: "turn" } | { readonly kind: "commit" } | { readonly kind: "failure" };

const outboxes = 3;

const work: fc.Arbitrary<Work> = fc.record({
  kind: fc.constant("step"),
  facts: fc.array(fc.constantFrom("binding", "trailing"), { maxLength: 2 }),
  outputs: fc.array(fc.nat(outboxes - 1), { maxLength: 4 }),
  reads: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 2 }),
  throws: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
});
const moves: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: work },
    { weight: 3, arbitrary: fc.constant<Move>({ kind: "turn" }) },
    { weight: 2, arbitrary: fc.constant<Move>({ kind: "commit" }) },
  ),
  { minLength: 5, maxLength: 40, size: "max" },
);

/** Plays the moves, and after each one checks that nothing has left too early. */
async function play(all: readonly Move[]): Promise<{ readonly bench: Bench; readonly left: string[][]; readonly sent: string[][] }> {
  const bench = new Bench();
  const boxes = Array.from({ length: outboxes }, () => bench.outbox());
  /** For each step, what must be durable before its outputs: the names of its own facts and of those that it has read. */
  const needs: (readonly string[])[] = [];
  const own: { readonly names: readonly string[]; readonly ticket: number }[] = [];
  const sent: string[][] = boxes.map(() => []);
  const durable = new Set<string>();
  let failed = false;
  let resolved = 0;

  const check = (): void => {
    for (const { written } of boxes) {
      for (const output of written.join("").split(";").filter(Boolean)) {
        for (const name of needs[Number(output.split(".")[0])] ?? []) expect(durable, `${output} has left before ${name}`).toContain(name);
      }
    }
  };
  const end = async (error?: Error): Promise<void> => {
    const commit = bench.commits[resolved];
    if (commit === undefined) return;
    resolved++;
    if (error !== undefined) {
      failed = true;
      await commit.reject(error);
      return;
    }
    for (const { facts } of commit.facts) for (const { data } of facts) durable.add((data as { name: string }).name);
    await commit.resolve();
  };

  for (const move of all) {
    if (move.kind === "turn") bench.turn();
    else if (move.kind === "commit") await end();
    else if (move.kind === "failure") await end(new Error("disk full"));
    else {
      const index = needs.length;
      const read = move.reads.map((back) => own[index - back]).filter((found) => found !== undefined);
      const names = move.facts.map((binding, n) => `${index}/${n}/${binding}`);
      const bound = names.filter((name) => name.endsWith("binding"));
      let ticket = 0;
      try {
        bench.batch.run(null, (step) => {
          for (const { ticket } of read) step.dependOn(ticket);
          move.outputs.forEach((box, n) => step.output(boxes[box]!.outbox, `${index}.${n};`));
          move.facts.forEach((binding, n) => step.record("session/localhost/s", fact(names[n]!), binding === "binding"));
          ticket = step.ticket;
          if (move.throws) throw new Error("thrown");
        });
        if (!failed) move.outputs.forEach((box, n) => sent[box]!.push(`${index}.${n}`));
      } catch (error) {
        expect((error as Error).message).toBe("thrown");
      }
      needs.push(move.throws ? ["never"] : [...bound, ...read.flatMap(({ names }) => names)]);
      // A step that has thrown has written nothing that could be read.
      own.push(move.throws ? { names: [], ticket: 0 } : { names: [...bound, ...read.flatMap(({ names }) => names)], ticket });
    }
    check();
  }
  // Everything that is under way ends.
  bench.turn();
  while (bench.commits.length > resolved) {
    await end();
    bench.turn();
    check();
  }
  return { bench, left: boxes.map(({ written }) => written.join("").split(";").filter(Boolean)), sent };
}

describe("Facts before bytes, whenever commits end", () => {
  it("lets every output out in order, none before the facts that its step wrote or read, none of a step that threw", async () => {
    await fc.assert(
      fc.asyncProperty(moves, async (all) => {
        const { bench, left, sent } = await play(all);
        expect(left).toEqual(sent);
        const steps = all.filter((move) => move.kind === "step");
        const written = bench.commits.flatMap(({ facts }) => facts).length;
        expect(written).toBe(steps.filter(({ throws }) => !throws).flatMap(({ facts }) => facts).length);
      }),
      { numRuns: 150 },
    );
  });

  it("lets nothing untrue out after a failed commit, keeps the order, and reports it once", async () => {
    await fc.assert(
      fc.asyncProperty(moves, moves, async (before, after) => {
        const lost: Move = { kind: "step", facts: ["binding"], outputs: [0], reads: [], throws: false };
        const { bench, left } = await play([...before, lost, { kind: "turn" }, { kind: "failure" }, ...after]);
        expect(bench.failures.map(String)).toEqual(["Error: disk full"]);
        for (const outputs of left) expect(outputs).toEqual(outputs.toSorted(byStep));
      }),
      { numRuns: 60 },
    );
  });
});

function byStep(a: string, b: string): number {
  const [stepA = 0, outputA = 0] = a.split(".").map(Number);
  const [stepB = 0, outputB = 0] = b.split(".").map(Number);
  return stepA - stepB || outputA - outputB;
}
