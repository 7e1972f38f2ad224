/** Models and rules are written by people: what is wrong with one itself is said as such, and is no fault of the machine. */
import type { AnyEventObject, AnyStateMachine } from "xstate";
import { brief } from "./check-options.ts";
import type { AnyModel, Invariant } from "./machine-model.ts";

/** Throws TypeError where it is neither a machine nor a model, or where the model lacks something. */
export function requireModel(given: unknown): asserts given is AnyModel | AnyStateMachine {
  if (isMachine(given)) return;
  const model = (typeof given === "object" && given !== null ? given : {}) as Partial<Record<keyof AnyModel, unknown>>;
  if (!("machine" in model)) requireMachine(given);
  const { name, machine, starts, startAt, events, keyOf, likely, illegal, isEnd, invariants } = model;
  const require = (member: string, isRight: boolean, expected: string, value: unknown): void => {
    if (!isRight) throw new TypeError(`model ${typeof name === "string" ? `${name}: ` : ""}${member}: expected ${expected}, got ${brief(value)}; see MachineModel, or let modelOf(machine) make one`);
  };
  require("name", typeof name === "string" && name !== "", "a name", name);
  require("machine", isMachine(machine), "a machine of XState", machine);
  require("starts", Array.isArray(starts) && starts.length > 0, "one start or more, each { name, input }", starts);
  (starts as readonly unknown[]).forEach((start, index) => require(`starts[${index}]`, typeof start === "object" && start !== null, "{ name, input }", start));
  require("startAt", Number.isFinite(startAt), "milliseconds since 1970", startAt);
  for (const [member, value] of Object.entries({ events, keyOf })) require(member, typeof value === "function", "a function", value);
  for (const [member, value] of Object.entries({ likely, illegal, isEnd })) require(member, value === undefined || typeof value === "function", "a function, or nothing", value);
  requireRules(invariants);
}

/** Throws TypeError. */
export function requireMachine(given: unknown): asserts given is AnyStateMachine {
  if (isMachine(given)) return;
  throw new TypeError(`expected a machine of XState, or a model ({ name, machine, … }), got ${brief(given)}; give what createMachine() or setup().createMachine() returned`);
}

/** Throws TypeError where one of them could never find anything wrong. */
export function requireRules(rules: unknown): asserts rules is readonly Invariant[] {
  if (!Array.isArray(rules)) throw new TypeError(`rules: expected a list, got ${brief(rules)}; write [] for no rules besides the model's own`);
  rules.forEach((rule: unknown, index) => {
    if (typeof rule === "function") throw new TypeError(`rule ${index}: expected an object with a name, got ${brief(rule)}; write { name: "…", step: ${rule.name === "" ? "(step) => …" : rule.name} }`);
    if (typeof rule !== "object" || rule === null) throw new TypeError(`rule ${index}: expected an object, got ${brief(rule)}; write { name: "…", step: (step) => … }`);
    const { name, source, when, ...checks } = rule as Partial<Record<keyof Invariant, unknown>>;
    if (typeof name !== "string" || name === "") throw new TypeError(`rule ${index}: name: expected a sentence for people, got ${brief(name)}; say what holds`);
    const { state, step, life } = checks;
    if (state === undefined && step === undefined && life === undefined) {
      throw new TypeError(`rule ${brief(name)}: expected state, step or life, got ${brief(Object.keys(checks))}; without one of them it looks at nothing`);
    }
    for (const [member, value] of Object.entries({ state, step, life, when })) {
      if (value !== undefined && typeof value !== "function") throw new TypeError(`rule ${brief(name)}: ${member}: expected a function, got ${brief(value)}; give one, or leave it out`);
    }
    if (source !== undefined && typeof source !== "string") throw new TypeError(`rule ${brief(name)}: source: expected a text, got ${brief(source)}; name the section, or leave it out`);
  });
}

/** The same, throwing TypeError where its functions do not answer what they should. */
export function waryModel(model: AnyModel): AnyModel {
  const { name, keyOf, likely, illegal } = model;
  type Told = AnyModel["events"];
  const wary = (member: string, tell: Told): Told => (snapshot, at) => requireEvents(name, member, tell(snapshot, at));
  return {
    ...model,
    events: wary("events", model.events),
    ...(likely === undefined ? {} : { likely: wary("likely", likely) }),
    ...(illegal === undefined ? {} : { illegal: wary("illegal", illegal) }),
    keyOf(snapshot) {
      const key: unknown = keyOf(snapshot);
      if (typeof key !== "string") throw new TypeError(`model ${name}: keyOf: expected a text, got ${brief(key)}; write what tells states apart with JSON.stringify`);
      return key;
    },
  };
}

/** Throws TypeError. */
export function requireEvents<Event extends AnyEventObject>(name: string, member: string, events: readonly Event[]): readonly Event[] {
  if (!Array.isArray(events)) throw new TypeError(`model ${name}: ${member}: expected a list of events, got ${brief(events)}; return [] where nothing can be told`);
  for (const event of events as readonly unknown[]) {
    if (typeof (event as AnyEventObject | null | undefined)?.type !== "string") throw new TypeError(`model ${name}: ${member}: expected events, each { type: "…" }, got ${brief(event)} among them`);
  }
  return events;
}

/** As events are compared, printed and saved. Throws TypeError for what JSON cannot say. */
export function eventJson({ name }: AnyModel, event: AnyEventObject): string {
  try {
    return JSON.stringify(event);
  } catch (error) {
    throw new TypeError(`model ${name}: the event ${brief(event)} cannot be written as JSON (${(error as Error).message.split("\n")[0]}); let events carry JSON only`, { cause: error });
  }
}

/** Of whichever copy of XState. */
function isMachine(value: unknown): value is AnyStateMachine {
  if (typeof value !== "object" || value === null) return false;
  const { root, transition, getInitialSnapshot } = value as Partial<AnyStateMachine>;
  return typeof root === "object" && typeof transition === "function" && typeof getInitialSnapshot === "function";
}
