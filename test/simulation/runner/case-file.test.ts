import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { caseVersion, readCase, saveCase, type SavedCase } from "./case-file.ts";

const folder = mkdtempSync(join(tmpdir(), "refrain-case-"));
afterAll(() => rmSync(folder, { recursive: true }));

const saved: SavedCase = {
  version: caseVersion,
  rule: "Invariant 11: each message has one disposition, and no more than that",
  text: "romeo's message 3 came twice",
  at: 62_345,
  found: 17,
  plan: {
    seed: 17, accounts: 2, devices: [1, 2], lengthMs: 90_000, network: { delayMs: [1, 1] }, disk: { commitMs: [0, 5] },
    happenings: [{ at: 1_000, kind: "act", device: 2, choice: 7 }, { at: 62_000, kind: "server", device: 0, choice: 1 }],
  },
  transcript: ["01:02.345 romeo/1 → <message/>"],
};

describe("A saved world", () => {
  it("is read as it was written, under a name that says what is wrong", () => {
    const path = saveCase(folder, saved);
    expect(path).toBe(join(folder, "seed-17-invariant-11-each-message-has-one-disposition-and.json"));
    expect(readCase(path)).toEqual(saved);
  });

  it("is told to people beside it", () => {
    const text = readFileSync(saveCase(folder, saved).replace(/json$/, "md"), "utf8");
    for (const part of [saved.rule, saved.text, "01:02.345", "accounts 2 with 1, 2 devices", "00:01.000 act device 2 choice 7", "01:02.000 server choice 1", saved.transcript![0]]) {
      expect(text).toContain(part);
    }
  });

  it.each([
    ["of another version", { ...saved, version: caseVersion + 1 }, /expected a saved world of version 1.*version/s],
    ["whose plan has no such device", { ...saved, plan: { ...saved.plan, devices: [1, 1] } }, /there is no such device/],
    ["whose happenings are not in order", { ...saved, plan: { ...saved.plan, happenings: saved.plan.happenings.toReversed() } }, /order of time/],
    ["that ends before it is over", { ...saved, plan: { ...saved.plan, lengthMs: 2_000 } }, /after the world's end/],
    ["with something unknown in it", { ...saved, colour: "blue" }, /colour/],
  ])("is refused if it is one %s", (_, wrong, message) => {
    const path = join(folder, "wrong.json");
    writeFileSync(path, JSON.stringify(wrong));
    expect(() => readCase(path)).toThrow(message);
    expect(() => readCase(path)).toThrow(path);
  });

  it("is refused if it is no JSON, or not there", () => {
    writeFileSync(join(folder, "text.json"), "seed 17");
    expect(() => readCase(join(folder, "text.json"))).toThrow(/text\.json: cannot be read as a saved world/);
    expect(() => readCase(join(folder, "none.json"))).toThrow(/none\.json: cannot be read as a saved world/);
  });
});
