import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64Strict, encodeBase64 } from "../../src/auth/base64.ts";

describe("RFC 4648 section 4 base64, as RFC 6120 section 6.3.5 wants it", () => {
  it.each([
    ["", ""],
    ["Zg==", "f"],
    ["Zm8=", "fo"],
    ["Zm9v", "foo"],
    ["Zm9vYg==", "foob"],
    ["Zm9vYmE=", "fooba"],
    ["Zm9vYmFy", "foobar"],
  ])("reads the test vector %j of RFC 4648 section 10", (text, plain) => {
    expect(decodeBase64Strict(text)).toEqual(new TextEncoder().encode(plain));
  });

  it.each([
    ["no padding", "Zg"],
    ["half the padding", "Zg="],
    ["too much padding", "Zm9v===="],
    ["padding alone", "="],
    ["padding in the middle", "Zg==Zg=="],
    ["a line break", "Zm9v\n"],
    ["white space", " Zm9v"],
    ["the URL alphabet", "_-__"],
    ["unused bits that are not zero", "Zh=="],
    ["a letter outside the alphabet", "Zm9*"],
    ["no ASCII", "Zm9é"],
    ["one letter", "Z"],
  ])("refuses %s", (_, text) => {
    expect(decodeBase64Strict(text)).toBeUndefined();
  });

  it("reads all that it writes, and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(decodeBase64Strict(encodeBase64(bytes))).toEqual(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ABab01+/=-_ ") }), (text) => {
        const strict = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/.test(text);
        expect(decodeBase64Strict(text) !== undefined).toBe(strict);
      }),
      { numRuns: 2000 },
    );
  });
});
