/** The session request of RFC 3921 section 3, which RFC 6121 dropped: old clients wait for it, and nothing comes of it. */
import type { Extension, IqReply, IqRequest } from "../router/extension.ts";
import { el } from "../xml/stanza.ts";

const xmlns = "urn:ietf:params:xml:ns:xmpp-session";

export const legacySession: Extension = {
  name: "legacy-session",
  specification: {
    id: "RFC 3921",
    title: "Instant Messaging and Presence, the version before",
    missing: ["Its section 3 alone is there, for old clients: RFC 6121 has replaced the rest."],
  },
  iq: [{ xmlns, name: "session", types: ["set"], at: ["server", "account"], handle }],
  // New clients see that they can leave it out.
  streamFeature: ({ stage, bound }) => (stage === "authenticated" && !bound ? el("session", { xmlns }, el("optional")) : undefined),
};

function handle({ target, own }: IqRequest): IqReply {
  return target === "server" || own ? { result: undefined } : { fault: { condition: "service-unavailable", text: "" } };
}
