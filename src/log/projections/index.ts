/** Every read model of the server. A new one is one file and one name here; the store fills it when it is next opened. */

import type { Projection } from "../projection.ts";
import { accountData } from "./account-data.ts";
import { accountRows } from "./account-rows.ts";
import { accounts } from "./accounts.ts";
import { archive } from "./archive.ts";
import { invitations } from "./invitations.ts";
import { roomRows } from "./room-rows.ts";
import { rooms } from "./rooms.ts";
import { sessions } from "./sessions.ts";

export const projections: readonly Projection[] = [accounts, accountRows, accountData, archive, sessions, rooms, roomRows, invitations];
