import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { capabilitiesText, isWellFormed, type EntityDescription, type EntityForm } from "../../src/domain/entity-caps.ts";

const hash = (description: EntityDescription) => createHash("sha1").update(capabilitiesText(description)).digest("base64");
const features = ["http://jabber.org/protocol/muc", "http://jabber.org/protocol/disco#items", "http://jabber.org/protocol/caps", "http://jabber.org/protocol/disco#info"];
const exodus: EntityDescription = { identities: [{ category: "client", type: "pc", name: "Exodus 0.9.1" }], features };

const form = (type: string, fields: Readonly<Record<string, readonly string[]>> = {}, typeOf = "hidden"): EntityForm => ({
  fields: [{ var: "FORM_TYPE", type: typeOf, values: [type] }, ...Object.entries(fields).map(([name, values]) => ({ var: name, values }))],
});
const software = form("urn:xmpp:dataforms:softwareinfo", {
  software_version: ["0.11"], os: ["Mac"], ip_version: ["ipv6", "ipv4"], os_version: ["10.5.1"], software: ["Psi"],
});
const psi: EntityDescription = {
  identities: [
    { category: "client", type: "pc", lang: "en", name: "Psi 0.11" },
    { category: "client", type: "pc", lang: "el", name: "Ψ 0.11" },
  ],
  features,
  forms: [software],
};

describe("XEP-0115 section 5.2 simple generation example", () => {
  it("is computed", () => {
    expect(capabilitiesText(exodus)).toBe(
      "client/pc//Exodus 0.9.1<http://jabber.org/protocol/caps<http://jabber.org/protocol/disco#info<" +
        "http://jabber.org/protocol/disco#items<http://jabber.org/protocol/muc<",
    );
    expect(hash(exodus)).toBe("QgayPKawpkPSDYmwT/WM94uAlu0=");
  });
});

describe("XEP-0115 section 5.3 complex generation example", () => {
  it("is computed", () => {
    expect(hash(psi)).toBe("q07IKJEyjvHSyhy//CH0CxmKi8w=");
  });
});

describe("XEP-0115 section 5.1 generation method", () => {
  it("does not depend on any order, and changes nothing that it was given", () => {
    const before = JSON.stringify(psi);
    const turned: EntityDescription = {
      identities: psi.identities.toReversed(),
      features: psi.features.toReversed(),
      forms: [{ fields: software.fields.map((field) => ({ ...field, values: field.values.toReversed() })).toReversed() }],
    };
    expect(capabilitiesText(turned)).toBe(capabilitiesText(psi));
    expect(JSON.stringify(psi)).toBe(before);
    const two = [form("urn:b", { x: ["1"] }), form("urn:a", { y: ["2"], b: [] })];
    expect(capabilitiesText({ identities: [], features: [], forms: two })).toBe("urn:a<b<y<2<urn:b<x<1<");
  });

  it("does not depend on the order of forms that begin alike", () => {
    const forms = [form("urn:a", { x: ["1"] }), form("urn:a", { x: ["1"], A: [] }), form("urn:a", { x: ["1", "2"] }), form("urn:a"), form("urn:ab")];
    const text = "urn:a<urn:a<A<x<1<urn:a<x<1<urn:a<x<1<2<urn:ab<";
    const anyOrder = fc.shuffledSubarray(forms, { minLength: forms.length });
    fc.assert(fc.property(anyOrder, (forms) => capabilitiesText({ identities: [], features: [], forms }) === text));
    const longer = [form("urn:a", { x: ["A"] }), form("urn:a", { x: [] })];
    expect(capabilitiesText({ identities: [], features: [], forms: longer })).toBe("urn:a<x<urn:a<x<A<");
  });

  it("sorts identities by category, then type, then language: not by what they look like joined", () => {
    const identities = [["a-b", "x"], ["a", "y", "de"], ["a", "y"], ["a", "x-", "de"], ["a", "x", "en"]]
      .map(([category = "", type = "", lang = ""]) => ({ category, type, lang }));
    expect(capabilitiesText({ identities, features: [] })).toBe("a/x/en/<a/x-/de/<a/y//<a/y/de/<a-b/x//<");
  });

  it("sorts by octets of UTF-8", () => {
    // Characters around the borders where the order of UTF-16 is another.
    const unit = fc.constantFrom("a", "b", "é", "\uD7FF", "\uE000", "\uFF5E", "\u{10000}", "\u{1F3AD}");
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit, maxLength: 3 })), (features) => {
        const sorted = features.map((text) => Buffer.from(text)).toSorted((a, b) => Buffer.compare(a, b));
        const expected = Buffer.concat(sorted.flatMap((text) => [text, Buffer.from("<")]));
        return Buffer.from(capabilitiesText({ identities: [], features })).equals(expected);
      }),
    );
  });

  it("takes no \"<\" in a part for the end of it", () => {
    const honest: EntityDescription = { identities: [{ category: "client", type: "pc", name: "SomeClient" }], features: ["urn:a"] };
    const forged: EntityDescription = { identities: [{ category: "client", type: "pc", name: "SomeClient<urn:a" }], features: [] };
    expect(capabilitiesText(forged)).toBe("client/pc//SomeClient&lt;urn:a<");
    expect(hash(forged)).not.toBe(hash(honest));
    const inForm = (values: readonly string[]) => ({ identities: [], features: [], forms: [form("urn:f", { x: values })] });
    expect(hash(inForm(["1<2"]))).not.toBe(hash(inForm(["1", "2"])));
  });
});

describe("XEP-0115 section 5.4 processing method", () => {
  const withForms = (...forms: readonly EntityForm[]): EntityDescription => ({ ...exodus, forms });

  it("finds nothing wrong with the examples", () => {
    for (const description of [exodus, psi, withForms(form("urn:a"), form("urn:b"), { fields: [] }, { fields: [] })]) {
      expect(isWellFormed(description)).toBe(true);
    }
  });

  it.each<readonly [string, EntityDescription]>([
    ["an identity twice", { ...exodus, identities: [...exodus.identities, ...exodus.identities] }],
    ["a feature twice", { ...exodus, features: [...features, features[0]!] }],
    ["a form twice", withForms(form("urn:a"), form("urn:a", { x: ["1"] }))],
    ["a form of two types", withForms({ fields: [{ var: "FORM_TYPE", type: "hidden", values: ["urn:a", "urn:b"] }] })],
    ["a form with two types", withForms({ fields: [...form("urn:a").fields, ...form("urn:b").fields] })],
  ])("finds %s ill-formed", (_, description) => {
    expect(isWellFormed(description)).toBe(false);
  });

  it("tells identities apart that look alike when joined", () => {
    const identities = [{ category: "a", type: "b/c" }, { category: "a/b", type: "c" }];
    expect(isWellFormed({ identities, features: [] })).toBe(true);
  });

  it.each<readonly [string, EntityForm]>([
    ["whose type is not hidden", form("urn:a", { x: ["1"] }, "text-single")],
    ["without a type", { fields: [{ var: "x", values: ["1"] }] }],
    ["whose type says nothing", { fields: [{ var: "FORM_TYPE", type: "hidden", values: [] }, { var: "x", values: ["1"] }] }],
  ])("leaves out a form %s", (_, ignored) => {
    expect(hash(withForms(ignored))).toBe(hash(exodus));
  });
});
