/** Invariant 9: what the log gives back of each session is what the live server says, and agrees with itself. */
import { createHistoryAdmin } from "../../../src/admin/history-admin.ts";
import { replay } from "../../../src/history/replay.ts";
import { sessionsOf, type HistorySource, type SessionRow } from "../../../src/history/source.ts";
import type { SessionView } from "../../../src/domain/session-view.ts";
import { differencesOf, finalCountDifferences } from "../crash/replay-differences.ts";
import type { Past, ReportedSession } from "../crash/operator.ts";
import type { Scene } from "./scene.ts";

const rule = "Invariant 9: the folded log is the live state";

/** Nothing is under way, and both sides have told each other what they have. */
export async function checkReplays(scene: Scene): Promise<void> {
  const source = createHistoryAdmin({ store: scene.disk.store, hosts: [scene.domain] });
  const views = new Map((await scene.server.server.admin.sessions()).map((view) => [view.id, view]));
  const recorded = new Set<string>();
  for (const { name } of scene.people) {
    for (const row of await sessionsOf(source, scene.domain, name)) {
      recorded.add(row.id);
      for (const text of await differences(scene, source, row, views.get(row.id))) scene.problem(rule, `session ${row.id} of ${name}: ${text}`);
    }
  }
  for (const [id, { username }] of views) {
    if (username !== null && !recorded.has(id)) scene.problem(rule, `session ${id} of ${username} lives, and the log knows nothing of it`);
  }
}

async function differences(scene: Scene, source: HistorySource, row: SessionRow, view: SessionView | undefined): Promise<readonly string[]> {
  const { pasts, disagreements } = await replay(source, row, ["last"]);
  const past = pasts[0] as unknown as Past;
  const found = disagreements.map(({ position, what, folded, recorded }) => {
    return `position ${position}: ${what} is ${JSON.stringify(recorded)} there, and ${JSON.stringify(folded)} by the facts before it`;
  });
  if (view === undefined) return past.ended ? found : [...found, "it is over, and the log says that it lives"];
  const sitting = scene.devices.find((device) => device.sitting?.id === row.id)?.sitting;
  const counts = sitting === undefined ? [] : finalCountDifferences({ handledThere: sitting.acknowledged, handledHere: sitting.told }, past);
  // The roster goes on where the session has no fact.
  const { roster: _, ...live } = view as unknown as ReportedSession;
  const { roster: __, ...then } = past.session;
  return [...found, ...differencesOf(live as ReportedSession, { ...past, session: then as Past["session"] }), ...counts];
}
