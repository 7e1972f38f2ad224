import { describe, expect, it } from "vitest";
import { Outbox } from "../../src/step/outbox.ts";

function outboxOf(): { readonly outbox: Outbox; readonly written: string[] } {
  const written: string[] = [];
  return { outbox: new Outbox((texts) => written.push(texts.join(""))), written };
}

describe("An outbox", () => {
  it("writes all that may leave together, up to the first text that waits", () => {
    const { outbox, written } = outboxOf();
    for (const [text, ticket] of [["a", 0], ["b", 1], ["c", 2], ["d", 0]] as const) outbox.push(text, ticket);
    expect(outbox.flush(1)).toBe(true);
    expect([written, outbox.waitingChars]).toEqual([["ab"], 2]);
    expect(outbox.flush(1)).toBe(true);
    expect(outbox.flush(2)).toBe(false);
    expect([written, outbox.waitingChars]).toEqual([["ab", "cd"], 0]);
  });

  it("writes nothing when there is nothing", () => {
    const { outbox, written } = outboxOf();
    expect(outbox.flush(5)).toBe(false);
    expect(written).toEqual([]);
  });

  it("tells once that all has left: at once if it has", () => {
    const { outbox, written } = outboxOf();
    const told: string[] = [];
    outbox.whenWritten(() => told.push("at once"));
    outbox.push("a", 1);
    outbox.whenWritten(() => told.push(`after ${written.join()}`));
    outbox.flush(0);
    expect(told).toEqual(["at once"]);
    outbox.flush(1);
    outbox.push("b", 1);
    outbox.flush(1);
    expect(told).toEqual(["at once", "after a"]);
  });

  it("takes more from within its own write and from within the word that all has left", () => {
    const written: string[] = [];
    const outbox: Outbox = new Outbox((texts) => {
      written.push(...texts);
      if (texts[0] === "a") outbox.push("b", 0);
    });
    outbox.push("a", 0);
    outbox.flush(0);
    outbox.flush(0);
    expect(written).toEqual(["a", "b"]);
  });

  it("tells what its peer's trouble is, and is none the worse for it", () => {
    const errors: string[] = [];
    let broken = true;
    const written: string[] = [];
    const write = (texts: readonly string[]): void => {
      if (broken) throw new Error("no way out");
      written.push(...texts);
    };
    const outbox = new Outbox(write, (error) => errors.push(String(error)));
    outbox.push("a", 0);
    outbox.whenWritten(() => {
      throw new Error("nor after it");
    });
    outbox.whenWritten(() => written.push("the next"));
    expect(outbox.flush(0)).toBe(false);
    broken = false;
    outbox.push("b", 0);
    outbox.flush(0);
    expect([errors, written]).toEqual([["Error: no way out", "Error: nor after it"], ["the next", "b"]]);
  });

  it("forgets everything when it is cleared, what waits for it to be empty too, and goes on without a debt", () => {
    const { outbox, written } = outboxOf();
    outbox.push("a", 7);
    outbox.whenWritten(() => written.push("empty"));
    outbox.clear();
    expect(outbox.waitingChars).toBe(0);
    outbox.push("b", 0);
    expect(outbox.flush(0)).toBe(false);
    expect(written).toEqual(["b"]);
  });
});
