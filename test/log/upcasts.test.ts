import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../../src/log/memory-store.ts";
import type { Projection } from "../../src/log/projection.ts";
import { attributeOf } from "../../src/log/start-tag.ts";
import { factVersions, upcast, versionRead } from "../../src/log/upcasts.ts";
import { serialise } from "../../src/xml/serialise.ts";
import { el } from "../../src/xml/stanza.ts";
import { fact } from "./store-contract.ts";

const owner = { host: "montague.lit", username: "romeo" };
const stanza = `<message xmlns="jabber:client" to='romeo@montague.lit' id="a&quot;b" from="juliet@capulet.lit/&lt;&#x2665;&gt;"><body id="no" from="no">hi</body></message>`;

describe("facts of former versions", () => {
  it("have one step for each version but the first", () => {
    for (const [type, version] of factVersions) {
      expect([type, versionRead(type, 1)]).toEqual([type, version]);
      expect(versionRead(type, version)).toBe(version);
    }
  });

  it("of messages that wait lose the text and gain what it said of itself", () => {
    expect(upcast("OfflineMessageStored", 1, { ...owner, number: 3, stanza, bytes: 9 })).toEqual({
      ...owner, number: 3, bytes: 9, id: 'a"b', from: "juliet@capulet.lit/<♥>", why: null,
    });
    expect(upcast("OfflineMessageStored", 1, { ...owner, number: 3, stanza: "<message", bytes: 9 })).toMatchObject({ id: null, from: null });
  });

  it("of snapshots have counted nothing", () => {
    const data = { machine: "session", version: 1, value: "connected", context: {} };
    expect(upcast("SessionSnapshotTaken", 1, data)).toEqual({ ...data, counts: null, lang: null });
  });

  it("of this version, of later ones, and of other types are left as they are", () => {
    const data = { any: "thing" };
    for (const [type, v] of [["OfflineMessageStored", 2], ["OfflineMessageStored", 3], ["AccountCreated", 1], ["Unheard", 1], ["toString", 1]] as const) {
      expect(upcast(type, v, data)).toBe(data);
      expect(versionRead(type, v)).toBe(v);
    }
  });

  it("are read as today's by everybody, projections too", async () => {
    const seen: unknown[] = [];
    const watching: Projection = { name: "watching", version: 1, apply: ({ v, data }) => void seen.push([v, data]) };
    const store = createMemoryStore([watching]);
    await store.append("account/montague.lit/romeo", 0, [fact("OfflineMessageStored", { ...owner, number: 1, stanza, bytes: 9 })]);
    const today = { ...owner, number: 1, bytes: 9, id: 'a"b', from: "juliet@capulet.lit/<♥>", why: null };
    expect(seen).toEqual([[2, today]]);
    for (const read of [await store.readAll(0, 1), await store.read("account/montague.lit/romeo", 0, 1)]) expect(read).toMatchObject([{ v: 2, data: today }]);
    const followed = await new Promise((resolve) => void store.subscribe(0, resolve));
    expect(followed).toMatchObject({ v: 2, data: today });
  });
});

describe("an attribute of the first element", () => {
  it("is what was serialised, whatever it is", () => {
    const value = fc.string({ unit: "grapheme" }).filter((text) => !/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\p{Surrogate}]/u.test(text));
    const attributes = fc.record({ id: value, from: value, "xml:lang": value }, { requiredKeys: [] });
    fc.assert(
      fc.property(attributes, fc.boolean(), (attributes, empty) => {
        const text = serialise(el("message", attributes, empty ? undefined : el("body", { id: "other", from: "other" }, "from='x'")));
        for (const name of ["id", "from"] as const) expect(attributeOf(text, name)).toBe(attributes[name]);
      }),
    );
  });

  it("is not there in what is no element", () => {
    for (const text of ["", "no XML", "<message", "<message id=>", "<message id='a", "<message id='a'from='b'>"]) expect(attributeOf(text, "from")).toBeUndefined();
  });
});
