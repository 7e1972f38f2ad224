/** Who is signed in on this page, and whose session is looked at beside the chat. */
import { batch, effect, signal, untracked } from "@preact/signals";
import type { MadePerson } from "../../inspector/protocol.ts";
import type { Store } from "../model/contract.ts";
import { Person } from "./person.ts";
import type { Account, StreamParts } from "./stream.ts";

export interface PeopleParts extends StreamParts {
  /** Has the server make the two users to try with; those that are there already come without a password. Rejects with words for people. */
  make(): Promise<readonly MadePerson[]>;
  /** The JIDs of those of the two that are not there yet; none where that cannot be known. Never rejects. */
  free(): Promise<readonly string[]>;
  /** What is kept until the tab is closed, and no longer. */
  readonly kept: { read(): string | null; write(text: string): void };
}

/** Somebody whose password this page knows, because it was made for it. */
export interface Known {
  readonly jid: string;
  readonly password: string;
}

const peopleMax = 4;

export class People {
  readonly all = signal<readonly Person[]>([]);
  readonly chosen = signal<Person | undefined>(undefined);
  readonly known = signal<readonly Known[]>([]);
  /** Who can be made to try with. */
  readonly free = signal<readonly string[]>([]);
  readonly #parts: PeopleParts;
  readonly #store: Store;
  /** What was chosen before somebody began to sign in. */
  #watchNew: boolean | undefined;

  constructor(store: Store, parts: PeopleParts) {
    this.#store = store;
    this.#parts = parts;
    this.known.value = knownIn(parts.kept.read());
    effect(() => this.#find());
    effect(() => this.#watch());
    effect(() => {
      store.beside.value = this.chosen.value?.session.value;
    });
  }

  get full(): boolean {
    return this.all.value.length >= peopleMax;
  }

  /** `refused`: whose place is taken. */
  signIn(account: Account, refused?: Person): Person {
    // Watched before its first byte is sent.
    this.#hold();
    const person = new Person(this.#parts, account);
    batch(() => {
      this.all.value = [...this.all.value.filter((one) => one !== refused), person];
      this.chosen.value = person;
    });
    return person;
  }

  signInAgain(person: Person): void {
    this.#hold();
    person.signIn();
  }

  leave(person: Person): void {
    person.signOut();
    batch(() => {
      this.all.value = this.all.value.filter((one) => one !== person);
      if (this.chosen.peek() === person) this.chosen.value = this.all.value.at(-1);
    });
  }

  /** Answers the JIDs of those that were there already, and whose passwords nobody here knows. */
  async make(): Promise<readonly string[]> {
    const people = await this.#parts.make();
    const news = people.flatMap(({ jid, password }) => (password === null ? [] : [{ jid, password }]));
    this.known.value = [...this.known.value.filter(({ jid }) => news.every((one) => one.jid !== jid)), ...news];
    this.#parts.kept.write(JSON.stringify(this.known.value));
    this.free.value = [];
    return people.flatMap(({ jid }) => (this.known.value.some((one) => one.jid === jid) ? [] : [jid]));
  }

  async lookForFree(): Promise<void> {
    this.free.value = await this.#parts.free();
  }

  #find(): void {
    const sessions = this.#store.sessions.value;
    for (const person of this.all.value) {
      const jid = person.jid.value;
      if (jid === undefined || person.session.peek() !== undefined) continue;
      person.session.value = [...sessions.values()].find((summary) => summary.jid === jid)?.id;
    }
  }

  #hold(): void {
    this.#watchNew ??= this.#store.watchNew.peek();
    this.#store.watchNew.value = true;
  }

  /** Until each session is known by its id; from then on it is watched by that. */
  #watch(): void {
    const waits = this.all.value.some(({ state, session }) => state.value === "connecting" || (state.value === "online" && session.value === undefined));
    untracked(() => {
      if (waits || this.#watchNew === undefined) return;
      this.#store.watchNew.value = this.#watchNew;
      this.#watchNew = undefined;
    });
  }
}

function knownIn(text: string | null): readonly Known[] {
  try {
    const values: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(values) ? values.filter((value): value is Known => typeof value?.jid === "string" && typeof value?.password === "string") : [];
  } catch {
    return [];
  }
}
