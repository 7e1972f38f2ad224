/** Commands that people execute from a client that need not know them: of the server, and of the own account. */
import type { Command, CommandCall, CommandFault, CommandForm, FilledForm } from "../router/commands.ts";
import type { AccountNodes, Extension, IqReply, IqRequest, ServerNodeQuestion, ServerNodes } from "../router/extension.ts";
import type { House } from "../router/house.ts";
import type { EntityDescription } from "../domain/entity-caps.ts";
import type { Jid } from "../domain/jid.ts";
import { formNamespace } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";
import {
  canceled, commandsNamespace as xmlns, forbidden, noSuchCommand, outcomeReply, problem, stageReply, type Execution, type StageAction,
} from "./xep-0050-answers.ts";
import { executionsOf, type OpenExecution } from "./xep-0050-executions.ts";
import { readFilled } from "./xep-0050-filled.ts";

const missing = [
  "Everything is in English: who names another language is answered in English, and not with bad-locale, which is for what is no language (section 3.7).",
  "Lists of commands are not announced in messages (section 2.3), which no section asks for.",
];

const serverNodes: ServerNodes = {
  items(asked) {
    return asked.node === xmlns ? listed(asked.host, allowed(asked, "server")) : undefined;
  },
  info(asked) {
    if (asked.node === xmlns) return list;
    const command = find(asked.house, "server", asked.node);
    if (command === undefined) return undefined;
    return isAllowed(asked, command) ? describe(command) : forbidden;
  },
};

const accountNodes: AccountNodes = {
  async items({ node, house, account, from, own }) {
    if (node !== xmlns) return node === undefined ? [] : undefined;
    return own && hasAny(house, "account") ? listed(account.bare, allowed({ house, from }, "account")) : undefined;
  },
  async info({ node, house, own }) {
    if (!own) return undefined;
    if (node === xmlns) return hasAny(house, "account") ? list : undefined;
    const command = find(house, "account", node);
    return command && describe(command);
  },
};

export const commands: Extension = {
  name: "commands",
  specification: { id: "XEP-0050", version: "1.3.0", title: "Ad-Hoc Commands", missing },
  serverFeatures: [xmlns],
  accountFeatures: (house) => (hasAny(house, "account") ? [xmlns] : []),
  serverItems: serverNodes,
  accountNodes,
  iq: [{ xmlns, name: "command", types: ["set"], at: ["server", "account"], handle: execute }],
};

/** XEP-0050 section 2.4. */
function execute(request: IqRequest): IqReply | Promise<IqReply> {
  // An account that is another's answers as one that does not exist.
  if (request.target === "account" && !request.own) return { fault: { condition: "service-unavailable", text: "" } };
  return followed(decide(request), (reply) => ("fault" in reply ? { ...reply, payload: echo(request.payload) } : reply));
}

/** COMPAT(slixmpp, 1.8): of an error that does not name the session nobody is told. Section 3.7 shows errors with the command, too. */
function echo({ attrs }: Element): Element {
  const { node, sessionid, action } = attrs as { readonly [name: string]: string | undefined };
  return el("command", { xmlns, node, sessionid, action });
}

function decide(request: IqRequest): IqReply | Promise<IqReply> {
  const { payload, iq, house, target, step } = request;
  const { node = "", sessionid, action = "execute" } = payload.attrs as { readonly [name: string]: string | undefined };
  const command = find(house, target, node);
  if (command === undefined) return noSuchCommand;
  if (!isAllowed({ house, from: iq.from }, command)) return forbidden;
  if (!isLanguage(String(payload.attrs["xml:lang"] ?? iq.element.attrs["xml:lang"] ?? "en"))) return problem("bad-locale", "this is no language");
  if (!actions.includes(action)) return problem("malformed-action", `the actions are ${actions.join(", ")}`);
  const at = (iq.to ?? iq.from.toBare()).full;
  if (sessionid === undefined) {
    if (action !== "execute") return problem("bad-action", "this begins nothing: begin with execute");
    const execution = { node, sessionId: house.nextId() };
    return begin(request, command, execution, at);
  }
  const open = executionsOf(house).find(sessionid, iq.from, at, step.at);
  if (open === "ended") return problem("session-expired", "this is over: begin anew");
  if (open === undefined || open.command !== command) return problem("bad-sessionid", "you have begun nothing of this id");
  return goOn(request, open, { node, sessionId: sessionid }, action);
}

function begin(request: IqRequest, command: Command, execution: Execution, at: string): IqReply | Promise<IqReply> {
  const { iq, house } = request;
  if (command.stages === undefined || command.stages.length === 0) {
    executionsOf(house).note(execution.sessionId, iq.from.full);
    return followed(command.complete(callOf(request, [])), (outcome) => outcomeReply(execution, outcome));
  }
  return show(request, { command, by: iq.from.full, user: iq.from.bare, at, filled: [], remembered: [] }, execution);
}

function goOn(request: IqRequest, open: OpenExecution, execution: Execution, asked: string): IqReply | Promise<IqReply> {
  const { house, payload, step } = request;
  const { command, form, filled, remembered } = open;
  if (asked === "cancel") {
    executionsOf(house).end(execution.sessionId);
    return canceled(execution);
  }
  // It is touched: its time begins anew.
  executionsOf(house).set(execution.sessionId, open, step.at);
  const possible = actionsOf(command, filled.length);
  const action = asked === "execute" ? possible.at(-1) : possible.find((one) => one === asked);
  if (action === undefined) return problem("bad-action", `this stage takes ${[...possible, "cancel"].join(", ")}`);
  if (action === "prev") return show(request, { ...open, filled: filled.slice(0, -1), remembered: [...remembered.slice(0, filled.length - 1), ...filled.slice(-1)] }, execution);
  const read = readFilled(payload, form.formType, form.fields);
  if (typeof read === "string") return problem("bad-payload", read);
  if (action === "next") return show(request, { ...open, filled: [...filled, read], remembered: remembered.slice(0, filled.length) }, execution);
  return followed(command.complete(callOf(request, [...filled, read])), (outcome) => {
    // After a fault the same form may be sent once more.
    if (!("fault" in outcome)) executionsOf(house).end(execution.sessionId);
    return outcomeReply(execution, outcome);
  });
}

/** The stage after those that are filled in. */
function show(request: IqRequest, open: Omit<OpenExecution, "form" | "until">, execution: Execution): IqReply | Promise<IqReply> {
  const { command, filled, remembered } = open;
  const { at } = request.step;
  const stage = command.stages?.[filled.length];
  if (stage === undefined) throw new Error(`${command.node}: it has no stage ${filled.length}`);
  return followed(stage(callOf(request, filled)), (form: CommandForm | CommandFault) => {
    if ("fault" in form) return form;
    executionsOf(request.house).set(execution.sessionId, { ...open, form }, at);
    return stageReply(execution, actionsOf(command, filled.length), form, remembered[filled.length]);
  });
}

/** XEP-0050 section 3.4: the last of them is what `execute` means. */
function actionsOf({ stages = [] }: Command, stage: number): readonly StageAction[] {
  return [...(stage === 0 ? [] : ["prev" as const]), stage + 1 < stages.length ? "next" : "complete"];
}

function callOf({ step, house, iq, session, target, account }: IqRequest, filled: readonly FilledForm[]): CommandCall {
  const host = target === "server" ? iq.to?.domain : iq.from.domain;
  return { step, house, from: iq.from, session, host: host ?? iq.from.domain, account: target === "account" ? account : undefined, filled };
}

function followed<Value>(value: Value | Promise<Value>, next: (value: Value) => IqReply): IqReply | Promise<IqReply> {
  return value instanceof Promise ? value.then(next) : next(value);
}

type Target = IqRequest["target"];

const actions: readonly string[] = ["execute", "cancel", "prev", "next", "complete"];

function ofTarget(house: House, target: Target): readonly Command[] {
  return house.commands.filter(({ may }) => (may === "owner") === (target === "account"));
}

function hasAny(house: House, target: Target): boolean {
  return ofTarget(house, target).length > 0;
}

function find(house: House, target: Target, node: string | undefined): Command | undefined {
  return ofTarget(house, target).find((command) => command.node === node);
}

/** Of the server's own users: who is of elsewhere gets none of them. */
function isAllowed({ house, from }: Pick<ServerNodeQuestion, "house" | "from">, { may, offered }: Command): boolean {
  if (!house.hosts.includes(from.domain) || from.local === undefined) return false;
  const isAdmin = house.administration.isAdmin(from);
  return (may !== "admins" || isAdmin) && (offered?.(house.limits, isAdmin) ?? true);
}

function allowed(asked: { readonly house: House; readonly from: Jid }, target: Target): readonly Command[] {
  return ofTarget(asked.house, target).filter((command) => isAllowed(asked, command));
}

/** XEP-0050 section 2.2; section 5: under the address that was asked. */
function listed(jid: string, found: readonly Command[]): readonly Element[] {
  return found.map(({ node, name }) => el("item", { jid, node, name }));
}

const list: EntityDescription = { identities: [{ category: "automation", type: "command-list", lang: "en", name: "Commands" }], features: [xmlns] };

function describe({ name }: Command): EntityDescription {
  return { identities: [{ category: "automation", type: "command-node", lang: "en", name }], features: [xmlns, formNamespace] };
}

/** RFC 5646 section 2.1, in its form. */
function isLanguage(text: string): boolean {
  return text === "" || (text.length <= 64 && /^[a-z]{1,8}(?:-[a-z0-9]{1,8})*$/i.test(text));
}
