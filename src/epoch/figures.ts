/** What operators are told of an epoch in numbers. */
import { stateName } from "../../machines/state-name.ts";
import type { Room } from "../domain/room.ts";
import type { SessionHost } from "../session/host.ts";

export interface EpochFigures {
  /** By the state of their machine. */
  readonly sessions: ReadonlyMap<string, number>;
  /** Stanzas that are kept until clients acknowledge them: in all, and the longest queue. */
  readonly queued: number;
  readonly queuedMost: number;
  /** In memory: every room with an occupant is. */
  readonly rooms: number;
  /** Sessions in them. */
  readonly occupants: number;
  readonly uncommittedBytes: number;
  /** That are connected. */
  readonly components: number;
  /** The domains of those that are not. */
  readonly componentsAway: readonly string[];
}

/** As it is now: looks at all of them. */
export function epochFigures({ sessions, rooms, batch, components }: {
  readonly sessions: Iterable<SessionHost>;
  readonly rooms: { known(): Iterable<Room> };
  readonly batch: { readonly uncommittedBytes: number };
  readonly components: { readonly connected: number; readonly away: readonly string[] };
}): EpochFigures {
  const byState = new Map<string, number>();
  let [queued, queuedMost, known, occupants] = [0, 0, 0, 0];
  for (const session of sessions) {
    const state = stateName(session.snapshot.value);
    byState.set(state, (byState.get(state) ?? 0) + 1);
    const length = session.management.queue?.stanzas.length ?? 0;
    queued += length;
    queuedMost = Math.max(queuedMost, length);
  }
  for (const room of rooms.known()) {
    known += 1;
    for (const { presences } of room.occupants.values()) occupants += Object.keys(presences).length;
  }
  return { sessions: byState, queued, queuedMost, rooms: known, occupants, uncommittedBytes: batch.uncommittedBytes, components: components.connected, componentsAway: components.away };
}
