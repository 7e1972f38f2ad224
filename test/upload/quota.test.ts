/** What counts against a user's room for files, and what becomes of files that are on their way (XEP-0363). */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { uploadsUnderWayMax } from "../../src/domain/limits.ts";
import { liveIds, liveRandom } from "../../src/live.ts";
import { UploadFiles } from "../../src/upload/files.ts";
import { Uploads, slotMs } from "../../src/upload/uploads.ts";
import { HandClock } from "../management/clock.ts";

const owner = "romeo@localhost";
const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let folder: string;
let clock: HandClock;
let uploads: Uploads;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "refrain-quota-"));
  clock = new HandClock();
  const files = new UploadFiles(folder, 0);
  await files.open();
  const limits = { maxFileBytes: 100, quotaBytes: 150, quotaFiles: 30, keepDays: 0, slotsPerMinute: 100 };
  uploads = new Uploads({ files, limits, clock, ids: liveIds, random: liveRandom, log: silent });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ask = (size = 100) => uploads.slot({ owner, name: "a", size, type: undefined });

/** The slot of a file, as its door reads it. */
function slotFor(size = 100) {
  const answer = ask(size);
  if ("refused" in answer) throw new Error(answer.refused);
  const { id, name, token } = answer;
  return { ...answer, read: () => uploads.read(token, { id, name }) };
}

/** A client that sends its file, or breaks off, when it is told to. */
function sending(slot: ReturnType<typeof slotFor>, bytes = 100) {
  let go: (error?: Error) => void = () => undefined;
  const told = new Promise<Error | undefined>((resolve) => (go = resolve));
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1);
    const error = await told;
    if (error !== undefined) throw error;
    yield new Uint8Array(bytes - 1);
  }
  const done = uploads.put(slot.read()!, "a/b", pieces()).then(() => "done", (error: Error) => error.message);
  return { go, done };
}

describe("XEP-0363 section 6: the room for a user's files", () => {
  it("is taken by a file on its way, however long that is, and free again when it does not come", async () => {
    const slow = sending(slotFor());
    clock.forward(slotMs + 1);
    expect(ask()).toEqual({ refused: "quota-bytes" });
    slow.go(new Error("gone"));
    expect(await slow.done).toBe("gone");
    expect(ask()).not.toHaveProperty("refused");
  });

  it("is taken once by a slot, its file on the way and the file", async () => {
    const slot = slotFor();
    const tooMuch = { refused: "quota-bytes" };
    expect(ask(51)).toEqual(tooMuch);
    const quick = sending(slot);
    expect(ask(51)).toEqual(tooMuch);
    quick.go();
    expect(await quick.done).toBe("done");
    expect(ask(51)).toEqual(tooMuch);
    expect(ask(50)).not.toHaveProperty("refused");
  });
});

describe("XEP-0363 section 6: how many files a user may have", () => {
  it("counts slots and files, however small", async () => {
    const quick = sending(slotFor(2), 2);
    quick.go();
    expect(await quick.done).toBe("done");
    for (let index = 1; index < 30; index += 1) slotFor(1);
    expect(ask(1)).toEqual({ refused: "quota-files" });
    clock.forward(slotMs + 1);
    expect(ask(1)).not.toHaveProperty("refused");
  });
});

describe("files that one user puts at the same time", () => {
  it("are so many at most, and again when one has come", async () => {
    const slow = Array.from({ length: uploadsUnderWayMax }, () => sending(slotFor(1), 1));
    const slot = slotFor(1);
    expect(await sending(slot, 1).done).toContain(`${uploadsUnderWayMax}`);
    const other = uploads.slot({ owner: "juliet@localhost", name: "a", size: 1, type: undefined });
    expect(other).not.toHaveProperty("refused");
    slow[0]!.go();
    expect(await slow[0]!.done).toBe("done");
    const again = sending(slot, 1);
    for (const { go, done } of [...slow.slice(1), again]) {
      go();
      expect(await done).toBe("done");
    }
  });
});

describe("an account that is deleted, and its files that are on their way", () => {
  it("has no slots any more", async () => {
    const slot = slotFor();
    expect(slot.read()).toBeDefined();
    await uploads.forget(owner);
    expect(slot.read()).toBeUndefined();
  });

  it("leaves nothing of them", async () => {
    const slow = sending(slotFor());
    await expect.poll(() => readdir(folder)).toHaveLength(1);
    await uploads.forget(owner);
    slow.go();
    expect(await slow.done).toContain("no account");
    expect(await readdir(folder)).toEqual([]);
    expect(ask()).not.toHaveProperty("refused");
  });
});
