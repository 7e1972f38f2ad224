/** Software version: which server this is. */
import type { Extension, House } from "../router/extension.ts";
import type { Element } from "../xml/element.ts";
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
      sessionless: true,
      handle: ({ house }) => answer(house.software),
    },
  ],
  rooms: {
    iq: [{ xmlns, name: "query", types: ["get"], at: ["service", "room"], handle: ({ rooms }) => answer(rooms.host.software) }],
    serviceFeatures: [xmlns],
    roomFeatures: () => [xmlns],
  },
};

/** XEP-0092 section 6: the operating system is left out, it is of use to attackers only. */
function answer({ name, version }: House["software"]): { readonly result: Element } {
  return { result: el("query", { xmlns }, el("name", {}, name), el("version", {}, version)) };
}
