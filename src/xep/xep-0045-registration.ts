/**
 * Registering with a room: a user becomes a member and has a nick reserved (XEP-0045 section 7.10). Where members are more than that,
 * because others cannot enter or have no voice, it is for admins to make them.
 */
import { prepareResource } from "../domain/jid.ts";
import type { Room } from "../domain/room.ts";
import { affiliationOf } from "../muc/affiliation.ts";
import type { RoomIqRequest, RoomReply } from "../muc/contract.ts";
import { nickFault } from "../muc/entering.ts";
import { muc } from "../muc/namespaces.ts";
import { affiliationFaults } from "../muc/standing-faults.ts";
import { actorOf, setAffiliations, type AffiliationChange } from "../muc/standing.ts";
import type { Extension } from "../router/extension.ts";
import { dataForm, findForm, readForm } from "../xml/data-form.ts";
import type { Element } from "../xml/element.ts";
import { el, type StanzaFault } from "../xml/stanza.ts";

const xmlns = "jabber:iq:register";
const formType = `${muc}#register`;
const nickField = "muc#register_roomnick";

export const roomRegistration: Extension = {
  name: "room-registration",
  specification: {
    id: "XEP-0045",
    version: "1.35.5",
    title: "Multi-User Chat",
    missing: ["Members-only and moderated rooms take no registrations: no admin is asked to approve them, as section 9.9 would let them."],
  },
  rooms: {
    iq: [
      { xmlns, name: "query", types: ["get"], at: ["room"], handle: tell },
      { xmlns, name: "query", types: ["set"], at: ["room"], handle: register },
    ],
    roomFeatures: (room) => (takesMembers(room) ? [xmlns, formType] : []),
  },
};

/** Where a member has nothing that others do not have, but a nick. */
function takesMembers({ config }: Room): boolean {
  return !config.membersOnly && !config.moderated;
}

function refusal({ rooms, room, iq: { from } }: RoomIqRequest): StanzaFault | undefined {
  const affiliation = room === undefined ? undefined : affiliationOf(rooms, room, from.bare);
  if (room === undefined || affiliation === undefined || (room.locked && affiliation !== "owner")) return { condition: "item-not-found", text: "there is no such room" };
  if (affiliation === "outcast") return { condition: "not-allowed", text: "you are banned from this room" };
  // Who is a member already opens no door by a nick.
  const may = takesMembers(room) || affiliation !== "none";
  return may ? undefined : { condition: "not-allowed", text: "ask an admin of this room to make you a member" };
}

function tell(request: RoomIqRequest): RoomReply {
  const { room, iq } = request;
  const fault = refusal(request);
  if (room === undefined || fault !== undefined) return { fault: fault ?? malformed };
  const nick = room.affiliations.get(iq.from.bare)?.nick ?? undefined;
  const form = dataForm("form", formType, [{ var: nickField, type: "text-single", label: "Desired Nickname", elements: [el("required")], values: nick === undefined ? [] : [nick] }]);
  form.children.unshift(el("title", {}, `Registration with ${room.bare}`), el("instructions", {}, "Say which nick is to be yours in this room."));
  const known = nick === undefined ? [] : [el("registered"), el("username", {}, nick)];
  return { result: el("query", { xmlns }, ...known, el("instructions", {}, "Use the enclosed form to register."), form) };
}

function register(request: RoomIqRequest): RoomReply {
  const { rooms, room, iq, step, payload } = request;
  const fault = refusal(request);
  if (room === undefined || fault !== undefined) return { fault: fault ?? malformed };
  const change = payload.getChild("remove", xmlns) === undefined ? readChange(room, iq.from.bare, payload) : removal(room, iq.from.bare);
  if (change === undefined) return { result: undefined };
  if ("condition" in change) return { fault: change };
  // In the room's own name: it is no admin who does this.
  const actor = { ...actorOf(rooms, room, iq.from), nick: undefined };
  const refused = affiliationFaults(rooms, room, { ...actor, affiliation: "owner" }, [change]).find((fault) => fault !== undefined);
  if (refused !== undefined) return { fault: refused };
  return { result: undefined, afterwards: setAffiliations(rooms, step, room, actor, [change], { invite: false }) };
}

/** undefined: the form was sent back unfilled. */
function readChange(room: Room, bareJid: string, payload: Element): AffiliationChange | StanzaFault | undefined {
  const element = findForm(payload);
  const form = element === undefined ? undefined : readForm(element);
  if (form?.kind === "cancel") return undefined;
  if (form?.kind !== "submit" || form.formType !== formType) return malformed;
  const [wanted, ...more] = form.fields.get(nickField) ?? [];
  if (wanted === undefined || more.length > 0) return malformed;
  const nick = prepareResource(wanted);
  if (nick === undefined || nickFault(nick) !== undefined) return { condition: "not-acceptable", text: "this can be nobody's nick" };
  return { jid: bareJid, affiliation: room.affiliations.get(bareJid)?.affiliation ?? "member", nick };
}

/** XEP-0077 section 3.2. Admins and owners stay what they are: that was not given here. */
function removal({ affiliations }: Room, bareJid: string): AffiliationChange | StanzaFault {
  const row = affiliations.get(bareJid);
  if (row === undefined) return { condition: "registration-required", text: "you are not registered with this room" };
  return row.affiliation === "member" ? { jid: bareJid, affiliation: "none" } : { jid: bareJid, affiliation: row.affiliation, nick: null };
}

const malformed: StanzaFault = { condition: "bad-request", text: `submit the form ${formType} with ${nickField}` };
