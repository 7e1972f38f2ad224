/** Entity time: the server's clock. */
import type { Extension } from "../router/extension.ts";
import { el } from "../xml/stanza.ts";

const xmlns = "urn:xmpp:time";

export const time: Extension = {
  name: "time",
  specification: { id: "XEP-0202", version: "2.0", title: "Entity Time" },
  serverFeatures: [xmlns],
  iq: [
    {
      xmlns,
      name: "time",
      types: ["get"],
      at: ["server"],
      // The offset is that of UTC: where a server stands is nobody's time zone.
      handle: ({ step }) => ({
        result: el("time", { xmlns }, el("tzo", {}, "+00:00"), el("utc", {}, new Date(step.at).toISOString())),
      }),
    },
  ],
};
