/** A session as a test: a vitest file that tells the machine the same events again, and expects the states that were recorded. */
import { HistoryError } from "../errors.ts";
import { eventWords } from "../event-words.ts";
import { time } from "../plain-words.ts";
import { lifeOf, type LifeStep } from "./life.ts";
import type { SessionExport } from "./session-export.ts";

/**
 * It needs `refrain` and `vitest`, and nothing else. Throws if there is no snapshot to begin from, or one of another machine or of a
 * version that this one cannot continue.
 */
export function exportTest(exported: SessionExport): string {
  const { session, exportedAt } = exported;
  const steps = lifeOf(exported).filter((step) => step.kind === "snapshot" || step.kind === "told");
  const parts = partsOf(steps);
  const name = `session ${session.id}${session.username === "" ? "" : ` of ${session.username}@${session.host}${session.resource === null ? "" : `/${session.resource}`}`}`;
  if (parts.length === 0) {
    throw new HistoryError(`session ${session.id}: it was recorded without a snapshot, so there is no state to test from; export it as json or mermaid`);
  }
  return [
    "/**",
    ` * ${comment(name)}, as refrain recorded it; exported ${time(exportedAt)}.`,
    " * The machine is told each event again: the states, and what later snapshots hold, have to be those that were recorded.",
    " */",
    `import { fold, recordSnapshot, restoreSnapshot, stateName } from "refrain/machines";`,
    `import type { SessionEvent } from "refrain/machines";`,
    `import { describe, expect, it } from "vitest";`,
    ...parts.flatMap((part, index) => ["", ...partText(index === 0 ? name : `${name}, from position ${part.begin.position} of its log`, part)]),
    ...helper,
  ].join("\n");
}

type Snapshot = Extract<LifeStep, { readonly kind: "snapshot" }>;
type Told = Extract<LifeStep, { readonly kind: "told" }>;

interface Part {
  readonly begin: Snapshot;
  readonly steps: readonly (Snapshot | Told)[];
}

/** Where something is missing, the machine goes on from the next snapshot. */
function partsOf(steps: readonly (Snapshot | Told)[]): readonly Part[] {
  const parts: { readonly begin: Snapshot; readonly steps: (Snapshot | Told)[] }[] = [];
  for (const step of steps) {
    if (step.kind === "snapshot" && (!step.continues || parts.length === 0)) parts.push({ begin: step, steps: [] });
    else parts.at(-1)?.steps.push(step);
  }
  return parts;
}

function partText(name: string, { begin, steps }: Part): readonly string[] {
  const width = String(steps.length).length;
  return [
    `describe(${literal(name)}, () => {`,
    `  const session = restored(${literal(begin.snapshot)});`,
    "",
    ...steps.flatMap((step, index) => {
      const number = String(index + 1).padStart(width, "0");
      if (step.kind === "snapshot") return [`  session.is(${literal(`${number} as recorded at position ${step.position}`)}, ${literal(step.snapshot)});`];
      return [`  session.told(${literal(`${number} ${cut(eventWords(step.event))} → ${step.state}`)}, ${literal(step.event)}, ${literal(step.state)});`];
    }),
    ...(steps.length === 0 ? [`  session.is("as recorded", ${literal(begin.snapshot)});`] : []),
    "});",
  ];
}

const helper = [
  "",
  "function restored(recorded: Parameters<typeof restoreSnapshot>[0]) {",
  "  let snapshot = restoreSnapshot(recorded);",
  "  return {",
  "    told(name: string, event: SessionEvent, state: string) {",
  "      snapshot = fold(snapshot, [event]);",
  "      const reached = stateName(snapshot.value);",
  "      it(name, () => expect(reached).toBe(state));",
  "    },",
  "    is(name: string, recorded: Parameters<typeof restoreSnapshot>[0]) {",
  "      const reached = recordSnapshot(snapshot);",
  "      snapshot = restoreSnapshot(recorded);",
  "      it(name, () => expect(reached).toEqual(recordSnapshot(restoreSnapshot(recorded))));",
  "    },",
  "  };",
  "}",
  "",
];

/** JSON that stays in its string, whatever a client chose: nothing in it is invisible, or turns what follows around. */
function literal(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, unicodeEscape);
}

function unicodeEscape(char: string): string {
  return [...Array(char.length).keys()].map((index) => `\\u${char.charCodeAt(index).toString(16).padStart(4, "0")}`).join("");
}

function comment(text: string): string {
  return text.replaceAll("*/", "*⁄").replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, "\u{FFFD}");
}

function cut(text: string): string {
  const chars = [...text];
  return chars.length > nameCharsMax ? `${chars.slice(0, nameCharsMax - 1).join("")}…` : text;
}

const nameCharsMax = 160;
