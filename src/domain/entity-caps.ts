/** What an entity says that it is and can do, and the text of it that entity capabilities are a hash of (XEP-0115 section 5). */

/** As service discovery tells it (XEP-0030 section 3.1). */
export interface EntityDescription {
  readonly identities: readonly EntityIdentity[];
  readonly features: readonly string[];
  /** Forms beside them (XEP-0128). */
  readonly forms?: readonly EntityForm[];
}

export interface EntityIdentity {
  readonly category: string;
  readonly type: string;
  readonly lang?: string;
  readonly name?: string;
}

/** The type of the form that tells of a server (XEP-0157 section 3). */
export const serverInfoForm = "http://jabber.org/network/serverinfo";

/** A data form's fields, the one that tells the form's own type included. */
export interface EntityForm {
  readonly fields: readonly { readonly var: string; readonly type?: string; readonly values: readonly string[] }[];
}

/**
 * The string S of XEP-0115 section 5.1. The verification string is its hash, taken of its UTF-8 and written in base64.
 * To believe another's, `isWellFormed` must hold too.
 */
export function capabilitiesText({ identities, features, forms = [] }: EntityDescription): string {
  const parts = [
    ...identities.map(partsOf).toSorted(byParts).map((identity) => identity.join("/")),
    ...features.toSorted(byOctets),
    ...forms.map(formText).filter((form) => form !== undefined).toSorted(byParts).flat(),
  ];
  // Section 5.1, note: a "<" within a part would pass for the end of it.
  return parts.map((part) => `${part.replaceAll("<", "&lt;")}<`).join("");
}

/** XEP-0115 section 5.4, rules 3.3 to 3.5: nothing is told twice, and every form is of one type. */
export function isWellFormed({ identities, features, forms = [] }: EntityDescription): boolean {
  const types = forms.map(({ fields }) => new Set(fields.filter(isTypeField).flatMap(({ values }) => values)));
  return (
    areUnique(identities.map((identity) => JSON.stringify(partsOf(identity)))) &&
    areUnique(features) &&
    types.every((values) => values.size <= 1) &&
    areUnique(types.flatMap((values) => [...values]))
  );
}

function partsOf({ category, type, lang = "", name = "" }: EntityIdentity): readonly string[] {
  return [category, type, lang, name];
}

/** The form's type, then each field with its values. XEP-0115 section 5.4, rule 3.6: undefined for a form that does not count. */
function formText(form: EntityForm): readonly string[] | undefined {
  const own = form.fields.find(isTypeField);
  const type = own?.values[0];
  if (own?.type !== "hidden" || type === undefined) return undefined;
  const fields = form.fields.filter((field) => !isTypeField(field)).toSorted((a, b) => byOctets(a.var, b.var));
  return [type, ...fields.flatMap((field) => [field.var, ...field.values.toSorted(byOctets)])];
}

function isTypeField(field: EntityForm["fields"][number]): boolean {
  return field.var === "FORM_TYPE";
}

function areUnique(texts: readonly string[]): boolean {
  return new Set(texts).size === texts.length;
}

/** By the first part that differs. */
function byParts(a: readonly string[], b: readonly string[]): number {
  for (const [index, part] of a.entries()) {
    const order = byOctets(part, b[index] ?? "");
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** The collation i;octet of RFC 4790: the order of the UTF-8, which is that of the characters' numbers. */
function byOctets(a: string, b: string): number {
  for (let index = 0; index < a.length && index < b.length; index += 1) {
    const [one, other] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (one !== other) return rank(one) - rank(other);
  }
  return a.length - b.length;
}

/** Halves of surrogate pairs stand for characters above U+FFFF, though their own numbers are below U+E000. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x1_0000 : unit;
}
