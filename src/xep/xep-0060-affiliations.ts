/** Who is a member of a node, and who is kept out (XEP-0060 sections 5.7 and 8.9). */
import { parseJid } from "../domain/jid.ts";
import { fault, noNode, unsupported } from "../pubsub/faults.ts";
import { ownerNamespace, pubsubNamespace, type Affiliation } from "../pubsub/node.ts";
import type { IqReply } from "../router/extension.ts";
import type { Element } from "../xml/element.ts";
import { el } from "../xml/stanza.ts";
import { owners } from "./xep-0060-configure.ts";
import { answer, done, elementsOf, isNamed, unexpected, type NodeAction, type NodeRequest } from "./xep-0060-request.ts";

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
  const jids = elements.map(bareJidOf);
  if (new Set(jids).size < jids.length) return fault("bad-request", "name everybody once");
  const unknown = elements.map(({ attrs }) => String(attrs["affiliation"])).find((name) => name === "publisher" || name === "publish-only");
  if (unknown !== undefined) return unsupported(`${unknown}-affiliation`, "the owner of an account alone publishes");
  const wrong = elements.filter((element) => {
    const jid = bareJidOf(element);
    const wanted = element.attrs["affiliation"] as string | undefined;
    if (!isNamed(element, "affiliation", action) || jid === undefined) return true;
    if (wanted === undefined || wanted === house.nodes.people.affiliation(account, node, jid)) return false;
    return !isGiven(wanted) || house.nodes.people.setAffiliation(step, account, node, jid, wanted) !== undefined;
  });
  if (wrong.length === 0) return done;
  const returned = wrong.map((element) => {
    const jid = bareJidOf(element);
    const affiliation = jid === undefined ? "none" : house.nodes.people.affiliation(account, node, jid);
    return el("affiliation", { jid: element.attrs["jid"] as string | undefined, affiliation });
  });
  return { ...fault("not-acceptable"), payload: el("pubsub", { xmlns: ownerNamespace }, el("affiliations", { node }, ...returned)) };
});

/** Section 4.1: affiliations are those of bare JIDs. */
function bareJidOf({ attrs }: Element): string | undefined {
  return parseJid((attrs["jid"] as string | undefined) ?? "")?.bare;
}

function isGiven(text: string): text is "member" | "outcast" | "none" {
  return text === "member" || text === "outcast" || text === "none";
}
