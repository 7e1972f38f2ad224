/**
 * Extensions of others, with what they answer looked at: a wrong answer is an error that names the extension and the place, and not a
 * stanza that vanishes. What they throw is thrown on with the same names before it.
 */
import { stanzaErrorTypes } from "../domain/errors.ts";
import type { ElementHandler, Extension, IqHandler, IqReply } from "../router/extension.ts";
import type { Command, CommandFault, CommandForm, CommandOutcome, CommandStage } from "../router/commands.ts";
import type { PhaseHandler, PhaseHandlers, Verdict } from "../router/phases.ts";
import { Element } from "../xml/element.ts";
import { shown } from "./problem.ts";

export function guarded(extension: Extension): Extension {
  const { name, phases, iq, elements, commands } = extension;
  return {
    ...extension,
    ...namedMembers(extension),
    ...(elements === undefined ? {} : { elements: elements.map((each) => named(`extension ${name}, element of ${each.xmlns}`, each)) }),
    ...(phases === undefined ? {} : { phases: guardedPhases(name, phases) }),
    ...(iq === undefined ? {} : { iq: iq.map((handler) => guardedIq(name, handler)) }),
    ...(commands === undefined ? {} : { commands: commands.map((command) => guardedCommand(name, command)) }),
  };
}

/** All that is told something, or decides something, and is not looked at otherwise. */
function namedMembers(extension: Extension): Partial<Extension> {
  const all = Object.entries(extension).filter(([, member]) => typeof member === "function") as readonly (readonly [string, AnyFunction])[];
  return Object.fromEntries(all.map(([key, member]) => [key, inName(`extension ${extension.name}, ${key}`, extension, member)]));
}

function named(where: string, handler: ElementHandler): ElementHandler {
  return { ...handler, handle: inName(where, handler, handler.handle as AnyFunction) };
}

type AnyFunction = (...given: readonly unknown[]) => never;

function inName(where: string, owner: object, work: AnyFunction): AnyFunction {
  return (...given) => within(where, () => work.apply(owner, [...given]));
}

function guardedPhases(name: string, phases: PhaseHandlers): PhaseHandlers {
  const entries = Object.entries(phases).map(([phase, handler]: [string, PhaseHandler]) => {
    const where = `extension ${name}, phase ${phase}`;
    const check: PhaseHandler = (passage) => {
      const verdict: unknown = within(where, () => handler(passage));
      if (isVerdict(verdict)) return verdict;
      throw new TypeError(`${where}: expected nothing, { stop: true, why } or { fault: { condition, text }, why }, got ${shown(verdict)}`);
    };
    return [phase, check] as const;
  });
  return Object.fromEntries(entries);
}

function guardedIq(name: string, handler: IqHandler): IqHandler {
  const where = `extension ${name}, iq <${handler.name} xmlns='${handler.xmlns}'/>`;
  const checked = (reply: unknown): IqReply => {
    if (isReply(reply)) return reply;
    throw new TypeError(`${where}: expected { result: an element or undefined } or { fault: { condition, text } }, got ${shown(reply)}`);
  };
  return {
    ...handler,
    handle(request) {
      const reply = within(where, () => handler.handle(request));
      return reply instanceof Promise ? reply.then(checked, (error: unknown) => within(where, () => raise(error))) : checked(reply);
    },
  };
}

function guardedCommand(name: string, command: Command): Command {
  const where = `extension ${name}, command ${command.node}`;
  const stages = command.stages?.map((stage, index): CommandStage => {
    const check = checking(`${where}, stage ${index}`, isStage, "{ fields: [{ var, … }] } or { fault: { condition, text } }");
    return (call) => settled(`${where}, stage ${index}`, () => stage(call), check);
  });
  const check = checking(where, isOutcome, "{ done: a text or undefined }, { failed: a text } or { fault: { condition, text } }");
  return { ...command, ...(stages !== undefined && { stages }), complete: (call) => settled(where, () => command.complete(call), check) };
}

function checking<Value>(where: string, is: (value: unknown) => value is Value, expected: string): (value: unknown) => Value {
  return (value) => {
    if (is(value)) return value;
    throw new TypeError(`${where}: expected ${expected}, got ${shown(value)}`);
  };
}

function settled<Value>(where: string, work: () => unknown, check: (value: unknown) => Value): Value | Promise<Value> {
  const value = within(where, work);
  return value instanceof Promise ? value.then(check, (error: unknown) => within(where, () => raise(error))) : check(value);
}

function isStage(value: unknown): value is CommandForm | CommandFault {
  if (!isRecord(value)) return false;
  if ("fault" in value) return isFault(value["fault"]);
  return Array.isArray(value["fields"]) && value["fields"].every((field) => isRecord(field) && typeof field["var"] === "string");
}

function isOutcome(value: unknown): value is CommandOutcome {
  if (!isRecord(value)) return false;
  if ("fault" in value) return isFault(value["fault"]);
  if ("failed" in value) return typeof value["failed"] === "string";
  const { done, payload, warning } = value;
  return "done" in value && [done, warning].every((text) => text === undefined || typeof text === "string") && (payload === undefined || payload instanceof Element);
}

function raise(error: unknown): never {
  throw error;
}

function within<Value>(where: string, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function isVerdict(value: unknown): value is Verdict {
  if (value === undefined) return true;
  if (!isRecord(value) || typeof value["why"] !== "string") return false;
  return value["stop"] === true || isFault(value["fault"]);
}

function isReply(value: unknown): value is IqReply {
  if (!isRecord(value)) return false;
  if ("fault" in value) return isFault(value["fault"]);
  return "result" in value && (value["result"] === undefined || value["result"] instanceof Element);
}

function isFault(value: unknown): boolean {
  return isRecord(value) && typeof value["text"] === "string" && typeof value["condition"] === "string" && Object.hasOwn(stanzaErrorTypes, value["condition"]);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
