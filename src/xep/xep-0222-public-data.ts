/** Data that a user keeps for others to read: an item of a node that is published with options (`House.nodes`). */
import type { Extension } from "../router/extension.ts";

export const publicData: Extension = {
  name: "public-data",
  specification: { id: "XEP-0222", version: "1.0", title: "Persistent Storage of Public Data via PubSub" },
};
