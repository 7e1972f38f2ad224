/** When the read models of the file come up to the log: later than the facts, and never too late. */

import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Projection } from "../../src/log/projection.ts";
import { toRows } from "../../src/log/rows.ts";
import { loadDriver } from "../../src/log/sqlite/driver.ts";
import { Engine } from "../../src/log/sqlite/engine.ts";
import type { Fact } from "../../src/ports.ts";
import { removeTempFolders, tempFolder } from "./engines.ts";

const open = await loadDriver(undefined);
const counts: Projection = { name: "counts", version: 1, apply: ({ stream, type }, table) => (type === "Refused" ? refuse() : table.set(stream, Number(table.get(stream) ?? 0) + 1)) };
afterAll(removeTempFolders);

describe("the read models of a file", () => {
  it("lag behind a commit until somebody asks for them", () => {
    const { engine } = setting();
    engine.commit([[append("a")]]);
    expect(engine.behind).toBe(true);
    expect(engine.query("counts", { key: "a" })).toEqual([]);
    engine.catchUp();
    expect(engine.behind).toBe(false);
    expect(engine.query("counts", { key: "a" })).toEqual([{ key: "a", value: "1" }]);
    engine.close();
  });

  it("are brought up to the log by the next start, if the process ends before", () => {
    const { engine, again } = setting();
    engine.commit([[append("a"), append("a")], [append("b")]]);
    const next = again();
    expect(next.query("counts", { prefix: "", limit: 9 })).toEqual([{ key: "a", value: "2" }, { key: "b", value: "1" }]);
    next.close();
    engine.close();
  });

  it("are written with the commit that forgets facts, which no start could tell them again", () => {
    const { engine, again } = setting();
    engine.commit([[append("a")]]);
    engine.commit([[append("b", { forgets: [{ stream: "a" }] })]]);
    expect(engine.behind).toBe(false);
    const next = again();
    expect(next.query("counts", { key: "a" })).toEqual([{ key: "a", value: "1" }]);
    next.close();
    engine.close();
  });

  it("do not grow in memory without bound", () => {
    const { engine } = setting();
    const lags = Array.from({ length: 12 }, (_, round) => {
      engine.commit([Array.from({ length: 1_000 }, (_, index) => append(`${round} ${index}`))]);
      return engine.behind;
    });
    expect(lags).toEqual([true, true, true, true, true, true, true, true, false, true, true, true]);
    engine.close();
  });

  it("hold nothing of a member that was refused, whatever came before and after it in its group", () => {
    const { engine } = setting();
    const stale = { ...append("a"), expectedVersion: 7 };
    const outcomes = engine.commit([[append("a")], [append("b"), stale], [append("b"), append("c", { type: "Refused" })], [append("a"), append("d")]]);
    expect(outcomes).toEqual([
      { position: 1, versions: [1] },
      { refused: expect.objectContaining({ is: "concurrency", stream: "a", expected: 7, actual: 1 }) as unknown },
      { refused: expect.objectContaining({ is: "other" }) as unknown },
      { position: 3, versions: [2, 1] },
    ]);
    engine.catchUp();
    expect(engine.query("counts", { prefix: "", limit: 9 })).toEqual([{ key: "a", value: "2" }, { key: "d", value: "1" }]);
    engine.close();
  });
});

function setting(): { readonly engine: Engine; readonly again: () => Engine } {
  const file = join(tempFolder(), "test.db");
  // What a process leaves that is killed.
  const again = (): Engine => {
    const left = join(tempFolder(), "test.db");
    for (const end of ["", "-wal"]) copyFileSync(`${file}${end}`, `${left}${end}`);
    return start(left);
  };
  return { engine: start(file), again };
}

function start(file: string): Engine {
  return new Engine(open, [counts], { file, durability: "process", driver: undefined, fileBytesMax: undefined, projections: undefined, modelsRestMs: 0 });
}

function append(stream: string, more: Partial<Fact> = {}) {
  return toRows({ stream, expectedVersion: "any", facts: [{ type: "Counted", v: 1, at: 1, step: "s", cause: null, data: null, ...more }] });
}

function refuse(): never {
  throw new Error("no such thing");
}
