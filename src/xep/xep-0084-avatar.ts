/** Avatars: two nodes of the account, for which personal eventing does all that there is to do (`House.nodes`). */
import type { Extension } from "../router/extension.ts";

export const avatar: Extension = {
  name: "avatar",
  specification: { id: "XEP-0084", version: "1.1.4", title: "User Avatar" },
};
