/** A script as a conversation: who says what to whom, and the state after each step. */
import { stateName } from "../../../../machines/state-name.ts";
import { duration, time } from "../../../history/plain-words.ts";
import type { AnyModel, ModelStep } from "../machine-model.ts";
import type { Counterexample } from "../verdict.ts";
import { type Said, wordsOf } from "./words.ts";

/** What was told and what came of it; with the rule that the last step breaks, if it breaks one. */
export type Conversation = Pick<Counterexample, "script" | "steps"> & Partial<Pick<Counterexample, "invariant" | "problem">>;

/** Lines of text, one participant after the other; control characters of an event are made visible. Pure. */
export function conversationOf(told: Conversation, model: AnyModel): string {
  const words = wordsOf(model);
  const { script, steps, invariant, problem } = told;
  const timed = isTimed(told);
  const start = model.starts[script.start]?.name ?? String(script.start);
  const blocks = steps.map((step, index) => {
    const at = timeOf(step, model);
    const event = step.event === undefined ? undefined : words.event(step.event);
    const remarks = [
      ...(isIllegal(step, at, model) ? ["which no host tells it here"] : []),
      ...(step.thrown !== undefined ? [`it threw: ${step.thrown}`] : isIgnored(step) ? ["ignored"] : []),
    ];
    return {
      number: String(index),
      after: event === undefined || !timed ? "" : `${sinceStart(at, model)}  `,
      event: event === undefined ? "it begins" : `${said(event)}${remarks.length === 0 ? "" : ` (${remarks.join(", ")})`}`,
      effects: step.effects.map((effect) => said(words.effect(effect, at))),
      state: stateName(step.after.value),
    };
  });
  const [numbers, afters] = [Math.max(...blocks.map(({ number }) => number.length)), Math.max(...blocks.map(({ after }) => after.length))];
  const indent = " ".repeat(2 + numbers + 2 + afters);
  return [
    `${model.name}, begun ${start}${timed ? ` at ${time(model.startAt)}` : ""}`,
    ...blocks.flatMap(({ number, after, event, effects, state }) => [
      `  ${number.padStart(numbers)}  ${after.padStart(afters)}${event}`,
      ...effects.map((effect) => `${indent}  ${effect}`),
      `${indent}→ ${state}`,
    ]),
    ...(invariant === undefined ? [] : [`${indent}✗ ${ruleText(invariant)}`]),
    ...(problem === undefined ? [] : [`${indent}  ${problem}`]),
  ].map(visible).join("\n");
}

/** `A resource is there exactly while the session is connected (RFC 6120 section 7.1).` */
export function ruleText({ name, source }: { readonly name: string; readonly source?: string }): string {
  return source === undefined ? name : `${name.replace(/\.$/, "")} (${source})${name.endsWith(".") ? "." : ""}`;
}

/** Whether its events say when they happened. */
export function isTimed({ steps }: Pick<Conversation, "steps">): boolean {
  return steps.some(({ event }) => typeof event?.["at"] === "number");
}

/** `+1 min 30 s` */
export function sinceStart(at: number, { startAt }: Pick<AnyModel, "startAt">): string {
  return `+${duration(Math.max(at - startAt, 0))}`;
}

/** When it was told; a machine whose events carry no time has one time for all of them. */
export function timeOf({ event }: Pick<ModelStep, "event">, model: Pick<AnyModel, "startAt">): number {
  const at: unknown = event?.["at"];
  return typeof at === "number" ? at : model.startAt;
}

function said({ from, to, text }: Said): string {
  return from === to ? `${from}: ${text}` : `${from} → ${to}: ${text}`;
}

function isIgnored({ event, taken }: ModelStep): boolean {
  return event !== undefined && taken.length === 0;
}

/** Only what is nowhere among the legal ones: a value may be in both lists. */
function isIllegal({ before, event }: ModelStep, at: number, { events, illegal }: AnyModel): boolean {
  if (before === undefined || event === undefined || illegal === undefined) return false;
  const key = JSON.stringify(event);
  const holds = (list: readonly unknown[]) => list.some((each) => JSON.stringify(each) === key);
  return holds(illegal(before, at)) && !holds(events(before, at));
}

/** A terminal must not obey what an event carries. */
export function visible(line: string): string {
  return line.replaceAll(/\p{C}/gu, "\u{FFFD}");
}
