/** In-band registration with a token: who has an invitation makes an account where others may not. */
import type { Extension, IqReply, IqRequest } from "../router/extension.ts";
import { el } from "../xml/stanza.ts";

const xmlns = "urn:xmpp:pars:0";
const feature = "urn:xmpp:ibr-token:0";
const registrationFeature = "http://jabber.org/features/iq-register";

export const invitedRegistration: Extension = {
  name: "invited-registration",
  specification: { id: "XEP-0445", version: "0.2.0", title: "Pre-Authenticated In-Band Registration" },
  /** Section 3, with the one of XEP-0077, which clients look for first; where everybody may make an account that is there already. */
  streamFeature({ stage, mechanisms }, { limits: { registration } }) {
    if (stage !== "unauthenticated" || registration.invitations === "nobody" || mechanisms.length === 0) return undefined;
    const invited = el("register", { xmlns: feature });
    return registration.enabled ? invited : [invited, el("register", { xmlns: registrationFeature })];
  },
  takesUnauthenticated: (element) => element.getChild("preauth", xmlns) !== undefined,
  iq: [{ xmlns, name: "preauth", types: ["set"], at: ["server", "account"], handle }],
};

/** Section 4. */
function handle(request: IqRequest): IqReply | Promise<IqReply> {
  const { iq, session, house, payload, target, own } = request;
  // Without `to` it is for the server, whoever asks that has no account yet.
  if (target === "account" && !own) return { fault: { condition: "service-unavailable", text: "" } };
  if (house.limits.registration.invitations === "nobody") return { fault: { condition: "service-unavailable", text: "" } };
  if (iq.from.local !== undefined) return { fault: { condition: "unexpected-request", text: "you have an account: add who invites you to your contacts" } };
  if (session.peer?.confidential !== true) return { fault: { condition: "not-authorized", text: "use STARTTLS first" } };
  const token = payload.attrs["token"];
  if (typeof token !== "string" || token === "") return { fault: { condition: "bad-request", text: "the token is missing" } };
  return present(request, token);
}

async function present({ step, iq, session, house }: IqRequest, token: string): Promise<IqReply> {
  const outcome = await house.invitations.present(session, iq.from.domain, token, step.at);
  switch (outcome) {
    case "accepted":
      return { result: undefined };
    case "unknown":
      return { fault: { condition: "item-not-found", text: "The provided token is invalid or expired" } };
    case "too-often":
      return { fault: { condition: "resource-constraint", type: "wait", text: "too many tokens are tried; try again later" } };
  }
}
