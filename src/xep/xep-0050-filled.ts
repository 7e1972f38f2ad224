/** A form that came back, held against the one that was shown (XEP-0050 section 3.5.1). */
import { parseJid } from "../domain/jid.ts";
import type { FilledForm } from "../router/commands.ts";
import { booleanOf, findForm, readForm, type FormField } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";

/** The values of the fields that were asked for; or what is wrong with them, as a sentence. */
export function readFilled(command: Element, formType: string | undefined, fields: readonly FormField[]): FilledForm | string {
  const found = findForm(command);
  const form = found && readForm(found);
  if (form === undefined) return found === undefined ? "send the form that you were given, filled in" : "this is no data form, or one with too many fields";
  // XEP-0050 section 3.5.1: one that is cancelled counts as submitted.
  if (form.kind !== "submit" && form.kind !== "cancel") return "send the form with the type submit";
  if (form.formType !== undefined && formType !== undefined && form.formType !== formType) return "this is another form than the one that you were given";
  const filled = new Map<string, readonly string[]>();
  for (const field of fields) {
    const values = form.fields.get(field.var);
    if (values !== undefined) filled.set(field.var, values);
    const wrong = field.type === "fixed" ? undefined : wrongWith(field, values ?? []);
    if (wrong !== undefined) return `${field.label ?? field.var}: ${wrong}`;
  }
  return filled;
}

/** XEP-0004 section 3.3. */
function wrongWith({ type = "text-single", required = false, options = [] }: FormField, values: readonly string[]): string | undefined {
  const given = values.filter((value) => value !== "");
  if (given.length === 0) return required ? "this field has to be filled in" : undefined;
  if (!type.endsWith("-multi") && values.length > 1) return "this field has one value";
  if (type.startsWith("jid-") && given.some((value) => parseJid(value) === undefined)) return "expected JIDs";
  if (type === "boolean" && given.some((value) => booleanOf(value) === undefined)) return "expected yes or no";
  if (type.startsWith("list-") && given.some((value) => !options.includes(value))) return "choose what is offered";
  return undefined;
}
