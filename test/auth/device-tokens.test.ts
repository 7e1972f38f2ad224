/** What becomes of the tokens of devices, as values: every order of logins keeps the rules of XEP-0484. */
import { createHmac, randomBytes, randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deviceName, deviceText, resourcePart, settleTokens, usableTokens, withoutDevice, type DeviceTokens, type TokenGiven } from "../../src/auth/device-tokens.ts";
import { proveToken, tokenKey, tokenMechanisms, tokenText, tokenBytes } from "../../src/auth/hashed-token.ts";
import { deviceTextCharsMax, devicesPerAccountMax } from "../../src/domain/limits.ts";

const random = { bytes: (count: number) => new Uint8Array(randomBytes(count)) } as never;
const mechanism = "HT-SHA-256-NONE";
const day = 86_400_000;
const agentOf = (id: string) => ({ id, software: "S", label: null });

/** A device, told what its client would do. */
class Account {
  tokens: DeviceTokens = {};
  at = 1_000_000_000_000;

  login(id: string, use: { readonly token?: string; readonly count?: number | null; readonly invalidate?: boolean; readonly wants?: boolean } = {}): TokenGiven | "refused" | undefined {
    const device = `d${id}`;
    const used = use.token === undefined ? undefined : this.find(id, use.token);
    if (use.token !== undefined && used === undefined) return "refused";
    const settled = settleTokens(this.tokens, {
      device, agent: agentOf(id), at: this.at, wanted: use.wants === true ? mechanism : undefined, lifetimeMs: 10 * day,
      used: used === undefined ? undefined : { mark: used, count: use.count ?? null, invalidate: use.invalidate === true },
    }, random);
    if (settled.kind === "refused") return "refused";
    this.tokens = settled.next ?? this.tokens;
    return settled.given;
  }

  find(id: string, token: string): string | undefined {
    const key = Buffer.from(tokenKey(token)).toString("hex");
    return usableTokens(this.tokens, `d${id}`, id, mechanism, this.at).find((known) => Buffer.from(known.key).toString("hex") === key)?.mark;
  }
}

describe("A token", () => {
  it("is longer than a block of SHA-256, so that its hash is the key that HMAC makes of it", () => {
    const token = tokenText(randomBytes(tokenBytes));
    expect(token.length).toBeGreaterThan(64);
    const mac = (key: string | Uint8Array) => createHmac("sha256", key).update("Initiator").digest("hex");
    expect(mac(tokenKey(token))).toBe(mac(token));
  });

  it("is found with the id of its device alone: what is kept gives another key without it", () => {
    const account = new Account();
    const id = randomUUID();
    const { token } = account.login(id, { wants: true }) as TokenGiven;
    const [right] = usableTokens(account.tokens, `d${id}`, id, mechanism, account.at);
    const [wrong] = usableTokens(account.tokens, `d${id}`, randomUUID(), mechanism, account.at);
    expect(Buffer.from(right!.key)).toEqual(Buffer.from(tokenKey(token)));
    expect(Buffer.from(wrong!.key)).not.toEqual(Buffer.from(tokenKey(token)));
  });

  it("is none of another mechanism, and none once it is over", () => {
    const account = new Account();
    account.login("a", { wants: true });
    expect(usableTokens(account.tokens, "da", "a", "HT-SHA-256-EXPR", account.at)).toEqual([]);
    expect(usableTokens(account.tokens, "da", "a", mechanism, account.at + 10 * day)).toEqual([]);
    expect(usableTokens(account.tokens, "constructor", "a", mechanism, account.at)).toEqual([]);
  });

  it("that cannot be read is none", () => {
    const tokens = { d: { software: null, label: null, since: 0, seenAt: 0, fresh: null, current: { mechanism, salt: "AA==", sealed: "AA==", madeAt: 0, expiresAt: 9, count: null } } };
    expect(usableTokens(tokens, "d", "id", mechanism, 1)).toEqual([]);
  });
});

describe("XEP-0484 section 5.1 the tokens of a device", () => {
  type Act = { readonly kind: "ask" | "use" | "use older" | "invalidate"; readonly days: number; readonly device: number };
  const acts = fc.array(
    fc.record<Act>({ kind: fc.constantFrom("ask", "use", "use", "use older", "invalidate"), days: fc.constantFrom(0, 0, 0.5, 1, 4, 11), device: fc.nat(2) }),
    { maxLength: 40 },
  );

  it("are two at most, of which those before the one that was used last are over, whatever is done", () => {
    fc.assert(
      fc.property(acts, (script) => {
        const account = new Account();
        // By device: all tokens that it was given, and since when each is certainly over.
        const given = new Map<string, string[]>();
        const over = new Set<string>();
        for (const { kind, days, device } of script) {
          account.at += days * day;
          const id = String(device);
          const tokens = given.get(id) ?? [];
          const token = kind === "use older" ? tokens.at(-2) : tokens.at(-1);
          if (kind !== "ask" && token === undefined) continue;
          const outcome = kind === "ask" ? account.login(id, { wants: true }) : account.login(id, { token: token!, invalidate: kind === "invalidate" });
          if (kind !== "ask" && over.has(token!)) expect(outcome).toBe("refused");
          if (outcome === "refused") continue;
          const used = kind === "ask" ? -1 : tokens.indexOf(token!);
          for (const earlier of tokens.slice(0, Math.max(used, 0))) over.add(earlier);
          if (kind === "invalidate") for (const known of tokens) over.add(known);
          if (outcome !== undefined) given.set(id, [...tokens, outcome.token]);
          for (const known of over) expect(account.find(id, known)).toBeUndefined();
          for (const entry of Object.values(account.tokens)) expect([entry.current, entry.fresh].some((kept) => kept !== null && kept.expiresAt > account.at)).toBe(true);
        }
      }),
    );
  });

  it("are good as long as they were not replaced and used, or over", () => {
    const account = new Account();
    const { token } = account.login("a", { wants: true }) as TokenGiven;
    expect(account.login("a", { token })).toBeUndefined();
    account.at += day;
    const { token: next } = account.login("a", { token }) as TokenGiven;
    expect(account.login("a", { token })).not.toBe("refused");
    expect(account.login("a", { token: next })).toBe("refused");
  });

  it("count upwards, where the client counts", () => {
    const account = new Account();
    const { token } = account.login("a", { wants: true }) as TokenGiven;
    expect([3, 3, 2, null, 4].map((count) => account.login("a", { token, count }))).toEqual([undefined, "refused", "refused", undefined, undefined]);
  });

  it("are those of so many devices, and of none that is taken out", () => {
    const account = new Account();
    for (let device = 0; device <= devicesPerAccountMax; device += 1, account.at += 1) account.login(String(device), { wants: true });
    expect(Object.keys(account.tokens)).toHaveLength(devicesPerAccountMax);
    expect(Object.keys(account.tokens)).not.toContain("d0");
    expect(Object.keys(withoutDevice(account.tokens, "d1"))).not.toContain("d1");
  });

  it("are not recorded with each use, but once a day", () => {
    const account = new Account();
    const { token } = account.login("a", { wants: true }) as TokenGiven;
    account.login("a", { token });
    const before = account.tokens;
    account.login("a", { token });
    expect(account.tokens).toBe(before);
  });
});

describe("The name of a device", () => {
  it("is the same for the same, and tells nobody the id; a resource tells nobody the name", () => {
    const key = randomBytes(16);
    const id = randomUUID();
    const name = deviceName(key, "localhost", "romeo", id);
    expect(deviceName(key, "localhost", "romeo", id)).toBe(name);
    for (const other of [deviceName(randomBytes(16), "localhost", "romeo", id), deviceName(key, "localhost", "juliet", id), deviceName(key, "localhost", "romeo", randomUUID())]) expect(other).not.toBe(name);
    expect(resourcePart(name, "phone")).not.toContain(name);
    expect(resourcePart(name, "phone")).not.toBe(resourcePart(name, "tablet"));
  });

  it("is beside what its client says, as far as that can be shown", () => {
    expect([null, "", " \n ", "a\u0000b\u202ec\nd", "x".repeat(500)].map(deviceText)).toEqual([null, null, null, "a b c d", "x".repeat(deviceTextCharsMax)]);
  });
});

describe("The message of HT mechanisms", () => {
  const key = tokenKey("token");
  const context = { host: "localhost", secure: null, lookup: async () => [{ key, mark: "m" }] };

  it("never throws, and proves nothing but the token", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (message) => {
        const proof = await proveToken(mechanism, context, message);
        expect(proof.kind).toBe("failure");
      }),
    );
    const hash = createHmac("sha256", key).update("Initiator").digest();
    const message = Buffer.concat([Buffer.from("Romeo\0"), hash]);
    expect(await proveToken(mechanism, context, message)).toMatchObject({ kind: "proven", username: "romeo", mark: "m" });
    expect(await proveToken(mechanism, context, message.subarray(0, -1))).toMatchObject({ condition: "credentials-expired" });
  });

  it("binds to nothing without TLS, and not by a mechanism that is none", async () => {
    expect(tokenMechanisms(null)).toEqual([mechanism]);
    for (const other of ["HT-SHA-256-EXPR", "HT-SHA-256-UNIQ", "PLAIN"]) expect(await proveToken(other, context, new Uint8Array())).toMatchObject({ condition: "invalid-mechanism" });
  });
});
