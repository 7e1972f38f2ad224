/** What administrators do to users: sections 4.1 to 4.10. */
import type { Command, CommandCall, CommandOutcome } from "../router/commands.ts";
import { parseJid } from "../domain/jid.ts";
import { dataForm } from "../xml/data-form.ts";
import { el } from "../xml/stanza.ts";
import { adminCommand, forEach, formType, oneUser, refused, shown, someUsers, usersOf, valueOf } from "./xep-0133-form.ts";

const password = { var: "password", type: "text-private", label: "The password", required: true };

export const accountCommands: readonly Command[] = [
  adminCommand("add-user", "Add a user", [oneUser, password, { var: "password-verify", type: "text-private", label: "The password again", required: true }], addUser),
  adminCommand("delete-user", "Delete users", [someUsers], (call) =>
    forEach(call, true, (jid) => call.house.administration.deleteUser(jid), (jids) => `deleted ${jids.join(", ")}`)),
  adminCommand("disable-user", "Disable users", [someUsers], (call) =>
    forEach(call, true, (jid) => call.house.administration.disableUser(jid), (jids) => `disabled ${jids.join(", ")}`)),
  adminCommand("reenable-user", "Re-enable users", [someUsers], (call) =>
    forEach(call, false, (jid) => call.house.administration.enableUser(jid), (jids) => `enabled ${jids.join(", ")}`)),
  // A full JID is one session, a bare one all of the user's.
  adminCommand("end-user-session", "End sessions of users", [{ ...someUsers, label: "The users, or full JIDs of sessions, one a line" }], (call) =>
    forEach(call, false, (jid) => call.house.administration.endSessions(jid), (counts) => `sessions ended: ${counts.reduce((sum, count) => sum + count, 0)}`)),
  adminCommand("change-user-password", "Change the password of a user", [oneUser, password], changePassword),
  adminCommand("get-user-roster", "Show the contacts of a user", [{ ...someUsers, label: "The user, as name@host" }], showRoster),
  adminCommand("user-stats", "Show statistics of a user", [oneUser], showStatistics),
];

async function addUser({ house, filled: [form] }: CommandCall): Promise<CommandOutcome> {
  const [given, again] = [valueOf(form, "password"), valueOf(form, "password-verify")];
  if (given !== again) return { fault: { condition: "not-acceptable", text: "the password was not written twice in the same way" } };
  const outcome = await house.administration.addUser(valueOf(form, oneUser.var), given);
  return "value" in outcome ? { done: `added ${outcome.value}` } : refused(outcome);
}

async function changePassword({ house, filled: [form] }: CommandCall): Promise<CommandOutcome> {
  const outcome = await house.administration.changePassword(valueOf(form, oneUser.var), valueOf(form, "password"));
  return "value" in outcome ? { done: `${outcome.value} has another password` } : refused(outcome);
}

/** Section 4.8: the form holds the roster, as its user gets it. */
async function showRoster(call: CommandCall): Promise<CommandOutcome> {
  const jids = usersOf(call, false);
  if ("fault" in jids) return jids;
  const [jid = "", ...others] = jids;
  if (others.length > 0) return { fault: { condition: "not-acceptable", text: "one user at a time" } };
  const outcome = await call.house.administration.roster(jid);
  if ("refused" in outcome) return refused(outcome);
  const form = dataForm("result", formType, [{ var: someUsers.var, values: [outcome.value.jid] }]);
  const items = outcome.value.contacts.map(({ jid, name, subscription, groups }) =>
    el("item", { jid, name: name === "" ? undefined : name, subscription }, ...groups.map((group) => el("group", {}, group))));
  form.cnode(el("query", { xmlns: "jabber:iq:roster" }, ...items));
  return { done: undefined, payload: form };
}

async function showStatistics({ house, filled: [form] }: CommandCall): Promise<CommandOutcome> {
  const given = valueOf(form, oneUser.var);
  const outcome = await house.administration.roster(parseJid(given)?.bare ?? given);
  if ("refused" in outcome) return refused(outcome);
  const { jid, contacts } = outcome.value;
  const sessions = house.administration.online().filter((session) => session.jid.bare === jid);
  return shown([
    { var: "ipaddresses", label: "Addresses", values: [...new Set(sessions.flatMap(({ address }) => address ?? []))] },
    { var: "rostersize", label: "Contacts", values: [String(contacts.length)] },
    { var: "onlineresources", label: "Resources", values: sessions.map((session) => session.jid.resource ?? "") },
  ]);
}
