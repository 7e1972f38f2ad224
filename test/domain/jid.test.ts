import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeJid, parseJid, prepareDomain, prepareLocal, prepareResource } from "../../src/domain/jid.ts";
import { jidCacheEntriesMax, jidCacheTextLengthMax } from "../../src/domain/limits.ts";

const bytes = (text: string) => Buffer.byteLength(text);

describe("RFC 7622 section 3.5 examples", () => {
  it.each([
    [1, "juliet@example.com", "juliet", "example.com", undefined],
    [2, "juliet@example.com/foo", "juliet", "example.com", "foo"],
    [3, "juliet@example.com/foo bar", "juliet", "example.com", "foo bar"],
    [4, "juliet@example.com/foo@bar", "juliet", "example.com", "foo@bar"],
    [5, "foo\\20bar@example.com", "foo\\20bar", "example.com", undefined],
    [6, "fussball@example.com", "fussball", "example.com", undefined],
    [7, "fu\u00DFball@example.com", "fu\u00DFball", "example.com", undefined],
    [8, "\u03C0@example.com", "\u03C0", "example.com", undefined],
    [9, "\u03A3@example.com/foo", "\u03C3", "example.com", "foo"],
    [10, "\u03C3@example.com/foo", "\u03C3", "example.com", "foo"],
    [11, "\u03C2@example.com/foo", "\u03C2", "example.com", "foo"],
    [12, "king@example.com/\u265A", "king", "example.com", "\u265A"],
    [13, "example.com", undefined, "example.com", undefined],
    [14, "example.com/foobar", undefined, "example.com", "foobar"],
    [15, "a.example.com/b@example.net", undefined, "a.example.com", "b@example.net"],
  ])("example %i, %s, is a JID", (_number, text, local, domain, resource) => {
    const jid = parseJid(text);
    expect([jid?.local, jid?.domain, jid?.resource]).toEqual([local, domain, resource]);
  });

  it.each([
    [16, '"juliet"@example.com'],
    [17, "foo bar@example.com"],
    [18, "juliet@example.com/ foo"],
    [19, "@example.com/"],
    [20, "henry\u2163@example.com"],
    [21, "\u265A@example.com"],
    [22, "juliet@"],
    [23, "/foobar"],
  ])("example %i, %s, is not", (_number, text) => {
    expect(parseJid(text)).toBeUndefined();
  });

  it("matches examples 9 and 10, and neither of them with 11", () => {
    const sigmas = ["\u03A3", "\u03C3", "\u03C2"];
    const [ninth, tenth, eleventh] = sigmas.map((local) => parseJid(`${local}@example.com/foo`));
    expect(ninth?.full).toBe(tenth?.full);
    expect(tenth?.full).not.toBe(eleventh?.full);
  });
});

describe("RFC 7622 section 3.2 separators", () => {
  it.each([
    ["foo@example.com/a/b", "foo", "example.com", "a/b"],
    ["foo@example.com//", "foo", "example.com", "/"],
    ["example.com/@", undefined, "example.com", "@"],
    ["example.com/a@b/c", undefined, "example.com", "a@b/c"],
    ["foo@[::1]/x", "foo", "[::1]", "x"],
  ])("%s is cut at the first slash, then at the first at sign", (text, local, domain, resource) => {
    const jid = parseJid(text);
    expect([jid?.local, jid?.domain, jid?.resource]).toEqual([local, domain, resource]);
  });

  const incomplete = ["", "@", "/", "@/", "a@b@example.com", "@example.com", "example.com/", "a@/b", "a@b/"];
  it.each(incomplete)("%j is malformed", (text) => {
    expect(parseJid(text)).toBeUndefined();
  });

  it("finds separators before anything is mapped to one (section 3.1)", () => {
    expect(parseJid("juliet\uFF20example.com")).toBeUndefined();
    expect(parseJid("juliet@example.com\uFF0Ffoo")).toBeUndefined();
    expect(parseJid("ju\uFF0Fliet@example.com")).toBeUndefined();
    expect(parseJid("juliet@example.com/a\uFF0Fb")?.resource).toBe("a\uFF0Fb");
  });
});

describe("RFC 7622 section 3.3 localpart", () => {
  it("is an instance of UsernameCaseMapped", () => {
    expect(prepareLocal("Juliet")).toBe("juliet");
    expect(prepareLocal("JULI\u00C9T")).toBe("juli\u00E9t");
    expect(prepareLocal("\uFF2Auliet")).toBe("juliet");
    expect(prepareLocal("a b")).toBeUndefined();
  });

  it.each(Array.from("\"&'/:<>@"))("excludes %s (section 3.3.1)", (char) => {
    expect(prepareLocal(`a${char}b`)).toBeUndefined();
    expect(prepareLocal(`A${char}b`)).toBeUndefined();
    expect(prepareLocal(`a${String.fromCodePoint((char.codePointAt(0) ?? 0) + 0xfee0)}b`)).toBeUndefined();
  });

  it("allows every other printable ASCII character", () => {
    const allowed = Array.from({ length: 0x5e }, (_, index) => String.fromCharCode(0x21 + index)).filter(
      (char) => !"\"&'/:<>@".includes(char),
    );
    expect(allowed).toHaveLength(94 - 8);
    for (const char of allowed) expect(prepareLocal(char)).toBe(char.toLowerCase());
  });
});

describe("RFC 7622 section 3.4 resourcepart", () => {
  it("is an instance of OpaqueString", () => {
    expect(prepareResource("Balcony")).toBe("Balcony");
    expect(prepareResource("My\u00A0phone ")).toBe("My phone ");
    expect(prepareResource("e\u0301")).toBe("\u00E9");
    expect(prepareResource("a\u0007")).toBeUndefined();
    expect(prepareResource("\u{F0000}")).toBeUndefined();
  });

  it("has no leading space, of whatever kind (section 3.5, example 18)", () => {
    expect(prepareResource(" foo")).toBeUndefined();
    expect(prepareResource("\u3000foo")).toBeUndefined();
    expect(prepareResource(" ")).toBeUndefined();
  });
});

describe("RFC 7622 section 3.1 sizes are bytes", () => {
  it.each([
    ["ASCII", "a", 1],
    ["two bytes", "\u00E9", 2],
    ["three bytes", "\u4E2D", 3],
    ["four bytes", "\u{20000}", 4],
  ])("a local and a resource of %s have at most 1,023", (_kind, char, size) => {
    const most = char.repeat(Math.floor(1_023 / size));
    for (const prepare of [prepareLocal, prepareResource]) {
      expect(prepare("")).toBeUndefined();
      expect(prepare(char)).toBe(char);
      expect(prepare(most)).toBe(most);
      expect(prepare(most + char)).toBeUndefined();
    }
  });

  it("counts after mapping", () => {
    expect(prepareLocal("\uFF41".repeat(1_023))).toBe("a".repeat(1_023));
    expect(prepareLocal("\uFF41".repeat(1_024))).toBeUndefined();
    expect(prepareResource("e\u0301".repeat(511))).toBe("\u00E9".repeat(511));
    expect(prepareResource("e\u0301".repeat(512))).toBeUndefined();
    expect(prepareLocal(`${"\u0130".repeat(341)}`)).toBe("i\u0307".repeat(341));
    expect(prepareLocal(`${"\u0130".repeat(342)}`)).toBeUndefined();
  });

  it("takes a JID of 3,071 bytes and nothing longer", () => {
    const domain = `[v1.${"a".repeat(1_018)}]`;
    const most = `${"l".repeat(1_023)}@${domain}/${"r".repeat(1_023)}`;
    expect(bytes(most)).toBe(3_071);
    expect(parseJid(most)?.full).toBe(most);
    expect(parseJid(`${most}r`)).toBeUndefined();
    expect(parseJid(`${most.replace("[v1.a", "[v1.aa").replace("ll", "l")}`)).toBeUndefined();
    // Mapping could make it short enough, but that is not tried.
    expect(parseJid(`a@example.com/${"\u212B".repeat(1_020)}`)).toBeUndefined();
    expect(parseJid(`${"\uFF41".repeat(1_023)}@example.com`)).toBeUndefined();
  });
});

describe("Jid", () => {
  it("tells its forms", () => {
    const full = makeJid("juliet", "example.com", "balcony");
    expect([full.full, full.bare, `${full}`]).toEqual([
      "juliet@example.com/balcony",
      "juliet@example.com",
      "juliet@example.com/balcony",
    ]);
    const bare = full.toBare();
    expect([bare.full, bare.bare, bare.resource]).toEqual(["juliet@example.com", "juliet@example.com", undefined]);
    expect(bare.toBare()).toBe(bare);
    const domain = makeJid(undefined, "example.com");
    expect([domain.full, domain.bare]).toEqual(["example.com", "example.com"]);
    expect([domain.local, domain.resource]).toEqual([undefined, undefined]);
    expect(makeJid(undefined, "example.com", "x/y").full).toBe("example.com/x/y");
  });

  it("equals what has the same parts", () => {
    const jid = makeJid("juliet", "example.com", "balcony");
    expect(jid.equals(makeJid("juliet", "example.com", "balcony"))).toBe(true);
    expect(jid.equals(parseJid("JULIET@EXAMPLE.COM./balcony") ?? jid.toBare())).toBe(true);
    expect(jid.equals(jid.toBare())).toBe(false);
    expect(jid.equals(makeJid("juliet", "example.com", "Balcony"))).toBe(false);
  });

  it("does not prepare parts that are said to be prepared", () => {
    expect(makeJid("Juliet", "Example.com", " x").full).toBe("Juliet@Example.com/ x");
  });
});

describe("the cache of parsed texts", () => {
  it("changes no answer, whatever was asked before", () => {
    const texts = Array.from({ length: jidCacheEntriesMax + 100 }, (_, index) => `User${index}@Example.com/${index}`);
    for (const round of [1, 2]) {
      for (const [index, text] of texts.entries()) {
        if (parseJid(text)?.full !== `user${index}@example.com/${index}`) expect.fail(`${text} in round ${round}`);
      }
    }
    expect(parseJid("User1@Example.com/ 1")).toBeUndefined();
    expect(parseJid("User1@Example.com/ 1")).toBeUndefined();
  });

  it("remembers what is asked again, and forgets within its bound", () => {
    const first = parseJid("cached@example.com");
    expect(parseJid("cached@example.com")).toBe(first);
    expect(parseJid("Cached@Example.com")).toBe(parseJid("Cached@Example.com"));
    for (let index = 0; index < jidCacheEntriesMax; index += 1) parseJid(`other${index}@example.com`);
    expect(parseJid("cached@example.com")).not.toBe(first);
    expect(parseJid("cached@example.com")?.equals(first ?? makeJid(undefined, "x"))).toBe(true);
  });

  it("keeps what is asked time and again", () => {
    const kept = parseJid("kept@example.com");
    for (let index = 0; index < 2 * jidCacheEntriesMax; index += 1) {
      parseJid(`passing${index}@example.com`);
      if (index % 1_000 === 0) expect(parseJid("kept@example.com")).toBe(kept);
    }
  });

  it("does not remember long texts", () => {
    const long = `a@example.com/${"x".repeat(jidCacheTextLengthMax)}`;
    expect(parseJid(long)?.full).toBe(long);
    expect(parseJid(long)).not.toBe(parseJid(long));
    const longest = `a@example.com/${"x".repeat(jidCacheTextLengthMax)}`.slice(0, jidCacheTextLengthMax);
    expect(parseJid(longest)).toBe(parseJid(longest));
  });
});

const odd = fc.constantFrom(
  ..."aBz09-.@/:[]'\" \u00DF\u03A3\u03C2\u0130\u0301\u00B7\u05D0\u0627\u0661\u06F1\u200C\u094D\u30FB\u30A2",
  ..."\uFF0E\uFF20\uFF0F\uFF21\u3002\u3000\u212A\u2163\u13A0\uAB70\u{1F600}\uD800",
  "xn--",
  "--",
  "com",
);
const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
const joined = (parts: readonly string[]) => parts.join("");
const oddText = fc.array(odd, { maxLength: 14 }).map(joined);
const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.array(unit).map(joined), oddText);
const jidText = fc
  .tuple(anyText, anyText, anyText)
  .map(([local, domain, rest]) => `${local}@${domain.replaceAll(/[^\p{L}\p{M}\p{N}.-]/gu, "")}.example/${rest}`);

describe("every text", () => {
  it("is malformed, or a JID that is its own preparation", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, jidText), (text) => {
        const jid = parseJid(text);
        if (jid === undefined) return;
        const again = parseJid(jid.full);
        expect([again?.local, again?.domain, again?.resource]).toEqual([jid.local, jid.domain, jid.resource]);
        expect(makeJid(jid.local, jid.domain, jid.resource).full).toBe(jid.full);
        expect(parseJid(jid.bare)?.equals(jid.toBare())).toBe(true);
        for (const part of [jid.local ?? "a", jid.domain, jid.resource ?? "a"]) {
          expect(bytes(part)).toBeGreaterThanOrEqual(1);
          expect(bytes(part)).toBeLessThanOrEqual(1_023);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ["local", prepareLocal],
    ["domain", prepareDomain],
    ["resource", prepareResource],
  ])("prepared as a %s, is refused or stable", (_part, prepare) => {
    fc.assert(
      fc.property(anyText, (text) => {
        const prepared = prepare(text);
        if (prepared !== undefined) expect(prepare(prepared)).toBe(prepared);
      }),
      { numRuns: 2_000 },
    );
  });

  it("is dealt with in time, however long and odd it is", () => {
    const started = performance.now();
    const ascii = ["a", "a.", "-", "@", "/", "[", "xn--"];
    const other = ["\u0430", "\u0430.", "\u064B\u0301", "\u200C", "\u05D0\u05B0", "\u212B", "\uD800"];
    for (const unit of [...ascii, ...other]) {
      const huge = unit.repeat(4_000_000 / unit.length);
      for (const take of [parseJid, prepareLocal, prepareDomain, prepareResource]) expect(take(huge)).toBeUndefined();
      const largest = unit.repeat(Math.floor(3_000 / bytes(unit)));
      for (const text of [largest, `a@${largest}`, `a@b/${largest}`, `${largest}@b`]) parseJid(text);
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
