/** Looks at the server after each task in which something has changed: what its documented views say, and what it logs. */
import type { Invariant } from "../../../src/testing/model/machine-model.ts";
import type { Device } from "./device.ts";
import type { Scene } from "./scene.ts";
import { SessionWatch } from "./session-watch.ts";
import type { Sitting } from "./sitting.ts";

export class ServerWatch {
  readonly #scene: Scene;
  readonly #sessions: SessionWatch;
  #told = -1;

  constructor(scene: Scene, sessionRules: readonly Invariant[] = []) {
    this.#scene = scene;
    this.#sessions = new SessionWatch((rule, text) => scene.problem(rule, text), sessionRules);
  }

  /** After each task. */
  look(): void {
    const { server } = this.#scene;
    if (!server.isUp) return;
    const { observation } = server.server;
    if (observation === undefined) return;
    this.#sessions.follow(observation);
    if (observation.told === this.#told) return;
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
    const { transcript, excuses, devices } = this.#scene;
    const { err, jid } = fields as { readonly err?: unknown; readonly jid?: string };
    transcript.show("log", () => `${level} ${message} ${JSON.stringify(fields)}`);
    // Its client has not taken what was sent for too long: what is sent from then on is only counted.
    if (message.startsWith("too much is unacknowledged")) {
      for (const device of devices) if (device.sitting !== undefined && device.sitting.jid === jid) this.#overflowed(device, device.sitting);
    }
    if ((level !== "error" && level !== "fatal") || excuses.isLogTroubled) return;
    const why = err instanceof Error ? err.stack : JSON.stringify(err);
    this.#scene.problem("The server meets an error only where its disk fails", `${message} ${why ?? ""} ${JSON.stringify(fields)}`);
  }

  /** Its own count says whether that can be: who reads and answers at once has nothing waiting, unless the disk has held it back. */
  #overflowed(device: Device, sitting: Sitting): void {
    const isPrompt = device.isOnline && !device.isLinkFaulty && device.traits.answerMs === 0 && !sitting.isToBlame && !this.#scene.excuses.isSlow;
    if (isPrompt) this.#scene.problem("XEP-0198 section 4: what is acknowledged waits no longer", `${device.name} has answered at once, with ${sitting.told} of ${sitting.handled}`);
    sitting.isToBlame = true;
  }
}
