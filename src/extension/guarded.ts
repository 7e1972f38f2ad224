/**
 * Extensions of others, with what they answer looked at: a wrong answer is an error that names the extension and the place, and not a
 * stanza that vanishes. What they throw is thrown on with the same names before it.
 */
import { ExtensionError } from "../domain/extension-error.ts";
import type { ElementHandler, Extension, InlineBinding, IqHandler, SessionlessIqHandler } from "../router/extension.ts";
import type { Command, CommandStage } from "../router/commands.ts";
import type { PhaseHandler, PhaseHandlers } from "../router/phases.ts";
import type { RoomExtension, RoomIqHandler, RoomMessageHandler } from "../muc/contract.ts";
import type { Service } from "../service/services.ts";
import { outcomeForm, replyForm, roomMessageForm, roomReplyForm, roomSayingForm, shownAnswer, stageForm, verdictForm, type AnswerForm } from "./answers.ts";

export function guarded(extension: Extension): Extension {
  const { name, phases, iq, elements, commands, services, rooms, inlineBinding } = extension;
  return {
    ...extension,
    ...namedMembers(extension),
    ...(elements === undefined ? {} : { elements: elements.map((each) => named({ extension: name, what: `element of ${each.xmlns}` }, each)) }),
    ...(phases === undefined ? {} : { phases: guardedPhases(name, phases) }),
    ...(iq === undefined ? {} : { iq: iq.map((handler) => guardedIq(name, handler)) }),
    ...(services === undefined ? {} : { services: (house) => within({ extension: name, what: "services" }, () => services.call(extension, house)).map((service) => guardedService(name, service)) }),
    ...(inlineBinding === undefined ? {} : { inlineBinding: namedBinding(name, inlineBinding) }),
    ...(rooms === undefined ? {} : { rooms: guardedRooms(name, rooms) }),
    ...(commands === undefined ? {} : { commands: commands.map((command) => guardedCommand(name, command)) }),
  };
}

interface Where {
  readonly extension: string;
  /** `phase guard`. */
  readonly what: string;
}

/** All that is told something, or decides something, and is not looked at otherwise. */
function namedMembers(extension: Extension): Partial<Extension> {
  const all = Object.entries(extension).filter(([, member]) => typeof member === "function") as readonly (readonly [string, AnyFunction])[];
  return Object.fromEntries(all.map(([key, member]) => [key, inName({ extension: extension.name, what: key }, extension, member)]));
}

function named(where: Where, handler: ElementHandler): ElementHandler {
  return { ...handler, handle: inName(where, handler, handler.handle as AnyFunction) };
}

function namedBinding(name: string, binding: InlineBinding): InlineBinding {
  const all = Object.entries(binding).filter(([, member]) => typeof member === "function") as readonly (readonly [string, AnyFunction])[];
  return { ...binding, ...Object.fromEntries(all.map(([key, member]) => [key, inName({ extension: name, what: `inlineBinding.${key}` }, binding, member)])) };
}

type AnyFunction = (...given: readonly unknown[]) => never;

function inName(where: Where, owner: object, work: AnyFunction): AnyFunction {
  return (...given) => within(where, () => work.apply(owner, [...given]));
}

function guardedPhases(name: string, phases: PhaseHandlers): PhaseHandlers {
  const entries = Object.entries(phases).map(([phase, handler]: [string, PhaseHandler]) => {
    const where = { extension: name, what: `phase ${phase}` };
    const check = checking(where, verdictForm);
    const handle: PhaseHandler = (passage) => check(within(where, () => handler(passage)));
    return [phase, handle] as const;
  });
  return Object.fromEntries(entries);
}

function guardedIq(name: string, handler: IqHandler | SessionlessIqHandler): IqHandler | SessionlessIqHandler {
  const where = { extension: name, what: `iq <${handler.name} xmlns='${handler.xmlns}'/>` };
  // Spelt out twice: the two are given different requests.
  if (handler.sessionless === true) return { ...handler, handle: (request) => settled(where, () => handler.handle(request), replyForm) };
  return { ...handler, handle: (request) => settled(where, () => handler.handle(request), replyForm) };
}

function guardedCommand(name: string, command: Command): Command {
  const where = { extension: name, what: `command ${command.node}` };
  const stages = command.stages?.map((stage, index): CommandStage => {
    const at = { extension: name, what: `${where.what}, stage ${index}` };
    return (call) => settled(at, () => stage(call), stageForm);
  });
  return { ...command, ...(stages !== undefined && { stages }), complete: (call) => settled(where, () => command.complete(call), outcomeForm) };
}

/** What is looked at when it is asked for is so still. */
function guardedService(name: string, service: Service): Service {
  const at = (member: string): Where => ({ extension: name, what: `service ${service.domain}, ${member}` });
  const told = (member: "load" | "sessionsRestored") =>
    service[member] === undefined ? {} : { [member]: inName(at(member), service, service[member] as AnyFunction) };
  return {
    get domain() {
      return service.domain;
    },
    get name() {
      return service.name;
    },
    get away() {
      return service.away;
    },
    get hasContacts() {
      return service.hasContacts;
    },
    take: (...given) => settled(at("take"), () => service.take(...given), takenForm) as Promise<void> | undefined,
    ...told("load"),
    ...told("sessionsRestored"),
  } as Service;
}

function guardedRooms(extension: string, rooms: RoomExtension): RoomExtension {
  const { iq, messages, saying } = rooms;
  const at = (what: string): Where => ({ extension, what: `rooms, ${what}` });
  const members = (Object.entries(rooms) as [string, unknown][]).filter(([, member]) => typeof member === "function");
  return {
    ...rooms,
    ...Object.fromEntries(members.map(([key, member]) => [key, inName(at(key), rooms, member as AnyFunction)])),
    ...(iq === undefined ? {} : {
      iq: iq.map((handler) => ({
        ...handler,
        handle: ((request) => settled(at(`iq <${handler.name} xmlns='${handler.xmlns}'/>`), () => handler.handle(request), roomReplyForm)) as RoomIqHandler["handle"],
      })),
    }),
    ...(messages === undefined ? {} : { messages: messages.map((take): RoomMessageHandler => (message) => checking(at("messages"), roomMessageForm)(within(at("messages"), () => take(message)))) }),
    ...(saying === undefined ? {} : { saying: (said) => checking(at("saying"), roomSayingForm)(within(at("saying"), () => saying.call(rooms, said))) }),
  };
}

const takenForm: AnswerForm<void> = {
  expected: "nothing, or a promise of nothing",
  is: (value): value is undefined => value === undefined,
  members: {},
};

function checking<Answer>(where: Where, form: AnswerForm<Answer>): (value: unknown) => Answer {
  return (value) => {
    if (form.is(value)) return value;
    throw new ExtensionError(where.extension, `${nameOf(where)}: expected ${form.expected}, got ${shownAnswer(value, form)}`);
  };
}

function settled<Answer>(where: Where, work: () => unknown, form: AnswerForm<Answer>): Answer | Promise<Answer> {
  const check = checking(where, form);
  const value = within(where, work);
  return value instanceof Promise ? value.then(check, (error: unknown) => within(where, () => raise(error))) : check(value);
}

function raise(error: unknown): never {
  throw error;
}

function within<Value>(where: Where, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    // What it called may have been another extension, which is then the one that failed.
    const extension = error instanceof ExtensionError ? error.extension : where.extension;
    throw new ExtensionError(extension, `${nameOf(where)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function nameOf({ extension, what }: Where): string {
  return `extension ${extension}, ${what}`;
}
