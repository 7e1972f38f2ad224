import { describe, expect, it } from "vitest";
import { commitMs } from "../../src/domain/limits.ts";
import type { Step } from "../../src/step/batch.ts";
import { Bench, fact, settled } from "./bench.ts";

const stream = "session/localhost/s1";
const named = (bench: Bench) => bench.commits.map(({ facts }) => facts.flatMap((append) => append.facts.map(({ data }) => (data as { name: string }).name)));

describe("Facts before bytes: what leaves when", () => {
  it("lets a step without facts go at the end of the turn, and not within the step", () => {
    const bench = new Bench();
    const { outbox, written } = bench.outbox();
    bench.batch.run(null, (step) => step.output(outbox, "a"));
    expect(written).toEqual([]);
    bench.turn();
    expect([written, bench.commits.length]).toEqual([["a"], 0]);
  });

  it("holds a step's outputs until its own binding facts are durable", async () => {
    const bench = new Bench();
    const { outbox, written } = bench.outbox();
    bench.batch.run(null, (step) => {
      step.output(outbox, "before");
      step.record(stream, fact("kept"), true);
      step.output(outbox, "after");
    });
    bench.turn();
    expect([written, outbox.waitingChars]).toEqual([[], 11]);
    await bench.commit.resolve();
    expect([written, outbox.waitingChars]).toEqual([["beforeafter"], 0]);
  });

  it("lets nobody wait for trailing facts, and commits them all the same", async () => {
    const bench = new Bench();
    const { outbox, written } = bench.outbox();
    bench.batch.run(null, (step) => {
      step.record(stream, fact("told"));
      step.output(outbox, "a");
    });
    bench.turn();
    expect([written, named(bench)]).toEqual([["a"], [["told"]]]);
    await bench.commit.resolve();
    expect(written).toEqual(["a"]);
  });

  it("holds those who have read what is not durable yet, in other outboxes too", async () => {
    const bench = new Bench();
    const [reader, other] = [bench.outbox(), bench.outbox()];
    const ticket = bench.batch.run(null, (step) => {
      step.record(stream, fact("rule"), true);
      return step.ticket;
    });
    bench.batch.run(null, (step) => {
      step.dependOn(ticket);
      step.output(reader.outbox, "by the rule");
    });
    bench.batch.run(null, (step) => step.output(other.outbox, "regardless"));
    bench.turn();
    expect([reader.written, other.written]).toEqual([[], ["regardless"]]);
    await bench.commit.resolve();
    expect(reader.written).toEqual(["by the rule"]);
    bench.batch.run(null, (step) => {
      step.dependOn(ticket);
      step.output(reader.outbox, "later");
    });
    bench.turn();
    expect(reader.written).toEqual(["by the rule", "later"]);
  });

  it("lets nothing overtake within an outbox", async () => {
    const bench = new Bench();
    const { outbox, written } = bench.outbox();
    bench.batch.run(null, (step) => step.output(outbox, "1"));
    bench.batch.run(null, (step) => {
      step.record(stream, fact("bound"), true);
      step.output(outbox, "2");
    });
    bench.batch.run(null, (step) => step.output(outbox, "3"));
    bench.turn();
    expect(written).toEqual(["1"]);
    await bench.commit.resolve();
    expect(written).toEqual(["1", "23"]);
  });
});

describe("A step", () => {
  it("has one time, one id that is made when it is asked for, and its cause", () => {
    const bench = new Bench();
    bench.batch.run("step-0", (step) => {
      bench.now += 50;
      expect([step.at, step.cause]).toEqual([1_000, "step-0"]);
      step.record(stream, fact("one"));
      step.record("account/localhost/romeo", fact("two"));
      expect(step.id).toBe("step-1");
    });
    bench.turn();
    expect(bench.commit.facts).toEqual([
      { stream, expectedVersion: "any", facts: [{ ...fact("one"), at: 1_000, step: "step-1", cause: "step-0" }] },
      { stream: "account/localhost/romeo", expectedVersion: "any", facts: [{ ...fact("two"), at: 1_000, step: "step-1", cause: "step-0" }] },
    ]);
    expect(bench.batch.run(null, (step) => step.id)).toBe("step-2");
  });

  it("that throws leaves nothing, and the error to its caller", () => {
    const bench = new Bench();
    const { outbox, written } = bench.outbox();
    let after = false;
    const run = () =>
      bench.batch.run(null, (step) => {
        step.record(stream, fact("half"), true);
        step.output(outbox, "half");
        step.afterwards(() => (after = true));
        throw new Error("a bug");
      });
    expect(run).toThrow("a bug");
    bench.turn();
    expect([bench.commits.length, written, outbox.waitingChars, after]).toEqual([0, [], 0, false]);
    bench.batch.run(null, (step) => step.output(outbox, "whole"));
    bench.turn();
    expect(written).toEqual(["whole"]);
  });

  it("that is over takes nothing more: what it would be given would be lost without a word", () => {
    const bench = new Bench();
    const { outbox } = bench.outbox();
    const kept: Step[] = [];
    bench.batch.run(null, (step) => void kept.push(step));
    expect(() => bench.batch.run(null, (step) => {
      kept.push(step);
      throw new Error("broken");
    })).toThrow("broken");
    for (const step of kept) {
      for (const late of [() => step.output(outbox, "a"), () => step.record(stream, fact("late")), () => step.recordLast(stream, () => undefined), () => step.afterwards(() => undefined)]) {
        expect(late).toThrow("this step is over");
      }
    }
  });

  it("is whole before what it put off runs", async () => {
    const bench = new Bench();
    const { outbox, written } = bench.outbox();
    let empty = false;
    bench.batch.run(null, (step) => {
      step.afterwards(() => outbox.whenWritten(() => (empty = true)));
      step.record(stream, fact("last"), true);
      step.output(outbox, "last words");
    });
    bench.turn();
    expect(empty).toBe(false);
    await bench.commit.resolve();
    expect([written, empty]).toEqual([["last words"], true]);
  });
});

describe("What comes up within a step", () => {
  it("is part of it: it overtakes nothing, and waits for the same facts", async () => {
    const bench = new Bench();
    const { outbox, written } = bench.outbox();
    bench.batch.run(null, (step) => {
      step.output(outbox, "1");
      const id = bench.batch.run("another cause", (inner) => {
        inner.output(outbox, "2");
        inner.record(stream, fact("inner"), true);
        return inner.id;
      });
      expect([id, step.ticket]).toEqual([step.id, 1]);
      step.output(outbox, "3");
    });
    bench.turn();
    expect(written).toEqual([]);
    await bench.commit.resolve();
    expect(written).toEqual(["123"]);
  });

  it("is taken back with it", () => {
    const bench = new Bench();
    const { outbox, written } = bench.outbox();
    expect(() =>
      bench.batch.run(null, () => {
        bench.batch.run(null, (inner) => inner.output(outbox, "half"));
        throw new Error("a bug");
      }),
    ).toThrow("a bug");
    bench.batch.run(null, (step) => step.output(outbox, "whole"));
    bench.turn();
    expect(written).toEqual(["whole"]);
  });
});

describe("Group commit", () => {
  it("gathers the steps of one turn", () => {
    const bench = new Bench();
    for (const name of ["a", "b"]) bench.batch.run(null, (step) => step.record(stream, fact(name)));
    bench.turn();
    expect(named(bench)).toEqual([["a", "b"]]);
  });

  it("gathers what comes while a commit is under way into the next one, and never runs two at once", async () => {
    const bench = new Bench();
    const { outbox, written } = bench.outbox();
    const step = (name: string): void =>
      bench.batch.run(null, (step) => {
        step.record(stream, fact(name), true);
        step.output(outbox, name);
      });
    step("a");
    bench.turn();
    for (const name of ["b", "c", "d"]) {
      step(name);
      bench.turn();
    }
    expect([named(bench), written]).toEqual([[["a"]], []]);
    await bench.commit.resolve();
    expect([named(bench), written]).toEqual([[["a"], ["b", "c", "d"]], ["a"]]);
    await bench.commit.resolve();
    expect([written, bench.commits.length]).toEqual([["a", "bcd"], 2]);
  });

  it("is waited for by settle, with all that came until it ended", async () => {
    const bench = new Bench();
    await bench.batch.settle();
    bench.batch.run(null, (step) => step.record(stream, fact("a")));
    let done = false;
    const settling = bench.batch.settle().then(() => (done = true));
    bench.batch.run(null, (step) => step.record(stream, fact("b")));
    bench.turn();
    await bench.commit.resolve();
    expect([done, named(bench)]).toEqual([false, [["a"], ["b"]]]);
    await bench.commit.resolve();
    await settling;
    expect(done).toBe(true);
  });

  it("is waited for by recorded without what comes meanwhile, and not at all where nothing is recorded", async () => {
    const bench = new Bench();
    await bench.batch.recorded();
    const record = (name: string) => bench.batch.run(null, (step) => step.record(stream, fact(name)));
    record("a");
    const done: string[] = [];
    const wait = (name: string) => void bench.batch.recorded().then(() => done.push(name));
    wait("a");
    bench.turn();
    wait("a, under way");
    record("b");
    wait("b");
    await bench.commit.resolve();
    record("c");
    expect([done, named(bench)]).toEqual([["a", "a, under way"], [["a"], ["b"]]]);
    await bench.commit.resolve();
    expect([done, named(bench)]).toEqual([["a", "a, under way", "b"], [["a"], ["b"], ["c"]]]);
    const lost = bench.batch.recorded();
    const told = expect(lost).rejects.toThrow("the store failed");
    await bench.commit.reject(new Error("no room"));
    await told;
  });
});

describe("A commit that takes too long", () => {
  const begin = () => {
    const bench = new Bench();
    const peer = bench.outbox();
    bench.batch.run(null, (step) => {
      step.record(stream, fact("slow"), true);
      step.output(peer.outbox, "yes");
    });
    bench.turn();
    bench.wait(commitMs - 1);
    expect(bench.failures).toEqual([]);
    return { bench, peer };
  };

  it("counts as failed, and stays so whatever becomes of it", async () => {
    for (const end of ["resolve", "reject"] as const) {
      const { bench, peer } = begin();
      bench.wait(1);
      expect(bench.failures.map(String)).toEqual(["Error: a commit took longer than 30 s; look at the disk"]);
      await bench.commit[end](new Error("disk full"));
      expect([bench.failures.length, peer.written]).toEqual([1, []]);
    }
  });

  it("is waited for until then", async () => {
    const { bench, peer } = begin();
    await bench.commit.resolve();
    bench.wait(commitMs);
    expect([bench.failures, peer.written]).toEqual([[], ["yes"]]);
  });
});

describe("A failed commit", () => {
  it("lets nothing out that depended on it, and is reported once", async () => {
    const bench = new Bench();
    const { outbox, written } = bench.outbox();
    bench.batch.run(null, (step) => {
      step.record(stream, fact("lost"), true);
      step.output(outbox, "lie");
    });
    bench.turn();
    bench.batch.run(null, (step) => step.output(outbox, "waits behind it"));
    bench.turn();
    const settling = bench.batch.settle();
    await bench.commit.reject(new Error("disk full"));
    await settling;
    expect([written, outbox.waitingChars, bench.failures.map(String)]).toEqual([[], 0, ["Error: disk full"]]);
  });

  it("commits nothing after it, and reports nothing again", async () => {
    const bench = new Bench();
    const { outbox, written } = bench.outbox();
    bench.batch.run(null, (step) => step.record(stream, fact("lost")));
    bench.turn();
    await bench.commit.reject(new Error("disk full"));
    bench.batch.run(null, (step) => {
      step.record(stream, fact("later"), true);
      step.output(outbox, "never true");
    });
    bench.turn();
    await bench.batch.settle();
    await settled();
    expect([bench.commits.length, bench.failures.length, written]).toEqual([1, 1, []]);
  });

  it("still lets out what depends on nothing: the last words to each client", async () => {
    const bench = new Bench();
    const { outbox, written } = bench.outbox();
    bench.batch.run(null, (step) => {
      step.record(stream, fact("lost"), true);
      step.output(outbox, "lie");
    });
    bench.turn();
    await bench.commit.reject(new Error("disk full"));
    bench.batch.run(null, (step) => {
      step.record(stream, fact("closed"));
      step.output(outbox, "</stream:stream>");
    });
    bench.turn();
    expect(written).toEqual(["</stream:stream>"]);
  });
});

describe("Pressure", () => {
  const megabyte = { type: "Happened", v: 1, data: "x".repeat(1024 * 1024) };
  const fill = (bench: Bench, megabytes: number): void => {
    for (let n = 0; n < megabytes; n++) bench.batch.run(null, (step) => step.record(stream, megabyte));
  };

  it("is told above 8 MiB of uncommitted facts, those under way included, and told to be over", async () => {
    const bench = new Bench();
    fill(bench, 5);
    bench.turn();
    expect(bench.pressures).toEqual([]);
    fill(bench, 3);
    expect(bench.pressures).toEqual([true]);
    fill(bench, 1);
    expect(bench.pressures).toEqual([true]);
    await bench.commit.resolve();
    expect(bench.pressures).toEqual([true, false]);
  });

  it("stays as long as the next commit is as large", async () => {
    const bench = new Bench();
    fill(bench, 1);
    bench.turn();
    fill(bench, 9);
    await bench.commit.resolve();
    expect(bench.pressures).toEqual([true]);
    await bench.commit.resolve();
    expect(bench.pressures).toEqual([true, false]);
  });

  it("does not outlive the store: what is lost weighs nothing, nor does what comes after", async () => {
    const bench = new Bench();
    fill(bench, 9);
    bench.turn();
    await bench.commit.reject(new Error("disk full"));
    expect(bench.pressures).toEqual([true, false]);
    fill(bench, 9);
    bench.turn();
    expect(bench.pressures).toEqual([true, false]);
  });
});

describe("What is recorded once for each batch", () => {
  it("stands after everything else of the batch, as it is when the commit begins, and is binding", async () => {
    const bench = new Bench();
    const { outbox, written } = bench.outbox();
    let count = 0;
    const counted = () => {
      count += 1;
      bench.batch.run(null, (step) => {
        step.recordLast(stream, () => fact(`count ${count}`));
        step.record(stream, fact(`message ${count}`));
        step.output(outbox, `${count}`);
      });
    };
    counted();
    counted();
    bench.turn();
    expect([named(bench), written]).toEqual([[["message 1", "message 2", "count 2"]], []]);
    counted();
    await bench.commit.resolve();
    expect([named(bench), written]).toEqual([[["message 1", "message 2", "count 2"], ["message 3", "count 3"]], ["12"]]);
  });

  it("is nothing where there is nothing to say any more, or where its step failed", async () => {
    const bench = new Bench();
    bench.batch.run(null, (step) => {
      step.recordLast(stream, () => undefined);
      step.record("session/localhost/s2", fact("other"));
    });
    const failing = () =>
      bench.batch.run(null, (step) => {
        step.recordLast("session/localhost/s3", () => fact("never"));
        throw new Error("a bug");
      });
    expect(failing).toThrow("a bug");
    bench.turn();
    expect(named(bench)).toEqual([["other"]]);
  });
});

describe("The end of a step", () => {
  it("runs what was left for it as a part of the step: its outputs wait with the others, its failure is the step's", async () => {
    const bench = new Bench();
    const { outbox, written } = bench.outbox();
    bench.batch.run(null, (step) => {
      step.lastly(() => step.output(outbox, "r"));
      step.record(stream, fact("kept"), true);
      step.output(outbox, "a");
    });
    bench.turn();
    expect(written).toEqual([]);
    await bench.commit.resolve();
    expect(written).toEqual(["ar"]);
    const undone: string[] = [];
    const failing = () =>
      bench.batch.run(null, (step) => {
        step.ifDiscarded(() => undone.push("undone"));
        step.lastly(() => {
          throw new Error("at the end");
        });
      });
    expect(failing).toThrow("at the end");
    expect(undone).toEqual(["undone"]);
  });
});
