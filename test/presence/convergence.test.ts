/** The privacy property: whatever a few users do, each sees exactly those who let it, and every end is told once. */
import { afterAll, beforeAll, describe, it } from "vitest";
import fc from "fast-check";
import { startServer, type TestServer } from "../../src/testing/start-server.ts";
import { login, type BoundClient } from "../support/login.ts";
import { showXml, childOf, textOf, type Xml } from "../support/xml-reader.ts";
import { until } from "./support.ts";
import { Truth, type Resource } from "./truth.ts";

const users = ["romeo", "juliet", "nurse"] as const;
const resources = ["home", "away"] as const;

let server: TestServer;
let runs = 0;

beforeAll(async () => {
  server = await startServer({ allowPlaintext: true });
});
afterAll(() => server.stop());

/** What one resource does next. It logs in first, if it has to. */
type Act =
  | { readonly does: "broadcast" | "withdraw" | "kill" | "close" | "bind again"; readonly who: number }
  /** `to` counts through the bare JIDs and then the full ones. */
  | { readonly does: "direct" | "undirect" | "probe"; readonly who: number; readonly to: number }
  /** `to` is a resource. */
  | { readonly does: "error"; readonly who: number; readonly to: number }
  /** `to` is an account: the first or second other one. */
  | { readonly does: "befriend" | "ask" | "approve" | "cancel" | "unsubscribe" | "remove"; readonly who: number; readonly to: number };

const who = fc.nat({ max: users.length * resources.length - 1 });
const anyone = fc.nat({ max: users.length * (1 + resources.length) - 1 });
const other = fc.nat({ max: users.length - 2 });
const does = <Name extends Act["does"]>(...names: readonly Name[]) => fc.constantFrom<Name>(...names);

const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ does: fc.constant("broadcast" as const), who }) },
    { weight: 3, arbitrary: fc.record({ does: does("withdraw", "kill", "close", "bind again"), who }) },
    { weight: 4, arbitrary: fc.record({ does: does("direct", "direct", "undirect", "probe"), who, to: anyone }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant("error" as const), who, to: who }) },
    { weight: 4, arbitrary: fc.record({ does: does("befriend", "befriend", "ask", "approve", "cancel", "unsubscribe", "remove"), who, to: other }) },
  ),
  { minLength: 12, maxLength: 40 },
);

describe("RFC 6121 section 4: presence converges, and reaches nobody without a right to it", () => {
  it("for every conversation of three users with two resources each", async () => {
    await fc.assert(
      fc.asyncProperty(acts, async (acts) => {
        const play = await Play.begin(`${++runs}`);
        try {
          for (const act of acts) await play.perform(act);
        } catch (error) {
          throw play.told(error);
        } finally {
          play.end();
        }
      }),
      { numRuns: 40, interruptAfterTimeLimit: 3_000 },
    );
  });
});

/** One run: what was said so far, what should be known and what is. */
class Play {
  readonly #truth: Truth;
  readonly #clients = new Map<Resource, BoundClient>();
  /** What each client has gathered from what it was sent: full JID → mark. */
  readonly #views = new Map<Resource, Map<string, string>>();
  readonly #script: string[] = [];
  readonly #accounts: readonly string[];
  #marks = 0;

  static async begin(suffix: string): Promise<Play> {
    return new Play(await Promise.all(users.map((user) => server.addUser(`${user}${suffix}`, "secret"))));
  }

  private constructor(accounts: readonly string[]) {
    this.#accounts = accounts;
    this.#truth = new Truth(accounts.flatMap((account) => resources.map((name) => ({ account, jid: `${account}/${name}` }))));
  }

  end(): void {
    for (const client of this.#clients.values()) client.raw.destroy();
  }

  /** What went wrong, after the conversation that led to it. */
  told(error: unknown): Error {
    return new Error(`${[...this.#script, `→ ${error instanceof Error ? error.message : String(error)}`].join("\n  ")}\n`, { cause: error });
  }

  async perform(act: Act): Promise<void> {
    const truth = this.#truth;
    const by = truth.resources[act.who]!;
    if (!by.connected) await this.#bind(by);
    switch (act.does) {
      case "broadcast": {
        const mark = this.#mark();
        return this.#send(by, presence("", mark), () => truth.broadcasts(by, mark));
      }
      case "withdraw":
        return this.#send(by, presence("type='unavailable'"), () => truth.withdraws(by));
      case "kill":
        return this.#leave(by, "drops its connection", async (client) => client.raw.destroy());
      case "close":
        return this.#leave(by, "</stream:stream>", (client) => client.close());
      case "bind again":
        return this.#bind(by);
      case "direct": {
        const mark = this.#mark();
        const to = this.#address(act.to);
        return this.#send(by, presence(`to='${to}'`, mark), () => truth.directs(by, to, mark));
      }
      case "undirect": {
        const to = this.#address(act.to);
        return this.#send(by, presence(`to='${to}' type='unavailable'`), () => truth.undirects(by, to));
      }
      case "error": {
        const to = truth.resources[act.to]!;
        const error = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
        const told = (): void => void (to.connected && truth.refuses(by, to));
        return this.#send(by, `<presence to='${to.jid}' type='error'>${error}</presence>`, told);
      }
      case "probe":
        return this.#probe(by, this.#address(act.to));
      default:
        return this.#negotiate(act.does, by, this.#accounts.filter((account) => account !== by.account)[act.to]!);
    }
  }

  async #negotiate(does: "befriend" | "ask" | "approve" | "cancel" | "unsubscribe" | "remove", by: Resource, to: string): Promise<void> {
    const truth = this.#truth;
    const own = by.account;
    switch (does) {
      case "befriend": {
        const friend = truth.resources.find(({ account }) => account === to)!;
        await this.#negotiate("approve", by, to);
        if (!friend.connected) await this.#bind(friend);
        return this.#negotiate("ask", friend, own);
      }
      case "ask":
        return this.#send(by, presence(`to='${to}' type='subscribe'`), () => truth.asks(own, to));
      case "approve":
        return this.#send(by, presence(`to='${to}' type='subscribed'`), () => truth.approves(own, to));
      case "cancel":
        return this.#send(by, presence(`to='${to}' type='unsubscribed'`), () => truth.cancels(own, to));
      case "unsubscribe":
        return this.#send(by, presence(`to='${to}' type='unsubscribe'`), () => truth.unsubscribes(own, to));
      case "remove": {
        const item = `<query xmlns='jabber:iq:roster'><item jid='${to}' subscription='remove'/></query>`;
        return this.#send(by, `<iq type='set' id='remove'>${item}</iq>`, () => truth.removes(own, to));
      }
    }
  }

  async #bind(by: Resource): Promise<void> {
    this.#script.push(`${by.jid} logs in`);
    const former = this.#clients.get(by);
    const [user] = by.account.split("@") as [string];
    const client = await login(server, { user, resource: by.jid.slice(by.account.length + 1), over: "plaintext" });
    if (former !== undefined) {
      await former.raw.closed();
      former.raw.destroy();
    }
    this.#clients.set(by, client);
    this.#views.set(by, new Map());
    await this.#settle(() => this.#truth.binds(by));
  }

  async #leave(by: Resource, how: string, leave: (client: BoundClient) => Promise<void>): Promise<void> {
    this.#script.push(`${by.jid}: ${how}`);
    const client = this.#clients.get(by)!;
    this.#clients.delete(by);
    this.#views.delete(by);
    await leave(client);
    await until(() => server.session(by.jid) === undefined);
    await this.#settle(() => this.#truth.leaves(by));
  }

  async #send(by: Resource, text: string, change: () => void): Promise<void> {
    this.#script.push(`${by.jid}: ${text}`);
    this.#clients.get(by)!.send(text);
    await this.#settle(change, by);
  }

  /** What it is answered with may be sent; nothing changes by it. */
  async #probe(by: Resource, to: string): Promise<void> {
    const text = presence(`to='${to}' type='probe'`);
    this.#script.push(`${by.jid}: ${text}`);
    for (const stanza of await this.#clients.get(by)!.ask(text)) {
      if (stanza.attrs["type"] === undefined) this.#checkRight(by, stanza);
      else if (stanza.attrs["type"] !== "unavailable") this.#fail(by, `is answered with ${showXml(stanza)}`);
    }
    await this.#settle(() => {});
  }

  /** Waits until everybody has what followed, and looks at it. `first` has just said something, the server knows of the others' acts. */
  async #settle(change: () => void, first?: Resource): Promise<void> {
    const all = this.#truth.resources;
    const owed = new Set(all.flatMap((by) => all.filter((to) => this.#truth.mayKnow(by, to)).map((to) => `${by.jid} ${to.jid}`)));
    const wasAvailable = new Set(all.filter(({ mark }) => mark !== undefined));
    change();
    const told = new Map<Resource, readonly Xml[]>();
    if (first !== undefined) told.set(first, await this.#clients.get(first)!.caughtUp());
    await Promise.all([...this.#clients].map(async ([resource, client]) => {
      if (resource !== first) told.set(resource, await client.caughtUp());
    }));
    for (const [resource, stanzas] of told) {
      const view = this.#views.get(resource)!;
      this.#take(resource, view, stanzas, owed);
      for (const jid of resource.refused) view.delete(jid);
      resource.refused.clear();
      // Section 4.5.3: who is not available is told nothing any more.
      if (wasAvailable.has(resource) && resource.mark === undefined) view.clear();
      const [is, should] = [show(view), show(resource.seen)];
      if (is !== should) this.#fail(resource, `sees [${is}] and not [${should}]`);
    }
  }

  #take(to: Resource, view: Map<string, string>, stanzas: readonly Xml[], owed: ReadonlySet<string>): void {
    const ended = new Set<string>();
    for (const stanza of stanzas) {
      const { from = "", type } = stanza.attrs;
      if (stanza.name !== "presence") continue;
      if (type === undefined) {
        this.#checkRight(to, stanza);
        view.set(from, textOf(childOf(stanza, "status")));
      } else if (type === "unavailable") {
        if (ended.has(from)) this.#fail(to, `is told twice that ${from} has left`);
        ended.add(from);
        if (view.delete(from) || this.#isBy(from, to)) continue;
        // Section 4.6.3: the one that leaves may have sent directed unavailable presence before, or written to an address where another sat.
        if (!owed.has(`${from} ${to.jid}`)) this.#fail(to, `is told that ${from} has left, of whom it knew nothing`);
      }
    }
  }

  #checkRight(to: Resource, stanza: Xml): void {
    const by = this.#truth.resources.find(({ jid }) => jid === stanza.attrs["from"]);
    if (by === undefined || !this.#truth.mayKnow(by, to)) this.#fail(to, `has no right to ${showXml(stanza)}`);
  }

  /** Whether the last thing that happened was that this resource itself wrote to that address. */
  #isBy(from: string, to: Resource): boolean {
    const last = this.#script.at(-1) ?? "";
    return last.startsWith(`${from}: `) && (last.includes(`to='${to.jid}'`) || last.includes(`to='${to.account}'`));
  }

  #address(number: number): string {
    const full = this.#truth.resources.map(({ jid }) => jid);
    return [...this.#accounts, ...full][number]!;
  }

  #mark(): string {
    return String(++this.#marks);
  }

  #fail(resource: Resource, what: string): never {
    throw new Error(`${resource.jid} ${what}`);
  }
}

function presence(attributes: string, mark?: string): string {
  const start = attributes === "" ? "presence" : `presence ${attributes}`;
  return mark === undefined ? `<${start}/>` : `<${start}><status>${mark}</status></presence>`;
}

function show(view: ReadonlyMap<string, string>): string {
  return [...view].map(([jid, mark]) => `${jid} (${mark})`).toSorted().join(", ");
}
