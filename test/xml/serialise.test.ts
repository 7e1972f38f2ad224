import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Element } from "../../src/xml/element.ts";
import { escapeAttribute, escapeText, serialise, share } from "../../src/xml/serialise.ts";
import { elementOf } from "./reading.ts";

describe("serialise", () => {
  it("leaves out the namespace that holds where the text will stand, of the top element alone", () => {
    const message = new Element("message", { xmlns: "jabber:client", to: "a" });
    message.c("x", { xmlns: "urn:x" }).c("message", { xmlns: "jabber:client" });
    expect(serialise(message, "jabber:client")).toBe('<message to="a"><x xmlns="urn:x"><message xmlns="jabber:client"/></x></message>');
    expect(serialise(message, "jabber:server")).toBe(serialise(message));
    expect(serialise(message)).toContain('<message xmlns="jabber:client" to="a">');
  });
  it("leaves out what is null or undefined, and writes numbers", () => {
    const element = new Element("a", { b: undefined, c: null, d: 0, e: "" });
    element.children.push(null as unknown as string, 7 as unknown as string, undefined as unknown as string, "");
    expect(serialise(element)).toBe('<a d="0" e="">7</a>');
  });
  it("escapes markup, and white space that a parser would change", () => {
    expect(escapeText(`a&b<c>d"e'f\tg\nh\ri`)).toBe("a&amp;b&lt;c&gt;d&quot;e&apos;f\tg\nh&#13;i");
    expect(escapeAttribute(`a&b<c>d"e'f\tg\nh\ri`)).toBe("a&amp;b&lt;c&gt;d&quot;e&apos;f&#9;g&#10;h&#13;i");
  });
  it("makes the text of what many are given once, wherever it stands in theirs", () => {
    const event = share(new Element("event", { xmlns: "urn:event" }).c("x", { a: "1" }).t("<").root());
    const given = ["a", "b"].map((to) => {
      const message = new Element("message", { to, xmlns: "jabber:client" });
      message.children.push(event, "text", event, new Element("own"));
      const text = serialise(message, "jabber:client");
      // It is not changed, says whoever shares it.
      event.attrs["late"] = "1";
      return text;
    });
    const event1 = '<event xmlns="urn:event"><x a="1">&lt;</x></event>';
    expect(given).toEqual(["a", "b"].map((to) => `<message to="${to}">${event1}text${event1}<own/></message>`));
  });
  const forbidden = {
    NUL: "\u0000", "a control character": "\u001f", "U+FFFE": "\ufffe", "U+FFFF": "\uffff",
    "a high surrogate alone": "a\ud83d", "one before another character": "\ud83da", "a low surrogate alone": "\ude00",
  };
  for (const [what, text] of Object.entries(forbidden)) {
    it(`throws for ${what}, which would end the stream of whoever reads it`, () => {
      expect(() => escapeText(text)).toThrow(RangeError);
      expect(() => serialise(new Element("a", { b: text }))).toThrow(/U\+[0-9A-F]{4} at \d is no XML character/);
    });
  }
});

describe("parse after serialise is identity", () => {
  const { element } = arbitraries();
  it("for every canonical element", () => {
    fc.assert(fc.property(element, (built) => {
      const parsed = elementOf(serialise(built, "jabber:client"));
      expect(shape(parsed)).toEqual(shape(built));
      expect(serialise(parsed)).toBe(serialise(built));
    }), { numRuns: 500 });
  });
});

type Shape = { name: string; attrs: [string, unknown][]; children: (Shape | string)[] };

const shape = (element: Element): Shape => ({
  name: element.name,
  attrs: Object.entries(element.attrs as Record<string, unknown>),
  children: element.children.map((child) => (typeof child === "string" ? child : shape(child))),
});

/** Elements as the parser hands them out. */
function arbitraries() {
  const character = fc.oneof(
    fc.constantFrom("<", ">", "&", '"', "'", "]", "\t", "\n", "\r", " ", "é", "漢", "😀", "\u0085", "\u2028", "\ufeff", "\ufffd", "\u007f"),
    fc.integer({ min: 0x20, max: 0xd7ff }).map((code) => String.fromCodePoint(code)),
    fc.integer({ min: 0x10000, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
  );
  const text = fc.array(character, { maxLength: 12 }).map((characters) => characters.join(""));
  const name = fc.constantFrom("message", "body", "x", "_a-b.1", "ünï", "名", "constructor");
  const attribute = fc.tuple(fc.constantFrom("to", "id", "xml:lang", "__proto__", "toString", "é", "p:a"), text);
  const node = fc.letrec<{ tree: Plan }>((tie) => ({
    tree: fc.record({
      name,
      namespace: fc.constantFrom("jabber:client", "urn:a", "urn:é&<", ""),
      attributes: fc.uniqueArray(attribute, { selector: ([key]) => key, maxLength: 4 }),
      children: fc.array(fc.oneof({ depthSize: "small", withCrossShrink: true }, text, tie("tree")), { maxLength: 4 }),
    }),
  })).tree;
  return { element: node.map((plan) => build(plan.namespace === "" ? { ...plan, namespace: "urn:top" } : plan, undefined)) };
}

interface Plan {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: readonly (readonly [string, string])[];
  readonly children: readonly (Plan | string)[];
}

function build(plan: Plan, around: string | undefined): Element {
  const element = new Element(plan.name);
  const set = (name: string, value: string) =>
    Object.defineProperty(element.attrs, name, { value, enumerable: true, configurable: true, writable: true });
  if (plan.namespace !== around) set("xmlns", plan.namespace);
  for (const [name, value] of plan.attributes) {
    if (name === "p:a") set("xmlns:p", "urn:p");
    set(name, value);
  }
  for (const child of plan.children) {
    if (typeof child !== "string") element.cnode(build(child, plan.namespace));
    else if (child !== "" && typeof element.children.at(-1) === "string") element.children.push(`${element.children.pop() as string}${child}`);
    else if (child !== "") element.t(child);
  }
  return element;
}
