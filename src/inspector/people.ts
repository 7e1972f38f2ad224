/** Two users for whoever tries this server in a browser for the first time. */
import { textResponse, type HttpHandler } from "../net/http-route.ts";
import type { Ids, Log } from "../ports.ts";
import type { MadePerson } from "./protocol.ts";

/** false: the name is not free. Whoever has it is left alone. */
export type AddUser = (jid: string, password: string) => Promise<boolean>;

export interface PeopleOptions {
  readonly addUser: AddUser;
  /** Of the first one they are. */
  readonly hosts: readonly string[];
  /** Passwords are made of it: 128 random bits. */
  readonly ids: Ids;
  readonly log: Log;
}

const names = ["romeo", "juliet"] as const;

/**
 * Makes them, and tells their passwords, once. It takes nothing from whoever asks, so that all that it can ever do is these two; and only for who is
 * on this machine, whatever else lets in.
 */
export function peopleRoute({ addUser, hosts, ids, log }: PeopleOptions): HttpHandler {
  return async (request) => {
    if (!request.loopback) return textResponse(403, "Users are made here for this machine alone; `refrain user add` makes them in any case.");
    const people: MadePerson[] = [];
    for (const name of names) {
      const [jid, password] = [`${name}@${hosts[0]}`, ids.next()];
      const made = await addUser(jid, password);
      people.push({ jid, password: made ? password : null });
      if (made) log.info({ event: "inspector.made", jid, address: request.remoteAddress }, `${jid} was made from the inspector's page, to try with`);
    }
    return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify({ people }) };
  };
}
