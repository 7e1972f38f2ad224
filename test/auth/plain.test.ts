import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { deriveCredentials } from "../../src/auth/keys.ts";
import type { Credentials } from "../../src/auth/keys.ts";
import { contextFor, random, say, start, unreadable } from "./setting.ts";

let accounts: Record<string, Credentials>;
const long = "a".repeat(255);
beforeAll(async () => {
  accounts = {
    tim: await deriveCredentials("tanstaaftanstaaf", random),
    [long]: await deriveCredentials(long, random),
    rené: await deriveCredentials("caf\u00e9", random),
  };
});

const told = ({ kind, condition, text }: Record<string, unknown>) => ({ kind, condition, text });
const plain = (message: string) => say(start("PLAIN", contextFor(accounts)), message);

describe("RFC 4616 section 2 PLAIN", () => {
  it.each([
    ["the example of section 4", "\0tim\0tanstaaftanstaaf", "tim"],
    ["the account's own bare JID for authzid", "tim@example.org\0tim\0tanstaaftanstaaf", "tim"],
    ["255 octets in each part", `\0${long}\0${long}`, long],
    ["names and passwords that need preparation", "\0REN\u00c9\0cafe\u0301", "rené"],
  ])("lets in %s", async (_, message, username) => {
    expect(await plain(message)).toEqual({ kind: "success", username });
  });

  it("asks with an empty challenge where the message did not come at once (RFC 4616 section 4)", async () => {
    const exchange = start("PLAIN", contextFor(accounts));
    expect(await exchange.respond(undefined)).toEqual({ kind: "challenge", data: new Uint8Array() });
    expect(await say(exchange, "\0tim\0tanstaaftanstaaf")).toEqual({ kind: "success", username: "tim" });
    expect(await say(exchange, "\0tim\0tanstaaftanstaaf")).toMatchObject({ kind: "failure", condition: "malformed-request" });
  });

  it.each([
    ["a wrong password", "\0tim\0tanstaaf", "wrong password"],
    ["what no password can be", "\0tim\0tan\nstaaf", "wrong password"],
    ["no such account", "\0tom\0tanstaaftanstaaf", "no such account"],
    ["a whole JID for a name", "\0tim@example.org\0tanstaaftanstaaf", "@"],
    ["what no localpart can be", "\0ti m\0tanstaaftanstaaf", "no localpart"],
  ])("is not-authorized with %s", async (_, message, why) => {
    const outcome = await plain(message);
    expect(outcome).toMatchObject({ kind: "failure", condition: "not-authorized" });
    expect(outcome).toHaveProperty("why", expect.stringContaining(why));
  });

  it("tells the peer the same of a wrong password and of no such account (RFC 6120 section 6.5.10)", async () => {
    const [wrong, none] = await Promise.all([plain("\0tim\0x"), plain("\0tom\0x")]);
    expect(told(wrong)).toEqual(told(none));
  });

  it.each(["tom@example.org", "tim@example.org/a", "tim@example.com", "Ursel"])("is invalid-authzid with %j", async (authzid) => {
    const outcome = await plain(`${authzid}\0tim\0tanstaaftanstaaf`);
    expect(outcome).toMatchObject({ kind: "failure", condition: "invalid-authzid", username: "tim" });
  });

  it.each(["", "\0", "\0\0", "tim", "\0tim", "\0tim\0", "\0\0secret", "tim\0\0secret", "\0tim\0sec\0ret", "\0tim\0secret\0"])(
    "is malformed-request with %j",
    async (message) => {
      expect(await plain(message)).toMatchObject({ kind: "failure", condition: "malformed-request" });
    },
  );

  it.each(["ff", "c080", "eda080", "e282"])("is malformed-request with the octets %s, not UTF-8", async (octets) => {
    const message = Buffer.concat([Buffer.from("\0tim\0x"), Buffer.from(octets, "hex")]);
    expect(await start("PLAIN", contextFor(accounts)).respond(message)).toMatchObject({ condition: "malformed-request" });
  });

  it("is temporary-auth-failure if the account cannot be read (RFC 6120 section 6.5.11)", async () => {
    const outcome = await say(start("PLAIN", contextFor({}, { lookup: unreadable })), "\0tim\0tanstaaftanstaaf");
    expect(outcome).toEqual({ kind: "failure", condition: "temporary-auth-failure", why: "the store is closed" });
  });

  it("never tells the operator's log the password", async () => {
    const guess = fc.string({ unit: fc.constantFrom(..."QXZ\u0007"), minLength: 6, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(guess, fc.constantFrom("tim", "tom", "t m"), async (guess, username) => {
        expect(JSON.stringify(await plain(`\0${username}\0${guess}`))).not.toContain(guess.slice(0, 4));
      }),
      { numRuns: 40 },
    );
  });
});
