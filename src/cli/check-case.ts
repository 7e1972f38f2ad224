/** Failures of `refrain check` as files: for machines, to be told again, and for people. */
import { constants, existsSync } from "node:fs";
import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { stateName } from "../../machines/state-name.ts";
import type { AnyModel } from "../testing/model/machine-model.ts";
import { conversationOf, ruleText } from "../testing/model/print/conversation.ts";
import { sequenceDiagramOf } from "../testing/model/print/sequence-diagram.ts";
import { verdictText } from "../testing/model/print/verdict-text.ts";
import type { Counterexample, Verdict } from "../testing/model/verdict.ts";
import { openExport } from "./export-file.ts";
import { UsageError } from "./terminal.ts";

export const caseVersion = 1;

/** A folder that what was found is written into. */
export class Saved {
  readonly files: string[] = [];
  readonly #folder: string;
  readonly #force: boolean;
  readonly #verdicts: string[] = [];

  private constructor(folder: string, force: boolean) {
    this.#folder = folder;
    this.#force = force;
  }

  /** Makes the folder, and sees at once whether it can be written into: a long check is not to end in vain. Rejects with UsageError. */
  static async open(folder: string, force: boolean): Promise<Saved> {
    try {
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK);
    } catch (error) {
      throw new UsageError(`${folder}: cannot be written into (${(error as NodeJS.ErrnoException).code ?? String(error)}); name another folder`);
    }
    const file = join(folder, verdictFile);
    if (!force && existsSync(file)) throw new UsageError(`${file}: is there already; name another folder, or replace it with --force`);
    return new Saved(folder, force);
  }

  /** Writes the case, if there is one. Rejects with UsageError or OperatorError. */
  async add(verdict: Verdict, model: AnyModel, again: string): Promise<void> {
    this.#verdicts.push(`${verdictText(verdict, model, { again })}\n`);
    const { counterexample } = verdict;
    if (counterexample === undefined) return;
    const name = `${model.name}-${counterexample.path === "" ? "states" : counterexample.seed}`;
    await this.#write(`${name}.json`, `${JSON.stringify(caseOf(counterexample, model), null, 2)}\n`);
    await this.#write(`${name}.md`, caseForPeople(counterexample, model, join(this.#folder, `${name}.json`), again));
  }

  async finish(): Promise<void> {
    await this.#write(verdictFile, this.#verdicts.join("\n"));
  }

  async #write(name: string, text: string): Promise<void> {
    const file = join(this.#folder, name);
    const output = await openExport(file, this.#force);
    try {
      await output.write(text);
      await output.finish();
    } catch (error) {
      await output.discard();
      throw error;
    }
    this.files.push(file);
  }
}

const verdictFile = "verdict.txt";

/** What `refrain check --replay` takes. */
export interface SavedCase {
  readonly refrain: "check-case";
  readonly version: number;
  readonly machine: string;
  readonly rule: string;
  readonly source: string | null;
  readonly problem: string;
  /** What makes fast-check find it again; the path is empty where it was found without scripts. */
  readonly seed: number;
  readonly path: string;
  /** The name of the start. */
  readonly start: string;
  readonly events: readonly { readonly type: string }[];
}

function caseOf({ invariant, problem, seed, path, script }: Counterexample, model: AnyModel): SavedCase {
  const { name: rule, source = null } = invariant;
  const start = model.starts[script.start]?.name ?? "";
  return { refrain: "check-case", version: caseVersion, machine: model.name, rule, source, problem, seed, path, start, events: script.events };
}

function caseForPeople(found: Counterexample, model: AnyModel, file: string, again: string): string {
  return [
    `# ${model.name}: a rule is broken`,
    ruleText(found.invariant),
    found.problem,
    block("", conversationOf(found, model)),
    block("mermaid", sequenceDiagramOf(found, model).trimEnd()),
    `The same script again: \`refrain check --replay ${file}\`. Found by \`${again}\`.`,
    "",
  ].join("\n\n").replace(/\n+$/, "\n");
}

function block(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

/** Snapshots of XState are no JSON: of each step its state, what was asked for, and the transitions that were taken. */
export function jsonOf(verdict: Verdict): unknown {
  const { counterexample, ...rest } = verdict;
  if (counterexample === undefined) return rest;
  const steps = counterexample.steps.map(({ event = null, after, effects, taken }) => ({ event, state: stateName(after.value), effects, taken }));
  return { ...rest, counterexample: { ...counterexample, steps } };
}
