/** The forms of what an extension answers, and what a message says of an answer that has none of them: the member, and what is near it. */
import { nearest } from "../config/nearest.ts";
import { stanzaErrorTypes } from "../domain/errors.ts";
import type { CommandFault, CommandForm, CommandOutcome } from "../router/commands.ts";
import type { IqReply } from "../router/extension.ts";
import type { Verdict } from "../router/phases.ts";
import type { RoomReply } from "../muc/contract.ts";
import type { StanzaFault } from "../xml/stanza.ts";
import { Element } from "../xml/element.ts";
import { shown } from "./problem.ts";

export interface AnswerForm<Answer> {
  /** For a message: `expected …`. */
  readonly expected: string;
  readonly is: (value: unknown) => value is Answer;
  /** What is wrong with each member that is there or has to be; undefined where nothing is. */
  readonly members: Readonly<Record<string, MemberCheck>>;
  /** What is said of a promise; undefined where one may be answered. */
  readonly async?: string;
}

type MemberCheck = (value: unknown, whole: Answered) => string | undefined;
type Answered = Readonly<Record<string, unknown>>;

/** Of what `is` refuses: `an object with reslt; did you mean result?`. */
export function shownAnswer(value: unknown, { members, async }: AnswerForm<unknown>): string {
  if (value instanceof Promise && async !== undefined) return `a promise; ${async}`;
  if (!isRecord(value) || Array.isArray(value)) return shown(value);
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(members, key));
  if (unknown !== undefined) return `${shown(value)} with ${unknown}${meant(unknown, Object.keys(members))}`;
  for (const [key, check] of Object.entries(members)) {
    const wrong = check(value[key], value);
    if (wrong !== undefined) return `${shown(value)}, ${key}${wrong}`;
  }
  return shown(value);
}

function meant(name: string, known: readonly string[]): string {
  const suggestion = nearest(name, known);
  return suggestion === undefined ? "" : `; did you mean ${suggestion}?`;
}

const expecting = (value: unknown, expected: string) => `: expected ${expected}, got ${shown(value)}`;
const isText = (value: unknown): value is string => typeof value === "string";
const aText: MemberCheck = (value) => (isText(value) ? undefined : expecting(value, "a text"));
const anything: MemberCheck = () => undefined;
/** Where it need not be there. */
const perhaps = (is: (value: unknown) => boolean, expected: string): MemberCheck => (value) => (value === undefined || is(value) ? undefined : expecting(value, expected));
const isElement = (value: unknown): value is Element => value instanceof Element;

const aFault: MemberCheck = (fault, whole) => {
  if (!("fault" in whole)) return undefined;
  if (!isRecord(fault)) return expecting(fault, "an object");
  const { condition, text } = fault;
  if (!isText(condition)) return `.condition${expecting(condition, "a text")}`;
  if (!Object.hasOwn(stanzaErrorTypes, condition)) return `.condition: there is no ${shown(condition)}${meant(condition, Object.keys(stanzaErrorTypes))}`;
  return isText(text) ? undefined : `.text${expecting(text, "a text")}`;
};

export const verdictForm: AnswerForm<Verdict> = {
  expected: "nothing, { stop: true, why } or { fault: { condition, text }, why }",
  is: isVerdict,
  members: { fault: aFault, stop: perhaps((value) => value === true, "true"), why: aText, kept: anything },
  async: "a phase may not be async, it decides at once",
};

export const replyForm: AnswerForm<IqReply> = {
  expected: "{ result: an element or undefined } or { fault: { condition, text } }",
  is: isReply,
  members: { fault: aFault, result: perhaps(isElement, "an element or undefined"), payload: anything, before: anything, afterwards: anything },
};

/** In a room undefined leaves it to the occupant who was asked. */
export const roomReplyForm: AnswerForm<RoomReply | undefined> = {
  ...replyForm,
  expected: `nothing, ${replyForm.expected}`,
  is: (value): value is RoomReply | undefined => value === undefined || isReply(value),
};

export const roomMessageForm: AnswerForm<undefined | "taken" | StanzaFault> = {
  expected: 'nothing, "taken" or { condition, text }',
  is: (value): value is undefined | "taken" | StanzaFault => value === "taken" || isPerhapsFault(value),
  members: {},
  async: "a message is taken or refused at once",
};

export const roomSayingForm: AnswerForm<undefined | StanzaFault> = {
  expected: "nothing or { condition, text }",
  is: isPerhapsFault,
  members: {},
  async: "what is said is let through or refused at once",
};

export const stageForm: AnswerForm<CommandForm | CommandFault> = {
  expected: "{ fields: [{ var, … }] } or { fault: { condition, text } }",
  is: isStage,
  members: { fault: aFault, fields: perhaps(areFields, "a list of fields with a var"), title: anything, instructions: anything, formType: anything },
};

export const outcomeForm: AnswerForm<CommandOutcome> = {
  expected: "{ done: a text or undefined }, { failed: a text } or { fault: { condition, text } }",
  is: isOutcome,
  members: {
    fault: aFault,
    failed: perhaps(isText, "a text"),
    done: perhaps(isText, "a text or undefined"),
    warning: perhaps(isText, "a text"),
    payload: perhaps(isElement, "an element"),
  },
};

function isVerdict(value: unknown): value is Verdict {
  if (value === undefined) return true;
  if (!isRecord(value) || !isText(value["why"])) return false;
  return value["stop"] === true || isFault(value);
}

function isReply(value: unknown): value is IqReply {
  if (!isRecord(value)) return false;
  if ("fault" in value) return isFault(value);
  return "result" in value && (value["result"] === undefined || isElement(value["result"]));
}

function isStage(value: unknown): value is CommandForm | CommandFault {
  if (!isRecord(value)) return false;
  return "fault" in value ? isFault(value) : areFields(value["fields"]);
}

function isOutcome(value: unknown): value is CommandOutcome {
  if (!isRecord(value)) return false;
  if ("fault" in value) return isFault(value);
  if ("failed" in value) return isText(value["failed"]);
  const { done, payload, warning } = value;
  return "done" in value && [done, warning].every((text) => text === undefined || isText(text)) && (payload === undefined || isElement(payload));
}

function isFault(value: Answered): boolean {
  return "fault" in value && aFault(value["fault"], value) === undefined;
}

function isPerhapsFault(value: unknown): value is undefined | StanzaFault {
  return value === undefined || (isRecord(value) && aFault(value, { fault: value }) === undefined);
}

function areFields(value: unknown): boolean {
  return Array.isArray(value) && value.every((field) => isRecord(field) && isText(field["var"]));
}

function isRecord(value: unknown): value is Answered {
  return typeof value === "object" && value !== null;
}
