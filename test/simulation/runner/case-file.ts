/** A world with which a rule was broken, as a file: it can be played again, by the run and by the ordinary suite. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { WorldPlan } from "../world/plan.ts";
import { momentOf, planLines } from "./report.ts";
import { planSchema } from "./plan-schema.ts";

/** Goes up when what is written here changes, or when happenings come to something else by the same numbers. */
export const caseVersion = 1;

export interface SavedCase {
  readonly version: typeof caseVersion;
  /** The rule that was broken, as the world's checks call it. */
  readonly rule: string;
  /** How it was broken. */
  readonly text: string;
  /** Simulated milliseconds since the world began. */
  readonly at: number;
  /** The seed with which it was found; the plan has it too, for what is drawn while it is played. */
  readonly found: number;
  readonly plan: WorldPlan;
  /** What was said and done when it was saved; may be left out, for replaying tells it. */
  readonly transcript?: readonly string[];
}

const schema: z.ZodType<SavedCase> = z.strictObject({
  version: z.literal(caseVersion),
  rule: z.string().min(1),
  text: z.string(),
  at: z.number().min(0),
  found: z.int().min(0),
  plan: planSchema,
  transcript: z.array(z.string()).readonly().exactOptional(),
});

/** Writes `seed-17-nothing-is-lost.json` and, for people, the same with `.md`; the answer is the path of the first. */
export function saveCase(folder: string, saved: SavedCase): string {
  mkdirSync(folder, { recursive: true });
  const words = saved.rule.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const path = join(folder, ["seed", saved.found, ...words.slice(0, 8)].join("-"));
  writeFileSync(`${path}.json`, `${JSON.stringify(saved, null, 2)}\n`);
  writeFileSync(`${path}.md`, asText(saved));
  return `${path}.json`;
}

/** Throws, with the reason, if the file is none. */
export function readCase(path: string): SavedCase {
  const found = schema.safeParse(readJson(path));
  if (found.success) return found.data;
  throw new Error(`${path}: expected a saved world of version ${caseVersion}, got one in which\n${z.prettifyError(found.error)}`);
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`${path}: cannot be read as a saved world: ${(error as Error).message}`, { cause: error });
  }
}

function asText({ rule, text, at, found, plan, transcript = [] }: SavedCase): string {
  const fence = "```";
  return [
    `# ${rule}`, "", `At ${momentOf(at)} of the simulated world, found with seed ${found}:`, "", fence, text, fence, "",
    "## The world", "", fence, ...planLines(plan), fence, "", "## What was said and done", "", fence, ...transcript, fence, "",
  ].join("\n");
}
