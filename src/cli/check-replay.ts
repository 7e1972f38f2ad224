/** `refrain check --replay FILE`. */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { stateName } from "../../machines/state-name.ts";
import { replayScript } from "../testing/model/check-machine.ts";
import type { AnyModel } from "../testing/model/machine-model.ts";
import { conversationOf, visible } from "../testing/model/print/conversation.ts";
import { sequenceDiagramOf } from "../testing/model/print/sequence-diagram.ts";
import { hears, transitionsOfMachine } from "../testing/model/transitions.ts";
import { caseVersion, type SavedCase } from "./check-case.ts";
import { paint, shippedModels } from "./check-machines.ts";
import { issueText } from "./issue-text.ts";
import { print, SaidError, UsageError } from "./terminal.ts";

/** Rejects with SaidError if a rule is broken still, with UsageError if the file is no case, or one of another machine, or tells events that it has not. */
export async function replayCase(file: string, { json, models = shippedModels }: { readonly json: boolean; readonly models?: readonly AnyModel[] }): Promise<void> {
  const saved = await readCase(file);
  const model = models.find(({ name }) => name === saved.machine);
  if (model === undefined) throw new UsageError(`${file}: machine: expected ${models.map(({ name }) => name).join(" or ")}, got ${JSON.stringify(saved.machine)}; name a case of one of these`);
  const start = model.starts.findIndex(({ name }) => name === saved.start);
  if (start === -1) throw new UsageError(`${file}: start: expected ${model.starts.map(({ name }) => name).join(" or ")}, got ${JSON.stringify(saved.start)}; replay it with the release of refrain that wrote it`);
  const script = { start, events: saved.events };
  const { steps, breach } = replayScript(model, script);
  // Of a machine that has no such events the case says nothing, whatever it made of them.
  const unknown = unknownEvents(model, saved.events.slice(0, breach?.step));
  if (unknown.length > 0) {
    throw new UsageError(`${file}: events: ${model.name} knows no ${unknown.map((type) => JSON.stringify(type)).join(", no ")}; replay it with the release of refrain that wrote it, or find the case again with \`refrain check\``);
  }
  const told = { script, steps: breach === undefined ? steps : steps.slice(0, breach.step + 1), ...breach };
  if (json) {
    const states = told.steps.map(({ event = null, after, effects, taken }) => ({ event, state: stateName(after.value), effects, taken }));
    print(JSON.stringify({ ok: breach === undefined, machine: model.name, expected: saved.rule, breach: breach ?? null, steps: states }, null, 2));
  } else {
    const other = breach !== undefined && breach.invariant.name !== saved.rule ? ", though not the one of the case" : "";
    const head = breach === undefined ? paint("every rule holds now", "good") : paint(`a rule is broken${other}`, "bad");
    print(`${paint(model.name, "title")}: ${head}\n\n${conversationOf(told, model)}`);
    if (breach === undefined) print(`\nthe case was: ${visible(saved.rule)} ${visible(saved.problem)}`);
    else print(`\n${sequenceDiagramOf(told, model).trimEnd()}`);
  }
  if (breach !== undefined) throw new SaidError("a rule is broken");
}

/** Types of events that no state of the machine answers. */
function unknownEvents({ machine }: AnyModel, events: SavedCase["events"]): readonly string[] {
  const known = new Set([...transitionsOfMachine(machine).values()].map(({ eventType }) => eventType));
  return [...new Set(events.map(({ type }) => type))].filter((type) => ![...known].some((descriptor) => hears(descriptor, type)));
}

/** Of a file that is read: more than the longest script. */
const fileBytesMax = 16 * 1_048_576;

const form = z.object({
  refrain: z.literal("check-case"),
  version: z.number(),
  machine: z.string(),
  rule: z.string(),
  source: z.string().nullable(),
  problem: z.string(),
  seed: z.number(),
  path: z.string(),
  start: z.string(),
  events: z.array(z.looseObject({ type: z.string() })),
});

async function readCase(file: string): Promise<SavedCase> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new UsageError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}); name a case that \`refrain check --save DIR\` wrote`);
  });
  const value = text.length > fileBytesMax ? undefined : parsed(text);
  const { refrain, version } = (typeof value === "object" && value !== null ? value : {}) as { readonly refrain?: unknown; readonly version?: unknown };
  if (refrain !== "check-case") throw new UsageError(`${file}: is no saved case; name one that \`refrain check --save DIR\` wrote`);
  if (typeof version === "number" && version > caseVersion) {
    throw new UsageError(`${file}: version: expected ${caseVersion}, got ${version}; replay it with the release of refrain that wrote it, or a later one`);
  }
  const checked = form.safeParse(value);
  if (checked.success) return checked.data;
  const { seed } = value as { readonly seed?: unknown };
  const again = Number.isInteger(seed) ? `refrain check --seed ${String(seed)}` : "refrain check";
  throw new UsageError(`${file}: ${issueText(checked.error.issues[0]!, value)}; the file was changed or is damaged: find the case again with \`${again}\``);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
