import { describe, expect, it } from "vitest";
import { BackupError } from "../../src/log/errors.ts";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { fact } from "./store-contract.ts";

describe("the store in memory", () => {
  it("has nothing to back up, and says what to do", async () => {
    const refused = createMemoryStore([]).backup("/tmp/copy.db");
    await expect(refused).rejects.toBeInstanceOf(BackupError);
    await expect(refused).rejects.toThrow("/tmp/copy.db: there is nothing on a disk to be copied; set durability to full, and restart");
  });

  it("has no files", async () => {
    const store = createMemoryStore([]);
    await store.append("a/h/1", 0, [fact("A")]);
    expect(await store.stats()).toMatchObject({ fileBytes: 0, walBytes: 0, lastPosition: 1 });
  });
});
