/** Tokens in place of passwords: this announces them; src/auth/device-tokens.ts says what becomes of them. */
import type { Extension } from "../router/extension.ts";
import { el } from "../xml/stanza.ts";

export const fast: Extension = {
  name: "fast",
  specification: {
    id: "XEP-0484",
    version: "0.2.0",
    title: "Fast Authentication Streamlining Tokens",
    missing: ["Nothing is taken in TLS 1.3 early data, so `tls-0rtt` is not announced (section 3.1)."],
  },
  inlineFeature: ({ tokenMechanisms }) => {
    if (tokenMechanisms.length === 0) return undefined;
    return el("fast", { xmlns: "urn:xmpp:fast:0" }, ...tokenMechanisms.map((name) => el("mechanism", {}, name)));
  },
};
