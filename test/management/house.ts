/** Servers that have one log, one after the other, however each of them ends. */
import { createMemoryStore } from "../../src/log/memory-store.ts";
import { projections } from "../../src/log/projections/index.ts";
import type { Store } from "../../src/ports.ts";
import { startServer, type TestServer, type TestServerOptions } from "../../src/testing/start-server.ts";
import { arrange } from "../support/contacts.ts";
import { login } from "../support/login.ts";
import { HandClock } from "./clock.ts";
import { mortalStore, type MortalStore } from "./mortal-store.ts";
import { ManagedStage } from "./support.ts";

export const resumptionMs = 600_000;
/** Each house has them, with the password `secret`. */
export const people = ["romeo", "juliet", "nurse"] as const;

const houses: House[] = [];

export class House {
  readonly clock = new HandClock();
  /** What outlives the servers. */
  readonly log: Store = createMemoryStore(projections);
  readonly #options: TestServerOptions;
  mortal!: MortalStore;
  server!: TestServer;
  stage!: ManagedStage;

  constructor(options: TestServerOptions = {}) {
    this.#options = options;
  }

  async begin(): Promise<this> {
    this.mortal = mortalStore(this.log);
    const { session } = this.#options;
    this.server = await startServer({
      allowPlaintext: true, ...this.#options, session: { resumptionMs, silenceMs: 86_400_000, ...session },
      parts: { store: this.mortal.store, clock: this.clock },
    });
    this.stage = new ManagedStage(this.server);
    return this;
  }

  /** The process is killed, and another one begins. The old one is never heard of again: its links are cut and it can write nothing. */
  async crash(): Promise<void> {
    this.mortal.die();
    this.stage.clear();
    await this.begin();
  }

  async stop(): Promise<void> {
    await this.server.stop();
    this.stage.clear();
    await this.begin();
  }
}

export async function house(options?: TestServerOptions): Promise<House> {
  const made = await new House(options).begin();
  houses.push(made);
  await Promise.all(people.map((name) => made.server.addUser(name, "secret")));
  return made;
}

/** Romeo and Juliet see each other. */
export async function befriended(options?: TestServerOptions): Promise<House> {
  const made = await house(options);
  const [romeo, juliet] = [await login(made.server, { user: "romeo", over: "plaintext" }), await login(made.server, { user: "juliet", over: "plaintext" })];
  await arrange(romeo, juliet, "Both");
  await Promise.all([romeo.close(), juliet.close()]);
  return made;
}

/** For `afterEach`. */
export async function leaveHouses(): Promise<void> {
  await Promise.all(
    houses.splice(0).map(async ({ stage, server }) => {
      stage.clear();
      await server.stop();
    }),
  );
}
