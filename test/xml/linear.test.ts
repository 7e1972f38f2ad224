import { describe, expect, it } from "vitest";
import { serialise } from "../../src/xml/serialise.ts";
import { header, Reading, read, roomy } from "./reading.ts";

/** Milliseconds of the faster of two. */
function fastest(task: () => void): number {
  return Math.min(...[1, 2].map(() => {
    const start = performance.now();
    task();
    return performance.now() - start;
  }));
}

function bytewise(stanza: string): number {
  const bytes = [...Buffer.from(stanza)].map((byte) => Uint8Array.of(byte));
  return fastest(() => {
    const reading = read(header);
    for (const byte of bytes) reading.parser.write(byte);
    expect(reading.elements).toHaveLength(1);
  });
}

function manyPrefixes(count: number): string {
  const levels = Array.from({ length: count }, (_, level) => `<a xmlns:p${level}='urn:${level}' p0:b=''>`).join("");
  return `<message>${levels}${"</a>".repeat(count)}</message>`;
}

describe("time grows as the bytes do, also when each byte comes by itself", () => {
  const shapes: Readonly<Record<string, (bytes: number) => string>> = {
    "one long text": (bytes) => `<message><body>${"x".repeat(bytes)}</body></message>`,
    "one long attribute": (bytes) => `<message id='${"é".repeat(bytes / 2)}'/>`,
    "many references": (bytes) => `<message>${"&amp;".repeat(bytes / 5)}</message>`,
    "one long CDATA section": (bytes) => `<message><![CDATA[${"]x\r".repeat(bytes / 3)}]]></message>`,
    "many elements": (bytes) => `<message>${"<a b='c'/>".repeat(bytes / 10)}</message>`,
  };
  for (const [what, shape] of Object.entries(shapes)) {
    // Eight times the bytes: quadratic work would take 64 times as long.
    it(`256 KB of ${what}`, { retry: 2 }, () => expect(bytewise(shape(262_144)) / bytewise(shape(32_768))).toBeLessThan(24));
  }
  it("declarations and uses of many prefixes", { retry: 2 }, () => {
    const [few, many] = [2_000, 16_000].map((count) => {
      const bytes = Buffer.from(manyPrefixes(count));
      return fastest(() => expect(read(header, bytes).elements).toHaveLength(1));
    });
    expect(many! / few!).toBeLessThan(24);
  });
});

describe("depth costs no stack", () => {
  it("reads and writes 20,000 levels", () => {
    const stanza = `<message xmlns="jabber:client">${"<a>".repeat(20_000)}x${"</a>".repeat(20_000)}</message>`;
    const [element] = new Reading(roomy).write(header, stanza).elements;
    expect(serialise(element!)).toBe(stanza);
  });
  it("reads 5,000 attributes", () => {
    const attributes = Array.from({ length: 5_000 }, (_, index) => ` a${index}=''`).join("");
    expect(Object.keys(read(header, `<message${attributes}/>`).elements[0]!.attrs)).toHaveLength(5_001);
  });
});
