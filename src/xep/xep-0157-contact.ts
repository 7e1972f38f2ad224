/** Contact addresses: where people reach those who run the server, as the operator says. */
import { serverInfoForm } from "../domain/entity-caps.ts";
import type { Extension } from "../router/extension.ts";

export const contact: Extension = {
  name: "contact",
  specification: {
    id: "XEP-0157", version: "1.1.1", title: "Contact Addresses for XMPP Services",
    missing: ["Mailboxes that RFC 2142 asks for (section 3) are the operator's: nothing is told that is not configured."],
  },
  // XEP-0157 section 3: without addresses there is no form.
  serverForms({ limits }) {
    const told = Object.entries(limits.contact).filter(([, addresses]) => addresses.length > 0);
    if (told.length === 0) return [];
    const fields = told.map(([about, addresses]) => ({ var: `${about}-addresses`, type: "list-multi", values: addresses }));
    return [{ fields: [{ var: "FORM_TYPE", type: "hidden", values: [serverInfoForm] }, ...fields] }];
  },
};
