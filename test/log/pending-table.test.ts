/** A read model that is ahead of its file says what one in memory says, whatever is written, taken back or kept in between. */

import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { loadDriver } from "../../src/log/sqlite/driver.ts";
import { FileTable } from "../../src/log/sqlite/file-table.ts";
import { PendingTable } from "../../src/log/sqlite/pending-table.ts";
import { schema } from "../../src/log/sqlite/schema.ts";
import { SortedTable } from "../../src/log/sorted-table.ts";

const database = (await loadDriver(undefined))("");
database.exec(schema);
afterAll(() => database.close());

const key = fc.tuple(fc.constantFrom("a/", "a/b/", "ab/", "\u{e000}/", "\u{1f600}/"), fc.constantFrom("", "0", "1", "2", "9", "\u{10ffff}")).map((parts) => parts.join(""));
const prefix = fc.constantFrom("", "a", "a/", "a/b/", "ab/", "\u{1f600}/");
const bound = fc.option(key, { nil: undefined });
const range = fc
  .record({ prefix, after: bound, before: bound, reverse: fc.boolean(), limit: fc.integer({ min: 1, max: 4 }) })
  .map(({ after, before, ...rest }) => ({ ...rest, ...(after === undefined ? {} : { after }), ...(before === undefined ? {} : { before }) }));

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("set" as const), key, value: fc.integer({ min: 0, max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), key }) },
  fc.record({ do: fc.constant("clear" as const), prefix }),
  fc.record({ do: fc.constantFrom("keep" as const, "takeBack" as const, "write" as const) }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant("look" as const), key, range }) },
);

describe("a read model ahead of its file", () => {
  it("says what the plain one says", () => {
    let name = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const file = new FileTable(database, `table ${(name += 1)}`);
        const [pending, plain] = [new PendingTable(file), new SortedTable()];
        for (const one of steps) {
          if (one.do === "look") {
            expect(pending.get(one.key)).toEqual(plain.get(one.key));
            expect(pending.rows(one.range)).toEqual(plain.rows(one.range));
            expect(pending.last("ab/")).toEqual(plain.last("ab/"));
          } else if (one.do === "set") for (const table of [pending, plain]) table.set(one.key, one.value);
          else if (one.do === "delete") for (const table of [pending, plain]) table.delete(one.key);
          else if (one.do === "clear") for (const table of [pending, plain]) table.clear(one.prefix);
          else if (one.do === "write") {
            // As a commit does: what is written is not taken back any more.
            plain.keep();
            pending.write();
          } else for (const table of [pending, plain]) table[one.do]();
        }
        pending.write();
        const all = { prefix: "", limit: 1_000 };
        expect(file.rows(all).map((row) => ({ key: row.key, value: JSON.parse(row.value) as unknown }))).toEqual(plain.rows(all));
        expect(pending.size).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
