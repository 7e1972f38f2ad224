import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LogDestination } from "../../src/cli/log-destination.ts";
import { logQueueBytesMax } from "../../src/domain/limits.ts";
import { liveClock } from "../../src/live.ts";
import { newFolder } from "./refrain.ts";

let folder: string;
let open: number[];

beforeEach(() => {
  folder = newFolder();
  open = [];
});
afterEach(() => {
  for (const fd of open) closeSync(fd);
  rmSync(folder, { recursive: true });
});

function opened(file: string, flags: number | string): number {
  const fd = openSync(file, flags);
  open.push(fd);
  return fd;
}

/** A pipe that takes nothing for the moment (EAGAIN) once it is full, and what was read from it. */
function pipe(): { readonly fd: number; read(): string } {
  const file = join(folder, "pipe");
  execFileSync("mkfifo", [file]);
  const fd = opened(file, constants.O_RDWR | constants.O_NONBLOCK);
  const part = Buffer.alloc(65_536);
  return {
    fd,
    read() {
      let text = "";
      try {
        for (;;) text += part.toString("utf8", 0, readSync(fd, part));
      } catch {
        return text;
      }
    },
  };
}

function destination(fd: number): LogDestination {
  return new LogDestination({ fd, clock: liveClock, lostLines: (count) => `lost ${count}\n` });
}

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn += 1) {
    if (turn > 500) throw new Error(`still not so: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const line = (index: number) => `${index} ${"x".repeat(990)}\n`;

describe("the log", () => {
  it("keeps the order of its lines", async () => {
    const file = join(folder, "file");
    const log = destination(opened(file, "w"));
    const lines = Array.from({ length: 500 }, (_, index) => line(index));
    for (const [index, text] of lines.entries()) {
      log.write(text);
      if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await log.flush();
    expect(readFileSync(file, "utf8") === lines.join("")).toBe(true);
  });

  it("waits for a reader that is slow, loses what its queue cannot hold, and says how much", async () => {
    const { fd, read } = pipe();
    const log = destination(fd);
    const count = 3_000;
    for (let index = 0; index < count; index += 1) {
      log.write(line(index));
      // The system takes the first ones.
      if (index === 10) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    let text = "";
    await until(() => (text += read()).length > logQueueBytesMax);
    log.write("the next\n");
    await until(() => (text += read()).endsWith("the next\n"));
    const lines = text.trimEnd().split("\n");
    const [kept, lost] = [lines.slice(0, -2), Number(/^lost (\d+)$/.exec(lines.at(-2) ?? "")?.[1])];
    expect(kept.findIndex((text, index) => `${text}\n` !== line(index))).toBe(-1);
    expect(lost).toBeGreaterThan(1_000);
    expect(kept.length + lost).toBe(count);
  });

  it("gives up soon at the end if nobody reads", async () => {
    const log = destination(pipe().fd);
    for (let index = 0; index < 200; index += 1) log.write(line(index));
    const start = Date.now();
    await log.flush();
    expect(Date.now() - start).toBeLessThan(2_000);
  });

  it.runIf(process.platform === "linux")("loses its lines on a full disk, says how many once there is room, and ends at once", async () => {
    const full = openSync("/dev/full", "w");
    const log = destination(full);
    for (let index = 0; index < 20; index += 1) {
      log.write(line(index));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    const start = Date.now();
    await log.flush();
    expect(Date.now() - start).toBeLessThan(200);
    closeSync(full);
    const file = join(folder, "file");
    // The system gives the lowest number that is free, so there is room where the full disk was.
    expect(opened(file, "w")).toBe(full);
    log.write("the next\n");
    log.write("one more\n");
    await log.flush();
    expect(readFileSync(file, "utf8")).toBe("lost 20\nthe next\none more\n");
  });

  it("says nothing more once nobody can read it (EPIPE)", async () => {
    const file = join(folder, "pipe");
    execFileSync("mkfifo", [file]);
    const reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const log = destination(opened(file, constants.O_WRONLY | constants.O_NONBLOCK));
    closeSync(reader);
    log.write("into the void\n");
    await log.flush();
    const late = opened(file, constants.O_RDONLY | constants.O_NONBLOCK);
    log.write("too late\n");
    await log.flush();
    log.flushNow();
    expect(() => readSync(late, Buffer.alloc(10))).toThrow("EAGAIN");
  });

  it("writes what waits when the process ends in that moment", async () => {
    const { fd, read } = pipe();
    const log = destination(fd);
    for (let index = 0; index < 200; index += 1) log.write(line(index));
    // The pipe is full, and the rest waits.
    let before = "";
    while (before.length <= line(0).length) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      before += read();
    }
    log.flushNow();
    const whole = before + read();
    expect(whole.length).toBeGreaterThan(before.length);
    expect(Array.from({ length: 200 }, (_, index) => line(index)).join("").startsWith(whole)).toBe(true);
  });
});
