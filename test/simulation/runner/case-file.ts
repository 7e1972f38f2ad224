/** A world with which a rule was broken, as a file: it can be played again, by the run and by the ordinary suite. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { issueText } from "../../../src/cli/issue-text.ts";
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

/** A file that is no saved world, or cannot be one; the message names it, what is wrong with it, and what to do. */
export class CaseError extends Error {
  override readonly name = "CaseError";
}

/** Writes `seed-17-nothing-is-lost.json` and, for people, the same with `.md`; the answer is the path of the first. Throws what the file system says. */
export function saveCase(folder: string, saved: SavedCase): string {
  mkdirSync(folder, { recursive: true });
  const words = saved.rule.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const path = join(folder, ["seed", saved.found, ...words.slice(0, 8)].join("-"));
  writeFileSync(`${path}.json`, `${JSON.stringify(saved, null, 2)}\n`);
  writeFileSync(`${path}.md`, asText(saved));
  return `${path}.json`;
}

/** Throws CaseError. */
export function readCase(path: string): SavedCase {
  const value = readJson(path);
  const { version, found, plan } = (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  if (plan === undefined || version === undefined) throw new CaseError(`${path}: is no saved world; ${nameOne}`);
  const anew = Number.isInteger(found) ? `find it anew with \`npm run simulate -- --seed ${String(found)}\`` : "find it anew with `npm run simulate`";
  if (version !== caseVersion) throw new CaseError(`${path}: version: expected ${caseVersion}, got ${JSON.stringify(version)}; play it with the checkout that wrote it, or ${anew}`);
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  throw new CaseError(`${path}: ${issueText(checked.error.issues[0]!, value)}; the file was changed or is damaged: ${anew}`);
}

const nameOne = "name a case, `.json`, that `npm run simulate -- --save DIR` wrote";

function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new CaseError(`${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}); ${nameOne}`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CaseError(`${path}: is no saved world; ${nameOne}`, { cause: error });
  }
}

function asText({ rule, text, at, found, plan, transcript = [] }: SavedCase): string {
  const fence = "```";
  return [
    `# ${rule}`, "", `At ${momentOf(at)} of the simulated world, found with seed ${found}:`, "", fence, text, fence, "",
    "## The world", "", fence, ...planLines(plan), fence, "", "## What was said and done", "", fence, ...transcript, fence, "",
  ].join("\n");
}
