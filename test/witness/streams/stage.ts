/** Where the scripts are played: servers with somebody to talk with. */
import type { Counts } from "../../../src/domain/session-facts.ts";
import { startServer, type TestServer } from "../../../src/testing/start-server.ts";
import { HandClock } from "../../management/clock.ts";
import { authenticated } from "../../management/support.ts";
import { bindRequest, login, type BoundClient } from "../../support/login.ts";
import type { Xml } from "../../support/xml-reader.ts";

const resumptionMs = 600_000;
/** Bounds that no script is to meet. */
const session = { resumptionMs, silenceMs: 86_400_000, resourcesPerAccountMax: 1_000 };

export class Stage {
  readonly user = "romeo";
  /** The SM-ID of a session that another user could resume. */
  foreignId = "";
  /** Stream ids that were given out: each is new (RFC 6120 section 4.7.3). */
  readonly streamIds = new Set<string>();
  readonly strict: boolean;
  readonly server: TestServer;
  readonly #clock: HandClock;
  /** What came to the partner and was not asked for yet. */
  readonly #heard: string[] = [];
  #partner: BoundClient | undefined;

  private constructor(strict: boolean, server: TestServer, clock: HandClock) {
    this.strict = strict;
    this.server = server;
    this.#clock = clock;
  }

  /** `strict`: nobody logs in without TLS. */
  static async open(strict: boolean): Promise<Stage> {
    const clock = new HandClock();
    const server = await startServer({ allowPlaintext: !strict, session, parts: { clock } });
    const stage = new Stage(strict, server, clock);
    await Promise.all([stage.user, "juliet", "nurse"].map((name) => server.addUser(name, "secret")));
    const nurse = await authenticated(server, { user: "nurse", over: "tls" });
    nurse.send(`${bindRequest("cell")}<enable xmlns='urn:xmpp:sm:3' resume='true'/>`);
    await nurse.next();
    stage.foreignId = (await nurse.next()).attrs["id"] ?? "";
    await stage.#invitePartner();
    return stage;
  }

  get partner(): BoundClient {
    if (this.#partner === undefined) throw new Error("nobody is there to talk with");
    return this.#partner;
  }

  async #invitePartner(): Promise<void> {
    this.#partner = await login(this.server, { user: "juliet", resource: "balcony" });
  }

  /** What is recorded of a session is recorded once more with other counts, as after thousands of millions of stanzas; then the server starts again. */
  async leap(id: string, counts: Counts): Promise<void> {
    const { store } = this.server;
    const stream = `session/${this.server.domain}/${id}`;
    const last = (await store.read(stream, 0, 1_000)).findLast(({ type }) => type === "SessionSnapshotTaken");
    if (last === undefined) throw new Error(`nothing is recorded of session ${id}`);
    const { type, v, at, step, cause, data } = last;
    await store.append(stream, "any", [{ type, v, at, step, cause, data: { ...(data as object), counts: { ...counts } } }]);
    await this.server.restart({ kill: true });
    await this.#invitePartner();
  }

  /** Resolves when the server has dealt with it. Where nobody has that address, nobody keeps it (RFC 6121 section 8.5.3.2.1). */
  async partnerSends(to: string, id: string): Promise<void> {
    this.#hear(await this.partner.ask(`<message to='${to}' type='headline' id='${id}'><body>${id}</body></message>`));
  }

  /** The ids of the stanzas that have come to the partner since the last time, but for those that are errors or have none. */
  async partnerHears(): Promise<readonly string[]> {
    this.#hear(await this.partner.caughtUp());
    return this.#heard.splice(0);
  }

  /** Nobody can come back to what was lost until now. */
  passTime(): void {
    this.#clock.forward(resumptionMs + 1);
  }

  async close(): Promise<void> {
    this.partner.raw.destroy();
    await this.server.stop();
  }

  #hear(stanzas: readonly Xml[]): void {
    for (const { attrs: { id, type } } of stanzas) if (id !== undefined && type !== "error") this.#heard.push(id);
  }
}
