import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { deriveCredentials } from "../../src/auth/keys.ts";
import type { Credentials } from "../../src/auth/keys.ts";
import { offeredMechanisms } from "../../src/auth/mechanism.ts";
import { firstMessage } from "./scram-client.ts";
import type { Client, Final } from "./scram-client.ts";
import { contextFor, heard, login, random, say, start, tls12, tls13 } from "./setting.ts";

// Letters that preparation leaves alone, so that the client need not know PRECIS.
const username = fc.string({ unit: fc.constantFrom(..."abcxyz019.-_=,éжπ漢"), minLength: 1, maxLength: 12 });
const password = fc.string({ unit: fc.constantFrom(..."abcXYZ019 ,=\"'<&éжπ漢"), minLength: 1, maxLength: 16 });
const nonce = fc.string({ unit: fc.constantFrom(..."abcXYZ019!#$%+/-~="), minLength: 1, maxLength: 40 });
const proof = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("base64"));
const exported = tls13.tlsExporter;
const certified = tls12.tlsServerEndPoint;
const variant = fc.constantFrom(
  ...(["SCRAM-SHA-1", "SCRAM-SHA-256"] as const).flatMap((name) => {
    const hash = name === "SCRAM-SHA-1" ? ("sha1" as const) : ("sha256" as const);
    return [
      { mechanism: name, hash, secure: tls13, gs2Header: "n,,", channelBinding: new Uint8Array() },
      { mechanism: `${name}-PLUS`, hash, secure: tls13, gs2Header: "p=tls-exporter,,", channelBinding: exported },
      { mechanism: `${name}-PLUS`, hash, secure: tls12, gs2Header: "p=tls-server-end-point,,", channelBinding: certified },
    ];
  }),
);

describe("RFC 5802 section 5, for all names, passwords and nonces", () => {
  it("lets the right password in under its own name, and no other password", async () => {
    await fc.assert(
      fc.asyncProperty(username, password, password, nonce, variant, async (username, password, other, nonce, one) => {
        const { mechanism, secure, ...rest } = one;
        const context = contextFor({ [username]: await deriveCredentials(password, random) }, { secure });
        const client: Client = { username, password, nonce, ...rest };
        const { outcome, verifier } = await login(start(mechanism, context), client);
        expect(outcome).toMatchObject({ kind: "success", username });
        expect(heard(outcome)).toBe(`v=${verifier}`);

        fc.pre(other !== password);
        const wrong = await login(start(mechanism, context), { ...client, password: other });
        expect(wrong.outcome).toMatchObject({ kind: "failure", condition: "not-authorized" });
      }),
      { numRuns: 60 },
    );
  });
});

describe("RFC 5802 section 5, for all that may be changed on the way", () => {
  let accounts: Record<string, Credentials>;
  beforeAll(async () => {
    accounts = { user: await deriveCredentials("pencil", random) };
  });
  const right = { username: "user", password: "pencil" };

  it("no changed proof, nonce, binding or extension passes", async () => {
    const bit = fc.record({ part: fc.constantFrom("c", "p"), bit: fc.nat() } as const);
    const change: fc.Arbitrary<(final: Final) => Final> = fc.oneof(
      bit.map(({ part, bit }) => (final: Final) => ({ ...final, [part]: flipBit(final[part], bit) })),
      fc.tuple(fc.nat(), nonce).map(([at, text]) => (final: Final) => ({ ...final, r: splice(final.r, at, text) })),
      nonce.map((text) => (final: Final) => ({ ...final, extensions: [`x=${text}`] })),
      proof.map((p) => (final: Final) => ({ ...final, p })),
    );
    await fc.assert(
      fc.asyncProperty(nonce, variant, change, async (nonce, { mechanism, secure, ...rest }, change) => {
        const exchange = start(mechanism, contextFor(accounts, { secure }));
        const { outcome } = await login(exchange, { ...right, nonce, ...rest }, change);
        expect(outcome).toMatchObject({ kind: "failure", condition: "not-authorized" });
      }),
      { numRuns: 300 },
    );
  });

  it("no final message passes in another exchange than its own", async () => {
    const context = contextFor(accounts);
    const client: Client = { ...right, hash: "sha256", nonce: "abc" };
    let stolen: Final | undefined;
    await login(start("SCRAM-SHA-256", context), client, (final) => (stolen = final));
    const { outcome } = await login(start("SCRAM-SHA-256", context), client, (final) => ({ ...stolen!, r: final.r }));
    expect(outcome).toMatchObject({ kind: "failure", condition: "not-authorized" });
  });

  it("nothing that a client sends throws, or gets in without the password", async () => {
    const piece = fc.oneof(
      fc.constantFrom("n", "y", "p=tls-exporter", "", "a=user@example.org", "n=user", "n==", "r=abc", "m=1", "c=biws"),
      fc.constantFrom("p=AAAA", "\0", "é"),
      fc.string(),
    );
    const message = fc.oneof(
      fc.uint8Array(),
      fc.array(piece, { maxLength: 6 }).map((pieces) => new TextEncoder().encode(pieces.join(","))),
      fc.constant(new TextEncoder().encode(firstMessage({ ...right, hash: "sha256", nonce: "abc" }))),
      fc.constant(undefined),
    );
    const mechanism = fc.constantFrom(...offeredMechanisms({ secure: tls13, plaintextAllowed: false }));
    await fc.assert(
      fc.asyncProperty(mechanism, fc.array(message, { minLength: 1, maxLength: 4 }), async (mechanism, messages) => {
        const exchange = start(mechanism, contextFor(accounts));
        for (const message of messages) expect((await exchange.respond(message)).kind).not.toBe("success");
      }),
      { numRuns: 500 },
    );
  });

  it("challenges a first message that is well formed", async () => {
    const client: Client = { ...right, hash: "sha256", nonce: "abc" };
    const outcome = await say(start("SCRAM-SHA-256", contextFor(accounts)), firstMessage(client));
    expect(outcome.kind).toBe("challenge");
  });
});

function flipBit(base64: string, bit: number): string {
  const bytes = Buffer.from(base64, "base64");
  const at = bit % (bytes.length * 8);
  bytes[at >> 3]! ^= 1 << (at & 7);
  return bytes.toString("base64");
}

/** Another text than the one it was given. */
function splice(text: string, at: number, inserted: string): string {
  const place = at % (text.length + 1);
  return text.slice(0, place) + inserted + text.slice(place);
}
