import { describe, expect, it } from "vitest";
import { collect } from "../support/collect.ts";
import type { XmlLimits } from "../../src/domain/limits.ts";
import { xmlLimitsAuthenticated, xmlLimitsUnauthenticated } from "../../src/domain/limits.ts";
import { header, Reading, readBytewise, roomy } from "./reading.ts";

const stanza = (bytes: number) => `<message>${"x".repeat(bytes - 19)}</message>`;
const nested = (depth: number) => "<iq>".repeat(depth) + "</iq>".repeat(depth);
const name = (bytes: number) => "é".repeat(bytes / 2);
const under = (limits: Partial<XmlLimits>, content: string, stream = header) =>
  [new Reading({ ...roomy, ...limits }).write(stream, content), readBytewise(stream + content, { ...roomy, ...limits })];

function expectRefused(limit: keyof XmlLimits, readings: readonly Reading[]): void {
  for (const { faults } of readings) {
    expect(faults.map(({ condition }) => condition)).toEqual(["policy-violation"]);
    expect(faults[0]!.text).toContain(limit);
  }
}

function expectTaken(readings: readonly Reading[]): void {
  for (const { told } of readings) expect(told).toEqual(["opened", "element"]);
}

describe("RFC 6120 section 4.9.3.14 policy-violation: each limit holds to the unit", () => {
  it("stanzaBytesMax, from < to > (section 13.12)", () => {
    expectTaken(under({ stanzaBytesMax: 1_000 }, stanza(1_000)));
    expectRefused("stanzaBytesMax", under({ stanzaBytesMax: 1_000 }, stanza(1_001)));
  });
  it("stanzaBytesMax, of a stream header and of an XML declaration", () => {
    const long = header.replace("im.example", "x".repeat(1_000));
    expectRefused("stanzaBytesMax", under({ stanzaBytesMax: 1_000 }, "", long));
    expectRefused("stanzaBytesMax", under({ stanzaBytesMax: 1_000 }, "", `<?xml ${" ".repeat(1_000)}version='1.0'?>${header}`));
    expectTaken(under({ stanzaBytesMax: header.length }, "<iq/>"));
  });
  it("depthMax, the first-level element being 1", () => {
    expectTaken(under({ depthMax: 8 }, nested(8)));
    expectRefused("depthMax", under({ depthMax: 8 }, nested(9)));
    expectRefused("depthMax", under({ depthMax: 1 }, "<iq><q/></iq>"));
  });
  it("attributesMax, declarations included", () => {
    expectTaken(under({ attributesMax: 4 }, "<iq a='' b='' xmlns='jabber:client' xmlns:p='urn:p'/>"));
    expectRefused("attributesMax", under({ attributesMax: 4 }, "<iq a='' b='' c='' xmlns='jabber:client' xmlns:p='urn:p'/>"));
    expectRefused("attributesMax", under({ attributesMax: 3 }, ""));
  });
  it("nameBytesMax, of elements, attributes and end tags", () => {
    expectTaken(under({ nameBytesMax: 20 }, `<${name(20)} xmlns='urn:a' ${name(20)}=''></${name(20)}>`));
    expectRefused("nameBytesMax", under({ nameBytesMax: 20 }, `<${name(22)} xmlns='urn:a'/>`));
    expectRefused("nameBytesMax", under({ nameBytesMax: 20 }, `<iq ${name(22)}=''/>`));
    expectRefused("nameBytesMax", under({ nameBytesMax: 20 }, `<iq></${name(22)}>`));
    expectRefused("nameBytesMax", under({ nameBytesMax: 10 }, ""));
  });
  it("elementsMax, counted anew for each first-level element", () => {
    expectTaken(under({ elementsMax: 4 }, "<iq><a/><b><c/></b></iq>"));
    expectRefused("elementsMax", under({ elementsMax: 4 }, "<iq><a/><b><c/></b><d/></iq>"));
    expect(under({ elementsMax: 1 }, "<iq/><iq/><iq/>")[0]!.elements).toHaveLength(3);
  });
});

describe("RFC 6120 section 13.12: a limit holds before the memory is spent", () => {
  const limits = xmlLimitsUnauthenticated;
  const flood: Readonly<Record<string, string>> = {
    "an attribute value": "<iq id='",
    text: "<iq>",
    "a CDATA section": "<iq><![CDATA[",
    "white space in a tag": "<iq ",
    "a character reference of zeros": "<iq>&#0",
  };
  for (const [what, start] of Object.entries(flood)) {
    it(`at the first byte beyond it, within ${what}`, () => {
      const filler = Buffer.alloc(1, what.startsWith("white") ? " " : "0");
      const reading = new Reading(limits).write(header, start);
      let bytes = start.length;
      while (reading.faults.length === 0 && bytes < 2 * limits.stanzaBytesMax) {
        reading.parser.write(filler);
        bytes += 1;
      }
      expect(bytes).toBe(limits.stanzaBytesMax + 1);
      expect(reading.condition).toBe("policy-violation");
    });
    it(`looking no further within ${what} of 10 MB in one chunk`, () => {
      const chunk = Buffer.alloc(10_000_000, what.startsWith("white") ? " " : "0");
      const reading = new Reading(limits).write(header, start);
      const before = process.memoryUsage();
      reading.parser.write(chunk);
      const after = process.memoryUsage();
      expect(reading.condition).toBe("policy-violation");
      expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(4_000_000);
    });
  }
  it("white space before the header and between stanzas is not kept", () => {
    const reading = new Reading(limits);
    const white = Buffer.alloc(1_000_000, " ");
    const before = process.memoryUsage().arrayBuffers;
    for (let times = 0; times < 5; times += 1) reading.parser.write(white);
    reading.write(header);
    for (let times = 0; times < 5; times += 1) reading.parser.write(white);
    expect(reading.write("<iq/>").told).toEqual(["opened", "element"]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });
});

describe("an idle stream keeps no memory of what it has read", () => {
  it("neither chunks nor buffers, after big stanzas in pieces", async () => {
    collect();
    const before = process.memoryUsage().arrayBuffers;
    const idle = Array.from({ length: 40 }, () => {
      const pieces = ["<iq id='", ...Array.from({ length: 2 }, () => Buffer.alloc(100_000, "x")), "'>a&amp;b</iq>"];
      const reading = new Reading(xmlLimitsAuthenticated).write(header, ...pieces);
      expect(reading.elements.splice(0)).toHaveLength(1);
      return reading;
    });
    // What is free is given back by another thread, some time after the collection.
    const kept = (): number => {
      collect();
      return process.memoryUsage().arrayBuffers - before;
    };
    await expect.poll(kept, { timeout: 5_000 }).toBeLessThan(1_000_000);
    expect(idle.every((reading) => reading.write("<iq/>").told.length === 3)).toBe(true);
  });
});

describe("limits can change while the stream runs", () => {
  const big = `<iq>${"x".repeat(20_000)}</iq>`;
  it("more is allowed after authentication", () => {
    expect(new Reading(xmlLimitsUnauthenticated).write(header, big).condition).toBe("policy-violation");
    const reading = new Reading(xmlLimitsUnauthenticated).write(header);
    reading.parser.setLimits(xmlLimitsAuthenticated);
    expect(reading.write(big).told).toEqual(["opened", "element"]);
  });
  it("from within the handler, for the rest of the same bytes", () => {
    const reading = new Reading(xmlLimitsUnauthenticated);
    reading.after = () => reading.parser.setLimits(xmlLimitsAuthenticated);
    expect(reading.write(header + big).told).toEqual(["opened", "element"]);
  });
  it("less is allowed at once, within an element too", () => {
    const reading = new Reading(xmlLimitsAuthenticated).write(header, `<iq>${"x".repeat(15_000)}`);
    reading.parser.setLimits(xmlLimitsUnauthenticated);
    expect(reading.write("y").condition).toBe("policy-violation");
  });
});
