/** Avatars in vCards: the picture comes from the vCard's own extension, its hash in presence from that which converts between both kinds. */
import type { Extension } from "../router/extension.ts";

export const vcardAvatar: Extension = {
  name: "vcard-avatar",
  specification: { id: "XEP-0153", version: "1.1.1", title: "vCard-Based Avatars" },
};
