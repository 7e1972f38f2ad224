import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { xmlLimitsAuthenticated } from "../../src/domain/limits.ts";
import { DocumentError, type DocumentPart, XmlDocumentReader } from "../../src/xml/document-reader.ts";
import { serialise } from "../../src/xml/serialise.ts";

/** What is told of a document that comes in pieces of so many bytes, in short. */
function told(text: string | Buffer, chunkBytes = 1_000_000, limits = xmlLimitsAuthenticated, nest = ""): readonly string[] {
  const bytes = Buffer.from(text as string);
  const reader = new XmlDocumentReader({ wholeAt: 3, nest, limits });
  const parts: string[] = [];
  try {
    for (let from = 0; from < bytes.length; from += chunkBytes) {
      for (const part of reader.write(bytes.subarray(from, from + chunkBytes))) {
        // Text may come in several parts.
        if (part.kind !== "text" || parts.at(-1) !== inShort(part)) parts.push(inShort(part));
      }
    }
    reader.end();
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    parts.push(`${error.line}: error: ${error.message}`);
  }
  return parts;
}

function inShort(part: DocumentPart): string {
  switch (part.kind) {
    case "opened":
      return `${part.line}: ${part.depth} opens ${serialise(part.element)}`;
    case "closed":
      return `${part.depth} closes`;
    case "text":
      return `${part.line}: text in ${part.depth}`;
    case "element":
      return `${part.line}: ${serialise(part.element)} of ${part.bytes}`;
    case "nest":
      return `${part.line}: nest ${serialise(part.element)} of ${part.owner === undefined ? "what cannot be read" : serialise(part.owner)}`;
    case "nested":
      return `${part.line}: nested ${part.element === undefined ? part.problem : serialise(part.element)}`;
    case "faulty":
      return `${part.line}: faulty: ${part.problem}`;
  }
}

const document = `\uFEFF<?xml version='1.0' encoding="utf-8"?>
<!-- written by hand -->
<?editor mode="xml"?>
<a xmlns='urn:a' xmlns:p="urn:&lt;p>" xmlns:stream='urn:not-a-stream' note="1 > 0">
  <b jid='ü'>
    <c name="x > y"><p:d p:e='1'/>t<!-- <c> -->u<![CDATA[<c> -->]]></c>
    <c xmlns='urn:c'
       stream:f='2'/><q:c xmlns:q='urn:q'>
      <c xmlns=''/></q:c >
  </b>
  <b/>
</a>
<!-- the end -->
`;

const parts = [
  `4: 1 opens <a xmlns="urn:a" note="1 &gt; 0"/>`,
  `5: 2 opens <b xmlns="urn:a" jid="ü"/>`,
  `6: <c xmlns="urn:a" name="x &gt; y"><d xmlns="urn:&lt;p&gt;" xmlns:p="urn:&lt;p&gt;" p:e="1"/>tu&lt;c&gt; --&gt;</c> of 55`,
  `7: <c xmlns="urn:c" xmlns:stream="urn:not-a-stream" stream:f="2"/> of 38`,
  `8: <c xmlns="urn:q">\n      <c xmlns=""/></c> of 48`,
  "2 closes",
  `11: 2 opens <b xmlns="urn:a"/>`,
  "2 closes",
  "1 closes",
];

describe("a document of any size", () => {
  it("is told by its frames and its elements, with their namespaces and lines", () => {
    expect(told(document)).toEqual(parts);
  });

  it("is the same whatever pieces it comes in", () => {
    for (const chunkBytes of [1, 2, 3, 7, 64]) expect(told(document, chunkBytes)).toEqual(parts);
  });

  it("goes on after an element that no stream could carry, and says where it was", () => {
    const text = `<a xmlns='a'><b>
<c><d>&undefined;</d><c/></c>
<c x='1' x='2'><d/></c>
<c>${"<d>".repeat(70)}${"</d>".repeat(70)}</c>
<c><d></e></c>
<c>good</c>
</b></a>`;
    expect(told(text)).toEqual([
      `1: 1 opens <a xmlns="a"/>`,
      `1: 2 opens <b xmlns="a"/>`,
      expect.stringMatching(/^2: faulty: /),
      "3: faulty: not-well-formed: the attribute x is given twice",
      expect.stringMatching(/^4: faulty: policy-violation: /),
      "5: faulty: not-well-formed: expected the end tag of d",
      `6: <c xmlns="a">good</c> of 11`,
      "2 closes",
      "1 closes",
    ]);
  });

  it("has limits for each element", () => {
    const limits = { ...xmlLimitsAuthenticated, stanzaBytesMax: 200 };
    const [, , first, second] = told(`<a xmlns='a'><b><c>${"<d>x</d>".repeat(30)}</c><c>good</c></b></a>`, 16, limits);
    expect(first).toMatch(/^1: faulty: policy-violation: more than 200 bytes/);
    expect(second).toBe(`1: <c xmlns="a">good</c> of 11`);
    expect(told(`<a xmlns='a' b='${"x".repeat(300)}'/>`, 16, limits)).toEqual([expect.stringMatching(/^1: error: a tag, comment or CDATA section of more than 200 bytes$/)]);
  });

  it("tells of text between its frames, where it is not white space", () => {
    expect(told("<a xmlns='a'>\n x <b>y</b></a>").filter((part) => part.includes("text"))).toEqual(["1: text in 1", "2: text in 2"]);
  });

  it.each([
    ["an end that is missing", "<a xmlns='a'><b>", "1: error: the document ends early: part of it is missing"],
    ["an element that does not end", "<a xmlns='a'><b><c>", "1: error: the document ends early: part of it is missing"],
    ["a tag that does not end", "<a xmlns='a'/><b", "1: error: the document ends early: part of it is missing"],
    ["nothing at all", " ", "1: error: the document ends early: part of it is missing"],
    ["a document type", "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "1: error: a document type or other declaration, which is not read: remove it"],
    ["another encoding", "<?xml version='1.0' encoding='latin1'?><a/>", "1: error: the encoding is latin1, expected UTF-8"],
    ["a declaration that comes late", "\n<?xml version='1.0'?><a xmlns='a'/>", "2: error: an XML declaration that is not at the start of the document"],
    ["another end tag", "<a xmlns='a'></b>", "1: error: an end tag that belongs to no start tag"],
    ["an end tag too many", "<a xmlns='a'/></a>", "1: error: an end tag that belongs to no start tag"],
    ["a second root", "<a xmlns='a'/><a xmlns='a'/>", "1: error: a second root element"],
    ["text outside", "<a xmlns='a'/>b", "1: error: text outside the root element"],
    ["no XML", "PK\u0003\u0004", "1: error: text outside the root element"],
    ["no namespace", "<html>", "1: error: invalid-namespace: first-level elements in no namespace"],
    ["a prefix that is not declared", "<b:a/>", "1: error: not-well-formed: the prefix b is not declared"],
    ["an attribute that is given twice", "<a xmlns='a' b='1' b='2'/>", "1: error: not-well-formed: the attribute b is given twice"],
  ])("is refused with %s", (_, text, problem) => {
    expect(told(text).at(-1)).toBe(problem);
  });

  it("is refused where it is not UTF-8", () => {
    expect(told(Buffer.from("<a xmlns='a' b='\u00ff'/>", "latin1"))).toEqual(["1: error: unsupported-encoding: the stream is not UTF-8"]);
    expect(told(Buffer.from("<a xmlns='a'><b><c>\u00ff</c></b></a>", "latin1")).at(2)).toBe("1: faulty: unsupported-encoding: the stream is not UTF-8");
  });

  it("never fails in another way, whatever it holds", () => {
    const fragment = fc.constantFrom("<a xmlns='a'>", "<b>", "<c>", "</c>", "</b>", "</a>", "<c/>", "<", ">", "&", "]]>", "<![CDATA[", "<!--", "-->", "'", '"', "x", " ", "<?x", "?>", "<!D");
    fc.assert(fc.property(fc.array(fragment, { maxLength: 24 }), fc.integer({ min: 1, max: 9 }), (fragments, chunkBytes) => {
      const text = fragments.join("");
      expect(told(text, chunkBytes)).toEqual(told(text));
    }));
  });
});
