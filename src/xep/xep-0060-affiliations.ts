/** Who is a member of a node, and who is kept out (XEP-0060 sections 5.7 and 8.9). */
import { parseJid } from "../domain/jid.ts";
import { fault, noNode, unsupported } from "../pubsub/faults.ts";
import { ownerNamespace, pubsubNamespace, type Affiliation } from "../pubsub/node.ts";
import type { AffiliationChange } from "../pubsub/people.ts";
import type { IqReply } from "../router/extension.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";
import { owners } from "./xep-0060-configure.ts";
import { answer, crowdFault, done, elementsOf, isNamed, unexpected, type NodeAction, type NodeRequest } from "./xep-0060-request.ts";

/** Section 5.7: the asker's own, at all nodes or at one. */
export function ownAffiliations({ account, house, iq, node, more }: NodeRequest): IqReply {
  if (more.length > 0) return unexpected;
  const ids = house.nodes.ids(account).filter((id) => node === "" || id === node);
  const found = ids.map((id) => [id, house.nodes.people.affiliation(account, id, iq.from.bare)] as const).filter(([, affiliation]) => affiliation !== "none");
  const elements = found.map(([id, affiliation]) => el("affiliation", { node: id, affiliation }));
  return answer(pubsubNamespace, el("affiliations", { node: node === "" ? undefined : node }, ...elements));
}

export const showAffiliations: NodeAction = owners(({ account, house, node }) => {
  if (house.nodes.node(account, node) === undefined) return noNode;
  const found: (readonly [string, Affiliation])[] = [[account.bare, "owner"], ...house.nodes.people.affiliations(account, node)];
  return answer(ownerNamespace, el("affiliations", { node }, ...found.map(([jid, affiliation]) => el("affiliation", { jid, affiliation }))));
});

/** Section 8.9.2.4: those that cannot be as they are wanted come back as they are; the others are as they are wanted. */
export const setAffiliations: NodeAction = owners(({ step, account, house, node, action }) => {
  if (house.nodes.node(account, node) === undefined) return noNode;
  const elements = elementsOf(action);
  const tooMany = crowdFault(elements);
  if (tooMany !== undefined) return tooMany;
  const jids = elements.map(bareJidOf);
  if (new Set(jids).size < jids.length) return fault("bad-request", "name everybody once");
  const unknown = elements.map(({ attrs }) => String(attrs["affiliation"])).find((name) => name === "publisher" || name === "publish-only");
  if (unknown !== undefined) return unsupported(`${unknown}-affiliation`, "the owner of an account alone publishes");
  const { people } = house.nodes;
  /** undefined: it is malformed, or nothing that can be. */
  const changes = elements.map((element, index): AffiliationChange | "none" | undefined => {
    const bareJid = jids[index];
    const affiliation = element.attrs["affiliation"] as string | undefined;
    if (!isNamed(element, "affiliation", action) || bareJid === undefined) return undefined;
    if (affiliation === undefined || affiliation === people.affiliation(account, node, bareJid)) return "none";
    return isGiven(affiliation) ? { bareJid, affiliation } : undefined;
  });
  const sound = changes.filter((change) => typeof change === "object");
  const faults = people.setAffiliations(step, account, node, sound);
  const refused = new Set<unknown>([undefined, ...sound.filter((_, index) => faults[index] !== undefined)]);
  const returned = elements.flatMap(({ attrs }, index) => {
    if (!refused.has(changes[index])) return [];
    const jid = jids[index];
    return [el("affiliation", { jid: attrs["jid"] as string | undefined, affiliation: jid === undefined ? "none" : people.affiliation(account, node, jid) })];
  });
  if (returned.length === 0) return done;
  return { ...fault("not-acceptable"), payload: el("pubsub", { xmlns: ownerNamespace }, el("affiliations", { node }, ...returned)) };
});

/** Section 4.1: affiliations are those of bare JIDs. */
function bareJidOf({ attrs }: Element): string | undefined {
  return parseJid((attrs["jid"] as string | undefined) ?? "")?.bare;
}

function isGiven(text: string): text is "member" | "outcast" | "none" {
  return text === "member" || text === "outcast" || text === "none";
}
