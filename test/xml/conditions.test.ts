import { describe, expect, it } from "vitest";
import { elementOf, elementsOf, footer, header, Reading, read, refusal, streamRefusal } from "./reading.ts";

const streams = "xmlns:stream='http://etherx.jabber.org/streams'";
const inBody = (text: string | Buffer) =>
  Buffer.concat([Buffer.from("<message><body>"), Buffer.from(text as string), Buffer.from("</body></message>")]);

const utf16 = (text: string) => Buffer.from(text, "utf16le");

function refuses(condition: string, cases: Readonly<Record<string, string | Buffer>>): void {
  for (const [what, content] of Object.entries(cases)) it(`refuses ${what}`, () => expect(refusal(content)).toBe(condition));
}

function refusesStream(condition: string, cases: Readonly<Record<string, string | Buffer>>): void {
  for (const [what, stream] of Object.entries(cases)) it(`refuses ${what}`, () => expect(streamRefusal(stream)).toBe(condition));
}

describe("RFC 6120 section 4.9.3.13 not-well-formed", () => {
  refuses("not-well-formed", {
    "a missing end tag, as in section 4.9.1.1": "<message><body>No closing tag!</message>",
    "an undeclared element prefix, as in the section's example": "<message><foo:body>What is this foo?</foo:body></message>",
    "an undeclared attribute prefix": "<message foo:id='1'/>",
    "the same attribute twice": "<message id='1' id='2'/>",
    "an attribute without a value": "<message id/>",
    "an attribute without quotes": "<message id=1/>",
    "attributes without white space between": "<message id='1'to='a'/>",
    '"<" in an attribute value': "<message id='a<b'/>",
    '"]]>" in text': inBody("]]>"),
    "an ampersand alone": inBody("a & b"),
    "a character reference to NUL": inBody("&#0;"),
    "a character reference to a control character": inBody("&#x1;"),
    "a character reference to half a surrogate pair": inBody("&#xD800;"),
    "a character reference beyond Unicode": inBody("&#x110000;"),
    "a character reference without digits": inBody("&#x;"),
    "a character reference with an x after digits": inBody("&#0x41;"),
    "a character reference with very many digits": inBody(`&#x${"f".repeat(400)};`),
    "a character reference with a capital X": inBody("&#X41;"),
    "a control character in text": inBody("\u0008"),
    "a control character in an attribute value": "<message id='\u0008'/>",
    "U+FFFE": inBody("\ufffe"),
    "U+FFFF": inBody("\uffff"),
    "a name that begins with a digit": "<1message/>",
    "an element name that begins with a colon": "<:message/>",
    "an attribute name that begins with a colon": "<message :id='1'/>",
    "a name that ends with a colon": "<message xmlns:a='urn:a'><a:/></message>",
    "a name with two colons": "<message xmlns:a='urn:a'><a:b:c/></message>",
    "a local name that begins with a digit": "<message xmlns:a='urn:a'><a:1/></message>",
    "white space before a name": "< message/>",
    "an end tag with an attribute": "<message></message id='1'>",
    "an empty end tag": "<message></>",
    '"/" within a tag': "<message / id='1'>",
    '"<!" before anything but a comment, CDATA or a declaration': "<!x>",
    "an XML declaration between stanzas": "<?xml version='1.0'?>",
    "an XML declaration within a stanza": "<message><?xml version='1.0'?><body/></message>",
    "another end tag than the stream's": "</stream:flow>",
    "the stream's end tag under another prefix": "</stream>",
  });
  refusesStream("not-well-formed", {
    "text before the stream header": `GET / HTTP/1.1\r\n\r\n${header}`,
    "CDATA before the stream header": `<![CDATA[x]]>${header}`,
    "an end tag before the stream header": footer,
    "an XML declaration twice": `<?xml version='1.0'?><?xml version='1.0'?>${header}`,
    "a byte order mark, which is a character here (section 11.6)": `\ufeff${header}`,
    "an undeclared prefix on the stream header": "<stream:stream xmlns='jabber:client'>",
  });
});

describe("RFC 6120 section 11.1 restricted-xml (section 4.9.3.18)", () => {
  refuses("restricted-xml", {
    "a comment within a stanza, as in section 4.9.3.18": "<message to='juliet@im.example.com'><!--<subject/>--><body/></message>",
    "a comment between stanzas": "<!-- hello -->",
    "a processing instruction": "<message><?php echo 1 ?></message>",
    "a processing instruction whose name begins with xml": "<?xml-stylesheet href='a'?>",
    "a document type declaration": "<!DOCTYPE message>",
    "an entity that is not predefined, in text": inBody("&nbsp;"),
    "an entity that is not predefined, in an attribute": "<message id='&foo;'/>",
    "an entity with a long name": inBody("&abcdefgh;"),
    "an entity between stanzas": "&foo;",
  });
  refusesStream("restricted-xml", {
    "a document type declaration before the stream header": `<?xml version='1.0'?><!DOCTYPE stream [<!ENTITY a "b">]>${header}`,
    "a comment before the stream header": `<!-- hello -->${header}`,
    "a processing instruction before the stream header": `<?pi?>${header}`,
  });
  it("takes the five predefined entities and characters by number", () => {
    const text = `&amp;&lt;&gt;&quot;&apos;&#65;&#x1F600;&#${"0".repeat(70)}66;`;
    expect(elementOf(inBody(text)).getChildText("body")).toBe("&<>\"'A😀B");
  });
});

describe("RFC 6120 section 11.6 unsupported-encoding (section 4.9.3.22)", () => {
  refusesStream("unsupported-encoding", {
    "UTF-16 by declaration, as in the section's example": `<?xml version='1.0' encoding='UTF-16'?>${header}`,
    "ISO 8859-1 by declaration": `<?xml version='1.0' encoding="ISO-8859-1"?>${header}`,
    "UTF-16, little endian, with a byte order mark": Buffer.concat([Buffer.of(0xff, 0xfe), utf16(header)]),
    "UTF-16, big endian, with a byte order mark": Buffer.concat([Buffer.of(0xfe, 0xff), utf16(header).swap16()]),
    "UTF-16, little endian, without one": utf16(header),
    "UTF-16, big endian, without one": utf16(header).swap16(),
    "UTF-32, big endian": Buffer.of(0, 0, 0, 0x3c),
    "UTF-32 with a byte order mark": Buffer.of(0, 0, 0xfe, 0xff),
  });
  const wrong: Readonly<Record<string, readonly number[]>> = {
    "an overlong form of two bytes": [0xc0, 0xaf],
    "an overlong form of three": [0xe0, 0x9f, 0xbf],
    "an overlong form of four": [0xf0, 0x8f, 0xbf, 0xbf],
    "a surrogate": [0xed, 0xa0, 0x80],
    "a character beyond U+10FFFF": [0xf4, 0x90, 0x80, 0x80],
    "a sequence of five bytes": [0xf8, 0x88, 0x80, 0x80, 0x80],
    "a sequence cut short by ASCII": [0xe2, 0x82, 0x41],
    "a sequence cut short by another": [0xe2, 0x82, 0xc3, 0xa9],
    "a continuation byte astray": [0x80],
    "0xFF": [0xff],
  };
  refuses("unsupported-encoding", Object.fromEntries(Object.entries(wrong).flatMap(([what, bytes]) => [
    [`${what} in text`, inBody(Buffer.from(bytes))],
    [`${what} in an attribute value`, Buffer.concat([Buffer.from("<message id='"), Buffer.from(bytes), Buffer.from("'/>")])],
    [`${what} in a name`, Buffer.concat([Buffer.from("<m"), Buffer.from(bytes), Buffer.from("></m>")])],
  ])));
  it("refuses an end tag whose name is right in Latin-1 alone", () => {
    expect(refusal(Buffer.concat([Buffer.from("<é></"), Buffer.of(0xe9), Buffer.from(">")]))).toBe("unsupported-encoding");
  });
  it("takes the first and last characters of every length, and U+FEFF as the character that it is", () => {
    const text = "\u007f\u0080\u07ff\u0800\ud7ff\ue000\ufffd\ufeff\u{10000}\u{1fffe}\u{10ffff}";
    expect(elementOf(inBody(text)).getChildText("body")).toBe(text);
  });
});

describe("RFC 6120 section 11.5 XML declaration", () => {
  const taken = ["<?xml version='1.0'?>", "<?xml version=\"1.0\"?>\n", "<?xml version='1.0' encoding='UTF-8'?>", "<?xml version='1.0' encoding='utf-8' ?>",
    "<?xml version='1.0' standalone='no'?>", "<?xml version='1.0' encoding='utf-8' standalone=\"yes\"?>", "<?xml\tversion = '1.1'\n?>"];
  for (const declaration of taken) it(`takes ${JSON.stringify(declaration)}`, () => expect(read(declaration, header).told).toEqual(["opened"]));
  const malformed = ["<?xml?>", "<?xml encoding='UTF-8'?>", "<?xml version='2.0'?>", "<?xml version='1.0\"?>", "<?xml version='1.0'encoding='UTF-8'?>",
    "<?xml version='1.0' standalone='no' encoding='UTF-8'?>", "<?xml version='1.0' standalone='maybe'?>", "<?xml version='1.0' a='b'?>",
    "<?xml version='1.0' ? >?>", "<?xml version='1.0' ?\u00f4?>", "<?xml <stream?>"];
  for (const declaration of malformed) it(`refuses ${declaration}`, () => expect(streamRefusal(declaration + header)).toBe("not-well-formed"));
  it("takes white space before the stream header, but no declaration after it", () => {
    expect(read("\r\n ", header).told).toEqual(["opened"]);
    expect(streamRefusal(`\n<?xml version='1.0'?>${header}`)).toBe("not-well-formed");
  });
  it("takes white space before the declaration after a restart, where it belongs to the stream before", () => {
    const reading = read(header, "<auth xmlns='urn:a'/>");
    reading.parser.restart();
    expect(reading.write("\n<?xml version='1.0'?>", header).told).toEqual(["opened", "element", "opened"]);
  });
});

describe("RFC 6120 section 4.9.3.10 invalid-namespace", () => {
  refusesStream("invalid-namespace", {
    "another stream namespace, as in the section's example": "<stream:stream xmlns='jabber:client' xmlns:stream='http://wrong.namespace.example.org/'>",
    "a stream header in no namespace": "<stream>",
    "a stream header in the content namespace": "<stream xmlns='jabber:client'>",
    "another root element in another namespace": "<html xmlns='http://www.w3.org/1999/xhtml'>",
    "jabber:server as content namespace (section 4.8.3)": `<stream:stream xmlns='jabber:server' ${streams}>`,
    "an unknown content namespace": `<stream:stream xmlns='urn:other' ${streams}>`,
    "the stream namespace as content namespace (section 4.8.2)": `<stream:stream xmlns='http://etherx.jabber.org/streams' ${streams}>`,
  });
  refuses("invalid-namespace", {
    "a stanza in jabber:server (section 4.8.3)": "<message xmlns='jabber:server'/>",
    "a first-level element in no namespace": "<message xmlns=''/>",
  });
  it("takes prefix-free canonicalization (section 4.8.2)", () => {
    const reading = read("<stream xmlns='http://etherx.jabber.org/streams' to='im.example'>",
      "<message xmlns='jabber:client'><body>foo</body></message></stream>");
    expect(reading.told).toEqual(["opened", "element", "ended"]);
    expect(reading.elements[0]!.toString()).toBe('<message xmlns="jabber:client"><body>foo</body></message>');
  });
  it("takes a header without content namespace, whose stanzas then need their own (section 4.8.2)", () => {
    expect(read(`<stream:stream ${streams}><iq xmlns='jabber:client'/>`).told).toEqual(["opened", "element"]);
    expect(streamRefusal(`<stream:stream ${streams}><iq/>`)).toBe("invalid-namespace");
  });
});

describe("RFC 6120 section 4.9.3.2 bad-namespace-prefix", () => {
  refusesStream("bad-namespace-prefix", {
    "another prefix for the stream namespace, as in the section's example":
      "<foobar:stream to='im.example.com' version='1.0' xmlns='jabber:client' xmlns:foobar='http://etherx.jabber.org/streams'>",
  });
  refuses("bad-namespace-prefix", {
    "a prefixed stanza, as in section 4.8.5": "<foo:message xmlns:foo='jabber:client'><foo:body>foo</foo:body></foo:message>",
    "a prefixed element of the content namespace further down": "<message><x xmlns='urn:x'><c:body xmlns:c='jabber:client'/></x></message>",
    "an element with the prefix xml": "<message><xml:foo/></message>",
  });
});

describe("RFC 6120 section 4.9.3.1 bad-format", () => {
  refuses("bad-format", {
    "text between first-level elements": "<message/>hello<message/>",
    "text beyond ASCII between first-level elements": "é",
    "a reference between first-level elements": "&amp;",
    "CDATA between first-level elements": "<![CDATA[ ]]>",
    "a second stream header": header,
  });
  refusesStream("bad-format", { "a root element of another name": `<stream:flow xmlns='jabber:client' ${streams}>` });
  it("takes white space between first-level elements (section 11.7)", () => {
    expect(elementsOf(" <message/>\r\n\t<message/> &#32;\n")).toHaveLength(2);
  });
});

describe("RFC 6120 section 4.7 stream attributes", () => {
  it("hands them out as they arrived", () => {
    const reading = read("<?xml version='1.0'?><stream:stream from='juliet@im.example.com' to='im.example.com' id='&lt;1' version='1.0'",
      ` xml:lang='en' xmlns='jabber:client' ${streams}>`);
    expect(reading.headers).toEqual([{ from: "juliet@im.example.com", to: "im.example.com", id: "<1", version: "1.0", lang: "en" }]);
  });
  it("does not take a prefixed attribute for one", () => {
    expect(read(`<stream:stream xmlns:a='urn:a' a:to='evil' xmlns='jabber:client' ${streams}>`).headers[0]!.to).toBeUndefined();
  });
  it("takes an empty stream, opened and then ended", () => {
    expect(read(header.replace(">", "/>")).told).toEqual(["opened", "ended"]);
  });
});

describe("RFC 6120 section 4.9.1.1 stream errors are unrecoverable", () => {
  it("tells nothing after a fault until a restart", () => {
    const reading = new Reading().write(header, "<a><!---->", "<message/></a>", header);
    expect(reading.told).toEqual(["opened", "failed"]);
    reading.parser.restart();
    expect(reading.write(header, "<message/>").told).toEqual(["opened", "failed", "opened", "element"]);
  });
  it("tells nothing after the end tag", () => {
    expect(read(header, `${footer} <<<`, "more").told).toEqual(["opened", "ended"]);
  });
});
