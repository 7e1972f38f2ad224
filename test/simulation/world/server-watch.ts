/** Looks at the server after each task in which something has changed: what its documented views say, and what it logs. */
import type { Scene } from "./scene.ts";

export class ServerWatch {
  readonly #scene: Scene;
  #told = -1;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** After each task. */
  look(): void {
    const { server } = this.#scene;
    if (!server.isUp) return;
    const { observation } = server.server;
    if (observation === undefined || observation.told === this.#told) return;
    this.#told = observation.told;
    const jids = new Set<string>();
    for (const { jid, tags, id } of observation.summaries()) {
      if (!tags.includes("connected")) {
        if (tags.includes("available") || tags.includes("interested")) this.#scene.problem("Invariant 2: available and interested resources are connected", `session ${id}`);
        continue;
      }
      if (jid === null || !jid.includes("/")) this.#scene.problem("Invariant 1: a connected resource has a full JID", `session ${id} has ${jid}`);
      else if (jids.has(jid)) this.#scene.problem("Invariant 6: one live session per full JID", `${jid} has two`);
      else jids.add(jid);
    }
  }

  logged(level: string, fields: object, message: string): void {
    const { transcript, ordered, sittings } = this.#scene;
    const { err, jid } = fields as { readonly err?: unknown; readonly jid?: string };
    transcript.show("log", () => `${level} ${message} ${JSON.stringify(fields)}`);
    // Its client has not taken what was sent for too long: what is sent from then on is only counted.
    if (message.startsWith("too much is unacknowledged")) {
      for (const sitting of sittings) if (sitting.jid === jid && sitting.end === undefined) sitting.isToBlame = true;
    }
    if ((level !== "error" && level !== "fatal") || ordered.diskFaults > 0) return;
    const why = err instanceof Error ? err.stack : JSON.stringify(err);
    this.#scene.problem("The server meets an error only where its disk fails", `${message} ${why ?? ""} ${JSON.stringify(fields)}`);
  }
}
