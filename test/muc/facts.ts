/** A room as a test wants it, by facts: without the protocol of those who administer rooms, which has tests of its own. */
import { expect } from "vitest";
import type { RoomConfig } from "../../src/domain/room-config.ts";
import type { RoomFacts, RoomFactType, RoomOwner } from "../../src/domain/room-facts.ts";
import type { Affiliation, OccupantRole } from "../../src/domain/room-standing.ts";
import type { Extension } from "../../src/router/extension.ts";
import type { BoundClient } from "../support/login.ts";
import { joining } from "./setting.ts";

const xmlns = "urn:refrain:test:facts";

/** Records what it is told about a room. For `startServer`. */
export const roomFacts: Extension = {
  name: "room-facts",
  specification: { id: "XEP-0045", version: "1.35.5", title: "Multi-User Chat" },
  rooms: {
    iq: [
      {
        xmlns,
        name: "fact",
        types: ["set"],
        at: ["room"],
        handle({ rooms, step, room, payload }) {
          if (room !== undefined) rooms.change(step, room, payload.attrs["type"] as RoomFactType, JSON.parse(payload.getText()));
          return { result: undefined };
        },
      },
    ],
  },
};

async function record<Type extends RoomFactType>(client: BoundClient, room: string, type: Type, data: Omit<RoomFacts[Type], keyof RoomOwner>): Promise<void> {
  const json = JSON.stringify(data).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const stanzas = await client.ask(`<iq type='set' id='fact' to='${room}'><fact xmlns='${xmlns}' type='${type}'>${json}</fact></iq>`);
  expect(stanzas.find(({ name }) => name === "iq")?.attrs).toMatchObject({ type: "result", id: "fact" });
}

/** Makes a room by entering it, with this configuration; what was said of that is gone. */
export async function madeRoom(owner: BoundClient, room: string, nick: string, changes: Partial<RoomConfig> = {}): Promise<void> {
  await owner.ask(joining(room, nick));
  await configure(owner, room, changes);
}

export const configure = (client: BoundClient, room: string, changes: Partial<RoomConfig>): Promise<void> => record(client, room, "RoomConfigured", { changes });

export const affiliate = (client: BoundClient, room: string, jid: string, affiliation: Affiliation, nick: string | null = null): Promise<void> =>
  record(client, room, "AffiliationSet", { jid, affiliation, nick, reason: null });

/** Of somebody who is in the room; nobody is told. */
export const assign = (client: BoundClient, room: string, nick: string, role: OccupantRole): Promise<void> => record(client, room, "RoleSet", { nick, role });
