/** Entity capabilities: clients that have met this description before need not ask for it again. */
import { createHash } from "node:crypto";
import { capabilitiesText } from "../domain/entity-caps.ts";
import type { Extension, House } from "../router/extension.ts";
import { recordedWishes } from "../router/recorded-wishes.ts";
import { el } from "../xml/stanza.ts";

const xmlns = "http://jabber.org/protocol/caps";

export const caps: Extension = {
  name: "caps",
  specification: { id: "XEP-0115", version: "1.6.0", title: "Entity Capabilities" },
  serverFeatures: [xmlns],
  sessionState: recordedWishes,
  // XEP-0115 section 6.2.
  serverNodes: (house) => [`${softwareNode(house)}#${verification(house)}`],
  // XEP-0115 section 6.3: strangers learn what the server can do when they have logged in.
  streamFeature: ({ stage }, house) =>
    stage === "authenticated" ? el("c", { xmlns, hash: "sha-1", node: softwareNode(house), ver: verification(house) }) : undefined,
};

/** XEP-0115 section 4: a URI of the software. It has no site of its own; this is the URI of its package. */
function softwareNode({ software }: House): string {
  return `pkg:npm/${software.name}`;
}

/** XEP-0115 section 5.1, with the hash that everybody has (section 9.1). */
function verification(house: House): string {
  return createHash("sha1").update(capabilitiesText(house.description("server"))).digest("base64");
}
