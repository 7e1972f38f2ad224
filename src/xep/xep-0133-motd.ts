/** What administrators tell everybody: once, or until everybody has seen it (sections 4.23 to 4.26). */
import type { Command, CommandCall, CommandOutcome } from "../router/commands.ts";
import type { Extension } from "../router/extension.ts";
import type { FormField } from "../xml/data-form.ts";
import { adminCommand, refused, textOf } from "./xep-0133-form.ts";

const announcement: FormField = { var: "announcement", type: "text-multi", label: "Announcement", required: true };
const motd: FormField = { var: "motd", type: "text-multi", label: "Message of the day", required: true };

const motdCommands: readonly Command[] = [
  adminCommand("announce", "Tell everybody who is online", [announcement], announce),
  adminCommand("set-motd", "Set the message of the day", [motd], (call) => set(call, "new")),
  // Section 4.25: with the one that is set.
  adminCommand("edit-motd", "Edit the message of the day", ({ house: { administration } }) => [
    administration.motd === undefined ? motd : { ...motd, values: administration.motd.text.split("\n") },
  ], (call) => set(call, "edit")),
  adminCommand("delete-motd", "Delete the message of the day", [], remove),
];

/** What each account was shown is kept by this extension's name. */
export const messageOfTheDay: Extension = {
  name: "message-of-the-day",
  specification: { id: "XEP-0133", version: "1.3.1", title: "Service Administration" },
  commands: motdCommands,
  presenceChanged({ step, session, account, change, house }) {
    if (change.available && change.initial) house.administration.showMotd(step, session, account);
  },
};

async function announce({ house, filled: [form] }: CommandCall): Promise<CommandOutcome> {
  const outcome = await house.administration.announce(textOf(form, announcement.var));
  return "value" in outcome ? { done: `told to ${outcome.value} sessions` } : refused(outcome);
}

async function set({ house, filled: [form] }: CommandCall, how: "new" | "edit"): Promise<CommandOutcome> {
  const outcome = await house.administration.setMotd(textOf(form, motd.var), how);
  return "value" in outcome ? { done: undefined } : refused(outcome);
}

async function remove({ house }: CommandCall): Promise<CommandOutcome> {
  if (house.administration.motd === undefined) return { done: "there was none" };
  await house.administration.deleteMotd();
  return { done: undefined };
}
