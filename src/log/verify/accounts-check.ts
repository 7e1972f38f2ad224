/** Accounts: what is kept beside their streams belongs to them, and nothing that is recorded as kept is missing. */

import { archivePrefix } from "../../domain/archive-keys.ts";
import { offlinePrefix, type AccountFacts } from "../../domain/facts.ts";
import type { Content, StoredFact } from "../../ports.ts";
import { fixes, type LogCheck, type Report } from "./findings.ts";

export class AccountsCheck implements LogCheck {
  readonly #report: Report;
  /** Accounts that are there, with the numbers of the messages that wait for them. */
  readonly #accounts = new Map<string, Set<number> | undefined>();
  readonly #withoutKeys = new Set<string>();

  constructor(report: Report) {
    this.#report = report;
  }

  see({ stream, type, data }: StoredFact): void {
    if (!stream.startsWith("account/")) return;
    if (type === "AccountDeleted") this.#accounts.delete(stream);
    else if (type === "AccountCreated") this.#accounts.set(stream, undefined);
    else if (!this.#accounts.has(stream)) return;
    else if (type === "OfflineMessageStored") {
      const waiting = this.#accounts.get(stream) ?? new Set();
      this.#accounts.set(stream, waiting.add((data as unknown as AccountFacts["OfflineMessageStored"]).number));
    } else if (type === "OfflineMessagesRemoved") {
      for (const number of (data as unknown as AccountFacts["OfflineMessagesRemoved"]).numbers) this.#accounts.get(stream)?.delete(number);
    }
    if (type === "AccountCreated") this.#withoutKeys.add(stream);
    else if (type === "AccountDeleted") this.#withoutKeys.delete(stream);
  }

  content(stream: string, { key }: Content): void {
    if (!stream.startsWith("account/")) return;
    const thing = `content ${key} of ${stream}`;
    if (!this.#accounts.has(stream)) this.#report({ thing, problem: "there is no such account", fix: fixes.salvage });
    // Of these there may be very many: they are held against the read model.
    else if (key.startsWith(archivePrefix)) return;
    else if (!key.startsWith(offlinePrefix)) this.#report({ thing, problem: "nothing of an account has such a key", fix: fixes.salvage });
    else if (this.#accounts.get(stream)?.delete(Number(key.slice(offlinePrefix.length))) !== true) {
      this.#report({ thing, problem: "no fact says that this message waits", fix: fixes.salvage });
    }
  }

  secret(stream: string, type: string): void {
    if (stream === "server") return;
    const thing = `secret ${type} of ${stream}`;
    if (!this.#accounts.has(stream)) this.#report({ thing, problem: "there is no such account", fix: fixes.salvage });
    if (type === "PasswordChanged") this.#withoutKeys.delete(stream);
  }

  end(): void {
    for (const [stream, missing] of this.#accounts) {
      for (const number of missing ?? []) {
        const problem = "a fact says that it waits for the user, and its text is not kept";
        this.#report({ thing: `offline message ${number} of ${stream}`, problem, fix: fixes.salvage });
      }
    }
    for (const stream of this.#withoutKeys) {
      const [, host, username] = stream.split("/");
      this.#report({
        thing: stream,
        problem: "its stored keys are missing, so that nobody can log in",
        fix: `set its password with \`refrain user passwd ${username}@${host}\``,
      });
    }
  }
}
