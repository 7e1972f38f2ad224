import { describe, expect, it } from "vitest";
import { elementOf, elementsOf, header, read, refusal } from "./reading.ts";

const inMessage = (content: string) => `<message>${content}</message>`;
const text = (content: string) => elementOf(inMessage(content)).children;
const canonical = (content: string) => elementOf(content).toString();

describe("Namespaces in XML 1.0: elements are handed out without prefixes", () => {
  it("gives every first-level element its namespace", () => {
    expect(elementsOf("<message/><a xmlns='urn:a'/><stream:error/>").map(String)).toEqual([
      '<message xmlns="jabber:client"/>', '<a xmlns="urn:a"/>', '<error xmlns="http://etherx.jabber.org/streams"/>',
    ]);
  });
  it("declares a namespace below only where it changes", () => {
    expect(canonical("<iq xmlns='jabber:client'><q xmlns='urn:q'><i xmlns='urn:q'/><c xmlns='jabber:client'/></q></iq>"))
      .toBe('<iq xmlns="jabber:client"><q xmlns="urn:q"><i/><c xmlns="jabber:client"/></q></iq>');
  });
  it("rewrites prefixed names, the prefix declared within or around", () => {
    expect(canonical("<message><p:a xmlns:p='urn:p'><p:b/><c/></p:a></message>"))
      .toBe('<message xmlns="jabber:client"><a xmlns="urn:p"><b/><c xmlns="jabber:client"/></a></message>');
  });
  it("rewrites prefixes declared on the stream header (RFC 6120 section 4.8.5)", () => {
    const reading = read(header.replace("xmlns:stream", "xmlns:p='urn:p' xmlns:stream"), "<iq><p:a p:b='1'/></iq>");
    expect(reading.elements[0]!.toString()).toBe('<iq xmlns="jabber:client"><a xmlns="urn:p" xmlns:p="urn:p" p:b="1"/></iq>');
  });
  it("keeps the prefix of an attribute, with its declaration beside it", () => {
    expect(canonical("<iq xmlns:p='urn:p'><q xmlns='urn:q' p:a='1' xml:lang='en' b='2'/></iq>"))
      .toBe('<iq xmlns="jabber:client"><q xmlns="urn:q" xmlns:p="urn:p" p:a="1" xml:lang="en" b="2"/></iq>');
  });
  it("ends the scope of a declaration with its element", () => {
    expect(canonical("<iq xmlns:p='urn:1'><a><p:x xmlns:p='urn:2'/></a><p:y/></iq>"))
      .toBe('<iq xmlns="jabber:client"><a><x xmlns="urn:2"/></a><y xmlns="urn:1"/></iq>');
    expect(refusal("<iq><a xmlns:p='urn:p'/><p:b/></iq>")).toBe("not-well-formed");
  });
  it("uses a declaration of the same tag, wherever in it", () => {
    expect(canonical("<iq><p:a p:b='1' xmlns:p='urn:p'/></iq>")).toBe('<iq xmlns="jabber:client"><a xmlns="urn:p" xmlns:p="urn:p" p:b="1"/></iq>');
  });
  it("has one reading of an element in no namespace, ltx's included", () => {
    const query = elementOf("<iq><query xmlns='urn:q'><item xmlns=''><sub/></item></query></iq>").getChild("query")!;
    expect(query.toString()).toBe('<query xmlns="urn:q"><item xmlns=""><sub/></item></query>');
    expect(query.getChild("item", "urn:q")).toBeUndefined();
    expect(query.getChild("item")!.getChild("sub", "urn:q")).toBeUndefined();
    expect(query.getChild("item")!.getChild("sub")!.getNS()).toBe("");
  });
});

describe("Namespaces in XML 1.0 sections 3, 5 and 6.3: what may be declared", () => {
  const refused: Readonly<Record<string, string>> = {
    "one attribute under two prefixes": "<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='1' q:b='2'/>",
    "a prefix declared twice": "<a xmlns:p='urn:1' xmlns:p='urn:2'/>",
    "a default namespace declared twice": "<a xmlns='urn:1' xmlns='urn:2'/>",
    "a prefix undeclared": "<a xmlns:p=''/>",
    "the prefix xmlns declared": "<a xmlns:xmlns='urn:x'/>",
    "an element with the prefix xmlns": "<xmlns:a/>",
    "the prefix xml for another namespace": "<a xmlns:xml='urn:x'/>",
    "another prefix for the namespace of xml": "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
    "the namespace of xml as default": "<a xmlns='http://www.w3.org/XML/1998/namespace'/>",
    "the namespace of xmlns for a prefix": "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>",
    "the namespace of xmlns as default": "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
    "white space around a namespace name, which some parsers trim": "<a xmlns=' urn:xmpp:carbons:2'/>",
  };
  for (const [what, content] of Object.entries(refused)) it(`refuses ${what}`, () => expect(refusal(inMessage(content))).toBe("not-well-formed"));
  it("finds a duplicate among many attributes too", () => {
    const many = Array.from({ length: 30 }, (_, index) => `a${index}='' p:a${index}=''`).join(" ");
    expect(refusal(inMessage(`<a xmlns:p='urn:p' xmlns:q='urn:p' ${many}/>`))).toBeUndefined();
    expect(refusal(inMessage(`<a xmlns:p='urn:p' xmlns:q='urn:p' ${many} q:a7=''/>`))).toBe("not-well-formed");
    expect(refusal(inMessage(`<a xmlns:p='urn:p' ${many} a7=''/>`))).toBe("not-well-formed");
  });
  it("takes the same local name under two namespaces, and beside a plain one", () => {
    expect(refusal(inMessage("<a xmlns:p='urn:1' xmlns:q='urn:2' p:b='' q:b='' b=''/>"))).toBeUndefined();
  });
  it("takes the prefix xml declared as what it is", () => {
    expect(canonical("<iq xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='en'/>")).toBe('<iq xmlns="jabber:client" xml:lang="en"/>');
  });
});

describe("XML 1.0 sections 2.7, 2.11 and 3.3.3: text and values are normalised", () => {
  it("makes one string of text, references and CDATA", () => {
    expect(text("a<![CDATA[<b>&amp;]]]]>c&lt;<![CDATA[]]>d")).toEqual(["a<b>&amp;]]c<d"]);
  });
  it("keeps text on both sides of an element apart, and no empty text", () => {
    const children = text("a<b/><![CDATA[]]><c/>d");
    expect(children.map(String)).toEqual(["a", "<b/>", "<c/>", "d"]);
  });
  it("reads the end of CDATA after any number of brackets", () => {
    expect(text("<![CDATA[]]]>]")).toEqual(["]]"]);
    expect(text("<![CDATA[]]>]]")).toEqual(["]]"]);
    expect(text("<![CDATA[]>]]]]>")).toEqual(["]>]]"]);
    expect(text("]<![CDATA[]>]]>")).toEqual(["]]>"]);
  });
  it("makes line feeds of line ends, but not of references", () => {
    expect(text("a\r\nb\rc\nd\r\r\ne&#13;&#10;f")).toEqual(["a\nb\nc\nd\n\ne\r\nf"]);
    expect(text("<![CDATA[a\r\nb\r]]>")).toEqual(["a\nb\n"]);
  });
  it("makes spaces of white space in attribute values, but not of references", () => {
    expect(elementOf("<iq id='a\tb\nc\r\nd\re&#9;&#10;&#13;f  g'/>").attrs["id"]).toBe("a b c d e\t\n\rf  g");
  });
  it("takes any other quote in a value", () => {
    expect(elementOf(`<iq id='"' to="'"/>`).attrs).toMatchObject({ id: '"', to: "'" });
  });
  it("keeps an attribute called __proto__, and touches no prototype", () => {
    const { attrs } = elementOf("<iq __proto__='evil' constructor='x' hasOwnProperty='y'/>");
    expect(Object.entries(attrs)).toEqual([["xmlns", "jabber:client"], ["__proto__", "evil"], ["constructor", "x"], ["hasOwnProperty", "y"]]);
    expect(Object.getPrototypeOf(attrs)).toBe(Object.prototype);
    expect(elementOf("<iq xmlns:__proto__='urn:p' __proto__:a='1'/>").attrs["__proto__:a"]).toBe("1");
  });
  it("takes names beyond ASCII", () => {
    expect(canonical("<iq><ä:名 xmlns:ä='urn:ü' ö='1'></ä:名></iq>")).toBe('<iq xmlns="jabber:client"><名 xmlns="urn:ü" ö="1"/></iq>');
    expect(refusal("<iq><a\u00d7/></iq>")).toBe("not-well-formed");
  });
});
