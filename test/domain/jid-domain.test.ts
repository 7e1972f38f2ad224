import { toASCII } from "tr46";
import { describe, expect, it } from "vitest";
import { prepareDomain } from "../../src/domain/jid.ts";

function aLabel(text: string): string {
  const ascii = toASCII(text);
  if (ascii === null) throw new Error(`${text} has no A-label`);
  return ascii;
}

describe("RFC 7622 section 3.2 domainpart", () => {
  it.each([
    ["a fully qualified name", "xmpp.example.com", "xmpp.example.com"],
    ["an unqualified name", "localhost", "localhost"],
    ["a label of one character", "a.b.c", "a.b.c"],
    ["hyphens within a label", "a-b.c--d.example", "a-b.c--d.example"],
    ["digits first", "1and1.example", "1and1.example"],
    ["an IPv4 address", "127.0.0.1", "127.0.0.1"],
    ["a dot at the end, stripped", "example.com.", "example.com"],
    ["an ideographic full stop at the end, stripped", "example.com\u3002", "example.com"],
    ["capitals", "EXAMPLE.Com", "example.com"],
    ["fullwidth letters and full stop", "\uFF25xample\uFF0E\uFF43om", "example.com"],
    ["ideographic full stops", "\u4E2D\u3002\u4E2D\uFF61cn", "\u4E2D.\u4E2D.cn"],
    ["a decomposed letter", "Cafe\u0301.example", "caf\u00E9.example"],
    ["halfwidth Katakana with a voiced sound mark", "\uFF76\uFF9E.example", "\u30AC.example"],
    ["sharp s, which stays", "fa\u00DF.example", "fa\u00DF.example"],
    ["final sigma, which stays", "\u03C3\u03C2.example", "\u03C3\u03C2.example"],
    ["a capital after a dot and beyond ASCII", "x.\u00C9", "x.\u00E9"],
    ["capital sigma", "\u039F\u03A3.example", "\u03BF\u03C3.example"],
  ])("takes %s", (_what, text, prepared) => {
    expect(prepareDomain(text)).toBe(prepared);
  });

  it.each([
    ["nothing", ""],
    ["a dot alone", "."],
    ["two dots at the end", "example.com.."],
    ["two dots at the end, and no more", "a.."],
    ["an empty label", "a..b"],
    ["a dot first", ".a"],
    ["a space", "exa mple.com"],
    ["an underscore", "_xmpp.example.com"],
    ["a port", "example.com:5222"],
    ["an at sign", "a@b"],
    ["a hyphen first in a label (RFC 5890 section 2.3.1)", "-a.example"],
    ["a hyphen last in a label", "a-.example"],
    ["a reserved label that is no A-label (RFC 5890 section 2.3.1)", "ab--c.example"],
    ["a lone surrogate", "a\uD800.example"],
    ["a control character", "a\u0000.example"],
  ])("refuses %s", (_what, text) => {
    expect(prepareDomain(text)).toBeUndefined();
  });
});

describe("RFC 7622 section 3.2.1 A-labels become U-labels", () => {
  it.each([
    ["xn--e1afmkfd.example", "\u043F\u0440\u0438\u043C\u0435\u0440.example"],
    ["XN--E1AFMKFD.example", "\u043F\u0440\u0438\u043C\u0435\u0440.example"],
    ["xn--fa-hia.de", "fa\u00DF.de"],
    ["xn--4xa.gr", "\u03C3.gr"],
    ["xn--3xa.gr", "\u03C2.gr"],
  ])("%s", (text, prepared) => {
    expect(prepareDomain(text)).toBe(prepared);
  });

  it.each([
    ["nothing after the prefix", "xn--.example"],
    ["a code point outside ASCII", "xn--\u00E9.example"],
    ["more than Punycode can mean", "xn--99999999.example"],
    ["an encoding of ASCII alone", "xn--abc-.example"],
    ["a symbol", `${aLabel("\u2665")}.example`],
    ["a decomposed letter", "xn--e-xbb.example"],
    ["a capital, which may not be mapped here", "xn--7ba.example"],
    ["a U-label that breaks a contextual rule", "xn--ab-0ea.example"],
  ])("a fake A-label is refused: %s (RFC 5890 section 2.3.1)", (_what, text) => {
    expect(prepareDomain(text)).toBeUndefined();
  });

  it("an A-label that holds capitals of Cherokee keeps them, and so does the U-label", () => {
    const label = "\u13A3\u13B3\u13A9";
    expect(prepareDomain(aLabel(label))).toBe(label);
    expect(prepareDomain(label)).toBe(label);
  });
});

describe("RFC 5891 section 4.2 U-labels", () => {
  it.each([
    ["a symbol", "\u2665.example"],
    ["an emoji", "\u{1F600}.example"],
    ["a combining mark first", "\u0301a.example"],
    ["a hyphen first", "-\u00E9.example"],
    ["a hyphen last", "\u00E9-.example"],
    ["hyphens third and fourth", "\u00E9a--b.example"],
    ["hyphens third and fourth after a code point beyond the BMP", "\u{20000}a--b.example"],
    ["ASCII beyond letters, digits and hyphen", "\u00E9_.example"],
    ["a compatibility character that is neither wide nor narrow", "\uFB01n.example"],
    ["an unassigned code point", "\u0378.example"],
    ["old Hangul", "\u1112\u119E\u11AB.example"],
    ["a zero width joiner without a virama (RFC 5892 appendix A.2)", "a\u200Db.example"],
    ["a middle dot without l (RFC 5892 appendix A.3)", "a\u00B7b.example"],
  ])("refuses %s", (_what, text) => {
    expect(prepareDomain(text)).toBeUndefined();
  });

  it.each([
    ["the Catalan middle dot", "col\u00B7legi.cat"],
    ["a zero width non-joiner after a virama", "\u0915\u094D\u200C\u0937.example"],
    ["a hyphen beside a code point beyond the BMP", "\u{20000}-b.example"],
  ])("takes %s", (_what, text) => {
    expect(prepareDomain(text)).toBe(text);
  });
});

describe("RFC 5893 section 2 Bidi domain names", () => {
  it.each([
    ["an RTL label and LTR labels", "\u05D0\u05D1.example.com", true],
    ["an RTL label given as an A-label", "xn--4dbc.example", true],
    ["digits at the end of an RTL label", "\u05D01.example", true],
    ["a label beside it that begins with a digit", "\u05D0\u05D1.1a.example", false],
    ["a digit at the start of the RTL label", "1\u05D0.example", false],
    ["both directions in one label", "a\u05D0.example", false],
    ["European and Arabic digits in one label", "\u06281\u0661.example", false],
  ])("%s: %s", (_what, text, allowed) => {
    expect(prepareDomain(text) !== undefined).toBe(allowed);
  });

  it("asks nothing of names without an RTL label", () => {
    expect(prepareDomain("1a.\u00E9.2b")).toBe("1a.\u00E9.2b");
  });
});

describe("RFC 7622 section 3.1 IP literals", () => {
  it.each([
    ["[::]", "[::]"],
    ["[::1]", "[::1]"],
    ["[::1].", "[::1]"],
    ["[2001:DB8::A]", "[2001:db8::a]"],
    ["[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]"],
    ["[1:2:3:4:5:6:7::]", "[1:2:3:4:5:6:7::]"],
    ["[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]"],
    ["[::199.249.250.255]", "[::199.249.250.255]"],
    ["[1:2:3:4:5:6:192.0.2.1]", "[1:2:3:4:5:6:192.0.2.1]"],
    ["[fe80::1%25Eth0]", "[fe80::1%25Eth0]"],
    ["[fe80::1%25a%2Fb]", "[fe80::1%25a%2Fb]"],
    ["[v1F.fe80:a+b]", "[v1f.fe80:a+b]"],
  ])("takes %s", (text, prepared) => {
    expect(prepareDomain(text)).toBe(prepared);
  });

  it.each([
    "::1",
    "[]",
    "[::1",
    "::1]",
    "[:]",
    "[:::]",
    "[1:2]",
    "[1::2::3]",
    "[1:2:3:4:5:6:7:8:9]",
    "[1:2:3:4:5:6:7:8::]",
    "[12345::]",
    "[g::]",
    "[1:]",
    "[:1:2:3:4:5:6:7]",
    "[192.0.2.1]",
    "[192.0.2.1::]",
    "[::192.0.2.256]",
    "[::192.0.02.1]",
    "[::192.0.2]",
    "[::192.0.2.1:1]",
    "[::5.192.0.2.1]",
    "[::192.0.2.1.5]",
    "[::24a.0.2.1]",
    "[1:2::3:4::5:6:7:8]",
    "[fe80::1%25a%2]",
    "[v1.a%25eth0]",
    "[xv1.a]",
    "[\u00E9[::1]",
    "[fe80::1%eth0]",
    "[fe80::1%25]",
    "[fe80::1%25a b]",
    "[v1.]",
    "[v.a]",
    "[vg.a]",
    "[v1.\u212A]",
    "[v1.a/b]",
    "[::1]a",
    "[::1]..",
    "[\uFF11::]",
  ])("refuses %s", (text) => {
    expect(prepareDomain(text)).toBeUndefined();
  });
});

describe("RFC 7622 section 3.2 lengths of RFC 1034", () => {
  it("takes labels of 63 octets, as they are in the DNS", () => {
    expect(prepareDomain("a".repeat(63))).toBe("a".repeat(63));
    expect(prepareDomain("a".repeat(64))).toBeUndefined();
    expect(prepareDomain(`${"a".repeat(64)}.example`)).toBeUndefined();
    expect(prepareDomain(`A${"a".repeat(63)}`)).toBeUndefined();
    const wide = Array.from({ length: 140 }, (_, count) => "\u4E2D".repeat(count + 1));
    const short = wide.map((label) => (aLabel(label).length <= 63 ? label : undefined));
    expect(wide.map((label) => prepareDomain(label))).toEqual(short);
    expect(wide.map((label) => prepareDomain(aLabel(label)))).toEqual(short);
    const longest = `${"a".repeat(55)}\u00E9`;
    expect(aLabel(longest)).toHaveLength(63);
    expect([longest, aLabel(longest)].map(prepareDomain)).toEqual([longest, longest]);
    expect([`a${longest}`, aLabel(`a${longest}`)].map(prepareDomain)).toEqual([undefined, undefined]);
  });

  it("takes names of 253 octets, as they are in the DNS", () => {
    const name = `${`${"a".repeat(63)}.`.repeat(3)}${"a".repeat(61)}`;
    expect(name).toHaveLength(253);
    expect(prepareDomain(name)).toBe(name);
    expect(prepareDomain(`${name}a`)).toBeUndefined();
    expect(prepareDomain(`${"a.".repeat(126)}a`)).toHaveLength(253);
    expect(prepareDomain(`${"a.".repeat(127)}a`)).toBeUndefined();
    const wide = Array.from({ length: 40 }, (_, count) => `${"\u4E2D.".repeat(count + 1)}cn`);
    expect(wide.map((text) => prepareDomain(text))).toEqual(
      wide.map((text) => (aLabel(text).length <= 253 ? text : undefined)),
    );
  });
});
