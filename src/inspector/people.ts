/** Two users for whoever tries this server in a browser for the first time. */
import { textResponse, type HttpHandler, type HttpResponse } from "../net/http-route.ts";
import type { Ids, Log } from "../ports.ts";
import type { FreePeople, MadePerson } from "./protocol.ts";

/** false: the name is not free. Whoever has it is left alone. */
export type AddUser = (jid: string, password: string) => Promise<boolean>;

export interface PeopleOptions {
  readonly addUser: AddUser;
  readonly isUser: (jid: string) => Promise<boolean>;
  /** Of the first one they are. */
  readonly hosts: readonly string[];
  /** Passwords are made of it: 128 random bits. */
  readonly ids: Ids;
  readonly log: Log;
}

const names = ["romeo", "juliet"] as const;

export interface PeopleHandlers {
  readonly make: HttpHandler;
  readonly free: HttpHandler;
}

/**
 * `free` tells which of them are not there yet. `make` makes them, and tells their passwords, once. It takes nothing from whoever asks, so that all that it can ever do is these two; and only for who is
 * on this machine, whatever else lets in.
 */
export function peopleRoute({ addUser, isUser, hosts, ids, log }: PeopleOptions): PeopleHandlers {
  const jids = names.map((name) => `${name}@${hosts[0]}`);
  return {
    async make(request) {
      if (!request.loopback) return elsewhere;
      const people: MadePerson[] = [];
      for (const jid of jids) {
        const password = ids.next();
        const made = await addUser(jid, password);
        people.push({ jid, password: made ? password : null });
        if (made) log.info({ event: "inspector.made", jid, address: request.remoteAddress }, `${jid} was made from the inspector's page, to try with`);
      }
      return json({ people });
    },

    async free(request) {
      if (!request.loopback) return elsewhere;
      const there = await Promise.all(jids.map(isUser));
      return json({ free: jids.filter((_, index) => there[index] === false) } satisfies FreePeople);
    },
  };
}

const elsewhere = textResponse(403, "Users are made here for this machine alone; `refrain user add` makes them in any case.");

function json(value: object): HttpResponse {
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}
