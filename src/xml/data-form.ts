/** Data forms (XEP-0004): what clients fill in, and what they are given to fill in or to read. */
import { formFieldsMax } from "../domain/limits.ts";
import type { Element } from "./element.ts";
import { el } from "./stanza.ts";

export const formNamespace = "jabber:x:data";

/** A form as somebody sent it. */
export interface DataForm {
  /** What is done with it (XEP-0004 section 3.1). */
  readonly kind: FormKind;
  /** The value of its FORM_TYPE, which says whose fields they are; undefined for a form without one. */
  readonly formType: string | undefined;
  /** The values of its other fields, by the fields' names. A field without values is there: it unsets something (XEP-0004 section 3.6). */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

export type FormKind = "form" | "submit" | "cancel" | "result";

export interface FormField {
  readonly var: string;
  /** XEP-0004 section 3.3; none for `text-single`, and where it is known from the form that was asked for. */
  readonly type?: string;
  readonly label?: string;
  readonly values?: readonly string[];
  /** What can be chosen from, for lists: words that people understand, for these are their labels too. */
  readonly options?: readonly string[];
  /** XEP-0004 section 3.2: without a value the form is not filled in. */
  readonly required?: boolean;
  /** What else stands in it, such as what its values have to be like (XEP-0122). */
  readonly elements?: readonly Element[];
}

export interface FormHeading {
  readonly title?: string;
  readonly instructions?: string;
}

/** The data form among the children of an element: a stanza's payload, or what is in it. */
export function findForm(parent: Element): Element | undefined {
  return parent.getChild("x", formNamespace);
}

/**
 * Reads a form of one item. undefined: malformed, which is a kind, a field or a value that is none, two fields of one name
 * (XEP-0004 section 3.2), or more than `formFieldsMax` fields. Whether its values are valid is for the reader to say
 * (XEP-0004 section 4: not-acceptable, unless another protocol has an error of its own).
 */
export function readForm(form: Element): DataForm | undefined {
  const { type: kind } = form.attrs as { readonly type?: string };
  if (!isKind(kind)) return undefined;
  const fields = new Map<string, readonly string[]>();
  const found = form.getChildren("field", formNamespace);
  if (found.length > formFieldsMax) return undefined;
  for (const field of found) {
    const { var: name, type } = field.attrs as { readonly var?: string; readonly type?: string };
    // A heading for people.
    if (name === undefined && type === "fixed") continue;
    const values = field.getChildren("value", formNamespace);
    if (name === undefined || fields.has(name) || values.some(hasElements)) return undefined;
    fields.set(name, values.map((value) => value.getText()));
  }
  const types = fields.get(typeField);
  if (types !== undefined && types.length !== 1) return undefined;
  fields.delete(typeField);
  return { kind, formType: types?.[0], fields };
}

/** A form with one item, or without any. Without a type it is nobody's in particular. `heading`: what people read above it. */
export function dataForm(kind: FormKind, formType: string | undefined, fields: readonly FormField[], heading: FormHeading = {}): Element {
  const all = formType === undefined ? fields : [{ var: typeField, type: "hidden", values: [formType] }, ...fields];
  const texts = (["title", "instructions"] as const).map((name) => (heading[name] === undefined ? undefined : el(name, {}, heading[name])));
  return el("x", { xmlns: formNamespace, type: kind }, ...texts, ...all.map(fieldElement));
}

/** A field of type boolean (XEP-0004 section 3.3); undefined for what is none. */
export function booleanOf(value: string | undefined): boolean | undefined {
  if (value === "1" || value === "true") return true;
  return value === "0" || value === "false" ? false : undefined;
}

const typeField = "FORM_TYPE";
const kinds: readonly string[] = ["form", "submit", "cancel", "result"] satisfies readonly FormKind[];

function isKind(text: string | undefined): text is FormKind {
  return text !== undefined && kinds.includes(text);
}

function hasElements(element: Element): boolean {
  return element.children.some((child) => typeof child !== "string");
}

function fieldElement({ var: name, type, label, values = [], options = [], required = false, elements = [] }: FormField): Element {
  return el(
    "field",
    { var: name, type, label },
    ...elements,
    required ? el("required") : undefined,
    ...values.map(valueElement),
    // XEP-0004 section 3.2: what people read. Some clients have no words of their own where it is missing.
    ...options.map((option) => el("option", { label: option }, valueElement(option))),
  );
}

function valueElement(value: string): Element {
  return el("value", {}, value);
}
