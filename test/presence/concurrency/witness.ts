/** Stands within the server and sees of messages what no client can: that one was taken, and to which sessions it was given at once. */
import type { Extension } from "../../../src/router/extension.ts";

export class Witness {
  /** Names of connections by the ids of their sessions. */
  readonly #connections = new Map<string, string>();
  readonly #taken = new Set<string>();
  readonly #given = new Map<string, string[]>();

  readonly extension: Extension = {
    name: "witness",
    specification: { id: "test", title: "A witness" },
    phases: {
      stamp: ({ stanza, sender }) => {
        if (sender !== undefined && stanza.id?.startsWith("hello-") === true) this.#connections.set(sender.id, stanza.id);
        if (stanza.kind === "message" && stanza.type !== "error") this.#taken.add(stanza.id ?? "");
        return undefined;
      },
      hold: ({ stanza, recipient }) => {
        if (stanza.kind === "message" && recipient !== undefined) {
          const id = stanza.id ?? "";
          this.#given.set(id, [...(this.#given.get(id) ?? []), recipient.id]);
        }
        return undefined;
      },
    },
  };

  /** Before another run, whose messages have the same ids. */
  forget(): void {
    this.#connections.clear();
    this.#taken.clear();
    this.#given.clear();
  }

  /** The server has begun to process this message. */
  hasTaken(message: string): boolean {
    return this.#taken.has(message);
  }

  /** The connections that it was given to without being kept, by the ids of the first stanzas that they sent. */
  given(message: string): readonly string[] {
    return (this.#given.get(message) ?? []).map((session) => this.#connections.get(session) ?? session);
  }
}
