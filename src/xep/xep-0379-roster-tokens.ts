/** Requests to see somebody's presence that have a token of theirs with them are approved by the server that has made it. */
import type { Passage, Verdict } from "../router/phases.ts";
import type { Extension } from "../router/extension.ts";

const xmlns = "urn:xmpp:pars:0";

export const rosterTokens: Extension = {
  name: "roster-tokens",
  specification: {
    id: "XEP-0379",
    version: "0.3.3",
    title: "Pre-Authenticated Roster Subscription",
    missing: [
      "Tokens are those of invitations of this server (XEP-0401); those that a client has made itself reach it as they are, with the request (section 3.5).",
      "A request with a token reaches the user before it is approved: whoever is there may be asked for a moment.",
    ],
  },
  phases: { guard },
};

/** Section 4.1: with whatever is wrong with the token the request is as any other, so it goes on in any case. */
function guard({ step, stanza, sender, house, givenBack }: Passage): Verdict {
  const { kind, type, from, to, element } = stanza;
  if (kind !== "presence" || type !== "subscribe" || sender === undefined || givenBack === true || to?.local === undefined) return undefined;
  const token = element.getChild("preauth", xmlns)?.attrs["token"];
  if (typeof token !== "string" || house.limits.registration.invitations === "nobody" || !house.hosts.includes(to.domain)) return undefined;
  const use = { token, guest: from, inviter: to, address: sender.peer?.address ?? "", at: step.at };
  step.afterwards(() => {
    house.invitations.redeem(use).catch((err: unknown) => house.log.error({ err, jid: from.bare }, "an invitation could not be used"));
  });
  return undefined;
}
