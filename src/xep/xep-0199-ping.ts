/** Ping: the shortest question there is, asked by clients of the server and by the server of silent clients. */
import type { Extension } from "../router/extension.ts";
import { clientNamespace, el } from "../xml/stanza.ts";

const xmlns = "urn:xmpp:ping";

export const ping: Extension = {
  name: "ping",
  specification: { id: "XEP-0199", version: "2.0.1", title: "XMPP Ping" },
  serverFeatures: [xmlns],
  accountFeatures: [xmlns],
  iq: [
    {
      xmlns,
      name: "ping",
      types: ["get"],
      at: ["server", "account"],
      sessionless: true,
      // XEP-0199 section 4.2: what an account's answer tells, presence tells too, so only the account itself gets one.
      handle: ({ target, own }) =>
        target === "server" || own ? { result: undefined } : { fault: { condition: "service-unavailable", text: "" } },
    },
  ],
  // Section 17.4 of XEP-0045: a room answers for itself.
  rooms: {
    iq: [{ xmlns, name: "ping", types: ["get"], at: ["service", "room"], handle: () => ({ result: undefined }) }],
    serviceFeatures: [xmlns],
    roomFeatures: () => [xmlns],
  },
  livenessProbe: (session, house) =>
    el(
      "iq",
      { xmlns: clientNamespace, type: "get", id: house.nextId(), from: session.jid.domain, to: session.jid.full },
      el("ping", { xmlns }),
    ),
};
