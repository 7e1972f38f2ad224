/** Events, snapshots and other JSON with pseudonyms: what a value is, is told by the name that it stands under. */
import type { RecordedSnapshot } from "../../../machines/fold.ts";
import type { Json } from "../../ports.ts";
import type { Names } from "./names.ts";

/** Its type, which the machine gives, stays. */
export function pseudonymisedEvent(event: { readonly type: string }, names: Names): Json {
  const { type, ...data } = event;
  return { type, ...(pseudonymisedValue(data as Json, names) as object) };
}

export function pseudonymisedSnapshot(snapshot: RecordedSnapshot, names: Names): RecordedSnapshot {
  const context = pseudonymisedValue(snapshot.context as unknown as Json, names);
  return { machine: snapshot.machine, version: snapshot.version, value: snapshot.value, context: context as unknown as RecordedSnapshot["context"] };
}

/** Numbers, and what is true or false, stay; a text under no known name is a text. */
export function pseudonymisedValue(value: Json, names: Names, name = ""): Json {
  if (typeof value === "string") return ownKind(textKinds, name)?.(names, value) ?? names.text(value);
  if (typeof value === "number") return timeNames.has(name) ? names.time(value) : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => pseudonymisedValue(item, names, name));
  const entries = Object.entries(value as { readonly [name: string]: Json });
  return Object.fromEntries(entries.map(([key, item]) => [keyIn(name, key, names), pseudonymisedValue(item, names, name === "timers" ? "deadline" : key)]));
}

function keyIn(parent: string, key: string, names: Names): string {
  // The names of extensions are the server's own.
  if (parent === "extensions" || parent === "timers") return key;
  return keys.has(key) ? key : names.attribute(key);
}

function ownKind<Kind>(kinds: Readonly<Record<string, Kind>>, name: string): Kind | undefined {
  return Object.hasOwn(kinds, name) ? kinds[name] : undefined;
}

const timeNames: ReadonlySet<string> = new Set(["at", "deadline", "until", "since"]);

const textKinds: Readonly<Record<string, (names: Names, text: string) => string>> = {
  host: (names, text) => names.host(text),
  from: (names, text) => names.jid(text),
  to: (names, text) => names.jid(text),
  directed: (names, text) => names.jid(text),
  username: (names, text) => names.user(text),
  resource: (names, text) => names.resource(text),
  id: (names, text) => names.id(text),
  bindId: (names, text) => names.id(text),
  device: (names, text) => names.id(text),
  tag: (names, text) => names.resource(text),
  digest: (names, text) => names.id(text),
  presence: (names, text) => names.id(text),
  version: (names, text) => names.id(text),
  condition: (names, text) => names.condition(text),
  lang: (names, text) => names.lang(text),
  // Of a deadline, an extension, or a condition of its own: the server's words.
  name: (names, text) => (/^[a-z][a-z0-9-]{0,39}$/.test(text) ? text : names.text(text)),
};

/** Of events and of what a session knows (session-events.ts, session-context.ts). */
const keys: ReadonlySet<string> = new Set(
  (
    "type at host from version condition text detail protocol why mechanism data username id resource roster items h priority digest to resumable max " +
    "name value kind allowed deadline until policy negotiationMs closingMs resumptionMs saslTriesMax bindTriesMax secure headerSent presence directed " +
    "saslFailures saslRefusals bindFailures bindId management extensions timers reason received sent acknowledged numbers through attrs children " +
    "device wishes resume bind tag refused"
  ).split(" "),
);
