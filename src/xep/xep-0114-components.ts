/**
 * External components: programs that serve a domain of their own over a connection to this server. Their streams are in src/component; to
 * everybody else they are services as rooms are.
 */
import type { Extension } from "../router/extension.ts";

export const components: Extension = {
  name: "components",
  specification: {
    id: "XEP-0114",
    version: "1.6",
    title: "Jabber Component Protocol",
    missing: ["The method `connect`, where the server connects to the component (section 2): components connect to the server."],
  },
};
