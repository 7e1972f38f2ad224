/** Everybody who takes part, what they enter into one ledger, and the evidence where something is wrong. */
import type { Xml } from "../../support/xml-reader.ts";
import { Client, type Habits } from "./client.ts";
import { Decisions } from "./decisions.ts";
import { Ledger, nameOf, type Channel, type Trouble } from "./ledger.ts";
import { Person } from "./person.ts";
import { Transcript } from "./transcript.ts";
import { evidenceOf, Troubles } from "./troubles.ts";

/** Friends of one person, at most: half of them on each side of a circle. */
const friendsMax = 20;
/** Gaps in what came whose evidence is kept at once: when the end shows that it is a loss, the transcripts may be past it. */
const gapsKeptMax = 10;

export interface Member {
  readonly name: string;
  readonly client: Client;
  readonly person: Person;
  /** What this one says, and when. */
  readonly decisions: Decisions;
  readonly transcript: Transcript;
}

export interface CastSettings {
  /** The localparts; passwords are the same. */
  readonly names: readonly string[];
  readonly seed: number;
  readonly server: { readonly domain: string; readonly port: number };
  /** Stands between a client and its person, and may lie: for tests of what is counted. */
  readonly tamper?: ((name: string, stanza: Xml) => readonly Xml[]) | undefined;
}

export class Cast {
  readonly members: readonly Member[];
  readonly troubles = new Troubles();
  readonly ledger: Ledger;
  /** Who has resumed, by name, since it was emptied. */
  readonly back = new Set<string>();
  #resumed = 0;
  #isOver = false;
  readonly #began = performance.now();
  readonly #gaps = new Map<string, readonly string[]>();

  constructor(settings: CastSettings) {
    this.ledger = new Ledger({
      trouble: (trouble, channel, number, text) => this.#troubleIn(trouble, channel, number, text),
      gap: (channel, number) => this.#gap(channel, number),
    });
    this.members = settings.names.map((name, index) => this.#member(name, friendsOf(settings.names, index), settings));
  }

  /** How often a session was resumed. */
  get resumed(): number {
    return this.#resumed;
  }

  /** `words` are what to look for in the transcripts of the members. */
  trouble(trouble: Trouble, text: string, members: readonly Member[] = [], words: readonly string[] = []): void {
    this.troubles.add(trouble, text, () => this.#evidence(members, words));
  }

  /** All have all; now they say goodbye, and whatever comes is no trouble. */
  async close(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.members.map(({ client }) => client.close()));
  }

  #member(name: string, friends: readonly string[], { names, server, seed, tamper }: CastSettings): Member {
    const decisions = new Decisions(seed, name);
    const transcript = new Transcript(() => performance.now() - this.#began);
    const client = new Client({
      name,
      domain: server.domain,
      port: server.port,
      habits: habitsOf(decisions),
      decisions: new Decisions(seed, `${name}'s client`),
      transcript,
      events: {
        resumed: () => {
          this.#resumed++;
          this.back.add(name);
        },
        sessionLost: (reason) => this.trouble("sessions", `${name} could not resume: ${reason}`, [member]),
        begunAgain: () => person.enter(),
        stanza: (element) => {
          if (this.#isOver) return;
          for (const stanza of tamper?.(name, element) ?? [element]) person.stanza(stanza);
        },
        fault: (text) => this.trouble("faults", `${name}: ${text}`, [member]),
      },
    });
    const person = new Person({
      name,
      domain: server.domain,
      friends,
      everybody: names,
      voice: client,
      ledger: this.ledger,
      decisions,
      trouble: (trouble, text, words) => this.trouble(trouble, text, [member], words),
    });
    const member = { name, client, person, decisions, transcript };
    return member;
  }

  #troubleIn(trouble: Trouble, channel: Channel, number: number, text: string): void {
    const early = this.#gaps.get(`${nameOf(channel)} ${number}`);
    const evidence = () => early ?? this.#evidence(this.#parties(channel), wordsOf(channel, number));
    this.troubles.add(trouble, `${nameOf(channel)}: number ${number} ${text}`, evidence);
  }

  #gap(channel: Channel, number: number): void {
    if (this.#gaps.size >= gapsKeptMax) return;
    this.#gaps.set(`${nameOf(channel)} ${number}`, this.#evidence(this.#parties(channel), wordsOf(channel, number)));
  }

  #parties({ from, to }: Channel): readonly Member[] {
    return this.members.filter(({ name }) => name === from || name === to);
  }

  #evidence(members: readonly Member[], words: readonly string[]): readonly string[] {
    const witnesses = members.map(({ name, client, transcript }) => ({ name, session: client.session, transcript }));
    return evidenceOf(witnesses, words);
  }
}

/** The nearest in a circle, so that friendship is mutual. */
function friendsOf(names: readonly string[], index: number): readonly string[] {
  const reach = Math.min(friendsMax / 2, names.length - 1);
  const near = Array.from({ length: reach }, (_, step) => [step + 1, -step - 1]).flat();
  const indices = new Set(near.map((step) => (index + step + names.length) % names.length));
  return names.filter((_, other) => other !== index && indices.has(other));
}

/** Of every kind there are some: those who acknowledge at once and those who are asked in vain for a while. */
function habitsOf(decisions: Decisions): Habits {
  return {
    handleMs: decisions.chance(0.25) ? 4 : 0,
    answerMs: decisions.chance(0.4) ? 300 : 0,
    acknowledgeEvery: decisions.pick([0, 1, 1, 5, 20]),
    askEvery: decisions.pick([1, 1, 5, 20]),
  };
}

/** What a stanza with this number has in it. */
function wordsOf({ kind, from, to }: Channel, number: number): readonly string[] {
  if (kind === "message") return [`id='${from}-${to}-${number}'`];
  if (kind === "presence" || kind === "shown") return [`<status>${number}</status>`];
  if (kind === "said") return [`id='${from}~${number}'`];
  if (kind === "answer") return [`id='${from}?${number}'`];
  return [`number ${number}'`, "subscription='remove'"];
}
