/** The canonical form is larger than what came in: that costs nobody but its sender, and what was kept of it can be read again. */
import { describe, expect, it } from "vitest";
import { xmlLimitsAuthenticated } from "../../src/domain/limits.ts";
import { restoreElement } from "../../src/xml/parse-element.ts";
import { serialise } from "../../src/xml/serialise.ts";
import { header, Reading, roomy } from "./reading.ts";

const { stanzaBytesMax, attributesMax, depthMax } = xmlLimitsAuthenticated;
const read = (text: string) => new Reading({ ...roomy, stanzaBytesMax }).write(header, text);
const namespace = (chars: number) => `urn:${"u".repeat(chars - 4)}`;

describe("RFC 6120 section 13.12: a namespace that a prefix stands for is paid for wherever it is used", () => {
  const uses = 100;
  const chars = Math.floor(stanzaBytesMax / uses);

  it.each([
    ["elements", (name: string) => `<iq xmlns:p='${name}'>${"<p:a/>".repeat(uses)}</iq>`],
    ["attributes", (name: string) => `<iq xmlns:p='${name}'>${"<a p:a=''/>".repeat(uses)}</iq>`],
    ["attributes of one element", (name: string) => `<iq xmlns:p='${name}'><a ${Array.from({ length: uses }, (_, i) => `p:a${i}=''`).join(" ")}/></iq>`],
  ])("by %s", (_, stanza) => {
    const fits = read(stanza(namespace(chars - 1)));
    expect(fits.told).toEqual(["opened", "element"]);
    expect(serialise(fits.elements[0]!).length).toBeLessThan(2 * stanzaBytesMax);
    const [fault] = read(stanza(namespace(chars + 1))).faults;
    expect(fault).toMatchObject({ condition: "policy-violation", text: expect.stringContaining("stanzaBytesMax") as string });
  });

  it("anew for each stanza", () => {
    const half = `<iq xmlns:p='${namespace(Math.floor(stanzaBytesMax / 2) - 100)}'><p:a/></iq>`;
    expect(read(half.repeat(3)).elements).toHaveLength(3);
  });
});

describe("restoreElement: what came in within the limits can be read again", () => {
  const full = (text: string) => {
    const [element] = read(text).elements;
    const kept = serialise(element!);
    expect(serialise(restoreElement(kept))).toBe(kept);
    return kept;
  };

  it("with as many bytes as are allowed, each of which is escaped", () => {
    const stanza = (quotes: number) => `<message>${"'".repeat(quotes)}</message>`;
    expect(full(stanza(stanzaBytesMax - stanza(0).length)).length).toBeGreaterThan(5 * stanzaBytesMax);
  });

  it("with as many attributes as are allowed, and declarations that stood further out", () => {
    const attributes = Array.from({ length: attributesMax }, (_, i) => `p:a${i}=''`).join(" ");
    expect(full(`<message xmlns:p='urn:p' xmlns:q='urn:q'><q:a ${attributes}/></message>`)).toContain("<a xmlns=");
  });

  it("as deep as is allowed", () => {
    full(`${"<iq>".repeat(depthMax)}${"</iq>".repeat(depthMax)}`);
  });
});
