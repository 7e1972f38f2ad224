/** The configuration of a room as a data form (XEP-0045 sections 10.1.3, 10.2 and 16.5.3). */
import { parseJid } from "../domain/jid.ts";
import { roomChangesMax, roomDescriptionBytesMax, roomHistoryMax, roomLanguageCharsMax, roomNameBytesMax, roomPasswordBytesMax } from "../domain/limits.ts";
import type { RoomConfig } from "../domain/room-config.ts";
import type { Room } from "../domain/room.ts";
import { booleanOf, dataForm, type FormField } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import { el, type StanzaFault } from "../xml/stanza.ts";

export const roomConfigType = "http://jabber.org/protocol/muc#roomconfig";

/** What an owner has chosen. */
export interface ChosenConfig {
  /** What differs from before. */
  readonly changes: Partial<RoomConfig>;
  /** All that there are to be, as bare JIDs; undefined: as they were. */
  readonly owners: readonly string[] | undefined;
  readonly admins: readonly string[] | undefined;
}

/** To be filled in. `occupantsMax`: what the server allows. */
export function configForm(room: Room, occupantsMax: number): Element {
  const { config } = room;
  const fields = configFields(occupantsMax).map(({ name, type, label, options, valuesOf }) => ({ var: name, type, label, values: valuesOf(config), ...(options === undefined ? {} : { options }) }));
  const form = dataForm("form", roomConfigType, [...fields, ...passwordFields(config), ...listFields(room)]);
  form.children.unshift(el("title", {}, `Configuration of ${room.bare}`), el("instructions", {}, "Say how this room is to be."));
  return form;
}

/** What is not there stays as it was; what nobody knows counts for nothing (XEP-0004 section 3.1). Returns what is wrong with a value. */
export function readConfigForm(fields: ReadonlyMap<string, readonly string[]>, room: Room, occupantsMax: number): ChosenConfig | StanzaFault {
  const chosen: Partial<RoomConfig>[] = [];
  for (const { name, expected, read } of configFields(occupantsMax)) {
    const values = fields.get(name);
    if (values === undefined) continue;
    const value = read(values);
    if (value === undefined) return unacceptable(name, expected);
    chosen.push(value);
  }
  const password = readPassword(fields, room.config);
  if ("condition" in password) return password;
  const [owners, admins] = [readJids(fields.get(ownersField)), readJids(fields.get(adminsField))];
  if (owners === null || admins === null) return unacceptable(owners === null ? ownersField : adminsField, "bare JIDs of users");
  const all = Object.assign({}, ...chosen, password) as Partial<RoomConfig>;
  const changes = Object.fromEntries(Object.entries(all).filter(([name, value]) => !isSame(value, room.config[name as keyof RoomConfig])));
  return { changes, owners, admins };
}

interface ConfigField {
  readonly name: string;
  readonly type: "boolean" | "list-single" | "list-multi" | "text-single";
  readonly label: string;
  readonly options?: readonly string[];
  /** What its values have to be, in words. */
  readonly expected: string;
  valuesOf(config: RoomConfig): readonly string[];
  /** undefined: no such value. */
  read(values: readonly string[]): Partial<RoomConfig> | undefined;
}

function configFields(occupantsMax: number): readonly ConfigField[] {
  return [
    text("muc#roomconfig_roomname", "Name of the room", "name", `at most ${roomNameBytesMax} bytes`, (value) => Buffer.byteLength(value) <= roomNameBytesMax),
    text("muc#roomconfig_roomdesc", "Description of the room", "description", `at most ${roomDescriptionBytesMax} bytes`, (value) => Buffer.byteLength(value) <= roomDescriptionBytesMax),
    text("muc#roomconfig_lang", "Language of the discussions", "language", "a language tag such as en", isLanguage),
    flag("muc#roomconfig_persistentroom", "Whether the room outlives its last occupant", "persistent"),
    flag("muc#roomconfig_publicroom", "Whether the room is listed", "public"),
    flag("muc#roomconfig_membersonly", "Whether only members may enter", "membersOnly"),
    flag("muc#roomconfig_moderatedroom", "Whether only those with voice are heard", "moderated"),
    choice("muc#roomconfig_whois", "Who may discover real JIDs", "whois", ["moderators", "anyone"]),
    flag("muc#roomconfig_changesubject", "Whether participants may change the subject", "changeSubject"),
    flag("muc#roomconfig_allowinvites", "Whether members may invite others to a members-only room", "allowInvites"),
    choice("muc#roomconfig_allowpm", "Who may send private messages", "privateMessages", ["anyone", "participants", "moderators", "none"]),
    roles("muc#roomconfig_getmemberlist", "Who may retrieve the member list", "memberList"),
    roles("muc#roomconfig_presencebroadcast", "Whose presence is told to the others", "presenceOf"),
    occupants(occupantsMax),
    {
      name: "muc#maxhistoryfetch",
      type: "text-single",
      label: `How many messages newcomers are given at most, up to ${roomHistoryMax}`,
      expected: `a number from 0 to ${roomHistoryMax}`,
      valuesOf: ({ historyLength }) => [String(historyLength)],
      read: ([value, ...more]) => {
        const number = more.length === 0 ? numberOf(value) : undefined;
        return number === undefined || number > roomHistoryMax ? undefined : { historyLength: number };
      },
    },
    // Not among the fields of section 16.5.3: by this name clients know it from other servers. Nothing is public of this archive.
    flag("muc#roomconfig_enablearchiving", "Whether messages are kept, for those who may be in the room (XEP-0313)", "archive"),
  ];
}

type NamesOf<Value> = { readonly [Name in keyof RoomConfig]: RoomConfig[Name] extends Value ? Name : never }[keyof RoomConfig];

function flag(name: string, label: string, key: NamesOf<boolean>): ConfigField {
  return {
    name,
    type: "boolean",
    label,
    expected: "1 or 0",
    valuesOf: (config) => [config[key] ? "1" : "0"],
    read: ([value, ...more]) => {
      const read = more.length === 0 ? booleanOf(value) : undefined;
      return read === undefined ? undefined : { [key]: read };
    },
  };
}

function text(name: string, label: string, key: "name" | "description" | "language", expected: string, holds: (value: string) => boolean): ConfigField {
  return {
    name,
    type: "text-single",
    label,
    expected,
    valuesOf: (config) => (config[key] === "" ? [] : [config[key]]),
    read: ([value = "", ...more]) => (more.length === 0 && holds(value) ? { [key]: value } : undefined),
  };
}

function choice(name: string, label: string, key: "whois" | "privateMessages", options: readonly string[]): ConfigField {
  return {
    name,
    type: "list-single",
    label,
    options,
    expected: `one of ${options.join(", ")}`,
    valuesOf: (config) => [config[key]],
    read: ([value, ...more]) => (more.length === 0 && value !== undefined && options.includes(value) ? { [key]: value } : undefined),
  };
}

const occupantRoles = ["moderator", "participant", "visitor"] as const;

function roles(name: string, label: string, key: "memberList" | "presenceOf"): ConfigField {
  return {
    name,
    type: "list-multi",
    label,
    options: occupantRoles,
    expected: `any of ${occupantRoles.join(", ")}`,
    valuesOf: (config) => config[key],
    read: (values) => (values.every((value) => (occupantRoles as readonly string[]).includes(value)) ? { [key]: occupantRoles.filter((role) => values.includes(role)) } : undefined),
  };
}

function occupants(max: number): ConfigField {
  const steps = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000].filter((step) => step <= max).map(String);
  return {
    name: "muc#roomconfig_maxusers",
    type: "list-single",
    label: `How many may be in the room at once, up to ${max}`,
    options: [...steps, "none"],
    // A number that is not offered is as good as one that is.
    expected: `none, or a number from 1 to ${max}`,
    // The server may allow fewer by now than when it was chosen.
    valuesOf: ({ maxUsers }) => [maxUsers === 0 || maxUsers > max ? "none" : String(maxUsers)],
    read: ([value, ...more]) => {
      if (more.length > 0) return undefined;
      const number = value === "none" ? 0 : numberOf(value);
      return number === undefined || number > max || (number === 0 && value !== "none") ? undefined : { maxUsers: number };
    },
  };
}

const isProtectedField = "muc#roomconfig_passwordprotectedroom";
const passwordField = "muc#roomconfig_roomsecret";

function passwordFields({ password }: RoomConfig): readonly FormField[] {
  return [
    { var: isProtectedField, type: "boolean", label: "Whether a password is needed to enter", values: [password === null ? "0" : "1"] },
    { var: passwordField, type: "text-private", label: "The password", values: password === null ? [] : [password] },
  ];
}

/** Two fields for one choice. A password without the other field says that one is needed: nobody sends one to be let in without. */
function readPassword(fields: ReadonlyMap<string, readonly string[]>, { password }: RoomConfig): Pick<RoomConfig, "password"> | StanzaFault {
  const [flags, secrets] = [fields.get(isProtectedField), fields.get(passwordField)];
  const isProtected = flags === undefined ? undefined : booleanOf(flags[0]);
  if (flags !== undefined && (isProtected === undefined || flags.length > 1)) return unacceptable(isProtectedField, "1 or 0");
  const [secret = "", ...more] = secrets ?? [password ?? ""];
  if (!(isProtected ?? (password !== null || secret !== ""))) return { password: null };
  // Section 10.1.3.
  const isBlank = secret.trim() === "";
  if (isBlank || more.length > 0 || Buffer.byteLength(secret) > roomPasswordBytesMax) return unacceptable(passwordField, `a password of at most ${roomPasswordBytesMax} bytes, not blank`);
  return { password: secret };
}

const ownersField = "muc#roomconfig_roomowners";
const adminsField = "muc#roomconfig_roomadmins";

/** Longer lists are read and changed as lists (sections 10.5 and 10.8): a form that is sent back whole has to fit into a stanza. */
function listFields({ affiliations }: Room): readonly FormField[] {
  const withAffiliation = (wanted: "owner" | "admin") => [...affiliations].flatMap(([jid, { affiliation }]) => (affiliation === wanted ? [jid] : []));
  const [owners, admins] = [withAffiliation("owner"), withAffiliation("admin")];
  if (owners.length + admins.length > roomChangesMax) return [];
  return [
    { var: adminsField, type: "jid-multi", label: "All admins of the room", values: admins },
    { var: ownersField, type: "jid-multi", label: "All owners of the room", values: owners },
  ];
}

/** null: there is something among them that is no user's JID. XEP-0004 section 3.3: what is there twice counts once. */
function readJids(values: readonly string[] | undefined): readonly string[] | undefined | null {
  if (values === undefined) return undefined;
  const jids = values.filter((value) => value.trim() !== "").map((value) => parseJid(value.trim()));
  return jids.every((jid) => jid?.local !== undefined) ? [...new Set(jids.map((jid) => jid!.bare))] : null;
}

/** A tag of RFC 5646 in its form, whatever it names; an empty one is none. */
function isLanguage(value: string): boolean {
  return value === "" || (value.length <= roomLanguageCharsMax && /^[a-z]{1,8}(?:-[a-z0-9]{1,8})*$/i.test(value));
}

function numberOf(value: string | undefined): number | undefined {
  return value !== undefined && /^[0-9]{1,9}$/.test(value) ? Number(value) : undefined;
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function unacceptable(name: string, expected: string): StanzaFault {
  return { condition: "not-acceptable", text: `${name}: expected ${expected}` };
}
