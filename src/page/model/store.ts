/** What the page knows, kept up to date with its server, and what people do in it. */
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import type { SessionSummary } from "../../domain/session-summary.ts";
import type { SessionView } from "../../domain/session-view.ts";
import type { SessionRow } from "../../history/source.ts";
import type { FromServer, Hello } from "../../inspector/protocol.ts";
import type { StoredFact } from "../../ports.ts";
import { Connection, type ConnectionParts } from "./connection.ts";
import type { Entry, Route, Store, Totals } from "./contract.ts";
import { fragmentOf, placeBeyondToken, routeOf, tokenIn } from "./route.ts";
import { Rosters } from "./rosters.ts";
import { WatchedSessions } from "./watched-sessions.ts";

/** The fragment of the page's address. */
export interface AddressBar {
  /** `#/sessions`, or empty. */
  fragment(): string;
  /** In place of the one that is there, which no way leads back to. */
  replace(fragment: string): void;
  push(fragment: string): void;
  /** Back, forward, or another one typed in. */
  onChanged(changed: () => void): void;
}

export interface StoreParts extends ConnectionParts {
  readonly address: AddressBar;
}

/** One a second. */
const totalsMax = 120;
const goneNamesMax = 500;

/** Connects at once. */
export function createStore(parts: StoreParts): Store {
  return new PageStore(parts);
}

/** What sessions were called that are gone: the newest of them. */
class GoneNames {
  readonly #names = new Map<string, string>();

  note(id: string, jid: string | null | undefined): void {
    if (jid === null || jid === undefined) return;
    this.#names.delete(id);
    this.#names.set(id, jid);
    for (const oldest of this.#names.keys()) {
      if (this.#names.size <= goneNamesMax) break;
      this.#names.delete(oldest);
    }
  }

  of(id: string): string | undefined {
    return this.#names.get(id);
  }
}

class PageStore implements Store {
  readonly hello = signal<Hello | undefined>(undefined);
  readonly sessions = signal<ReadonlyMap<string, SessionSummary>>(new Map());
  readonly totals = signal<readonly Totals[]>([]);
  readonly dropped = signal(0);
  readonly watchNew = signal(false);
  readonly beside = signal<string | undefined>(undefined);
  readonly route;
  readonly connection;
  readonly problem;
  readonly recording: Store["recording"];
  readonly revision: Store["revision"];
  readonly place: Store["place"];
  readonly mark: Store["mark"];
  readonly moment: Store["moment"];
  readonly #parts: StoreParts;
  readonly #connection: Connection;
  readonly #watched: WatchedSessions;
  readonly #rosters: Rosters;
  readonly #names = new GoneNames();
  /** How far the server's clock is ahead of the browser's, ms. */
  #ahead = 0;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    const { address } = parts;
    this.#connection = new Connection(parts, (message) => batch(() => this.#heard(message)));
    this.#watched = new WatchedSessions(this.#connection);
    this.connection = this.#connection.state;
    this.problem = computed(() => this.#connection.problem.value || this.#watched.problem.value);
    const { recording, revision, place, mark, moment } = this.#watched;
    [this.recording, this.revision, this.place, this.mark, this.moment] = [recording, revision, place, mark, moment];
    const token = tokenIn(address.fragment());
    this.route = signal<Route>(routeOf(placeBeyondToken(address.fragment())));
    // A token is not to stay in the history of the browser.
    if (token !== undefined) address.replace(fragmentOf(this.route.value));
    effect(() => {
      const [route, beside] = [this.route.value, this.beside.value];
      untracked(() => this.#go(route, beside));
    });
    effect(() => {
      this.#connection.send({ type: "watch-new", on: this.watchNew.value });
    });
    this.#rosters = new Rosters(this.#connection, parts.clock, () => this.#documented());
    address.onChanged(() => this.#addressChanged());
    void this.#connection.start(token);
  }

  find(text: string): Promise<readonly SessionRow[]> {
    return this.#watched.find(text);
  }

  async related({ index, step }: Entry): Promise<readonly StoredFact[]> {
    const { entries } = this.recording.value ?? { entries: [] };
    // What is not in the log lies near what is.
    const position = entries.slice(0, index + 1).findLast((entry) => entry.position !== null)?.position;
    if (step === "" || position === undefined || position === null) return [];
    return (await this.#connection.ask({ kind: "related", position, step })) as readonly StoredFact[];
  }

  rosterAt(index: number): SessionView["roster"] | undefined {
    const recording = this.recording.value;
    return recording && this.#rosters.at(recording, index);
  }

  lastName(id: string): string | undefined {
    return this.#names.of(id);
  }

  now(): number {
    return this.#parts.clock.now() + this.#ahead;
  }

  #heard(message: FromServer): void {
    switch (message.type) {
      case "hello":
        return this.#greeted(message);
      case "list": {
        const sessions = new Map(message.whole ? [] : this.sessions.value);
        for (const id of message.gone) {
          this.#names.note(id, sessions.get(id)?.jid);
          sessions.delete(id);
        }
        for (const summary of message.changed) sessions.set(summary.id, summary);
        this.sessions.value = sessions;
        return;
      }
      case "totals": {
        const { at, sessions, told, loginFailures } = message;
        this.totals.value = [...this.totals.value, { at, sessions, told, loginFailures }].slice(-totalsMax);
        return;
      }
      case "watching":
        return this.#watched.begun(message);
      case "watch-refused":
        return this.#watched.refused(message.session, message.why);
      case "items":
        this.dropped.value = message.dropped;
        return this.#watched.take(message.items);
      case "epoch":
        this.sessions.value = new Map();
        this.#watched.beginAnew();
    }
  }

  #greeted(hello: Hello): void {
    const isFirst = this.hello.value === undefined;
    this.#ahead = hello.at - this.#parts.clock.now();
    this.hello.value = hello;
    this.sessions.value = new Map();
    this.totals.value = [];
    this.dropped.value = 0;
    this.#connection.send({ type: "list", on: true });
    if (this.watchNew.value) this.#connection.send({ type: "watch-new", on: true });
    this.#watched.connected(hello.live);
    const [opened] = hello.opened;
    if (isFirst && opened !== undefined && this.route.value.view === "overview") this.route.value = { view: "session", id: opened.id, tab: "chart" };
  }

  // Where one is.

  #go(route: Route, beside: string | undefined): void {
    const { address } = this.#parts;
    const fragment = fragmentOf(route);
    if (fragmentOf(routeOf(address.fragment())) !== fragment) address.push(fragment);
    const chosen = route.view === "session" ? route.id : route.view === "chat" ? beside : undefined;
    if (chosen !== this.#watched.chosen) this.#watched.choose(chosen);
  }

  /** Where the documented session is looked at: the place, and what it is compared with. */
  #documented() {
    const [route, recording, moment, mark] = [this.route.value, this.recording.value, this.moment.value, this.mark.value];
    if (!("tab" in route) || route.tab !== "session" || recording === undefined || moment === undefined) return undefined;
    return { recording, indexes: [moment.index, mark ?? moment.index - 1].filter((index) => index >= 0) };
  }

  #addressChanged(): void {
    const { address } = this.#parts;
    const token = tokenIn(address.fragment());
    if (token === undefined) {
      const route = routeOf(address.fragment());
      if (fragmentOf(route) !== fragmentOf(this.route.value)) this.route.value = route;
      return;
    }
    const beyond = routeOf(placeBeyondToken(address.fragment()));
    if (beyond.view !== "overview") this.route.value = beyond;
    address.replace(fragmentOf(this.route.value));
    void this.#connection.start(token);
  }
}
