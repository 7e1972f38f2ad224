/** What can be wrong with a request for a node, with the conditions of XEP-0060's own (section 17.2). */
import type { StanzaErrorCondition } from "../domain/errors.ts";
import type { LimitName } from "../domain/refusals.ts";
import { el, type StanzaFault } from "../xml/stanza.ts";
import { errorsNamespace as xmlns } from "./node.ts";

export interface Fault {
  readonly fault: StanzaFault;
}

/** `detail`: the name of XEP-0060's own condition, if it has one for this. */
export function fault(condition: StanzaErrorCondition, text = "", detail?: string): Fault {
  return { fault: { condition, text, ...(detail === undefined ? {} : { detail: el(detail, { xmlns }) }) } };
}

/** The same of a limit that has been reached. */
export function limited(limit: LimitName, { fault }: Fault): Fault {
  return { fault: { ...fault, limit } };
}

/** The node or the service does not do this: `feature` is the name of what is missing (XEP-0060 section 10). */
export function unsupported(feature: string, text = ""): Fault {
  return { fault: { condition: "feature-not-implemented", text, detail: el("unsupported", { xmlns, feature }) } };
}

export const noNode = fault("item-not-found", "there is no such node");
export const notOwner = fault("forbidden", "this is for the owner of the account");
export const nodeIdRequired = fault("bad-request", "name a node", "nodeid-required");
