/** Entity time: the server's clock. */
import type { Extension } from "../router/extension.ts";
import type { Step } from "../step/batch.ts";
import type { Element } from "../xml/element.ts";
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
      sessionless: true,
      handle: answer,
    },
  ],
  rooms: {
    iq: [{ xmlns, name: "time", types: ["get"], at: ["service", "room"], handle: answer }],
    serviceFeatures: [xmlns],
    roomFeatures: () => [xmlns],
  },
};

/** The offset is that of UTC: where a server stands is nobody's time zone. */
function answer({ step }: { readonly step: Step }): { readonly result: Element } {
  return { result: el("time", { xmlns }, el("tzo", {}, "+00:00"), el("utc", {}, new Date(step.at).toISOString())) };
}
