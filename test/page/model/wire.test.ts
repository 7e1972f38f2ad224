import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amountIn, conditionOf, labelOf, outlineOf, subjectOf } from "../../../src/page/model/wire.ts";

const label = (xml: string) => labelOf(outlineOf(xml));

describe("The outline of a piece of wire", () => {
  it("is its name, its attributes, and what stands directly in it", () => {
    const outline = outlineOf("<iq type='set' id=\"a&amp;b\"><query xmlns='jabber:iq:roster'><item jid='x@y'><group>G</group></item><item/></query><show> away </show></iq>");
    expect(outline).toEqual({
      name: "iq",
      attributes: { type: "set", id: "a&b" },
      children: [
        { name: "query", attributes: { xmlns: "jabber:iq:roster" }, names: ["item", "item"], count: 2, text: "" },
        { name: "show", attributes: {}, names: [], count: 0, text: " away " },
      ],
    });
    expect(amountIn(outline)).toBe("2 items");
    expect(subjectOf(outline)).toBe("jabber:iq:roster");
  });

  it("takes a header without its end, after a declaration", () => {
    expect(outlineOf("<?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client'>")).toEqual({
      name: "stream:stream", attributes: { to: "localhost", xmlns: "jabber:client" }, children: [],
    });
    expect(outlineOf("</stream:stream>").name).toBe("/stream:stream");
  });

  it.each([
    ["<iq type='get'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>", "iq get disco#info"],
    ["<iq type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>", "iq set bind"],
    ["<iq type='error'><query xmlns='x'/><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text>no</text></error></iq>", "iq error item-not-found"],
    ["<message type='chat'><body>[3 characters]</body></message>", "message chat"],
    ["<message type='error'><error type='cancel'><text>so</text><gone/></error></message>", "message error gone"],
    ["<presence><show>dnd</show></presence>", "presence dnd"],
    ["<presence type='unavailable'/>", "presence unavailable"],
    ["<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>", "stream error conflict"],
    ["<stream:features><mechanisms/><sub/></stream:features>", "features mechanisms, sub"],
    ["<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>", "failure not-authorized"],
    ["<a xmlns='urn:xmpp:sm:3' h='7'/>", "ack 7"],
    ["<r xmlns='urn:xmpp:sm:3'/>", "ack request"],
    ["</stream:stream>", "end of the stream"],
    ["no markup", "text"],
  ])("%s is called %s", (xml, words) => {
    expect(label(xml)).toBe(words);
  });

  it("makes what others chose visible, and cuts it", () => {
    expect(label("<iq type='get\u202e'><q xmlns='javascript:\u0000&lt;script&gt;'/></iq>")).toBe("iq get⟨U+202E⟩ javascript:⟨U+0000⟩<script>");
    expect(label(`<presence type='${"x".repeat(5_000)}'/>`).length).toBeLessThan(150);
  });

  it("never throws, whatever it is, and takes no longer for it", () => {
    const piece = fc.constantFrom("<", ">", "/", "'", '"', "=", " ", "a", "iq", "xmlns", "stream:", "&lt;", "\u202e", "<a b='", "/>", "</");
    fc.assert(fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const outline = outlineOf(pieces.join(""));
      expect(typeof labelOf(outline) + typeof conditionOf(outline)).toMatch(/string(string|undefined)/);
    }));
    const begin = performance.now();
    for (const hostile of ["<a".repeat(30_000), `<a ${"b='c' ".repeat(10_000)}`, `<a ${"b='".repeat(20_000)}`, `<a${" ".repeat(60_000)}`, "<x>".repeat(20_000)]) outlineOf(hostile);
    expect(performance.now() - begin).toBeLessThan(2_000);
  });
});
