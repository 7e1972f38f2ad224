/** A user's nickname: an item of a node, and an element in requests and messages, which pass as they are. */
import type { Extension } from "../router/extension.ts";

export const nickname: Extension = {
  name: "nickname",
  specification: { id: "XEP-0172", version: "1.1", title: "User Nickname" },
};
