/** What is said of a command that is executed (XEP-0050 sections 2.4 and 4). */
import type { CommandForm, CommandOutcome, FilledForm } from "../router/commands.ts";
import type { IqReply } from "../router/extension.ts";
import { dataForm, type FormField } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";

export const commandsNamespace = "http://jabber.org/protocol/commands";

/** Which execution it is of which command. */
export interface Execution {
  readonly node: string;
  readonly sessionId: string;
}

export type StageAction = "prev" | "next" | "complete";

/** XEP-0050 section 4.4. */
export type CommandProblem = "malformed-action" | "bad-action" | "bad-locale" | "bad-payload" | "bad-sessionid" | "session-expired";

export function problem(name: CommandProblem, text: string): IqReply {
  const detail = el(name, { xmlns: commandsNamespace });
  return { fault: { condition: name === "session-expired" ? "not-allowed" : "bad-request", text, detail } };
}

/** XEP-0050 section 4.4: of this type. */
export const forbidden = { fault: { condition: "forbidden", type: "cancel", text: "this command is not for you" } } as const satisfies IqReply;
export const noSuchCommand = { fault: { condition: "item-not-found", text: "there is no such command" } } as const satisfies IqReply;

/** A form to fill in. `before`: what was filled in when it was shown the last time. */
export function stageReply(execution: Execution, actions: readonly StageAction[], form: CommandForm, before: FilledForm | undefined): IqReply {
  const { title, instructions, formType, fields } = form;
  const heading = { ...(title !== undefined && { title }), ...(instructions !== undefined && { instructions }) };
  // The last of them leads on: it is what `execute` means (XEP-0050 section 3.4).
  const offered = el("actions", { execute: actions.at(-1) }, ...actions.map((action) => el(action)));
  return reply(execution, "executing", [offered, dataForm("form", formType, fields.map((field) => remembered(field, before)), heading)]);
}

export function canceled(execution: Execution): IqReply {
  return reply(execution, "canceled", []);
}

/** XEP-0050 section 3.6: what has failed says so in a note. */
export function outcomeReply(execution: Execution, outcome: CommandOutcome): IqReply {
  if ("fault" in outcome) return outcome;
  if ("failed" in outcome) return reply(execution, "completed", [note("error", outcome.failed)]);
  const { done, warning, payload } = outcome;
  const notes = [done === undefined ? undefined : note("info", done), warning === undefined ? undefined : note("warn", warning)];
  return reply(execution, "completed", [...notes, payload]);
}

/** XEP-0050 section 3.7: everything is in English, and says so. */
function reply({ node, sessionId }: Execution, status: string, children: readonly (Element | undefined)[]): IqReply {
  return { result: el("command", { xmlns: commandsNamespace, node, sessionid: sessionId, status, "xml:lang": "en" }, ...children) };
}

function note(type: "info" | "warn" | "error", text: string): Element {
  return el("note", { type }, text);
}

/** XEP-0050 section 2.4.2: a password is not said twice. */
function remembered(field: FormField, before: FilledForm | undefined): FormField {
  const values = field.type === "text-private" || field.type === "fixed" ? undefined : before?.get(field.var);
  return values === undefined ? field : { ...field, values };
}
