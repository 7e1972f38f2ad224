/** In-band registration: making an account before logging in, another password, and the end of the account. */
import type { Invitation } from "../domain/invitation.ts";
import { parseJid, prepareLocal } from "../domain/jid.ts";
import { registrationPasswordCharsMin, registrationRequestsMax } from "../domain/limits.ts";
import type { Extension, IqReply, IqRequest } from "../router/extension.ts";
import type { RegistrarFault } from "../router/registrar.ts";
import type { Session } from "../session/environment.ts";
import { dataForm, findForm, readForm } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import { el, iqResult, type StanzaFault } from "../xml/stanza.ts";

const xmlns = "jabber:iq:register";
const feature = "http://jabber.org/features/iq-register";

export const registration: Extension = {
  name: "registration",
  specification: {
    id: "XEP-0077",
    version: "2.4",
    title: "In-Band Registration",
    missing: ["Redirection to a web page (section 5), and the old `key` (section 7).", "Forms that ask for more before a password is changed or an account is removed (sections 3.2 and 3.3), which may be."],
  },
  serverFeatures: ({ registration: { enabled, passwords, removal } }) => (enabled || passwords || removal ? [xmlns] : []),
  /** Section 8, where a password can be told in confidence. */
  streamFeature: ({ stage, mechanisms }, { limits }) =>
    stage === "unauthenticated" && limits.registration.enabled && mechanisms.length > 0 ? el("register", { xmlns: feature }) : undefined,
  /** Also where it is off: section 3.1 says what is answered then. */
  takesUnauthenticated: (element) => element.getChild("query", xmlns) !== undefined,
  iq: [{ xmlns, name: "query", types: ["get", "set"], at: ["server", "account"], handle }],
};

/** Section 3.1.1: who has not authenticated is not registered. Such a sender has no localpart. */
function handle(request: IqRequest): IqReply | Promise<IqReply> {
  if (request.target === "account" && !request.own) return refused("service-unavailable", "503", "");
  return request.iq.from.local === undefined ? takeNewcomer(request) : takeUser(request);
}

/** What streams that have not authenticated have asked for, and whether an account was made on them. */
const newcomers = new WeakMap<Session, { requests: number; served: boolean }>();

function takeNewcomer(request: IqRequest): IqReply | Promise<IqReply> {
  const { step, iq, session, house, payload } = request;
  const newcomer = newcomers.get(session) ?? { requests: 0, served: false };
  newcomers.set(session, newcomer);
  newcomer.requests += 1;
  if (newcomer.requests > registrationRequestsMax) {
    house.refused("registrationRequestsMax");
    session.tell(step, { type: "stream.failed", at: step.at, condition: "policy-violation", text: "too many requests before logging in" });
    return { result: undefined };
  }
  // XEP-0445 section 4: with an invitation, also where nobody else may.
  const invitation = house.invitations.presented(session);
  if ((!house.limits.registration.enabled && invitation === undefined)) return refused("service-unavailable", "503", "accounts are not made in-band here");
  if (session.peer?.confidential !== true) return refused("not-authorized", "401", "use STARTTLS first");
  if (iq.type === "get") return { result: el("query", { xmlns }, el("instructions", {}, instructions), el("username"), el("password"), newcomerForm(invitation?.username ?? undefined)) };
  if (payload.getChild("remove", xmlns) !== undefined) return refused("unexpected-request", "400", "log in first");
  if (newcomer.served) return refused("not-acceptable", "406", "an account was made already; log in");
  return register(request, newcomer, invitation);
}

async function register({ step, iq, session, house, payload }: IqRequest, newcomer: { served: boolean }, invitation: Invitation | undefined): Promise<IqReply> {
  const given = readCredentials(payload);
  if (given === undefined) return refused("not-acceptable", "406", "a user name and a password are needed");
  const username = prepareLocal(given.username);
  if (username === undefined || username === "") return refused("not-acceptable", "406", "no address can have that user name");
  const bareJid = `${username}@${iq.from.domain}`;
  if (parseJid(bareJid) === undefined) return refused("not-acceptable", "406", "no address can have that user name");
  const weakness = weaknessOf(given.password, username);
  if (weakness !== undefined) return refused("not-acceptable", "406", weakness);
  // XEP-0401 section 5.4: the name that was thought of for who is invited.
  const isMeant = invitation !== undefined && invitation.username !== null;
  if (isMeant && invitation.username !== username) return refused("not-acceptable", "406", `the invitation is for the user name ${invitation.username}`);
  // Counted before it is looked whether the name is free: who asks learns which names are not. Invitations were counted when they were named.
  if (invitation === undefined && !house.registrar.admit(session.peer?.address ?? "", step.at)) return refused("resource-constraint", "500", "too many accounts are asked for; try again later");
  // Whoever had that name would administer the server.
  if (!isMeant && house.limits.rooms.admins.includes(bareJid)) return taken;
  const fault = await house.registrar.create(bareJid, given.password, invitation);
  if (fault === "used") house.invitations.forget(session);
  if (fault !== undefined) return faultOf(fault);
  newcomer.served = true;
  house.log.info({ jid: bareJid, from: session.peer?.address }, "an account was made in-band");
  return { result: undefined };
}

function takeUser(request: IqRequest): IqReply | Promise<IqReply> {
  const { iq, house, payload } = request;
  // Section 3.2: an account is cancelled with the host that has it, and with no other one of this server.
  if (iq.to !== undefined && iq.to.domain !== iq.from.domain) return refused("service-unavailable", "503", "this is not the host of your account");
  const { passwords, removal } = house.limits.registration;
  if (!passwords && !removal && !house.limits.registration.enabled) return refused("service-unavailable", "503", "");
  if (iq.type === "get") {
    // Section 3.1: the password itself is not known here.
    return { result: el("query", { xmlns }, el("registered"), el("instructions", {}, "You have an account. You may set another password."), el("username", {}, iq.from.local), el("password")) };
  }
  if (payload.getChild("remove", xmlns) === undefined) {
    return passwords ? changePassword(request) : refused("not-allowed", "405", "passwords are not changed in-band here");
  }
  const elements = payload.children.filter((child) => typeof child !== "string");
  if (elements.length !== 1) return refused("bad-request", "400", "remove stands alone");
  return removal ? remove(request) : refused("not-allowed", "405", "accounts are not removed in-band here");
}

/**
 * Section 3.3. The channel is as confidential as the one over which the user has logged in. Other sessions go on, as where an operator
 * sets the password.
 */
async function changePassword({ iq, house, payload }: IqRequest): Promise<IqReply> {
  const given = readCredentials(payload);
  if (given === undefined) return refused("bad-request", "400", "the user name and the new password are needed");
  const { local = "", bare } = iq.from;
  // Forms in section 3.3 have the whole address.
  if (prepareLocal(given.username) !== local && parseJid(given.username)?.full !== bare) return refused("not-allowed", "405", "that is not your own account");
  const weakness = weaknessOf(given.password, local);
  if (weakness !== undefined) return refused("not-acceptable", "406", weakness);
  const fault = await house.registrar.setPassword(bare, given.password);
  if (fault !== undefined) return faultOf(fault);
  house.log.info({ jid: bare }, "a password was changed in-band");
  return { result: undefined };
}

/**
 * Section 3.2: the answer when the account is gone, and then the end of the stream with not-authorized, which the end of the account
 * brings for all its sessions. Those who see this one are told first that it leaves.
 */
async function remove({ step, iq, session, house }: IqRequest): Promise<IqReply> {
  const cause = step.id;
  if (session.connected && session.available) session.tell(step, { type: "presence.withdrawn", at: step.at });
  const fault = await house.registrar.remove(iq.from.bare, session, () => {
    house.run(cause, (step) => session.deliver(step, iqResult(iq)));
  });
  if (fault !== undefined) return faultOf(fault);
  house.log.info({ jid: iq.from.bare }, "an account was removed in-band");
  // It was said before: the stream has ended, and takes no more.
  return { result: undefined };
}

/** Section 6: a form counts before the fields, and has the same names. undefined: something is missing, or empty. */
function readCredentials(payload: Element): { readonly username: string; readonly password: string } | undefined {
  const element = findForm(payload);
  const form = element === undefined ? undefined : readForm(element);
  if (element !== undefined && (form?.kind !== "submit" || form.formType !== xmlns)) return undefined;
  const valueOf = (name: string) => (form === undefined ? payload.getChildText(name, xmlns) : form.fields.get(name)?.[0]);
  const [username, password] = [valueOf("username"), valueOf("password")];
  return username && password ? { username, password } : undefined;
}

/** What is too easy to guess, for a person. */
function weaknessOf(password: string, username: string): string | undefined {
  if ([...password].length < registrationPasswordCharsMin) return `the password is too short: it needs ${registrationPasswordCharsMin} characters`;
  return password.toLowerCase() === username.toLowerCase() ? "the password is the user name" : undefined;
}

/** `username`: the one that is meant for who is invited. */
function newcomerForm(username?: string): Element {
  const form = dataForm("form", xmlns, [
    { var: "username", type: "text-single", label: "User name", ...(username !== undefined && { values: [username] }), elements: [el("required")] },
    { var: "password", type: "text-private", label: "Password", elements: [el("required")] },
  ]);
  form.children.unshift(el("title", {}, "A new account"), el("instructions", {}, instructions));
  return form;
}

const instructions = `Choose a user name and a password of at least ${registrationPasswordCharsMin} characters.`;

function faultOf(fault: RegistrarFault): IqReply {
  switch (fault) {
    case "taken":
      return taken;
    case "unknown":
      return refused("registration-required", "407", "there is no such account");
    case "unusable":
      return refused("not-acceptable", "406", "that password has characters that not every client can send; choose others");
    case "used":
      return refused("not-acceptable", "406", "the invitation was used meanwhile, or taken back; ask for another one");
    case "busy":
      return refused("resource-constraint", "500", "too much is asked for at the same time; try again in a moment");
  }
}

/** Section 9: with the code of old. What was asked is not sent back: there may be a password in it (section 3.3). */
function refused(condition: StanzaFault["condition"], code: string, text: string): IqReply {
  return { fault: { condition, code, text } };
}

const taken: IqReply = refused("conflict", "409", "that name is in use; choose another");
