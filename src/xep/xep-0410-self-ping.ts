/** Self-ping: a client asks whether it is still in a room, and the room answers at once, whatever the other sessions of the user do. */
import { muc } from "../muc/namespaces.ts";
import type { RoomIqRequest, RoomReply } from "../muc/contract.ts";
import type { Extension } from "../router/extension.ts";

export const selfPing: Extension = {
  name: "self-ping",
  specification: { id: "XEP-0410", version: "1.1.0", title: "MUC Self-Ping (Schrödinger's Chat)" },
  rooms: {
    iq: [{ xmlns: "urn:xmpp:ping", name: "ping", types: ["get"], at: ["occupant"], handle: answer }],
    roomFeatures: () => [`${muc}#self-ping-optimization`],
  },
};

/** XEP-0410 section 3.3. Others are asked themselves. */
function answer({ iq, nick }: RoomIqRequest): RoomReply | undefined {
  if (nick === undefined) return { fault: { condition: "not-acceptable", text: "enter the room first" } };
  return nick === iq.to.resource ? { result: undefined } : undefined;
}
