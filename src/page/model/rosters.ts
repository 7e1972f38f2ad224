/** The roster of a session's account at the places that are looked at: its own facts tell it, so the server is asked, once a place has rested. */
import { effect, signal } from "@preact/signals";
import type { SessionView } from "../../domain/session-view.ts";
import type { Connection } from "./connection.ts";
import type { PageClock, Recording } from "./contract.ts";

type Roster = SessionView["roster"];

interface Place {
  readonly key: string;
  readonly host: string;
  readonly username: string;
  /** The end of what lives has no place in the log yet: whatever the log holds by now counts. */
  readonly position: number;
  /** An answer of another stamp is out of date; at the end that is so with each entry. */
  readonly stamp: number;
}

/** Milliseconds that a place rests before it is asked for. */
const restMs = 200;
/** Milliseconds until the end of what lives is asked for again. */
const againMs = 1_000;
const answersMax = 500;

export class Rosters {
  readonly #connection: Connection;
  readonly #clock: PageClock;
  readonly #answers = signal<ReadonlyMap<string, { readonly roster: Roster; readonly stamp: number }>>(new Map());
  #waiting: { readonly keys: string; readonly cancel: () => void } | undefined;

  /** `looked`: the places that are looked at, read from signals; undefined while nobody looks at rosters. */
  constructor(connection: Connection, clock: PageClock, looked: () => { readonly recording: Recording; readonly indexes: readonly number[] } | undefined) {
    this.#connection = connection;
    this.#clock = clock;
    effect(() => {
      const { recording, indexes } = looked() ?? { indexes: [] };
      const places = recording === undefined ? [] : indexes.flatMap((index) => placeAt(recording, index) ?? []);
      const isOpen = connection.state.value === "open";
      this.#wait(isOpen ? places.filter(({ key, stamp }) => this.#answers.value.get(key)?.stamp !== stamp) : []);
    });
  }

  /** null where the log does not hold the account's facts, undefined while it is not known. */
  at(recording: Recording, index: number): Roster | undefined {
    const place = placeAt(recording, index);
    return place && this.#answers.value.get(place.key)?.roster;
  }

  #wait(places: readonly Place[]): void {
    const keys = places.map(({ key }) => key).join(" ");
    // At the end of a busy session more comes before it has rested: that is not waited for.
    if (this.#waiting?.keys === keys && keys !== "") return;
    this.#waiting?.cancel();
    this.#waiting = undefined;
    if (places.length === 0) return;
    const isKnown = places.every(({ key }) => this.#answers.peek().has(key));
    const waiting = { keys, cancel: this.#clock.after(isKnown ? againMs : restMs, () => void this.#ask(places, () => {
      if (this.#waiting === waiting) this.#waiting = undefined;
    })) };
    this.#waiting = waiting;
  }

  async #ask(places: readonly Place[], over: () => void): Promise<void> {
    const { host, username } = places[0]!;
    const positions = places.map(({ position }) => position);
    try {
      const rosters = (await this.#connection.ask({ kind: "rosters", host, username, positions })) as readonly Roster[];
      const told = places.map(({ key, stamp }, index) => [key, { roster: rosters[index] ?? null, stamp }] as const);
      over();
      this.#answers.value = new Map([...this.#answers.peek(), ...told].slice(-answersMax));
    } catch {
      // It stays unknown, until somebody looks again or the connection is back.
      over();
    }
  }
}

/** undefined where the session has no roster, or its place in the log is not known. */
function placeAt(recording: Recording, index: number): Place | undefined {
  const { past } = recording.momentAt(index);
  const { host, username, roster } = past?.session ?? {};
  if (past === null || !host || !username || !roster) return undefined;
  const { length } = recording.entries;
  const isEnd = recording.live && index === length - 1;
  if (!isEnd && past.position === 0) return undefined;
  const [position, stamp] = isEnd ? [Number.MAX_SAFE_INTEGER, length + recording.leftOut] : [past.position, 0];
  return { key: `${username}@${host} ${position}`, host, username, position, stamp };
}
