import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { xmlLines } from "../../../src/page/session/xml-lines.ts";

const shown = (xml: string) => xmlLines(xml)?.map(({ depth, pieces }) => `${"  ".repeat(depth)}${pieces.map(({ text }) => text).join("")}`);

describe("The page shows XML as text: a line for each tag", () => {
  it("keeps an element that holds text alone on one line", () => {
    expect(shown("<message to='a@b'><body>hello</body><active xmlns='x'/></message>")).toEqual([
      "<message to='a@b'>",
      "  <body>hello</body>",
      "  <active xmlns='x'/>",
      "</message>",
    ]);
  });

  it("takes a stream's header and its end tag, which stand alone", () => {
    expect(shown("<?xml version='1.0'?><stream:stream to='a' xmlns='jabber:client'>")).toEqual(["<?xml version='1.0'?>", "<stream:stream to='a' xmlns='jabber:client'>"]);
    expect(shown("</stream:stream>")).toEqual(["</stream:stream>"]);
  });

  it("keeps white space that an element is made of", () => {
    expect(shown("<body> </body>")).toEqual(["<body> </body>"]);
  });

  it("leaves entities as they came over the wire", () => {
    expect(shown("<body>&lt;script&gt;</body>")).toEqual(["<body>&lt;script&gt;</body>"]);
  });

  it.each(["<a><b></a></b>", "<a", "<a b=c/>", "<a><b>", "</a></b>", "<a></b>", "<!-- no --><a/>", "<a b='<'/>", "", "<a/></b>"])("does not take %j for XML", (xml) => {
    expect(xmlLines(xml)).toBeUndefined();
  });

  it("reads 64 KB of any kind in no time", () => {
    const begun = performance.now();
    for (const part of ["<a ", " ", "<", "a='b' ", "<a>", "x"]) xmlLines(`<m ${part.repeat(65_536 / part.length)}`);
    for (const part of [" ", "<a/>", "x"]) xmlLines(`<m>${part.repeat(65_536 / part.length)}</m>`);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});

describe("The page shows XML whole: nothing is lost or made up", () => {
  const name = fc.constantFrom("message", "body", "stream:features", "x");
  const text = fc.string({ maxLength: 20 }).map((value) => value.replaceAll(/[<>&"']/g, "_")).filter((value) => value.trim() === value && value !== "");
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.tuple(name, text).map(([name, value]) => `<${name} id="${value}"/>`),
      fc.tuple(name, text).map(([name, value]) => `<${name}>${value}</${name}>`),
      fc.tuple(name, fc.array(tie("tree"), { minLength: 1, maxLength: 4 })).map(([name, children]) => `<${name} xmlns='y'>${children.join("")}</${name}>`),
    ),
  }));

  it("gives the same characters in the same order", () => {
    fc.assert(fc.property(tree, (xml) => {
      expect(xmlLines(xml)?.flatMap(({ pieces }) => pieces.map((piece) => piece.text)).join("")).toBe(xml);
    }));
  });
});
