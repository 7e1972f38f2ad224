/** Stream management: this announces it; the session itself counts, acknowledges and resumes (src/session/management.ts). */
import type { Extension } from "../router/extension.ts";
import { el } from "../xml/stanza.ts";

const xmlns = "urn:xmpp:sm:3";

export const streamManagement: Extension = {
  name: "stream-management",
  specification: { id: "XEP-0198", version: "1.6.3", title: "Stream Management" },
  // Section 2: not before the client is known; and once stanzas are counted there is nothing left to say it for (section 9.1).
  streamFeature: ({ stage, counted }) => (stage === "authenticated" && !counted ? el("sm", { xmlns }) : undefined),
  // Section 9.2: a login can resume, and (section 9.1) what it binds can be counted from the first stanza on.
  inlineFeature: () => el("sm", { xmlns }),
  inlineBinding: { feature: xmlns },
};
