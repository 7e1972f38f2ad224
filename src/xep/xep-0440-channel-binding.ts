/** Which channel bindings a client may use with the -PLUS mechanisms. */
import { offeredChannelBindings } from "../auth/mechanism.ts";
import type { Extension } from "../router/extension.ts";
import { el } from "../xml/stanza.ts";

export const channelBinding: Extension = {
  name: "channel-binding",
  specification: { id: "XEP-0440", version: "1.0.0", title: "SASL Channel-Binding Type Capability" },
  streamFeature: ({ stage, secure, mechanisms }) => {
    if (stage !== "unauthenticated" || mechanisms.length === 0) return undefined;
    const types = offeredChannelBindings(secure);
    if (types.length === 0) return undefined;
    return el("sasl-channel-binding", { xmlns: "urn:xmpp:sasl-cb:0" }, ...types.map((type) => el("channel-binding", { type })));
  },
};
