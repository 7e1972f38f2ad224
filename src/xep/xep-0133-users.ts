/** How many users there are, and which: sections 4.13 to 4.22. */
import { listedUsersMax } from "../domain/limits.ts";
import type { Administration } from "../router/administration.ts";
import type { Command, CommandCall, CommandOutcome } from "../router/commands.ts";
import type { FormField } from "../xml/data-form.ts";
import { adminCommand, shown, valueOf } from "./xep-0133-form.ts";

interface Kind {
  /** As in `get-online-users-num`. */
  readonly name: string;
  /** The node of its list, where that is another than those of the others. */
  readonly list?: string;
  readonly words: string;
  readonly find: (administration: Administration) => readonly string[] | Promise<readonly string[]>;
}

/** Section 4.15: online is who has a resource. Active is who has one that seems to have somebody before it, idle who has none such. */
const kinds: readonly Kind[] = [
  { name: "registered", words: "registered users", find: (administration) => administration.registered() },
  { name: "disabled", words: "disabled users", find: (administration) => administration.disabled() },
  { name: "online", words: "online users", find: (administration) => users(administration, () => true) },
  { name: "active", list: "get-active-users", words: "active users", find: (administration) => users(administration, (active) => active) },
  { name: "idle", list: "get-idle-users", words: "idle users", find: (administration) => users(administration, (active) => !active) },
];

/** Section 4.18: of a longer list the beginning. */
const howMany: FormField = { var: "max_items", type: "list-single", label: "How many at most", options: ["25", "50", "75", "100", "150", "200", "none"] };

export const userCommands: readonly Command[] = kinds.flatMap((kind) => [
  adminCommand(`get-${kind.name}-users-num`, `Show the number of ${kind.words}`, [], (call) => count(kind, call)),
  adminCommand(kind.list ?? `get-${kind.name}-users-list`, `List ${kind.words}`, [{ ...howMany, values: ["25"] }], (call) => list(kind, call)),
]);

async function count({ name, words, find }: Kind, { house }: CommandCall): Promise<CommandOutcome> {
  const found = await find(house.administration);
  return shown([{ var: `${name}usersnum`, label: `The number of ${words}`, values: [String(found.length)] }]);
}

async function list({ name, words, find }: Kind, { house, filled: [form] }: CommandCall): Promise<CommandOutcome> {
  const most = Math.min(Number(valueOf(form, howMany.var)) || listedUsersMax, listedUsersMax);
  const found = await find(house.administration);
  const outcome = shown([{ var: `${name}userjids`, label: `The ${words}`, values: found.slice(0, most) }]);
  return found.length > most && "done" in outcome ? { ...outcome, warning: `the first ${most} of ${found.length}` } : outcome;
}

function users(administration: Administration, is: (active: boolean) => boolean): readonly string[] {
  const active = new Map<string, boolean>();
  for (const session of administration.online()) active.set(session.jid.bare, session.active || active.get(session.jid.bare) === true);
  return [...active].flatMap(([jid, somebody]) => (is(somebody) ? [jid] : [])).toSorted();
}
