/** Invitations that users and administrators make from a client: links by which somebody gets an account, and a contact. */
import type { Command, CommandCall, CommandOutcome } from "../router/commands.ts";
import type { Extension } from "../router/extension.ts";
import { booleanOf, dataForm } from "../xml/data-form.ts";

const formType = "urn:xmpp:invite#invitation";

/** Section 5.1: without any further question. */
const inviteUser: Command = {
  node: "urn:xmpp:invite#invite",
  name: "Invite user",
  may: "everybody",
  offered: ({ registration: { invitations } }, isAdmin) => invitations === "users" || (invitations === "admins" && isAdmin),
  complete: (call) => invite(call, { link: "roster", name: undefined, contact: true }),
};

/** Section 5.4. */
const createAccount: Command = {
  node: "urn:xmpp:invite#create-account",
  name: "Create account",
  may: "admins",
  offered: ({ registration: { invitations } }) => invitations !== "nobody",
  stages: [
    () => ({
      title: "Create account",
      instructions: "Makes a link by which somebody makes the account and chooses its password. Without a user name they choose that, too.",
      fields: [
        { var: "username", type: "text-single", label: "Username" },
        { var: "roster-subscription", type: "boolean", label: "Roster subscription", values: ["1"] },
      ],
    }),
  ],
  complete(call) {
    const [form] = call.filled;
    const name = form?.get("username")?.[0];
    const contact = booleanOf(form?.get("roster-subscription")?.[0]) ?? true;
    return invite(call, { link: "register", name: name === "" ? undefined : name, contact });
  },
};

export const invitations: Extension = {
  name: "invitations",
  specification: {
    id: "XEP-0401",
    version: "0.6.0",
    title: "Ad-hoc Account Invitation Generation",
    missing: [
      "Who uses a contact's link and has an account already becomes a contact if that account is here: there are no other servers.",
      "The page of an invitation has its token in the path of its address, and not behind a `#`: it needs no script (section 5.2).",
    ],
  },
  commands: [inviteUser, createAccount],
};

async function invite({ house, from, host }: CommandCall, wish: { readonly link: "roster" | "register"; readonly name: string | undefined; readonly contact: boolean }): Promise<CommandOutcome> {
  const made = await house.invitations.invite({ ...wish, inviter: from, host: wish.link === "roster" ? from.domain : host, limited: !house.administration.isAdmin(from) });
  if (made === "too-many") {
    return { fault: { condition: "resource-constraint", type: "wait", limit: "registration.invitationsPerUser", text: "you have invited as many as you may at the same time; those that are not used are over after some days" } };
  }
  if ("refused" in made) {
    return { fault: { condition: made.refused === "exists" ? "conflict" : "not-acceptable", text: made.refused === "exists" ? "that name is in use, or kept for somebody else; choose another" : "no address can have that user name" } };
  }
  const { uri, page, expiresAt } = made.value;
  const fields = [
    { var: "uri", type: "text-single", label: "Link", values: [uri] },
    ...(page === null ? [] : [{ var: "landing-url", type: "text-single", label: "Page", values: [page] }]),
    { var: "expire", type: "text-single", label: "Good until", values: [new Date(expiresAt).toISOString().replace(/\.\d+Z$/, "Z")] },
  ];
  return { done: undefined, payload: dataForm("result", formType, fields) };
}
