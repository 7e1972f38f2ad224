/** One run: the scripts are performed all at once, and then it is waited until nothing moves any more. */
import type { TestServer } from "../../../src/testing/start-server.ts";
import { otherSide, type Backstage } from "../../support/contacts.ts";
import { login } from "../../support/login.ts";
import { Connection, ping, type End, type Said } from "./connection.ts";
import { resourceNames, users, type Act, type Address, type Pause, type Scenario, type Script } from "./scripts.ts";
import { turns, type SlowStore } from "./slow-store.ts";
import type { Witness } from "./witness.ts";

export interface Theatre {
  readonly server: TestServer;
  readonly store: SlowStore;
  readonly behind: Backstage;
  readonly witness: Witness;
}

export class Play {
  readonly theatre: Theatre;
  readonly scenario: Scenario;
  /** Bare JIDs. */
  readonly accounts: readonly string[];
  /** Every login, in order. */
  readonly connections: Connection[] = [];
  readonly #conversation: string[] = [];
  readonly #run: number;
  #marks = 0;

  static async begin(theatre: Theatre, scenario: Scenario, run: number): Promise<Play> {
    const accounts = await Promise.all(users.map((user) => theatre.server.addUser(`${user}-${run}`, "secret")));
    for (const [index, [one, two]] of ([[0, 1], [0, 2], [1, 2]] as const).entries()) {
      const state = scenario.relations[index]!;
      await theatre.behind.setState(accounts[one]!, accounts[two]!, state);
      await theatre.behind.setState(accounts[two]!, accounts[one]!, otherSide[state]);
    }
    return new Play(theatre, scenario, run, accounts);
  }

  private constructor(theatre: Theatre, scenario: Scenario, run: number, accounts: readonly string[]) {
    this.theatre = theatre;
    this.scenario = scenario;
    this.accounts = accounts;
    this.#run = run;
    theatre.store.slow(scenario.latency);
    theatre.witness.forget();
  }

  get live(): readonly Connection[] {
    return this.connections.filter(({ live }) => live);
  }

  async perform(): Promise<void> {
    const casts = this.scenario.scripts.flatMap((scripts, user) => scripts.map((script, resource) => ({ script, user, resource })));
    const begun = await Promise.all(
      casts.map(async ({ script, user, resource }) => ({ script, user, resource, connection: await this.#login(user, resource) })),
    );
    await Promise.all(begun.map(({ script, user, resource, connection }) => this.#follow(script, user, resource, connection)));
  }

  /** Waits until the server knows who is gone, nothing waits for the store, and nobody is told anything more. */
  async quiet(): Promise<void> {
    const { server, store } = this.theatre;
    await waitFor(async () => (await server.sessions()).length === this.live.length);
    for (let silent = 0, known = -1; silent < 2; ) {
      for (const connection of this.live) await connection.caughtUp();
      await turns(3);
      const received = this.connections.reduce((sum, connection) => sum + connection.received.length, 0);
      silent = received === known && store.idle ? silent + 1 : 0;
      known = received;
    }
  }

  /** A resource that nobody plays, for what is to be found at the end. */
  async enter(user: number, resource: string): Promise<Connection> {
    return this.#connect(user, resource);
  }

  async end(): Promise<void> {
    for (const connection of this.connections) connection.destroy();
    await waitFor(async () => (await this.theatre.server.sessions()).length === 0);
  }

  say(connection: Connection, ...acts: readonly Act[]): void {
    const user = this.accounts.indexOf(connection.bare);
    connection.send(acts.map((act) => this.#put(connection, user, act)).join(""));
  }

  /** What went wrong, after the conversation that led to it. */
  told(error: unknown): Error {
    const why = error instanceof Error ? error.message : String(error);
    const relations = this.scenario.relations.join(", ");
    const lines = [`romeo–juliet, romeo–nurse, juliet–nurse: ${relations}`, ...this.#conversation, `→ ${why}`];
    return new Error(`${lines.join("\n  ").replaceAll(`-${this.#run}@localhost`, "")}\n`, { cause: error });
  }

  async #follow(script: Script, user: number, resource: number, first: Connection): Promise<void> {
    let connection = first;
    this.#hello(connection, script);
    for (const move of script.moves) {
      await wait(move.pause);
      if (!connection.live) {
        if (move.does !== "say") continue;
        connection = await this.#login(user, resource);
        this.#hello(connection, script);
      }
      if (move.does === "say") this.say(connection, ...move.acts);
      else connection = await this.#end(connection, user, resource, script, move.does);
    }
  }

  async #end(connection: Connection, user: number, resource: number, script: Script, how: End): Promise<Connection> {
    if (how !== "replace") {
      await connection.end(how);
      return connection;
    }
    const next = await this.#login(user, resource);
    await connection.end(how);
    this.#hello(next, script);
    return next;
  }

  async #login(user: number, resource: number): Promise<Connection> {
    return this.#connect(user, resourceNames[resource]!);
  }

  async #connect(user: number, resource: string): Promise<Connection> {
    const [name] = this.accounts[user]!.split("@") as [string];
    const client = await login(this.theatre.server, { user: name, resource, over: "plaintext" });
    const connection = new Connection(client, `hello-${this.#run}-${this.connections.length}`, (line) => void this.#conversation.push(line));
    this.connections.push(connection);
    return connection;
  }

  #hello(connection: Connection, script: Script): void {
    connection.send(`${rosterGet(connection.hello)}${blockListGet}`);
    if (script.eager) this.say(connection, { does: "available", priority: 0 });
  }

  #put(connection: Connection, user: number, act: Act): string {
    const mark = `m${++this.#marks}`;
    const about = this.#addressOf(user, act);
    const said: Said = { act, about, mark };
    connection.said.push(said);
    return textOf(connection, said);
  }

  #addressOf(user: number, act: Act): string {
    if ("to" in act) return this.#address(act.to);
    if (!("other" in act)) return "";
    if ("resource" in act && act.resource === "domain") return "localhost";
    const others = users.flatMap((_, index) => (index === user ? [] : [index]));
    return this.#address({ user: others[act.other]!, resource: "resource" in act && act.resource !== "domain" ? act.resource : null });
  }

  #address({ user, resource }: Address): string {
    return resource === null ? this.accounts[user]! : `${this.accounts[user]!}/${resourceNames[resource]!}`;
  }
}

export const rosterGet = (id: string, ver?: string): string =>
  `<iq type='get' id='${id}'><query xmlns='jabber:iq:roster'${ver === undefined ? "" : ` ver='${ver}'`}/></iq>`;
export const blockListGet = "<iq type='get' id='blocked'><blocklist xmlns='urn:xmpp:blocking'/></iq>";

function textOf({ jid, said }: Connection, { act, about, mark }: Said): string {
  const status = `<status>${mark}</status>`;
  switch (act.does) {
    case "available":
      return `<presence>${status}<priority>${act.priority}</priority></presence>`;
    case "unavailable":
      // The status tells it from what is directed to the own bare JID.
      return `<presence type='unavailable'>${status}</presence>`;
    case "direct":
      return `<presence to='${about}'>${status}</presence>`;
    case "undirect":
      // Where the answer stands, it has been done: who says so is told no end of what the other has sent.
      return `<presence to='${about}' type='unavailable'/>${ping(jid, `said-${said.length - 1}`)}`;
    case "chat":
    case "normal":
      return `<message id='${mark}' to='${about}' type='${act.does}'><body>${mark}</body></message>`;
    case "list":
    case "remove": {
      const what = act.does === "list" ? `name='${mark}'` : "subscription='remove'";
      return `<iq type='set' id='${mark}'><query xmlns='jabber:iq:roster'><item jid='${about}' ${what}/></query></iq>`;
    }
    case "block":
    case "unblock":
      return `<iq type='set' id='said-${said.length - 1}'><${act.does} xmlns='urn:xmpp:blocking'><item jid='${about}'/></${act.does}></iq>`;
    case "unblock all":
      return `<iq type='set' id='said-${said.length - 1}'><unblock xmlns='urn:xmpp:blocking'/></iq>`;
    default:
      return `<presence to='${about}' type='${act.does}'/>`;
  }
}

async function wait(pause: Pause): Promise<void> {
  if ("turns" in pause) await turns(pause.turns);
  else await new Promise((resolve) => setTimeout(resolve, pause.ms));
}

async function waitFor(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error("it did not become true in 5 s");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
