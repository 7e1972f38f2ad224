/** Stream management: this announces it; the session itself counts, acknowledges and resumes (src/session/management.ts). */
import type { Extension } from "../router/extension.ts";
import { el } from "../xml/stanza.ts";

export const streamManagement: Extension = {
  name: "stream-management",
  specification: { id: "XEP-0198", version: "1.6.3", title: "Stream Management" },
  // Section 2: not before the client is known.
  streamFeature: ({ stage }) => (stage === "authenticated" ? el("sm", { xmlns: "urn:xmpp:sm:3" }) : undefined),
};
