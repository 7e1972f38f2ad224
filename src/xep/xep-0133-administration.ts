/** What administrators do from a client, by commands: users, and how many there are. Announcements are in a file of their own. */
import type { Extension } from "../router/extension.ts";
import { accountCommands } from "./xep-0133-accounts.ts";
import { userCommands } from "./xep-0133-users.ts";

const missing = [
  "A command is for all hosts of the server, whichever of them was asked (section 3).",
  "Email and names of a new user are not asked for (section 4.1): accounts have none.",
  "The last login of a user is not told (section 4.9): only the last leave is kept.",
  "Statistics are addresses, contacts and resources; not stanzas and logins by time (section 4.10).",
  "There are no blacklists and whitelists of the server (sections 4.11 and 4.12).",
  "A list has at most 1,000 users, with a note where there are more (sections 4.18 to 4.22).",
  "There is no welcome message (sections 4.27 and 4.28).",
  "Administrators are a setting of the operator (section 4.29), who also restarts and stops the server (sections 4.30 and 4.31).",
];

export const administration: Extension = {
  name: "administration",
  specification: { id: "XEP-0133", version: "1.3.1", title: "Service Administration", missing },
  commands: [...accountCommands, ...userCommands],
};
