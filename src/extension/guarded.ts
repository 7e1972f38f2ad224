/**
 * Extensions of others, with what they answer looked at: a wrong answer is an error that names the extension and the place, and not a
 * stanza that vanishes. What they throw is thrown on with the same names before it.
 */
import { stanzaErrorTypes } from "../domain/errors.ts";
import type { Extension, IqHandler, IqReply } from "../router/extension.ts";
import type { PhaseHandler, PhaseHandlers, Verdict } from "../router/phases.ts";
import { Element } from "../xml/element.ts";
import { shown } from "./problem.ts";

export function guarded(extension: Extension): Extension {
  const { name, phases, iq } = extension;
  return {
    ...extension,
    ...(phases === undefined ? {} : { phases: guardedPhases(name, phases) }),
    ...(iq === undefined ? {} : { iq: iq.map((handler) => guardedIq(name, handler)) }),
  };
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
