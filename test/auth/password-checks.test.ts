import { beforeAll, describe, expect, it } from "vitest";
import { deriveCredentials } from "../../src/auth/keys.ts";
import type { Credentials } from "../../src/auth/keys.ts";
import { PasswordChecks } from "../../src/auth/password-checks.ts";
import { passwordChecksMax } from "../../src/domain/limits.ts";
import { contextFor, login, random, say, start, unreadable } from "./setting.ts";

let accounts: Record<string, Credentials>;
beforeAll(async () => {
  accounts = { tim: await deriveCredentials("secret", random) };
});

describe("RFC 6120 section 6.5.11 temporary-auth-failure: PLAIN while too many passwords are checked", () => {
  const busy = (username: string) => ({
    kind: "failure",
    condition: "temporary-auth-failure",
    text: "Too many logins at the same time, try again in a moment",
    why: "too many passwords are being checked",
    username,
  });

  it("answers at once, the same for known and unknown users, and only beyond the bound", async () => {
    const passwordChecks = new PasswordChecks();
    let looked = 0;
    const context = contextFor(accounts, {
      passwordChecks,
      lookup: async (username) => {
        looked += 1;
        return accounts[username];
      },
    });
    const plain = (message: string) => say(start("PLAIN", context), message);
    const guesses = Array.from({ length: passwordChecksMax - 1 }, (_, index) => plain(`\0${index % 2 ? "tim" : "tom"}\0guess${index}`));
    const right = plain("\0tim\0secret");
    const settled: string[] = [];
    void right.then(() => settled.push("right"));
    const refused = await Promise.all([plain("\0tim\0secret"), plain("\0tim\0wrong"), plain("\0tom\0secret")]);
    expect(settled).toEqual([]);
    expect(refused).toEqual([busy("tim"), busy("tim"), busy("tom")]);
    expect(looked).toBe(passwordChecksMax);
    for (const outcome of await Promise.all(guesses)) expect(outcome).toMatchObject({ condition: "not-authorized" });
    expect(await right).toEqual({ kind: "success", username: "tim" });
    expect(await plain("\0tim\0secret")).toEqual({ kind: "success", username: "tim" });
  });

  it("frees the place of a check that failed", async () => {
    const passwordChecks = new PasswordChecks(1);
    const failing = contextFor(accounts, { passwordChecks, lookup: unreadable });
    expect(await say(start("PLAIN", failing), "\0tim\0secret")).toMatchObject({ why: "the store is closed" });
    expect(await say(start("PLAIN", contextFor(accounts, { passwordChecks })), "\0tim\0secret")).toMatchObject({ kind: "success" });
  });

  it("needs no place for SCRAM, nor for a message that is refused unread", async () => {
    const context = contextFor(accounts, { passwordChecks: new PasswordChecks(0) });
    const client = { hash: "sha256", username: "tim", password: "secret", nonce: "abc" } as const;
    expect((await login(start("SCRAM-SHA-256", context), client)).outcome).toMatchObject({ kind: "success" });
    expect(await say(start("PLAIN", context), "nonsense")).toMatchObject({ condition: "malformed-request" });
    expect(await say(start("PLAIN", context), "\0tim\0secret")).toEqual(busy("tim"));
  });
});
