import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { decodeBase64Strict } from "../../src/auth/base64.ts";
import { checkPassword, deriveCredentials } from "../../src/auth/keys.ts";
import type { Credentials } from "../../src/auth/keys.ts";
import type { Json } from "../../src/ports.ts";
import { random } from "./setting.ts";

describe("RFC 5802 section 3 stored keys", () => {
  it.each([
    ["SCRAM-SHA-1", "sha1", 20],
    ["SCRAM-SHA-256", "sha256", 32],
  ] as const)("are those of the formula, for %s", async (name, hash, bytes) => {
    const keys = (await deriveCredentials("pencil", random, 5000))[name];
    const salted = pbkdf2Sync("pencil", Buffer.from(keys.salt, "base64"), 5000, bytes, hash);
    const mac = (text: string) => createHmac(hash, salted).update(text).digest();
    expect(keys.iterations).toBe(5000);
    expect(keys.storedKey).toBe(createHash(hash).update(mac("Client Key")).digest("base64"));
    expect(keys.serverKey).toBe(mac("Server Key").toString("base64"));
  });

  it("are plain JSON, with a salt of their own each time and for each hash", async () => {
    const one: Json = await deriveCredentials("pencil", random);
    const other = await deriveCredentials("pencil", random);
    expect(JSON.parse(JSON.stringify(one))).toEqual(one);
    const salts = [one as Credentials, other].flatMap((c) => [c["SCRAM-SHA-1"].salt, c["SCRAM-SHA-256"].salt]);
    expect(new Set(salts).size).toBe(4);
    for (const salt of salts) expect(decodeBase64Strict(salt)).toHaveLength(16);
  });

  it("have at least 4096 iterations (RFC 7677 section 4)", async () => {
    expect((await deriveCredentials("pencil", random))["SCRAM-SHA-256"].iterations).toBe(4096);
    for (const iterations of [0, 1, 4095, 4096.5, 1_000_001, Number.NaN]) {
      await expect(deriveCredentials("pencil", random, iterations)).rejects.toThrow(/^iterations: expected .*, got /);
    }
  });
});

describe("RFC 8265 section 4.2 OpaqueString passwords", () => {
  it("refuses an empty one, and one with a control character, and says why", async () => {
    await expect(deriveCredentials("", random)).rejects.toThrow(RangeError);
    await expect(deriveCredentials("", random)).rejects.toThrow(/at least one character/);
    await expect(deriveCredentials("two\nlines", random)).rejects.toThrow(RangeError);
    await expect(deriveCredentials("two\nlines", random)).rejects.toThrow(/line breaks/);
  });

  it.each(["pass①", "ﬁsh", "ｆｕｌｌ"])("refuses %s, which SASLprep and OpaqueString prepare differently", async (password) => {
    await expect(deriveCredentials(password, random)).rejects.toThrow(/some clients write in another way/);
  });

  it.each(["pässwörd", "пароль", "密码", "🔑 and spaces"])("takes %s, on which they agree", async (password) => {
    expect(await checkPassword(await deriveCredentials(password, random), password)).toBe(true);
  });

  it("never repeats the password in the message", async () => {
    await expect(deriveCredentials("hunter2\u0007", random)).rejects.not.toThrow(/hunter2/);
  });

  it("are the same however they were composed, and whichever space was typed", async () => {
    const credentials = await deriveCredentials("caf\u00e9\u3000noir", random);
    expect(await checkPassword(credentials, "cafe\u0301 noir")).toBe(true);
    expect(await checkPassword(credentials, "Caf\u00e9 noir")).toBe(false);
  });

  it("are checked: only the right one passes, and what cannot be a password does not", async () => {
    const credentials = await deriveCredentials("pencil", random);
    expect(await checkPassword(credentials, "pencil")).toBe(true);
    for (const wrong of ["pencil ", "Pencil", "penci", "", "pencil\n", "\ud800"]) {
      expect(await checkPassword(credentials, wrong)).toBe(false);
    }
  });

  it("are not checked against damaged keys: that is an error, and no wrong password", async () => {
    const good = await deriveCredentials("pencil", random);
    for (const damage of [{ storedKey: "AAAA" }, { salt: "" }, { storedKey: "*" }, { iterations: 0 }]) {
      const bad = { ...good, "SCRAM-SHA-256": { ...good["SCRAM-SHA-256"], ...damage } };
      await expect(checkPassword(bad, "pencil")).rejects.toThrow(/SCRAM-SHA-256 keys are damaged/);
    }
  });
});
