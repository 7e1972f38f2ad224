import { beforeAll, describe, expect, it } from "vitest";
import { type Credentials, deriveCredentials, type StoredCredentials } from "../../src/auth/keys.ts";
import type { Client } from "./scram-client.ts";
import { contextFor, login, random, say, start } from "./setting.ts";

/** Of an account that came from a server which kept keys of one hash alone. */
let accounts: Record<string, StoredCredentials>;
beforeAll(async () => {
  const { "SCRAM-SHA-1": sha1, "SCRAM-SHA-256": sha256 } = await deriveCredentials("pencil", random);
  accounts = { old: { "SCRAM-SHA-1": sha1 }, young: { "SCRAM-SHA-256": sha256 } };
});

const context = () => contextFor(accounts as Record<string, Credentials>);
const client = (username: string, hash: Client["hash"], password = "pencil"): Client => ({ hash, username, password, nonce: "abc" });
const mechanismOf = { sha1: "SCRAM-SHA-1", sha256: "SCRAM-SHA-256" } as const;

describe("an account with keys of one hash alone", () => {
  it.each([["old", "sha1"], ["young", "sha256"]] as const)("logs in with SCRAM of that hash: %s, %s", async (username, hash) => {
    const { outcome, verifier } = await login(start(mechanismOf[hash], context()), client(username, hash));
    expect(outcome).toMatchObject({ kind: "success", username });
    expect(outcome.kind === "success" && new TextDecoder().decode(outcome.data)).toBe(`v=${verifier}`);
  });

  it.each(["old", "young"])("logs in with PLAIN: %s", async (username) => {
    expect(await say(start("PLAIN", context()), `\0${username}\0pencil`)).toMatchObject({ kind: "success", username });
    expect(await say(start("PLAIN", context()), `\0${username}\0pen`)).toMatchObject({ kind: "failure", condition: "not-authorized" });
  });

  it.each([["old", "sha256"], ["young", "sha1"]] as const)("is refused like a wrong password with the other, and the log says why: %s, %s", async (username, hash) => {
    const { outcome } = await login(start(mechanismOf[hash], context()), client(username, hash));
    const why = `no ${mechanismOf[hash]} keys, until the password is set again`;
    expect(outcome).toEqual({ kind: "failure", condition: "not-authorized", username, why });
  });
});
