/** vCards as items: a user's own, which everybody may read, and those of its contacts, which are its alone. */
import type { Extension } from "../router/extension.ts";

export const vcard4: Extension = {
  name: "vcard4",
  specification: {
    id: "XEP-0292",
    version: "0.12.0",
    title: "vCard4 Over XMPP",
    missing: [
      "vCards of the older format (XEP-0054) are kept beside those of this one: neither is translated into the other (section 11).",
      "The server has no vCard of its own (section 6).",
    ],
  },
  // XEP-0292 section 7.
  accountFeatures: ["urn:ietf:params:xml:ns:vcard-4.0"],
  nodeDefaults: {
    // XEP-0292 sections 4.1 and 4.2.2: public as XEP-0222 has it; notifications say only that there is another one.
    "urn:xmpp:vcard4": { access_model: "open", deliver_payloads: false },
    // XEP-0292 section 5.2.
    "urn:xmpp:contacts": { access_model: "whitelist", max_items: "max" },
  },
};
