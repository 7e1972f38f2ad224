/** The forms of service administration (XEP-0133 section 8.2), and how its refusals are told (section 5). */
import { administeredUsersMax } from "../domain/limits.ts";
import { parseJid } from "../domain/jid.ts";
import type { Administered } from "../router/administration.ts";
import type { Command, CommandCall, CommandFault, CommandForm, CommandOutcome, FilledForm } from "../router/commands.ts";
import { dataForm, type FormField } from "../xml/data-form.ts";
import type { StanzaErrorCondition } from "../domain/errors.ts";

export const formType = "http://jabber.org/protocol/admin";

/** A command with one form, for administrators. `node`: what follows the `#`. */
export function adminCommand(node: string, name: string, fields: readonly FormField[] | ((call: CommandCall) => readonly FormField[]), complete: Command["complete"]): Command {
  const form = (call: CommandCall): CommandForm => ({ title: name, formType, fields: typeof fields === "function" ? fields(call) : fields });
  const isPlain = typeof fields !== "function" && fields.length === 0;
  return { node: `${formType}#${node}`, name, may: "admins", ...(isPlain ? {} : { stages: [form] }), complete };
}

export const oneUser: FormField = { var: "accountjid", type: "jid-single", label: "The user, as name@host", required: true };
export const someUsers: FormField = { var: "accountjids", type: "jid-multi", label: "The users, as name@host, one a line", required: true };

/** What is shown at the end. */
export function shown(fields: readonly FormField[]): CommandOutcome {
  return { done: undefined, payload: dataForm("result", formType, fields) };
}

/** XEP-0133 section 5; the rest by what RFC 6120 section 8.3.3 says of it. */
export function refused({ refused, text }: Extract<Administered<never>, { readonly refused: string }>): CommandFault {
  return { fault: { condition: conditions[refused], text } };
}

const conditions = {
  malformed: "jid-malformed",
  unknown: "item-not-found",
  exists: "conflict",
  unusable: "not-acceptable",
} as const satisfies Readonly<Record<Extract<Administered<never>, { readonly refused: string }>["refused"], StanzaErrorCondition>>;

export function valueOf(filled: FilledForm | undefined, name: string): string {
  return filled?.get(name)?.[0] ?? "";
}

/** A text of several lines. */
export function textOf(filled: FilledForm | undefined, name: string): string {
  return (filled?.get(name) ?? []).join("\n");
}

/** The users of `someUsers`, each once; a fault where there are too many. `notSelf`: nobody does this to the own account. */
export function usersOf({ filled, from }: CommandCall, notSelf: boolean): readonly string[] | CommandFault {
  const jids = [...new Set((filled[0]?.get(someUsers.var) ?? []).filter((jid) => jid !== "").map((jid) => parseJid(jid)?.full ?? jid))];
  if (jids.length > administeredUsersMax) return { fault: { condition: "policy-violation", text: `at most ${administeredUsersMax} users at once`, limit: "administeredUsersMax" } };
  if (notSelf && jids.includes(from.bare)) return { fault: { condition: "not-allowed", text: "this cannot be done to your own account" } };
  return jids;
}

/** One after the other. The first that is refused is told as a fault if nothing was done before, and else with what was. */
export async function forEach<Value>(call: CommandCall, notSelf: boolean, work: (jid: string) => Promise<Administered<Value>>, words: (done: readonly Value[]) => string): Promise<CommandOutcome> {
  const jids = usersOf(call, notSelf);
  if ("fault" in jids) return jids;
  const done: Value[] = [];
  for (const jid of jids) {
    const outcome = await work(jid);
    if ("value" in outcome) done.push(outcome.value);
    else if (done.length === 0) return refused(outcome);
    else return { failed: `${words(done)}; then nothing more: ${outcome.text}` };
  }
  return { done: words(done) };
}
