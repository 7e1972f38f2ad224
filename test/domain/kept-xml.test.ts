import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isEmptyFragment,
  isEmptyVcard,
  namespaceOfKey,
  namespaceProblem,
  privateCountKey,
  privateKey,
  privateNamespace,
  privateSpace,
  vcardNamespace,
  vcardPlace,
} from "../../src/domain/kept-xml.ts";

describe("Where an account's XML is kept", () => {
  it("is where logs have it", () => {
    expect([vcardNamespace, privateNamespace]).toEqual(["vcard-temp", "jabber:iq:private"]);
    expect([vcardPlace, privateSpace, privateCountKey]).toEqual([{ space: "vcard", key: "vcard" }, "private-xml", "count"]);
    expect(privateKey("exodus:prefs")).toBe("namespace/exodus:prefs");
  });

  it("is told by the key, for private XML", () => {
    fc.assert(fc.property(fc.string(), (namespace) => namespaceOfKey(privateKey(namespace)) === namespace));
    expect([privateCountKey, "", "namespace", "a/namespace/", "x"].map(namespaceOfKey)).toEqual(Array.from({ length: 5 }));
  });
});

describe("XEP-0049 section 2.3 namespaces", () => {
  it.each(["jabber:client", "jabber:iq:private", "jabber:", "http://jabber.org/protocol/disco#info", "http://jabber.org/", "vcard-temp"])("%j is reserved", (namespace) => {
    expect(namespaceProblem(namespace)).toBe("this namespace is reserved");
  });

  it.each(["exodus:prefs", "storage:bookmarks", "urn:jabber:x", "x:http://jabber.org/", "http://jabber.org", "vcard-temp:x:update", "x-vcard-temp", "jabberx:"])(
    "%j is free",
    (namespace) => {
      expect(namespaceProblem(namespace)).toBeUndefined();
    },
  );

  it("are not empty", () => {
    expect(namespaceProblem("")).toBe("what is kept needs a namespace");
  });
});

describe("XEP-0049 section 2.3 an element that need not be kept", () => {
  it.each<readonly [string, boolean, Readonly<Record<string, string>>, readonly unknown[]]>([
    ["nothing at all", true, {}, []],
    ["a namespace alone", true, { xmlns: "exodus:prefs" }, []],
    ["another attribute", false, { xmlns: "exodus:prefs", version: "1" }, []],
    ["text", false, { xmlns: "exodus:prefs" }, ["x"]],
    ["a child without attributes", false, {}, [{}]],
  ])("with %s: %s", (_, empty, attrs, children) => {
    expect(isEmptyFragment({ attrs, children })).toBe(empty);
  });
});

describe("XEP-0054: an emptied vCard", () => {
  it("is again none", () => {
    expect([isEmptyVcard({ children: [] }), isEmptyVcard({ children: ["\n"] })]).toEqual([true, false]);
  });
});
