/** What follows from a login for its device, where the account changes while it goes on. */
import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { DeviceTokens } from "../../src/auth/device-tokens.ts";
import type { StoredCredentials } from "../../src/auth/keys.ts";
import { DeviceLogins, type AccountNow, type TokenKeeping } from "../../src/session/device-logins.ts";
import type { LoginRequest } from "../../src/session/login-request.ts";

const keysOf = (salt: string): StoredCredentials => ({ "SCRAM-SHA-256": { salt, iterations: 4_096, storedKey: "", serverKey: "" } });
const link = { secure: null } as never;
const outcome = { kind: "success", username: "romeo" } as const;

function setting(account: AccountNow) {
  let tokens: DeviceTokens = {};
  const keeping: TokenKeeping = {
    lifetimeMs: 1_000_000,
    deviceKey: randomBytes(16),
    read: async () => tokens,
    change: async (_, __, ___, decide) => void (tokens = decide(tokens, account) ?? tokens),
  };
  const logins = new DeviceLogins(keeping, { now: () => 1 } as never, { bytes: (count: number) => randomBytes(count) } as never);
  const request = { mechanism: "PLAIN", agent: { id: randomUUID(), software: null, label: null }, token: undefined, wantsToken: "HT-SHA-256-NONE" } as LoginRequest;
  return { logins, request, tokens: () => tokens };
}

describe("XEP-0484 section 3.3 a token", () => {
  it("is given to who has logged in with the password that is still the one", async () => {
    const { logins, request, tokens } = setting({ credentials: keysOf("a"), disabled: false });
    expect(await logins.settle(link, "localhost", request, { credentials: keysOf("a") }, outcome)).toMatchObject({ outcome, given: { token: expect.any(String) } });
    expect(Object.keys(tokens())).toHaveLength(1);
  });

  it.each([
    ["whose password was changed since", { credentials: keysOf("b"), disabled: false }],
    ["whose account was disabled since", { credentials: keysOf("a"), disabled: true }],
  ])("is not given to somebody %s, and the login fails", async (_, account) => {
    const { logins, request, tokens } = setting(account);
    expect(await logins.settle(link, "localhost", request, { credentials: keysOf("a") }, outcome)).toMatchObject({ kind: "failure", condition: "credentials-expired", username: "romeo" });
    expect(tokens()).toEqual({});
  });

  it("that cannot be kept is a login that can be tried again", async () => {
    const { request } = setting({ credentials: keysOf("a"), disabled: false });
    const failing: TokenKeeping = { lifetimeMs: 1, deviceKey: randomBytes(16), read: async () => ({}), change: () => Promise.reject(new Error("disk")) };
    const logins = new DeviceLogins(failing, { now: () => 1 } as never, { bytes: (count: number) => randomBytes(count) } as never);
    expect(await logins.settle(link, "localhost", request, { credentials: undefined }, outcome)).toMatchObject({ kind: "failure", condition: "temporary-auth-failure" });
  });
});
