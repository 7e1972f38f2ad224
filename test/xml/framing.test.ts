/** Frames (RFC 7395 section 3.3.3): what is written as one is read as one, and means what it means within a stream. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stanza } from "../../src/testing/index.ts";
import { FrameReader } from "../../src/xml/frame-reader.ts";
import { framedFooter, framedHeader, NS_FRAMING, standalone } from "../../src/xml/framing.ts";
import { serialise } from "../../src/xml/serialise.ts";
import { clientNamespace, el } from "../../src/xml/stanza.ts";
import type { Element } from "../../src/xml/element.ts";
import { elementOf, roomy } from "./reading.ts";

function readFrame(text: string, reader = new FrameReader(roomy)): Element {
  const read = reader.read(Buffer.from(text));
  if ("condition" in read) throw new Error(`${read.condition}: ${read.text}`);
  return read;
}

describe("A frame", () => {
  it("holds the element that a stream would hold, however it is spelled", () => {
    const reader = new FrameReader(roomy);
    fc.assert(
      fc.property(stanza(), ({ xml }) => {
        expect(serialise(readFrame(xml, reader))).toBe(serialise(elementOf(xml)));
      }),
    );
  });

  it("of what is written for a stream means the same to who reads it alone", () => {
    const reader = new FrameReader(roomy);
    fc.assert(
      fc.property(stanza(), ({ element }) => {
        const text = standalone(serialise(element, clientNamespace));
        expect(serialise(readFrame(text, reader))).toBe(serialise(element));
        expect(standalone(text)).toBe(text);
      }),
    );
  });

  it.each([
    ["<iq/>", "<iq xmlns='jabber:client'/>"],
    ["<message>x</message>", "<message xmlns='jabber:client'>x</message>"],
    ['<message xmlns="jabber:client"/>', '<message xmlns="jabber:client"/>'],
    ["<presence><x xmlns='other'/></presence>", "<presence xmlns='jabber:client'><x xmlns='other'/></presence>"],
    ["<messages xmlns='other'/>", "<messages xmlns='other'/>"],
    // What a stranger has written into an attribute declares nothing.
    ['<message id=" xmlns=" to="a@b"/>', `<message xmlns='jabber:client' id=" xmlns=" to="a@b"/>`],
    [`<iq id="=' xmlns='jabber:client'"/>`, `<iq xmlns='jabber:client' id="=' xmlns='jabber:client'"/>`],
    ['<iq id="1" xmlns="jabber:client"/>', '<iq id="1" xmlns="jabber:client"/>'],
    ["<r xmlns='urn:xmpp:sm:3'/>", "<r xmlns='urn:xmpp:sm:3'/>"],
    ["<stream:features/>", "<stream:features xmlns:stream='http://etherx.jabber.org/streams'/>"],
    ["<stream:error><a xmlns='b'/></stream:error>", "<stream:error xmlns:stream='http://etherx.jabber.org/streams'><a xmlns='b'/></stream:error>"],
  ])("of %s is %s", (text, alone) => {
    expect(standalone(text)).toBe(alone);
  });

  it("after one that is faulty is never read as part of it", () => {
    const halves = ["<message xmlns='jabber:client'>", "</message>"];
    const reader = new FrameReader(roomy);
    expect(halves.map((half) => reader.read(Buffer.from(half)))).toEqual([
      expect.objectContaining({ condition: "not-well-formed" }),
      expect.objectContaining({ condition: "not-well-formed" }),
    ]);
  });

  it("costs no more than a stanza may", () => {
    const read = new FrameReader({ ...roomy, stanzaBytesMax: 100 }).read(Buffer.from(`<message xmlns='jabber:client'>${"x".repeat(100)}</message>`));
    expect(read).toMatchObject({ condition: "policy-violation" });
  });
});

describe("A header and an end", () => {
  it("are elements of the framing (section 3.3.2), whatever the attributes hold", () => {
    const header = readFrame(framedHeader({ id: "<'&\">", from: "im.example", to: undefined, version: "1.0", lang: "en" }));
    expect([header.name, header.getNS(), header.attrs]).toEqual([
      "open", NS_FRAMING, { xmlns: NS_FRAMING, id: "<'&\">", from: "im.example", version: "1.0", "xml:lang": "en" },
    ]);
    expect(serialise(readFrame(framedFooter))).toBe(serialise(el("close", { xmlns: NS_FRAMING })));
  });
});
