/** The client's side of stream management, with its habits (XEP-0198 sections 3 and 4): when it counts, asks and acknowledges. */
import type { Timer } from "../../../src/ports.ts";
import { showXml, type Xml } from "../../support/xml-reader.ts";
import { CountError } from "../crash/counting.ts";
import { managementNamespace } from "./login.ts";
import type { Scene } from "./scene.ts";
import type { Sitting } from "./sitting.ts";
import type { Traits } from "./traits.ts";

export interface ManagedLink {
  readonly name: string;
  readonly traits: Traits;
  readonly sitting: Sitting | undefined;
  /** What is written leaves. */
  readonly speaks: boolean;
  /** Leaves at once, or not at all. */
  write(text: string): void;
  dropLink(why: string): void;
}

export class ClientManagement {
  readonly #scene: Scene;
  readonly #link: ManagedLink;
  #sentSinceAsked = 0;
  #handledSinceAcknowledged = 0;
  #answering: Timer | undefined;

  constructor(scene: Scene, link: ManagedLink) {
    this.#scene = scene;
    this.#link = link;
  }

  /** The link is gone: what was late is not said any more. */
  reset(): void {
    this.#answering?.cancel();
    this.#answering = undefined;
  }

  /** Asks for it in a session that is there. */
  enable(): void {
    const { sitting, traits } = this.#link;
    if (sitting === undefined || sitting.counting !== "off" || !this.#link.speaks) return;
    const resume = traits.management === "on" ? "" : " resume='true'";
    const max = traits.max === undefined ? "" : ` max='${traits.max}'`;
    this.#link.write(`<enable xmlns='${managementNamespace}'${resume}${max}/>`);
    sitting.askToCount();
  }

  /** Asks what has arrived. */
  ask(): void {
    this.#sentSinceAsked = 0;
    if (this.#link.sitting?.counting === "on") this.#link.write(`<r xmlns='${managementNamespace}'/>`);
  }

  /** Says what has arrived. */
  acknowledge(): void {
    const { sitting } = this.#link;
    this.#handledSinceAcknowledged = 0;
    if (sitting?.counting !== "on" || !this.#link.speaks) return;
    sitting.told = sitting.handled;
    this.#link.write(`<a xmlns='${managementNamespace}' h='${sitting.handled}'/>`);
  }

  /** A stanza was sent. */
  sent(): void {
    this.#sentSinceAsked += 1;
    if (this.#sentSinceAsked === this.#link.traits.askEvery) this.ask();
  }

  /** A stanza was handled. */
  handled(): void {
    this.#handledSinceAcknowledged += 1;
    if (this.#handledSinceAcknowledged === this.#link.traits.acknowledgeEvery) this.acknowledge();
  }

  /** What the server says of it. */
  take(sitting: Sitting, element: Xml): void {
    switch (element.name) {
      case "r":
        return this.#answer();
      case "a":
        return void this.accept(element.attrs["h"]);
      case "enabled":
        if (sitting.counting !== "asked") return this.#scene.problem("XEP-0198 section 3: enabling is answered once", `${this.#link.name}: ${showXml(element)}`);
        return sitting.countsNow(["true", "1"].includes(element.attrs["resume"] ?? "") ? element.attrs["id"] : undefined);
      case "failed":
        if (sitting.counting === "asked") sitting.refusedToCount();
        return;
      default:
        this.#scene.problem("XEP-0198 section 3: nothing comes that nobody asked for", `${this.#link.name}: ${showXml(element)}`);
    }
  }

  /** What the server says that it has handled. Returns whether that can be. */
  accept(h: string | undefined): boolean {
    try {
      this.#link.sitting?.acknowledge(h);
      return true;
    } catch (error) {
      if (!(error instanceof CountError)) throw error;
      this.#scene.problem("Invariant 12: acknowledged ≤ sent, and h never goes back", `${this.#link.name}: ${error.message}`);
      this.#link.dropLink("the server cannot count");
      return false;
    }
  }

  /** Soon, late or never. */
  #answer(): void {
    const lateMs = this.#scene.isEnding ? 0 : this.#link.traits.answerMs;
    if (lateMs === 0) return this.acknowledge();
    if (lateMs === Infinity || this.#answering !== undefined) return;
    this.#answering = this.#scene.after(lateMs, () => {
      this.#answering = undefined;
      this.acknowledge();
    });
  }
}
