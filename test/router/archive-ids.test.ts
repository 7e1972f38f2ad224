/** What ids of archived messages tell, and to whom. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { archiveKeyOf, makeArchiveKey } from "../../src/domain/archive-keys.ts";
import { keyFor } from "../../src/log/server-secret.ts";
import { createArchiveIds } from "../../src/router/archive-ids.ts";

const key = keyFor("archive ids", Buffer.alloc(32, 7));
const ids = createArchiveIds(key);
const secret = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString("base64url"));
const place = fc.tuple(fc.nat(36 ** 9 - 1), fc.nat(36 ** 4 - 1)).map(([time, count]) => makeArchiveKey(time, count)!);

describe("XEP-0359 section 6: the id that is told of an archived message", () => {
  it("leads this server back to the message's place, wherever that is", () => {
    fc.assert(fc.property(place, secret, (place, secret) => {
      const told = ids.toldOf(`${place}-${secret}`);
      expect(told).toMatch(/^[A-Za-z0-9_-]{22}$/);
      expect(ids.keyOf(told)).toBe(place);
    }), { examples: [["000000000-0000", "A"], ["zzzzzzzzz-zzzz", "_".repeat(64)]] });
  });

  it("is the same each time, after a restart too, and another for each message and each archive", () => {
    const [one, other] = ["0kz6m9w3a-0000-AAAAAAAAAAAAAAAAAAAAAA", "0kz6m9w3a-0000-BAAAAAAAAAAAAAAAAAAAAA"];
    const told = ["0kz6m9w3a-0000", "0kz6m9w3a-0001", "0kz6m9w3b-0000"].map((place) => ids.toldOf(`${place}-AAAAAAAAAAAAAAAAAAAAAA`));
    expect(ids.toldOf(one)).toBe(told[0]);
    expect(createArchiveIds(key).toldOf(one)).toBe(told[0]);
    expect(new Set([...told, ids.toldOf(other)]).size).toBe(4);
  });

  it("says nothing of the order or the time to who has not the key: neighbours have nothing in common", () => {
    const told = Array.from({ length: 400 }, (_, count) => Buffer.from(ids.toldOf(`${makeArchiveKey(1_700_000_000_000, count)!}-AAAAAAAAAAAAAAAAAAAAAA`), "base64url"));
    const differing = told.slice(1).map((block, index) => {
      let bits = 0;
      for (const [at, byte] of block.entries()) for (let left = byte ^ told[index]![at]!; left > 0; left >>= 1) bits += left & 1;
      return bits;
    });
    // Of 128 bits half of them, as chance would have it: 6 standard deviations are 34.
    expect(Math.min(...differing)).toBeGreaterThan(30);
    expect(Math.max(...differing)).toBeLessThan(98);
    const mean = differing.reduce((sum, bits) => sum + bits, 0) / differing.length;
    expect(Math.abs(mean - 64)).toBeLessThan(2);
    expect(told.map((block) => block.toString("hex"))).not.toEqual(told.map((block) => block.toString("hex")).toSorted());
  });

  it("is not that of another server, nor what the log has, nor whatever a client makes up", () => {
    const elsewhere = createArchiveIds(keyFor("archive ids", Buffer.alloc(32, 8)));
    const id = "0kz6m9w3a-0000-AAAAAAAAAAAAAAAAAAAAAA";
    expect(elsewhere.toldOf(id)).not.toBe(ids.toldOf(id));
    expect(elsewhere.keyOf(ids.toldOf(id))).not.toBe(archiveKeyOf(id));
    for (const text of [id, "", " ", "A".repeat(21), "A".repeat(23), `${"A".repeat(21)}=`, "ö".repeat(22)]) expect(ids.keyOf(text)).toBeUndefined();
    fc.assert(fc.property(fc.string(), (text) => void ids.keyOf(text)));
    fc.assert(fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => void ids.keyOf(Buffer.from(bytes).toString("base64url"))));
    expect(() => ids.toldOf("nonsense")).toThrow(RangeError);
  });
});

describe("The key of these ids", () => {
  it("is made of the server's secret for this purpose alone", () => {
    const secret = Buffer.alloc(32, 7);
    expect(key).toHaveLength(16);
    expect(Buffer.from(key)).toEqual(Buffer.from(keyFor("archive ids", secret)));
    expect(Buffer.from(keyFor("another", secret))).not.toEqual(Buffer.from(key));
  });
});
