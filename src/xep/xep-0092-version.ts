/** Software version: which server this is. */
import type { Extension } from "../router/extension.ts";
import { el } from "../xml/stanza.ts";

const xmlns = "jabber:iq:version";

export const version: Extension = {
  name: "version",
  specification: { id: "XEP-0092", version: "1.1", title: "Software Version" },
  serverFeatures: [xmlns],
  iq: [
    {
      xmlns,
      name: "query",
      types: ["get"],
      at: ["server"],
      // XEP-0092 section 6: the operating system is left out, it is of use to attackers only.
      handle: ({ house }) => ({
        result: el("query", { xmlns }, el("name", {}, house.software.name), el("version", {}, house.software.version)),
      }),
    },
  ],
};
