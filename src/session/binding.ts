/** Binding a resource (RFC 6120 section 7): loads the account and claims a resource that no other session has. */
import type { SessionEvent } from "../../machines/session-events.ts";
import { resourcePart } from "../auth/device-tokens.ts";
import { prepareResource } from "../domain/jid.ts";
import type { Step } from "../step/batch.ts";
import type { Session, SessionEnvironment } from "./environment.ts";

export type BindAnswer = Extract<SessionEvent, { type: "resource.bound" | "bind.failed" }>;

/**
 * Decides at once, within `step`: between the decision and the claim nothing else can happen.
 * The account has been loaded before, or is undefined if it does not exist any more.
 */
export function bindResource(
  environment: SessionEnvironment,
  step: Step,
  session: Session,
  identity: { readonly host: string; readonly username: string },
  requested: string | null,
): BindAnswer {
  const bareJid = `${identity.username}@${identity.host}`;
  const account = environment.accounts.read(step, bareJid);
  const fail = (condition: "bad-request" | "conflict" | "not-allowed" | "resource-constraint", text: string): BindAnswer => ({
    type: "bind.failed",
    at: step.at,
    condition,
    text,
  });
  if (account === undefined) return fail("not-allowed", "the account does not exist any more");

  let resource = requested === null ? environment.ids.next() : prepareResource(requested);
  if (resource === undefined) return fail("bad-request", "that resource is not allowed by RFC 7622 section 3.4");

  const other = environment.registry.session(bareJid, resource);
  const { conflict, resourcesPerAccountMax } = environment.options;
  // Whoever is without a link gives way to whoever is here, most likely the same client.
  const isReplaced = conflict === "replace" || other?.hibernating === true;
  if (other !== undefined && conflict === "reject-new" && !isReplaced) return fail("conflict", "that resource is in use");
  const replaces = other !== undefined && isReplaced;
  if (!replaces && !hasRoom(environment, step, bareJid)) {
    environment.tally.refused("session.resourcesPerAccountMax");
    return fail("resource-constraint", `an account has at most ${resourcesPerAccountMax} resources`);
  }
  if (replaces) other.tell(step, { type: "session.replaced", at: step.at });
  else if (other !== undefined) resource = environment.ids.next();

  environment.registry.add(bareJid, resource, session);
  const roster = { version: account.rosterVersion(), items: account.contacts.size };
  return { type: "resource.bound", at: step.at, resource, roster };
}

/**
 * The same for a login: the resource begins with the client's tag, if it can, and the rest of it is the server's (XEP-0386 section 3.2.1). A
 * device gets the same for the same tag, and its former sessions give way (section 3.2).
 */
export function bindTaggedResource(
  environment: SessionEnvironment,
  step: Step,
  session: Session,
  identity: { readonly host: string; readonly username: string },
  tag: string | null,
): BindAnswer {
  const bareJid = `${identity.username}@${identity.host}`;
  const account = environment.accounts.read(step, bareJid);
  if (account === undefined) return { type: "bind.failed", at: step.at, condition: "not-allowed", text: "the account does not exist any more" };
  const { device } = session;
  const own = device === null ? environment.ids.next() : resourcePart(device, tag ?? "");
  const resource = (tag === null ? undefined : prepareResource(`${tag}/${own}`)) ?? own;
  const others = environment.registry.sessions(bareJid);
  for (const other of others) if ((device !== null && other.device === device) || other.resource === resource) other.tell(step, { type: "session.replaced", at: step.at });
  if (!hasRoom(environment, step, bareJid)) {
    environment.tally.refused("session.resourcesPerAccountMax");
    return { type: "bind.failed", at: step.at, condition: "resource-constraint", text: `an account has at most ${environment.options.resourcesPerAccountMax} resources` };
  }
  environment.registry.add(bareJid, resource, session);
  return { type: "resource.bound", at: step.at, resource, roster: { version: account.rosterVersion(), items: account.contacts.size } };
}

/** A session whose client may never come back gives way to one that is here: the one that is without a link for longest. */
function hasRoom({ registry, options }: SessionEnvironment, step: Step, bareJid: string): boolean {
  const sessions = registry.sessions(bareJid);
  if (sessions.length < options.resourcesPerAccountMax) return true;
  const lost = sessions.filter(({ hibernating }) => hibernating).toSorted((a, b) => (a.lostAt ?? 0) - (b.lostAt ?? 0))[0];
  lost?.tell(step, { type: "session.replaced", at: step.at });
  return lost !== undefined;
}
