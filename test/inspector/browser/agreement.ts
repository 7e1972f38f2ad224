/** Whether the page shows a session as the server has it: the server is asked by its own ways, and nothing of the page is believed. */
import type { SessionView } from "../../../src/domain/session-view.ts";
import type { TestServer } from "../../../src/testing/start-server.ts";
import { activeStates } from "./active-states.ts";
import { eventually } from "./eventually.ts";
import type { InspectorPage, ShownSession } from "./inspector-page.ts";

/** What the test knows of a session's counts, because it has sent and read all of it. */
export interface Counted {
  readonly received: number;
  readonly sent: number;
  readonly acknowledged: number;
}

/** Waits until the page, which follows the session live on its tab `Session`, shows what the server has. `counted`: null for one that does not count. */
export async function agrees(view: InspectorPage, server: TestServer, id: string, counted: Counted | null = null): Promise<SessionView> {
  let known: SessionView | undefined;
  await eventually(async () => {
    known = (await server.sessions()).find((session) => session.id === id);
    return known === undefined ? ["the session lives no more"] : disagreements(shown(await view.session()), expected(known, counted));
  }).toEqual([]);
  return known!;
}

function shown({ state, lit, fields }: ShownSession): Readonly<Record<string, unknown>> {
  return { pill: state, lit: lit.join(" "), ...fields };
}

function expected(session: SessionView, counted: Counted | null): Readonly<Record<string, unknown>> {
  const text = (value: unknown) => (value === null || value === false ? null : String(value));
  return {
    pill: session.state,
    lit: activeStates(session.state).join(" "),
    state: session.state,
    conn: session.conn?.address ?? null,
    notopen: text(session.notopen),
    type: session.type,
    username: session.username,
    host: session.host,
    resource: session.resource,
    full_jid: session.full_jid,
    priority: String(session.priority),
    interested: text(session.interested),
    roster: session.roster === null ? null : `${session.roster.items} ${session.roster.items === 1 ? "item" : "items"}`,
    ...(counted === null
      ? { counts: null, queue: "0 stanzas" }
      : {
          counts: `${counted.received} received, ${counted.sent} sent, ${counted.acknowledged} acknowledged`,
          queue: counted.sent - counted.acknowledged === 1 ? "1 stanza" : `${counted.sent - counted.acknowledged} stanzas`,
        }),
  };
}

function disagreements(shown: Readonly<Record<string, unknown>>, expected: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(expected)
    .filter(([name, value]) => shown[name] !== value)
    .map(([name, value]) => `${name}: the page shows ${JSON.stringify(shown[name])}, the server has ${JSON.stringify(value)}`);
}
