import { createHash, createHmac, pbkdf2 } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { decoyCredentials } from "../../src/auth/decoy.ts";
import { deriveCredentials } from "../../src/auth/keys.ts";
import type { Credentials } from "../../src/auth/keys.ts";
import { attribute, firstMessage } from "./scram-client.ts";
import type { Client } from "./scram-client.ts";
import { contextFor, heard, login, random, say, start } from "./setting.ts";

// Node's own functions, only counted: the costly work of a login is in these.
vi.mock(import("node:crypto"), async (original) => {
  const real = await original();
  return { ...real, createHash: vi.fn(real.createHash), createHmac: vi.fn(real.createHmac), pbkdf2: vi.fn(real.pbkdf2) } as never;
});

let accounts: Record<string, Credentials>;
beforeAll(async () => {
  accounts = { user: await deriveCredentials("pencil", random) };
});
beforeEach(() => vi.clearAllMocks());

/** Every hash, HMAC and PBKDF2 since the last count, without keys and data. */
function work(): readonly string[] {
  const { calls: stretches } = vi.mocked(pbkdf2).mock;
  return [
    ...vi.mocked(createHash).mock.calls.map(([digest]) => `hash ${digest}`),
    ...vi.mocked(createHmac).mock.calls.map(([digest]) => `hmac ${digest}`),
    ...stretches.map(([, salt, iterations, bytes, digest]) => {
      return `pbkdf2 ${Buffer.from(salt as never).length} ${iterations} ${bytes} ${digest}`;
    }),
  ];
}

const client = (username: string): Client => ({ hash: "sha256", username, password: "wrong", nonce: "abc" });
const serverFirst = async (username: string, more: Parameters<typeof contextFor>[1] = {}, mechanism = "SCRAM-SHA-256") =>
  heard(await say(start(mechanism, contextFor(accounts, more)), firstMessage(client(username))));
const salt = async (...args: Parameters<typeof serverFirst>) => attribute(await serverFirst(...args), "s");
/** What is left of a challenge without its values: names, lengths and iterations. */
const shape = (message: string) => message.replace(/\b([rsh])=([^,]*)/g, (_, name, value) => `${name}:${value.length}`);

describe("RFC 6120 section 6.5.10 no differentiation between a wrong password and a nonexistent username", () => {
  it.each(["SCRAM-SHA-1", "SCRAM-SHA-256"])("is the same steps and the same work in %s", async (mechanism) => {
    const hash = mechanism === "SCRAM-SHA-1" ? ("sha1" as const) : ("sha256" as const);
    const run = async (username: string) => {
      vi.clearAllMocks();
      const { outcome } = await login(start(mechanism, contextFor(accounts)), { ...client(username), hash });
      return { outcome, work: work() };
    };
    const [wrong, nobody] = [await run("user"), await run("nobody")];
    expect(wrong.work.length).toBeGreaterThan(4);
    expect(nobody.work).toEqual(wrong.work);
    expect(wrong.outcome).toEqual({ kind: "failure", condition: "not-authorized", why: "wrong password", username: "user" });
    expect(nobody.outcome).toEqual({ kind: "failure", condition: "not-authorized", why: "no such account", username: "nobody" });
  });

  it("is one PBKDF2 of the same kind in PLAIN", async () => {
    await say(start("PLAIN", contextFor(accounts)), "\0user\0wrong");
    const wrong = work();
    vi.clearAllMocks();
    await say(start("PLAIN", contextFor(accounts)), "\0nobody\0wrong");
    expect(work()).toEqual(wrong);
    expect(wrong.filter((call) => call.startsWith("pbkdf2"))).toEqual(["pbkdf2 16 4096 32 sha256"]);
  });

  it("is no stretching at all in SCRAM, where the client does it", async () => {
    await login(start("SCRAM-SHA-256", contextFor(accounts)), client("user"));
    expect(pbkdf2).not.toHaveBeenCalled();
  });

  it("is a challenge of the same shape", async () => {
    expect(shape(await serverFirst("nobody"))).toBe(shape(await serverFirst("user")));
  });

  it("is one salt for a name however it is spelt, and others for another name, host, hash or key", async () => {
    const stable = await salt("nobody");
    expect(await salt("nobody")).toBe(stable);
    expect(await salt("NOBODY")).toBe(stable);
    const others = await Promise.all([
      salt("somebody"),
      salt("nobody", { host: "example.com" }),
      salt("nobody", {}, "SCRAM-SHA-1"),
      salt("nobody", { fakeSaltKey: new TextEncoder().encode("another secret of many bytes") }),
    ]);
    expect(new Set([stable, ...others]).size).toBe(5);
  });

  it("is another salt under other iterations, as of an account whose password was set anew", async () => {
    const before = await salt("nobody", { iterations: 4_096 });
    expect(await salt("nobody", { iterations: 10_000 })).not.toBe(before);
    expect(await salt("nobody")).toBe(before);
  });

  it("shows in the salt nothing of the keys that are made up with it", () => {
    const keys = decoyCredentials(contextFor({}), "nobody")["SCRAM-SHA-256"];
    const starts = [keys.salt, keys.storedKey, keys.serverKey].map((text) => text.slice(0, 20));
    expect(new Set(starts).size).toBe(3);
  });

  it("is the iterations that accounts here are given", async () => {
    expect(attribute(await serverFirst("nobody", { iterations: 10_000 }), "i")).toBe("10000");
    expect(attribute(await serverFirst("nobody"), "i")).toBe("4096");
  });
});
