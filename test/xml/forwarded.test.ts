/** Stanzas within stanzas. */
import { describe, expect, it } from "vitest";
import { forwarded } from "../../src/xml/forwarded.ts";
import { parseElement } from "../../src/xml/parse-element.ts";
import { serialise } from "../../src/xml/serialise.ts";
import { el } from "../../src/xml/stanza.ts";

const message = () => parseElement("<message from='a@b/c' to='d@e'><body>Hist!</body><x xmlns='urn:x'><y/></x></message>");

describe("XEP-0297 section 3.2: a stanza that is forwarded", () => {
  it("names its namespace, and when it was received", () => {
    expect(serialise(el("sent", { xmlns: "urn:s" }, forwarded(message(), 0)))).toBe(
      '<sent xmlns="urn:s"><forwarded xmlns="urn:xmpp:forward:0"><delay xmlns="urn:xmpp:delay" stamp="1970-01-01T00:00:00.000Z"/>' +
      '<message xmlns="jabber:client" from="a@b/c" to="d@e"><body>Hist!</body><x xmlns="urn:x"><y/></x></message></forwarded></sent>',
    );
  });

  it("may have been received at this moment", () => {
    expect(forwarded(message()).children).toHaveLength(1);
  });

  it("stays as it is, whoever it is forwarded to, and what is added to it is not in what was forwarded", () => {
    const original = message();
    const before = serialise(original);
    const copies = [forwarded(original), forwarded(original)].map((copy) => serialise(copy));
    expect(copies[0]).toBe(copies[1]);
    expect(serialise(original)).toBe(before);
    expect(original.parent).toBeNull();
    expect(original.getChild("body")!.getNS()).toBe("jabber:client");
    const copy = forwarded(original);
    original.cnode(el("later"));
    expect(serialise(copy)).toBe(copies[0]);
  });

  it("leaves its place if it is there no more", () => {
    expect(serialise(forwarded(undefined, 1))).toBe('<forwarded xmlns="urn:xmpp:forward:0"><delay xmlns="urn:xmpp:delay" stamp="1970-01-01T00:00:00.001Z"/></forwarded>');
  });
});
