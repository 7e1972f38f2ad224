/** Data that a user keeps for itself: an item of a node that is published with options (`House.nodes`). */
import type { Extension } from "../router/extension.ts";

export const privateData: Extension = {
  name: "private-data",
  specification: { id: "XEP-0223", version: "1.1.1", title: "Persistent Storage of Private Data via PubSub" },
};
