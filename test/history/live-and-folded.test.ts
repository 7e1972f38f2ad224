import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SessionView } from "../../src/domain/session-view.ts";
import { replay } from "../../src/history/replay.ts";
import type { SessionPast } from "../../src/history/session-past.ts";
import { chat, gone, hibernating, type ManagedClient } from "../management/support.ts";
import { loggedServer, type LoggedServer } from "./living.ts";

let stage: LoggedServer;
beforeAll(async () => {
  stage = await loggedServer([]);
});
afterAll(() => stage.server.stop());

/** What a client does next; those that it cannot do at that moment are left out. Half of it is about presence. */
const actions = fc.record({
  what: fc.constantFrom(
    "available", "available", "withdraw", "withdraw", "direct", "undirect", "roster", "write", "add", "enable", "acknowledge", "cut", "resume", "leave",
  ),
  priority: fc.integer({ min: -128, max: 127 }),
});
const conversations = fc.array(fc.record({ who: fc.constantFrom(0, 1), action: actions }), { minLength: 25, maxLength: 40 });

/** What the live server said of its sessions, with the place in the log that this was said at. */
interface Seen {
  readonly position: number;
  readonly views: readonly SessionView[];
}

let rounds = 0;

async function play(conversation: readonly { readonly who: number; readonly action: { readonly what: string; readonly priority: number } }[]): Promise<readonly Seen[]> {
  rounds += 1;
  const users = [`romeo-${rounds}`, `juliet-${rounds}`] as const;
  for (const user of users) await stage.server.addUser(user, "secret");
  const clients: (ManagedClient | undefined)[] = [undefined, undefined];
  const away = [false, false];
  const seen: Seen[] = [];
  for (const [turn, { who, action }] of conversation.entries()) {
    const other = `${users[1 - who]}@localhost`;
    const client = clients[who];
    if (client === undefined) {
      clients[who] = await stage.enter(users[who]!);
    } else if (away[who]) {
      if (action.what !== "resume") continue;
      await client.resume();
      away[who] = false;
    } else {
      const managed = client.id !== "";
      switch (action.what) {
        case "available": await client.ask(`<presence><priority>${action.priority}</priority><status>${turn}</status></presence>`); break;
        case "withdraw": await client.ask("<presence type='unavailable'/>"); break;
        case "direct": await client.ask(`<presence to='${other}'/>`); break;
        case "undirect": await client.ask(`<presence to='${other}' type='unavailable'/>`); break;
        case "roster": await client.ask("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>"); break;
        case "add": await client.ask(`<iq type='set' id='a${turn}'><query xmlns='jabber:iq:roster'><item jid='c${turn}@localhost'/></query></iq>`); break;
        case "write": await client.ask(chat(other, `m${turn}`)); break;
        case "enable": if (!managed) await client.enable(); break;
        case "acknowledge": if (managed) { client.ack(); await client.caughtUp(); } break;
        case "cut":
          client.cut();
          if (managed) await hibernating(stage.server, client.jid);
          else await gone(stage.server, client.jid);
          if (managed) away[who] = true;
          else clients[who] = undefined;
          break;
        case "leave":
          await client.close();
          await gone(stage.server, client.jid);
          clients[who] = undefined;
          break;
      }
    }
    seen.push(await look(users));
  }
  for (const client of clients) client?.cut();
  return seen;
}

/** A moment in which nothing was recorded while it was looked at. */
async function look(users: readonly string[]): Promise<Seen> {
  for (;;) {
    const position = await stage.settled();
    const views = (await stage.server.sessions()).filter(({ username, state }) => users.includes(username ?? "") && state !== "closed");
    if ((await stage.settled()) === position + 1) return { position, views };
  }
}

/** What of a live session the log can tell. */
function ofLive({ presence, conn, ...view }: SessionView) {
  return { ...view, available: presence !== null, hibernating: conn === null };
}

function ofPast({ session: { presence, ...session }, link }: SessionPast) {
  return { ...session, available: presence !== null, hibernating: link === "hibernating" };
}

describe("Invariant 9: at every committed position the folded log is the live state", () => {
  it("for sessions of generated conversations, and no snapshot says otherwise", async () => {
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(conversations, async (conversation) => {
        const seen = await play(conversation);
        const rows = await Promise.all([0, 1].map((who) => stage.sessionsOf(`${["romeo", "juliet"][who]}-${rounds}`)));
        for (const row of rows.flat()) {
          const moments = seen.flatMap(({ position, views }) => views.filter(({ id }) => id === row.id).map((view) => ({ position, view })));
          const { last } = await replay(stage.source, row, ["last"]);
          const { pasts, disagreements } = await replay(stage.source, row, moments.map(({ position }) => Math.min(position, last)));
          expect(disagreements).toEqual([]);
          // The roster is the account's: it goes on where the session has no fact.
          for (const [index, { view }] of moments.entries()) {
            const { roster: now, ...live } = ofLive(view);
            const { roster: then, ...past } = ofPast(pasts[index]!);
            expect(past).toEqual(live);
            if (moments[index]!.position <= last) expect(then).toEqual(now);
            compared += 1;
          }
        }
      }),
      { numRuns: 8 },
    );
    expect(compared).toBeGreaterThan(100);
  }, 30_000);
});
