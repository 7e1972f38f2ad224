/** A short run of `npm run crash`, and one in which somebody lies, to see that it is found out. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Xml } from "../../support/xml-reader.ts";
import { crash } from "./command.ts";
import { Decisions } from "./decisions.ts";
import { evidence, lastLine } from "./report.ts";
import type { ReportedSession } from "./operator.ts";
import { namesOf, run } from "./run.ts";
import { ServerProcess } from "./server-process.ts";

const seed = Math.floor(Math.random() * 1e9);

describe("npm run crash", () => {
  it.concurrent("kills the server again and again, and its clients lose nothing", { timeout: 180_000 }, async ({ expect }) => {
    const lines: string[] = [];
    const status = await crash(["--rounds", "3", "--clients", "3", "--seed", String(seed)], (line) => lines.push(line));
    expect(lines.at(-1), lines.join("\n")).toMatch(/^rounds 3 resumed \d+ lost 0 doubled 0 disordered 0 flaps 0$/);
    // One session of a report in between; three at the end, and with the server stopped three.
    const [, replays] = /^replays (\d+), compared with \d+ reports of the live server: 0 differ$/m.exec(lines.join("\n")) ?? [];
    expect(Number(replays)).toBeGreaterThanOrEqual(7);
    expect(Number(/resumed (\d+)/.exec(lines.at(-1)!)![1])).toBeGreaterThanOrEqual(6);
    expect(status).toBe(0);
  });

  it.concurrent("finds out who loses, doubles, swaps, makes others flap and reports what is not so, and shows what it saw", { timeout: 180_000 }, async ({ expect }) => {
    const folder = mkdtempSync(join(tmpdir(), "refrain-crash-"));
    const names = namesOf(2);
    const server = await ServerProcess.prepare(folder, names, new Decisions(seed, "port"));
    // By this seed they talk for a second and a half: long enough for six messages.
    const play = { rounds: 6, reports: 0, seed: 5, names, server, kills: false, untilTrouble: false, stillMs: 1_000 };
    const misreport = (session: ReportedSession) => ({ ...session, ...(session.username === "u1" ? { priority: 5 } : { conn: null }) });
    const figures = await run({ ...play, onRound: () => {}, tamper: liar(), misreport });
    expect(lastLine(figures), evidence(figures)).toMatch(/^rounds 6 resumed \d+ lost 1 doubled 1 disordered 1 flaps 1 replay 2$/);
    expect(evidence(figures)).toMatch(/replay: session \S+ of u1@localhost .+\n.+\n {2}priority: the live server said 5, the replay says 0\n/);
    expect(evidence(figures)).toMatch(/replay: session \S+ of u2@localhost .+\n.+\n {2}conn, whether there is one: the live server said false, the replay says true\n/);
    expect(evidence(figures)).toMatch(/lost: message from u2 to u1: number 2 was accepted and never came\n {2}u1, session \S+, looking for id='u2-u1-2':\n/);
    rmSync(folder, { recursive: true });
  });

  it("teaches, and refuses what it cannot do", async () => {
    const lines: string[] = [];
    const write = { out: process.stdout.write, err: process.stderr.write };
    process.stdout.write = process.stderr.write = ((text: string) => lines.push(text) > 0) as typeof process.stdout.write;
    try {
      expect(await crash(["--help"], () => {})).toBe(0);
      expect(lines.join("")).toContain("npm run crash -- --rounds 200");
      for (const wrong of [["--rounds", "x"], ["--clients", "1"], ["--data", "."], ["--nothing"]]) expect(await crash(wrong, () => {})).toBe(2);
    } finally {
      process.stdout.write = write.out;
      process.stderr.write = write.err;
    }
  });
});

/** To u1 from u2: message 2 is withheld, 3 is told twice, 4 comes after 5, and once u2 seems gone. */
function liar(): (name: string, stanza: Xml) => readonly Xml[] {
  let held: Xml | undefined;
  return (name, stanza) => {
    const [, number] = /^u2-u1-(\d+)$/.exec(stanza.attrs["id"] ?? "") ?? [];
    if (name !== "u1" || number === undefined) return [stanza];
    if (number === "2") return [];
    if (number === "3") return [stanza, stanza];
    if (number === "4") {
      held = stanza;
      return [];
    }
    if (number === "5") return [stanza, held!];
    const gone: Xml = { name: "presence", xmlns: "jabber:client", attrs: { from: stanza.attrs["from"]!, type: "unavailable" }, children: [] };
    return number === "6" ? [gone, stanza] : [stanza];
  };
}
