/** What a client asks of an archive: the form with what the messages have to be like, and which page of them it wants. */
import { parseDateTime } from "../domain/date-time.ts";
import { parseJid } from "../domain/jid.ts";
import { archiveIdsMax, archivePageDefault, archivePageMax, archiveQueryIdCharsMax } from "../domain/limits.ts";
import type { ArchiveQuery } from "../router/archive.ts";
import { booleanOf, dataForm, findForm, formNamespace, readForm } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import { readPageRequest } from "../xml/result-set.ts";
import { el, type StanzaFault } from "../xml/stanza.ts";

export const archiveNamespace = "urn:xmpp:mam:2";

export interface AskedQuery {
  readonly query: ArchiveQuery;
  /** What the client calls its query. */
  readonly queryId: string | undefined;
  /** The page's messages are sent the newest first (XEP-0313 section 4.3.4). */
  readonly flipped: boolean;
}

type Refusal = { readonly fault: StanzaFault };
type Filters = Omit<ArchiveQuery, "page">;

/** Whose archive: a room's has nothing but what is said in it. */
export type ArchiveKind = "account" | "room";

export function readQuery(payload: Element, kind: ArchiveKind): AskedQuery | Refusal {
  const { queryid: queryId, node } = payload.attrs as { readonly queryid?: string; readonly node?: string };
  // It is repeated with each message.
  if ((queryId?.length ?? 0) > archiveQueryIdCharsMax) return refused("not-acceptable", `a 'queryid' has at most ${archiveQueryIdCharsMax} characters`, "archiveQueryIdCharsMax");
  // XEP-0313 section 6.1.3: for archives of other things.
  if (node !== undefined) return refused("feature-not-implemented", "there are no archives of nodes");
  const filters = readFilters(payload, kind);
  if ("fault" in filters) return filters;
  const page = readPageRequest(payload);
  if (page === undefined) return refused("bad-request", "the result set that is asked for is malformed");
  const max = Math.min(page.max ?? Math.max(archivePageDefault, filters.ids?.length ?? 0), archivePageMax);
  return { query: { ...filters, page: { ...page, max } }, queryId, flipped: payload.getChild("flip-page", archiveNamespace) !== undefined };
}

/** XEP-0313 section 4.1.5. */
export function queryForm(kind: ArchiveKind): Element {
  // XEP-0313 section 4.1.5: any ids, and no list of them to choose from.
  const open = el("validate", { xmlns: "http://jabber.org/protocol/xdata-validate", datatype: "xs:string" }, el("open"));
  return dataForm("form", archiveNamespace, [
    { var: "with", type: "jid-single" },
    { var: "start", type: "text-single" },
    { var: "end", type: "text-single" },
    { var: "before-id", type: "text-single" },
    { var: "after-id", type: "text-single" },
    { var: "ids", type: "list-multi", elements: [open] },
    ...(kind === "account" ? [{ var: groupchatField, type: "boolean" }] : []),
  ]);
}

const groupchatField = "include-groupchat";

function readFilters(payload: Element, kind: ArchiveKind): Filters | Refusal {
  const element = findForm(payload);
  if (element === undefined) return {};
  const form = payload.getChildren("x", formNamespace).length > 1 ? undefined : readForm(element);
  if (form?.kind !== "submit") return refused("bad-request", "the form is malformed, or not of type 'submit'");
  if (form.formType !== archiveNamespace) return refused("bad-request", `the form's FORM_TYPE has to be ${archiveNamespace}`);
  const filters: { -readonly [Name in keyof Filters]: Filters[Name] } = {};
  for (const [name, values] of form.fields) {
    const read = name === groupchatField && kind === "room" ? undefined : fields.get(name);
    // XEP-0313 section 4.1.5: this is how clients learn that there is no such field.
    if (read === undefined) return refused("feature-not-implemented", `there is no field ${JSON.stringify(name.slice(0, 100))}`);
    // XEP-0004 section 3.6: an empty field says nothing.
    if (values.length === 0) continue;
    const [value = ""] = values;
    if (values.length > 1 && name !== "ids") return refused("not-acceptable", `${name}: more than one value`);
    const filter = read(value, values);
    if ("fault" in filter) return filter;
    Object.assign(filters, filter);
  }
  return filters;
}

/** XEP-0313 section 4.1, and for values that are none XEP-0004 section 4. */
const fields = new Map<string, (value: string, values: readonly string[]) => Filters | Refusal>([
  ["with", readWith],
  ["start", (value) => readTime("start", value)],
  ["end", (value) => readTime("end", value)],
  ["after-id", (value) => (value === "" ? noSuchMessage : { afterId: value })],
  ["before-id", (value) => (value === "" ? noSuchMessage : { beforeId: value })],
  ["ids", (_, values) => readIds([...new Set(values)])],
  // There are no such messages in a user's archive, wanted or not (XEP-0313 section 4.1.4).
  [groupchatField, (value) => (booleanOf(value) === undefined ? refused("not-acceptable", "include-groupchat: neither true nor false") : {})],
]);

function readWith(value: string): Filters | Refusal {
  const jid = parseJid(value.trim());
  return jid === undefined ? refused("not-acceptable", "with: no JID") : { with: jid };
}

function readIds(ids: readonly string[]): Filters | Refusal {
  if (ids.length > archiveIdsMax) return refused("not-acceptable", `ids: more than ${archiveIdsMax}`, "archiveIdsMax");
  return ids.includes("") ? noSuchMessage : { ids };
}

function readTime(name: "start" | "end", value: string): Filters | Refusal {
  const at = parseDateTime(value.trim());
  // XEP-0313 section 4.1.2.
  return at === undefined ? refused("not-acceptable", `${name}: no date and time as XEP-0082 has them`) : { [name]: at };
}

function refused(condition: StanzaFault["condition"], text: string, limit?: StanzaFault["limit"]): Refusal {
  return { fault: { condition, text, ...(limit !== undefined && { limit }) } };
}

/** XEP-0313 sections 4.1.3 and 4.3.2. */
export const noSuchMessage: Refusal = refused("item-not-found", "there is no message with such an id in the archive");
