/** The roster, as far as there is one: each account's is empty, and asking for it makes a resource an interested one. */
import type { Extension, IqReply, IqRequest } from "../router/extension.ts";
import { el } from "../xml/stanza.ts";

const xmlns = "jabber:iq:roster";

export const roster: Extension = {
  name: "roster",
  specification: { id: "RFC 6121", title: "Instant Messaging and Presence" },
  iq: [
    { xmlns, name: "query", types: ["get"], at: ["account"], handle: get },
    {
      xmlns,
      name: "query",
      types: ["set"],
      at: ["account"],
      handle: ({ own }) => ({
        fault: own
          ? { condition: "feature-not-implemented", text: "this server keeps no contacts yet" }
          : { condition: "forbidden", text: "a roster is its owner's" },
      }),
    },
  ],
};

/** RFC 6121 section 2.1.4: nobody else's roster; section 2.2: from now on the resource is told of changes. */
function get({ own, session, step }: IqRequest): IqReply {
  if (!own) return { fault: { condition: "forbidden", text: "a roster is its owner's" } };
  if (session.connected) session.tell(step, { type: "roster.requested", at: step.at });
  return { result: el("query", { xmlns }) };
}
