import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { CaseError, caseVersion, readCase, saveCase, type SavedCase } from "./case-file.ts";

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

  const damaged = "; the file was changed or is damaged: find it anew with `npm run simulate -- --seed 17`";
  const none = "is no saved world; name a case, `.json`, that `npm run simulate -- --save DIR` wrote";
  it.each([
    ["of another version", { ...saved, version: 9 }, "version: expected 1, got 9; play it with the checkout that wrote it, or find it anew with `npm run simulate -- --seed 17`"],
    ["with a number that is none", { ...saved, plan: { ...saved.plan, seed: "x" } }, `plan.seed: expected number, got "x"${damaged}`],
    ["with nobody in it", { ...saved, plan: { ...saved.plan, accounts: 0 } }, `plan.accounts: expected at least 1, got 0${damaged}`],
    ["without a rule", { ...saved, rule: undefined }, `rule: expected string, got nothing${damaged}`],
    ["whose plan has no such device", { ...saved, plan: { ...saved.plan, devices: [1, 1] } }, `plan: happenings: there is no such device${damaged}`],
    ["whose happenings are not in order", { ...saved, plan: { ...saved.plan, happenings: saved.plan.happenings.toReversed() } }, `plan: happenings: not in the order of time${damaged}`],
    ["that ends before it is over", { ...saved, plan: { ...saved.plan, lengthMs: 2_000 } }, `plan: happenings: after the world's end${damaged}`],
    ["of no known kind", { ...saved, plan: { ...saved.plan, happenings: [{ at: 1, kind: "nap", device: 0, choice: 1 }] } }, `plan.happenings.0.kind: expected "act" or "use" or "room" or "misbehave" or "link" or "server", got "nap"${damaged}`],
    ["with something unknown in it", { ...saved, colour: "blue" }, `expected nothing that is called "colour"${damaged}`],
    ["of a machine", { refrain: "check-case", version: 1 }, none],
    ["of nothing", null, none],
  ])("is refused in one line if it is one %s", (_, wrong, message) => {
    const path = join(folder, "wrong.json");
    writeFileSync(path, JSON.stringify(wrong));
    expect(() => readCase(path)).toThrow(new CaseError(`${path}: ${message}`));
  });

  it("is refused if it is no JSON, or cannot be read", () => {
    const text = join(folder, "text.json");
    writeFileSync(text, "seed 17");
    expect(() => readCase(text)).toThrow(new CaseError(`${text}: ${none}`));
    expect(() => readCase(folder)).toThrow(`${folder}: cannot be read (EISDIR); name a case`);
    expect(() => readCase(join(folder, "none.json"))).toThrow("none.json: cannot be read (ENOENT); name a case, `.json`, that `npm run simulate -- --save DIR` wrote");
  });
});
