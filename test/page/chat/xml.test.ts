import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { childOf, readElement, textOf, xml, XmlError, type XmlElement } from "../../../src/page/chat/xml.ts";
import { el } from "../../../src/xml/stanza.ts";
import { serialise } from "../../../src/xml/serialise.ts";
import { parseElement } from "../../../src/xml/parse-element.ts";

describe("XML that a page reads", () => {
  it("has namespaces as they are declared, by prefix or by default, and undone", () => {
    const element = readElement("<stream:features xmlns:stream='urn:s'><a xmlns='urn:a' x='1' xml:lang='de'><b/><c xmlns=''/></a> </stream:features> ");
    expect([element.name, element.namespace]).toEqual(["features", "urn:s"]);
    const a = childOf(element, "a", "urn:a")!;
    expect([...a.attributes]).toEqual([["x", "1"], ["xml:lang", "de"]]);
    expect(a.children.map((child) => (child as XmlElement).namespace)).toEqual(["urn:a", ""]);
  });

  it("is what the server writes, whatever people say", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 40 }).filter((value) => !/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(value));
    fc.assert(fc.property(text, text, (body, value) => {
      const written = serialise(el("message", { xmlns: "jabber:client", id: value }, el("body", {}, body)));
      const read = readElement(written);
      expect([read.attributes.get("id"), textOf(childOf(read, "body"))]).toEqual([value, body]);
    }));
  });

  it("is read by the server as it was meant, and what XML cannot hold is replaced", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 40 }), (body) => {
      const { markup } = xml("message", { xmlns: "jabber:client", id: body, to: undefined }, xml("body", {}, body), undefined);
      const read = parseElement(markup);
      const kept = body.replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");
      expect([read?.attrs["id"], read?.getChildText("body") ?? "", read?.attrs["to"]]).toEqual([kept, kept, undefined]);
    }));
  });

  it.each([
    "", "text", "<a>", "<a></b>", "<a/><b/>", "<a/>text", "<a x='1' x='2'/>", "<a x=1/>", "<p:a/>", "<!DOCTYPE a><a/>", "<?xml version='1.0'?><a/>", "<a><!-- --></a>",
    "<a><![CDATA[b]]></a>", "<a>&constructor;</a>", "<a>&b</a>", "<a>&#x110000;</a>", "<a b='<'/>", "<a", "</a>",
  ])("is not %s", (text) => {
    expect(() => readElement(text)).toThrow(XmlError);
  });

  it("may be as deep as it likes", () => {
    expect(readElement(`${"<a>".repeat(20_000)}${"</a>".repeat(20_000)}`).name).toBe("a");
  });
});
